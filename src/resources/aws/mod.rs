//! How are resources read and written, whatever their kind?
//!
//! | question | room |
//! |---|---|
//! | what has an account, and what of it is ours | `survey` |
//! | how is a resource created, changed, deleted, taken over | `writes` |
//! | what does a creation need to know | `creation` |
//! | is a rule's name still free | `name_guard` |
//! | what does a bucket still hold | `contents` |
//! | how full is a bus | `bus_use` |
//! | what do refusals mean | `answers` |

pub(super) mod answers;
pub(super) mod bus_use;
pub(super) mod contents;
pub(super) mod creation;
pub(super) mod name_guard;
pub(super) mod survey;
pub(super) mod writes;
