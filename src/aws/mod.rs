//! Talking to AWS: clients, credentials, retries, and what a failure means.

mod attempts;
mod bucket_region;
pub mod calls;
mod clients;
mod cloud;
mod error;
mod member;
mod missing;
mod pace;
mod pages;
pub mod profiles;
#[cfg(test)]
mod tests;

pub use bucket_region::bucket_region;
pub use calls::{Call, Need, On, Step};
pub use clients::{Clients, Lazily};
pub use cloud::{Access, Cloud};
pub use error::{CallError, Cause};
pub use member::role_arn;
pub use pace::{IN_FLIGHT, Pace};
pub(crate) use pages::all_pages;
