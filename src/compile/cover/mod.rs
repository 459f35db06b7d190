//! The forwarders of a listening place: patterns that pass every event that some detector wants there,
//! no event twice, and as little else as fits.

mod branch;
mod partition;
mod widen;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::state::RuleState;
use super::{Compiled, events, sources, text};
use branch::{
    Branch, DETAIL_TYPE, EVENT_NAME, EVENT_SOURCE, SOURCE, Tests, USER_TYPE, is_test_source,
    literal, render, simplified,
};
use partition::Class;

use crate::pattern::EventPattern;
use crate::place::Region;
use crate::rules::GLOBAL_SERVICES;

/// What kind of Region a listening place is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// us-east-1, where the events of global services and root's sign-ins appear.
    GlobalRegion,
    /// Any Region but the one of global services.
    OtherRegion,
}

impl Where {
    /// The kind of a Region.
    pub fn of(region: &Region) -> Self {
        if *region == region.global() {
            Self::GlobalRegion
        } else {
            Self::OtherRegion
        }
    }
}

/// One forwarder of a listening place: an EventBridge rule on its default bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forwarder {
    /// 1-based part of the cover; `None` where the whole fits into one pattern.
    pub part: Option<usize>,
    /// The pattern as EventBridge takes it.
    pub pattern: Arc<Value>,
    /// The state that lets everything through that its detectors want.
    pub state: RuleState,
}

/// At most so many parts: a longer cover is widened instead. Rules cost nothing and events that are passed on
/// do, but every Region gets all parts, and each of them is read, compared and shown.
const MOST_PARTS: usize = 10;
/// More branches than this are widened before they are compared with each other.
const MOST_BRANCHES: usize = 400;

/// The forwarders that the detectors made from `compiled` need in a listening place, none where no
/// detector wants anything there. Each pattern has at most `quota` characters. Rules apart need none.
///
/// No event is passed by two of them, provided that `detail.eventSource` and `detail.eventName` are
/// single texts wherever they occur, as CloudTrail writes them (a list could hold a value of each part).
///
/// All that fits goes into one forwarder, read-only events included: a rule in the wider state costs
/// nothing for events that its pattern does not match. Where there are several parts, those without any
/// detector for read-only events keep the plain state.
pub fn cover(compiled: &[Compiled], place: Where, quota: usize) -> Vec<Forwarder> {
    let carried = compiled.iter().filter(|compiled| !compiled.apart);
    let mut branches = gathered(carried, place);
    if branches.is_empty() {
        return Vec::new();
    }
    loop {
        if let Some(parts) = parts(&branches, quota) {
            let many = parts.len() > 1;
            return parts
                .into_iter()
                .enumerate()
                .map(|(index, (pattern, state))| Forwarder {
                    part: many.then_some(index + 1),
                    pattern: Arc::new(pattern),
                    state,
                })
                .collect();
        }
        branches = widened(branches)
            .unwrap_or_else(|branches| vec![Branch::everything(branches.iter().any(|b| b.reads))]);
    }
}

/// Whether a detector made from this pattern can have anything to do with events of such a place.
pub fn is_wanted(compiled: &Compiled, place: Where) -> bool {
    !gathered(std::iter::once(compiled), place).is_empty()
}

/// Where a rule apart stands: in the home Region and in that of global services, whose events appear nowhere else, as far
/// as they have what it wants.
pub fn stands_apart_in(pattern: &Compiled, home: &Region) -> BTreeSet<Region> {
    let both = [home.clone(), home.global()].into_iter();
    let wanted = both.filter(|region| is_wanted(pattern, Where::of(region)));
    let wanted: BTreeSet<Region> = wanted.collect();
    match wanted.is_empty() {
        true => BTreeSet::from([home.clone()]),
        false => wanted,
    }
}

