//! Who is watched: accounts × Regions × rules, and why not where not. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{AccountError, AccountState, ChangeSummary, LeftOut, Outcome, Run};
use crate::aws::CallError;
use crate::cloudtrail::Selected;
use crate::compile::{Compiled, Where, is_wanted};
use crate::organization::Member;
use crate::place::{Place, Region};
use crate::placement::{Desired, Unrecorded};
use crate::plan::Action;
use crate::resources::{Impact, Kind, ResourceKey, Stretch, names};
use crate::rules::RuleId;

/// What is covered, and what is not.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    /// Accounts that are watched wherever they should be.
    pub covered: usize,
    /// How many accounts are judged, covered or not.
    pub accounts: usize,
    /// Every hole: what is not watched, and why.
    pub uncovered: Vec<Uncovered>,
    /// Accounts that nobody wants watched.
    pub left: Vec<LeftOut>,
    /// Why not all accounts are known, if so.
    pub unlisted: Option<String>,
}

/// A hole: rules that do not hear of an account, or of one Region of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Uncovered {
    /// The account that is not heard of.
    pub member: Member,
    /// The Region; `None`: all of them.
    pub region: Option<Region>,
    /// The rules that do not hear of it.
    pub rules: Vec<RuleId>,
    /// Why it is not covered, as a word for programs.
    pub why: Why,
    /// In words, with AWS's where there are some.
    pub problem: String,
    /// What the user can do to close the hole.
    pub remedy: String,
}

/// Why something is not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The account's role cannot be taken on: whether anything stands there is not known.
    NoRole,
    /// A service control policy forbids to enter or to read it.
    Forbidden,
    /// It could not be read.
    Unread,
    /// Which Regions it has enabled is not known: one that nobody listens to may be among them.
    RegionsUnknown,
    /// Something of somebody else stands under our name.
    Conflict,
    /// Nothing was deployed there: the account may have joined later.
    NotDeployed,
    /// The forwarder or its role is missing, disabled or changed so that events are lost.
    Broken,
    /// Events come home, and what raises the alert there is missing or changed.
    Home,
    /// The account has not enabled the Region.
    RegionDisabled,
    /// No trail records the account.
    NotRecorded,
}

/// What is broken at home: then these rules hear of no account at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Breach {
    /// The rules that hear of no account.
    pub rules: Vec<RuleId>,
    /// What is missing or changed, or waits for somebody.
    pub problem: String,
    /// What the user can do about it.
    pub remedy: String,
}

/// What changes of the home account would mend that all accounts need: the bus that takes their events, and
/// each rule's detector with whatever its alerts pass through.
pub fn breaches(
    changes: &[ChangeSummary],
    desired: &Desired,
    patterns: &[Compiled],
) -> Vec<Breach> {
    let broken: BTreeMap<&ResourceKey, &ChangeSummary> = changes
        .iter()
        .filter(|change| change.impact == Impact::Alert)
        .map(|change| (&change.key, change))
        .collect();
    let mut found: BTreeMap<String, Vec<RuleId>> = BTreeMap::new();
    let buses = broken.iter().filter(|(key, _)| key.kind == Kind::Bus);
    for change in buses.map(|(_, change)| change) {
        found.insert(words(change), all(&carried(patterns)));
    }
    for (rule, detectors) in &desired.detectors {
        let passed = passed(detectors, desired);
        let problems: Vec<String> = broken
            .iter()
            .filter(|(key, _)| passed.contains(**key))
            .map(|(_, change)| words(change))
            .collect();
        if !problems.is_empty() {
            let rules = found.entry(problems.join("; ")).or_default();
            rules.push(rule.clone());
        }
    }
    found
        .into_iter()
        .map(|(problem, rules)| Breach {
            rules,
            problem,
            remedy: "run `iamwatch apply`: what is broken is at home".to_owned(),
        })
        .collect()
}

