//! What valid rules say that can hardly be meant: one file for each thing that is found.
//!
//! `look` walks over what was read and asks each lint; `speaker` says what they find.

mod detail_type;
mod event_name;
mod field_name;
mod literal_star;
mod look;
mod needs_presence;
mod never_silences;
mod other_arn;
mod other_value;
mod parameter;
mod raw_calls;
mod raw_pattern;
mod speaker;
mod wrong_level;

pub(super) use look::look;
