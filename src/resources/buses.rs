//! EventBridge: the home bus, its policy, and the rules on it.

use std::time::Duration;

use aws_sdk_eventbridge::types::Tag;
use serde_json::{Value, json};

use super::events::KnownPatterns;
use super::{Bus, Kind, Live, Owner, Resource, ResourceKey, STACK_TAG, events, names, policy};
use crate::aws::{CallError, Cause, calls};
use crate::place::{Place, StackName};

/// Characters of a bus policy. Source: EventBridge quotas.
pub const POLICY_LIMIT: usize = 10_240;

/// How long to wait before a policy is written again because another writer got in between: two of us that
/// met once would otherwise meet again.
const DELAYS: [Duration; 4] = [
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(9),
];

/// Reads the home bus, if it is here, and the rules on it.
pub(super) async fn read(
    client: &aws_sdk_eventbridge::Client,
    stack: &StackName,
    place: &Place,
) -> Result<Vec<Live>, CallError> {
    let name = names::whole(stack);
    let request = client.describe_event_bus().name(&name);
    let bus = match calls::DESCRIBE_BUS.send(&name, request.send()).await {
        Ok(bus) => bus,
        Err(error) if error.cause == Cause::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let arn = bus.arn().unwrap_or_default().to_owned();
    let request = client.list_tags_for_resource().resource_arn(&arn);
    let tags = calls::LIST_BUS_TAGS.send(&arn, request.send()).await?;
    let tag = tags.tags().iter().find(|tag| tag.key() == STACK_TAG);
    let (ours, foreign) = divided(bus.policy());
    let mut live = vec![Live {
        key: ResourceKey {
            place: place.clone(),
            kind: Kind::Bus,
            name: name.clone(),
        },
        resource: Resource::Bus(Bus {
            name: name.clone(),
            policy: document(&ours),
            kms_key: bus
                .kms_key_identifier()
                .filter(|key| !key.is_empty())
                .map(str::to_owned),
        }),
        owner: Owner::by_tag(tag.map(Tag::value), stack.as_str()),
        handle: Some(arn),
        foreign,
    }];
    live.extend(events::read(client, stack, place, &name, &KnownPatterns::default()).await?);
    Ok(live)
}

/// The statements of a bus policy: ours, and those of others. Ours are told by their `Sid`.
fn divided(text: Option<&str>) -> (Vec<Value>, Vec<Value>) {
    let stored: Value = text
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or(Value::Null);
    let statements = match stored.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let ours = |statement: &Value| {
        let sid = statement.get("Sid").and_then(Value::as_str);
        sid.is_some_and(|sid| sid.starts_with(policy::SID_PREFIX))
    };
    statements.into_iter().partition(ours)
}

/// The canonical document of these statements.
fn document(statements: &[Value]) -> Value {
    policy::canonical(&json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// Creates the bus with its policy.
pub(super) async fn create(
    client: &aws_sdk_eventbridge::Client,
    stack: &StackName,
    bus: &Bus,
) -> Result<(), CallError> {
    let tag = Tag::builder().key(STACK_TAG).value(stack.as_str()).build();
    let request = client
        .create_event_bus()
        .name(&bus.name)
        .set_tags(tag.ok().map(|tag| vec![tag]));
    calls::CREATE_BUS.send(&bus.name, request.send()).await?;
    admit(client, bus).await
}

/// Turns a bus that is ours into what it should be.
pub(super) async fn update(
    client: &aws_sdk_eventbridge::Client,
    before: &Bus,
    bus: &Bus,
) -> Result<(), CallError> {
    if before.kms_key != bus.kms_key {
        let request = client.describe_event_bus().name(&bus.name);
        let stored = calls::DESCRIBE_BUS.send(&bus.name, request.send()).await?;
        let request = client
            .update_event_bus()
            .name(&bus.name)
            // An empty text takes the key away. What somebody else set besides stays.
            .kms_key_identifier(bus.kms_key.clone().unwrap_or_default())
            .set_description(stored.description)
            .set_dead_letter_config(stored.dead_letter_config);
        calls::UPDATE_BUS.send(&bus.name, request.send()).await?;
    }
    if before.policy != bus.policy {
        admit(client, bus).await?;
    }
    Ok(())
}

/// Gives our statements the form that they should have, and leaves those of others alone.
///
/// Two writers at once both get an answer of success, and one of them loses: so what was written is read
/// back. Source: users' reports on concurrent `PutPermission`. EventBridge has no way to write on condition
/// that nothing has changed: the moment between reading and writing is as short as can be, and remains.
async fn admit(client: &aws_sdk_eventbridge::Client, bus: &Bus) -> Result<(), CallError> {
    let mut delays = DELAYS.iter();
    loop {
        let foreign = foreign(client, &bus.name).await?;
        let wanted = bus.policy.get("Statement").and_then(Value::as_array);
        let statements: Vec<Value> = foreign
            .iter()
            .chain(wanted.into_iter().flatten())
            .cloned()
            .collect();
        let whole = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        if whole.chars().count() > POLICY_LIMIT {
            return Err(CallError::inside_success(
                &calls::PUT_PERMISSION,
                bus.name.clone(),
                "PolicyLengthExceededException",
                &format!(
                    "with the statements of others the policy would have {} characters, and {POLICY_LIMIT} is the limit",
                    whole.chars().count()
                ),
            ));
        }
        let request = client
            .put_permission()
            .event_bus_name(&bus.name)
            .policy(whole);
        calls::PUT_PERMISSION
            .send(&bus.name, request.send())
            .await?;
        let request = client.describe_event_bus().name(&bus.name);
        let stored = calls::DESCRIBE_BUS.send(&bus.name, request.send()).await?;
        let (ours, others) = divided(stored.policy());
        let kept = foreign.iter().all(|statement| {
            let statement = document(std::slice::from_ref(statement));
            others
                .iter()
                .any(|other| document(std::slice::from_ref(other)) == statement)
        });
        if document(&ours) == bus.policy && kept {
            return Ok(());
        }
        let Some(delay) = delays.next() else { break };
        tokio::time::sleep(*delay).await;
    }
    Err(CallError::inside_success(
        &calls::PUT_PERMISSION,
        bus.name.clone(),
        "ConcurrentModificationException",
        "somebody else keeps changing this policy at the same time; run the same command again when they are done",
    ))
}

/// The policy statements of others on a bus.
pub(super) async fn foreign(
    client: &aws_sdk_eventbridge::Client,
    name: &str,
) -> Result<Vec<Value>, CallError> {
    let request = client.describe_event_bus().name(name);
    let stored = calls::DESCRIBE_BUS.send(name, request.send()).await?;
    Ok(divided(stored.policy()).1)
}

/// Deletes the bus; one that is gone already is fine.
pub(super) async fn delete(
    client: &aws_sdk_eventbridge::Client,
    name: &str,
) -> Result<(), CallError> {
    let request = client.delete_event_bus().name(name);
    let deleted = calls::DELETE_BUS.send(name, request.send()).await;
    super::gone_is_fine(deleted.map(drop))
}
