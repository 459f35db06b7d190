//! Event patterns against the verdicts of others.

mod command;
mod recorded;
mod vectors;
