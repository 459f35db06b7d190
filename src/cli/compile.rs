//! `iamwatch compile`: the event patterns of the rules.

use clap::Args;
use serde::Serialize;

use super::args::Global;
use super::exit::Exit;
use super::ui::Ui;
use crate::compile::{Compiled, PATTERN_QUOTA};
use crate::engine::{Error, Workspace};

/// Flags of `compile`.
#[derive(Debug, Args)]
pub(super) struct CompileArgs {
    /// Only this rule; can be repeated
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
}

impl CompileArgs {
    pub(super) fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let rules = Workspace::load_about(&global.file, &self.rule, ui)?;
        let only = rules.choose(&self.rule)?;
        let patterns: Vec<&Compiled> = rules
            .patterns
            .iter()
            .filter(|compiled| only.is_empty() || only.contains(&compiled.rule))
            .collect();
        if ui.is_json() {
            #[derive(Serialize)]
            struct Patterns<'a> {
                format_version: u32,
                patterns: Vec<&'a Compiled>,
            }
            ui.out.json(&Patterns {
                format_version: 1,
                patterns,
            })?;
            return Ok(Exit::Fine);
        }
        for compiled in patterns {
            show(compiled, ui)?;
        }
        Ok(Exit::Fine)
    }
}

/// A pattern as EventBridge takes it. The line that says whose it is goes to standard error, so that the
/// rest can be piped.
pub(super) fn show(compiled: &Compiled, ui: &mut Ui) -> Result<(), Error> {
    let text = compiled.pattern.to_string();
    let part = compiled
        .part
        .map(|part| format!(" part {part}"))
        .unwrap_or_default();
    let head = format!(
        "# {}{part}: {}, {} of {PATTERN_QUOTA} characters",
        compiled.rule,
        compiled.state.as_str(),
        text.chars().count(),
    );
    let head = ui.painter().dim(&head);
    ui.err.line(head)?;
    ui.out.json_text(&text)?;
    Ok(())
}
