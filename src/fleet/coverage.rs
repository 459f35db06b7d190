//! Who is watched: accounts × Regions × rules, and why not where not. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Brief, LeftOut, Outcome, Run, Standing, Stuck};
use crate::compile::{Compiled, Where, is_wanted};
use crate::organization::Member;
use crate::place::{Place, Region};
use crate::plan::Action;
use crate::rules::RuleId;

/// What is covered, and what is not.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    /// Accounts that are watched wherever they should be.
    pub covered: usize,
    /// Of how many.
    pub accounts: usize,
    /// Every hole.
    pub uncovered: Vec<Uncovered>,
    /// Accounts that nobody wants watched.
    pub left: Vec<LeftOut>,
    /// Why not all accounts are known, if so.
    pub unlisted: Option<String>,
}

/// A hole: rules that do not hear of an account, or of one Region of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Uncovered {
    /// The account.
    pub member: Member,
    /// The Region; `None`: all of them.
    pub region: Option<Region>,
    /// The rules that do not hear of it.
    pub rules: Vec<RuleId>,
    /// Why.
    pub why: Why,
    /// In words, with AWS's where there are some.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// Why something is not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The account's role cannot be taken on: whether anything stands there is not known.
    NoRole,
    /// It could not be read.
    Unread,
    /// Something of somebody else stands under our name.
    Conflict,
    /// Nothing was deployed there: the account may have joined later.
    NotDeployed,
    /// The forwarder, its role or its queue is missing, disabled or changed.
    Broken,
    /// The account has not enabled the Region.
    RegionDisabled,
    /// No trail records the account.
    NotRecorded,
}

/// Judges a look at all accounts. `recorded`: whether a trail records the organization, else why not.
pub fn coverage(run: &Run, patterns: &[Compiled], recorded: Result<(), String>) -> Coverage {
    let mut uncovered = Vec::new();
    for outcome in &run.outcomes {
        judge(outcome, patterns, &mut uncovered);
        if let Err(problem) = &recorded {
            uncovered.push(Uncovered {
                member: outcome.member.clone(),
                region: None,
                rules: all(patterns),
                why: Why::NotRecorded,
                problem: problem.clone(),
                remedy:
                    "without a trail of the organization EventBridge hears of no API call there: \
                         `trail: existing-or-create`, then `iamwatch apply`"
                        .to_owned(),
            });
        }
    }
    let mut holes: BTreeMap<&str, usize> = BTreeMap::new();
    for hole in &uncovered {
        *holes.entry(hole.member.account.as_str()).or_default() += 1;
    }
    Coverage {
        covered: run.outcomes.len() - holes.len(),
        accounts: run.outcomes.len(),
        left: run.left.clone(),
        unlisted: run.unlisted.as_ref().map(ToString::to_string),
        uncovered,
    }
}

impl Coverage {
    /// Whether nothing is uncovered, and every account is known.
    pub fn is_whole(&self) -> bool {
        self.uncovered.is_empty() && self.unlisted.is_none()
    }
}

fn judge(outcome: &Outcome, patterns: &[Compiled], uncovered: &mut Vec<Uncovered>) {
    let hole = |region: Option<&Region>, why, problem: String, remedy: String| Uncovered {
        member: outcome.member.clone(),
        region: region.cloned(),
        rules: match region {
            Some(region) => wanted_in(patterns, region),
            None => all(patterns),
        },
        why,
        problem,
        remedy,
    };
    let standing = match &outcome.result {
        Ok(standing) => standing,
        Err(stuck) => {
            let (why, problem, remedy) = stuck_words(stuck);
            uncovered.push(hole(None, why, problem, remedy));
            return;
        }
    };
    for blind in &standing.blind {
        let (why, remedy) = if blind.disabled {
            (
                Why::RegionDisabled,
                "enable the Region in that account, or leave it out of `watch.regions`".to_owned(),
            )
        } else {
            (Why::Unread, blind.error.remedy().unwrap_or_default())
        };
        uncovered.push(hole(
            Some(&blind.region),
            why,
            blind.error.to_string(),
            remedy,
        ));
    }
    let apply = || "run `iamwatch apply`".to_owned();
    if is_untouched(standing) {
        let problem = "nothing is deployed there: did the account join after the last apply?";
        uncovered.push(hole(None, Why::NotDeployed, problem.to_owned(), apply()));
        return;
    }
    for region in &standing.listening {
        let broken: Vec<String> = standing
            .changes
            .iter()
            .filter(|change| is_about(change, region))
            .map(words)
            .collect();
        if !broken.is_empty() {
            uncovered.push(hole(Some(region), Why::Broken, broken.join("; "), apply()));
        }
    }
}

/// Whether everything that is wanted is still to be created.
fn is_untouched(standing: &Standing) -> bool {
    standing.ours == 0
        && standing
            .changes
            .iter()
            .any(|change| change.action == Action::Create)
}

/// Whether events of a Region get lost or stuck by what a change would mend.
pub(super) fn is_about(change: &Brief, wanted: &Region) -> bool {
    change.action != Action::Delete
        && match &change.key.place {
            Place::Regional { region, .. } => region == wanted,
            Place::Global { .. } => change.key.name.ends_with(&format!("-{wanted}")),
        }
}

pub(super) fn words(change: &Brief) -> String {
    match change.action {
        Action::Create => format!("{} is missing", change.key),
        _ => format!("{} was changed: {}", change.key, change.fields.join(", ")),
    }
}

/// Why an account could not be worked in: kind, problem and remedy.
pub fn stuck_words(stuck: &Stuck) -> (Why, String, String) {
    match stuck {
        Stuck::NoRole(error) => (
            Why::NoRole,
            error.to_string(),
            error.remedy().unwrap_or_default(),
        ),
        Stuck::Unread(error) => (
            Why::Unread,
            error.to_string(),
            error.remedy().unwrap_or_default(),
        ),
        Stuck::Conflicts(conflicts) => {
            let keys: Vec<String> = conflicts.iter().map(|c| c.key.to_string()).collect();
            (
                Why::Conflict,
                format!("{} is there and not ours", keys.join(", ")),
                "delete or rename it there, or take it over with `--adopt`".to_owned(),
            )
        }
        Stuck::Moved | Stuck::NotTried => (
            Why::Unread,
            "it was not looked at".to_owned(),
            "run the same command again".to_owned(),
        ),
    }
}

fn all(patterns: &[Compiled]) -> Vec<RuleId> {
    let mut rules: Vec<RuleId> = patterns.iter().map(|p| p.rule.clone()).collect();
    rules.dedup();
    rules
}

fn wanted_in(patterns: &[Compiled], region: &Region) -> Vec<RuleId> {
    let place = Where::of(region);
    let wanted = patterns.iter().filter(|pattern| is_wanted(pattern, place));
    let mut rules: Vec<RuleId> = wanted.map(|pattern| pattern.rule.clone()).collect();
    rules.dedup();
    rules
}
