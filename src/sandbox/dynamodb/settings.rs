//! What can be asked of a table's time to live, and of its backups?

use serde::Deserialize;
use serde_json::{Value, json};

use super::describe::seconds;
use super::error::{in_use, invalid};
use super::find::{SLOW, name_of, table};
use super::state::{Change, Table, TimeToLive};
use super::tables::Named;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// How long the time to live cannot be changed again.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html>
const HOUR: i64 = 60 * 60_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateTimeToLive {
    table_name: String,
    time_to_live_specification: Specification,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Specification {
    enabled: bool,
    attribute_name: String,
}

pub(super) fn set_time_to_live(
    world: &mut World,
    site: &Site,
    asked: UpdateTimeToLive,
) -> Result<Value, ApiError> {
    let now = world.now();
    let (name, table) = table(world, site, &asked.table_name)?;
    match table.change(now) {
        Some(Change::Create) => return Err(in_use(&format!("Table is being created: {name}"))),
        Some(Change::Delete) => return Err(in_use(&format!("Table is being deleted: {name}"))),
        Some(Change::Update) | None => {}
    }
    let Specification {
        enabled,
        attribute_name: attribute,
    } = asked.time_to_live_specification;
    if attribute.is_empty() {
        return Err(invalid("TimeToLiveSpecification.AttributeName is empty"));
    }
    let old = table.time_to_live.as_ref();
    let was = old.is_some_and(|old| old.enabled);
    match (was, enabled) {
        (true, true) => return Err(invalid("TimeToLive is already enabled")),
        (false, false) => return Err(invalid("TimeToLive is already disabled")),
        _ => {}
    }
    if let Some(old) = old {
        if old.changed.saturating_add(HOUR) > now {
            return Err(invalid(
                "Time to live has been modified multiple times within a fixed interval",
            ));
        }
        if was && old.attribute != attribute {
            return Err(invalid(format!(
                "TimeToLive is active on a different AttributeName: current AttributeName is {}",
                old.attribute
            )));
        }
    }
    let answer = json!({"Enabled": enabled, "AttributeName": attribute});
    table.time_to_live = Some(TimeToLive {
        attribute,
        enabled,
        changed: now,
    });
    Ok(json!({"TimeToLiveSpecification": answer}))
}

pub(super) fn time_to_live(
    world: &mut World,
    site: &Site,
    asked: &Named,
) -> Result<Value, ApiError> {
    let now = world.now();
    let (_, table) = table(world, site, &asked.table_name)?;
    let description = match &table.time_to_live {
        None => json!({"TimeToLiveStatus": "DISABLED"}),
        Some(set) => {
            let status = match (set.enabled, now < set.changed.saturating_add(SLOW)) {
                (true, true) => "ENABLING",
                (true, false) => "ENABLED",
                (false, true) => "DISABLING",
                (false, false) => "DISABLED",
            };
            match status {
                "DISABLED" => json!({"TimeToLiveStatus": status}),
                _ => json!({"TimeToLiveStatus": status, "AttributeName": set.attribute}),
            }
        }
    };
    Ok(json!({"TimeToLiveDescription": description}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateBackups {
    table_name: String,
    point_in_time_recovery_specification: Recovery,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Recovery {
    point_in_time_recovery_enabled: bool,
}

pub(super) fn set_backups(
    world: &mut World,
    site: &Site,
    asked: &UpdateBackups,
) -> Result<Value, ApiError> {
    let now = world.now();
    let table = backed_up(world, site, &asked.table_name)?;
    let enabled = asked
        .point_in_time_recovery_specification
        .point_in_time_recovery_enabled;
    table.recovery = enabled.then_some(table.recovery.unwrap_or(now));
    Ok(json!({"ContinuousBackupsDescription": show(table, now)}))
}

pub(super) fn backups(world: &mut World, site: &Site, asked: &Named) -> Result<Value, ApiError> {
    let now = world.now();
    let table = backed_up(world, site, &asked.table_name)?;
    Ok(json!({"ContinuousBackupsDescription": show(table, now)}))
}

/// A table, whose absence has another error here.
fn backed_up<'w>(
    world: &'w mut World,
    site: &Site,
    given: &str,
) -> Result<&'w mut Table, ApiError> {
    let name = name_of(site, given)?;
    let (_, table) = table(world, site, given).map_err(|_| {
        let message = format!("Table not found: {name}");
        ApiError::new("TableNotFoundException", message)
    })?;
    Ok(table)
}

fn show(table: &Table, now: i64) -> Value {
    let recovery = match table.recovery {
        None => json!({"PointInTimeRecoveryStatus": "DISABLED"}),
        Some(since) => json!({
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": 35,
            "EarliestRestorableDateTime": seconds(since),
            "LatestRestorableDateTime": seconds(now),
        }),
    };
    json!({"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery})
}
