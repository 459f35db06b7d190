//! A plan is carried out, in the home account and in the other accounts of an organization.
//!
//! One way through the steps serves all: home alone, an organization that is shown before anybody agrees, one in which
//! each account is changed as it is found because nobody asks to see it first, and a destruction, where home goes last
//! so that nothing is sent to what is gone.

use std::sync::Arc;

use serde_json::Value;

use super::error::{Code, Error};
use super::host::{Answer, Form, Host, Message, OrganizationPlan, Progress, Question};
use super::organization::{Beyond, Org};
use super::secrets;
use super::session::Session;
use crate::apply::{self, Event, Report};
use crate::aws::Cloud;
use crate::diagnostic::{listed, shown};
use crate::fleet::{AccountError, Fleet, Gate, Opener, Outcome, Pass, Run, Task};
use crate::plan::saved::PlanRequest;
use crate::plan::{self, Action, Plan, PlanOptions};
use crate::resources::Kind;

/// What is asked before anything changes, and what was agreed to beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Consent {
    /// The question whether it may begin need not be asked.
    pub approved: bool,
    /// Nor the second one, where much would be deleted.
    pub most: bool,
    /// Nor the one where a rule would lose its last reader who has confirmed.
    pub unheard: bool,
    /// Nor the one where an organization is watched, and home alone would be.
    pub members: bool,
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Everything is as it was to be.
    Complete,
    /// Something failed or was not tried: the host has heard what.
    Incomplete,
}

/// A plan that is carried out.
pub struct Deploy<'a> {
    session: &'a Session,
    plan: &'a Plan,
    question: Question<'a>,
    consent: Consent,
    /// The other accounts, where they are worked in.
    members: Option<Members<'a>>,
}

/// The other accounts of an organization.
struct Members<'a> {
    org: &'a Org,
    fleet: Arc<Fleet>,
    /// What is done with accounts that the rules file leaves out.
    beyond: Beyond,
    /// Whether home comes after them.
    home_last: bool,
}

/// A step of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Every account is looked at.
    Look,
    /// What would change is shown; where that is nothing, the way ends.
    Show,
    /// Whoever runs it agrees to what was shown.
    Confirm,
    /// The home account is changed.
    Home,
    /// The other accounts are changed, as they were shown.
    Members,
    /// Home is changed while the other accounts are looked at; each is changed as it is found as soon as home's bus
    /// stands, and what was found is shown at the end.
    Together,
    /// How it ended is told.
    Done,
}

/// What the steps have brought about.
#[derive(Default)]
struct State {
    /// The other accounts as they were found.
    shown: Option<Run>,
    /// What became of home.
    report: Option<Report>,
    /// What became of the other accounts.
    changed: Option<Run>,
    /// Why the rest of the accounts was not changed.
    refused: Option<Error>,
    /// Why something could not be shown: it is told when all is done.
    unheard: Option<Error>,
}

impl<'a> Deploy<'a> {
    /// Carries out a plan in the home account alone.
    pub fn home(session: &'a Session, plan: &'a Plan, consent: Consent) -> Self {
        Self {
            session,
            plan,
            question: Question::Apply {
                organization: false,
            },
            consent,
            members: None,
        }
    }

    /// Carries out home's plan and what a request asks for in the other accounts of its organization.
    pub fn organization(
        session: &'a Session,
        org: &'a Org,
        plan: &'a Plan,
        request: &PlanRequest,
        consent: Consent,
    ) -> Self {
        Self {
            question: Question::Apply { organization: true },
            members: Some(Members {
                org,
                fleet: Arc::new(session.fleet_for(org, request)),
                beyond: Beyond::of(request),
                home_last: false,
            }),
            ..Self::home(session, plan, consent)
        }
    }

    /// Carries out a plan that deletes all that is ours, and does the like in the other accounts.
    pub fn destruction(
        session: &'a Session,
        plan: &'a Plan,
        delete: Vec<Kind>,
        approved: bool,
    ) -> Self {
        let members = session.org.as_ref().map(|org| {
            let mut fleet = session.fleet(org, &PlanOptions::destruction(delete), None);
            fleet.destroy = true;
            Members {
                org,
                fleet: Arc::new(fleet),
                beyond: Beyond::Everything,
                home_last: true,
            }
        });
        // All of it is what was asked for.
        let consent = Consent {
            approved,
            most: true,
            unheard: true,
            members: true,
        };
        Self {
            question: Question::Destroy {
                name: session.rules.file.name.as_str(),
                organization: members.is_some(),
            },
            members,
            ..Self::home(session, plan, consent)
        }
    }

