//! The organization that the caller's account is in, and which of its accounts are watched.
//!
//! Listing is slow (20 accounts a page, throttled, one page after the other), so accounts are handed on
//! while it goes on, and a file of account ids can take its place.

mod cache;
mod file;
mod list;
mod lookup;
mod model;
mod select;
mod trust;
mod units;

pub use cache::{Cache, Unfit};
pub use file::{AccountsFile, FileProblem};
pub use list::{Listing, account_tags, list, list_ahead, names};
pub use lookup::{is_outsider, organization, trusts};
pub use model::{Member, Organization, State};
pub use select::{Choice, Left, Selection, Unmatched};
pub use trust::{NoPrincipal, Trusted};
pub use units::{UnitError, Units, units};
