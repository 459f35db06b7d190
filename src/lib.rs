//! `iamwatch` tells the right person, as soon as AWS tells anyone, when someone touches identity.
//!
//! ```text
//! rules file ──load──▶ Rules ──compile──▶ Patterns ──placement──▶ Desired ┐
//!              + catalogue                                                ├─diff──▶ Plan ──apply──▶ AWS
//!                                   AWS ──read──▶ Live ───────────────────┘
//! ```
//!
//! Everything left of `Plan` except `read` is pure: no clock, no network.
//! [`diagnostic`] is what is said of a place in a text, [`pattern`] is EventBridge's event pattern language, [`rules`] the
//! language of the rules file,
//! [`cloudtrail`] makes events as AWS writes them, [`compile`] turns rules into patterns, [`check`] tests them,
//! [`explain`] says why one fires or not, [`backtest`] how often it would have, [`placement`] says what must exist where,
//! [`resources`] reads and writes each kind of AWS resource, [`plan`] and [`apply`] are the deployer,
//! [`alert`] says what an alert reads like, in [`jsonata`], [`dispatcher`] makes the state machine that tells people, which
//! [`states`] runs, [`health`] judges what is deployed, [`ledger`] holds what was told, [`dead_letters`] are the
//! alerts that were not delivered,
//! [`sandbox`] is an AWS inside this process, [`engine`] holds the use cases, and [`cli`] is flags and wording only.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        reason = "tests may fail loudly"
    )
)]

pub mod alert;
pub mod apply;
pub mod aws;
pub mod backtest;
pub mod check;
pub mod cli;
pub mod cloudtrail;
pub mod compile;
pub mod dead_letters;
pub mod diagnostic;
pub mod dispatcher;
pub mod engine;
pub mod explain;
pub mod fleet;
pub mod health;
pub mod jsonata;
pub mod ledger;
pub mod organization;
pub mod permissions;
pub mod place;
pub mod placement;
pub mod plan;
pub mod proof;
mod regular_file;
pub mod render;
pub mod resources;
mod role_names;
pub mod rules;
pub mod sandbox;
pub mod secrets;
pub mod states;
mod threads;
mod wildcard;
pub mod zones;

pub use eventbridge_pattern as pattern;
