//! What does CloudTrail write down of a call, and when does it arrive?
//!
//! | question | room |
//! |---|---|
//! | what does the record of a call say? | `record`; of one that a service makes, `service_call`, `role_taken` |
//! | which trails log it, and where does it wait? | `keep` |
//! | when is it delivered? | `release` |

mod keep;
mod record;
mod release;
mod role_taken;
mod service_call;

pub(crate) use keep::{publish, watchers};
pub(crate) use record::{Done, record};
pub(crate) use release::release;
pub(crate) use role_taken::record_role_taken;
pub(crate) use service_call::{ServiceCall, record_service};
