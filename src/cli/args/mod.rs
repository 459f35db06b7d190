//! Flags that commands share.
//!
//! | question | room |
//! |---|---|
//! | which rules file, which AWS, which form of output | `global` |
//! | which accounts of an organization | `organization` |
//! | what a plan is made for | `plan` |

mod global;
mod organization;
mod plan;

pub(super) use global::Global;
pub(super) use organization::OrgArgs;
pub(super) use plan::{Kept, RequestArgs};

pub(super) use global::{SANDBOX_FILE, When};
pub(super) use plan::kinds;
