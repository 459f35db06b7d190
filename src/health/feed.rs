//! Whether some trail records what the rules watch.

use super::{Deployment, Finding, Weight};
use crate::place::Place;
use crate::placement::{self, TrailSource};
use crate::resources::trail::TrailFacts;
use crate::resources::{Kind, Owner, ResourceKey};

pub(super) fn judge(deployment: Deployment<'_>) -> Vec<Finding> {
    let Deployment {
        desired,
        account_facts,
        ..
    } = deployment;
    let mut findings = Vec::new();
    let ours_is_there = account_facts.trails.iter().any(|found| {
        found.owner == Owner::Ours
            && matches!(&desired.feed, TrailSource::Ours(arn) if *arn == found.arn)
    });
    if !is_fed(deployment) && !ours_is_there {
        findings.extend(unfed(deployment));
    }
    let used = |found: &&TrailFacts| match &desired.feed {
        TrailSource::Existing(arn) | TrailSource::Ours(arn) => *arn == found.arn,
        TrailSource::Nobody { .. } => false,
    };
    for found in account_facts.trails.iter().filter(used) {
        if let Some(error) = &found.delivery_error {
            findings.push(Finding {
                weight: Weight::Weakens,
                place: Some(place(found, deployment)),
                what: format!("trail {}", found.trail.name),
                problem: format!(
                    "CloudTrail cannot deliver log files to {}: {error}",
                    found.trail.bucket
                ),
                since: found.delivery_failing_since.clone(),
                consequence: "what happened is not on record".to_owned(),
                rules: Vec::new(),
                remedy: delivery_remedy(error, &desired.feed),
                document: None,
            });
        }
    }
    findings
}

/// Nothing feeds the rules, and it is no trail of ours that could be mended.
fn unfed(deployment: Deployment<'_>) -> Vec<Finding> {
    let Deployment {
        desired,
        account_facts,
        patterns,
        ..
    } = deployment;
    let rules: Vec<_> = desired.detectors.keys().cloned().collect();
    let remedy = match &desired.feed {
        TrailSource::Nobody { .. } => {
            "mend the trail, or write `trail: existing-or-create` and run `iamwatch apply`"
        }
        TrailSource::Existing(_) | TrailSource::Ours(_) => {
            "mend the trail, or run `iamwatch apply`, which makes one"
        }
    };
    let finding = |place, what: String, problem: String, since| Finding {
        weight: Weight::LosesAlerts,
        place,
        what,
        problem,
        since,
        consequence: "no alert can come of what no trail records".to_owned(),
        rules: rules.clone(),
        remedy: remedy.to_owned(),
        document: None,
    };
    if account_facts.trails.is_empty() {
        return vec![finding(
            Some(desired.home.clone()),
            "trail".to_owned(),
            "the account has none".to_owned(),
            None,
        )];
    }
    let trails = account_facts.trails.iter().map(|found| {
        let lacks = placement::unfit(found, patterns, &desired.topology.listening);
        let lacks: Vec<String> = lacks.iter().map(ToString::to_string).collect();
        let since = found.stopped_since.clone().filter(|_| !found.trail.logging);
        finding(
            Some(place(found, deployment)),
            format!("trail {}", found.trail.name),
            format!("it {}", lacks.join(", and it ")),
            since,
        )
    });
    trails.collect()
}

/// Whether some trail, ours or not, brings every event that the rules want.
pub(super) fn is_fed(deployment: Deployment<'_>) -> bool {
    let listening = &deployment.desired.topology.listening;
    let mut trails = deployment.account_facts.trails.iter();
    trails.any(|found| placement::unfit(found, deployment.patterns, listening).is_empty())
}

/// When the trail of a key was stopped, if it is.
pub(super) fn stopped_since(key: &ResourceKey, deployment: Deployment<'_>) -> Option<String> {
    let mut trails = deployment.account_facts.trails.iter();
    let found = trails.find(|found| {
        key.kind == Kind::Trail && found.trail.name == key.name && !found.trail.logging
    })?;
    found.stopped_since.clone()
}

fn place(found: &TrailFacts, deployment: Deployment<'_>) -> Place {
    Place::Regional {
        account: deployment.account_facts.account.clone(),
        region: found.home.clone(),
    }
}

/// Source: GetTrailStatus, `LatestDeliveryError`: the code is S3's.
fn delivery_remedy(error: &str, feed: &TrailSource) -> String {
    let ours = matches!(feed, TrailSource::Ours(_));
    match error {
        "NoSuchBucket" if ours => "run `iamwatch apply`, which makes the bucket again".to_owned(),
        "AccessDenied" if ours => {
            "run `iamwatch apply`, which writes the bucket's policy again".to_owned()
        }
        "NoSuchBucket" => "create the bucket, or let the trail write to another".to_owned(),
        "AccessDenied" => {
            "let the bucket's policy (and the key's) admit cloudtrail.amazonaws.com".to_owned()
        }
        _ => "look at the trail in the CloudTrail console".to_owned(),
    }
}
