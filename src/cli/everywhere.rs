//! A change of a whole organization: home and the other accounts shown together, asked for once, and
//! carried out so that events have somewhere to go while any account sends them. Where nobody is asked, each
//! account is read once, and changed as it is found.

use std::io::Write;
use std::sync::Arc;

use super::apply::{Consent, carry_out, confirm_much, say};
use super::organization::{Beyond, Document, Org};
use super::session::{Session, interrupted};
use super::{Exit, Failure, Ui};
use crate::apply::{self, Event, Report};
use crate::fleet::{AccountError, Fleet, Gate, Opener, Outcome, Pass, Run, Task};
use crate::plan::{Action, Plan};
use crate::render;
use crate::resources::Kind;

/// Where, and what.
pub(super) struct OrganizationDeploy<'a> {
    pub(super) org: &'a Org,
    pub(super) session: &'a Session,
    pub(super) fleet: &'a Arc<Fleet>,
    pub(super) home: &'a Plan,
    /// What is done with accounts that the rules file leaves out.
    pub(super) beyond: Beyond,
    /// Whether home comes after the other accounts: so that nothing is sent to what is gone.
    pub(super) home_last: bool,
}

impl OrganizationDeploy<'_> {
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
        // A slip in an account's name is told when all are listed, and nothing is deleted before all is seen.
        if consent.approved && !self.home_last && !self.org.is_narrowed() {
            return self.show_while_applying(consent, ui).await;
        }
        let shown = self
            .org
            .go_through(self.fleet, self.session, self.beyond, &Pass::Show, ui)
            .await;
        self.show_home(ui)?;
        self.show_others(&shown, ui)?;
        // An account that was not listed would be forgotten in silence.
        self.org.listed(&shown)?;
        if shown.stopped {
            return Err(Failure::new("stopped: nothing was changed"));
        }
        if self.home.changes.is_empty() && shown.open().next().is_none() {
            return Ok(verdict(shown.is_complete()));
        }
        let agreed = ui.confirm(consent.question, consent.approved)?
            && confirm_much(self.home, consent, ui)?
            && confirm_much_elsewhere(&shown, consent, ui)?;
        if !agreed {
            return Err(Failure::new("stopped: nothing was changed"));
        }
        let (report, run) = self.carry_out(&shown, ui).await;
        self.finish(&shown, report.as_ref(), run, ui)
    }

    /// Home's plan; in JSON it is one document with the others'.
    fn show_home(&self, ui: &mut Ui) -> Result<(), Failure> {
        if !ui.json {
            let home = render::plan::plan(self.home, ui.painter());
            write!(ui.out, "{home}")?;
            ui.out.flush()?;
        }
        Ok(())
    }

    fn show_others(&self, shown: &Run, ui: &mut Ui) -> Result<(), Failure> {
        let name = &self.org.organization.id;
        if ui.json {
            ui.json_line(&Document::of(self.home, name, shown))?;
        } else {
            let members = render::fleet::plan(shown, name, ui.painter());
            write!(ui.out, "\n{members}")?;
            ui.out.flush()?;
        }
        Ok(())
    }

    /// The same where nobody asks to see the accounts first: home is changed while they are read, each is
    /// changed as it is found as soon as home's bus stands, and what was found is shown at the end.
    async fn show_while_applying(
        &self,
        consent: &Consent<'_>,
        ui: &mut Ui,
    ) -> Result<Exit, Failure> {
        self.show_home(ui)?;
        if !confirm_much(self.home, consent, ui)? {
            return Err(Failure::new("stopped: nothing was changed"));
        }
        let (opener, gate) = Gate::shut();
        let mut lines = Vec::new();
        let is_json = ui.json;
        let home = self.carry_out_home(opener, |event| {
            if is_json {
                lines.push(serde_json::to_value(event));
            }
        });
        let pass = Pass::AtOnce { gate };
        let settling = self
            .org
            .go_through(self.fleet, self.session, self.beyond, &pass, ui);
        let (report, mut shown) = futures::join!(home, settling);
        // Whether anybody reads on is asked at the end: what is done is not left half done for it.
        let said = self.show_others(&shown, ui).and_then(|()| {
            for line in lines {
                ui.json_line(&line.map_err(std::io::Error::from)?)?;
            }
            Ok(())
        });
        if self.home.changes.is_empty() && shown.open().next().is_none() && !shown.stopped {
            self.org.listed(&shown)?;
            let verdict = verdict(shown.is_complete());
            return match verdict {
                Exit::Fine => said.map(|()| verdict),
                _ => Ok(verdict),
            };
        }
        let rest = self.change_rest(&shown, &report, consent, ui).await;
        let (rest, refused) = match rest {
            Ok(rest) => (rest, None),
            Err(failure) => (not_tried(shown.waiting()), Some(failure)),
        };
        let mut run = Run {
            stopped: shown.stopped || report.stopped || rest.stopped,
            unlisted: shown.unlisted.clone(),
            outcomes: std::mem::take(&mut shown.changed),
            ..Run::default()
        };
        run.outcomes.extend(rest.outcomes);
        let finished = self.finish(&shown, Some(&report), run, ui);
        self.org.listed(&shown)?;
        match (refused, finished) {
            (Some(refused), _) => Err(refused),
            (None, Ok(Exit::Fine)) => said.map(|()| Exit::Fine),
            (None, finished) => finished,
        }
    }

    /// Changes the accounts that something is to be deleted in, now that all are known.
    async fn change_rest(
        &self,
        shown: &Run,
        report: &Report,
        consent: &Consent<'_>,
        ui: &mut Ui,
    ) -> Result<Run, Failure> {
        let waiting = shown.waiting();
        if waiting.is_empty() {
            return Ok(Run::default());
        }
        let is_ended = shown.stopped || shown.unlisted.is_some() || report.stopped;
        if is_ended || !self.has_bus(report) || !confirm_much_elsewhere(shown, consent, ui)? {
            return Ok(not_tried(waiting));
        }
        Ok(self.org.change(self.fleet, shown, ui).await)
    }

    /// Changes home, and opens the gate as soon as the bus stands that accounts send to.
    async fn carry_out_home(&self, opener: Opener, mut watch: impl FnMut(&Event<'_>)) -> Report {
        let changes = self.home.changes.iter();
        let buses = changes.filter(|c| c.key.kind == Kind::Bus && c.action != Action::Delete);
        let mut missing = buses.count();
        if missing == 0 {
            opener.decide(true);
        }
        let report = apply::apply(self.home, &self.session.cloud, interrupted(), |event| {
            if let Event::Done { key, action } = &event
                && key.kind == Kind::Bus
                && *action != Action::Delete
            {
                missing -= 1;
                if missing == 0 {
                    opener.decide(true);
                }
            }
            watch(&event);
        })
        .await;
        opener.decide(false);
        report
    }

    /// Says how it ended.
    fn finish(
        &self,
        shown: &Run,
        report: Option<&Report>,
        run: Run,
        ui: &mut Ui,
    ) -> Result<Exit, Failure> {
        let good =
            report.is_none_or(Report::is_complete) && run.is_complete() && shown.is_complete();
        let run = with_stuck(run, shown);
        let said = self.say(report, &run, ui);
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
                ..not_tried(shown.waiting())
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
fn not_tried(tasks: Vec<Task>) -> Run {
    let tasks = tasks.into_iter();
    Run {
        outcomes: tasks
            .map(|task| Outcome::stuck(task.member, AccountError::NotTried))
            .collect(),
        ..Run::default()
    }
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
