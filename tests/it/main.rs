//! All integration tests in one binary, so that the AWS SDKs are linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests may fail loudly"
)]

mod afar;
mod alert;
mod alert_texts;
mod alerts;
mod backtest;
mod broken_rules;
mod catalogue;
mod channels;
mod check;
mod cli;
mod cli_deploy;
mod cloudtrail;
#[path = "../corpus/mod.rs"]
mod corpus;
mod cover;
mod data_events;
mod default_bus;
mod deploy;
mod dispatcher;
mod disturbed;
mod dlq;
mod door;
mod drift;
mod errors;
mod everything;
mod explain;
mod faults;
mod gates;
mod generated;
mod given_topics;
mod grow;
mod handed_over;
mod laws;
mod like;
mod links;
mod localemu;
mod loops;
mod ministack;
mod organization;
mod page;
mod partitions;
mod pattern;
mod permissions;
mod profiles;
mod real;
mod receivers;
mod reference;
mod regions;
mod rule_tests;
mod rules;
mod sandbox;
mod shared;
mod snapshot;
mod stage;
mod states;
mod status;
mod sweep;
mod tamper;
mod terminals;
mod three_ways;
mod trails;
mod verbose;
mod writers;
