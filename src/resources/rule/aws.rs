//! How EventBridge reads and writes rules with their targets.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_eventbridge::types;
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    DEFAULT_MAX_AGE_SECONDS, DEFAULT_MAX_RETRIES, EventRule, KnownPatterns, Step, Target, bare,
    steps,
};
use crate::aws::{Call, CallError, Cause, Clients, all_pages, calls};
use crate::compile::{InputTransformer, RuleState};
use crate::place::{Arn, Place, StackName};
use crate::resources::aws::answers::gone_is_fine;
use crate::resources::aws::creation::Creation;
use crate::resources::model::{Owner, STACK_TAG};
use crate::resources::names;
use crate::resources::resource::{Live, Resource};

/// How many rules are read at once, by two requests each: more than EventBridge takes in a second, and little enough for
/// hundreds of accounts at once.
const CONCURRENCY: usize = 3;

/// How long to wait for a role that was made a moment ago.
const ROLE_DELAYS: [Duration; 3] = [
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Reads the rules of a bus whose names are ours.
pub(crate) async fn read(
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
pub(crate) async fn list(
    client: &aws_sdk_eventbridge::Client,
    bus: &str,
    prefix: &str,
) -> Result<Vec<types::Rule>, CallError> {
    all_pages(|token| async move {
        let request = client
            .list_rules()
            .event_bus_name(bus)
            .name_prefix(prefix)
            .set_next_token(token);
        let page = calls::LIST_RULES.send("*", request.send()).await?;
        Ok((page.rules.unwrap_or_default(), page.next_token))
    })
    .await
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
    let owner = Owner::of(
        tag.map(types::Tag::value),
        stack,
        names::is_rule(stack, &name),
    );
    Ok(Some(Live::new(place, resource, owner, Some(arn))))
}

async fn targets(
    client: &aws_sdk_eventbridge::Client,
    bus: &str,
    rule: &str,
) -> Result<BTreeMap<String, Target>, CallError> {
    let listed = all_pages(|token| async move {
        let request = client
            .list_targets_by_rule()
            .event_bus_name(bus)
            .rule(rule)
            .set_next_token(token);
        let page = calls::LIST_TARGETS.send(rule, request.send()).await?;
        Ok((page.targets.unwrap_or_default(), page.next_token))
    });
    let listed = listed.await?;
    let live = listed
        .iter()
        .filter_map(|target| Some((target.id().to_owned(), live_target(target)?)));
    Ok(live.collect())
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

pub(crate) async fn create(at: &Creation<'_>, rule: &EventRule) -> Result<(), CallError> {
    let client = &at.clients.events;
    at.taken.refuse(client, at.stack, at.place, rule).await?;
    put_rule(client, rule, Some(at.stack)).await?;
    take(client, rule, steps(&bare(rule), rule)).await
}

pub(crate) async fn update(
    clients: &Clients,
    _: &str,
    before: &EventRule,
    rule: &EventRule,
) -> Result<(), CallError> {
    take(&clients.events, rule, steps(before, rule)).await
}

async fn take(
    client: &aws_sdk_eventbridge::Client,
    rule: &EventRule,
    steps: Vec<Step<'_>>,
) -> Result<(), CallError> {
    for step in steps {
        match step {
            Step::RemoveTargets(ids) => remove_targets(client, rule, &ids).await?,
            Step::PutTargets(targets) => put_targets(client, rule, &targets).await?,
            Step::PutRule => put_rule(client, rule, None).await?,
        }
    }
    Ok(())
}

pub(crate) async fn delete(clients: &Clients, _: &str, rule: &EventRule) -> Result<(), CallError> {
    let client = &clients.events;
    gone_is_fine(take(client, rule, steps(rule, &bare(rule))).await)?;
    let request = client
        .delete_rule()
        .name(&rule.name)
        .event_bus_name(&rule.bus);
    let deleted = calls::DELETE_RULE.send(&rule.name, request.send()).await;
    deleted.map(drop)
}

pub(crate) async fn adopt(
    clients: &Clients,
    stack: &StackName,
    arn: &str,
    _: &EventRule,
) -> Result<(), CallError> {
    tag(clients, stack, arn).await
}

/// Puts our tag on what an ARN names: EventBridge has one call for rules and buses.
pub(crate) async fn tag(clients: &Clients, stack: &StackName, arn: &str) -> Result<(), CallError> {
    let tag = types::Tag::builder()
        .key(STACK_TAG)
        .value(stack.as_str())
        .build();
    let request = clients.events.tag_resource().resource_arn(arn);
    let request = request.set_tags(tag.ok().map(|tag| vec![tag]));
    let tagged = calls::TAG_RULE_OR_BUS.send(arn, request.send()).await;
    tagged.map(drop)
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
    targets: &BTreeMap<&str, &Target>,
) -> Result<(), CallError> {
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
    rule: &EventRule,
    ids: &[&str],
) -> Result<(), CallError> {
    let ids = ids.iter().map(|id| (*id).to_owned()).collect();
    let request = client
        .remove_targets()
        .rule(&rule.name)
        .event_bus_name(&rule.bus)
        .set_ids(Some(ids));
    let answer = calls::REMOVE_TARGETS
        .send(&rule.name, request.send())
        .await?;
    let failed = answer.failed_entries().first().map(|entry| {
        (
            entry.target_id().unwrap_or_default(),
            entry.error_code().unwrap_or_default(),
            entry.error_message().unwrap_or_default(),
        )
    });
    refuse(&calls::REMOVE_TARGETS, &rule.name, failed)
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
