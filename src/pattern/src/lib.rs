#![doc = include_str!("../README.md")]
//!
//! # Where to find what
//!
//! The rules are those of the service, as recorded from it and as its published matching library,
//! [event-ruler](https://github.com/aws/event-ruler), has them. Each stands where it is decided:
//!
//! | question | file |
//! |---|---|
//! | what is a pattern as a whole | `pattern` |
//! | what is a valid pattern | `compile`, `operators`, `error`, `limits` |
//! | what does an operator accept | `test`, `number`, `ip`, `fold`, `wildcard` |
//! | which values does a path lead to | `event` |
//! | when do all fields hold together | `search` |
//! | why does an event not match | `explain` |
//! | which event would match | `witness` |
//! | what does a pattern ask for | `view`, `literal` |
//! | which wildcards are too many | `complexity` |
//! | how is JSON read | `json` |
#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests may fail loudly"
    )
)]

mod compile;
mod complexity;
mod error;
mod event;
mod explain;
mod fold;
mod ip;
mod json;
mod limits;
mod literal;
mod normal;
mod number;
mod operators;
mod pattern;
mod search;
mod test;
mod view;
mod wildcard;
mod witness;

pub use compile::RESERVED_IN_OR;
pub use error::{Cause, EventError, PatternError};
pub use event::Event;
pub use explain::{Explanation, FieldFailure, Found};
pub use json::{JsonError, MAX_DEPTH, Position, raw_fields};
pub use limits::{
    DEFAULT_PATTERN_QUOTA, MAX_COMBINATIONS, MAX_COMPLEXITY, MAX_FIELDS, MAX_PATTERN_LENGTH,
};
pub use normal::normal_form;
pub use pattern::EventPattern;
pub use view::{Branch, Probe};
