//! How EventBridge reads and writes the home bus.

use std::time::Duration;

use aws_sdk_eventbridge::types::Tag;
use serde_json::{Value, json};

use super::{Bus, DefaultBusKey, POLICY_LIMIT, Step, steps};
use crate::aws::{CallError, Cause, Clients, calls};
use crate::place::{Place, StackName};
use crate::resources::aws::creation::Creation;
use crate::resources::model::{DEFAULT_BUS, Owner, STACK_TAG};
use crate::resources::resource::{Live, Resource};
use crate::resources::rule::{self, KnownPatterns};
use crate::resources::{key, names, policy};

/// How long to wait before a policy is written again because another writer got in between: two of us that
/// met once would otherwise meet again.
const DELAYS: [Duration; 4] = [
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(9),
];

/// Reads the home bus, if it is here, and the rules on it.
pub(crate) async fn read(
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
    let resource = Resource::Bus(Bus {
        name: name.clone(),
        policy: document(&ours),
        kms_key: bus
            .kms_key_identifier()
            .filter(|key| !key.is_empty())
            .map(str::to_owned),
    });
    let owner = Owner::of(tag.map(Tag::value), stack, true);
    let bus = Live {
        foreign,
        ..Live::new(place, resource, owner, Some(arn))
    };
    let none = KnownPatterns::default();
    let rules = rule::aws::read(client, stack, place, &name, &none).await?;
    Ok([bus].into_iter().chain(rules).collect())
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

pub(crate) async fn create(at: &Creation<'_>, bus: &Bus) -> Result<(), CallError> {
    let client = &at.clients.events;
    let tag = Tag::builder().key(STACK_TAG).value(at.stack.as_str());
    let request = client
        .create_event_bus()
        .name(&bus.name)
        .set_tags(tag.build().ok().map(|tag| vec![tag]));
    calls::CREATE_BUS.send(&bus.name, request.send()).await?;
    admit(client, bus).await
}

pub(crate) async fn update(
    clients: &Clients,
    _: &str,
    before: &Bus,
    bus: &Bus,
) -> Result<(), CallError> {
    for step in steps(before, bus) {
        match step {
            Step::Key => put_key(&clients.events, bus).await?,
            Step::Policy => admit(&clients.events, bus).await?,
        }
    }
    Ok(())
}

async fn put_key(client: &aws_sdk_eventbridge::Client, bus: &Bus) -> Result<(), CallError> {
    let request = client.describe_event_bus().name(&bus.name);
    let stored = calls::DESCRIBE_BUS.send(&bus.name, request.send()).await?;
    let request = client
        .update_event_bus()
        .name(&bus.name)
        // An empty text takes the key away. What somebody else set besides stays.
        .kms_key_identifier(bus.kms_key.clone().unwrap_or_default())
        .set_description(stored.description)
        .set_dead_letter_config(stored.dead_letter_config);
    let put = calls::UPDATE_BUS.send(&bus.name, request.send()).await;
    put.map(drop)
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

/// The customer-managed key on the default bus of a place, if somebody has put one there, or nobody can tell. Who may not
/// look at the key sees its name alone.
pub async fn default_bus_key(clients: &Clients) -> Option<DefaultBusKey> {
    let request = clients.events.describe_event_bus().name(DEFAULT_BUS);
    let bus = calls::DESCRIBE_DEFAULT_BUS
        .send(DEFAULT_BUS, request.send())
        .await;
    let bus = match bus {
        Ok(bus) => bus,
        Err(error) => {
            return Some(DefaultBusKey {
                problem: format!("cannot tell whether it has a key: {error}"),
                remedy: error.remedy().unwrap_or_default(),
                is_usable: None,
            });
        }
    };
    let named = bus.kms_key_identifier().filter(|named| !named.is_empty())?;
    let unusable = key::aws::unusable(&clients.kms, named).await;
    Some(DefaultBusKey::new(named, unusable.unwrap_or_default()))
}

/// The policy statements of others on a bus.
pub(crate) async fn foreign(
    client: &aws_sdk_eventbridge::Client,
    name: &str,
) -> Result<Vec<Value>, CallError> {
    let request = client.describe_event_bus().name(name);
    let stored = calls::DESCRIBE_BUS.send(name, request.send()).await?;
    Ok(divided(stored.policy()).1)
}

pub(crate) async fn delete(clients: &Clients, _: &str, bus: &Bus) -> Result<(), CallError> {
    let request = clients.events.delete_event_bus().name(&bus.name);
    let deleted = calls::DELETE_BUS.send(&bus.name, request.send()).await;
    deleted.map(drop)
}

pub(crate) async fn adopt(
    clients: &Clients,
    stack: &StackName,
    arn: &str,
    _: &Bus,
) -> Result<(), CallError> {
    rule::aws::tag(clients, stack, arn).await
}
