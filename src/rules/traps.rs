//! Raw patterns that are valid and yet match nothing, or not what they seem to.
//!
//! Fields are looked at one by one here, whatever `$or` they stand in, and in `calls` each combination of them as
//! EventBridge does: fields by path, the later of two at one path counting.

use serde_json::{Map, Value as Json};

use super::arns;
use super::calls;
use super::events::Tongue;
use super::fields;
use super::foreign;
use super::levels;
use super::names;
use super::stars;
use super::values::{self, warn_of_detail_type, warn_of_value};
use super::yaml::{Node, Value};
use crate::diagnostic::Span;
use crate::diagnostic::codes::{self, Code};
use crate::diagnostic::{Report, shown};

/// Fields of the record that other events are not likely to have.
const TELLING: [&str; 5] = [
    "eventName",
    "eventSource",
    "requestParameters",
    "responseElements",
    "userIdentity",
];

/// A list of tests, and how to get to it from the pattern's root.
struct Leaf<'p> {
    /// The names from the root, `$or` left out, joined by dots.
    path: String,
    tests: &'p [Json],
    steps: Vec<Step<'p>>,
}

/// One step into a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

impl<'p> Step<'p> {
    pub fn key(&self) -> Option<&'p str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Index(_) => None,
        }
    }
}

/// Warns of what is wrong with a valid pattern. `node` is where it stands, as a map or as JSON text.
pub(super) fn warn(pattern: &Map<String, Json>, node: &Node, report: &mut Report) {
    let mut leaves = Vec::new();
    collect(pattern, &mut Vec::new(), &mut leaves);
    let kind = kind(&leaves);
    let certain = is_of_aws(&leaves);
    let about = About {
        node,
        kind,
        certain,
    };
    let rootless = leaves.iter().any(|leaf| {
        let names = |test: &Json| test.as_str().is_some_and(|kind| kind != values::ROOT);
        leaf.path == "detail.userIdentity.type"
            && !leaf.steps.contains(&Step::Key("$or"))
            && leaf.tests.iter().all(names)
    });
    levels::warn(pattern, &mut Vec::new(), about, report);
    if kind != Kind::Other || may_be_records(&leaves) {
        presence(&leaves, node, report);
    }
    for leaf in &leaves {
        // Another branch of an `$or` may match.
        let alone = !leaf.steps.contains(&Step::Key("$or"));
        let never = |test: &Json| {
            stars::waits(&leaf.path, test)
                || kind != Kind::Other && certain && is_nowhere(&leaf.path, test)
        };
        let dead = alone && !leaf.tests.is_empty() && leaf.tests.iter().all(never);
        let fatal = dead.then_some(codes::NEVER_MATCHES);
        for (index, test) in leaf.tests.iter().enumerate() {
            let mut steps = leaf.steps.clone();
            steps.push(Step::Index(index));
            let span = place(node, &steps);
            stars::warn(&leaf.path, test, fatal, span, report);
            if leaf.path == "source" {
                sender(test, fatal, span, report);
            }
            let path = leaf.path.strip_prefix("detail.").unwrap_or_default();
            if kind != Kind::Other && !(rootless && values::is_as_users_have_it(path, test)) {
                values(&leaf.path, test, fatal, span, report);
            }
        }
    }
    if kind != Kind::Other {
        calls::warn(pattern, certain, node, report);
    }
}