/// What all the patterns together pass, as tight as it comes.
fn gathered<'c>(compiled: impl Iterator<Item = &'c Compiled>, place: Where) -> Vec<Branch> {
    let branches = compiled
        .filter(|compiled| compiled.state != RuleState::Disabled)
        .flat_map(|compiled| Branch::of(&compiled.pattern, compiled.state));
    let mut branches: Vec<Branch> = branches
        .filter_map(|branch| seen_from(branch, place))
        .map(|branch| widen::without_wildcards(&branch))
        .collect();
    share_types(&mut branches);
    branches.iter_mut().for_each(widen_sources);
    bounded(branches)
}

/// Gives the kinds of CloudTrail events that any branch wants to all that pick events by name or user:
/// IAM calls do not come as sign-ins anyway, and what branches share is written once.
fn share_types(branches: &mut [Branch]) {
    let known: Tests = events::ALL_TYPES
        .iter()
        .map(|kind| json!(kind).to_string())
        .collect();
    let picky = |branch: &Branch| {
        [EVENT_SOURCE, EVENT_NAME, USER_TYPE]
            .iter()
            .any(|path| branch.fields.contains_key(*path))
    };
    let types = |branch: &Branch| {
        let types = branch
            .fields
            .get(DETAIL_TYPE)
            .filter(|types| types.is_subset(&known));
        types.cloned().unwrap_or_default()
    };
    let shared: Tests = branches.iter().flat_map(types).collect();
    for branch in branches {
        if picky(branch) && !types(branch).is_empty() {
            branch.fields.insert(DETAIL_TYPE.to_owned(), shared.clone());
        }
    }
}

/// Lets all of `aws.*` in where the envelope's `source` only repeats what the record says, or stands for any service:
/// what branches share is written once. That partners can send so as well is for the detectors to tell apart.
fn widen_sources(branch: &mut Branch) {
    let Some(sources) = branch.fields.get(SOURCE) else {
        return;
    };
    let (test, aws): (Tests, Tests) = sources
        .iter()
        .cloned()
        .partition(|test| is_test_source(test));
    let any: Tests = sources::any_service()
        .iter()
        .map(Value::to_string)
        .collect();
    let repeats = |service: &String| {
        let service = literal(service);
        let service = service
            .as_deref()
            .and_then(|text| text.strip_suffix(".amazonaws.com"));
        service.is_some_and(|service| aws.contains(&sources::of_service(service).to_string()))
    };
    let services = branch.fields.get(EVENT_SOURCE);
    let is_spelt_out = aws.iter().all(|test| literal(test).is_some());
    if aws == any || is_spelt_out && services.is_some_and(|services| services.iter().all(repeats)) {
        let all = std::iter::once(json!({ "prefix": "aws." }).to_string());
        branch
            .fields
            .insert(SOURCE.to_owned(), all.chain(test).collect());
    }
}

/// The branch without what cannot appear in such a place; `None` if nothing of it can. Only names that
/// are spelt out count.
fn seen_from(mut branch: Branch, place: Where) -> Option<Branch> {
    if place == Where::GlobalRegion {
        return Some(branch);
    }
    let global = |text: &str| GLOBAL_SERVICES.contains(&text);
    if let Some(services) = branch.fields.get_mut(EVENT_SOURCE) {
        services.retain(|test| {
            !literal(test)
                .is_some_and(|text| text.strip_suffix(".amazonaws.com").is_some_and(global))
        });
        if services.is_empty() {
            return None;
        }
    }
    if let Some(sources) = branch.fields.get_mut(SOURCE) {
        let before = sources.len();
        sources.retain(|test| {
            !literal(test).is_some_and(|text| text.strip_prefix("aws.").is_some_and(global))
        });
        if sources.len() < before && sources.iter().all(|test| is_test_source(test)) {
            return None;
        }
    }
    let is = |path: &str, text: &str| {
        branch.fields.get(path).is_some_and(|tests| {
            tests
                .iter()
                .all(|test| literal(test).as_deref() == Some(text))
        })
    };
    let root_sign_in = is(EVENT_NAME, "ConsoleLogin") && is(USER_TYPE, "Root");
    (!root_sign_in).then_some(branch)
}

