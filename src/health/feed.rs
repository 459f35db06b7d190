//! Whether some trail records what the rules watch.

use std::collections::BTreeSet;

use super::{Deployment, Finding, Weight};
use crate::cloudtrail::Selected;
use crate::place::{Arn, Place};
use crate::placement::TrailSource;
use crate::resources::trail::TrailFacts;
use crate::resources::{Kind, Owner, ResourceKey, names};
use crate::rules::RuleId;

/// Rules whose events no trail brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The rules that do not hear of all that they want.
    pub rules: BTreeSet<RuleId>,
    /// Which trail lacks what.
    pub problem: String,
    /// What the user can do about it.
    pub remedy: String,
}

/// What no trail brings from the home account, or from the other accounts of its organization.
pub fn gap(deployment: Deployment<'_>, at_home: bool) -> Option<Gap> {
    let needs = deployment.needs();
    let trails = &deployment.account_facts.trails;
    let rules = needs.unheard(trails, at_home);
    if rules.is_empty() {
        return None;
    }
    let wanted = ours(deployment);
    let found = wanted.and_then(|arn| trails.iter().find(|found| found.arn == *arn));
    let judged: Vec<&TrailFacts> = match found {
        Some(found) => vec![found],
        None => trails.iter().collect(),
    };
    let lacking = judged.iter().map(|found| {
        let missed = needs.missed_at(found, at_home);
        let lacks: Vec<String> = missed.iter().map(|m| m.lack.to_string()).collect();
        format!("the trail {} {}", found.arn, lacks.join(", "))
    });
    let mut problems: Vec<String> = lacking.collect();
    if let (Some(arn), None) = (wanted, found) {
        problems.push(format!("the trail {arn} does not exist"));
    }
    if problems.is_empty() {
        problems.push("no trail records the organization".to_owned());
    }
    Some(Gap {
        rules,
        problem: problems.join("; "),
        remedy: remedy(deployment, found.or(judged.first().copied())).to_owned(),
    })
}

/// The trail of ours that is to feed the rules, if one is.
fn ours(deployment: Deployment<'_>) -> Option<&Arn> {
    match &deployment.desired.feed {
        TrailSource::Ours(arn) => Some(arn),
        TrailSource::Existing(_) | TrailSource::Nobody { .. } => None,
    }
}

/// What to do where trails do not bring every event; `found` is one that lacks something.
fn remedy(deployment: Deployment<'_>, found: Option<&TrailFacts>) -> &'static str {
    match (&deployment.desired.feed, found) {
        (TrailSource::Nobody { .. }, Some(_)) => {
            "mend the trail, or write `trail: existing-or-create` and run `iamwatch apply`"
        }
        (TrailSource::Nobody { .. }, None) => {
            "write `trail: existing-or-create` and run `iamwatch apply`"
        }
        (TrailSource::Ours(arn), Some(found)) if *arn == found.arn => {
            "run `iamwatch apply`, which mends it"
        }
        (TrailSource::Existing(_) | TrailSource::Ours(_), Some(_)) => {
            "mend the trail, or run `iamwatch apply`, which makes one"
        }
        (TrailSource::Existing(_) | TrailSource::Ours(_), None) => {
            "run `iamwatch apply`, which makes one"
        }
    }
}

pub(super) fn judge(deployment: Deployment<'_>) -> Vec<Finding> {
    let Deployment {
        desired,
        account_facts,
        ..
    } = deployment;
    let mut findings = Vec::new();
    // What is ours in this account is compared like any resource: there the difference is told.
    let ours_is_there = account_facts.trails.iter().any(|found| {
        found.owner == Owner::Ours
            && matches!(&desired.feed, TrailSource::Ours(arn) if *arn == found.arn)
            && desired.has_trail()
    });
    if !is_fed(deployment) && !ours_is_there {
        findings.extend(unfed(deployment));
    }
    findings.extend(unrecorded(deployment));
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
        ..
    } = deployment;
    let finding = |place, what: String, problem: String, since, found| Finding {
        weight: Weight::LosesAlerts,
        place,
        what,
        problem,
        since,
        consequence: "no alert can come of what no trail records".to_owned(),
        rules: lost_to(found, deployment),
        remedy: remedy(deployment, found).to_owned(),
        document: None,
    };
    // One of ours that is gone is named: the organization may have others.
    if let TrailSource::Ours(arn) = &desired.feed
        && account_facts.organization.is_some()
        && !desired.has_trail()
        && !account_facts.trails.iter().any(|found| found.arn == *arn)
    {
        let what = format!("trail {}", names::trail(arn));
        let place = Some(desired.home.clone());
        let problem = "it does not exist in the organization's management account";
        return vec![finding(place, what, problem.to_owned(), None, None)];
    }
    if account_facts.trails.is_empty() {
        return vec![finding(
            Some(desired.home.clone()),
            "trail".to_owned(),
            "the account has none".to_owned(),
            None,
            None,
        )];
    }
    let needs = deployment.needs();
    let trails = account_facts.trails.iter().map(|found| {
        let lacks = needs.unmet_by(found);
        let lacks: Vec<String> = lacks.iter().map(ToString::to_string).collect();
        let since = found.stopped_since.clone().filter(|_| !found.trail.logging);
        finding(
            Some(place(found, deployment)),
            format!("trail {}", found.trail.name),
            format!("it {}", lacks.join(", and it ")),
            since,
            Some(found),
        )
    });
    trails.collect()
}

