//! How Step Functions reads and writes the dispatcher.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sfn::operation::describe_state_machine::DescribeStateMachineOutput;
use aws_sdk_sfn::types::{
    EncryptionConfiguration, EncryptionType, IncludedData, LogLevel, LoggingConfiguration,
    StateMachineStatus, StateMachineType, Tag, TracingConfiguration,
    ValidateStateMachineDefinitionResultCode,
};
use serde_json::Value;

use super::Machine;
use super::definition::{connections, with_ids, without_ids};
use crate::aws::{CallError, Cause, Clients, calls};
use crate::place::{Arn, Place, StackName};
use crate::resources::aws::answers::seen;
use crate::resources::aws::creation::Creation;
use crate::resources::model::{Owner, STACK_TAG};
use crate::resources::names;
use crate::resources::resource::{Live, Resource};

/// How long to wait, between attempts, for a role of a moment ago, or for a machine of the same name to be gone: IAM
/// takes some seconds to tell all of AWS of a role. Source: IAM user guide, "Changes that I make are not always
/// immediately visible".
fn delays() -> impl Iterator<Item = Duration> {
    let soon = std::iter::repeat_n(Duration::from_secs(1), 10);
    soon.chain(std::iter::repeat_n(Duration::from_secs(5), 10))
}

/// Reads the machine of our name. It is asked for by that: a list would hold all of the account.
pub(crate) async fn read(
    clients: &Clients,
    stack: &StackName,
    place: &Place,
) -> Result<Vec<Live>, CallError> {
    let name = names::whole(stack);
    let Some(arn) = arn_of(place, &name) else {
        return Ok(Vec::new());
    };
    let Some(found) = look(&clients.sfn, arn.as_str()).await? else {
        return Ok(Vec::new());
    };
    let tag = match tag(&clients.sfn, arn.as_str()).await {
        Err(error) if error.cause == Cause::NotFound => return Ok(Vec::new()),
        tag => tag?,
    };
    let owner = Owner::of(tag.as_deref(), stack, true);
    let text = found.definition();
    let definition: Value =
        serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    let known = seen(&owner, whole_arns(clients, &definition).await)?;
    let role = found.role_arn().parse::<Arn>();
    let resource = Resource::Machine(Machine {
        name,
        express: *found.r#type() == StateMachineType::Express,
        definition: without_ids(&definition, &known),
        role: role.map_err(|error| {
            CallError::unexpected(&calls::GET_MACHINE, format!("its role: {error}"))
        })?,
        logging: found
            .logging_configuration()
            .and_then(|logging| logging.level())
            .filter(|level| **level != LogLevel::Off)
            .map(|level| level.as_str().to_owned()),
        tracing: found
            .tracing_configuration()
            .is_some_and(TracingConfiguration::enabled),
        kms_key: found
            .encryption_configuration()
            .and_then(EncryptionConfiguration::kms_key_id)
            .map(str::to_owned),
    });
    let handle = Some(arn.to_string());
    Ok(vec![Live::new(place, resource, owner, handle)])
}

/// A machine that is there to stay. Where a key keeps its definition from being read, all else is: whoever has put the
/// key there shall not keep us from putting the machine back.
async fn look(
    client: &aws_sdk_sfn::Client,
    arn: &str,
) -> Result<Option<DescribeStateMachineOutput>, CallError> {
    let call = &calls::GET_MACHINE;
    let request = client.describe_state_machine().state_machine_arn(arn);
    let found = match call.send(arn, request.clone().send()).await {
        // Source: Step Functions API, the errors of `DescribeStateMachine`.
        Err(error) if error.code.as_deref().is_some_and(|c| c.starts_with("Kms")) => {
            let request = request.included_data(IncludedData::MetadataOnly);
            call.send(arn, request.send()).await
        }
        found => found,
    };
    match found {
        // One that is being deleted starts no run.
        Ok(found) if found.status() == Some(&StateMachineStatus::Deleting) => Ok(None),
        Ok(found) => Ok(Some(found)),
        Err(error) if error.cause == Cause::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn arn_of(place: &Place, name: &str) -> Option<Arn> {
    match place {
        Place::Regional { account, region } => {
            names::arn("states", region, account, &format!("stateMachine:{name}"))
        }
        Place::Global { .. } => None,
    }
}

/// The value of our tag.
async fn tag(client: &aws_sdk_sfn::Client, arn: &str) -> Result<Option<String>, CallError> {
    // They come in one page.
    let request = client.list_tags_for_resource().resource_arn(arn);
    let answer = calls::LIST_MACHINE_TAGS.send(arn, request.send()).await?;
    let tags = answer.tags.unwrap_or_default();
    let tag = tags.into_iter().find(|tag| tag.key() == Some(STACK_TAG));
    Ok(tag.and_then(|tag| tag.value))
}

/// The ARNs of the connections that a definition names, ids and all. Those that do not exist are left out.
async fn whole_arns(
    clients: &Clients,
    definition: &Value,
) -> Result<BTreeMap<String, Arn>, CallError> {
    let mut known = BTreeMap::new();
    for name in connections(definition) {
        let found = crate::resources::connection::aws::arn_of(&clients.events, &name).await?;
        known.extend(found.map(|arn| (name, arn)));
    }
    Ok(known)
}

/// What Step Functions is given: the definition with the ids of connections, after it has looked at it itself.
async fn checked(clients: &Clients, machine: &Machine) -> Result<String, CallError> {
    let known = whole_arns(clients, &machine.definition).await?;
    let definition = with_ids(&machine.definition, &known).to_string();
    let request = clients.sfn.validate_state_machine_definition();
    let request = request.definition(&definition);
    let call = &calls::VALIDATE_MACHINE;
    match call.send(&machine.name, request.send()).await {
        Ok(answer) if *answer.result() == ValidateStateMachineDefinitionResultCode::Fail => {
            let found = answer.diagnostics().iter();
            let found: Vec<String> = found
                .map(|found| {
                    let at = found.location().unwrap_or_default();
                    format!("{} ({}) at {at}", found.message(), found.code())
                })
                .collect();
            let message = format!(
                "Step Functions refuses the definition: {}",
                found.join("; ")
            );
            Err(CallError::unexpected(call, message))
        }
        Ok(_) => Ok(definition),
        // Whoever may not ask is told by the write itself, and so it is where nobody can ask: emulators.
        Err(error) if error.cause == Cause::Denied || error.cause == Cause::Other => Ok(definition),
        Err(error) => Err(error),
    }
}

/// `CreateStateMachine` answers for a machine that is there already as if it had made it, and leaves it its role and its
/// tags: so none may be there before, and the one that is there then must be ours. Source: Step Functions API,
/// `CreateStateMachine`.
pub(crate) async fn create(at: &Creation<'_>, machine: &Machine) -> Result<(), CallError> {
    let client = &at.clients.sfn;
    let arn = arn_of(at.place, &machine.name);
    let arn = arn.as_ref().map(Arn::as_str).unwrap_or_default();
    let definition = checked(at.clients, machine).await?;
    if look(client, arn).await?.is_some() {
        return Err(taken(machine));
    }
    let mut delays = delays();
    loop {
        let request = at.clients.sfn.create_state_machine();
        let request = request
            .name(&machine.name)
            .definition(&definition)
            .role_arn(machine.role.as_str())
            .r#type(match machine.express {
                true => StateMachineType::Express,
                false => StateMachineType::Standard,
            })
            .tags(our_tag(at.stack));
        let made = calls::CREATE_MACHINE.send(&machine.name, request.send());
        match made.await.map(drop) {
            Err(error) if passes(&error) => wait(&mut delays, error).await?,
            made => break made?,
        }
    }
    match tag(client, arn).await? {
        Some(name) if name == at.stack.as_str() => Ok(()),
        _ => Err(taken(machine)),
    }
}

