//! Resources that are missing, changed or left over: what a plan would mend, seen by its readers.

use super::dependents::Dependents;
use super::{APPLY, Deployment, Finding, Weight, feed, loss};
use crate::plan::{Action, Change, Plan, words};
use crate::resources::{Kind, Resource, ResourceKey};

pub(super) fn judge(
    plan: &Plan,
    deployment: Deployment<'_>,
    dependents: &Dependents<'_>,
) -> Vec<Finding> {
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
        .filter(|change| !(replaced && matches!(change.key.kind, Kind::Trail | Kind::Bucket)));
    let changes = changes.flat_map(|change| changed(change, deployment, dependents));
    let waiting = plan.waiting.iter().map(|key| pending(key, dependents));
    let orphans = plan.orphans.iter().filter_map(orphan);
    changes.chain(waiting).chain(orphans).collect()
}

/// One finding for what loses alerts and one for what only weakens.
fn changed(
    change: &Change,
    deployment: Deployment<'_>,
    dependents: &Dependents<'_>,
) -> Vec<Finding> {
    let key = &change.key;
    let finding = |weight, problem: String| {
        let trail_stands_in = key.kind == Kind::Trail || key.kind == Kind::Bucket;
        let weight = match weight {
            // Another trail brings the events all the same.
            Weight::LosesAlerts if trail_stands_in && feed::is_fed(deployment) => Weight::Weakens,
            weight => weight,
        };
        Finding {
            weight,
            place: Some(key.place.clone()),
            what: key.to_string(),
            problem,
            since: feed::stopped_since(key, deployment),
            consequence: consequence(key, weight, deployment, dependents),
            rules: dependents.rules(key),
            remedy: APPLY.to_owned(),
            document: None,
        }
    };
    match change.action {
        Action::Create => {
            let weight = match key.kind {
                Kind::Queue => Weight::Weakens,
                _ => Weight::LosesAlerts,
            };
            vec![finding(weight, "it does not exist".to_owned())]
        }
        // Detectors on the bus of another shape of the deployment: the new ones alert as well.
        Action::Delete => vec![finding(
            Weight::Weakens,
            "it is a detector on a bus that is no longer used".to_owned(),
        )],
        Action::Update | Action::Replace => {
            let (lost, weak): (Vec<_>, Vec<_>) = change
                .attributes
                .iter()
                .partition(|attribute| loss::loses_alerts(key.kind, attribute));
            [(Weight::LosesAlerts, lost), (Weight::Weakens, weak)]
                .into_iter()
                .filter(|(_, attributes)| !attributes.is_empty())
                .map(|(weight, attributes)| {
                    let mut said: Vec<String> = attributes
                        .iter()
                        .map(|attribute| words::describe(key.kind, attribute))
                        .collect();
                    said.dedup();
                    finding(weight, said.join("; "))
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
    let desired = deployment.desired;
    if weight != Weight::LosesAlerts {
        return match key.kind {
            Kind::Queue => "alerts that cannot be delivered are not kept",
            Kind::Trail | Kind::Bucket => {
                "events arrive, but their record is less than it should be"
            }
            _ => "alerts arrive; it is not as the rules file says",
        }
        .to_owned();
    }
    let regions = dependents.regions(key);
    match key.kind {
        Kind::Rule | Kind::Role if !regions.is_empty() => {
            let mut names: Vec<&str> = regions.iter().map(|region| region.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            format!(
                "events of {} do not come to the detectors",
                names.join(", ")
            )
        }
        Kind::Subscription => format!("{} gets no alert, or not all", reader(key)),
        Kind::Trail => "EventBridge hears of no API call".to_owned(),
        Kind::Bucket => {
            "CloudTrail may fail to deliver log files, or let others read them".to_owned()
        }
        Kind::Bus => "no event reaches a detector, or anybody can send some".to_owned(),
        Kind::Topic => {
            "alerts may not dependents the topic, or others can publish to it".to_owned()
        }
        Kind::EncryptionKey => "EventBridge cannot publish to the encrypted topics".to_owned(),
        Kind::Rule if desired.is_forwarder(key) => "events do not come to the detectors".to_owned(),
        _ => "alerts are lost".to_owned(),
    }
}

fn pending(key: &ResourceKey, dependents: &Dependents<'_>) -> Finding {
    Finding {
        weight: Weight::LosesAlerts,
        place: Some(key.place.clone()),
        what: key.to_string(),
        problem: "it is not confirmed".to_owned(),
        since: None,
        consequence: format!("{} gets no alert", reader(key)),
        rules: dependents.rules(key),
        remedy: "the receiver follows the link that AWS sent; after 48 hours AWS drops the subscription, and \
                 `iamwatch apply` asks again"
            .to_owned(),
        document: None,
    }
}

/// What is left over and still acts; kept trails, buckets and keys do no harm.
fn orphan(key: &ResourceKey) -> Option<Finding> {
    let consequence = match key.kind {
        Kind::Rule => "it still alerts, or forwards, although the rules file does not ask for it",
        Kind::Subscription => "a receiver whom the rules file does not name still gets alerts",
        _ => return None,
    };
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

/// `email security@example.com`, from `topic/email/security@example.com`.
fn reader(key: &ResourceKey) -> String {
    let rest = key.name.split_once('/').map_or("", |(_, rest)| rest);
    rest.replacen('/', " ", 1)
}
