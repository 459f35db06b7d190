//! The language of the rules file: syntax, loading with positions, the catalogue, checks and schema.

mod model;
mod source;

pub use model::*;
pub use source::*;
