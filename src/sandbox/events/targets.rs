//! EventBridge: the targets of rules.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::invalid;
use super::names::{bus_name, is_bus, is_plain};
use super::rules::rule;
use super::state::Target;
use super::transform;
use crate::place::{Arn, Partition};
use crate::sandbox::common::page;
use crate::sandbox::delivery;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// How many targets a rule may have.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const PER_RULE: usize = 5;

const PER_CALL: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutTargets {
    rule: String,
    event_bus_name: Option<String>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RemoveTargets {
    rule: String,
    event_bus_name: Option<String>,
    ids: Vec<String>,
    #[serde(default, rename = "Force")]
    _force: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListTargets {
    rule: String,
    event_bus_name: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RulesOf {
    target_arn: String,
    event_bus_name: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

pub(super) fn put(world: &mut World, site: &Site, put: PutTargets) -> Result<Value, ApiError> {
    if !(1..=PER_CALL).contains(&put.targets.len()) {
        return Err(invalid(
            "1 validation error detected: Value at 'targets' failed to satisfy constraint: Member must have length between 1 and 10",
        ));
    }
    for target in &put.targets {
        check(world, site, target)?;
    }
    let rule = rule(world, site, put.event_bus_name.as_deref(), &put.rule)?;
    let theirs = |arn: &str| is_bus(arn) && !arn.contains(&format!(":{}:", site.account));
    let mut failed = Vec::new();
    for mut target in put.targets {
        let count = rule.targets.len();
        // A bus of another account keeps its role where the call gives none.
        // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
        let same = |known: &&Target| known.id == target.id && known.arn == target.arn;
        if theirs(&target.arn) {
            let known = rule.targets.iter().find(same);
            let role = known.and_then(|known| known.role_arn.clone());
            target.role_arn = target.role_arn.or(role);
        }
        match rule.targets.iter_mut().find(|t| t.id == target.id) {
            Some(known) => *known = target,
            None if count < PER_RULE => rule.targets.push(target),
            None => failed.push(json!({
                "TargetId": target.id,
                "ErrorCode": "LimitExceededException",
                "ErrorMessage": "The requested resource exceeds the maximum number allowed.",
            })),
        }
    }
    Ok(json!({"FailedEntryCount": failed.len(), "FailedEntries": failed}))
}

/// What makes AWS refuse the whole call.
fn check(world: &World, site: &Site, target: &Target) -> Result<(), ApiError> {
    let id_fits = (1..=64).contains(&target.id.len()) && is_plain(&target.id);
    if !id_fits {
        return Err(invalid(format!(
            "1 validation error detected: Value '{}' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
            target.id
        )));
    }
    let Ok(arn) = target.arn.parse::<Arn>() else {
        return Err(invalid(format!(
            "Parameter {} is not valid. Reason: Provided Arn is not in correct format.",
            target.arn
        )));
    };
    let to_bus = is_bus(&target.arn);
    if !delivery::takes(world, &target.arn) {
        let what = format!("targets of service `{}`", arn.service());
        return Err(ApiError::unsupported(what));
    }
    // A state machine has no policy that could let EventBridge in.
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
    if arn.service() == "states" && target.role_arn.is_none() {
        let what = format!("RoleArn is required for target {}.", target.arn);
        return Err(invalid(what));
    }
    // Only buses can be reached in another Region.
    if !to_bus && arn.region() != site.region.as_str() {
        return Err(invalid("Cross-region api call is not allowed."));
    }
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html
    if to_bus && arn.region() != site.region.as_str() && site.region.partition() == Partition::China
    {
        return Err(invalid(
            "Cross-region event bus targets are not supported in this Region.",
        ));
    }
    let inputs = usize::from(target.input.is_some())
        + usize::from(target.input_path.is_some())
        + usize::from(target.input_transformer.is_some());
    // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
    if inputs > 0 && to_bus {
        return Err(invalid(format!(
            "Input, InputPath and InputTransformer are not available for target {}, an event bus.",
            target.id
        )));
    }
    if inputs > 1 {
        return Err(invalid(format!(
            "Only one of Input, InputPath, or InputTransformer must be provided for target {}.",
            target.id
        )));
    }
    if let Some(text) = &target.input
        && serde_json::from_str::<Value>(text).is_err()
    {
        return Err(invalid(format!(
            "JSON syntax error in input for target {}.",
            target.id
        )));
    }
    if let Some(path) = &target.input_path {
        transform::check_path(path).map_err(|reason| {
            invalid(format!(
                "InputPath for target {} is invalid: {reason}",
                target.id
            ))
        })?;
    }
    if let Some(transformer) = &target.input_transformer {
        transform::check(&target.id, transformer).map_err(invalid)?;
    }
    if let Some(retry) = &target.retry_policy {
        let attempts = retry.maximum_retry_attempts.unwrap_or(0);
        let age = retry.maximum_event_age_in_seconds.unwrap_or(60);
        if !(0..=185).contains(&attempts) || !(60..=86_400).contains(&age) {
            return Err(invalid(format!(
                "RetryPolicy of target {} is out of range: attempts 0 to 185, age 60 to 86400 seconds.",
                target.id
            )));
        }
    }
    let queue = target
        .dead_letter_config
        .as_ref()
        .and_then(|c| c.arn.as_ref());
    let here = site.arn("sqs", "");
    if queue.is_some_and(|arn| !arn.starts_with(&here)) {
        return Err(invalid(format!(
            "Parameter DeadLetterConfig of target {} is not valid. Reason: Provided Arn is not an SQS queue of this account and Region.",
            target.id
        )));
    }
    Ok(())
}

pub(super) fn remove(
    world: &mut World,
    site: &Site,
    remove: &RemoveTargets,
) -> Result<Value, ApiError> {
    let rule = rule(world, site, remove.event_bus_name.as_deref(), &remove.rule)?;
    let mut failed = Vec::new();
    for id in &remove.ids {
        if !rule.targets.iter().any(|target| target.id == *id) {
            failed.push(json!({
                "TargetId": id,
                "ErrorCode": "ResourceNotFoundException",
                "ErrorMessage": format!("Rule {} does not have a target with the Id {id}.", remove.rule),
            }));
        }
    }
    rule.targets
        .retain(|target| !remove.ids.contains(&target.id));
    Ok(json!({"FailedEntryCount": failed.len(), "FailedEntries": failed}))
}

pub(super) fn list(world: &mut World, site: &Site, list: &ListTargets) -> Result<Value, ApiError> {
    let rule = rule(world, site, list.event_bus_name.as_deref(), &list.rule)?;
    let all = rule.targets.iter().map(|target| json!(target)).collect();
    // Rules hold five targets at most: pages of two let callers meet a second page.
    let limit = list.limit.unwrap_or(2);
    page("Targets", all, list.next_token.as_deref(), Some(limit))
}

pub(super) fn rules_of(world: &mut World, site: &Site, asked: &RulesOf) -> Result<Value, ApiError> {
    let bus = bus_name(asked.event_bus_name.as_deref().unwrap_or_default());
    let rules = world.events.local.at(site).rules.get(bus);
    let names = rules.into_iter().flatten().filter(|(_, rule)| {
        rule.targets
            .iter()
            .any(|target| target.arn == asked.target_arn)
    });
    let all = names.map(|(name, _)| json!(name)).collect();
    page("RuleNames", all, asked.next_token.as_deref(), asked.limit)
}
