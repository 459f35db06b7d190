//! EventBridge: rules of ours with their targets.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_eventbridge::types;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::{
    EventRule, Kind, Live, NameGuard, Owner, Resource, ResourceKey, STACK_TAG, Target, names,
};
use crate::aws::{Call, CallError, Cause, calls};
use crate::compile::{InputTransformer, RuleState};
use crate::pattern;
use crate::place::{Arn, Place, StackName};

/// How many rules are read at once, by two requests each: more than EventBridge takes in a second, and little enough for
/// hundreds of accounts at once.
const CONCURRENCY: usize = 3;

/// What EventBridge does with events it cannot deliver, unless it is told otherwise.
/// Source: `RetryPolicy` in the API reference.
pub const DEFAULT_MAX_AGE_SECONDS: i32 = 86_400;
/// Likewise.
pub const DEFAULT_MAX_RETRIES: i32 = 185;

/// How long to wait for a role that was made a moment ago.
const ROLE_DELAYS: [Duration; 3] = [
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Patterns that are wanted, by the text that EventBridge has of them: those of thousands of accounts are neither
/// parsed nor kept more than once.
#[derive(Debug, Default)]
pub struct KnownPatterns(HashMap<String, Arc<Value>>);

impl KnownPatterns {
    /// Those that stand so in the rules that are wanted.
    pub fn of<'a>(patterns: impl IntoIterator<Item = &'a Arc<Value>>) -> Self {
        let patterns = patterns.into_iter();
        Self(
            patterns
                .map(|pattern| (pattern.to_string(), Arc::clone(pattern)))
                .collect(),
        )
    }

    /// The normal form of a pattern's text; null if it is none.
    fn read(&self, text: &str) -> Arc<Value> {
        let parsed = || serde_json::from_str(text).map(|pattern| pattern::normal_form(&pattern));
        match self.0.get(text) {
            Some(known) => Arc::clone(known),
            None => Arc::new(parsed().unwrap_or_default()),
        }
    }
}

/// Reads the rules of a bus whose names are ours.
pub(super) async fn read(
    client: &aws_sdk_eventbridge::Client,
    stack: &StackName,
    place: &Place,
    bus: &str,
    known: &KnownPatterns,
) -> Result<Vec<Live>, CallError> {
    named(client, stack, place, bus, &names::prefix(stack), known).await
}

/// Reads the rules of a bus whose names begin so.
///
/// # Errors
/// What AWS says.
pub(crate) async fn named(
    client: &aws_sdk_eventbridge::Client,
    stack: &StackName,
    place: &Place,
    bus: &str,
    prefix: &str,
    known: &KnownPatterns,
) -> Result<Vec<Live>, CallError> {
    let rules = list(client, bus, prefix).await?;
    let live: Vec<Option<Live>> = stream::iter(rules)
        .map(|rule| one(client, stack, place, bus, rule, known))
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(live.into_iter().flatten().collect())
}

/// The rules of a bus whose names begin so, without targets and tags.
pub(super) async fn list(
    client: &aws_sdk_eventbridge::Client,
    bus: &str,
    prefix: &str,
) -> Result<Vec<types::Rule>, CallError> {
    let mut rules = Vec::new();
    let mut token = None;
    loop {
        let request = client
            .list_rules()
            .event_bus_name(bus)
            .name_prefix(prefix)
            .set_next_token(token);
        let page = calls::LIST_RULES.send("*", request.send()).await?;
        token = page.next_token().map(str::to_owned);
        rules.extend(page.rules.unwrap_or_default());
        if token.is_none() {
            return Ok(rules);
        }
    }
}

