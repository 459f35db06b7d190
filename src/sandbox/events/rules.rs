//! EventBridge: the rules of buses.

use serde::Deserialize;
use serde_json::{Value, json};

use super::buses;
use super::error::invalid;
use super::names::{is_plain, rule_arn};
use super::pattern::Pattern;
use super::state::{Rule, RuleState};
use crate::sandbox::common::{Tag, page};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// Rules per bus, and rules with wildcard patterns per bus.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const RULES: usize = 300;

const WILDCARD_RULES: usize = 30;

/// Characters in a pattern: the default quota, and what the API takes at all.
const PATTERN_QUOTA: usize = 2048;

const PATTERN_API: usize = 4096;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutRule {
    name: String,
    event_pattern: Option<String>,
    state: Option<String>,
    description: Option<String>,
    role_arn: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    event_bus_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct NamedRule {
    name: String,
    event_bus_name: Option<String>,
    #[serde(default, rename = "Force")]
    _force: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListRules {
    name_prefix: Option<String>,
    event_bus_name: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

fn name_is_valid(name: &str) -> bool {
    (1..=64).contains(&name.len()) && is_plain(name)
}

/// The rule of that name, or AWS's answer that there is none.
pub(super) fn rule<'w>(
    world: &'w mut World,
    site: &Site,
    bus: Option<&str>,
    name: &str,
) -> Result<&'w mut Rule, ApiError> {
    let bus = buses::existing(world, site, bus)?;
    let rules = world
        .events
        .local
        .at(site)
        .rules
        .entry(bus.clone())
        .or_default();
    rules.get_mut(name).ok_or_else(|| {
        ApiError::new(
            "ResourceNotFoundException",
            format!("Rule {name} does not exist on EventBus {bus}."),
        )
    })
}

fn parse_state(state: Option<&str>) -> Result<RuleState, ApiError> {
    match state.unwrap_or("ENABLED") {
        "ENABLED" => Ok(RuleState::Enabled),
        "DISABLED" => Ok(RuleState::Disabled),
        "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" => {
            Ok(RuleState::EnabledWithAllCloudtrailManagementEvents)
        }
        other => Err(invalid(format!(
            "1 validation error detected: Value '{other}' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]"
        ))),
    }
}

pub(super) fn parse_pattern(text: &str) -> Result<Pattern, ApiError> {
    Pattern::parse(text).map_err(|reason| {
        ApiError::new(
            "InvalidEventPatternException",
            format!("Event pattern is not valid. Reason: {reason}"),
        )
    })
}

pub(super) fn put(world: &mut World, site: &Site, put: PutRule) -> Result<Value, ApiError> {
    if !name_is_valid(&put.name) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+ and have length between 1 and 64",
            put.name
        )));
    }
    if put
        .description
        .as_ref()
        .is_some_and(|d| d.chars().count() > 512)
    {
        return Err(invalid(
            "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 512",
        ));
    }
    let state = parse_state(put.state.as_deref())?;
    let bus = buses::existing(world, site, put.event_bus_name.as_deref())?;
    let Some(pattern) = put.event_pattern else {
        return Err(invalid(
            "Parameter(s) EventPattern or ScheduleExpression must be specified.",
        ));
    };
    let size = pattern.chars().count();
    if size > PATTERN_API {
        return Err(invalid(
            "1 validation error detected: Value at 'eventPattern' failed to satisfy constraint: Member must have length less than or equal to 4096",
        ));
    }
    let pattern = parse_pattern(&pattern)?;
    if size > PATTERN_QUOTA {
        return Err(ApiError::new(
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed: the event pattern is over 2048 characters.",
        ));
    }
    let rules = world
        .events
        .local
        .at(site)
        .rules
        .entry(bus.clone())
        .or_default();
    let others = || rules.iter().filter(|(name, _)| **name != put.name);
    let wildcards = others().filter(|(_, r)| r.pattern.has_wildcard()).count();
    if others().count() >= RULES || (pattern.has_wildcard() && wildcards >= WILDCARD_RULES) {
        return Err(ApiError::new(
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        ));
    }
    let old = rules.get(&put.name);
    let rule = Rule {
        pattern,
        state,
        description: put.description,
        role_arn: put.role_arn,
        // Tags of an update are ignored, everything else is replaced.
        // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
        tags: old.map_or_else(|| Tag::collect(put.tags), |old| old.tags.clone()),
        targets: old.map(|old| old.targets.clone()).unwrap_or_default(),
        created_by: site.account.clone(),
    };
    rules.insert(put.name.clone(), rule);
    Ok(json!({"RuleArn": rule_arn(site, &bus, &put.name)}))
}

fn shown(site: &Site, bus: &str, name: &str, rule: &Rule) -> Value {
    let mut shown = json!({
        "Name": name,
        "Arn": rule_arn(site, bus, name),
        "EventPattern": rule.pattern.text(),
        "State": rule.state,
        "EventBusName": bus,
    });
    for (key, value) in [
        ("Description", &rule.description),
        ("RoleArn", &rule.role_arn),
    ] {
        if let (Some(shown), Some(value)) = (shown.as_object_mut(), value) {
            shown.insert(key.to_owned(), json!(value));
        }
    }
    shown
}

pub(super) fn describe(
    world: &mut World,
    site: &Site,
    named: &NamedRule,
) -> Result<Value, ApiError> {
    let bus = buses::existing(world, site, named.event_bus_name.as_deref())?;
    let rule = rule(world, site, Some(&bus), &named.name)?;
    let mut shown = shown(site, &bus, &named.name, rule);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("CreatedBy".to_owned(), json!(rule.created_by));
    }
    Ok(shown)
}

pub(super) fn list(world: &mut World, site: &Site, list: &ListRules) -> Result<Value, ApiError> {
    let bus = buses::existing(world, site, list.event_bus_name.as_deref())?;
    let prefix = list.name_prefix.as_deref().unwrap_or_default();
    let rules = world
        .events
        .local
        .at(site)
        .rules
        .entry(bus.clone())
        .or_default();
    let found: Vec<Value> = rules
        .iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, rule)| shown(site, &bus, name, rule))
        .collect();
    page("Rules", found, list.next_token.as_deref(), list.limit)
}

pub(super) fn delete(world: &mut World, site: &Site, named: &NamedRule) -> Result<Value, ApiError> {
    let bus = buses::existing(world, site, named.event_bus_name.as_deref())?;
    let rules = world.events.local.at(site).rules.entry(bus).or_default();
    if rules
        .get(&named.name)
        .is_some_and(|rule| !rule.targets.is_empty())
    {
        return Err(invalid("Rule can't be deleted since it has targets."));
    }
    // Deleting what does not exist succeeds.
    rules.remove(&named.name);
    Ok(json!({}))
}

pub(super) fn set_state(
    world: &mut World,
    site: &Site,
    named: &NamedRule,
    state: RuleState,
) -> Result<Value, ApiError> {
    rule(world, site, named.event_bus_name.as_deref(), &named.name)?.state = state;
    Ok(json!({}))
}