/// Few enough branches to compare each with each.
fn bounded(mut branches: Vec<Branch>) -> Vec<Branch> {
    branches.sort_unstable();
    branches.dedup();
    while branches.len() > MOST_BRANCHES {
        let wider: Vec<Branch> = branches
            .iter()
            .map(|branch| widen::wider(branch).map_or_else(|| branch.clone(), |(wider, _)| wider))
            .collect();
        if wider == branches {
            break;
        }
        branches = wider;
        branches.sort_unstable();
        branches.dedup();
    }
    simplified(branches)
}

/// One step wider where it is worth most: the best tenth. The error is what cannot be widened.
fn widened(mut branches: Vec<Branch>) -> Result<Vec<Branch>, Vec<Branch>> {
    let mut steps: Vec<(usize, usize, Branch)> = branches
        .iter()
        .enumerate()
        .filter_map(|(index, branch)| {
            let (wider, worth) = widen::wider(branch)?;
            Some((worth, index, wider))
        })
        .collect();
    if steps.is_empty() {
        return Err(branches);
    }
    // Of equals the first goes first: branches are sorted.
    steps.sort_by_key(|(worth, index, _)| (std::cmp::Reverse(*worth), *index));
    steps.truncate(branches.len() / 10 + 1);
    for (_, index, wider) in steps {
        if let Some(branch) = branches.get_mut(index) {
            *branch = wider;
        }
    }
    Ok(bounded(branches))
}

/// The branches as few patterns that pass no event twice; `None` if they do not fit.
fn parts(branches: &[Branch], quota: usize) -> Option<Vec<(Value, RuleState)>> {
    let mut parts = Vec::new();
    // Each part repeats what is about no service and no name of its own.
    let anywhere = |branch: &&Branch| {
        let named = |path: &str| {
            let tests = branch.fields.get(path);
            tests.is_some_and(|tests| tests.iter().any(|test| literal(test).is_some()))
        };
        !named(EVENT_SOURCE) && !named(EVENT_NAME)
    };
    let repeated: usize = branches.iter().filter(anywhere).map(Branch::length).sum();
    let whole = text(&render(branches)).chars().count();
    let whole = whole.saturating_sub(repeated);
    if whole > MOST_PARTS * quota.saturating_sub(repeated) {
        return None;
    }
    let mut waiting = vec![Class::everything()];
    while let Some(class) = waiting.pop() {
        // What a part is shared out by are the texts of the branches as they were, since inside a class they
        // have other tests.
        let here: Vec<Branch> = branches
            .iter()
            .filter(|branch| class.within(branch).is_some())
            .cloned()
            .collect();
        if here.is_empty() {
            continue;
        }
        if let Some(part) = part(inside(&class, &here), quota) {
            parts.push(part);
        } else if let Some((first, second)) = class.halves(&here) {
            if parts.len() + waiting.len() + 2 > MOST_PARTS {
                return None;
            }
            waiting.extend([second, first]);
        } else {
            parts.push(squeezed(&class, here, quota)?);
        }
    }
    Some(parts)
}

/// What the branches pass of a class.
fn inside(class: &Class, branches: &[Branch]) -> Vec<Branch> {
    let inside = branches.iter().filter_map(|branch| class.within(branch));
    simplified(inside.collect())
}

/// One pattern, if it fits.
fn part(branches: Vec<Branch>, quota: usize) -> Option<(Value, RuleState)> {
    let pattern = render(&branches);
    let text = text(&pattern);
    let fits = text.chars().count() <= quota && EventPattern::parse(&text).is_ok();
    let state = if branches.iter().any(|branch| branch.reads) {
        RuleState::EnabledWithAll
    } else {
        RuleState::Enabled
    };
    fits.then_some((pattern, state))
}

/// One pattern for a class that cannot be shared out, wider inside it than asked, and nothing beyond it.
fn squeezed(class: &Class, mut branches: Vec<Branch>, quota: usize) -> Option<(Value, RuleState)> {
    loop {
        branches = widened(branches).ok()?;
        if let Some(part) = part(inside(class, &branches), quota) {
            return Some(part);
        }
    }
}
