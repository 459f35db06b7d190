//! What can be asked of many items: the items of one partition key in order, or all?

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{constraint, invalid};
use super::expression::{Condition, KeyCondition, Parsed, Placeholders, parse_condition};
use super::find::with_items;
use super::items::no_report;
use super::rows::place;
use super::state::{Row, Table};
use super::value::{Item, item_size, read_item};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// A page reads at most as many bytes, before its filter.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html>
const PAGE: usize = 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Query {
    table_name: String,
    key_condition_expression: Option<String>,
    filter_expression: Option<String>,
    expression_attribute_names: Option<BTreeMap<String, String>>,
    expression_attribute_values: Option<BTreeMap<String, Value>>,
    exclusive_start_key: Option<BTreeMap<String, Value>>,
    limit: Option<i64>,
    scan_index_forward: Option<bool>,
    // Here every read is consistent.
    #[serde(rename = "ConsistentRead")]
    _consistent_read: Option<bool>,
    return_consumed_capacity: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Scan {
    table_name: String,
    filter_expression: Option<String>,
    expression_attribute_names: Option<BTreeMap<String, String>>,
    expression_attribute_values: Option<BTreeMap<String, Value>>,
    exclusive_start_key: Option<BTreeMap<String, Value>>,
    limit: Option<i64>,
    // Here every read is consistent.
    #[serde(rename = "ConsistentRead")]
    _consistent_read: Option<bool>,
    return_consumed_capacity: Option<String>,
}

pub(super) fn query(world: &mut World, site: &Site, asked: Query) -> Result<Value, ApiError> {
    no_report(asked.return_consumed_capacity.as_deref())?;
    let limit = limit(asked.limit)?;
    let start = start(asked.exclusive_start_key.as_ref())?;
    let keys = asked.key_condition_expression.as_deref().ok_or_else(|| {
        invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
    })?;
    let filter = asked.filter_expression.as_deref();
    let expressions = [
        ("FilterExpression", filter),
        ("KeyConditionExpression", Some(keys)),
    ];
    let mut placeholders = Placeholders::read(
        asked.expression_attribute_names,
        asked.expression_attribute_values,
        &expressions,
    )?;
    let filter = read_filter(filter, &mut placeholders)?;
    let keys = KeyCondition::parse(keys, &mut placeholders)?;
    placeholders.finish()?;

    let table: &Table = with_items(world, site, &asked.table_name)?;
    let (hash, range) = keys.of(table)?;
    if let Some(filter) = &filter {
        let mut names = table.key_attributes().map(|key| &key.name);
        if let Some(key) = names.find(|name| filter.attributes.contains(*name)) {
            return Err(invalid(format!(
                "Filter Expression can only contain non-primary key attributes: Primary key attribute: {key}"
            )));
        }
    }
    if let Some(start) = &start {
        check_start(table, start)?;
        if start.get(&table.hash.name) != Some(&hash) {
            return Err(invalid(
                "The provided starting key is outside query boundaries based on provided conditions",
            ));
        }
    }
    let place = place(&hash);
    let forward = asked.scan_index_forward.unwrap_or(true);
    let next = match forward {
        true => Ordering::Greater,
        false => Ordering::Less,
    };
    let mut rows: Vec<&Row> = table
        .rows
        .iter()
        .filter(|row| row.place == place && row.item.get(&table.hash.name) == Some(&hash))
        .filter(|row| range.as_ref().is_none_or(|range| range.holds(&row.item)))
        .filter(|row| is_after(table, row, start.as_ref(), next))
        .collect();
    if !forward {
        rows.reverse();
    }
    let filter = filter.map(|filter| filter.condition);
    Ok(page(table, rows.into_iter(), filter.as_ref(), limit))
}

pub(super) fn scan(world: &mut World, site: &Site, asked: Scan) -> Result<Value, ApiError> {
    no_report(asked.return_consumed_capacity.as_deref())?;
    let limit = limit(asked.limit)?;
    let start = start(asked.exclusive_start_key.as_ref())?;
    let filter = asked.filter_expression.as_deref();
    let mut placeholders = Placeholders::read(
        asked.expression_attribute_names,
        asked.expression_attribute_values,
        &[("FilterExpression", filter)],
    )?;
    let filter = read_filter(filter, &mut placeholders)?;
    placeholders.finish()?;

    let table: &Table = with_items(world, site, &asked.table_name)?;
    if let Some(start) = &start {
        check_start(table, start)?;
    }
    let rows = table
        .rows
        .iter()
        .filter(|row| is_after(table, row, start.as_ref(), Ordering::Greater));
    let filter = filter.map(|filter| filter.condition);
    Ok(page(table, rows, filter.as_ref(), limit))
}

fn limit(given: Option<i64>) -> Result<Option<usize>, ApiError> {
    let Some(limit) = given else {
        return Ok(None);
    };
    match usize::try_from(limit) {
        Ok(limit) if limit > 0 => Ok(Some(limit)),
        _ => {
            let what = "Member must have value greater than or equal to 1";
            Err(constraint(&limit.to_string(), "limit", what))
        }
    }
}

fn start(given: Option<&BTreeMap<String, Value>>) -> Result<Option<Item>, ApiError> {
    let read = given.map(read_item).transpose();
    read.map_err(|reason| invalid(format!("The provided starting key is invalid: {reason}")))
}

fn check_start(table: &Table, start: &Item) -> Result<(), ApiError> {
    table.check_key(start).map_err(|error| {
        let reason = error.message;
        invalid(format!("The provided starting key is invalid: {reason}"))
    })
}

fn read_filter(
    text: Option<&str>,
    placeholders: &mut Placeholders,
) -> Result<Option<Parsed>, ApiError> {
    text.map(|text| parse_condition("FilterExpression", text, placeholders))
        .transpose()
}

/// Whether a row comes after the key that the last page ended with.
fn is_after(table: &Table, row: &Row, start: Option<&Item>, next: Ordering) -> bool {
    start.is_none_or(|start| table.compare(row, start) == next)
}

/// The first page of rows. A page that its limit ends says where the next one begins even if there is no more.
fn page<'t>(
    table: &Table,
    rows: impl Iterator<Item = &'t Row>,
    filter: Option<&Condition>,
    limit: Option<usize>,
) -> Value {
    let (mut found, mut scanned, mut bytes) = (Vec::new(), 0, 0);
    let mut last: Option<&Row> = None;
    let mut more = false;
    for row in rows {
        bytes += item_size(&row.item);
        more = bytes > PAGE && last.is_some();
        if more {
            break;
        }
        scanned += 1;
        last = Some(row);
        if filter.is_none_or(|filter| filter.holds(&row.item)) {
            found.push(&row.item);
        }
        more = limit == Some(scanned);
        if more {
            break;
        }
    }
    let mut answer = json!({"Items": found, "Count": found.len(), "ScannedCount": scanned});
    if let (Some(last), Some(fields)) = (last.filter(|_| more), answer.as_object_mut()) {
        let key = table.key_of(&last.item);
        fields.insert("LastEvaluatedKey".to_owned(), json!(key));
    }
    answer
}
