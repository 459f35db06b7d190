//! A JSON reader that keeps what patterns and events need and other readers lose: the place of
//! every value, duplicate keys in order, and numbers as they were written.
//!
//! A document is a flat list of nodes in reading order: no recursion to read or drop it, and a
//! container's children are found by skipping from one node's end to the next.
//!
//! | question | file |
//! |---|---|
//! | what is a document | `document` |
//! | how is a text read | `reader` |
//! | what can be wrong | `error` |
//! | how are members written in the source | `raw` |

mod document;
mod error;
mod raw;
mod reader;

pub(crate) use document::{Document, Item, Kind};
pub use error::{JsonError, MAX_DEPTH, Position};
pub use raw::raw_fields;
