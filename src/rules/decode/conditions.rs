//! `when` and `unless`: maps from paths to tests.

use serde_json::Value as Json;

use super::nested::nested;
use super::reading::{Reading, Written};
use super::{foreign_operator, matchers, other_tongue};
use crate::cloudtrail::values::ROOT;
use crate::diagnostic::{Report, Span, codes, printable, shown};
use crate::rules::model::{AllOf, FieldCondition, Matcher};
use crate::rules::syntax::keys::{OPERATORS, names};
use crate::rules::syntax::read::{
    Spanned, duplicate, empty, is_yaml_word, key_text, number_as_text, text, unknown_key,
    wrong_type, yaml_word,
};
use crate::rules::syntax::yaml::{Node, Plain, Value, json_number};

/// A map is *all of*; a list of maps is *any of*. `when`: what holds besides, of exceptions.
pub(crate) fn conditions(node: &Node, when: &[AllOf], report: &mut Reading) -> Vec<AllOf> {
    let maps = match &node.value {
        Value::List(items) if !items.is_empty() => items.as_slice(),
        Value::Map(_) => std::slice::from_ref(node),
        Value::Refused => return Vec::new(),
        Value::List(_) => {
            empty(node.span, "conditions", report);
            return Vec::new();
        }
        Value::Scalar { text, .. } if text.is_empty() => {
            empty(node.span, "conditions", report);
            return Vec::new();
        }
        Value::Scalar { .. } => {
            wrong_type(
                node,
                "a map from fields to values, or a list of such maps",
                report,
            );
            return Vec::new();
        }
    };
    let rootless = !when.is_empty() && when.iter().all(|all_of| is_rootless(&all_of.fields));
    let maps = maps.iter();
    maps.filter_map(|map| all_of(map, rootless, report))
        .collect()
}

fn all_of(node: &Node, rootless: bool, report: &mut Reading) -> Option<AllOf> {
    let Value::Map(entries) = &node.value else {
        if !matches!(node.value, Value::Refused) {
            wrong_type(node, "a map from fields to values", report);
        }
        return None;
    };
    if entries.is_empty() {
        empty(node.span, "conditions", report);
        return None;
    }
    let mut seen: std::collections::BTreeMap<Vec<String>, Span> = std::collections::BTreeMap::new();
    let mut fields: Vec<FieldCondition> = Vec::new();
    let mut spans = Vec::new();
    for (key, value) in entries {
        let path = path(key, report);
        if nested(key, value, report) {
            continue;
        }
        let any_of = any_of(value, report);
        let (Some(path), Some(any_of)) = (path, any_of) else {
            continue;
        };
        if seen.contains_key(&path) {
            duplicate(key.span, &path.join("."), report);
            continue;
        }
        seen.insert(path.clone(), key.span);
        spans.push(value.span);
        fields.push(FieldCondition {
            path,
            any_of,
            span: Span {
                end: value.span.end.max(key.span.end),
                ..key.span
            },
        });
    }
    let rootless = rootless || is_rootless(&fields);
    for (field, span) in fields.iter().zip(spans) {
        report.written.push(Written::Condition {
            condition: field.clone(),
            value: span,
            rootless,
        });
    }
    // Sorted by path, a path stands right before those inside it but for siblings such as `a`, `a-b`, `a.c`,
    // which sort by parts here and so do not come between.
    let mut before: Option<&Vec<String>> = None;
    for (path, span) in &seen {
        match before {
            Some(outer) if path.starts_with(outer) => overlap(*span, outer, path, report),
            _ => before = Some(path),
        }
    }
    (!fields.is_empty()).then_some(AllOf { fields })
}

/// Reports two conditions of which one is inside the other.
pub(crate) fn overlap(span: Span, outer: &[String], inner: &[String], report: &mut Report) {
    report
        .error(codes::INSIDE, span)
        .message(format!(
            "{} is inside {}, which another condition of this map treats as a single value",
            shown(&inner.join(".")),
            shown(&outer.join(".")),
        ))
        .label("no event can satisfy both")
        .help("keep one of the two, or make a list of two maps if either is enough");
}

/// Whether the conditions of a map say that somebody else than the root user acts.
fn is_rootless(fields: &[FieldCondition]) -> bool {
    let mut types = fields
        .iter()
        .filter(|field| field.path == ["userIdentity", "type"]);
    types.any(|field| {
        field.any_of.iter().all(|matcher| match matcher.literal() {
            Some(kind) => kind != ROOT,
            None => {
                matches!(matcher, Matcher::Not(none_of) if none_of.iter().any(|other| other.literal().is_some_and(|kind| kind == ROOT)))
            }
        })
    })
}