/// `anything-but` on a field that not every event has.
fn presence(leaves: &[Leaf<'_>], node: &Node, report: &mut Report) {
    // Another branch of an `$or` may match.
    let alone = || {
        let alone = |leaf: &&Leaf<'_>| !leaf.steps.contains(&Step::Key("$or"));
        leaves.iter().filter(alone)
    };
    let kinds = alone().find(|leaf| leaf.path == "detail.userIdentity.type");
    let kinds: Option<Vec<&str>> =
        kinds.and_then(|leaf| leaf.tests.iter().map(Json::as_str).collect());
    for leaf in alone() {
        let has = |name: &str| leaf.tests.iter().find_map(|test| test.get(name));
        if has("anything-but").is_none() || has("exists") == Some(&Json::Bool(false)) {
            continue;
        }
        let Some(path) = leaf.path.strip_prefix("detail.") else {
            continue;
        };
        let names: Vec<&str> = path.split('.').collect();
        let Some(who) = fields::lacking(&names, kinds.as_deref()) else {
            continue;
        };
        let other = fields::of_failures(&names);
        let positive = |test: &Json| {
            test.get("anything-but").is_none() && test.get("exists") != Some(&Json::Bool(false))
        };
        let needs = |other: &str| {
            alone().any(|leaf| {
                leaf.path.strip_prefix("detail.") == Some(other) && leaf.tests.iter().all(positive)
            })
        };
        if other.is_some_and(needs) {
            continue;
        }
        let failures = other.map_or_else(String::new, |other| {
            format!("; if only failures are meant, add `{other}: [{{ exists: true }}]` beside it")
        });
        report
            .warning(codes::NEEDS_PRESENCE, place(node, &leaf.steps))
            .message(format!("{who} without {} never alert here", shown(path)))
            .label("`anything-but` needs the field to be there")
            .help(format!("add `{{ exists: false }}` to the list{failures}"));
    }
}

/// Whether all that a pattern without a `detail-type` asks of `detail` may be fields of CloudTrail's records.
fn may_be_records(leaves: &[Leaf<'_>]) -> bool {
    let is_of_record = |leaf: &Leaf<'_>| match leaf.path.strip_prefix("detail.") {
        Some(path) => fields::is_top(path.split('.').next().unwrap_or_default()),
        None => leaf.path != "detail-type",
    };
    leaves.iter().all(is_of_record)
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
            Json::Object(inner) => match foreign::without_a_list(steps, inner) {
                Some(test) => {
                    report
                        .error(codes::PATTERN, place(node, steps))
                        .message(format!("the test of {} stands in no list", shown(key)))
                        .label("outside of a list EventBridge takes an operator for a field")
                        .help(format!("write {}", shown(&format!("{key}: [{test}]"))));
                }
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

pub(super) fn dotted(steps: &[Step<'_>]) -> String {
    let keys = steps.iter().filter_map(|step| match step {
        Step::Key(key) if *key != "$or" => Some(*key),
        _ => None,
    });
    keys.collect::<Vec<_>>().join(".")
}

/// Where something stands: the key or item itself, or the whole pattern where it is JSON text.
pub(super) fn place(node: &Node, steps: &[Step<'_>]) -> Span {
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

/// A pattern, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'n> {
    /// Where it stands.
    pub node: &'n Node,
    pub kind: Kind,
    /// Whether what it matches is records of CloudTrail: other events may have any names and values.
    pub certain: bool,
}

/// What a pattern is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Records of CloudTrail, by its `detail-type`.
    Trail,
    /// Probably records of CloudTrail.
    Likely,
    Other,
}

/// Whether only AWS sends what a pattern matches, or nobody, since the name of the sender is a slip.
fn is_of_aws(leaves: &[Leaf<'_>]) -> bool {
    let source = leaves.iter().filter(|leaf| leaf.path == "source");
    let mut tests = source.flat_map(|leaf| leaf.tests).peekable();
    tests.peek().is_some()
        && tests.all(|test| {
            let text = test.as_str().or(test.get("prefix").and_then(Json::as_str));
            text.is_some_and(|text| text.starts_with("aws.")) || is_nowhere("source", test)
        })
}

fn kind(leaves: &[Leaf<'_>]) -> Kind {
    let types = leaves.iter().find(|leaf| leaf.path == "detail-type");
    let Some(types) = types else {
        let likely = leaves.iter().any(|leaf| {
            let last = leaf.path.strip_prefix("detail.").unwrap_or(&leaf.path);
            let first = last.split('.').next().unwrap_or_default();
            TELLING.iter().any(|name| name.eq_ignore_ascii_case(first))
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

/// A `source` as CloudTrail's `eventSource` has it.
fn sender(test: &Json, fatal: Option<Code>, span: Span, report: &mut Report) {
    let prefix = test.get("prefix");
    let Some(text) = test.as_str().or(prefix.and_then(Json::as_str)) else {
        return;
    };
    let Some(service) = service_with_domain(text) else {
        return;
    };
    report
        .warning_or(fatal, codes::OTHER_VALUE, span)
        .message(format!("no event has the `source` {}", shown(text)))
        .label("this is how CloudTrail's `eventSource`, under `detail`, names it")
        .help(format!("write {}", shown(&format!("aws.{service}"))));
}

/// The service that a text names with its domain.
pub(super) fn service_with_domain(text: &str) -> Option<&str> {
    let service = text.strip_suffix(".amazonaws.com")?;
    Some(service.strip_prefix("aws.").unwrap_or(service))
}

/// Whether no record of CloudTrail meets a test.
fn is_nowhere(path: &str, test: &Json) -> bool {
    match (path, test) {
        ("source", Json::String(text)) => {
            service_with_domain(text).is_some_and(|service| names::services().contains_key(service))
        }
        ("detail-type", Json::String(text)) => values::misspelt_detail_type(text).is_some(),
        (path, test) => path.strip_prefix("detail.").is_some_and(|path| {
            values::is_nowhere_written(path, test) || arns::is_nowhere_matched(path, test)
        }),
    }
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

/// Values that CloudTrail writes otherwise. `fatal`: the code of an error, where no test of the field can hold.
fn values(path: &str, test: &Json, fatal: Option<Code>, span: Span, report: &mut Report) {
    if path == "detail-type" {
        if let Some(text) = test.as_str() {
            warn_of_detail_type(text, fatal, span, report);
        }
        return;
    }
    let Some(path) = path.strip_prefix("detail.") else {
        return;
    };
    arns::warn_of_test(path, test, fatal, span, report);
    match test {
        Json::Object(operators) => {
            let values = match operators.get("anything-but") {
                Some(Json::Array(list)) => list.as_slice(),
                Some(value) => std::slice::from_ref(value),
                None => return,
            };
            for value in values {
                match value.as_str().filter(|text| values::is_block(text)) {
                    Some(block) if path == "sourceIPAddress" => except_block(block, span, report),
                    _ => warn_of_value(path, value, Tongue::Except, None, span, report),
                }
            }
        }
        value => warn_of_value(path, value, Tongue::Raw, fatal, span, report),
    }
}
