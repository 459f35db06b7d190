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

pub use global::Global;
pub use organization::OrgArgs;
pub use plan::{Kept, RequestArgs};

pub(super) use global::{SANDBOX_FILE, When};
pub(super) use plan::kinds;