/// The rules whose alerts wait for a reader: whoever has not confirmed a subscription gets none, from whatever account.
pub fn unconfirmed(waiting: &[ResourceKey], desired: &Desired) -> Vec<Breach> {
    let breach = |key: &ResourceKey| {
        let detectors = desired.detectors.iter();
        let rules = detectors.filter(|(_, keys)| passed(keys, desired).contains(key));
        Breach {
            rules: rules.map(|(rule, _)| rule.clone()).collect(),
            problem: format!("{key} is not confirmed"),
            remedy: "the receiver follows the link that AWS sent; after 48 hours `iamwatch apply` asks again"
                .to_owned(),
        }
    };
    let breaches = waiting.iter().map(breach);
    breaches.filter(|breach| !breach.rules.is_empty()).collect()
}

/// What the alerts of detectors pass through: topic, key and readers. Dead letters are beside the way.
fn passed(detectors: &[ResourceKey], desired: &Desired) -> BTreeSet<ResourceKey> {
    let mut passed: BTreeSet<ResourceKey> = detectors.iter().cloned().collect();
    let mut open = detectors.to_vec();
    while let Some(key) = open.pop() {
        let Some(resource) = desired.resources.get(&key) else {
            continue;
        };
        let needs = resource.needs(&key.place).into_iter();
        let next: Vec<ResourceKey> = needs
            .filter(|key| matches!(key.kind, Kind::Topic | Kind::EncryptionKey))
            .chain(desired.subscriptions_of(&key).cloned())
            .filter(|key| !passed.contains(key))
            .collect();
        passed.extend(next.iter().cloned());
        open.extend(next);
    }
    passed
}

/// Whether trails record what the rules are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording<'a> {
    /// Whether a trail records the organization, else why not.
    pub organization: Result<(), String>,
    /// What rules want beyond management events, and no trail records in full.
    pub beyond: &'a [Unrecorded],
    /// The partition of the organization, such as `aws`.
    pub partition: &'a str,
}

