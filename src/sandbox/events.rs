//! EventBridge: rules and tags; buses, targets and events have rooms of their own.

use serde::Deserialize;
use serde_json::{Value, json};

use super::access::rule_arn;
use super::matching::Pattern;
use super::wire::{ApiError, input};
use super::world::{Rule, RuleState, Site, Strings, World};

pub(super) mod buses;
mod permissions;
mod put;
mod targets;
pub(super) mod transform;

/// Rules per bus, and rules with wildcard patterns per bus.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const RULES: usize = 300;
const WILDCARD_RULES: usize = 30;
/// Characters in a pattern: the default quota, and what the API takes at all.
const PATTERN_QUOTA: usize = 2048;
const PATTERN_API: usize = 4096;
/// How many rules or targets a page holds when no limit is given: few, so that paging is exercised.
pub(super) const PAGE: usize = 10;

pub(crate) fn handle(
    world: &mut World,
    site: &Site,
    operation: &str,
    value: Value,
) -> Result<Value, ApiError> {
    match operation {
        "CreateEventBus" => buses::create(world, site, input(operation, value)?),
        "DescribeEventBus" => buses::describe(world, site, &input(operation, value)?),
        "UpdateEventBus" => buses::update(world, site, input(operation, value)?),
        "DeleteEventBus" => buses::delete(world, site, &input(operation, value)?),
        "ListEventBuses" => buses::list(world, site, &input(operation, value)?),
        "PutPermission" => permissions::put(world, site, input(operation, value)?),
        "RemovePermission" => permissions::remove(world, site, &input(operation, value)?),
        "PutRule" => put_rule(world, site, input(operation, value)?),
        "DescribeRule" => describe_rule(world, site, &input(operation, value)?),
        "ListRules" => list_rules(world, site, &input(operation, value)?),
        "DeleteRule" => delete_rule(world, site, &input(operation, value)?),
        "EnableRule" => set_state(world, site, &input(operation, value)?, RuleState::Enabled),
        "DisableRule" => set_state(world, site, &input(operation, value)?, RuleState::Disabled),
        "PutTargets" => targets::put(world, site, input(operation, value)?),
        "RemoveTargets" => targets::remove(world, site, &input(operation, value)?),
        "ListTargetsByRule" => targets::list(world, site, &input(operation, value)?),
        "ListRuleNamesByTarget" => targets::rules_of(world, site, &input(operation, value)?),
        "TagResource" => tag(world, site, input(operation, value)?),
        "UntagResource" => untag(world, site, &input(operation, value)?),
        "ListTagsForResource" => tags(world, site, &input(operation, value)?),
        "PutEvents" => put::put_events(world, site, input(operation, value)?),
        "TestEventPattern" => put::test_pattern(&input(operation, value)?),
        _ => Err(ApiError::unsupported(operation)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRule {
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
pub(crate) struct Tag {
    key: String,
    value: String,
}

impl Tag {
    /// Tags by key.
    pub fn collect(tags: Vec<Self>) -> Strings {
        tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
    }

    /// Tags as the wire lists them.
    pub fn list(tags: &Strings) -> Value {
        tags.iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct NamedRule {
    name: String,
    event_bus_name: Option<String>,
    #[serde(default, rename = "Force")]
    _force: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRules {
    name_prefix: Option<String>,
    event_bus_name: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tagging {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    #[serde(rename = "Tags")]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Untagging {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    #[serde(rename = "TagKeys", default)]
    tag_keys: Vec<String>,
}

/// A constraint of the API model that the input breaks.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

fn name_is_valid(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
}

/// The rule of that name, or AWS's answer that there is none.
pub(super) fn rule<'w>(
    world: &'w mut World,
    site: &Site,
    bus: Option<&str>,
    name: &str,
) -> Result<&'w mut Rule, ApiError> {
    let bus = buses::existing(world, site, bus)?;
    let rules = world.at(site).rules.entry(bus.clone()).or_default();
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

fn parse_pattern(text: &str) -> Result<Pattern, ApiError> {
    Pattern::parse(text).map_err(|reason| {
        ApiError::new(
            "InvalidEventPatternException",
            format!("Event pattern is not valid. Reason: {reason}"),
        )
    })
}

fn put_rule(world: &mut World, site: &Site, put: PutRule) -> Result<Value, ApiError> {
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
    let rules = world.at(site).rules.entry(bus.clone()).or_default();
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

fn describe(site: &Site, bus: &str, name: &str, rule: &Rule) -> Value {
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

fn describe_rule(world: &mut World, site: &Site, named: &NamedRule) -> Result<Value, ApiError> {
    let bus = buses::existing(world, site, named.event_bus_name.as_deref())?;
    let rule = rule(world, site, Some(&bus), &named.name)?;
    let mut shown = describe(site, &bus, &named.name, rule);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("CreatedBy".to_owned(), json!(rule.created_by));
    }
    Ok(shown)
}

fn list_rules(world: &mut World, site: &Site, list: &ListRules) -> Result<Value, ApiError> {
    let bus = buses::existing(world, site, list.event_bus_name.as_deref())?;
    let prefix = list.name_prefix.as_deref().unwrap_or_default();
    let rules = world.at(site).rules.entry(bus.clone()).or_default();
    let found: Vec<Value> = rules
        .iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, rule)| describe(site, &bus, name, rule))
        .collect();
    page("Rules", found, list.next_token.as_deref(), list.limit)
}

/// One page of a list; the token is the position where the next begins.
pub(super) fn page(
    key: &str,
    all: Vec<Value>,
    token: Option<&str>,
    limit: Option<usize>,
) -> Result<Value, ApiError> {
    let start: usize = match token {
        Some(token) => token.parse().map_err(|_| invalid("Invalid NextToken"))?,
        None => 0,
    };
    let size = limit.unwrap_or(PAGE).clamp(1, 100);
    let more = all.len() > start.saturating_add(size);
    let items: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    Ok(if more {
        json!({key: items, "NextToken": (start + size).to_string()})
    } else {
        json!({key: items})
    })
}

fn delete_rule(world: &mut World, site: &Site, named: &NamedRule) -> Result<Value, ApiError> {
    let bus = buses::existing(world, site, named.event_bus_name.as_deref())?;
    let rules = world.at(site).rules.entry(bus).or_default();
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

fn set_state(
    world: &mut World,
    site: &Site,
    named: &NamedRule,
    state: RuleState,
) -> Result<Value, ApiError> {
    rule(world, site, named.event_bus_name.as_deref(), &named.name)?.state = state;
    Ok(json!({}))
}

/// The tags of a bus or a rule.
fn tagged<'w>(world: &'w mut World, site: &Site, arn: &str) -> Result<&'w mut Strings, ApiError> {
    if let Some(name) = arn.strip_prefix(&site.arn("events", "event-bus/")) {
        return buses::bus(world, site, Some(name)).map(|bus| &mut bus.tags);
    }
    let rest = arn.strip_prefix(&site.arn("events", "rule/"));
    let (bus, name) = match rest.map(|rest| (rest, rest.rsplit_once('/'))) {
        Some((_, Some((bus, name)))) => (bus, name),
        Some((name, None)) => ("default", name),
        None => {
            let message = format!("{arn} does not exist.");
            return Err(ApiError::new("ResourceNotFoundException", message));
        }
    };
    rule(world, site, Some(bus), name).map(|rule| &mut rule.tags)
}

fn tag(world: &mut World, site: &Site, tagging: Tagging) -> Result<Value, ApiError> {
    let tags = tagged(world, site, &tagging.resource_arn)?;
    tags.extend(Tag::collect(tagging.tags));
    Ok(json!({}))
}

fn untag(world: &mut World, site: &Site, untagging: &Untagging) -> Result<Value, ApiError> {
    let tags = tagged(world, site, &untagging.resource_arn)?;
    tags.retain(|key, _| !untagging.tag_keys.contains(key));
    Ok(json!({}))
}

fn tags(world: &mut World, site: &Site, untagging: &Untagging) -> Result<Value, ApiError> {
    let tags = tagged(world, site, &untagging.resource_arn)?;
    Ok(json!({"Tags": Tag::list(tags)}))
}
