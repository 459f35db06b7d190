//! What is said of a place in a text: texts and positions, codes, and the collection of what was found.
//!
//! | question | file |
//! |---|---|
//! | which texts were read, and where in them is something | `source` |
//! | what can be wrong, and how is it told from right | `codes` |
//! | what was found | `report` |
//! | how are a user's words shown | `printable` |
//! | which name was meant | `nearest` |
//!
//! Nothing here knows of rules or AWS: this room imports nothing of ours.

pub mod codes;
mod nearest;
mod printable;
mod report;
mod source;

pub(crate) use nearest::{meant, nearest};
pub(crate) use printable::{is_unprintable, listed, printable, shown};
pub use report::MAX_DIAGNOSTICS;
pub(crate) use report::Report;
pub use source::*;
