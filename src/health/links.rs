//! Resources that are missing, changed or left over: what a plan would mend, seen by its readers.

use super::dependents::Dependents;
use super::{Deployment, Finding, Weight, feed};
use crate::plan::{Action, Change, Plan};
use crate::resources::{Affected, Impact, Kind, Resource, ResourceKey, Stretch};

/// What is wrong with a resource that is to be created.
pub const MISSING: &str = "it does not exist";

pub(super) fn judge(
    plan: &Plan,
    deployment: Deployment<'_>,
    dependents: &Dependents<'_>,
) -> Vec<(ResourceKey, Finding)> {
    let creates = |key: &ResourceKey| {
        let mut changes = plan.changes.iter();
        changes.any(|c| c.action == Action::Create && c.key == *key)
    };
    // A trail that never was: what the account's own trails lack is said of them.
    let bucketless = plan.changes.iter().any(|change| {
        matches!(&change.after, Some(trail @ Resource::Trail(_))
            if trail.needs(&change.key.place).iter().all(creates) && creates(&change.key))
    });
    let replaced = bucketless && !feed::is_fed(deployment);
    let changes = plan
        .changes
        .iter()
        .filter(|change| !(replaced && change.key.kind.facts().stretch == Stretch::Feed));
    let changes = changes.flat_map(|change| {
        let findings = changed(change, plan, deployment, dependents).into_iter();
        findings.map(move |finding| (change.key.clone(), finding))
    });
    let waiting = plan.waiting.iter();
    let waiting = waiting.map(|key| (key.clone(), pending(key, dependents)));
    let orphans = plan.orphans.iter();
    let orphans = orphans.filter_map(|key| Some((key.clone(), orphan(key)?)));
    changes.chain(waiting).chain(orphans).collect()
}

/// One finding for what loses alerts and one for what only weakens.
fn changed(
    change: &Change,
    plan: &Plan,
    deployment: Deployment<'_>,
    dependents: &Dependents<'_>,
) -> Vec<Finding> {
    let key = &change.key;
    let facts = key.kind.facts();
    let trail = feed::trail(key, deployment);
    let finding = |impact: Impact, problem: String| {
        // Another trail brings the events all the same.
        let stands_in = facts.stretch == Stretch::Feed && feed::is_fed(deployment);
        let weight = match impact {
            Impact::Alert if !stands_in => Weight::LosesAlerts,
            Impact::Alert | Impact::Safeguard | Impact::Cosmetic => Weight::Weakens,
        };
        Finding {
            weight,
            place: Some(key.place.clone()),
            what: key.to_string(),
            problem,
            since: trail
                .filter(|trail| !trail.trail.logging)
                .and_then(|trail| trail.stopped_since.clone()),
            consequence: match trail {
                // One that records still brings what it does not leave out.
                Some(trail) if weight == Weight::LosesAlerts && trail.trail.logging => {
                    "EventBridge does not hear of what it leaves out".to_owned()
                }
                _ => consequence(key, weight, deployment, dependents),
            },
            rules: match key.kind {
                Kind::Trail if weight == Weight::LosesAlerts => feed::lost_to(trail, deployment),
                _ => dependents.rules(key),
            },
            remedy: plan.remedy(change),
            document: None,
        }
    };
    match change.action {
        Action::Create => vec![finding(facts.missing, MISSING.to_owned())],
        // Detectors on the bus of another shape of the deployment: the new ones alert as well.
        Action::Delete => vec![finding(
            Impact::Cosmetic,
            "it is a detector on a bus that is no longer used".to_owned(),
        )],
        Action::Update | Action::Replace => {
            let (lost, weak): (Vec<_>, Vec<_>) = change
                .attributes
                .iter()
                .partition(|attribute| facts.impact_of(attribute) == Impact::Alert);
            [(Impact::Alert, lost), (Impact::Cosmetic, weak)]
                .into_iter()
                .filter(|(_, attributes)| !attributes.is_empty())
                .map(|(impact, attributes)| {
                    let mut said: Vec<String> = attributes
                        .iter()
                        .map(|attribute| facts.describe(attribute))
                        .collect();
                    said.dedup();
                    finding(impact, said.join("; "))
                })
                .collect()
        }
    }
}

/// What follows for those who wait for alerts.
fn consequence(
    key: &ResourceKey,
    weight: Weight,
    deployment: Deployment<'_>,
    dependents: &Dependents<'_>,
) -> String {
    let facts = key.kind.facts();
    if weight != Weight::LosesAlerts {
        return facts.drift.to_owned();
    }
    let mut regions: Vec<&str> = dependents
        .regions(key)
        .into_iter()
        .map(|region| region.as_str())
        .collect();
    regions.sort_unstable();
    regions.dedup();
    (facts.loss)(&Affected {
        key,
        regions: &regions,
        forwards: deployment.desired.is_forwarder(key),
    })
}

fn pending(key: &ResourceKey, dependents: &Dependents<'_>) -> Finding {
    Finding {
        weight: Weight::LosesAlerts,
        place: Some(key.place.clone()),
        what: key.to_string(),
        problem: "it is not confirmed".to_owned(),
        since: None,
        consequence: format!("{} gets no alert", Affected::reader(key)),
        rules: dependents.rules(key),
        remedy: "the receiver follows the link that AWS sent; after 48 hours AWS drops the subscription, and \
                 `iamwatch apply` asks again"
            .to_owned(),
        document: None,
    }
}

/// What is left over and still acts; kept trails, buckets and keys do no harm.
fn orphan(key: &ResourceKey) -> Option<Finding> {
    let consequence = key.kind.facts().leftover?;
    Some(Finding {
        weight: Weight::Weakens,
        place: Some(key.place.clone()),
        what: key.to_string(),
        problem: "it is no longer wanted".to_owned(),
        since: None,
        consequence: consequence.to_owned(),
        rules: Vec::new(),
        remedy: "run `iamwatch apply --prune`".to_owned(),
        document: None,
    })
}
