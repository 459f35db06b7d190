//! One spelling for patterns that mean the same.

use serde_json::{Map, Value};

/// A pattern with its members and alternatives sorted: their order means nothing. Only the arguments of
/// `numeric` have an order.
pub fn normal_form(pattern: &Value) -> Value {
    match pattern {
        Value::Object(fields) => {
            let mut fields: Map<String, Value> = fields
                .iter()
                .map(|(key, value)| {
                    let value = if key == "numeric" {
                        value.clone()
                    } else {
                        normal_form(value)
                    };
                    (key.clone(), value)
                })
                .collect();
            fields.sort_keys();
            Value::Object(fields)
        }
        Value::Array(values) => {
            let mut values: Vec<Value> = values.iter().map(normal_form).collect();
            if values.len() > 1 {
                values.sort_by_cached_key(Value::to_string);
            }
            values.dedup();
            Value::Array(values)
        }
        other => other.clone(),
    }
}
