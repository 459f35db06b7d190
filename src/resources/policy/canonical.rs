//! The one spelling of a policy.

use serde_json::{Map, Value, json};

/// A policy with every optional spelling decided: lists where AWS takes one or many, sorted, statements
/// sorted by their text. AWS stores policies in the spelling that it was given, and people reorder them.
pub fn canonical(policy: &Value) -> Value {
    let mut fields = policy.as_object().cloned().unwrap_or_default();
    let statements = match fields.remove("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let mut statements: Vec<Value> = statements.iter().map(canonical_statement).collect();
    statements.sort_by_key(Value::to_string);
    fields.insert("Statement".to_owned(), Value::Array(statements));
    // The policy's Id has no meaning, and SNS invents one.
    fields.remove("Id");
    fields.sort_keys();
    Value::Object(fields)
}

/// The statements of a canonical policy.
pub(super) fn statements(policy: &Value) -> &[Value] {
    let list = policy.get("Statement").and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

fn canonical_statement(statement: &Value) -> Value {
    let Some(statement) = statement.as_object() else {
        return statement.clone();
    };
    let mut fields: Map<String, Value> = statement
        .iter()
        .map(|(key, value)| {
            let value = match key.as_str() {
                "Action" | "NotAction" | "Resource" | "NotResource" => sorted_list(value),
                "Principal" | "NotPrincipal" => canonical_principal(value),
                "Condition" => each_value(value, |tests| each_value(tests, sorted_list)),
                _ => value.clone(),
            };
            (key.clone(), value)
        })
        .collect();
    fields.sort_keys();
    Value::Object(fields)
}

/// `"*"` and `{"AWS": "*"}` mean the same.
fn canonical_principal(value: &Value) -> Value {
    match value {
        Value::String(text) if text == "*" => json!({ "AWS": ["*"] }),
        value => each_value(value, sorted_list),
    }
}

fn each_value(value: &Value, f: impl Fn(&Value) -> Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Map<String, Value> =
                fields.iter().map(|(k, v)| (k.clone(), f(v))).collect();
            fields.sort_keys();
            Value::Object(fields)
        }
        other => f(other),
    }
}

/// One or many, as a sorted list without repetition. Booleans and numbers are compared as text by IAM.
fn sorted_list(value: &Value) -> Value {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut list: Vec<String> = match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => vec![text(one)],
    };
    list.sort_unstable();
    list.dedup();
    json!(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_policy_are_one_policy() {
        let short = json!({ "Version": "2012-10-17", "Id": "x", "Statement": {
            "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "r",
            "Condition": { "Bool": { "aws:SecureTransport": false } } } });
        let long = json!({ "Statement": [{
            "Condition": { "Bool": { "aws:SecureTransport": ["false"] } }, "Resource": ["r"],
            "Action": ["sqs:SendMessage"], "Principal": { "AWS": ["*"] }, "Effect": "Allow" }],
            "Version": "2012-10-17" });
        assert_eq!(canonical(&short), canonical(&long));
        assert_eq!(canonical(&canonical(&short)), canonical(&short));
    }
}
