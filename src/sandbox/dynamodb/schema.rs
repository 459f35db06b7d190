//! What may a table be called, by which keys is it ordered, and how is it paid?

use serde::Deserialize;

use super::error::{bad_value, constraint, invalid, listed};
use super::state::{KeyAttribute, Throughput};
use crate::sandbox::wire::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Definition {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Element {
    attribute_name: String,
    key_type: String,
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if !name.bytes().all(fits) {
        let what = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+";
        return Err(constraint(name, "tableName", what));
    }
    match name.len() {
        3..=255 => Ok(()),
        _ => Err(invalid(
            "TableName must be at least 3 characters long and at most 255 characters long",
        )),
    }
}

/// The partition key and the sort key.
pub(super) fn keys(
    definitions: &[Definition],
    schema: &[Element],
) -> Result<(KeyAttribute, Option<KeyAttribute>), ApiError> {
    for definition in definitions {
        let at = "attributeDefinitions.1.member.attributeType";
        listed(&definition.attribute_type, at, &["B", "N", "S"])?;
    }
    for element in schema {
        let at = "keySchema.1.member.keyType";
        listed(&element.key_type, at, &["HASH", "RANGE"])?;
    }
    let (hash, range) = match schema {
        [hash] => (hash, None),
        [hash, range] => (hash, Some(range)),
        _ => {
            let what = "Member must have length less than or equal to 2";
            return Err(constraint("[]", "keySchema", what));
        }
    };
    if hash.key_type != "HASH" {
        return Err(invalid(
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ));
    }
    if range.is_some_and(|range| range.key_type != "RANGE") {
        return Err(invalid(
            "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
        ));
    }
    if range.is_some_and(|range| range.attribute_name == hash.attribute_name) {
        return Err(invalid(
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        ));
    }
    let defined = |element: &Element| {
        let name = &element.attribute_name;
        let mut all = definitions.iter();
        let found = all.find(|definition| definition.attribute_name == *name);
        let found = found.ok_or_else(|| {
            bad_value(format_args!(
                "Some index key attributes are not defined in AttributeDefinitions. Keys: [{name}], AttributeDefinitions: [{}]",
                names(definitions)
            ))
        })?;
        Ok::<_, ApiError>(KeyAttribute {
            name: name.clone(),
            kind: found.attribute_type.clone(),
        })
    };
    let hash = defined(hash)?;
    let range = range.map(defined).transpose()?;
    if definitions.len() != schema.len() {
        return Err(bad_value(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
        ));
    }
    Ok((hash, range))
}

fn names(definitions: &[Definition]) -> String {
    let names = definitions.iter().map(|d| d.attribute_name.as_str());
    names.collect::<Vec<_>>().join(", ")
}

/// The units that a table pays for, unless it pays each request.
pub(super) fn billing(
    mode: &str,
    given: Option<Throughput>,
) -> Result<Option<Throughput>, ApiError> {
    listed(mode, "billingMode", &["PROVISIONED", "PAY_PER_REQUEST"])?;
    match (mode, given) {
        ("PAY_PER_REQUEST", None) => Ok(None),
        ("PAY_PER_REQUEST", Some(_)) => Err(bad_value(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        )),
        (_, None) => Err(bad_value(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        )),
        (_, Some(units)) => {
            for (value, at) in [
                (units.read, "provisionedThroughput.readCapacityUnits"),
                (units.write, "provisionedThroughput.writeCapacityUnits"),
            ] {
                if value == 0 {
                    let what = "Member must have value greater than or equal to 1";
                    return Err(constraint("0", at, what));
                }
            }
            Ok(Some(units))
        }
    }
}
