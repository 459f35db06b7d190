//! `iamwatch completions`: completion scripts, from the one definition of the flags.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit::Exit;
use super::run::Cli;
use super::ui::Ui;
use crate::engine::Error;

/// Flags of `completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "iamwatch", &mut script);
        let script = String::from_utf8(script).map_err(Error::internal)?;
        ui.out.script(&script)?;
        Ok(Exit::Fine)
    }
}
