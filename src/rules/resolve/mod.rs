//! From texts and drafts to the rules of a file.
//!
//! | question | file |
//! |---|---|
//! | which texts are read | `load`, `files`, `test_files` |
//! | which rules are ready | `catalogue` |
//! | what do names stand for | `resolver`, `used_twice`, `tamper_watches`, `urgent` |
//! | what came of it | `parsed` |

pub(super) mod catalogue;
mod files;
pub(super) mod load;
pub(super) mod parsed;
mod resolver;
mod tamper_watches;
mod test_files;
mod urgent;
mod used_twice;
