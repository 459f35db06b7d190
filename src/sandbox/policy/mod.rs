//! What does a policy say to a request?
//!
//! | question | room |
//! |---|---|
//! | who asks for what, and what is the answer? | `request` |
//! | what does a document say? | `document` |
//! | what does it say as a whole, before anyone asks? | `survey` |
//! | does a condition hold? | `conditions`, about tags `tags` |
//! | what do `${…}`, `*` and `?` stand for? | `variables`, `glob` |

mod conditions;
mod document;
mod glob;
mod request;
mod survey;
mod tags;
mod variables;

pub(crate) use document::{ADMINISTRATOR, Policy};
pub(crate) use request::{Decision, Request, Who};
pub(crate) use tags::Tags;
