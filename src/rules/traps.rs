//! Raw patterns that are valid and yet match nothing, or not what they seem to.
//!
//! Each combination of a pattern's `$or`s is looked at as EventBridge does: fields by path, the later of two
//! at one path counting.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::codes;
use super::events::{Tongue, warn_of_event};
use super::fields::{self, is_top, warn_of_detail_type, warn_of_value};
use super::names;
use super::report::{Report, nearest, shown};
use super::source::Span;
use super::yaml::{Node, Value};

/// More combinations than this are not looked at one by one.
const MOST_BRANCHES: usize = 100;
/// The fields of every event's envelope. Source: EventBridge user guide, "Event structure reference".
const ENVELOPE: [&str; 9] = [
    "account",
    "detail",
    "detail-type",
    "id",
    "region",
    "resources",
    "source",
    "time",
    "version",
];
/// Those of them that CloudTrail's records do not have.
const NOT_IN_DETAIL: [&str; 4] = ["detail", "detail-type", "id", "source"];

/// A list of tests, and how to get to it from the pattern's root.
struct Leaf<'p> {
    /// The names from the root, `$or` left out, joined by dots.
    path: String,
    tests: &'p [Json],
    steps: Vec<Step<'p>>,
}

/// One step into a pattern.
#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

/// Warns of what is wrong with a valid pattern. `node` is where it stands, as a map or as JSON text.
pub(super) fn warn(pattern: &Map<String, Json>, node: &Node, report: &mut Report) {
    let mut leaves = Vec::new();
    collect(pattern, &mut Vec::new(), &mut leaves);
    let trail = is_about_cloudtrail(&leaves);
    levels(pattern, &mut Vec::new(), trail, node, report);
    for leaf in &leaves {
        for (index, test) in leaf.tests.iter().enumerate() {
            let mut steps = leaf.steps.clone();
            steps.push(Step::Index(index));
            let span = place(node, &steps);
            stars(&leaf.path, test, span, report);
            if trail {
                values(&leaf.path, test, span, report);
            }
        }
    }
    if trail {
        let mut branches = vec![BTreeMap::new()];
        expand(pattern, "", &mut Vec::new(), &mut branches);
        for branch in branches.iter().take(MOST_BRANCHES) {
            services_and_names(branch, node, report);
        }
    }
}

/// Reports values that stand in no list, which EventBridge refuses.
pub(super) fn bare_values(pattern: &Map<String, Json>, node: &Node, report: &mut Report) {
    bare(pattern, &mut Vec::new(), node, report);
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
            Json::Object(inner) => bare(inner, steps, node, report),
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

fn collect<'p>(
    object: &'p Map<String, Json>,
    steps: &mut Vec<Step<'p>>,
    leaves: &mut Vec<Leaf<'p>>,
) {
    for (key, value) in object {
        steps.push(Step::Key(key));
        match value {
            Json::Array(branches) if key == "$or" => {
                for (index, branch) in branches.iter().enumerate() {
                    steps.push(Step::Index(index));
                    if let Json::Object(branch) = branch {
                        collect(branch, steps, leaves);
                    }
                    steps.pop();
                }
            }
            Json::Array(tests) => leaves.push(Leaf {
                path: dotted(steps),
                tests,
                steps: steps.clone(),
            }),
            Json::Object(inner) => collect(inner, steps, leaves),
            _ => {}
        }
        steps.pop();
    }
}