fn taken(machine: &Machine) -> CallError {
    CallError::inside_success(
        &calls::CREATE_MACHINE,
        machine.name.clone(),
        "NameTaken",
        "a state machine of this name has appeared since the plan was made; run plan again",
    )
}

pub(crate) async fn update(
    clients: &Clients,
    arn: &str,
    before: &Machine,
    machine: &Machine,
) -> Result<(), CallError> {
    if before == machine {
        return Ok(());
    }
    let definition = checked(clients, machine).await?;
    // Nothing else is ever wanted of these three, and who may not change them is not asked to where they are as wanted.
    let logging = (before.logging != machine.logging)
        .then(|| LoggingConfiguration::builder().level(LogLevel::Off).build());
    let tracing = (before.tracing != machine.tracing)
        .then(|| TracingConfiguration::builder().enabled(false).build());
    let encryption = EncryptionConfiguration::builder().r#type(EncryptionType::AwsOwnedKey);
    let encryption = encryption.build().ok();
    let encryption = encryption.filter(|_| before.kms_key != machine.kms_key);
    let mut delays = delays();
    loop {
        let request = clients.sfn.update_state_machine();
        let request = request
            .state_machine_arn(arn)
            .definition(&definition)
            .role_arn(machine.role.as_str())
            .set_logging_configuration(logging.clone())
            .set_tracing_configuration(tracing.clone())
            .set_encryption_configuration(encryption.clone());
        let made = calls::UPDATE_MACHINE.send(arn, request.send()).await;
        match made.map(drop) {
            Err(error) if passes(&error) => wait(&mut delays, error).await?,
            made => return made,
        }
    }
}

/// Whether a write fails only for a while: a role is too new, or the name is still taken by a machine that goes, which it
/// does when its last run has ended. Source: Step Functions API, `DeleteStateMachine`; the words are AWS's, as users
/// report them.
fn passes(error: &CallError) -> bool {
    error.code.as_deref() == Some("StateMachineDeleting")
        || error
            .message
            .contains("authorized to assume the provided role")
}

async fn wait(
    delays: &mut impl Iterator<Item = Duration>,
    error: CallError,
) -> Result<(), CallError> {
    match delays.next() {
        Some(delay) => {
            tokio::time::sleep(delay).await;
            Ok(())
        }
        None => Err(error),
    }
}

/// Runs that are under way end by themselves.
pub(crate) async fn delete(clients: &Clients, arn: &str, _: &Machine) -> Result<(), CallError> {
    let request = clients.sfn.delete_state_machine().state_machine_arn(arn);
    let deleted = calls::DELETE_MACHINE.send(arn, request.send()).await;
    deleted.map(drop)
}

pub(crate) async fn adopt(
    clients: &Clients,
    stack: &StackName,
    arn: &str,
    _: &Machine,
) -> Result<(), CallError> {
    let request = clients.sfn.tag_resource().resource_arn(arn);
    let request = request.tags(our_tag(stack));
    let tagged = calls::TAG_MACHINE.send(arn, request.send()).await;
    tagged.map(drop)
}

fn our_tag(stack: &StackName) -> Tag {
    Tag::builder().key(STACK_TAG).value(stack.as_str()).build()
}
