//! What AWS would refuse half way, said before the first write.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Action, Plan};
use crate::pattern::EventPattern;
use crate::place::{Place, Region};
use crate::resources::{BUS_POLICY_LIMIT, BusUse, DEFAULT_BUS, Kind, Resource};

/// Source of these, where nothing else is said: EventBridge, `eb-quota`.
const RULES: usize = 300;
/// In the Regions of [`SMALL`].
const RULES_IN_SMALL: usize = 100;
const SMALL: [&str; 2] = ["af-south-1", "eu-south-1"];
/// Rules with wildcards on one bus.
pub const WILDCARD_RULES: usize = 30;
const TARGETS: usize = 5;
/// Source: CloudTrail quotas; trails of other Regions that record this one count.
const TRAILS: usize = 5;
/// All inline policies of a role together, without white space. Source: IAM quotas.
const ROLE_POLICIES: usize = 10_240;

/// How many rules one bus takes in a Region, unless AWS has raised it for the account.
pub fn rules_per_bus(region: &Region) -> usize {
    if SMALL.contains(&region.as_str()) {
        RULES_IN_SMALL
    } else {
        RULES
    }
}

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
    /// What to do.
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

/// Every quota that the plan would exceed. `trails`: how many record something at home.
pub fn exceeded(plan: &Plan, uses: &BTreeMap<BusAt, BusUse>, trails: usize) -> Vec<Exceeded> {
    let mut found = Vec::new();
    for ((place, bus), used) in uses {
        rules(plan, place, bus, used, &mut found);
    }
    for change in &plan.changes {
        let at = format!("{} at {}", change.key, change.key.place);
        match &change.after {
            Some(Resource::Rule(rule)) => found.extend(over(
                format!("targets of {at}"),
                0,
                rule.targets.len(),
                TARGETS,
                "let the rule use fewer formats",
            )),
            Some(Resource::Bus(bus)) => {
                let used = uses.get(&(change.key.place.clone(), bus.name.clone()));
                let used = used.cloned().unwrap_or_default();
                let empty = serde_json::Value::Null;
                found.extend(over(
                    format!("characters in the policy of {at}"),
                    used.policy_length(&empty),
                    used.policy_length(&bus.policy),
                    BUS_POLICY_LIMIT,
                    "shorten the statements of others in it",
                ));
            }
            Some(Resource::Role(role)) => {
                let size = |value: &serde_json::Value| value.to_string().chars().count();
                let size: usize = role.policies.values().map(size).sum();
                found.extend(over(
                    format!("characters in the policies of {at}"),
                    0,
                    size,
                    ROLE_POLICIES,
                    "watch fewer places",
                ));
            }
            _ => {}
        }
    }
    let created = |kind: Kind| {
        let changes = plan.changes.iter();
        changes
            .filter(|change| change.key.kind == kind && change.action == Action::Create)
            .count()
    };
    if created(Kind::Trail) > 0 {
        found.extend(over(
            format!("trails at {}", plan.home),
            trails,
            trails + created(Kind::Trail),
            TRAILS,
            "delete a trail that nobody needs, or let one of them record all management events in all Regions and \
             write `trail: existing-or-create`",
        ));
    }
    found
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
