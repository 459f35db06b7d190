//! The JSON Schema of the rules file, made from the tables that the decoder reads.

use serde_json::{Map, Value, json};

use crate::rules::syntax::channel_keys::CHANNEL_KINDS;
use crate::rules::syntax::keys::{
    CHANNEL_KEYS, Form, GIVEN, INCLUDED, MapKey, NOTIFY, OPERATORS, OWN, ROOT, TEST, USE, names,
};

/// The JSON Schema (2020-12) of a rules file, for editors and other tools.
///
/// It says less than [`load`](crate::rules::resolve::load): names are not resolved, and what depends on more than one
/// value is left to the loader.
pub fn schema() -> Value {
    let mut root = object(ROOT);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "iamwatch rules file",
        "description": "What to be told about, and who is told. An included file holds `version` and `rules` only.",
    });
    let mut schema = Map::new();
    for part in [
        head,
        Value::Object(std::mem::take(&mut root)),
        json!({ "$defs": definitions() }),
    ] {
        if let Value::Object(part) = part {
            schema.extend(part);
        }
    }
    Value::Object(schema)
}

fn definitions() -> Value {
    json!({
        "included": object(INCLUDED),
        "text": { "type": "string", "minLength": 1 },
        "texts": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/text" } },
        "ruleId": { "type": "string", "pattern": "^[a-z0-9/-]{1,64}$" },
        "channelName": { "type": "string", "pattern": "^[a-z0-9-]{1,32}$" },
        "channelNames": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/channelName" } },
        "channel": channel(),
        "rules": {
            "type": ["array", "null"],
            "items": { "oneOf": [{ "$ref": "#/$defs/use" }, { "$ref": "#/$defs/rule" }] },
        },
        "use": object(USE),
        "rule": rule(),
        "tests": { "type": "array", "minItems": 1, "items": test() },
        "event": { "type": "string", "pattern": r"^(\*|[a-z0-9.-]+):[A-Za-z0-9*_./-]+$" },
        "conditions": {
            "oneOf": [
                { "$ref": "#/$defs/allOf" },
                { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/allOf" } },
            ],
        },
        "allOf": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "pattern": r"^[^.\s*\[\]]+(\.[^.\s*\[\]]+)*$", "not": { "pattern": r"^detail(\.|$)" } },
            "additionalProperties": {
                "oneOf": [
                    { "$ref": "#/$defs/test" },
                    { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/test" } },
                ],
            },
        },
        "scalar": { "type": ["string", "number", "boolean", "null"] },
        "scalars": {
            "oneOf": [
                { "$ref": "#/$defs/scalar" },
                { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/scalar" } },
            ],
        },
        "test": { "oneOf": [{ "$ref": "#/$defs/scalar" }, operators(&[])] },
        "noneOf": {
            "oneOf": [
                { "$ref": "#/$defs/innerTest" },
                { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/innerTest" } },
            ],
        },
        "innerTest": { "oneOf": [{ "$ref": "#/$defs/scalar" }, operators(&["not", "exists"])] },
    })
}

/// A map with exactly these keys.
fn object(keys: &[MapKey]) -> Map<String, Value> {
    let mut properties = Map::new();
    for key in keys {
        let mut value = Map::from_iter([("description".to_owned(), json!(key.doc))]);
        if let Value::Object(form) = form(key.form) {
            value.extend(form);
        }
        properties.insert(key.name.to_owned(), Value::Object(value));
    }
    let needed: Vec<&str> = keys.iter().filter(|k| k.needed).map(|k| k.name).collect();
    let mut object = Map::from_iter([
        ("type".to_owned(), json!("object")),
        ("additionalProperties".to_owned(), json!(false)),
    ]);
    if !needed.is_empty() {
        object.insert("required".to_owned(), json!(needed));
    }
    object.insert("properties".to_owned(), Value::Object(properties));
    object
}

fn form(form: Form) -> Value {
    match form {
        Form::Version => json!({ "const": 1 }),
        Form::Text => json!({ "$ref": "#/$defs/text" }),
        Form::Texts => json!({ "$ref": "#/$defs/texts" }),
        Form::Line => json!({ "type": "string", "minLength": 1, "maxLength": 120 }),
        Form::Boolean => json!({ "type": "boolean" }),
        Form::Name => json!({ "type": "string", "pattern": "^[a-z][a-z0-9-]{0,19}$" }),
        Form::Account => json!({ "type": "string", "pattern": "^[0-9]{12}$" }),
        Form::Region => {
            json!({ "type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)+-[0-9]{1,2}$" })
        }
        Form::Words(words) => json!({ "enum": words }),
        Form::WordOrMap(words, keys) => {
            json!({ "oneOf": [{ "enum": words }, Value::Object(object(keys))] })
        }
        Form::AllOrTexts => {
            json!({ "oneOf": [{ "const": "all" }, { "$ref": "#/$defs/texts" }] })
        }
        Form::Map(keys) => Value::Object(object(keys)),
        Form::MaybeMap(keys) => {
            let mut map = object(keys);
            map.insert("type".to_owned(), json!(["object", "null"]));
            Value::Object(map)
        }
        Form::MapWithOne(keys, of) => {
            let mut map = object(keys);
            let each = of.iter().map(|key| json!({ "required": [key] }));
            map.insert("oneOf".to_owned(), each.collect());
            Value::Object(map)
        }
        Form::Like(pattern) => json!({ "type": "string", "pattern": pattern }),
        Form::Channels => json!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "$ref": "#/$defs/channelName" },
            "additionalProperties": { "$ref": "#/$defs/channel" },
        }),
        Form::Notify => {
            let lists = NOTIFY.iter().map(|name| {
                (
                    (*name).to_owned(),
                    json!({ "$ref": "#/$defs/channelNames" }),
                )
            });
            json!({
                "type": "object",
                "additionalProperties": false,
                "properties": Map::from_iter(lists),
            })
        }
        Form::Rules => json!({ "$ref": "#/$defs/rules" }),
        Form::Tests => json!({ "$ref": "#/$defs/tests" }),
        Form::RuleId => json!({ "$ref": "#/$defs/ruleId" }),
        Form::CatalogueId => json!({ "type": "string", "pattern": "^[a-z0-9./-]{1,64}$" }),
        Form::ChannelNames => json!({ "$ref": "#/$defs/channelNames" }),
        Form::Event => json!({ "type": "string", "pattern": r"^[a-z0-9.-]+:[A-Za-z0-9_./-]+$" }),
        Form::Events => {
            json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/event" } })
        }
        Form::Conditions => json!({ "$ref": "#/$defs/conditions" }),
        Form::Values => json!({ "type": "object" }),
        Form::Reasons => json!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "pattern": "^W[0-9]{4}$" },
            "additionalProperties": { "type": "string", "minLength": 1, "maxLength": 200 },
        }),
        Form::Pattern => json!({ "type": ["object", "string"] }),
        Form::Test(name) => json!({ "$ref": format!("#/$defs/{name}") }),
        Form::Number => json!({ "oneOf": [
            { "type": ["number", "string"] },
            { "type": "array", "minItems": 1, "items": { "type": ["number", "string"] } },
        ] }),
        Form::OneOrTexts => {
            json!({ "oneOf": [{ "$ref": "#/$defs/text" }, { "$ref": "#/$defs/texts" }] })
        }
        Form::NotYet => json!({ "not": {}, "$comment": "not yet supported" }),
    }
}

