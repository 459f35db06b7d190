//! What can be asked of one item: get, put and delete it, if a condition holds?
//!
//! Items whose time to live is over stay: AWS deletes them within days, so that a caller must look at the time itself.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{invalid, listed};
use super::expression::{Parsed, Placeholders, parse_condition};
use super::find::with_items;
use super::value::{Item, item_size, read_item};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// The bytes that an item has at most, names included.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
pub(super) const LARGEST_ITEM: usize = 400 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Get {
    table_name: String,
    key: BTreeMap<String, Value>,
    // Here every read is consistent.
    #[serde(rename = "ConsistentRead")]
    _consistent_read: Option<bool>,
    return_consumed_capacity: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Put {
    table_name: String,
    item: BTreeMap<String, Value>,
    condition_expression: Option<String>,
    expression_attribute_names: Option<BTreeMap<String, String>>,
    expression_attribute_values: Option<BTreeMap<String, Value>>,
    return_values: Option<String>,
    return_values_on_condition_check_failure: Option<String>,
    return_consumed_capacity: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Delete {
    table_name: String,
    key: BTreeMap<String, Value>,
    condition_expression: Option<String>,
    expression_attribute_names: Option<BTreeMap<String, String>>,
    expression_attribute_values: Option<BTreeMap<String, Value>>,
    return_values: Option<String>,
    return_values_on_condition_check_failure: Option<String>,
    return_consumed_capacity: Option<String>,
}

/// The condition of a write.
pub(super) struct Guard {
    condition: Option<Parsed>,
    /// Whether the refusal shows the item.
    shows: bool,
}

impl Guard {
    /// `on_failure`: the parameter `ReturnValuesOnConditionCheckFailure`.
    pub(super) fn read(
        expression: Option<&str>,
        on_failure: Option<&str>,
        placeholders: &mut Placeholders,
    ) -> Result<Self, ApiError> {
        let at = "returnValuesOnConditionCheckFailure";
        listed(on_failure.unwrap_or("NONE"), at, &["ALL_OLD", "NONE"])?;
        let condition = expression
            .map(|text| parse_condition("ConditionExpression", text, placeholders))
            .transpose()?;
        Ok(Self {
            condition,
            shows: on_failure == Some("ALL_OLD"),
        })
    }

    /// Refuses a write to an item of which the condition does not hold.
    pub(super) fn check(&self, item: Option<&Item>) -> Result<(), ApiError> {
        let nothing = Item::new();
        let holds = self
            .condition
            .as_ref()
            .is_none_or(|parsed| parsed.condition.holds(item.unwrap_or(&nothing)));
        if holds {
            return Ok(());
        }
        let message = "The conditional request failed";
        let shown = item.filter(|_| self.shows);
        Err(ApiError {
            item: shown.map(|item| Box::new(json!(item))),
            ..ApiError::new("ConditionalCheckFailedException", message)
        })
    }
}

/// Refuses a report that the sandbox does not make.
pub(super) fn no_report(capacity: Option<&str>) -> Result<(), ApiError> {
    match capacity {
        None | Some("NONE") => Ok(()),
        Some(other) => Err(ApiError::unsupported(format_args!(
            "ReturnConsumedCapacity {other}"
        ))),
    }
}

/// Whether a write that replaces or deletes an item answers it.
fn answers_old(values: Option<&str>) -> Result<bool, ApiError> {
    let all = ["ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"];
    listed(values.unwrap_or("NONE"), "returnValues", &all)?;
    match values {
        None | Some("NONE") => Ok(false),
        Some("ALL_OLD") => Ok(true),
        Some(_) => Err(invalid("ReturnValues can only be ALL_OLD or NONE")),
    }
}

/// The answer that shows attributes, if there are any.
pub(super) fn attributes(item: Option<&Item>) -> Value {
    match item.filter(|item| !item.is_empty()) {
        Some(item) => json!({"Attributes": item}),
        None => json!({}),
    }
}

pub(super) fn get(world: &mut World, site: &Site, get: &Get) -> Result<Value, ApiError> {
    no_report(get.return_consumed_capacity.as_deref())?;
    let key = read_item(&get.key).map_err(invalid)?;
    let table = with_items(world, site, &get.table_name)?;
    table.check_key(&key)?;
    Ok(match table.item(&key) {
        Some(item) => json!({"Item": item}),
        None => json!({}),
    })
}

pub(super) fn put(world: &mut World, site: &Site, put: Put) -> Result<Value, ApiError> {
    no_report(put.return_consumed_capacity.as_deref())?;
    let old = answers_old(put.return_values.as_deref())?;
    let item = read_item(&put.item).map_err(invalid)?;
    if item_size(&item) > LARGEST_ITEM {
        return Err(invalid("Item size has exceeded the maximum allowed size"));
    }
    let condition = put.condition_expression.as_deref();
    let mut placeholders = Placeholders::read(
        put.expression_attribute_names,
        put.expression_attribute_values,
        &[("ConditionExpression", condition)],
    )?;
    let on_failure = put.return_values_on_condition_check_failure.as_deref();
    let guard = Guard::read(condition, on_failure, &mut placeholders)?;
    placeholders.finish()?;
    let table = with_items(world, site, &put.table_name)?;
    table.check_item(&item)?;
    guard.check(table.item(&item))?;
    let replaced = table.put(item).filter(|_| old);
    Ok(attributes(replaced.as_ref()))
}

pub(super) fn delete(world: &mut World, site: &Site, delete: Delete) -> Result<Value, ApiError> {
    no_report(delete.return_consumed_capacity.as_deref())?;
    let old = answers_old(delete.return_values.as_deref())?;
    let key = read_item(&delete.key).map_err(invalid)?;
    let condition = delete.condition_expression.as_deref();
    let mut placeholders = Placeholders::read(
        delete.expression_attribute_names,
        delete.expression_attribute_values,
        &[("ConditionExpression", condition)],
    )?;
    let on_failure = delete.return_values_on_condition_check_failure.as_deref();
    let guard = Guard::read(condition, on_failure, &mut placeholders)?;
    placeholders.finish()?;
    let table = with_items(world, site, &delete.table_name)?;
    table.check_key(&key)?;
    guard.check(table.item(&key))?;
    let deleted = table.take(&key).filter(|_| old);
    Ok(attributes(deleted.as_ref()))
}
