//! The texts of a policy, and the variables in them that stand for what is known of a request.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

/// What may stand in `${…}`, in lower case; AWS does not mind case there.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
const KNOWN: [&str; 8] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:userid",
    "aws:username",
];

/// The text or texts of an element that takes no variables.
pub(super) fn plain(value: &Value) -> Result<Vec<String>, String> {
    let texts = strings(value)?;
    match texts.iter().find(|text| text.contains("${")) {
        Some(text) => Err(unknown(text)),
        None => Ok(texts),
    }
}

/// The text or texts of a resource or a condition. The error names the variable that is not known.
pub(super) fn texts(value: &Value) -> Result<Vec<String>, String> {
    let texts = strings(value)?;
    for text in &texts {
        let names = text.split("${").skip(1).map(|rest| rest.split_once('}'));
        for name in names {
            let name = name.map(|(name, _)| name.to_ascii_lowercase());
            if !name.is_some_and(|name| KNOWN.contains(&name.as_str())) {
                return Err(unknown(text));
            }
        }
    }
    Ok(texts)
}

fn unknown(text: &str) -> String {
    format!("the sandbox does not implement these policy variables: `{text}`")
}

fn strings(value: &Value) -> Result<Vec<String>, String> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(format!("expected text, found {other}")),
    };
    match value {
        Value::Array(list) => list.iter().map(one).collect(),
        single => one(single).map(|text| vec![text]),
    }
}

/// A text with its variables replaced; `None` where the request does not have one of them, and
/// the statement therefore says nothing.
pub(super) fn fill<'t>(
    text: &'t str,
    context: &BTreeMap<&'static str, String>,
) -> Option<Cow<'t, str>> {
    if !text.contains("${") {
        return Some(Cow::Borrowed(text));
    }
    let mut parts = text.split("${");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}')?;
        filled.push_str(context.get(name.to_ascii_lowercase().as_str())?);
        filled.push_str(rest);
    }
    Some(Cow::Owned(filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_where_the_request_has_them() {
        let context = BTreeMap::from([("aws:principalaccount", "111122223333".to_owned())]);
        let fill = |text| fill(text, &context).map(Cow::into_owned);
        assert_eq!(fill("a/*").as_deref(), Some("a/*"));
        assert_eq!(
            fill("logs/${aws:PrincipalAccount}/*").as_deref(),
            Some("logs/111122223333/*")
        );
        assert_eq!(fill("${aws:PrincipalAccount}${aws:username}"), None);
    }
}
