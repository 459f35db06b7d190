//! May the caller do this?
//!
//! | question | room |
//! |---|---|
//! | what does a call need? | `needs` |
//! | what do the policies say? | `authorise`, of tags `tags` |
//! | how is it refused? | `refused` |

mod authorise;
mod needs;
mod refused;
mod tags;

pub(crate) use authorise::authorise;
pub(crate) use needs::{Access, Needs, is_tagged, text, unknown};
pub(crate) use refused::Refused;