/// Exactly one kind, and what every channel can have.
fn channel() -> Value {
    let mut keys = CHANNEL_KINDS.to_vec();
    keys.extend(CHANNEL_KEYS);
    let mut channel = object(&keys);
    let kinds = names(CHANNEL_KINDS);
    channel.insert(
        "oneOf".to_owned(),
        kinds
            .iter()
            .map(|kind| json!({ "required": [kind] }))
            .collect(),
    );
    // The form of the others follows from their service.
    let with_format: Vec<Value> = CHANNEL_KINDS
        .iter()
        .filter(|kind| matches!(kind.form, Form::Text))
        .map(|kind| json!({ "required": [kind.name] }))
        .collect();
    channel.insert(
        "dependentSchemas".to_owned(),
        json!({ "format": { "anyOf": with_format } }),
    );
    Value::Object(channel)
}

/// A rule of one's own: `events` with conditions, or `pattern`.
fn rule() -> Value {
    let mut rule = object(OWN);
    let conditions: Vec<Value> = ["when", "unless", "detail-type"]
        .iter()
        .map(|key| json!({ "required": [key] }))
        .collect();
    rule.insert(
        "oneOf".to_owned(),
        json!([
            { "required": ["events"] },
            { "required": ["pattern"], "not": { "anyOf": conditions } },
        ]),
    );
    Value::Object(rule)
}

/// A test: exactly one key says which event it is about.
fn test() -> Value {
    let mut test = object(TEST);
    let given: Vec<Value> = GIVEN
        .iter()
        .map(|key| json!({ "required": [key] }))
        .collect();
    test.insert("oneOf".to_owned(), Value::Array(given));
    test.insert("dependentRequired".to_owned(), json!({ "as": ["like"] }));
    Value::Object(test)
}

/// A map with exactly one operator.
fn operators(without: &[&str]) -> Value {
    let keys: Vec<MapKey> = OPERATORS
        .iter()
        .filter(|key| !without.contains(&key.name))
        .copied()
        .collect();
    let mut map = object(&keys);
    map.insert("minProperties".to_owned(), json!(1));
    map.insert("maxProperties".to_owned(), json!(1));
    Value::Object(map)
}
