//! `iamwatch dlq`: the alerts that could not be delivered.

use clap::Args;
use serde::Serialize;

use super::session::Session;
use super::{Exit, Failure, Global, Ui};
use crate::dead_letters::{self, FORMAT_VERSION, Letter, Redriven};
use crate::render;

/// Flags of `dlq`.
#[derive(Debug, Args)]
pub struct DlqArgs {
    /// Publish the alerts to their topics, marked LATE, and delete what went out
    #[arg(long)]
    redrive: bool,
    /// Do not ask before alerts are sent
    #[arg(long, requires = "redrive")]
    auto_approve: bool,
}

impl DlqArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let session = Session::open(global, ui).await?;
        let (cloud, desired) = (&session.cloud, &session.desired);
        let read =
            dead_letters::read(cloud, &session.live, desired, &session.rules.patterns).await?;
        let all: Vec<&Letter> = read.letters().collect();
        let more = read.mailboxes.iter().any(|mailbox| mailbox.more);
        if !self.redrive {
            let shown = if ui.json {
                ui.json(&Letters {
                    format_version: FORMAT_VERSION,
                    letters: &all,
                    more,
                })
            } else {
                let text = render::dead_letters::letters(&all, more, ui.painter());
                write!(ui.out, "{text}")
            };
            read.release(cloud).await;
            shown?;
            return Ok(Exit::Fine);
        }
        if !ui.json && !all.is_empty() {
            let text = render::dead_letters::letters(&all, more, ui.painter());
            write!(ui.out, "{text}")?;
        }
        let (letters, messages) = (all.len(), read.messages());
        let question = format!(
            "This publishes {messages} late alerts of {letters} dead letters to the real channels. Go ahead?"
        );
        let goes_ahead = messages == 0
            || match ui.confirm(&question, self.auto_approve) {
                Ok(answer) => answer,
                Err(failure) => {
                    read.release(cloud).await;
                    return Err(failure);
                }
            };
        if !goes_ahead {
            read.release(cloud).await;
            return Err(Failure::new("stopped: nothing was sent"));
        }
        let done = dead_letters::redrive(cloud, desired, &read).await;
        if ui.json {
            ui.json(&Done {
                format_version: FORMAT_VERSION,
                more,
                redriven: &done,
            })?;
        } else {
            let text = render::dead_letters::redriven(&done, more, ui.painter());
            write!(ui.out, "{text}")?;
        }
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
}

#[derive(Serialize)]
struct Done<'a> {
    format_version: u32,
    more: bool,
    redriven: &'a Redriven,
}
