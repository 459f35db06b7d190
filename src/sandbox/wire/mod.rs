//! How do requests and answers look on the wire?
//!
//! | question | room |
//! |---|---|
//! | which protocol does what? | `protocol` |
//! | how does each of them look? | `json`, `query`, `rest_json`, `rest_xml`, and `http` below them |
//! | what is an error, and an operation's input? | `error`, `input` |

mod error;
mod http;
mod input;
mod json;
mod protocol;
mod query;
mod rest_json;
mod rest_xml;

pub(crate) use error::ApiError;
pub(crate) use input::input;
pub(crate) use protocol::{JSON_1_0, JSON_1_1, Protocol, refuse};
pub(crate) use query::xml_map;
