//! The language of the rules file: syntax, loading with positions, the catalogue, checks and schema.
//!
//! ```text
//! text ──yaml──▶ nodes ──file, rule, conditions──▶ drafts ──resolve, with the catalogue──▶ RulesFile
//! ```
//!
//! Every step goes on after an error, so that one run names everything that is wrong.

mod about;
mod arns;
mod calls;
mod catalogue;
mod channels;
mod conditions;
mod events;
mod exceptions;
pub(crate) mod fields;
mod file;
mod files;
mod foreign;
mod keys;
mod levels;
mod listening;
mod load;
mod matchers;
pub(crate) mod members;
mod model;
pub(crate) mod names;
mod nested;
mod never;
mod organization;
mod raw;
mod read;
mod resolve;
mod rule;
mod schema;
mod scope;
mod slips;
mod stars;
mod tests;
mod traps;
mod twice;
mod values;
mod watches;
mod yaml;

pub(crate) use channels::is_mail;

pub use catalogue::{CatalogueEntry, NotExpressible, catalogue, not_expressible, whole_catalogue};
pub use load::{Loaded, load, load_text, load_unsaved};
pub use model::*;
pub use organization::MEMBER_ROLE;
pub use schema::schema;
pub use yaml::MAX_BYTES as MAX_FILE;
