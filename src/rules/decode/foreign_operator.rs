//! EventBridge's operators where it does not read them as such: in conditions of the rules language, which has its
//! own, and in raw patterns outside of lists.

use serde_json::{Map, Value as Json};

use super::pattern_steps::Step;
use crate::rules::syntax::yaml::{Node, Value};

/// Those that are called otherwise here.
const OPERATORS: [&str; 4] = ["anything-but", "equals-ignore-case", "numeric", "wildcard"];
/// Longer values are left out.
const LONGEST: usize = 40;

/// Those that it knows besides.
const SHARED: [&str; 4] = ["cidr", "exists", "prefix", "suffix"];
/// What holds fields of any names, so that `prefix` may be one: that of `ListObjects`, say.
const CONTAINERS: [&str; 7] = [
    "$or",
    "additionalEventData",
    "detail",
    "requestParameters",
    "responseElements",
    "serviceEventDetails",
    "userIdentity",
];

/// Whether a key is an operator of EventBridge that the rules language calls otherwise.
pub(crate) fn is_operator(name: &str) -> bool {
    OPERATORS.contains(&name)
}

/// What a map with such an operator says, in the words of the rules language.
pub(crate) fn in_our_words(node: &Node) -> Option<String> {
    let Value::Map(entries) = &node.value else {
        return None;
    };
    let [(key, value)] = entries.as_slice() else {
        return None;
    };
    let (name, _) = key.scalar()?;
    is_operator(name).then(|| ours(name, value))
}

fn ours(name: &str, value: &Node) -> String {
    let text = || {
        let text = value.to_json().map(|value| value.to_string());
        text.filter(|text| text.len() <= LONGEST)
            .unwrap_or_else(|| "…".to_owned())
    };
    match name {
        // Without an operator a star stands for any text.
        "wildcard" => text(),
        "numeric" => match value.to_json().as_ref().and_then(comparison) {
            Some(comparison) => format!("{{ number: {comparison:?} }}"),
            None => format!("{{ number: {} }}", text()),
        },
        "anything-but" => {
            let inner = in_our_words(value).unwrap_or_else(text);
            format!("{{ not: {inner} }}")
        }
        _ => format!("{{ any-case: {} }}", text()),
    }
}

/// `[">", 0, "<=", 5]` as one text.
fn comparison(test: &Json) -> Option<String> {
    let test = test.as_array()?;
    let parts = test.chunks_exact(2).map(|pair| match pair {
        [Json::String(sign), Json::Number(number)] => Some(format!("{sign} {number}")),
        _ => None,
    });
    let parts: Vec<String> = parts.collect::<Option<_>>()?;
    (!parts.is_empty()).then(|| parts.join(" and "))
}

/// Whether what some steps lead to holds tests, and no fields of any names.
pub(crate) fn holds_tests(steps: &[Step<'_>]) -> bool {
    let last = steps.iter().rev().find_map(Step::key);
    last.is_some_and(|key| !CONTAINERS.contains(&key))
}

/// A test in EventBridge's words that stands where a list of them belongs. A list behind the operator makes a field of
/// it, which no event has if it has a hyphen.
pub(crate) fn without_a_list(steps: &[Step<'_>], map: &Map<String, Json>) -> Option<String> {
    let mut all = map.iter();
    let (Some((name, value)), None) = (all.next(), all.next()) else {
        return None;
    };
    if !holds_tests(steps) {
        return None;
    }
    let known = is_operator(name) || SHARED.contains(&name.as_str());
    let scalar = !value.is_array() && !value.is_object();
    let alone = name.contains('-') || (name == "numeric" && comparison(value).is_some());
    (known && (scalar || alone)).then(|| {
        let value = value.to_string();
        let value = if value.len() <= LONGEST {
            value.as_str()
        } else {
            "…"
        };
        format!("{{ {name}: {value} }}")
    })
}
