//! The organization that a run works in: its accounts as they are listed, and the run over them.
//!
//! | question | room |
//! |---|---|
//! | which organization, and who enters it | `open` |
//! | which accounts, and which are left out | `members` |
//! | what is done in them, and what came of it | `run` |
//! | what is wrong with what is said of it | `advice` |

mod advice;
mod members;
mod open;
mod run;

pub(super) use members::Beyond;
pub use open::Org;
