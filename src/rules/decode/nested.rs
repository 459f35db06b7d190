//! Fields inside fields, as an event has them, where a condition has a path in one key.

use super::{foreign_operator, other_tongue};
use crate::cloudtrail::record_fields::holds_text;
use crate::cloudtrail::shapes::{Examples, Shape};
use crate::diagnostic::{Report, codes, listed, meant, shown};
use crate::rules::syntax::keys::{OPERATORS, names};
use crate::rules::syntax::yaml::{Node, Value};

/// Reports fields inside fields, as they stand in the event; here their names are joined by dots.
pub(crate) fn nested(key: &Node, value: &Node, report: &mut Report) -> bool {
    let (Some((outer, _)), Value::Map(entries)) = (key.scalar(), &value.value) else {
        return false;
    };
    let known = names(OPERATORS);
    let path: Vec<&str> = outer.split('.').collect();
    // Below a value there are no fields, whatever stands there.
    if holds_text(&path) {
        return false;
    }
    let shape = Examples::of_all().shape(&path);
    let holds_fields = matches!(shape, Some(Shape::Fields { .. }));
    let is_field = |(inner, _): &(Node, Node)| {
        let name = inner.scalar().map(|(name, _)| name);
        name.is_some_and(|name| {
            meant(name, known.iter().copied()).is_none()
                && !foreign_operator::is_operator(name)
                && (holds_fields || !other_tongue::is_operator(name))
        })
    };
    let Some(((first, _), true)) = entries
        .first()
        .map(|first| (first, entries.iter().all(is_field)))
    else {
        return false;
    };
    let mut paths = Vec::new();
    joined(outer, value, &mut paths);
    let paths: Vec<String> = paths.iter().map(|path| shown(path)).collect();
    report
        .error(codes::UNKNOWN_KEY, first.span)
        .message(format!(
            "the condition on {} holds another field",
            shown(outer)
        ))
        .label("a path stands in one key")
        .help(format!("join the names by dots: write {}", listed(&paths)));
    true
}

/// The paths of what stands in a map, with their values as far as they are short.
fn joined(path: &str, value: &Node, paths: &mut Vec<String>) {
    const MOST: usize = 4;
    if paths.len() >= MOST {
        return;
    }
    match &value.value {
        Value::Map(entries)
            if !entries.iter().any(|(key, _)| {
                let name = key.scalar().map(|(name, _)| name);
                name.is_some_and(|name| {
                    names(OPERATORS).contains(&name) || foreign_operator::is_operator(name)
                })
            }) =>
        {
            for (key, value) in entries {
                let name = key.scalar().map_or("…", |(name, _)| name);
                joined(&format!("{path}.{name}"), value, paths);
            }
        }
        _ => {
            let text = value.to_json().map(|value| value.to_string());
            let text = text.filter(|text| text.len() <= 40);
            let text = foreign_operator::in_our_words(value).or(text);
            paths.push(format!("{path}: {}", text.as_deref().unwrap_or("…")));
        }
    }
}
