//! What valid rules say that can hardly be meant: one file for each thing that is found.
//!
//! `look` walks over what was read and asks each lint; `speaker` says what they find.

pub(super) mod detail_type;
pub(super) mod event_dated;
pub(super) mod event_name;
pub(super) mod field_name;
pub(super) mod holds_fields;
pub(super) mod literal_star;
pub(super) mod needs_presence;
pub(super) mod never_confirms;
pub(super) mod never_silences;
pub(super) mod open_exception;
pub(super) mod other_event;
pub(super) mod other_value;
pub(super) mod parameter;
pub(super) mod recorded_as;
pub(super) mod region;
pub(super) mod role_arn;
pub(super) mod same_address;
pub(super) mod second_factor;
pub(super) mod service_name;
pub(super) mod two_services;
pub(super) mod wrong_level;

mod look;
mod other_kind;
mod raw_calls;
mod raw_pattern;
mod speaker;

pub(super) use look::look;
