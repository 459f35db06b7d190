//! Raw patterns that are valid and yet match nothing, or not what they seem to.
//!
//! Each combination of a pattern's `$or`s is looked at as EventBridge does: fields by path, the later of two
//! at one path counting.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::arns;
use super::codes;
use super::events::{Tongue, warn_of_event};
use super::fields::{self, is_top, warn_of_detail_type, warn_of_value};
use super::names;
use super::report::{Entry, Report, nearest, shown};
use super::source::Span;
use super::stars;
use super::yaml::{Node, Value};

/// More combinations than this are not looked at one by one.
const MOST_BRANCHES: usize = 100;
/// The fields of an event's envelope. Source: EventBridge user guide, "Event structure reference"; `replay-name`
/// is on events of a replay.
const ENVELOPE: [&str; 10] = [
    "account",
    "detail",
    "detail-type",
    "id",
    "region",
    "replay-name",
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

/// Warns of what is wrong with a valid pattern. `node` is where it stands, as a map or as JSON text.
pub(super) fn warn(pattern: &Map<String, Json>, node: &Node, report: &mut Report) {
    let mut leaves = Vec::new();
    collect(pattern, &mut Vec::new(), &mut leaves);
    let trail = kind(&leaves) != Kind::Other;
    levels(pattern, &mut Vec::new(), kind(&leaves), node, report);
    for leaf in &leaves {
        // Another branch of an `$or` may match.
        let alone = !leaf.steps.contains(&Step::Key("$or"));
        let dead = alone && stars::is_dead(&leaf.path, leaf.tests);
        for (index, test) in leaf.tests.iter().enumerate() {
            let mut steps = leaf.steps.clone();
            steps.push(Step::Index(index));
            let span = place(node, &steps);
            stars::warn(&leaf.path, test, dead, span, report);
            if leaf.path == "source" {
                sender(test, span, report);
            }
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

/// What a pattern is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Records of CloudTrail, by its `detail-type`.
    Trail,
    /// Probably records of CloudTrail.
    Likely,
    Other,
}

fn kind(leaves: &[Leaf<'_>]) -> Kind {
    let types = leaves.iter().find(|leaf| leaf.path == "detail-type");
    let Some(types) = types else {
        let likely = leaves.iter().any(|leaf| {
            let last = leaf.path.strip_prefix("detail.").unwrap_or(&leaf.path);
            let first = last.split('.').next().unwrap_or_default();
            let telling = ["eventName", "eventSource", "userIdentity"];
            telling.iter().any(|name| name.eq_ignore_ascii_case(first))
        });
        return if likely { Kind::Likely } else { Kind::Other };
    };
    let trail = |test: &Json| {
        let text = test.as_str().unwrap_or_default().to_lowercase();
        text.ends_with("via cloudtrail") && !text.contains("insight")
    };
    let spelt_out = !types.steps.contains(&Step::Key("$or"));
    if spelt_out && types.tests.iter().all(trail) {
        Kind::Trail
    } else if types.tests.iter().any(trail) {
        Kind::Likely
    } else {
        Kind::Other
    }
}

/// Whether a key and what stands below it holds only where the field is there.
fn needs_presence(value: &Json) -> bool {
    match value {
        Json::Array(tests) => {
            !tests.is_empty()
                && !tests
                    .iter()
                    .any(|test| test.get("exists") == Some(&Json::Bool(false)))
        }
        Json::Object(inner) => inner
            .iter()
            .any(|(key, value)| key != "$or" && needs_presence(value)),
        _ => false,
    }
}

/// Keys where no event has them.
fn levels<'p>(
    object: &'p Map<String, Json>,
    steps: &mut Vec<Step<'p>>,
    kind: Kind,
    node: &Node,
    report: &mut Report,
) {
    let trail = kind != Kind::Other;
    let path = dotted(steps);
    for (key, value) in object {
        steps.push(Step::Key(key));
        let span = place(node, steps);
        // Another branch of an `$or` may match.
        let dead = needs_presence(value) && !steps.contains(&Step::Key("$or"));
        match (path.as_str(), value) {
            (_, Json::Array(branches)) if key == "$or" => {
                for (index, branch) in branches.iter().enumerate() {
                    steps.push(Step::Index(index));
                    if let Json::Object(branch) = branch {
                        levels(branch, steps, kind, node, report);
                    }
                    steps.pop();
                }
            }
            ("", _) if !ENVELOPE.contains(&key.as_str()) => outside(key, dead, span, report),
            ("", Json::Object(inner)) if key == "detail" => {
                levels(inner, steps, kind, node, report);
            }
            ("detail", _) if trail && NOT_IN_DETAIL.contains(&key.as_str()) => {
                wrong_level(dead && kind == Kind::Trail, span, report)
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

/// Begins a message about a key at the wrong level: an error where the pattern can match nothing for it.
fn wrong_level(dead: bool, span: Span, report: &mut Report) -> Entry<'_> {
    if dead {
        report.error(codes::NEVER_MATCHES, span)
    } else {
        report.warning(codes::WRONG_LEVEL, span)
    }
}

/// A key beside `detail` that no envelope has.
fn outside(key: &str, dead: bool, span: Span, report: &mut Report) {
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
    wrong_level(dead, span, report)
        .message(format!("an event has no field {} at its top", shown(key)))
        .label(label)
        .help(help);
}

/// A `source` as CloudTrail's `eventSource` has it.
fn sender(test: &Json, span: Span, report: &mut Report) {
    let prefix = test.get("prefix");
    let Some(text) = test.as_str().or(prefix.and_then(Json::as_str)) else {
        return;
    };
    let Some(service) = text.strip_suffix(".amazonaws.com") else {
        return;
    };
    let service = service.strip_prefix("aws.").unwrap_or(service);
    report
        .warning(codes::OTHER_VALUE, span)
        .message(format!("no event has the `source` {}", shown(text)))
        .label("this is how CloudTrail's `eventSource`, under `detail`, names it")
        .help(format!("write {}", shown(&format!("aws.{service}"))));
}

/// A block of addresses in `anything-but`, which EventBridge cannot say.
fn except_block(block: &str, span: Span, report: &mut Report) {
    report
        .warning(codes::OTHER_VALUE, span)
        .message(format!("{} is a block of addresses", shown(block)))
        .label("compared as text: an event has one address")
        .help(format!(
            "there is no `cidr` inside `anything-but`: write the rule with `events` and `unless: {{ sourceIPAddress: {{ cidr: {block:?} }} }}`"
        ));
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
    arns::warn_of_test(path, test, span, report);
    match test {
        Json::Object(operators) => {
            let values = match operators.get("anything-but") {
                Some(Json::Array(list)) => list.as_slice(),
                Some(value) => std::slice::from_ref(value),
                None => return,
            };
            for value in values {
                match value.as_str().filter(|text| fields::is_block(text)) {
                    Some(block) if path == "sourceIPAddress" => except_block(block, span, report),
                    _ => warn_of_value(path, value, Tongue::Raw, span, report),
                }
            }
        }
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
        // A star in one has been said.
        let services = sources
            .iter()
            .filter(|source| !source.contains('*'))
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
