//! `iamwatch demo`: the whole story on the sandbox, with a fixed clock and fixed ids.
//!
//! | question | room |
//! |---|---|
//! | how is one account watched | `account` |
//! | how is an organization, and who joins it | `organization` |

mod account;
mod organization;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::engine::{AccountScope, Error, Form, InProcessAws, Session, Target, Workspace};
use crate::proof::Options;
use crate::sandbox::Sandbox;

/// 2026-01-05 08:30 UTC, a Monday, in Unix milliseconds.
pub(super) const START: i64 = 1_767_601_800_000;
/// Each request to the sandbox takes this many milliseconds of its clock.
pub(super) const STEP: i64 = 40;

/// Flags of `demo`.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// The story of a whole organization: twelve accounts, three Regions, and one that joins later
    #[arg(long)]
    org: bool,
}

impl DemoArgs {
    pub(super) async fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        // The story is for people; its parts have JSON forms of their own.
        ui.form = Form::Human;
        if self.org {
            organization::run(ui).await
        } else {
            account::run(ui).await
        }
    }
}

/// What is live has changed after each chapter, so that the next one begins anew.
async fn open(aws: &Sandbox, rules: Workspace, ui: &mut Ui) -> Result<Session, Error> {
    let target = Target::InProcess(InProcessAws::administered(aws.clone()));
    Session::open(rules, &target, &AccountScope::default(), ui).await
}

/// Ids that are the same in every run.
fn numbered() -> impl Fn() -> String + Sync {
    let next = AtomicU64::new(1);
    move || {
        let n = next.fetch_add(1, Ordering::Relaxed);
        format!("00000000-0000-4000-8000-{n:012}")
    }
}

/// How a story sends its test events: waiting a minute, by its own clock.
fn options<'a>(
    clock: &'a (dyn Fn() -> i64 + Sync),
    new_id: &'a (dyn Fn() -> String + Sync),
) -> Options<'a> {
    Options {
        wait: Some(Duration::from_secs(60)),
        from: None,
        clock,
        new_id,
    }
}

fn heading(ui: &mut Ui, words: &str) -> Result<(), Error> {
    let line = ui.painter().bold(&format!("── {words}"));
    ui.out.line("")?;
    ui.out.line(line)?;
    ui.out.line("")?;
    Ok(())
}
