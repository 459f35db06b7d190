//! State machines: what can be asked of them, besides to be executed.

use serde::Deserialize;
use serde_json::{Value, json};

use super::definition;
use super::error::{invalid, invalid_arn, machine_deleting, machine_exists, no_machine};
use super::names::{check_name, machine_arn, machine_in};
use super::page::{page, seconds};
use super::role;
use super::state::{Plan, Settings, StateMachine};
use super::tags::{Tag, collect};
use super::tasks::STATES;
use crate::place::Arn;
use crate::sandbox::kms::find;
use crate::sandbox::site::{Site, account_in};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// For how long after a change executions may still begin as before it, in milliseconds. AWS says "a few seconds"; here
/// all of them do, so that whoever relies on the change at once is found out.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html>
const SETTLING: i64 = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Create {
    name: String,
    definition: String,
    role_arn: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    logging_configuration: Option<Value>,
    tracing_configuration: Option<Value>,
    encryption_configuration: Option<Value>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    publish: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Update {
    state_machine_arn: String,
    definition: Option<String>,
    role_arn: Option<String>,
    logging_configuration: Option<Value>,
    tracing_configuration: Option<Value>,
    encryption_configuration: Option<Value>,
    #[serde(default)]
    publish: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ByArn {
    state_machine_arn: String,
    // Nothing is encrypted here.
    #[serde(rename = "includedData")]
    _included_data: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct List {
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// State machines that are being deleted go when none of their executions is running. AWS takes some seconds also where
/// none is.
pub(super) fn expire(world: &mut World, site: &Site) {
    let now = world.now();
    if let Some(machines) = world.sfn.machines.look_mut(site) {
        machines.retain(|_, machine| !machine.deleting || !machine.is_idle(now));
    }
}

/// The state machine with that ARN, and its name.
pub(super) fn machine<'w>(
    world: &'w mut World,
    site: &Site,
    arn: &str,
) -> Result<(String, &'w mut StateMachine), ApiError> {
    let name = machine_in(site, arn)?;
    let machine = world.sfn.machines.at(site).get_mut(&name);
    let machine = machine.ok_or_else(|| no_machine(arn))?;
    Ok((name, machine))
}

/// Refuses a role that Step Functions cannot take on: it tries when it is given one.
fn check_role(world: &World, site: &Site, role: &str, machine: &str) -> Result<(), ApiError> {
    let parsed: Option<Arn> = role.parse().ok();
    let is_role = |arn: &Arn| arn.service() == "iam" && arn.resource().starts_with("role/");
    if !parsed.as_ref().is_some_and(is_role) {
        return Err(invalid_arn(role));
    }
    let denied = |message: &str| Err(ApiError::new("AccessDeniedException", message));
    if account_in(role).as_ref() != Some(&site.account) {
        return denied("Cross-account pass role is not allowed.");
    }
    if role::id_for(world, site, STATES, role, machine).is_none() {
        return denied(
            "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.",
        );
    }
    Ok(())
}

fn check_definition(text: &str) -> Result<(), ApiError> {
    definition::read(text).map(|_| ())
}

/// Refuses an encryption that names no key, or one that is not there. What the role needs of the key is not asked.
fn check_encryption(world: &World, site: &Site, encryption: &Value) -> Result<(), ApiError> {
    let text = |name: &str| encryption.get(name).and_then(Value::as_str);
    let bad = |message: String| ApiError::new("InvalidEncryptionConfiguration", message);
    match (text("type"), text("kmsKeyId")) {
        (Some("AWS_OWNED_KEY"), None) => Ok(()),
        (Some("CUSTOMER_MANAGED_KMS_KEY"), Some(key)) => {
            let found = find::told(world, site, key);
            found.map(|_| ()).map_err(|error| bad(error.message))
        }
        _ => Err(bad("Invalid Encryption Configuration".to_owned())),
    }
}

fn no_versions(publish: bool) -> Result<(), ApiError> {
    match publish {
        true => Err(ApiError::unsupported("versions of state machines")),
        false => Ok(()),
    }
}

fn off() -> Value {
    json!({"level": "OFF", "includeExecutionData": false})
}

/// Makes a state machine. One that is there is left as it is, and may differ in its role and its tags alone.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html>
pub(super) fn create(world: &mut World, site: &Site, create: Create) -> Result<Value, ApiError> {
    definition::only_standard(create.kind.as_deref())?;
    no_versions(create.publish)?;
    check_name(&create.name)?;
    let arn = machine_arn(site, &create.name);
    check_definition(&create.definition)?;
    let settings = Settings {
        logging: create.logging_configuration.unwrap_or_else(off),
        tracing: create
            .tracing_configuration
            .unwrap_or_else(|| json!({"enabled": false})),
        encryption: create
            .encryption_configuration
            .unwrap_or_else(|| json!({"type": "AWS_OWNED_KEY"})),
    };
    check_encryption(world, site, &settings.encryption)?;
    let tags = collect(create.tags)?;
    if let Some(known) = world.sfn.machines.at(site).get(&create.name) {
        if known.deleting {
            return Err(machine_deleting(&arn));
        }
        if known.plan.definition != create.definition || known.settings != settings {
            return Err(machine_exists(&arn));
        }
        let created = seconds(known.created);
        return Ok(json!({"stateMachineArn": arn, "creationDate": created}));
    }
    check_role(world, site, &create.role_arn, &arn)?;
    let now = world.now();
    let machine = StateMachine {
        plan: Plan {
            definition: create.definition,
            role: create.role_arn,
        },
        before: None,
        settings,
        tags,
        created: now,
        revision: None,
        deleting: false,
        executions: Vec::new(),
    };
    let machines = world.sfn.machines.at(site);
    machines.insert(create.name, machine);
    Ok(json!({"stateMachineArn": arn, "creationDate": seconds(now)}))
}

pub(super) fn update(world: &mut World, site: &Site, update: Update) -> Result<Value, ApiError> {
    no_versions(update.publish)?;
    let now = world.now();
    let arn = &update.state_machine_arn;
    let (_, known) = machine(world, site, arn)?;
    if known.deleting {
        return Err(machine_deleting(arn));
    }
    let (mut plan, mut settings) = (known.plan.clone(), known.settings.clone());
    let given = [
        &update.logging_configuration,
        &update.tracing_configuration,
        &update.encryption_configuration,
    ];
    let changes_nothing = given.iter().all(|given| given.is_none());
    if update.definition.is_none() && update.role_arn.is_none() && changes_nothing {
        return Err(ApiError::new(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, the EncryptionConfiguration or the TracingConfiguration must be specified",
        ));
    }
    if let Some(definition) = update.definition {
        check_definition(&definition)?;
        plan.definition = definition;
    }
    if let Some(role) = update.role_arn {
        check_role(world, site, &role, arn)?;
        plan.role = role;
    }
    settings.logging = update.logging_configuration.unwrap_or(settings.logging);
    settings.tracing = update.tracing_configuration.unwrap_or(settings.tracing);
    let encryption = update.encryption_configuration;
    settings.encryption = encryption.unwrap_or(settings.encryption);
    check_encryption(world, site, &settings.encryption)?;
    let revision = world.uuid();
    let (_, known) = machine(world, site, arn)?;
    let before = known.in_force(now).clone();
    known.before = (before != plan).then(|| (now.saturating_add(SETTLING), before));
    known.plan = plan;
    known.settings = settings;
    known.revision = Some(revision.clone());
    Ok(json!({"updateDate": seconds(now), "revisionId": revision}))
}

pub(super) fn describe(world: &mut World, site: &Site, asked: &ByArn) -> Result<Value, ApiError> {
    let arn = &asked.state_machine_arn;
    let (name, machine) = machine(world, site, arn)?;
    let status = if machine.deleting {
        "DELETING"
    } else {
        "ACTIVE"
    };
    let mut answer = json!({
        "stateMachineArn": arn,
        "name": name,
        "status": status,
        "definition": machine.plan.definition,
        "roleArn": machine.plan.role,
        "type": "STANDARD",
        "creationDate": seconds(machine.created),
        "loggingConfiguration": machine.settings.logging,
        "tracingConfiguration": machine.settings.tracing,
        "encryptionConfiguration": machine.settings.encryption,
    });
    if let (Some(revision), Some(fields)) = (&machine.revision, answer.as_object_mut()) {
        fields.insert("revisionId".to_owned(), json!(revision));
    }
    Ok(answer)
}

/// Deletes a state machine, or begins to; what is not there is deleted too.
pub(super) fn delete(world: &mut World, site: &Site, asked: &ByArn) -> Result<Value, ApiError> {
    let name = machine_in(site, &asked.state_machine_arn)?;
    if let Some(machine) = world.sfn.machines.at(site).get_mut(&name) {
        machine.deleting = true;
    }
    expire(world, site);
    Ok(json!({}))
}

pub(super) fn list(world: &mut World, site: &Site, list: &List) -> Result<Value, ApiError> {
    if list.max_results.is_some_and(|most| most > 1000) {
        return Err(invalid(
            "1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000",
        ));
    }
    let machines = world.sfn.machines.at(site).iter();
    let all = machines.map(|(name, machine)| {
        json!({
            "stateMachineArn": machine_arn(site, name),
            "name": name,
            "type": "STANDARD",
            "creationDate": seconds(machine.created),
        })
    });
    let all = all.collect();
    page(
        "stateMachines",
        all,
        list.next_token.as_deref(),
        list.max_results,
    )
}