/// Judges a look at all accounts.
pub fn coverage(
    run: &Run,
    patterns: &[Compiled],
    desired: &Desired,
    breaches: &[Breach],
    recording: &Recording<'_>,
) -> Coverage {
    let (everything, carried): (Vec<&Compiled>, _) = (patterns.iter().collect(), carried(patterns));
    let missed = recording.beyond.iter();
    let missed: Vec<&Unrecorded> = missed
        .filter(|found| found.selected == Selected::Nothing)
        .collect();
    let mut uncovered = Vec::new();
    for outcome in &run.outcomes {
        let before = uncovered.len();
        // Rules apart hear of home, and of no other account.
        let is_home = outcome.member.account == *desired.home.account();
        let heard = if is_home { &everything } else { &carried };
        judge(outcome, heard, &mut uncovered);
        let wholly = |hole: &Uncovered| hole.region.is_none() && hole.why != Why::RegionsUnknown;
        if !uncovered.iter().skip(before).any(wholly) {
            let concerned = |rule: &&RuleId| is_home || !desired.apart.contains(*rule);
            let holes = breaches.iter().map(|breach| Uncovered {
                member: outcome.member.clone(),
                region: None,
                rules: breach.rules.iter().filter(concerned).cloned().collect(),
                why: Why::Home,
                problem: breach.problem.clone(),
                remedy: breach.remedy.clone(),
            });
            uncovered.extend(holes.filter(|hole| !hole.rules.is_empty()));
        }
        uncovered.extend(missed.iter().map(|found| Uncovered {
            member: outcome.member.clone(),
            region: None,
            rules: found.rules.clone(),
            why: Why::NotRecorded,
            problem: format!("no trail records {}", found.events),
            remedy: found.events.remedy(recording.partition),
        }));
        if let Err(problem) = &recording.organization {
            uncovered.push(Uncovered {
                member: outcome.member.clone(),
                region: None,
                rules: all(heard),
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

fn judge(outcome: &Outcome, patterns: &[&Compiled], uncovered: &mut Vec<Uncovered>) {
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
    if let Some(error) = &standing.regions_unknown {
        uncovered.push(hole(
            None,
            Why::RegionsUnknown,
            error.to_string(),
            format!(
                "only the Regions that AWS enables by itself are listened to there: let the role call ListRegions, or list \
                 the Regions under `watch.regions`; {}",
                error.remedy().unwrap_or_default()
            ),
        ));
    }
    for blind in &standing.blind {
        let (why, remedy) = if blind.disabled {
            (
                Why::RegionDisabled,
                "enable the Region in that account, or leave it out of `watch.regions`".to_owned(),
            )
        } else {
            let why = forbidden_or(&blind.error, Why::Unread);
            (why, blind.error.remedy().unwrap_or_default())
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
fn is_untouched(standing: &AccountState) -> bool {
    standing.ours == 0
        && standing
            .changes
            .iter()
            .any(|change| change.action == Action::Create)
}

/// Whether events of a Region get lost on their way home until a change is made.
pub(super) fn is_about(change: &ChangeSummary, wanted: &Region) -> bool {
    let key = &change.key;
    let is_detector = key.kind == Kind::Rule && !names::is_forwarder(&key.name);
    let on_the_way = key.kind.facts().stretch == Stretch::Forwarding && !is_detector;
    on_the_way
        && change.impact == Impact::Alert
        && match &key.place {
            Place::Regional { region, .. } => region == wanted,
            Place::Global { .. } => key.name.ends_with(&format!("-{wanted}")),
        }
}

pub(super) fn words(change: &ChangeSummary) -> String {
    match change.action {
        Action::Create => format!("{} is missing", change.key),
        _ => format!("{} was changed: {}", change.key, change.fields.join(", ")),
    }
}

/// Why an account could not be worked in: kind, problem and remedy.
pub fn stuck_words(stuck: &AccountError) -> (Why, String, String) {
    match stuck {
        AccountError::NoRole(error) => (
            forbidden_or(error, Why::NoRole),
            error.to_string(),
            error.remedy().unwrap_or_default(),
        ),
        AccountError::Unread(error) => (
            forbidden_or(error, Why::Unread),
            error.to_string(),
            error.remedy().unwrap_or_default(),
        ),
        AccountError::Conflicts(conflicts) => {
            let keys: Vec<String> = conflicts.iter().map(|c| c.key.to_string()).collect();
            (
                Why::Conflict,
                format!("{} is there and not ours", keys.join(", ")),
                "delete or rename it there, or take it over with `--adopt`".to_owned(),
            )
        }
        AccountError::Moved | AccountError::NotTried => (
            Why::Unread,
            "it was not looked at".to_owned(),
            "run the same command again".to_owned(),
        ),
    }
}

fn forbidden_or(error: &CallError, why: Why) -> Why {
    match error.is_forbidden_by_organization() {
        true => Why::Forbidden,
        false => why,
    }
}

/// The patterns of the rules that forwarders bring events to.
fn carried(patterns: &[Compiled]) -> Vec<&Compiled> {
    patterns.iter().filter(|pattern| !pattern.apart).collect()
}

fn all(patterns: &[&Compiled]) -> Vec<RuleId> {
    let mut rules: Vec<RuleId> = patterns.iter().map(|p| p.rule.clone()).collect();
    rules.dedup();
    rules
}

fn wanted_in(patterns: &[&Compiled], region: &Region) -> Vec<RuleId> {
    let place = Where::of(region);
    let carried = patterns.iter().filter(|pattern| !pattern.apart);
    let wanted = carried.filter(|pattern| is_wanted(pattern, place));
    let mut rules: Vec<RuleId> = wanted.map(|pattern| pattern.rule.clone()).collect();
    rules.dedup();
    rules
}
