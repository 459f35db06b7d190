//! What AWS would refuse half way, said before the first write.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Action, Change, Plan};
use crate::compile::quotas::{RULES, WILDCARD_RULES, rules_per_bus};
use crate::diagnostic::counted;
use crate::pattern::EventPattern;
use crate::place::{Place, Region};
use crate::resources::{BUS_POLICY_LIMIT, BusUse, DEFAULT_BUS, Kind, Resource};

/// Source: CloudTrail quotas; trails of other Regions that record this one count.
const TRAILS: usize = 5;

/// A quota that the plan would exceed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exceeded {
    /// What is limited, and where.
    pub what: String,
    /// How much there is, others' included.
    pub have: usize,
    /// How much there would be.
    pub need: usize,
    /// How much there may be.
    pub limit: usize,
    /// What the user can do about it.
    pub help: &'static str,
    /// Whether AWS raises it for an account that asks.
    pub raisable: bool,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            have,
            need,
            limit,
            ..
        } = self;
        write!(
            f,
            "{what}: there are {have}, there would be {need}, and {limit} is the limit"
        )
    }
}

/// A place and a bus there.
pub type BusAt = (Place, String);

/// The buses that must be looked at: those that the plan adds something to.
pub fn buses(plan: &Plan) -> BTreeSet<BusAt> {
    let added = plan.changes.iter().filter_map(|change| {
        let place = change.key.place.clone();
        match (&change.action, &change.after) {
            (Action::Create | Action::Update, Some(Resource::Rule(rule))) => {
                Some((place, rule.bus.clone()))
            }
            (Action::Create | Action::Update, Some(Resource::Bus(bus))) => {
                Some((place, bus.name.clone()))
            }
            _ => None,
        }
    });
    added.collect()
}

/// Whether the plan makes a trail record Regions that it did not record: then its trails must be counted
/// in each Region.
pub fn adds_trail(plan: &Plan) -> bool {
    plan.changes.iter().any(spreads)
}

/// Ours record all Regions, so that a new one counts in each, and one that was cut back in each but its own.
fn spreads(change: &Change) -> bool {
    let grows = || change.attributes.iter().any(|a| a.path == "multi_region");
    change.key.kind == Kind::Trail
        && match change.action {
            Action::Create => true,
            Action::Update => grows(),
            Action::Replace | Action::Delete => false,
        }
}

/// Every quota that the plan would exceed. `trails`: how many record each Region.
pub fn exceeded(
    plan: &Plan,
    uses: &BTreeMap<BusAt, BusUse>,
    trails: &BTreeMap<Region, usize>,
) -> Vec<Exceeded> {
    let mut found = Vec::new();
    for ((place, bus), used) in uses {
        rules(plan, place, bus, used, &mut found);
    }
    for change in &plan.changes {
        let at = format!("{} at {}", change.key, change.key.place);
        for size in change.after.iter().flat_map(Resource::sizes) {
            let what = format!("{} {at}", size.what);
            found.extend(over(what, 0, size.need, size.limit, size.help));
        }
        if let Some(Resource::Bus(bus)) = &change.after {
            let used = uses.get(&(change.key.place.clone(), bus.name.clone()));
            let used = used.cloned().unwrap_or_default();
            found.extend(over(
                format!("characters in the policy of {at}"),
                used.policy_length(&serde_json::Value::Null),
                used.policy_length(&bus.policy),
                BUS_POLICY_LIMIT,
                "shorten the statements of others in it",
            ));
        }
    }
    found.extend(one_trail_too_many(plan, trails));
    found
}

/// The fullest Region that one trail more would overfill, with how many others there are.
fn one_trail_too_many(plan: &Plan, trails: &BTreeMap<Region, usize>) -> Option<Exceeded> {
    let added_in = |region: &Region| {
        let added = plan.changes.iter().filter(|change| {
            let is_own =
                matches!(&change.key.place, Place::Regional { region: own, .. } if own == region);
            spreads(change) && (change.action == Action::Create || !is_own)
        });
        added.count()
    };
    let full = trails
        .iter()
        .map(|(region, have)| (region, *have, added_in(region)));
    let mut full: Vec<_> = full
        .filter(|(_, have, added)| *added > 0 && have + added > TRAILS)
        .collect();
    full.sort_by_key(|(_, have, _)| std::cmp::Reverse(*have));
    let (region, have, added) = *full.first()?;
    let others = match full.len() - 1 {
        0 => String::new(),
        more => format!(" (and in {})", counted(more, "more Region")),
    };
    over(
        format!("trails in {region}{others}"),
        have,
        have + added,
        TRAILS,
        "delete a trail that nobody needs, or let one of them record all management events in all Regions and \
         write `trail: existing-or-create`",
    )
}

fn rules(plan: &Plan, place: &Place, bus: &str, used: &BusUse, found: &mut Vec<Exceeded>) {
    // As it will stand: by name, so that what is changed counts once.
    let mut standing: BTreeMap<&str, bool> = BTreeMap::new();
    for (name, wildcard) in &used.rules {
        standing.insert(name, *wildcard);
    }
    let have = standing.len();
    let wild = |standing: &BTreeMap<&str, bool>| standing.values().filter(|w| **w).count();
    let have_wild = wild(&standing);
    for change in plan.changes.iter().filter(|c| c.key.place == *place) {
        if let Some(Resource::Rule(rule)) = &change.after
            && rule.bus == bus
        {
            let pattern = EventPattern::from_value(&rule.pattern);
            let wildcard = pattern.is_ok_and(|pattern| pattern.uses_wildcard());
            standing.insert(&rule.name, wildcard);
        }
    }
    let limit = match place {
        Place::Regional { region, .. } => rules_per_bus(region),
        Place::Global { .. } => RULES,
    };
    let at = if bus == DEFAULT_BUS {
        format!("the default bus at {place}")
    } else {
        format!("the bus {bus} at {place}")
    };
    let need = standing.len();
    // Where there are more already, AWS has raised it.
    if have <= limit {
        let rules = over(
            format!("rules on {at}"),
            have,
            need,
            limit,
            "delete rules that nobody needs, or deploy fewer; where Service Quotas has raised it, give --raised-quotas",
        );
        found.extend(rules.map(|rules| Exceeded {
            raisable: true,
            ..rules
        }));
    }
    found.extend(over(
        format!("rules with wildcards on {at}"),
        have_wild,
        wild(&standing),
        WILDCARD_RULES,
        "AWS does not raise this one: write names, prefixes or suffixes instead of `*` inside a text",
    ));
}

fn over(
    what: String,
    have: usize,
    need: usize,
    limit: usize,
    help: &'static str,
) -> Option<Exceeded> {
    (need > limit && need > have).then_some(Exceeded {
        what,
        have,
        need,
        limit,
        help,
        raisable: false,
    })
}
