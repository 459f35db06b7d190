//! How DynamoDB reads and writes the table that keeps what was told.

use std::iter::repeat_n;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    SseSpecification, SseType, TableDescription, TableStatus, Tag, TimeToLiveSpecification,
    TimeToLiveStatus,
};

use super::{Step, Table, deletable, fresh, steps};
use crate::aws::{CallError, Cause, Clients, all_pages, calls};
use crate::place::{Place, StackName};
use crate::resources::aws::answers::seen;
use crate::resources::aws::creation::Creation;
use crate::resources::model::{Owner, STACK_TAG};
use crate::resources::names;
use crate::resources::resource::{Live, Resource};

/// How long to wait, between looks, for a table that is being made, changed or deleted: AWS takes seconds, and for
/// another key some minutes. Source: DynamoDB developer guide, "Basic operations", "Managing encrypted tables".
fn delays() -> impl Iterator<Item = Duration> {
    let soon = repeat_n(Duration::from_millis(500), 20);
    soon.chain(repeat_n(Duration::from_secs(5), 36))
}

/// Reads the table of our name. It is asked for by that: a list would hold all of the account.
pub(crate) async fn read(
    client: &aws_sdk_dynamodb::Client,
    stack: &StackName,
    place: &Place,
) -> Result<Vec<Live>, CallError> {
    let name = names::whole(stack);
    let found = look(client, &name).await?;
    // One that is being deleted is gone: nothing can be written into it.
    let found = found.filter(|found| !is_going(found));
    let Some(found) = found else {
        return Ok(Vec::new());
    };
    let arn = found.table_arn().unwrap_or_default().to_owned();
    let (tag, expires) = match futures::try_join!(tag(client, &arn), expires(client, &name)) {
        Ok((tag, expires)) => (tag, Ok(expires)),
        Err(error) if error.cause == Cause::NotFound => return Ok(Vec::new()),
        // Of one that is not ours it may be kept from us.
        Err(error) => (self::tag(client, &arn).await?, Err(error)),
    };
    let owner = Owner::of(tag.as_deref(), stack, true);
    let expires = seen(&owner, expires)?;
    let resource = Resource::Table(live_table(name, &found, expires));
    Ok(vec![Live::new(place, resource, owner, Some(arn))])
}

