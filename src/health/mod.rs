//! Whether what is deployed would bring an alert to its readers: every link, judged as it stands.

mod dependents;
mod feed;
mod leftovers;
mod links;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::aws::{CallError, Cloud};
use crate::diagnostic::{shell_word, shown};
use crate::place::{Place, StackName};
use crate::placement::Desired;
use crate::plan::{self, Action, Change, Conflict, Deployment, Plan, PlanOptions};
use crate::resources::{Kind, Owner, Resource, ResourceKey};
use crate::rules::RuleId;

pub use feed::{Gap, gap};
pub use leftovers::default_buses;
pub use links::MISSING;

/// The version of the JSON form of [`Health`].
pub const FORMAT_VERSION: u32 = 1;

/// Whether what is deployed is healthy, and everything that is not as it must be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Health {
    /// The version of the JSON form: [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The rules file's name.
    pub name: StackName,
    /// Where alerts are raised.
    pub home: Place,
    /// Whether anything of it stands; what outlives a deployment, such as a bucket of log files, does not count.
    pub deployed: bool,
    /// Whether nothing was found that loses or weakens anything.
    pub healthy: bool,
    /// How many enabled rules the rules file has.
    pub rules: usize,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
}

/// One thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub weight: Weight,
    /// Where, if it is in one place.
    pub place: Option<Place>,
    /// What, as plans name it.
    pub what: String,
    /// What is wrong with it.
    pub problem: String,
    /// Since when, ISO 8601 in UTC, if AWS tells.
    pub since: Option<String>,
    /// What follows from the problem, such as that alerts are lost.
    pub consequence: String,
    /// The rules that are concerned: whose alerts are lost, where alerts are.
    pub rules: Vec<RuleId>,
    /// What the user can do about it.
    pub remedy: String,
    /// What to add somewhere, such as a policy statement.
    pub document: Option<Value>,
}

/// How bad a finding is. The order is that of the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Alerts do not reach all of their readers.
    LosesAlerts,
    /// Alerts arrive, but a safeguard is gone.
    Weakens,
    /// It may not be looked at. Alone this does not make a deployment unhealthy.
    Unknown,
}

/// Judges a deployment, and looks at what plans do not read: queues of dead letters, receivers' queues, keys of default
/// buses, leftovers of tests. Writes nothing. `now_ms`: Unix milliseconds.
///
/// # Errors
/// What AWS says, except about other people's queues.
pub async fn health(
    cloud: &Cloud,
    deployment: Deployment<'_>,
    now_ms: i64,
) -> Result<Health, CallError> {
    let mut findings = judged(deployment);
    findings.extend(leftovers::look(cloud, deployment, now_ms).await?);
    findings.sort_by(|a, b| (a.weight, &a.place, &a.what).cmp(&(b.weight, &b.place, &b.what)));
    let patterns = deployment.patterns.iter();
    let enabled: BTreeSet<&RuleId> = patterns.map(|pattern| &pattern.rule).collect();
    Ok(Health {
        format_version: FORMAT_VERSION,
        name: deployment.stack.clone(),
        home: deployment.desired.home.clone(),
        deployed: stands(deployment),
        healthy: findings.iter().all(|f| f.weight == Weight::Unknown),
        rules: enabled.len(),
        findings,
    })
}

/// Whether anything stands of a deployment, or others stand where it would.
fn stands(deployment: Deployment<'_>) -> bool {
    let mut live = deployment.live.iter();
    deployment.difference.is_err()
        || live.any(|live| live.owner == Owner::Ours && !live.key.kind.facts().is_kept())
}

/// What can be said without another look at AWS.
fn judged(deployment: Deployment<'_>) -> Vec<Finding> {
    let found = of_resources(deployment).into_iter();
    let found = found.map(|(_, finding)| finding);
    found.chain(feed::judge(deployment)).collect()
}