fn dotted(steps: &[Step<'_>]) -> String {
    let keys = steps.iter().filter_map(|step| match step {
        Step::Key(key) if *key != "$or" => Some(*key),
        _ => None,
    });
    keys.collect::<Vec<_>>().join(".")
}

/// Where something stands: the key or item itself, or the whole pattern where it is JSON text.
fn place(node: &Node, steps: &[Step<'_>]) -> Span {
    let mut node = node;
    let mut span = node.span;
    for step in steps {
        let next = match (step, &node.value) {
            (Step::Key(name), Value::Map(entries)) => entries
                .iter()
                .find(|(key, _)| key.scalar().is_some_and(|(text, _)| text == *name))
                .map(|(key, value)| (key.span, value)),
            (Step::Index(index), Value::List(items)) => {
                items.get(*index).map(|item| (item.span, item))
            }
            _ => None,
        };
        let Some((at, inner)) = next else { break };
        (span, node) = (at, inner);
    }
    span
}

fn is_about_cloudtrail(leaves: &[Leaf<'_>]) -> bool {
    let types = leaves.iter().find(|leaf| leaf.path == "detail-type");
    let Some(types) = types else {
        return leaves.iter().any(|leaf| {
            let last = leaf.path.strip_prefix("detail.").unwrap_or(&leaf.path);
            let first = last.split('.').next().unwrap_or_default();
            ["eventName", "eventSource", "userIdentity"].contains(&first)
        });
    };
    types.tests.iter().any(|test| {
        let text = test.as_str().unwrap_or_default().to_lowercase();
        text.ends_with("via cloudtrail") && !text.contains("insight")
    })
}

/// Keys where no event has them.
fn levels<'p>(
    object: &'p Map<String, Json>,
    steps: &mut Vec<Step<'p>>,
    trail: bool,
    node: &Node,
    report: &mut Report,
) {
    let path = dotted(steps);
    for (key, value) in object {
        steps.push(Step::Key(key));
        let span = place(node, steps);
        match (path.as_str(), value) {
            (_, Json::Array(branches)) if key == "$or" => {
                for (index, branch) in branches.iter().enumerate() {
                    steps.push(Step::Index(index));
                    if let Json::Object(branch) = branch {
                        levels(branch, steps, trail, node, report);
                    }
                    steps.pop();
                }
            }
            ("", _) if !ENVELOPE.contains(&key.as_str()) => outside(key, span, report),
            ("", Json::Object(inner)) if key == "detail" => {
                levels(inner, steps, trail, node, report);
            }
            ("detail", _) if trail && NOT_IN_DETAIL.contains(&key.as_str()) => {
                report
                    .warning(codes::WRONG_LEVEL, span)
                    .message(format!("CloudTrail's record has no field {}", shown(key)))
                    .label("it stands beside `detail`, not in it")
                    .help(format!("move {} to the top of the pattern", shown(key)));
            }
            ("detail", _) if trail => {
                let mut inner = vec![key.as_str()];
                let mut value = value;
                // As far as there is one way only.
                while let Json::Object(object) = value
                    && let Some((name, next)) = object.iter().next()
                    && object.len() == 1
                    && inner.len() < 3
                {
                    inner.push(name);
                    value = next;
                }
                fields::warn_of_path(&inner, span, report);
            }
            _ => {}
        }
        steps.pop();
    }
}

/// A key beside `detail` that no envelope has.
fn outside(key: &str, span: Span, report: &mut Report) {
    let near = nearest(key, ENVELOPE);
    let (label, help) = if is_top(key) {
        (
            "CloudTrail's record stands under `detail`",
            Some(format!("move {} into `detail`", shown(key))),
        )
    } else {
        // `detailType` is how other tools write it.
        let near = near.or((key == "detailType").then_some("detail-type"));
        (
            "no event has this",
            near.map(|near| format!("did you mean `{near}`?")),
        )
    };
    let help = help.unwrap_or_else(|| {
        "beside `detail` there are `source`, `detail-type`, `account`, `region`, `time`, `id` and `resources`".to_owned()
    });
    report
        .warning(codes::WRONG_LEVEL, span)
        .message(format!("an event has no field {} at its top", shown(key)))
        .label(label)
        .help(help);
}

/// Fields whose values never hold a `*`; elsewhere a lone one may be a value, such as a `principal`.
fn is_name(path: &str) -> bool {
    ["source", "detail-type", "account", "region"].contains(&path)
        || path.starts_with("detail.userIdentity.")
        || [
            "eventName",
            "eventSource",
            "awsRegion",
            "errorCode",
            "eventType",
        ]
        .iter()
        .any(|field| path.strip_prefix("detail.") == Some(field))
}

/// A `*` outside `wildcard`, where it is an ordinary character.
fn stars(path: &str, test: &Json, span: Span, report: &mut Report) {
    let suspicious = |text: &str| {
        let document = text.contains(['{', '"']);
        text.contains('*') && !document && (text != "*" || is_name(path))
    };
    let (operator, texts): (Option<&str>, Vec<&str>) = match test {
        Json::String(text) => (None, vec![text]),
        Json::Object(operators) => match operators.iter().next() {
            Some((name, Json::String(text)))
                if ["anything-but", "equals-ignore-case", "prefix", "suffix"]
                    .contains(&name.as_str()) =>
            {
                (Some(name), vec![text])
            }
            Some((name, Json::Array(texts))) if name == "anything-but" => {
                (Some(name), texts.iter().filter_map(Json::as_str).collect())
            }
            _ => return,
        },
        _ => return,
    };
    for text in texts.into_iter().filter(|text| suspicious(text)) {
        let inside = match operator {
            Some("anything-but") => "{ anything-but: { wildcard: … } }",
            _ => "",
        };
        let help = match (text.strip_suffix('*'), text.strip_prefix('*')) {
            (Some(""), _) => "write `{ exists: true }` for any value".to_owned(),
            _ if !inside.is_empty() => {
                format!("write `{}`", inside.replace('…', &format!("{text:?}")))
            }
            (Some(start), _) if !start.contains('*') => {
                format!("write {}", shown(&format!("{{ prefix: {start:?} }}")))
            }
            (_, Some(end)) if !end.contains('*') => {
                format!("write {}", shown(&format!("{{ suffix: {end:?} }}")))
            }
            _ => format!("write {}", shown(&format!("{{ wildcard: {text:?} }}"))),
        };
        report
            .warning(codes::LITERAL_STAR, span)
            .message(format!(
                "the `*` in {} is an ordinary character here",
                shown(text)
            ))
            .label("matches a text with a star in it, and nothing else")
            .help(help);
    }
}

/// Values that CloudTrail writes otherwise.
fn values(path: &str, test: &Json, span: Span, report: &mut Report) {
    if path == "detail-type" {
        if let Some(text) = test.as_str() {
            warn_of_detail_type(text, span, report);
        }
        return;
    }
    let Some(path) = path.strip_prefix("detail.") else {
        return;
    };
    match test {
        Json::Object(operators) => match operators.get("anything-but") {
            Some(Json::Array(list)) => {
                for value in list {
                    warn_of_value(path, value, Tongue::Raw, span, report);
                }
            }
            Some(value) => warn_of_value(path, value, Tongue::Raw, span, report),
            None => {}
        },
        value => warn_of_value(path, value, Tongue::Raw, span, report),
    }
}

/// The tests of one combination of branches, by path.
type Branch<'p> = BTreeMap<String, (&'p [Json], Vec<Step<'p>>)>;

fn expand<'p>(
    object: &'p Map<String, Json>,
    base: &str,
    steps: &mut Vec<Step<'p>>,
    branches: &mut Vec<Branch<'p>>,
) {
    for (key, value) in object {
        steps.push(Step::Key(key));
        let path = if base.is_empty() {
            key.clone()
        } else {
            format!("{base}.{key}")
        };
        match value {
            Json::Array(alternatives) if key == "$or" => {
                let before = std::mem::take(branches);
                for (index, alternative) in alternatives.iter().enumerate() {
                    let mut inside = before.clone();
                    steps.push(Step::Index(index));
                    if let Json::Object(alternative) = alternative {
                        expand(alternative, base, steps, &mut inside);
                    }
                    steps.pop();
                    inside.truncate(MOST_BRANCHES);
                    branches.append(&mut inside);
                    branches.truncate(MOST_BRANCHES);
                }
            }
            Json::Array(tests) => {
                for branch in branches.iter_mut() {
                    branch.insert(path.clone(), (tests, steps.clone()));
                }
            }
            Json::Object(inner) => expand(inner, &path, steps, branches),
            _ => {}
        }
        steps.pop();
    }
}

/// Whether envelope and record name the same services, and whether those have the events.
fn services_and_names(branch: &Branch<'_>, node: &Node, report: &mut Report) {
    let texts = |path: &str| -> Option<Vec<&str>> {
        let (tests, _) = branch.get(path)?;
        tests.iter().map(Json::as_str).collect()
    };
    let envelope = texts("source").map(|sources| {
        let services = sources
            .iter()
            .filter_map(|source| source.strip_prefix("aws."));
        services.collect::<Vec<_>>()
    });
    let record = texts("detail.eventSource").map(|sources| {
        let services = sources
            .iter()
            .filter_map(|source| source.strip_suffix(".amazonaws.com"));
        services.collect::<Vec<_>>()
    });
    if let (Some(envelope), Some(record)) = (&envelope, &record)
        && let (Some(first), Some(service)) = (envelope.first(), record.first())
        && !envelope.iter().any(|service| record.contains(service))
        && let Some((_, steps)) = branch.get("detail.eventSource")
    {
        report
            .warning(codes::TWO_SERVICES, place(node, steps))
            .message(format!(
                "`source` says {} and `eventSource` says {}",
                shown(&format!("aws.{first}")),
                shown(&format!("{service}.amazonaws.com"))
            ))
            .label("no event says both")
            .help(format!("write `source: [aws.{service}]`"));
    }
    let Some((tests, steps)) = branch.get("detail.eventName") else {
        return;
    };
    // Without a service that is spelt out any may be meant, and one that is unknown has been reported.
    let named = match record.filter(|services| !services.is_empty()).or(envelope) {
        Some(services) if !services.is_empty() => services,
        Some(_) => return,
        None => Vec::new(),
    };
    if named
        .iter()
        .any(|service| !names::services().contains_key(service))
    {
        for service in named
            .iter()
            .filter(|service| !names::services().contains_key(*service))
        {
            let at = branch.get("detail.eventSource").or(branch.get("source"));
            let span = at.map_or(node.span, |(_, steps)| place(node, steps));
            warn_of_event(&[service], "*", span, Tongue::Raw, report);
        }
        return;
    }
    for (index, test) in tests.iter().enumerate() {
        let glob = match test {
            // A star is an ordinary character here, which has been said.
            Json::String(text) if !text.contains('*') => text.clone(),
            Json::Object(operators) => match operators.iter().next() {
                Some((name, Json::String(text))) if name == "prefix" => format!("{text}*"),
                Some((name, Json::String(text))) if name == "suffix" => format!("*{text}"),
                Some((name, Json::String(text))) if name == "wildcard" => text.clone(),
                _ => continue,
            },
            _ => continue,
        };
        if glob.contains('\\') {
            continue;
        }
        let mut steps = steps.clone();
        steps.push(Step::Index(index));
        warn_of_event(&named, &glob, place(node, &steps), Tongue::Raw, report);
    }
}