/// One rule; `None` if it went away since it was listed.
async fn one(
    client: &aws_sdk_eventbridge::Client,
    stack: &StackName,
    place: &Place,
    bus: &str,
    rule: types::Rule,
    known: &KnownPatterns,
) -> Result<Option<Live>, CallError> {
    let name = rule.name().unwrap_or_default().to_owned();
    let arn = rule.arn().unwrap_or_default().to_owned();
    let tags = client.list_tags_for_resource().resource_arn(&arn).send();
    let tags = calls::LIST_RULE_TAGS.send(&arn, tags);
    let found = futures::try_join!(tags, targets(client, bus, &name));
    let (tags, targets) = match found {
        Ok(found) => found,
        Err(error) if error.cause == Cause::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let tag = tags.tags().iter().find(|tag| tag.key() == STACK_TAG);
    let resource = Resource::Rule(EventRule {
        name: name.clone(),
        bus: bus.to_owned(),
        description: rule.description().unwrap_or_default().to_owned(),
        pattern: known.read(rule.event_pattern().unwrap_or_default()),
        state: match rule.state().map(types::RuleState::as_str) {
            Some("ENABLED") => RuleState::Enabled,
            Some("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS") => RuleState::EnabledWithAll,
            _ => RuleState::Disabled,
        },
        targets,
    });
    Ok(Some(Live {
        key: ResourceKey {
            place: place.clone(),
            kind: Kind::Rule,
            name: names::rule(bus, &name),
        },
        resource,
        owner: Owner::by_tag(tag.map(types::Tag::value), stack.as_str()),
        handle: Some(arn),
        foreign: Vec::new(),
    }))
}

async fn targets(
    client: &aws_sdk_eventbridge::Client,
    bus: &str,
    rule: &str,
) -> Result<BTreeMap<String, Target>, CallError> {
    let mut targets = BTreeMap::new();
    let mut token = None;
    loop {
        let request = client
            .list_targets_by_rule()
            .event_bus_name(bus)
            .rule(rule)
            .set_next_token(token);
        let page = calls::LIST_TARGETS.send(rule, request.send()).await?;
        for target in page.targets() {
            if let Some(live) = live_target(target) {
                targets.insert(target.id().to_owned(), live);
            }
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(targets);
        }
    }
}

fn live_target(target: &types::Target) -> Option<Target> {
    let retry = target.retry_policy();
    let age = retry.and_then(types::RetryPolicy::maximum_event_age_in_seconds);
    let retries = retry.and_then(types::RetryPolicy::maximum_retry_attempts);
    Some(Target {
        arn: target.arn().parse().ok()?,
        role: target.role_arn().and_then(|arn| arn.parse::<Arn>().ok()),
        input: target.input_transformer().map(|input| InputTransformer {
            paths: input
                .input_paths_map()
                .map(|paths| paths.clone().into_iter().collect())
                .unwrap_or_default(),
            template: input.input_template().to_owned(),
        }),
        max_age_seconds: age.unwrap_or(DEFAULT_MAX_AGE_SECONDS),
        max_retries: retries.unwrap_or(DEFAULT_MAX_RETRIES),
        dead_letters: target
            .dead_letter_config()
            .and_then(|config| config.arn())
            .and_then(|arn| arn.parse::<Arn>().ok()),
    })
}

/// Creates a rule with its targets.
pub(super) async fn create(
    client: &aws_sdk_eventbridge::Client,
    stack: &StackName,
    place: &Place,
    rule: &EventRule,
    taken: &NameGuard,
) -> Result<(), CallError> {
    taken.refuse(client, stack, place, rule).await?;
    put_rule(client, rule, Some(stack)).await?;
    put_targets(client, rule, &rule.targets).await
}

/// Turns a rule that is ours into what it should be.
pub(super) async fn update(
    client: &aws_sdk_eventbridge::Client,
    before: &EventRule,
    rule: &EventRule,
) -> Result<(), CallError> {
    let extra: Vec<String> = before
        .targets
        .keys()
        .filter(|id| !rule.targets.contains_key(*id))
        .cloned()
        .collect();
    let changed: BTreeMap<String, Target> = rule
        .targets
        .iter()
        .filter(|(id, target)| before.targets.get(*id) != Some(target))
        .map(|(id, target)| (id.clone(), target.clone()))
        .collect();
    // A rule holds five targets: those that go make room first.
    remove_targets(client, &rule.bus, &rule.name, extra).await?;
    put_targets(client, rule, &changed).await?;
    let own = |rule: &EventRule| EventRule {
        targets: BTreeMap::new(),
        ..rule.clone()
    };
    if own(before) != own(rule) {
        put_rule(client, rule, None).await?;
    }
    Ok(())
}

/// Deletes a rule; one that is gone already is fine.
pub(super) async fn delete(
    client: &aws_sdk_eventbridge::Client,
    rule: &EventRule,
) -> Result<(), CallError> {
    let ids = rule.targets.keys().cloned().collect();
    super::gone_is_fine(remove_targets(client, &rule.bus, &rule.name, ids).await)?;
    let request = client
        .delete_rule()
        .name(&rule.name)
        .event_bus_name(&rule.bus);
    let deleted = calls::DELETE_RULE.send(&rule.name, request.send()).await;
    super::gone_is_fine(deleted.map(drop))
}

/// PutRule nulls what it is not told, and ignores tags on a rule that exists.
async fn put_rule(
    client: &aws_sdk_eventbridge::Client,
    rule: &EventRule,
    tag: Option<&StackName>,
) -> Result<(), CallError> {
    let mut request = client
        .put_rule()
        .name(&rule.name)
        .event_bus_name(&rule.bus)
        .description(&rule.description)
        .event_pattern(rule.pattern.to_string())
        .state(types::RuleState::from(rule.state.as_str()));
    if let Some(stack) = tag {
        let tag = types::Tag::builder()
            .key(STACK_TAG)
            .value(stack.as_str())
            .build();
        request = request.set_tags(tag.ok().map(|tag| vec![tag]));
    }
    calls::PUT_RULE
        .send(&rule.name, request.send())
        .await
        .map(drop)
}

/// A new role takes a moment until EventBridge can assume it, and two writers of one rule are told apart.
fn is_too_soon(error: &CallError) -> bool {
    error.code.as_deref() == Some("ConcurrentModificationException")
        || error.message.contains("cannot be assumed")
}

async fn put_targets(
    client: &aws_sdk_eventbridge::Client,
    rule: &EventRule,
    targets: &BTreeMap<String, Target>,
) -> Result<(), CallError> {
    if targets.is_empty() {
        return Ok(());
    }
    let targets: Vec<types::Target> = targets
        .iter()
        .filter_map(|(id, target)| aws_target(id, target))
        .collect();
    let mut delays = ROLE_DELAYS.iter();
    let answer = loop {
        let request = client
            .put_targets()
            .rule(&rule.name)
            .event_bus_name(&rule.bus)
            .set_targets(Some(targets.clone()));
        let answer = calls::PUT_TARGETS.send(&rule.name, request.send()).await;
        match (answer, delays.next()) {
            (Err(error), Some(delay)) if is_too_soon(&error) => tokio::time::sleep(*delay).await,
            (answer, _) => break answer?,
        }
    };
    let failed = answer.failed_entries().first().map(|entry| {
        (
            entry.target_id().unwrap_or_default(),
            entry.error_code().unwrap_or_default(),
            entry.error_message().unwrap_or_default(),
        )
    });
    refuse(&calls::PUT_TARGETS, &rule.name, failed)
}

async fn remove_targets(
    client: &aws_sdk_eventbridge::Client,
    bus: &str,
    rule: &str,
    ids: Vec<String>,
) -> Result<(), CallError> {
    if ids.is_empty() {
        return Ok(());
    }
    let request = client
        .remove_targets()
        .rule(rule)
        .event_bus_name(bus)
        .set_ids(Some(ids));
    let answer = calls::REMOVE_TARGETS.send(rule, request.send()).await?;
    let failed = answer.failed_entries().first().map(|entry| {
        (
            entry.target_id().unwrap_or_default(),
            entry.error_code().unwrap_or_default(),
            entry.error_message().unwrap_or_default(),
        )
    });
    refuse(&calls::REMOVE_TARGETS, rule, failed)
}

/// Failures of single targets come inside a success.
fn refuse(
    call: &'static Call,
    rule: &str,
    failed: Option<(&str, &str, &str)>,
) -> Result<(), CallError> {
    match failed {
        None => Ok(()),
        Some((id, code, message)) => Err(CallError::inside_success(
            call,
            format!("{rule}, target {id}"),
            code,
            message,
        )),
    }
}

fn aws_target(id: &str, target: &Target) -> Option<types::Target> {
    let input = target.input.as_ref().and_then(|input| {
        let paths: HashMap<String, String> = input.paths.clone().into_iter().collect();
        types::InputTransformer::builder()
            .set_input_paths_map((!paths.is_empty()).then_some(paths))
            .input_template(&input.template)
            .build()
            .ok()
    });
    let dead_letters = target
        .dead_letters
        .as_ref()
        .map(|arn| types::DeadLetterConfig::builder().arn(arn.as_str()).build());
    types::Target::builder()
        .id(id)
        .arn(target.arn.as_str())
        .set_role_arn(target.role.as_ref().map(Arn::to_string))
        .set_input_transformer(input)
        .set_dead_letter_config(dead_letters)
        .retry_policy(
            types::RetryPolicy::builder()
                .maximum_event_age_in_seconds(target.max_age_seconds)
                .maximum_retry_attempts(target.max_retries)
                .build(),
        )
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_that_stands_as_it_is_wanted_is_kept_once() {
        let wanted = Arc::new(json!({ "source": ["aws.iam"] }));
        let known = KnownPatterns::of([&wanted]);
        assert!(Arc::ptr_eq(&known.read(&wanted.to_string()), &wanted));
        let other = known.read(r#"{"source": ["aws.sts", "aws.iam"]}"#);
        assert_eq!(*other, json!({ "source": ["aws.iam", "aws.sts"] }));
        assert_eq!(*known.read("{"), Value::Null);
    }
}
