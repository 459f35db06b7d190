//! All integration tests in one binary, so that the AWS SDKs are linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod cli;
mod deploy;
mod drift;
mod faults;
mod generated;
mod laws;
mod localemu;
mod pattern;
mod rules;
mod sandbox;
mod shared;
mod stage;
