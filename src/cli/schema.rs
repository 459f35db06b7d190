//! `iamwatch schema`: the JSON Schema of the rules file.

use clap::Args;

use super::{Exit, Failure, Ui};
use crate::rules;

/// Flags of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {}

impl SchemaArgs {
    /// Prints the schema.
    ///
    /// # Errors
    /// When nobody reads.
    pub fn run(self, ui: &mut Ui) -> Result<Exit, Failure> {
        ui.json(&rules::schema())?;
        Ok(Exit::Fine)
    }
}
