//! How is a body written as a form?
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html#url-encode-request-body>

use serde_json::Value;

use super::arguments::plain;
use crate::sandbox::receivers::encode;

/// How the items of a list are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    Indices,
    Repeat,
    Commas,
    Brackets,
}

/// A body as a form; members of objects inside it stand in brackets.
pub(super) fn form(body: &Value, lists: Lists) -> String {
    let mut pairs = Vec::new();
    for (key, value) in body.as_object().into_iter().flatten() {
        add(&mut pairs, key.clone(), value, lists);
    }
    encode::form(&pairs)
}

fn add(pairs: &mut Vec<(String, String)>, key: String, value: &Value, lists: Lists) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                add(pairs, format!("{key}[{name}]"), value, lists);
            }
        }
        Value::Array(items) if lists == Lists::Commas => {
            let items: Vec<String> = items.iter().filter_map(plain).collect();
            pairs.push((key, items.join(",")));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let key = match lists {
                    Lists::Indices => format!("{key}[{index}]"),
                    Lists::Brackets => format!("{key}[]"),
                    Lists::Repeat | Lists::Commas => key.clone(),
                };
                add(pairs, key, item, lists);
            }
        }
        other => pairs.push((key, plain(other).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_are_written_in_four_ways() {
        let body = json!({"a": ["x", "y"], "m": {"k": "v w"}});
        let written = |lists| form(&body, lists);
        assert_eq!(
            written(Lists::Indices),
            "a%5B0%5D=x&a%5B1%5D=y&m%5Bk%5D=v%20w"
        );
        assert_eq!(written(Lists::Repeat), "a=x&a=y&m%5Bk%5D=v%20w");
        assert_eq!(written(Lists::Commas), "a=x%2Cy&m%5Bk%5D=v%20w");
        assert_eq!(
            written(Lists::Brackets),
            "a%5B%5D=x&a%5B%5D=y&m%5Bk%5D=v%20w"
        );
    }
}