/// The path of a key, split at the dots.
pub(crate) fn path(key: &Node, report: &mut Reading) -> Option<Vec<String>> {
    let text = key_text(key, report)?;
    let refuse = |report: &mut Report, message: String, label: &str, help: String| {
        report
            .error(codes::PATH, key.span)
            .message(message)
            .label(label)
            .help(help);
    };
    let example = "write a path such as `userIdentity.arn` or `requestParameters.policyArn`";
    if text == "detail" || text.starts_with("detail.") {
        let rest = text.strip_prefix("detail.").unwrap_or("userIdentity.arn");
        let message = format!("the path {} begins with `detail`", shown(text));
        refuse(
            report,
            message,
            "paths begin under `detail`",
            format!("write {}", shown(rest)),
        );
        return None;
    }
    let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
    if parts.iter().any(String::is_empty) {
        refuse(
            report,
            format!("the path {} has an empty part", shown(text)),
            "expected names joined by dots",
            example.to_owned(),
        );
        return None;
    }
    if let Some(part) = parts.iter().find(|p| {
        p.starts_with('$')
            || p.contains(['*', '[', ']'])
            || p.contains(char::is_whitespace)
            || p.contains(char::is_control)
    }) {
        refuse(
            report,
            format!("{} is not the name of a field", shown(part)),
            "expected names joined by dots",
            "a path has no wildcards, operators or positions: a condition on a list holds if it holds for one of its elements".to_owned(),
        );
        return None;
    }
    report.written.push(Written::Path(Spanned {
        value: parts.clone(),
        span: key.span,
    }));
    Some(parts)
}

/// A value, a list of values, or an operator map.
fn any_of(node: &Node, report: &mut Reading) -> Option<Vec<Matcher>> {
    match &node.value {
        Value::List(items) if items.is_empty() => {
            empty(node.span, "a value", report);
            None
        }
        Value::List(items) => {
            let mut all = Vec::new();
            for item in items {
                if matches!(item.value, Value::List(_)) {
                    wrong_type(item, "a value or a map with an operator", report);
                } else {
                    all.extend(one(item, report)?);
                }
            }
            (!all.is_empty()).then_some(all)
        }
        _ => one(node, report),
    }
}

fn one(node: &Node, report: &mut Reading) -> Option<Vec<Matcher>> {
    match &node.value {
        Value::Map(entries) => {
            let (name, value) = operator(node, entries, report)?;
            match name {
                "not" => none_of(value, report),
                "exists" => {
                    let exists = crate::rules::syntax::read::boolean(value, "`exists`", report)?;
                    Some(vec![Matcher::Exists(exists)])
                }
                _ => simple(name, value, report),
            }
        }
        _ => scalar(node, report).map(|matcher| vec![matcher]),
    }
}

/// The one operator of a map.
fn operator<'n>(
    node: &Node,
    entries: &'n [(Node, Node)],
    report: &mut Report,
) -> Option<(&'static str, &'n Node)> {
    let known = names(OPERATORS);
    let (key, value) = match entries {
        [(key, value)] => (key, value),
        [] => {
            empty(node.span, "an operator", report);
            return None;
        }
        [_, (second, _), ..] => {
            report
                .error(codes::CONDITION, second.span)
                .message("a map with an operator holds exactly one")
                .label("the second operator")
                .help("write a list if either is enough: [{ prefix: a }, { suffix: b }]; a pattern cannot ask for both");
            return None;
        }
    };
    let text = key_text(key, report)?;
    let name = known.iter().copied().find(|name| *name == text);
    if name.is_none() {
        match foreign_operator::in_our_words(node) {
            Some(ours) => report
                .error(codes::UNKNOWN_KEY, key.span)
                .message(format!("a condition has no key {}", shown(text)))
                .label("this is how a raw pattern says it")
                .help(format!("write {}", shown(&ours)))
                .done(),
            None => foreign(key.span, text, value, &known, report),
        }
    }
    Some((name?, value))
}

