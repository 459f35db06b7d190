//! The engine of patterns against the verdicts of others, a second matcher, and hostile input.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests may fail loudly"
)]

mod differential;
mod fuzz;
mod random;
mod reference;
mod shared;
mod vectors;
mod witness;
