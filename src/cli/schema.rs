//! `iamwatch schema`: the JSON Schema of the rules file.

use clap::Args;

use super::exit::Exit;
use super::ui::Ui;
use crate::engine::Error;
use crate::rules;

/// Flags of `schema`.
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {}

impl SchemaArgs {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        ui.out.json(&rules::schema())?;
        Ok(Exit::Fine)
    }
}
