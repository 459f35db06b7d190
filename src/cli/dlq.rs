//! `iamwatch dlq`: the alerts that could not be delivered.

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::args::Global;
use super::exit::Exit;
use super::ui::{Ui, said};
use crate::dead_letters::{self, FORMAT_VERSION, Letter, Redriven};
use crate::engine::{AccountScope, Code, Error, Question};
use crate::render;

/// Flags of `dlq`.
#[derive(Debug, Args)]
pub(super) struct DlqArgs {
    /// Publish the alerts to their topics, or hand them to the dispatcher, marked LATE, and delete what went out
    #[arg(long)]
    redrive: bool,
    /// Do not ask before alerts are sent
    #[arg(long, requires = "redrive")]
    auto_approve: bool,
}

impl DlqArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let scope = AccountScope::default();
        let session = global.open_what_is_left(&scope, ui).await?;
        let (cloud, desired) = (&session.cloud, &session.desired);
        let read = dead_letters::read(cloud, session.deployment()).await?;
        let all: Vec<&Letter> = read.letters().collect();
        let more = read.mailboxes.iter().any(|mailbox| mailbox.more);
        if !self.redrive {
            let letters = Letters {
                format_version: FORMAT_VERSION,
                letters: &all,
                more,
                diagnostics: said(&session.rules),
            };
            let shown = ui.answer(&letters, |paint| {
                render::dead_letters::letters(&all, more, paint)
            });
            read.release(cloud).await;
            shown?;
            return Ok(Exit::Fine);
        }
        if !ui.is_json() && !all.is_empty() {
            let text = render::dead_letters::letters(&all, more, ui.painter());
            ui.out.text(&text)?;
        }
        let (letters, messages) = (all.len(), read.messages());
        let question = Question::SendLate { messages, letters };
        let goes_ahead = messages == 0
            || match ui.confirm(question, self.auto_approve) {
                Ok(answer) => answer,
                Err(failure) => {
                    read.release(cloud).await;
                    return Err(failure);
                }
            };
        if !goes_ahead {
            read.release(cloud).await;
            return Err(Error::new(Code::Stopped, "stopped: nothing was sent"));
        }
        let done = dead_letters::redrive(cloud, desired, &read).await;
        let document = Done {
            format_version: FORMAT_VERSION,
            more,
            redriven: &done,
            diagnostics: said(&session.rules),
        };
        ui.answer(&document, |paint| {
            render::dead_letters::redriven(&done, more, paint)
        })?;
        Ok(if done.failed.is_empty() {
            Exit::Fine
        } else {
            Exit::Error
        })
    }
}

#[derive(Serialize)]
struct Letters<'a> {
    format_version: u32,
    letters: &'a [&'a Letter],
    more: bool,
    /// What is said of the rules file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Value>,
}

#[derive(Serialize)]
struct Done<'a> {
    format_version: u32,
    more: bool,
    redriven: &'a Redriven,
    /// What is said of the rules file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Value>,
}