/// The table, if it is there.
async fn look(
    client: &aws_sdk_dynamodb::Client,
    name: &str,
) -> Result<Option<TableDescription>, CallError> {
    let request = client.describe_table().table_name(name);
    match calls::GET_TABLE.send(name, request.send()).await {
        Ok(answer) => Ok(answer.table),
        Err(error) if error.cause == Cause::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_going(table: &TableDescription) -> bool {
    table.table_status() == Some(&TableStatus::Deleting)
}

fn live_table(name: String, found: &TableDescription, expires: Option<String>) -> Table {
    let key = |kind: &KeyType| {
        let mut schema = found.key_schema().iter();
        let of_kind = schema.find(|element| element.key_type() == kind)?;
        let name = of_kind.attribute_name();
        let mut types = found.attribute_definitions().iter();
        let is_text = types.any(|known| {
            known.attribute_name() == name && *known.attribute_type() == ScalarAttributeType::S
        });
        Some(match is_text {
            true => name.to_owned(),
            // No name of ours has a space: it is another key.
            false => format!("{name} (no text)"),
        })
    };
    let billing = found.billing_mode_summary();
    let encryption = found.sse_description();
    Table {
        name,
        partition_key: key(&KeyType::Hash).unwrap_or_default(),
        sort_key: key(&KeyType::Range),
        on_demand: billing.and_then(|billing| billing.billing_mode())
            == Some(&BillingMode::PayPerRequest),
        expires,
        // Without a description the key is AWS's own. Source: DynamoDB API, `SSEDescription`.
        kms_key: encryption
            .and_then(|encryption| encryption.kms_master_key_arn())
            .map(str::to_owned),
        deletion_protected: found.deletion_protection_enabled().unwrap_or_default(),
    }
}

/// The value of our tag.
async fn tag(client: &aws_sdk_dynamodb::Client, arn: &str) -> Result<Option<String>, CallError> {
    let tags = all_pages(|token| async move {
        let request = client.list_tags_of_resource().resource_arn(arn);
        let request = request.set_next_token(token);
        let page = calls::LIST_TABLE_TAGS.send(arn, request.send()).await?;
        Ok((page.tags.unwrap_or_default(), page.next_token))
    });
    let tags: Vec<Tag> = tags.await?;
    let tag = tags.into_iter().find(|tag| tag.key() == STACK_TAG);
    Ok(tag.map(|tag| tag.value))
}

/// The attribute by which items go.
async fn expires(
    client: &aws_sdk_dynamodb::Client,
    name: &str,
) -> Result<Option<String>, CallError> {
    let request = client.describe_time_to_live().table_name(name);
    let answer = calls::GET_TABLE_TTL.send(name, request.send()).await?;
    let found = answer.time_to_live_description;
    let found = found.filter(|found| {
        let status = found.time_to_live_status();
        status == Some(&TimeToLiveStatus::Enabled) || status == Some(&TimeToLiveStatus::Enabling)
    });
    Ok(found.and_then(|found| found.attribute_name))
}

/// A table whose name is still taken by one that is being deleted waits for its end.
pub(crate) async fn create(at: &Creation<'_>, table: &Table) -> Result<(), CallError> {
    let client = &at.clients.dynamodb;
    let mut delays = delays();
    loop {
        let made = make(client, at.stack, table).await;
        let Err(error) = made else { break };
        let is_taken = error.code.as_deref() == Some("ResourceInUseException");
        let is_going = match is_taken {
            true => look(client, &table.name)
                .await?
                .is_none_or(|found| is_going(&found)),
            false => false,
        };
        match delays.next().filter(|_| is_going) {
            Some(delay) => tokio::time::sleep(delay).await,
            None => return Err(error),
        }
    }
    settled(client, &table.name).await?;
    take(client, table, steps(&fresh(table), table)).await
}

async fn make(
    client: &aws_sdk_dynamodb::Client,
    stack: &StackName,
    table: &Table,
) -> Result<(), CallError> {
    let keys = [
        (Some(&table.partition_key), KeyType::Hash),
        (table.sort_key.as_ref(), KeyType::Range),
    ];
    let mut request = client
        .create_table()
        .table_name(&table.name)
        .billing_mode(billing(table))
        .deletion_protection_enabled(table.deletion_protected);
    if !table.on_demand {
        request = request.provisioned_throughput(least()?);
    }
    for (name, kind) in keys {
        let Some(name) = name else { continue };
        let element = KeySchemaElement::builder().attribute_name(name);
        let element = element.key_type(kind).build().map_err(unbuilt)?;
        let definition = AttributeDefinition::builder().attribute_name(name);
        let definition = definition.attribute_type(ScalarAttributeType::S);
        request = request
            .key_schema(element)
            .attribute_definitions(definition.build().map_err(unbuilt)?);
    }
    if table.kms_key.is_some() {
        request = request.sse_specification(encryption(table));
    }
    let request = request.tags(our_tag(stack)?);
    let made = calls::CREATE_TABLE.send(&table.name, request.send()).await;
    made.map(drop)
}

fn billing(table: &Table) -> BillingMode {
    match table.on_demand {
        true => BillingMode::PayPerRequest,
        false => BillingMode::Provisioned,
    }
}

/// What a table takes at least that pays for a limit.
fn least() -> Result<aws_sdk_dynamodb::types::ProvisionedThroughput, CallError> {
    let units = aws_sdk_dynamodb::types::ProvisionedThroughput::builder();
    let units = units.read_capacity_units(1).write_capacity_units(1);
    units.build().map_err(unbuilt)
}

fn encryption(table: &Table) -> SseSpecification {
    let specification = SseSpecification::builder();
    match &table.kms_key {
        None => specification.enabled(false).build(),
        Some(key) => specification
            .enabled(true)
            .sse_type(SseType::Kms)
            .kms_master_key_id(key)
            .build(),
    }
}

fn our_tag(stack: &StackName) -> Result<Tag, CallError> {
    let tag = Tag::builder().key(STACK_TAG).value(stack.as_str());
    tag.build().map_err(unbuilt)
}

/// A request of which a field is missing: none of ours is.
fn unbuilt(error: aws_sdk_dynamodb::error::BuildError) -> CallError {
    CallError::unexpected(&calls::CREATE_TABLE, error.to_string())
}

pub(crate) async fn update(
    clients: &Clients,
    _: &str,
    before: &Table,
    table: &Table,
) -> Result<(), CallError> {
    take(&clients.dynamodb, table, steps(before, table)).await
}

/// Carries out the steps towards a table, each when the one before is done.
async fn take(
    client: &aws_sdk_dynamodb::Client,
    table: &Table,
    steps: Vec<Step<'_>>,
) -> Result<(), CallError> {
    let name = table.name.as_str();
    for step in steps {
        settled(client, name).await?;
        let call = step.call();
        let request = client.update_table().table_name(name);
        match step {
            Step::Billing => {
                let mut request = request.billing_mode(billing(table));
                if !table.on_demand {
                    request = request.provisioned_throughput(least()?);
                }
                call.send(name, request.send()).await?;
            }
            Step::Encryption => {
                let request = request.sse_specification(encryption(table));
                call.send(name, request.send()).await?;
            }
            Step::Protection => {
                let protected = table.deletion_protected;
                let request = request.deletion_protection_enabled(protected);
                call.send(name, request.send()).await?;
            }
            Step::Keep(attribute) | Step::Expire(attribute) => {
                let specification = TimeToLiveSpecification::builder()
                    .enabled(matches!(step, Step::Expire(_)))
                    .attribute_name(attribute);
                let request = client
                    .update_time_to_live()
                    .table_name(name)
                    .time_to_live_specification(specification.build().map_err(unbuilt)?);
                call.send(name, request.send()).await?;
            }
        }
    }
    Ok(())
}

/// Waits until a table is neither being made nor changed; after the longest of waits the next call says what is wrong.
async fn settled(client: &aws_sdk_dynamodb::Client, name: &str) -> Result<(), CallError> {
    for delay in delays() {
        let found = look(client, name).await?;
        let status = found.as_ref().and_then(TableDescription::table_status);
        match status {
            Some(TableStatus::Creating | TableStatus::Updating) => {}
            _ => return Ok(()),
        }
        tokio::time::sleep(delay).await;
    }
    Ok(())
}

/// A table that is being changed cannot be deleted before that is done.
pub(crate) async fn delete(clients: &Clients, _: &str, table: &Table) -> Result<(), CallError> {
    let client = &clients.dynamodb;
    let deletable = deletable(table);
    take(client, &deletable, steps(table, &deletable)).await?;
    settled(client, &table.name).await?;
    let request = client.delete_table().table_name(&table.name);
    let deleted = calls::DELETE_TABLE.send(&table.name, request.send()).await;
    deleted.map(drop)
}

pub(crate) async fn adopt(
    clients: &Clients,
    stack: &StackName,
    arn: &str,
    _: &Table,
) -> Result<(), CallError> {
    let request = clients.dynamodb.tag_resource().resource_arn(arn);
    let request = request.tags(our_tag(stack)?);
    let tagged = calls::TAG_TABLE.send(arn, request.send()).await;
    tagged.map(drop)
}
