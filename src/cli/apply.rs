//! `iamwatch apply`: create and change what the rules file asks for.

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::session::{Session, interrupted};
use super::{Exit, Failure, Global, Ui};
use crate::apply::{self, Event, Report};
use crate::aws::Clients;
use crate::plan::Plan;
use crate::render;

/// Flags of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// Only this rule and what it needs; can be repeated
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// Also delete what is ours and no longer wanted
    #[arg(long)]
    prune: bool,
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
}

impl ApplyArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let session = Session::open(global, ui).await?;
        let only = session.chosen(&self.rule)?;
        let plan = session.plan(&only, self.prune).await?;
        show_and_apply(
            &session.clients,
            &plan,
            "Apply these changes?",
            self.auto_approve,
            ui,
        )
        .await
    }
}

/// Shows a plan, asks, carries it out, and says how it ended.
pub(super) async fn show_and_apply(
    clients: &Clients,
    plan: &Plan,
    question: &str,
    approved: bool,
    ui: &mut Ui,
) -> Result<Exit, Failure> {
    if !ui.json {
        let text = render::plan::plan(plan, ui.painter());
        write!(ui.out, "{text}")?;
        ui.out.flush()?;
    }
    if plan.changes.is_empty() {
        if ui.json {
            finished(&Report::default(), plan, ui)?;
        }
        return Ok(Exit::Fine);
    }
    if ui.json && !approved {
        return Err(
            Failure::new("with --json there is no plan to look at before the question")
                .help("look at `iamwatch plan`, then give --auto-approve"),
        );
    }
    if !ui.confirm(question, approved)? {
        return Err(Failure::new("stopped: nothing was changed"));
    }
    let report = carry_out(clients, plan, ui).await;
    let said = say(&report, plan, ui);
    if !report.is_complete() {
        // Also where nobody reads on: a failure is not hidden by a closed pipe.
        return Ok(Exit::Error);
    }
    said.map(|()| Exit::Fine)
}

fn say(report: &Report, plan: &Plan, ui: &mut Ui) -> Result<(), Failure> {
    if ui.json {
        return finished(report, plan, ui);
    }
    let text = render::report::report(report, plan, ui.painter());
    write!(ui.out, "{text}")?;
    Ok(())
}

/// Applies with a line of progress for each change.
pub(super) async fn carry_out(clients: &Clients, plan: &Plan, ui: &mut Ui) -> Report {
    let bar = indicatif::ProgressBar::hidden();
    if ui.progress && !ui.json {
        bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        bar.set_length(plan.changes.len() as u64);
    }
    let report = apply::apply(plan, clients, interrupted(), |event| {
        match &event {
            Event::Started { key, .. } => bar.set_message(key.to_string()),
            Event::Done { .. } | Event::Failed { .. } => bar.inc(1),
        }
        if ui.json {
            // A reader that went away must not stop the work half way.
            let _ = ui.json_line(&event);
        }
    })
    .await;
    bar.finish_and_clear();
    report
}

/// The last line of `--json`.
fn finished(report: &Report, plan: &Plan, ui: &mut Ui) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Finished<'a> {
        event: &'static str,
        format_version: u32,
        #[serde(flatten)]
        report: &'a Report,
        waiting: &'a [crate::resources::Key],
        orphans: &'a [crate::resources::Key],
    }
    ui.json_line(&Finished {
        event: "finished",
        format_version: plan.format_version,
        report,
        waiting: &plan.waiting,
        orphans: &plan.orphans,
    })?;
    Ok(())
}