/// Reports a key that is no operator of ours, nor one of EventBridge: other tools may have it.
fn foreign(span: Span, text: &str, value: &Node, known: &[&'static str], report: &mut Report) {
    let json = value.to_json();
    let Some(ours) = other_tongue::in_our_words(text, json.as_ref()) else {
        unknown_key(span, text, "a condition", known, report);
        return;
    };
    let remark = other_tongue::remark(text, json.as_ref());
    let remark = remark.map_or_else(String::new, |remark| format!("{remark}: "));
    report
        .error(codes::UNKNOWN_KEY, span)
        .message(format!("a condition has no key {}", shown(text)))
        .label("this is how other tools say it")
        .help(format!("{remark}write `{}`", printable(&ours)));
}

/// The operators that take a value or a list of values.
fn simple(name: &'static str, value: &Node, report: &mut Reading) -> Option<Vec<Matcher>> {
    match &value.value {
        Value::List(items) if items.is_empty() => {
            empty(value.span, &format!("a value for `{name}`"), report);
            None
        }
        Value::List(items) => items
            .iter()
            .map(|item| single(name, item, report))
            .collect(),
        _ => single(name, value, report).map(|matcher| vec![matcher]),
    }
}

fn single(name: &'static str, node: &Node, report: &mut Reading) -> Option<Matcher> {
    let what = || format!("the value of `{name}`");
    match name {
        "exact" => match scalar(node, report)? {
            // Only text has been read as a glob; `*` stays what it is here.
            Matcher::Glob(text) => Some(Matcher::Exact(Json::String(text))),
            other => Some(other),
        },
        "prefix" => affix(name, node, report).map(|t| Matcher::Prefix(t.to_owned())),
        "suffix" => affix(name, node, report).map(|t| Matcher::Suffix(t.to_owned())),
        "any-case" => {
            let text = text(node, &what(), report)?;
            matchers::any_case(text, node.span, report)
        }
        "cidr" => {
            let text = text(node, &what(), report)?;
            matchers::cidr(text, node.span, report)
        }
        "number" => matchers::number(node, report).map(Matcher::Number),
        _ => None,
    }
}

/// The text of `prefix` or `suffix`, in which `*` has no meaning.
fn affix<'n>(name: &'static str, node: &'n Node, report: &mut Reading) -> Option<&'n str> {
    let text = text(node, &format!("the value of `{name}`"), report)?;
    if text.contains('*') {
        report.written.push(Written::Affix {
            operator: name,
            text: Spanned {
                value: text.to_owned(),
                span: node.span,
            },
        });
    }
    Some(text)
}

/// `not`: a value, a list of values, or an operator; not nested.
fn none_of(node: &Node, report: &mut Reading) -> Option<Vec<Matcher>> {
    let items = match &node.value {
        Value::List(items) if items.is_empty() => {
            empty(node.span, "a value for `not`", report);
            return None;
        }
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut all = Vec::new();
    for item in items {
        match &item.value {
            Value::Map(entries) => {
                let (name, value) = operator(item, entries, report)?;
                if name == "not" || name == "exists" {
                    let is_there = matches!(value.scalar(), Some((_, Plain::Bool(true))));
                    let help = match (name, is_there) {
                        ("not", _) => "two negations cancel out: write the inner condition",
                        (_, true) => "write `exists: false`, without `not`",
                        (_, false) => "write `exists: true`, without `not`",
                    };
                    report
                        .error(codes::CONDITION, item.span)
                        .message(format!("`not` cannot hold `{name}`"))
                        .label("expected a value or one of the other operators")
                        .help(help);
                    return None;
                }
                all.extend(simple(name, value, report)?);
            }
            Value::List(_) => {
                wrong_type(item, "a value or a map with an operator", report);
                return None;
            }
            _ => all.push(scalar(item, report)?),
        }
    }
    Some(vec![Matcher::Not(all)])
}

/// Text is a glob; numbers, booleans and null are themselves.
fn scalar(node: &Node, report: &mut Report) -> Option<Matcher> {
    let Some((text, meaning)) = node.scalar() else {
        if !matches!(node.value, Value::Refused) {
            wrong_type(node, "a value", report);
        }
        return None;
    };
    let plain = matches!(node.value, Value::Scalar { plain: true, .. });
    match meaning {
        // `key:` without anything is a mistake; `key: null` asks for null.
        Plain::Null if text.is_empty() => {
            empty(node.span, "a value", report);
            None
        }
        Plain::Null => Some(Matcher::Exact(Json::Null)),
        Plain::Bool(value) => Some(Matcher::Exact(Json::Bool(value))),
        Plain::Number => {
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            if digits && (text.len() == 12 || (text.len() > 1 && text.starts_with('0'))) {
                number_as_text(node.span, text, "an id in an event", report);
                return None;
            }
            match json_number(text).filter(matchers::within_bounds) {
                Some(number) => Some(Matcher::Exact(number)),
                None => {
                    matchers::too_large(node.span, text, report);
                    None
                }
            }
        }
        Plain::Text if plain && is_yaml_word(text) => {
            yaml_word(node.span, text, "a value in an event", report);
            None
        }
        Plain::Text => matchers::glob(text, node.span, report),
    }
}
