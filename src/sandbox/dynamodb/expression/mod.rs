//! What do expressions say?
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html>
//!
//! | question | room |
//! |---|---|
//! | of which tokens is a text made? | `token` |
//! | which attribute or value is meant? | `placeholders`, `path`, `parser` |
//! | what does a condition say, and does it hold? | `condition`, `holds`; of keys `key_condition` |
//! | what does an update say, and what does it do? | `update`, `apply` |

mod apply;
mod condition;
mod holds;
mod key_condition;
mod parser;
mod path;
mod placeholders;
mod token;
mod update;

pub(crate) use condition::{Condition, Parsed, parse as parse_condition};
pub(crate) use key_condition::KeyCondition;
pub(crate) use placeholders::Placeholders;
pub(crate) use update::Update;
