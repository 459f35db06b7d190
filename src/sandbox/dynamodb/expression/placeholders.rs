//! What do the placeholders of a request's expressions stand for?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::sandbox::dynamodb::error::invalid;
use crate::sandbox::dynamodb::value::Attribute;
use crate::sandbox::wire::ApiError;

/// `#names` and `:values`, and which of them were used.
#[derive(Debug)]
pub(crate) struct Placeholders {
    names: BTreeMap<String, String>,
    values: BTreeMap<String, Attribute>,
    used: BTreeSet<String>,
}

impl Placeholders {
    /// Those that a request gives besides the expressions that it may have, each with its text.
    pub(crate) fn read(
        names: Option<BTreeMap<String, String>>,
        values: Option<BTreeMap<String, Value>>,
        expressions: &[(&str, Option<&str>)],
    ) -> Result<Self, ApiError> {
        let none = expressions.iter().all(|(_, text)| text.is_none());
        if names.is_some() && none {
            return Err(invalid(
                "ExpressionAttributeNames can only be specified when using expressions",
            ));
        }
        if values.is_some() && none {
            let all: Vec<&str> = expressions.iter().map(|(name, _)| *name).collect();
            let are = if all.len() == 1 { "is" } else { "are" };
            return Err(invalid(format!(
                "ExpressionAttributeValues can only be specified when using expressions: {} {are} null",
                all.join(" and ")
            )));
        }
        if let Some(names) = &names {
            check_keys("ExpressionAttributeNames", '#', names.keys())?;
        }
        if let Some(values) = &values {
            check_keys("ExpressionAttributeValues", ':', values.keys())?;
        }
        let mut read = BTreeMap::new();
        for (key, value) in values.unwrap_or_default() {
            let value = Attribute::read(&value).map_err(|reason| {
                invalid(format!(
                    "ExpressionAttributeValues contains invalid value: {reason} for key {key}"
                ))
            })?;
            read.insert(key, value);
        }
        Ok(Self {
            names: names.unwrap_or_default(),
            values: read,
            used: BTreeSet::new(),
        })
    }

    /// The attribute's name that `#key` stands for.
    pub(crate) fn name(&mut self, key: &str) -> Result<String, String> {
        self.used.insert(key.to_owned());
        self.names.get(key).cloned().ok_or_else(|| {
            format!("An expression attribute name used in the document path is not defined; attribute name: {key}")
        })
    }

    /// The value that `:key` stands for.
    pub(crate) fn value(&mut self, key: &str) -> Result<Attribute, String> {
        self.used.insert(key.to_owned());
        self.values.get(key).cloned().ok_or_else(|| {
            format!("An expression attribute value used in expression is not defined; attribute value: {key}")
        })
    }

    /// Refuses a request that gives what none of its expressions uses.
    pub(crate) fn finish(&self) -> Result<(), ApiError> {
        self.all_used("ExpressionAttributeNames", self.names.keys())?;
        self.all_used("ExpressionAttributeValues", self.values.keys())
    }

    fn all_used<'k>(
        &self,
        field: &str,
        keys: impl Iterator<Item = &'k String>,
    ) -> Result<(), ApiError> {
        let unused = keys.filter(|key| !self.used.contains(*key));
        let unused: Vec<&str> = unused.map(String::as_str).collect();
        if unused.is_empty() {
            return Ok(());
        }
        let keys = unused.join(", ");
        Err(invalid(format!(
            "Value provided in {field} unused in expressions: keys: {{{keys}}}"
        )))
    }
}

fn check_keys<'k>(
    field: &str,
    mark: char,
    keys: impl Iterator<Item = &'k String>,
) -> Result<(), ApiError> {
    let mut any = false;
    for key in keys {
        any = true;
        let name = key.strip_prefix(mark).unwrap_or_default();
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if name.is_empty() || !name.bytes().all(is_word) {
            return Err(invalid(format!(
                "{field} contains invalid key: Syntax error; key: \"{key}\""
            )));
        }
    }
    match any {
        true => Ok(()),
        false => Err(invalid(format!("{field} must not be empty"))),
    }
}
