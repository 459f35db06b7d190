//! What can be asked of tables: make them, change them, delete them, list them?

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::describe::describe as description;
use super::encryption::{Encryption, key_for};
use super::error::{constraint, in_use, invalid};
use super::find::{SLOW, at_rest, name_of, table};
use super::schema::{Definition, Element, billing, check_name, keys};
use super::state::{Change, Table, Throughput};
use crate::sandbox::common::Tag;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// How many names a page of the list holds.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTables.html>
const MOST_NAMES: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Create {
    table_name: String,
    attribute_definitions: Vec<Definition>,
    key_schema: Vec<Element>,
    billing_mode: Option<String>,
    provisioned_throughput: Option<Throughput>,
    #[serde(rename = "SSESpecification")]
    encryption: Option<Encryption>,
    deletion_protection_enabled: Option<bool>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    pub(super) table_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Update {
    table_name: String,
    billing_mode: Option<String>,
    provisioned_throughput: Option<Throughput>,
    #[serde(rename = "SSESpecification")]
    encryption: Option<Encryption>,
    deletion_protection_enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    exclusive_start_table_name: Option<String>,
    limit: Option<usize>,
}

pub(super) fn create(world: &mut World, site: &Site, create: Create) -> Result<Value, ApiError> {
    let name = name_of(site, &create.table_name)?;
    check_name(&name)?;
    let (hash, range) = keys(&create.attribute_definitions, &create.key_schema)?;
    let mode = create.billing_mode.as_deref().unwrap_or("PROVISIONED");
    let provisioned = billing(mode, create.provisioned_throughput)?;
    let key = key_for(world, site, create.encryption.as_ref())?;
    let (now, id) = (world.now(), world.uuid());
    let tables = world.dynamodb.tables.at(site);
    if let Some(there) = tables.get(&name) {
        return Err(match there.change(now) {
            Some(Change::Create) => in_use(&format!("Table is being created: {name}")),
            Some(Change::Delete) => in_use(&format!("Table is being deleted: {name}")),
            Some(Change::Update) | None => {
                let message = format!("Table already exists: {name}");
                ApiError::new("ResourceInUseException", message)
            }
        });
    }
    let table = Table {
        id,
        created: now,
        hash,
        range,
        provisioned,
        on_demand: provisioned.is_none().then_some(now),
        key,
        protected: create.deletion_protection_enabled.unwrap_or_default(),
        tags: Tag::collect(create.tags),
        change: Change::Create,
        until: now.saturating_add(SLOW),
        time_to_live: None,
        recovery: None,
        rows: Vec::new(),
    };
    let shown = description(site, &name, &table, now);
    tables.insert(name, table);
    Ok(json!({"TableDescription": shown}))
}

pub(super) fn describe(world: &mut World, site: &Site, asked: &Named) -> Result<Value, ApiError> {
    let now = world.now();
    let (name, table) = table(world, site, &asked.table_name)?;
    Ok(json!({"Table": description(site, &name, table, now)}))
}

pub(super) fn update(world: &mut World, site: &Site, update: &Update) -> Result<Value, ApiError> {
    let given = [
        update.billing_mode.is_some(),
        update.provisioned_throughput.is_some(),
        update.encryption.is_some(),
        update.deletion_protection_enabled.is_some(),
    ];
    if !given.contains(&true) {
        return Err(invalid(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
        ));
    }
    let now = world.now();
    let (_, found) = at_rest(world, site, &update.table_name)?;
    let mode = update.billing_mode.as_deref();
    let pays = mode.is_some() || update.provisioned_throughput.is_some();
    let was = match found.provisioned {
        Some(_) => "PROVISIONED",
        None => "PAY_PER_REQUEST",
    };
    let provisioned = match pays {
        true => billing(mode.unwrap_or(was), update.provisioned_throughput)?,
        false => found.provisioned,
    };
    let key = match &update.encryption {
        Some(encryption) => key_for(world, site, Some(encryption))?,
        None => found.key.clone(),
    };
    let (name, table) = at_rest(world, site, &update.table_name)?;
    if provisioned.is_none() && table.provisioned.is_some() {
        table.on_demand = Some(now);
    }
    table.provisioned = provisioned;
    table.key = key;
    table.protected = update
        .deletion_protection_enabled
        .unwrap_or(table.protected);
    table.change = Change::Update;
    table.until = now.saturating_add(SLOW);
    let shown = description(site, &name, table, now);
    Ok(json!({"TableDescription": shown}))
}

pub(super) fn delete(world: &mut World, site: &Site, asked: &Named) -> Result<Value, ApiError> {
    let now = world.now();
    let (name, found) = table(world, site, &asked.table_name)?;
    let what = match found.change(now) {
        // AWS does not mind that it is asked again.
        Some(Change::Delete) => {
            let shown = description(site, &name, found, now);
            return Ok(json!({"TableDescription": shown}));
        }
        Some(Change::Create) => Some("created"),
        Some(Change::Update) => Some("updated"),
        None => None,
    };
    if let Some(what) = what {
        return Err(in_use(&format!("Table is being {what}: {name}")));
    }
    if found.protected {
        return Err(invalid(
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
        ));
    }
    found.change = Change::Delete;
    found.until = now.saturating_add(SLOW);
    let shown = description(site, &name, found, now);
    Ok(json!({"TableDescription": shown}))
}

pub(super) fn list(world: &World, site: &Site, list: &List) -> Result<Value, ApiError> {
    let limit = list.limit.unwrap_or(MOST_NAMES);
    if limit == 0 {
        let what = "Member must have value greater than or equal to 1";
        return Err(constraint("0", "limit", what));
    }
    if limit > MOST_NAMES {
        let what = format!("Member must have value less than or equal to {MOST_NAMES}");
        return Err(constraint(&limit.to_string(), "limit", &what));
    }
    let tables = world.dynamodb.tables.look(site);
    let names = tables.into_iter().flat_map(BTreeMap::keys);
    let start = list.exclusive_start_table_name.as_ref();
    let mut names = names.filter(|name| start.is_none_or(|start| *name > start));
    let shown: Vec<&String> = names.by_ref().take(limit).collect();
    Ok(match (names.next(), shown.last()) {
        (Some(_), Some(last)) => json!({"TableNames": shown, "LastEvaluatedTableName": last}),
        _ => json!({"TableNames": shown}),
    })
}
