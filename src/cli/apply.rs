//! `iamwatch apply`: create and change what the rules file asks for.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::everywhere::OrganizationDeploy;
use super::order::OrderArgs;
use super::organization::{Beyond, OrgArgs};
use super::session::{Session, interrupted};
use super::{Exit, Failure, Global, Ui, saved};
use crate::apply::{self, Event, Report};
use crate::aws::Cloud;
use crate::placement::TrailSource;
use crate::plan::Plan;
use crate::render;

/// Flags of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A plan that `iamwatch plan --out` wrote: done without a question, and only if nothing has moved
    #[arg(value_name = "PLAN", conflicts_with_all = OrderArgs::NAMES)]
    plan: Option<PathBuf>,
    #[command(flatten)]
    order: OrderArgs,
    #[command(flatten)]
    org: OrgArgs,
    /// Let --prune delete more than a fifth of what is ours without a second question
    #[arg(long)]
    prune_most: bool,
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
}

impl ApplyArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let saved = self.plan.as_deref().map(saved::read).transpose()?;
        let org = match &saved {
            None => self.org.listing(),
            Some(_) => self.org.clone(),
        };
        let session = Session::open_with(global, &org, ui).await?;
        let plan = match &saved {
            Some(saved) => saved::again(saved, &session, ui).await?,
            None => session.plan_for(&self.order.order(&session)?).await?,
        };
        let others = session.org.as_ref();
        let others = others.filter(|org| !org.home_only && saved.is_none());
        if let Some(org) = others {
            let order = self.order.order(&session)?;
            let fleet = Arc::new(org.fleet_for(&session, &order));
            let consent = Consent {
                question: "Apply these changes to the organization?",
                approved: self.auto_approve,
                most: self.prune_most,
            };
            let work = OrganizationDeploy {
                org,
                session: &session,
                fleet: &fleet,
                home: &plan,
                beyond: Beyond::of(&order),
                home_last: false,
            };
            return work.show_and_apply(&consent, ui).await;
        }
        let consent = Consent {
            question: "Apply these changes?",
            // Whoever saved a plan has looked at it.
            approved: self.auto_approve || saved.is_some(),
            most: self.prune_most,
        };
        show_and_apply(&session.cloud, &plan, &consent, ui).await
    }
}

/// What is asked before anything changes, and what was agreed to beforehand.
pub(super) struct Consent<'a> {
    pub(super) question: &'a str,
    /// The question need not be asked.
    pub(super) approved: bool,
    /// Nor a second one, where much would be deleted.
    pub(super) most: bool,
}

/// Shows a plan, asks, carries it out, and says how it ended.
pub(super) async fn show_and_apply(
    cloud: &Cloud,
    plan: &Plan,
    consent: &Consent<'_>,
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
    if ui.json && !consent.approved {
        return Err(
            Failure::new("with --json there is no plan to look at before the question")
                .help("look at `iamwatch plan`, then give --auto-approve"),
        );
    }
    if !ui.confirm(consent.question, consent.approved)? || !confirm_much(plan, consent, ui)? {
        return Err(Failure::new("stopped: nothing was changed"));
    }
    let report = carry_out(cloud, plan, ui).await;
    let said = say(&report, plan, ui);
    if !report.is_complete() {
        // Also where nobody reads on: a failure is not hidden by a closed pipe.
        return Ok(Exit::Error);
    }
    said.map(|()| Exit::Fine)
}

/// Asks again where a slip is likelier than a wish; an answer given before the plan was known is none.
pub(super) fn confirm_much(
    plan: &Plan,
    consent: &Consent<'_>,
    ui: &mut Ui,
) -> Result<bool, Failure> {
    let Some(deleted) = plan.deletes_much().filter(|_| !consent.most) else {
        return Ok(true);
    };
    let much = format!(
        "{deleted} of the {} resources of `{}`",
        plan.ours, plan.name
    );
    if !ui.interactive {
        return Err(Failure::new(format!("this would delete {much}"))
            .help("if the rules file and the Region are the right ones, give --prune-most"));
    }
    ui.confirm(&format!("This deletes {much}. Really?"), false)
}

pub(super) fn say(report: &Report, plan: &Plan, ui: &mut Ui) -> Result<(), Failure> {
    if ui.json {
        return finished(report, plan, ui);
    }
    let text = render::report::report(report, plan, ui.painter());
    write!(ui.out, "{text}")?;
    Ok(())
}

/// Applies with a line of progress for each change.
pub(super) async fn carry_out(cloud: &Cloud, plan: &Plan, ui: &mut Ui) -> Report {
    let bar = indicatif::ProgressBar::hidden();
    if ui.progress && !ui.json {
        bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        bar.set_length(plan.changes.len() as u64);
    }
    let report = apply::apply(plan, cloud, interrupted(), |event| {
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
        /// Which trail feeds the events.
        feed: &'a TrailSource,
        waiting: &'a [crate::resources::ResourceKey],
        orphans: &'a [crate::resources::ResourceKey],
    }
    ui.json_line(&Finished {
        event: "finished",
        format_version: plan.format_version,
        report,
        feed: &plan.feed,
        waiting: &plan.waiting,
        orphans: &plan.orphans,
    })?;
    Ok(())
}