/// What is not as it must be with resources of ours, each by its key: what can be said without another look at AWS.
pub fn of_resources(deployment: Deployment<'_>) -> Vec<(ResourceKey, Finding)> {
    let Deployment {
        stack,
        desired,
        live,
        ..
    } = deployment;
    let mut findings = Vec::new();
    let plan = match deployment.difference {
        Ok(plan) => Some(plan.clone()),
        Err(conflicts) => {
            let named = conflicts.iter();
            findings.extend(named.map(|c| (c.key.clone(), foreign(c, desired, stack))));
            // What has lost its tag works all the same: it is judged by what it does.
            let mut live = live.to_vec();
            for live in &mut live {
                if conflicts.iter().any(|conflict| conflict.key == live.key) {
                    live.owner = Owner::Ours;
                }
            }
            let plan = plan::plan(stack, desired, &live, &PlanOptions::default()).ok();
            plan.map(|plan| Plan {
                changes: plan
                    .changes
                    .into_iter()
                    .filter(|change| !is_unseen(change, conflicts))
                    .collect(),
                ..plan
            })
        }
    };
    let dependents = dependents::Dependents::of(desired, deployment.patterns);
    let foreign = plan::foreign_statements::found(stack, desired, live);
    let uninvited = foreign
        .iter()
        .map(|found| (found.bus.clone(), uninvited(found, &dependents)));
    findings.extend(uninvited);
    if let Some(plan) = plan {
        findings.extend(links::judge(&plan, deployment, &dependents));
    }
    findings
}

/// A statement of somebody else's on the home bus.
fn uninvited(
    found: &plan::foreign_statements::Found,
    dependents: &dependents::Dependents<'_>,
) -> Finding {
    let (weight, consequence, rules) = if found.loses_alerts() {
        let consequence = "events do not come to the detectors";
        (
            Weight::LosesAlerts,
            consequence,
            dependents.rules(&found.bus),
        )
    } else {
        let consequence = "what others send can raise alerts";
        (Weight::Weakens, consequence, Vec::new())
    };
    Finding {
        weight,
        place: Some(found.bus.place.clone()),
        what: found.bus.to_string(),
        problem: found.problem(),
        since: None,
        consequence: consequence.to_owned(),
        rules,
        remedy: found.remedy(),
        document: Some(found.statement.clone()),
    }
}

/// What hangs on a topic or bus that is not ours is not read: it may well be there.
fn is_unseen(change: &Change, conflicts: &[Conflict]) -> bool {
    let hangs = |key: &ResourceKey| match &change.after {
        Some(Resource::Subscription(_)) => key.kind == Kind::Topic,
        Some(Resource::Rule(_)) => key.kind == Kind::Bus,
        _ => false,
    };
    let needs = change.after.iter().flat_map(|r| r.needs(&change.key.place));
    change.action == Action::Create
        && needs
            .filter(|key| hangs(key))
            .any(|key| conflicts.iter().any(|conflict| conflict.key == key))
}

fn foreign(conflict: &Conflict, desired: &Desired, stack: &StackName) -> Finding {
    let owner = match &conflict.owner {
        Owner::Stack(name) => format!("it carries the tag of the rules file {}", shown(name)),
        Owner::Stranger => "it is in another account, or may not be looked at".to_owned(),
        Owner::Nobody | Owner::Ours => "it does not carry our tag".to_owned(),
    };
    Finding {
        weight: Weight::Weakens,
        place: Some(conflict.key.place.clone()),
        what: conflict.key.to_string(),
        problem: owner,
        since: None,
        consequence: "apply refuses to touch it, and with it everything else".to_owned(),
        rules: dependents::Dependents::named(desired, &conflict.key),
        remedy: if conflict.owner == Owner::Nobody {
            format!(
                "if it is yours, `iamwatch apply --adopt {}` tags it `{}={stack}`; otherwise delete or rename it",
                shell_word(&plan::adopt::written(&conflict.key)),
                crate::resources::STACK_TAG
            )
        } else {
            "give this rules file another `name`, or delete or rename what stands there".to_owned()
        },
        document: None,
    }
}
