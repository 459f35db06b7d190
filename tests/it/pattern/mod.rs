//! EventBridge event patterns: parsing, matching, explaining, making events.

mod command;
mod differential;
mod fuzz;
pub mod random;
mod reference;
mod vectors;
mod witness;
