//! `iamwatch check`: errors, lints and tests of the rules file, without AWS.

use std::io::Read;
use std::path::PathBuf;

use clap::Args;

use super::args::Global;
use super::exit::Exit;
use super::ui::Ui;
use crate::check;
use crate::diagnostic::Level;
use crate::engine::{Code, Error};
use crate::render::check as render;
use crate::rules;

/// Flags of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Fail on these too
    #[arg(long, value_name = "LEVEL")]
    deny: Option<Deny>,
    /// Print SARIF 2.1.0, which code hosts show beside the lines
    #[arg(long, conflicts_with = "json")]
    sarif: bool,
    /// Service Quotas has raised what it can raise in this account: do not check that
    #[arg(long)]
    raised_quotas: bool,
    /// With `-f -`: the file that the text is going to be, which is named in messages and includes from its folder
    #[arg(long, value_name = "FILE")]
    stdin_name: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Deny {
    Warnings,
}

impl CheckArgs {
    pub(super) fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let piped = global.file.as_os_str() == "-";
        if self.stdin_name.is_some() && !piped {
            return Err(Error::new(
                Code::CommandLine,
                "--stdin-name names what comes on standard input",
            )
            .help("give `-f -` as well"));
        }
        let parsed = if piped {
            let mut bytes = Vec::new();
            // One byte more than a file may have, so that it is refused and not cut.
            let most = rules::MAX_FILE as u64 + 1;
            std::io::stdin().lock().take(most).read_to_end(&mut bytes)?;
            rules::parse_unsaved(self.stdin_name.as_deref(), bytes)
        } else {
            rules::parse_file(&global.file)
        };
        let checked = check::check(parsed, self.raised_quotas);
        if self.sarif {
            ui.out.json(&render::to_sarif(&checked))?;
        } else if ui.is_json() {
            ui.out.json(&render::to_json(&checked))?;
        } else {
            let text = render::human(&checked, ui.painter());
            ui.out.text(&text)?;
        }
        let refused = checked.count(Level::Error) > 0
            || (self.deny == Some(Deny::Warnings) && checked.count(Level::Warning) > 0);
        Ok(if refused { Exit::Error } else { Exit::Fine })
    }
}
