//! Who runs a use case: whoever shows what happens, answers questions, and can end the work.

use std::path::Path;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use super::error::Error;
use crate::apply::{self, Report};
use crate::check::BrokenRule;
use crate::diagnostic::{Diagnostic, Sources};
use crate::fleet::{self, Run};
use crate::place::Region;
use crate::plan::Plan;
use crate::plan::saved::Moved;
use crate::secrets::Secrets;

/// The form of results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// Results are text for people.
    #[default]
    Human,
    /// Results are JSON for programs, each document with a `format_version`.
    Json,
}

/// Whoever runs a use case. Nothing below it prints, asks, or knows of terminals.
pub trait Host {
    /// The form in which results are shown.
    fn form(&self) -> Form;

    /// Shows what happened to whoever runs the use case.
    ///
    /// # Errors
    /// When nobody reads.
    fn notify(&mut self, message: Message<'_>) -> Result<(), Error>;

    /// Asks before something happens.
    ///
    /// # Errors
    /// When nobody can answer.
    fn ask(&mut self, question: Question<'_>) -> Result<Answer, Error>;

    /// Shows what is to be said of a rules file that can be worked with all the same.
    ///
    /// # Errors
    /// When nobody reads.
    fn diagnose(&mut self, sources: &Sources, found: &[Diagnostic]) -> Result<(), Error>;

    /// The secrets that are known where the use case runs.
    fn secrets(&self) -> Secrets;

    /// Resolves when somebody wants the work to end.
    fn interrupted(&self) -> BoxFuture<'static, ()>;
}

/// What happens in a use case.
#[derive(Debug)]
pub enum Message<'a> {
    /// The plan that is about to be applied: of the home account, where an organization is watched.
    Plan(&'a Plan),
    /// The plan of a whole organization that is about to be applied. That of home was shown already.
    OrganizationPlan(OrganizationPlan<'a>),
    /// How far the work is.
    Progress(Progress<'a>),
    /// Events of the home account that were held back until the plan of the organization was shown, as JSON.
    HeldBack(&'a [Value]),
    /// There is nothing to apply.
    NothingToApply(&'a Plan),
    /// How applying a plan ended.
    Applied(&'a Report, &'a Plan),
    /// How the work in the accounts of an organization ended.
    AccountsApplied {
        /// The id of the organization, `o-…`.
        organization: &'a str,
        /// What became of each account.
        run: &'a Run,
    },
    /// What has moved since a plan was saved.
    Moved(&'a [Moved]),
    /// The accounts are those of a list that was kept.
    AccountsKept {
        /// How many there are.
        accounts: usize,
        /// How old the list is.
        minutes: i64,
        /// Where it is kept.
        path: &'a Path,
    },
    /// The rules of the file that cannot be read: the work goes on without them.
    LeftOut(&'a [BrokenRule]),
    /// A list of accounts that was kept is not believed: the organization is asked.
    AccountsRefused {
        /// Where it is kept.
        path: &'a Path,
        /// Why, as a clause about it.
        why: &'a str,
    },
    /// Something failed that does not end the work.
    Failed(&'a Error),
    /// The event history does not reach back as far as is asked for.
    HistoryIsShort,
    /// The event history is about to be read.
    ReadingHistory {
        /// Of how many Regions.
        regions: usize,
        /// How long that takes, if it can be told, and the Region that takes longest.
        longest: Option<(Region, Duration)>,
    },
}

/// How far the work is.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A plan begins to be applied, with so many changes.
    PlanBegins(usize),
    /// Something happened to one of its resources.
    Plan(&'a apply::Event<'a>),
    /// All that could be done of the plan is done.
    PlanEnds,
    /// Work in the accounts of an organization begins.
    AccountsBegin {
        /// Whether accounts are changed, and not only looked at.
        changes: bool,
        /// How many there are, where that is known.
        accounts: Option<usize>,
    },
    /// Something happened in an account.
    Account {
        /// What happened in it.
        event: &'a fleet::Event<'a>,
        /// How many accounts are listed so far, while that goes on.
        listed: Option<usize>,
        /// How many requests wait for AWS's rates.
        held_back: usize,
    },
    /// No account is left to work in.
    AccountsEnd,
}

/// The plan of a whole organization as JSON: home's own, and the other accounts.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct OrganizationPlan<'a> {
    format_version: u32,
    /// The id of the organization, `o-…`.
    pub organization: &'a str,
    /// The plan of the home account.
    pub home: &'a Plan,
    /// The accounts besides home, as they were looked at.
    pub accounts: &'a Run,
}

impl<'a> OrganizationPlan<'a> {
    /// The plans of home and of the accounts that `run` looked at.
    pub fn new(home: &'a Plan, organization: &'a str, accounts: &'a Run) -> Self {
        Self {
            format_version: home.format_version,
            organization,
            home,
            accounts,
        }
    }
}

/// What is asked before something happens.
#[derive(Debug, Clone, Copy)]
pub enum Question<'a> {
    /// Whether a plan is to be applied.
    Apply {
        /// Whether that is the plan of a whole organization.
        organization: bool,
    },
    /// Whether all that belongs to the rules file of this name is to be deleted.
    Destroy {
        /// The rules file's name.
        name: &'a str,
        /// Whether that is done in a whole organization.
        organization: bool,
    },
    /// Whether really so much is to be deleted.
    DeleteMuch {
        /// How many resources would go.
        deleted: usize,
        /// How many there are of which they would go.
        ours: usize,
        /// The rules file's name; `None` for the other accounts together.
        name: Option<&'a str>,
    },
    /// Whether rules may lose the last reader who has confirmed.
    Silence {
        /// The rules, as a sentence lists them.
        rules: &'a str,
    },
    /// Whether the other accounts of an organization, which are watched, may be so no longer.
    LeaveMembers {
        /// What would serve home alone, as a sentence lists it.
        what: &'a str,
    },
    /// Whether test events may alert the real channels.
    SendTests {
        /// How many messages they make at most.
        messages: usize,
        /// The channels among the real ones that alerts of critical rules go to, as a sentence lists them; empty: none.
        critical: &'a str,
    },
    /// Whether dead letters are to be sent again to the real channels.
    SendLate {
        /// How many alerts they make.
        messages: usize,
        /// How many letters there are.
        letters: usize,
    },
    /// Whether an alert is to be told again to the real channels.
    TellAgain {
        /// The channels, as a sentence lists them.
        channels: &'a str,
    },
}

/// An answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// What was asked about may happen.
    Yes,
    /// What was asked about must not happen.
    No,
}
