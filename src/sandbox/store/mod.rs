//! Where does a world lie between two commands?
//!
//! | question | room |
//! |---|---|
//! | how is it read and written? | `file` |
//! | how does a file of an earlier version become one of today? | `format_3` |

mod file;
mod format_3;

pub use file::StoreError;
