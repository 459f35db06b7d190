//! Where do items lie in a table?
//!
//! As in AWS they lie by a digest of the partition key and then by the sort key: a query finds its items in order,
//! and a scan finds them in an order that means nothing.

use std::cmp::Ordering;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::error::{bad_value, invalid};
use super::state::{KeyAttribute, Row, Table};
use super::value::{Attribute, Item};
use crate::sandbox::wire::ApiError;

/// The bytes that a partition key and a sort key have at most.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST_HASH: usize = 2048;
const LONGEST_RANGE: usize = 1024;

/// Where the items of a partition key lie.
pub(super) fn place(hash: &Attribute) -> u64 {
    let digest = Sha256::digest(json!(hash).to_string());
    let first = digest.iter().take(8);
    first.fold(0_u64, |place, byte| (place << 8) | u64::from(*byte))
}

/// The order of two values of a key attribute.
fn order(one: Option<&Attribute>, other: Option<&Attribute>) -> Ordering {
    let pair = one.zip(other);
    let order = pair.and_then(|(one, other)| one.order(other));
    order.unwrap_or(Ordering::Equal)
}

impl Table {
    /// How the key of a row compares with that of an item.
    pub(super) fn compare(&self, row: &Row, key: &Item) -> Ordering {
        let place = key.get(&self.hash.name).map_or(0, place);
        self.compare_at(row, place, key)
    }

    fn compare_at(&self, row: &Row, place: u64, key: &Item) -> Ordering {
        let by = |attribute: &KeyAttribute| {
            order(row.item.get(&attribute.name), key.get(&attribute.name))
        };
        let first = row.place.cmp(&place).then_with(|| by(&self.hash));
        first.then_with(|| self.range.as_ref().map_or(Ordering::Equal, by))
    }

    /// Where the row of a key is, or where it would be.
    fn seek(&self, key: &Item) -> Result<usize, usize> {
        let place = key.get(&self.hash.name).map_or(0, place);
        self.rows
            .binary_search_by(|row| self.compare_at(row, place, key))
    }

    /// The item with a key.
    pub(super) fn item(&self, key: &Item) -> Option<&Item> {
        let row = self.rows.get(self.seek(key).ok()?);
        row.map(|row| &row.item)
    }

    /// Puts an item into the place of one with the same key, which is answered.
    pub(super) fn put(&mut self, item: Item) -> Option<Item> {
        match self.seek(&item) {
            Ok(at) => {
                let row = self.rows.get_mut(at)?;
                Some(std::mem::replace(&mut row.item, item))
            }
            Err(at) => {
                let place = item.get(&self.hash.name).map_or(0, place);
                self.rows.insert(at, Row { place, item });
                None
            }
        }
    }

    /// Takes the item with a key away.
    pub(super) fn take(&mut self, key: &Item) -> Option<Item> {
        let at = self.seek(key).ok()?;
        Some(self.rows.remove(at).item)
    }

    /// The key of an item.
    pub(super) fn key_of(&self, item: &Item) -> Item {
        let names = self.key_attributes().map(|attribute| &attribute.name);
        let found = names.filter_map(|name| Some((name.clone(), item.get(name)?.clone())));
        found.collect()
    }

    /// Refuses an item without a proper key.
    pub(super) fn check_item(&self, item: &Item) -> Result<(), ApiError> {
        for KeyAttribute { name, kind } in self.key_attributes() {
            let value = item
                .get(name)
                .ok_or_else(|| bad_value(format_args!("Missing the key {name} in the item")))?;
            if value.kind() != kind {
                let actual = value.kind();
                return Err(bad_value(format_args!(
                    "Type mismatch for key {name} expected: {kind} actual: {actual}"
                )));
            }
        }
        self.check_sizes(item)
    }

    /// Refuses what is not exactly the key of an item.
    pub(super) fn check_key(&self, key: &Item) -> Result<(), ApiError> {
        let fits = |attribute: &KeyAttribute| {
            let value = key.get(&attribute.name);
            value.is_some_and(|value| value.kind() == attribute.kind)
        };
        if self.key_attributes().count() != key.len() || !self.key_attributes().all(fits) {
            return Err(invalid(
                "The provided key element does not match the schema",
            ));
        }
        self.check_sizes(key)
    }

    fn check_sizes(&self, key: &Item) -> Result<(), ApiError> {
        for attribute in self.key_attributes() {
            let empty = match key.get(&attribute.name) {
                Some(Attribute::S(text)) if text.is_empty() => "string",
                Some(Attribute::B(bytes)) if bytes.0.is_empty() => "binary",
                _ => continue,
            };
            return Err(invalid(format!(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {empty} value. Key: {}",
                attribute.name
            )));
        }
        let size = |attribute: &KeyAttribute| key.get(&attribute.name).map_or(0, Attribute::size);
        if size(&self.hash) > LONGEST_HASH {
            // The missing space is AWS's.
            return Err(bad_value(format_args!(
                "Size of hashkey has exceeded the maximum size limit of{LONGEST_HASH} bytes"
            )));
        }
        if self.range.as_ref().map_or(0, size) > LONGEST_RANGE {
            return Err(bad_value(format_args!(
                "Aggregated size of all range keys has exceeded the size limit of {LONGEST_RANGE} bytes"
            )));
        }
        Ok(())
    }
}
