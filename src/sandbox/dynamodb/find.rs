//! Which table is meant, and can it be used?

use super::error::{in_use, no_table, not_found};
use super::state::{Change, Table};
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// How long AWS takes to create, change or delete a table, in milliseconds. It is seconds there; here it is enough for
/// a caller that does not wait to notice, since each request moves a virtual clock by a tenth of a second.
pub(super) const SLOW: i64 = 300;

/// Tables that were deleted are gone after a while.
pub(super) fn settle(world: &mut World, site: &Site) {
    let now = world.now();
    if let Some(tables) = world.dynamodb.tables.look_mut(site) {
        tables.retain(|_, table| table.change != Change::Delete || now < table.until);
    }
}

/// The ARN of a table that is given by name or ARN.
pub(super) fn arn_of(site: &Site, given: &str) -> String {
    match given.starts_with("arn:") {
        true => given.to_owned(),
        false => site.arn("dynamodb", &format!("table/{given}")),
    }
}

/// The name of a table here that is given by name or ARN.
pub(super) fn name_of(site: &Site, given: &str) -> Result<String, ApiError> {
    match locate(given) {
        None => Ok(given.to_owned()),
        Some((at, resource)) if at == *site => {
            let name = resource.strip_prefix("table/").unwrap_or(&resource);
            Ok(name.to_owned())
        }
        // It would take a policy of the table.
        Some(_) => Err(ApiError::unsupported(format_args!(
            "the table of another account or Region, `{given}`"
        ))),
    }
}

fn get<'w>(world: &'w mut World, site: &Site, name: &str) -> Option<&'w mut Table> {
    world.dynamodb.tables.look_mut(site)?.get_mut(name)
}

/// A table whose items a call is about.
pub(super) fn with_items<'w>(
    world: &'w mut World,
    site: &Site,
    given: &str,
) -> Result<&'w mut Table, ApiError> {
    let (now, name) = (world.now(), name_of(site, given)?);
    let table = get(world, site, &name).ok_or_else(not_found)?;
    match table.change(now) {
        // AWS may still answer about a table that is being deleted.
        Some(Change::Create | Change::Delete) => Err(not_found()),
        Some(Change::Update) | None => Ok(table),
    }
}

/// A table by its name, and the name.
pub(super) fn table<'w>(
    world: &'w mut World,
    site: &Site,
    given: &str,
) -> Result<(String, &'w mut Table), ApiError> {
    let name = name_of(site, given)?;
    let table = get(world, site, &name).ok_or_else(|| no_table(&name))?;
    Ok((name, table))
}

/// A table that can be changed, and its name.
pub(super) fn at_rest<'w>(
    world: &'w mut World,
    site: &Site,
    given: &str,
) -> Result<(String, &'w mut Table), ApiError> {
    let now = world.now();
    let (name, table) = table(world, site, given)?;
    let what = match table.change(now) {
        None => return Ok((name, table)),
        Some(Change::Create) => "created",
        Some(Change::Update) => "updated",
        Some(Change::Delete) => "deleted",
    };
    Err(in_use(&format!("Table is being {what}: {name}")))
}