/// What rules want beyond management events, and no trail records: of what some trail records in part, its selectors are
/// the user's choice.
fn unrecorded(deployment: Deployment<'_>) -> Vec<Finding> {
    let partition = deployment.home.partition().id();
    let missed = deployment.unrecorded().into_iter().filter_map(|found| {
        let events = &found.events;
        let (weight, problem, remedy) = match found.selected {
            Selected::Nothing => (
                Weight::LosesAlerts,
                format!("none records {events}"),
                events.remedy(partition),
            ),
            Selected::Unknown => (
                Weight::Unknown,
                format!("whether one records {events} cannot be seen from this account"),
                "ask whoever keeps the trail whether its event selectors name them".to_owned(),
            ),
            Selected::Partly | Selected::Wholly => return None,
        };
        Some(Finding {
            weight,
            place: None,
            what: "trails".to_owned(),
            problem,
            since: None,
            consequence: match weight {
                Weight::Unknown => "alerts of them may never come".to_owned(),
                _ => "no alert of them can come".to_owned(),
            },
            rules: found.rules,
            remedy,
            document: None,
        })
    });
    missed.collect()
}

/// Whether trails, ours or not, bring every event that the rules want.
pub(super) fn is_fed(deployment: Deployment<'_>) -> bool {
    lost_to(None, deployment).is_empty()
}

/// The rules that lose alerts by what a trail lacks, or by the want of one, sorted: another may bring the events.
pub(super) fn lost_to(found: Option<&TrailFacts>, deployment: Deployment<'_>) -> Vec<RuleId> {
    let trails = &deployment.account_facts.trails;
    let rules = deployment.needs().lost_to(trails, found);
    rules.into_iter().collect()
}

/// The live trail of a key of ours.
pub(super) fn trail<'a>(key: &ResourceKey, deployment: Deployment<'a>) -> Option<&'a TrailFacts> {
    let mut trails = deployment.account_facts.trails.iter();
    trails.find(|found| {
        let owner = found.arn.account();
        key.kind == Kind::Trail
            && found.trail.name == key.name
            && owner == key.place.account().as_str()
    })
}

/// Where a trail stands: that of an organization in its management account.
fn place(found: &TrailFacts, deployment: Deployment<'_>) -> Place {
    let owner = found.arn.account().parse();
    Place::Regional {
        account: owner.unwrap_or_else(|_| deployment.account_facts.account.clone()),
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