    /// Goes through the steps.
    ///
    /// # Errors
    /// Why nothing was changed, or why the accounts could not all be listed. What fails in a resource or in an account
    /// does not end the work: the host hears of it.
    pub async fn run(&self, host: &mut dyn Host) -> Result<End, Error> {
        let mut state = State::default();
        for step in self.steps() {
            if let Some(end) = self.take(*step, &mut state, host).await? {
                return Ok(end);
            }
        }
        Ok(End::Complete)
    }

    fn steps(&self) -> &'static [Step] {
        use Step::{Confirm, Done, Home, Look, Members, Show, Together};
        match &self.members {
            None => &[Show, Confirm, Home, Done],
            Some(members) if members.home_last => &[Look, Show, Confirm, Members, Home, Done],
            // A slip in an account's name is told when all are listed.
            Some(members) if !self.consent.approved || members.org.is_narrowed() => {
                &[Look, Show, Confirm, Home, Members, Done]
            }
            Some(_) => &[Show, Confirm, Together, Members, Done],
        }
    }

    async fn take(
        &self,
        step: Step,
        state: &mut State,
        host: &mut dyn Host,
    ) -> Result<Option<End>, Error> {
        match (step, &self.members) {
            (Step::Look, Some(members)) => {
                self.see_first(host)?;
                state.shown = Some(self.look(members, &Pass::Show, host).await);
            }
            (Step::Show, members) => return self.show(members.as_ref(), state, host),
            (Step::Confirm, _) => self.confirm(state, host)?,
            (Step::Home, members) => {
                let first = !members.as_ref().is_some_and(|members| members.home_last);
                let is_gone = |run: &Option<Run>| run.as_ref().is_none_or(Run::is_complete);
                // While an account sends, there is somewhere to send to.
                if first || (is_gone(&state.changed) && is_gone(&state.shown)) {
                    let report = carry_out(&self.session.cloud, self.plan, host).await;
                    state.report = Some(report);
                }
            }
            (Step::Members, Some(members)) => self.change(members, state, host).await,
            (Step::Together, Some(members)) => {
                return self.together(members, state, host).await;
            }
            (Step::Done, _) => return self.done(state, host).map(Some),
            (Step::Look | Step::Members | Step::Together, None) => {}
        }
        Ok(None)
    }

    /// Where nothing is shown before the question, nobody can answer it.
    fn see_first(&self, host: &dyn Host) -> Result<(), Error> {
        if host.form() == Form::Json && !self.consent.approved {
            let message = "with --json there is no plan to look at before the question";
            return Err(Error::new(Code::NotApproved, message)
                .help("look at `iamwatch plan`, then give --auto-approve"));
        }
        Ok(())
    }

    async fn look(&self, members: &Members<'_>, pass: &Pass<'_>, host: &mut dyn Host) -> Run {
        let (org, home) = (members.org, self.session.desired.home.account());
        org.go_through(&members.fleet, home, members.beyond, pass, host)
            .await
    }

    /// Shows home's plan, and those of the others where they were looked at. There is an end where nothing is to do.
    fn show(
        &self,
        members: Option<&Members<'_>>,
        state: &State,
        host: &mut dyn Host,
    ) -> Result<Option<End>, Error> {
        host.notify(Message::Plan(self.plan))?;
        match (members, &state.shown) {
            (None, _) if self.plan.changes.is_empty() => {
                host.notify(Message::NothingToApply(self.plan))?;
                Ok(Some(End::Complete))
            }
            (Some(members), Some(shown)) => {
                self.show_others(members, shown, host)?;
                // An account that was not listed would be forgotten in silence.
                members.org.listed(shown)?;
                if shown.stopped {
                    return Err(stopped());
                }
                Ok(self.is_done(shown).then(|| end(shown.is_complete())))
            }
            _ => Ok(None),
        }
    }

    fn show_others(
        &self,
        members: &Members<'_>,
        shown: &Run,
        host: &mut dyn Host,
    ) -> Result<(), Error> {
        let organization = &members.org.organization.id;
        let plan = OrganizationPlan::new(self.plan, organization, shown);
        host.notify(Message::OrganizationPlan(plan))
    }

    fn is_done(&self, shown: &Run) -> bool {
        self.plan.changes.is_empty() && shown.open().next().is_none()
    }

    fn confirm(&self, state: &State, host: &mut dyn Host) -> Result<(), Error> {
        secrets::check(self.plan, &self.session.missing)?;
        self.see_first(host)?;
        let agreed = (self.consent.approved || host.ask(self.question)? == Answer::Yes)
            && self.confirm_much(host)?
            && self.confirm_silence(host)?
            && self.confirm_members(host)?
            && match &state.shown {
                Some(shown) => self.confirm_much_elsewhere(shown, host)?,
                None => true,
            };
        if agreed { Ok(()) } else { Err(stopped()) }
    }

    /// Asks again where a slip is likelier than a wish; an answer given before the plan was known is none.
    fn confirm_much(&self, host: &mut dyn Host) -> Result<bool, Error> {
        let Some(deleted) = self.plan.deletes_much().filter(|_| !self.consent.most) else {
            return Ok(true);
        };
        let answer = host.ask(Question::DeleteMuch {
            deleted,
            ours: self.plan.ours,
            name: Some(self.plan.name.as_str()),
        })?;
        Ok(answer == Answer::Yes)
    }

    /// Asks again where somebody hears a rule today, and nobody would after it.
    fn confirm_silence(&self, host: &mut dyn Host) -> Result<bool, Error> {
        if self.consent.unheard || self.plan.silenced.is_empty() {
            return Ok(true);
        }
        let rules: Vec<String> = self
            .plan
            .silenced
            .iter()
            .map(|rule| shown(&rule.0))
            .collect();
        let rules = &listed(&rules);
        Ok(host.ask(Question::Silence { rules })? == Answer::Yes)
    }

    /// Asks again where an organization is watched, and home alone would be after it.
    fn confirm_members(&self, host: &mut dyn Host) -> Result<bool, Error> {
        let leaving = &self.plan.leaves_members;
        if self.consent.members || leaving.is_empty() {
            return Ok(true);
        }
        let what: Vec<String> = leaving.iter().map(|key| shown(&key.to_string())).collect();
        let what = &listed(&what);
        Ok(host.ask(Question::LeaveMembers { what })? == Answer::Yes)
    }

    /// Asks again where much would go in the other accounts together.
    fn confirm_much_elsewhere(&self, shown: &Run, host: &mut dyn Host) -> Result<bool, Error> {
        let standing = shown.outcomes.iter().filter_map(|o| o.result.as_ref().ok());
        let (deleted, ours) = standing.fold((0, 0), |(deleted, ours), standing| {
            (deleted + standing.deletions(), ours + standing.ours)
        });
        if self.consent.most || !plan::is_much(deleted, ours) {
            return Ok(true);
        }
        let answer = host.ask(Question::DeleteMuch {
            deleted,
            ours,
            name: None,
        })?;
        Ok(answer == Answer::Yes)
    }

    async fn together(
        &self,
        members: &Members<'_>,
        state: &mut State,
        host: &mut dyn Host,
    ) -> Result<Option<End>, Error> {
        let (opener, gate) = Gate::shut();
        let mut events = Vec::new();
        let keep = host.form() == Form::Json;
        let home = self.open_while_changing(opener, host.interrupted(), |event| {
            if keep {
                events.push(serde_json::to_value(event));
            }
        });
        let pass = Pass::AtOnce { gate };
        let (report, shown) = futures::join!(home, self.look(members, &pass, host));
        // Whether anybody reads on is asked at the end: what is done is not left half done for it.
        let heard = self.show_others(members, &shown, host).and_then(|()| {
            let events: Result<Vec<Value>, _> = events.into_iter().collect();
            host.notify(Message::HeldBack(&events?))
        });
        state.unheard = heard.err();
        if self.is_done(&shown) && !shown.stopped {
            members.org.listed(&shown)?;
            return match (end(shown.is_complete()), state.unheard.take()) {
                (End::Complete, Some(unheard)) => Err(unheard),
                (end, _) => Ok(Some(end)),
            };
        }
        state.report = Some(report);
        state.shown = Some(shown);
        Ok(None)
    }

    /// Changes home, and opens the gate as soon as the bus stands that accounts send to.
    async fn open_while_changing(
        &self,
        opener: Opener,
        stop: impl Future<Output = ()>,
        mut watch: impl FnMut(&Event<'_>),
    ) -> Report {
        let changes = self.plan.changes.iter();
        let buses = changes.filter(|c| c.key.kind == Kind::Bus && c.action != Action::Delete);
        let mut missing = buses.count();
        if missing == 0 {
            opener.decide(true);
        }
        let report = apply::apply(self.plan, &self.session.cloud, stop, |event| {
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

    /// Changes the accounts that are not changed yet, if home stands as they need it.
    async fn change(&self, members: &Members<'_>, state: &mut State, host: &mut dyn Host) {
        let Some(shown) = &mut state.shown else {
            return;
        };
        let waiting = shown.waiting();
        let is_stopped = state.report.as_ref().is_some_and(|report| report.stopped);
        let has_bus = state.report.as_ref().is_none_or(has_bus);
        // Those that were changed as they were found are counted here, and the others asked for now that all are known.
        let at_once = self.steps().contains(&Step::Together);
        let mut run = if waiting.is_empty() && at_once {
            Run::default()
        } else if is_stopped {
            Run {
                stopped: true,
                ..left_alone(waiting, &AccountError::NotTried)
            }
        } else if !has_bus {
            left_alone(waiting, &AccountError::HomeBroken)
        } else if !at_once {
            members.org.change(&members.fleet, shown, host).await
        } else if shown.stopped {
            left_alone(waiting, &AccountError::NotTried)
        } else if shown.unlisted.is_some() {
            left_alone(waiting, &AccountError::NotAllListed)
        } else {
            match self.confirm_much_elsewhere(shown, host) {
                Ok(true) => members.org.change(&members.fleet, shown, host).await,
                Ok(false) => left_alone(waiting, &AccountError::Refused),
                Err(error) => {
                    state.refused = Some(error);
                    left_alone(waiting, &AccountError::Refused)
                }
            }
        };
        if at_once {
            let mut outcomes = std::mem::take(&mut shown.changed);
            outcomes.extend(run.outcomes);
            run = Run {
                stopped: shown.stopped || is_stopped || run.stopped,
                unlisted: shown.unlisted.clone(),
                outcomes,
                ..Run::default()
            };
        }
        state.changed = Some(run);
    }

    /// Tells how it ended.
    fn done(&self, state: &mut State, host: &mut dyn Host) -> Result<End, Error> {
        let is_complete = |run: &Option<Run>| run.as_ref().is_none_or(Run::is_complete);
        let good = state.report.as_ref().is_none_or(Report::is_complete)
            && is_complete(&state.changed)
            && is_complete(&state.shown);
        let told = self.tell(state, host);
        if let (Some(members), Some(shown)) = (&self.members, &state.shown) {
            members.org.listed(shown)?;
        }
        if let Some(refused) = state.refused.take() {
            return Err(refused);
        }
        if !good {
            // Also where nobody reads on: a failure is not hidden by a closed pipe.
            return Ok(End::Incomplete);
        }
        told?;
        match state.unheard.take() {
            Some(unheard) => Err(unheard),
            None => Ok(End::Complete),
        }
    }

    fn tell(&self, state: &mut State, host: &mut dyn Host) -> Result<(), Error> {
        if let Some(report) = &state.report {
            host.notify(Message::Applied(report, self.plan))?;
        }
        if let (Some(members), Some(shown), Some(run)) =
            (&self.members, &state.shown, state.changed.take())
        {
            host.notify(Message::AccountsApplied {
                organization: &members.org.organization.id,
                run: &with_stuck(run, shown),
            })?;
        }
        Ok(())
    }
}

/// Applies a plan in the home account, and tells of each change.
pub async fn carry_out(cloud: &Cloud, plan: &Plan, host: &mut dyn Host) -> Report {
    let stop = host.interrupted();
    // A reader that went away must not stop the work half way.
    let mut tell = |progress: Progress<'_>| drop(host.notify(Message::Progress(progress)));
    tell(Progress::PlanBegins(plan.changes.len()));
    let report = apply::apply(plan, cloud, stop, |event| tell(Progress::Plan(&event))).await;
    tell(Progress::PlanEnds);
    report
}

/// Whether the bus that accounts send to stands as it should.
fn has_bus(report: &Report) -> bool {
    let failed = report.failed.iter().map(|failed| &failed.key);
    !failed
        .chain(&report.not_tried)
        .any(|key| key.kind == Kind::Bus)
}

/// Accounts in which nothing is done, and why.
fn left_alone(tasks: Vec<Task>, why: &AccountError) -> Run {
    let tasks = tasks.into_iter();
    Run {
        outcomes: tasks
            .map(|task| Outcome::stuck(task.member, why.clone()))
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

fn end(complete: bool) -> End {
    if complete {
        End::Complete
    } else {
        End::Incomplete
    }
}

fn stopped() -> Error {
    Error::new(Code::Stopped, "stopped: nothing was changed")
}
