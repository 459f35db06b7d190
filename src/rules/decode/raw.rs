//! `pattern`: the escape hatch to EventBridge's own language.

use serde_json::{Map, Value as Json};

use super::json::{Unique, check};
use super::pattern_steps::{Step, place};
use super::reading::{Reading, Written};
use super::{foreign_operator, other_tongue};
use crate::cloudtrail::api_names;
use crate::diagnostic::{Report, Span, codes, printable, shown};
use crate::rules::model::Trigger;
use crate::rules::syntax::read::{empty, wrong_type};
use crate::rules::syntax::yaml::{Node, Value};

/// A pattern as a YAML map or as JSON text.
pub(crate) fn pattern(node: &Node, key: Span, report: &mut Reading) -> Option<Trigger> {
    let pattern = match &node.value {
        Value::Map(_) => {
            let before = report.errors();
            check(node, report);
            if report.errors() > before {
                return None;
            }
            node.to_json()
        }
        Value::Scalar { text, .. } if text.is_empty() => {
            empty(node.span, "an event pattern", report);
            return None;
        }
        Value::Scalar { text, .. } => {
            match serde_json::from_str::<Unique>(text) {
                Ok(Unique(value)) => Some(value),
                Err(error) => {
                    report
                    .error(codes::PATTERN, node.span)
                    .message(format!("the pattern is not JSON: {error}"))
                    .label("expected a map or JSON text")
                    .help("write the pattern as a YAML map, or paste it as JSON behind `pattern: |`");
                    return None;
                }
            }
        }
        Value::Refused => return None,
        Value::List(_) => {
            wrong_type(node, "an event pattern: a map, or JSON text", report);
            return None;
        }
    };
    let Some(Json::Object(map)) = &pattern else {
        report
            .error(codes::PATTERN, key)
            .message("the pattern is not a JSON object")
            .label("expected a map")
            .help("an event pattern is a map such as `{ source: [aws.iam] }`");
        return None;
    };
    match map.get("source") {
        Some(Json::Array(sources)) if !sources.is_empty() && sources.iter().all(is_pinned) => {}
        Some(Json::Array(_)) => {
            report
                .error(codes::PATTERN, key)
                .message("the pattern's `source` does not pin who sends")
                .label("expected names, or `prefix` of names")
                .help("write `source: [aws.iam]` or `source: [{ prefix: aws. }]`: anybody can send events under other names");
            return None;
        }
        Some(source) => {
            let source = match source.as_str() {
                Some(text) => {
                    let service = api_names::without_domain(text);
                    let other = api_names::recorded_service(
                        service.or(text.strip_prefix("aws.")).unwrap_or(text),
                    );
                    match other.or(service) {
                        Some(service) => format!("aws.{service}"),
                        None => text.to_owned(),
                    }
                }
                None => source.to_string(),
            };
            // In JSON text the whole of it.
            let at = place(node, &[Step::Key("source")]);
            report
                .error(codes::PATTERN, if at == node.span { key } else { at })
                .message("the pattern's `source` is not a list")
                .label("expected a list of sources")
                .help(format!("write {}", shown(&format!("source: [{source}]"))));
            return None;
        }
        None if map
            .get("detail")
            .is_some_and(|detail| detail.get("source").is_some()) =>
        {
            report
                .error(codes::PATTERN, key)
                .message("the pattern does not pin `source`")
                .label("`source` stands under `detail`, where no event has it")
                .help("move `source` out of `detail`, to the top of the pattern");
            return None;
        }
        None => {
            report
                .error(codes::PATTERN, key)
                .message("the pattern does not pin `source`")
                .label("`source` is missing")
                .help("add `source: [aws.iam]`, or the sources that it is about, at the top of the pattern");
            return None;
        }
    }
    let before = report.errors();
    bare_values(map, node, report);
    if report.errors() > before {
        return None;
    }
    report.written.push(Written::Pattern {
        pattern: map.clone(),
        node: node.clone(),
    });
    pattern.map(|pattern| Trigger::Raw { pattern, span: key })
}

/// A source by its name, or by how the name begins.
fn is_pinned(source: &Json) -> bool {
    let prefix = source.get("prefix").and_then(Json::as_str);
    source.is_string() || prefix.is_some_and(|prefix| !prefix.is_empty())
}

/// Reports values that stand in no list, which EventBridge refuses.
fn bare_values(pattern: &Map<String, Json>, node: &Node, report: &mut Report) {
    bare(pattern, &mut Vec::new(), node, report);
}

/// Reports an operator of another language that stands where a list of tests belongs. Behind a list it would be the name
/// of a field.
fn of_another_tongue(
    key: &str,
    inner: &Map<String, Json>,
    steps: &[Step<'_>],
    node: &Node,
    report: &mut Report,
) -> bool {
    let mut all = inner.iter();
    let (Some((name, value)), None) = (all.next(), all.next()) else {
        return false;
    };
    let is_value = !value.is_array() && !value.is_object();
    if !is_value || !other_tongue::is_operator(name) || !foreign_operator::holds_tests(steps) {
        return false;
    }
    report
        .error(codes::PATTERN, place(node, steps))
        .message(format!("EventBridge has no operator {}", shown(name)))
        .label("it would take it for a field")
        .help(match other_tongue::as_tests(name, value) {
            Some(tests) => format!("write `{}`", printable(&format!("{key}: {tests}"))),
            None => "write the rule with `events` and conditions, which say more".to_owned(),
        });
    true
}

fn bare<'p>(
    object: &'p Map<String, Json>,
    steps: &mut Vec<Step<'p>>,
    node: &Node,
    report: &mut Report,
) {
    for (key, value) in object {
        steps.push(Step::Key(key));
        match value {
            Json::Object(inner) => match foreign_operator::without_a_list(steps, inner) {
                Some(test) => {
                    report
                        .error(codes::PATTERN, place(node, steps))
                        .message(format!("the test of {} stands in no list", shown(key)))
                        .label("outside of a list EventBridge takes an operator for a field")
                        .help(format!("write {}", shown(&format!("{key}: [{test}]"))));
                }
                None if of_another_tongue(key, inner, steps, node, report) => {}
                None => bare(inner, steps, node, report),
            },
            Json::Array(branches) if key == "$or" => {
                for (index, branch) in branches.iter().enumerate() {
                    steps.push(Step::Index(index));
                    if let Json::Object(branch) = branch {
                        bare(branch, steps, node, report);
                    }
                    steps.pop();
                }
            }
            Json::Array(_) => {}
            value => {
                report
                    .error(codes::PATTERN, place(node, steps))
                    .message(format!("the value of {} stands in no list", shown(key)))
                    .label("EventBridge takes lists of alternatives only")
                    .help(format!("write {}", shown(&format!("{key}: [{value}]"))));
            }
        }
        steps.pop();
    }
}
