//! A change of a whole organization: home and the other accounts shown together, asked for once, and
//! carried out so that events have somewhere to go while any account sends them.

use std::io::Write;

use super::apply::{Consent, carry_out, confirm_much, say};
use super::organization::{Beyond, Document, Org};
use super::session::Session;
use super::{Exit, Failure, Ui};
use crate::apply::Report;
use crate::fleet::{Fleet, Outcome, Run, Stuck};
use crate::plan::Plan;
use crate::render;
use crate::resources::Kind;

/// Where, and what.
pub(super) struct Everywhere<'a> {
    pub(super) org: &'a Org,
    pub(super) session: &'a Session,
    pub(super) fleet: &'a Fleet<'a>,
    pub(super) home: &'a Plan,
    /// What is done with accounts that the rules file leaves out.
    pub(super) beyond: Beyond,
    /// Whether home comes after the other accounts: so that nothing is sent to what is gone.
    pub(super) home_last: bool,
}

impl Everywhere<'_> {
    /// Shows the plans, asks, carries them out, and says how it ended.
    pub(super) async fn show_and_apply(
        &self,
        consent: &Consent<'_>,
        ui: &mut Ui,
    ) -> Result<Exit, Failure> {
        if ui.json && !consent.approved {
            return Err(Failure::new(
                "with --json there is no plan to look at before the question",
            )
            .help("look at `iamwatch plan`, then give --auto-approve"));
        }
        let shown = self
            .org
            .look(self.fleet, self.session, self.beyond, ui)
            .await;
        let name = &self.org.organization.id;
        if ui.json {
            ui.json_line(&Document::of(self.home, name, &shown))?;
        } else {
            let home = render::plan::plan(self.home, ui.painter());
            let members = render::fleet::plan(&shown, name, ui.painter());
            write!(ui.out, "{home}\n{members}")?;
            ui.out.flush()?;
        }
        // An account that was not listed would be forgotten in silence.
        self.org.listed(&shown)?;
        if shown.stopped {
            return Err(Failure::new("stopped: nothing was changed"));
        }
        let open = shown.open().len();
        if self.home.changes.is_empty() && open == 0 {
            return Ok(verdict(shown.is_complete()));
        }
        let agreed = ui.confirm(consent.question, consent.approved)?
            && confirm_much(self.home, consent, ui)?
            && confirm_much_elsewhere(&shown, consent, ui)?;
        if !agreed {
            return Err(Failure::new("stopped: nothing was changed"));
        }
        let (report, run) = self.carry_out(&shown, ui).await;
        let good = report.as_ref().is_none_or(Report::is_complete)
            && run.is_complete()
            && shown.is_complete();
        let run = with_stuck(run, &shown);
        let said = self.say(report.as_ref(), &run, ui);
        if !good {
            // Also where nobody reads on: a failure is not hidden by a closed pipe.
            return Ok(Exit::Error);
        }
        said.map(|()| Exit::Fine)
    }

    async fn carry_out(&self, shown: &Run, ui: &mut Ui) -> (Option<Report>, Run) {
        let there = self.home_last;
        if there {
            let run = self.org.change(self.fleet, shown, ui).await;
            // While an account sends, there is somewhere to send to.
            let gone = run.is_complete() && shown.is_complete();
            let report = match gone {
                false => None,
                true => Some(carry_out(&self.session.cloud, self.home, ui).await),
            };
            return (report, run);
        }
        let report = carry_out(&self.session.cloud, self.home, ui).await;
        let run = match report.stopped || !self.has_bus(&report) {
            true => Run {
                stopped: report.stopped,
                outcomes: not_tried(shown),
                ..Run::default()
            },
            false => self.org.change(self.fleet, shown, ui).await,
        };
        (Some(report), run)
    }

    /// Whether the bus that accounts send to stands as it should.
    fn has_bus(&self, report: &Report) -> bool {
        let failed = report.failed.iter().map(|failed| &failed.key);
        !failed
            .chain(&report.not_tried)
            .any(|key| key.kind == Kind::Bus)
    }

    fn say(&self, report: Option<&Report>, run: &Run, ui: &mut Ui) -> Result<(), Failure> {
        if let Some(report) = report {
            say(report, self.home, ui)?;
        }
        let name = &self.org.organization.id;
        if ui.json {
            ui.json_line(run)?;
        } else {
            let text = render::fleet::report(run, name, ui.painter());
            write!(ui.out, "{text}")?;
        }
        Ok(())
    }
}

/// Accounts that wait for home.
fn not_tried(shown: &Run) -> Vec<Outcome> {
    let open = shown.open().into_iter();
    open.map(|task| Outcome::stuck(task.member, Stuck::NotTried))
        .collect()
}

/// What became of all accounts: those that nothing could be done in stand as they were found.
fn with_stuck(mut run: Run, shown: &Run) -> Run {
    let stuck = shown.outcomes.iter().filter(|outcome| outcome.has_failed());
    let stuck: Vec<Outcome> = stuck
        .filter(|outcome| {
            !run.outcomes
                .iter()
                .any(|o| o.account() == outcome.account())
        })
        .cloned()
        .collect();
    run.outcomes.extend(stuck);
    run.outcomes.sort_by(|a, b| a.account().cmp(b.account()));
    run
}

fn verdict(complete: bool) -> Exit {
    if complete { Exit::Fine } else { Exit::Error }
}

/// Asks again where much would go in the other accounts together.
fn confirm_much_elsewhere(
    shown: &Run,
    consent: &Consent<'_>,
    ui: &mut Ui,
) -> Result<bool, Failure> {
    let standing = shown.outcomes.iter().filter_map(|o| o.result.as_ref().ok());
    let (deleted, ours) = standing.fold((0, 0), |(deleted, ours), standing| {
        (deleted + standing.deletions(), ours + standing.ours)
    });
    if consent.most || !crate::plan::is_much(deleted, ours) {
        return Ok(true);
    }
    let much = format!("{deleted} of the {ours} resources in the other accounts");
    if !ui.interactive {
        return Err(Failure::new(format!("this would delete {much}"))
            .help("if the rules file and the accounts are the right ones, give --prune-most"));
    }
    ui.confirm(&format!("This deletes {much}. Really?"), false)
}
