//! What is said of a place in a text: texts and positions, codes, and the collection of what was found.
//!
//! | question | file |
//! |---|---|
//! | which texts were read, and where in them is something | `source` |
//! | what can be wrong, and how is it told from right | `codes` |
//! | what was found | `report` |
//! | how are a user's words shown | `printable` |
//! | how is a number of things said | `counted` |
//! | how do they stand in a command to paste | `shell` |
//! | what is shown of addresses that may hold a secret | `masked` |
//! | which name was meant | `nearest` |
//!
//! Nothing here knows of rules or AWS: this room imports nothing of ours.

pub mod codes;
mod counted;
mod masked;
mod nearest;
mod printable;
mod report;
mod shell;
mod source;

pub(crate) use counted::counted;
pub(crate) use masked::{masked, starred};
pub(crate) use nearest::{meant, nearest};
pub(crate) use printable::{few, is_unprintable, listed, printable, shown};
pub use report::MAX_DIAGNOSTICS;
pub(crate) use report::Report;
pub(crate) use shell::shell_word;
pub use source::*;
