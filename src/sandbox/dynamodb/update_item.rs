//! What does it do to update an item?

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::error::{invalid, listed};
use super::expression::{Placeholders, Update};
use super::find::with_items;
use super::items::{Guard, LARGEST_ITEM, attributes, no_report};
use super::value::{Item, item_size, read_item};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateItem {
    table_name: String,
    key: BTreeMap<String, Value>,
    update_expression: Option<String>,
    condition_expression: Option<String>,
    expression_attribute_names: Option<BTreeMap<String, String>>,
    expression_attribute_values: Option<BTreeMap<String, Value>>,
    return_values: Option<String>,
    return_values_on_condition_check_failure: Option<String>,
    return_consumed_capacity: Option<String>,
}

pub(super) fn update(world: &mut World, site: &Site, asked: UpdateItem) -> Result<Value, ApiError> {
    no_report(asked.return_consumed_capacity.as_deref())?;
    let wanted = asked.return_values.as_deref().unwrap_or("NONE");
    let all = ["ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"];
    listed(wanted, "returnValues", &all)?;
    let key = read_item(&asked.key).map_err(invalid)?;
    let change = asked.update_expression.as_deref();
    let condition = asked.condition_expression.as_deref();
    let expressions = [
        ("UpdateExpression", change),
        ("ConditionExpression", condition),
    ];
    let mut placeholders = Placeholders::read(
        asked.expression_attribute_names,
        asked.expression_attribute_values,
        &expressions,
    )?;
    let change = change
        .map(|text| Update::parse(text, &mut placeholders))
        .transpose()?
        .unwrap_or_default();
    let on_failure = asked.return_values_on_condition_check_failure.as_deref();
    let guard = Guard::read(condition, on_failure, &mut placeholders)?;
    placeholders.finish()?;

    let table = with_items(world, site, &asked.table_name)?;
    table.check_key(&key)?;
    change.spares_key(table)?;
    guard.check(table.item(&key))?;
    // An item that is not there begins with its key.
    let old = table.item(&key).cloned();
    let new = change.apply(old.as_ref().unwrap_or(&key))?;
    if item_size(&new) > LARGEST_ITEM {
        let message = "Item size to update has exceeded the maximum allowed size";
        return Err(invalid(message));
    }
    let nothing = Item::new();
    let answer = match wanted {
        "ALL_OLD" => attributes(old.as_ref()),
        "ALL_NEW" => attributes(Some(&new)),
        "UPDATED_OLD" => attributes(Some(&change.changed(old.as_ref().unwrap_or(&nothing))?)),
        "UPDATED_NEW" => attributes(Some(&change.changed(&new)?)),
        _ => attributes(None),
    };
    table.put(new);
    Ok(answer)
}
