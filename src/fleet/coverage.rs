//! Who is watched: accounts × Regions × rules, and why not where not. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{AccountError, AccountState, ChangeSummary, LeftOut, Outcome, Run};
use crate::aws::CallError;
use crate::cloudtrail::Selected;
use crate::compile::{Compiled, Where, is_wanted};
use crate::diagnostic::few;
use crate::health::{Finding, Gap, Weight};
use crate::organization::Member;
use crate::place::{Place, Region};
use crate::placement::{Desired, Unrecorded};
use crate::plan::Action;
use crate::resources::{Impact, Kind, ResourceKey, Stretch, names};
use crate::rules::RuleId;

/// So many resources that are missing alike are named.
const NAMED: usize = 3;

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
    /// Every resource that is missing there, where that is why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<ResourceKey>,
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
    /// No trail records the account, or all that rules want of it.
    NotRecorded,
}

/// What is broken at home: then these rules hear of no account at all, or of home no longer.
#[derive(Debug, Clone, PartialEq)]
pub struct Breach {
    /// The rules that do not hear.
    pub rules: Vec<RuleId>,
    /// What is missing or changed, or waits for somebody.
    pub problem: String,
    /// What the user can do about it.
    pub remedy: String,
    /// Whether only home's own events are lost by it: those of other accounts come another way.
    pub home_alone: bool,
}

/// What is wrong at home that all accounts need: whatever loses alerts there by [`health::of_resources`], save the way home
/// of a Region, which is judged as that of any account, and the trail, which [`Recording`] is about.
///
/// [`health::of_resources`]: crate::health::of_resources
pub fn breaches(found: Vec<(ResourceKey, Finding)>, desired: &Desired) -> Vec<Breach> {
    let is_judged_apart = |key: &ResourceKey| {
        let mut regions = desired.topology.forwarders.keys();
        key.kind.facts().stretch == Stretch::Feed || regions.any(|region| carries(key, region))
    };
    let lost = found.into_iter().filter(|(key, finding)| {
        finding.weight == Weight::LosesAlerts && !finding.rules.is_empty() && !is_judged_apart(key)
    });
    lost.map(|(key, finding)| {
        let place = match key.place == desired.home {
            true => String::new(),
            false => elsewhere(&key),
        };
        Breach {
            rules: finding.rules,
            problem: format!("{key}{place}: {}", finding.problem),
            remedy: finding.remedy,
            home_alone: false,
        }
    })
    .collect()
}

/// The Region of a resource, behind its name; nothing for what is in none.
fn elsewhere(key: &ResourceKey) -> String {
    match &key.place {
        Place::Regional { region, .. } => format!(" in {region}"),
        Place::Global { .. } => String::new(),
    }
}

/// Whether trails record what the rules are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording<'a> {
    /// What no trail brings from home.
    pub home: Option<Gap>,
    /// What no trail brings from the other accounts.
    pub others: Option<Gap>,
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
        let concerned = |rule: &&RuleId| is_home || !desired.apart.contains(*rule);
        if !uncovered.iter().skip(before).any(wholly) {
            let of_it = |breach: &&Breach| is_home || !breach.home_alone;
            let holes = breaches.iter().filter(of_it).map(|breach| Uncovered {
                member: outcome.member.clone(),
                region: None,
                rules: breach.rules.iter().filter(concerned).cloned().collect(),
                why: Why::Home,
                problem: breach.problem.clone(),
                remedy: breach.remedy.clone(),
                missing: Vec::new(),
            });
            uncovered.extend(holes.filter(|hole| !hole.rules.is_empty()));
        }
        let holes = missed.iter().map(|found| Uncovered {
            member: outcome.member.clone(),
            region: None,
            rules: found.rules.iter().filter(concerned).cloned().collect(),
            why: Why::NotRecorded,
            problem: format!("no trail records {}", found.events),
            remedy: found.events.remedy(recording.partition),
            missing: Vec::new(),
        });
        uncovered.extend(holes.filter(|hole| !hole.rules.is_empty()));
        let gap = match is_home {
            true => &recording.home,
            false => &recording.others,
        };
        let holes = gap.iter().map(|gap| Uncovered {
            member: outcome.member.clone(),
            region: None,
            rules: all(heard)
                .into_iter()
                .filter(|rule| gap.rules.contains(rule))
                .collect(),
            why: Why::NotRecorded,
            problem: gap.problem.clone(),
            remedy: gap.remedy.clone(),
            missing: Vec::new(),
        });
        uncovered.extend(holes.filter(|hole| !hole.rules.is_empty()));
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
        missing: Vec::new(),
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
        let changes = standing.changes.iter();
        let broken: Vec<&ChangeSummary> = changes.filter(|c| is_about(c, region)).collect();
        if !broken.is_empty() {
            let missing = broken.iter().filter(|c| c.action == Action::Create);
            uncovered.push(Uncovered {
                missing: missing.map(|change| change.key.clone()).collect(),
                ..hole(Some(region), Why::Broken, words(&broken), apply())
            });
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
    change.impact == Impact::Alert && carries(&change.key, wanted)
}

/// Whether events of a Region come home by way of a resource.
fn carries(key: &ResourceKey, wanted: &Region) -> bool {
    let is_detector = key.kind == Kind::Rule && !names::is_forwarder(&key.name);
    let on_the_way = key.kind.facts().stretch == Stretch::Forwarding && !is_detector;
    on_the_way
        && match &key.place {
            Place::Regional { region, .. } => region == wanted,
            Place::Global { .. } => key.name.ends_with(&format!("-{wanted}")),
        }
}

/// What is broken: forwarders that are missing are told together.
fn words(changes: &[&ChangeSummary]) -> String {
    let is_gone = |change: &ChangeSummary| {
        change.action == Action::Create && names::is_forwarder(&change.key.name)
    };
    let gone = changes.iter().filter(|change| is_gone(change));
    let gone: Vec<&str> = gone.map(|change| change.key.name.as_str()).collect();
    let together = gone.len() > 1;
    let many = together.then(|| {
        let (count, few) = (gone.len(), few(&gone, NAMED));
        format!("{count} forwarders are missing: {few}")
    });
    let others = changes
        .iter()
        .filter(|change| !(together && is_gone(change)));
    let all: Vec<String> = many.into_iter().chain(others.map(|c| word(c))).collect();
    all.join("; ")
}

fn word(change: &ChangeSummary) -> String {
    match change.action {
        Action::Create => format!("{} is missing", change.key),
        _ => format!("{} was changed: {}", change.key, change.fields.join(", ")),
    }
}

/// What is wrong with a resource, as a clause about it.
pub(super) fn problem(change: &ChangeSummary) -> String {
    match change.action {
        Action::Create => "it does not exist".to_owned(),
        _ => format!("it was changed: {}", change.fields.join(", ")),
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
            let keys = conflicts.iter();
            let keys: Vec<String> = keys
                .map(|c| format!("{}{}", c.key, elsewhere(&c.key)))
                .collect();
            (
                Why::Conflict,
                format!("{} is there and not ours", keys.join(", ")),
                "delete or rename it there, or take it over with `--adopt`".to_owned(),
            )
        }
        AccountError::Moved
        | AccountError::NotTried
        | AccountError::HomeBroken
        | AccountError::NotAllListed
        | AccountError::Refused => (
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
