//! The language of the rules file: syntax, decoding with positions, the catalogue and the schema.
//!
//! ```text
//! text ──syntax──▶ nodes ──decode──▶ drafts ──resolve, with the catalogue──▶ RulesFile
//! ```
//!
//! | question | room |
//! |---|---|
//! | what is a rules file | `model`, `schema` |
//! | how is it written | `syntax` |
//! | what does it say | `decode` |
//! | what do its names stand for | `resolve` |
//!
//! Whether what it says can be meant is the question of `check`.

pub(crate) mod decode;
mod listening;
mod model;
mod resolve;
mod schema;
mod services;
pub(crate) mod syntax;

pub(crate) use decode::channels::{elsewhere, is_mail};
pub use model::*;
pub use resolve::catalogue::{
    CatalogueEntry, NotExpressible, WENT_THROUGH, catalogue, not_expressible, parse_catalogue,
};
pub use resolve::load::{parse_file, parse_text, parse_unsaved};
pub use resolve::parsed::Parsed;
pub use schema::schema;
pub use syntax::yaml::MAX_BYTES as MAX_FILE;
