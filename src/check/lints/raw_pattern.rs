//! Raw patterns that are valid and yet match nothing, or not what they seem to.
//!
//! Fields are looked at one by one here, whatever `$or` they stand in, and in `raw_calls` each combination of them as
//! EventBridge does: fields by path, the later of two at one path counting.

use serde_json::{Map, Value as Json};

use super::needs_presence::{self, Asked};
use super::open_exception::{self, Own};
use super::other_value::OTHER_VALUE;
use super::speaker::Speaker;
use super::{detail_type, literal_star, other_value, raw_calls, region, role_arn, wrong_level};
use crate::check::certainty::{Certainty, is_clause_unmet};
use crate::check::clause::{Clause, Dialect};
use crate::check::lint::Finding;
use crate::cloudtrail::api_names::{self, recorded_service, without_domain};
use crate::cloudtrail::record_fields::{TELLING, is_top};
use crate::cloudtrail::values::{self, misspelt_detail_type};
use crate::diagnostic::{Span, shown};
use crate::rules::decode::pattern_steps::{Step, dotted, place};
use crate::rules::syntax::yaml::Node;

/// A list of tests, and how to get to it from the pattern's root.
struct Leaf<'p> {
    /// The names from the root, `$or` left out, joined by dots.
    path: String,
    tests: &'p [Json],
    steps: Vec<Step<'p>>,
}

/// Warns of what is wrong with a valid pattern. `node` is where it stands, as a map or as JSON text.
pub(super) fn look(pattern: &Map<String, Json>, node: &Node, own: &Own, speaker: &mut Speaker<'_>) {
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
        leaf.path == "detail.userIdentity.type" && leaf.is_alone() && leaf.tests.iter().all(names)
    });
    wrong_level::look(pattern, &mut Vec::new(), about, speaker);
    if kind != EventKind::Other || may_be_records(&leaves) {
        let alone = leaves.iter().filter(|leaf| leaf.is_alone());
        let asked: Vec<Asked<'_>> = alone.filter_map(|leaf| leaf.asked(node)).collect();
        needs_presence::look(&asked, own, speaker);
    }
    for leaf in &leaves {
        let never = |test: &Json| {
            literal_star::waits(&leaf.path, test)
                || kind != EventKind::Other && certain && is_nowhere(&leaf.path, test)
        };
        let dead = leaf.is_alone() && !leaf.tests.is_empty() && leaf.tests.iter().all(never);
        let certainty = Certainty::never_matches(dead);
        for (index, test) in leaf.tests.iter().enumerate() {
            let mut steps = leaf.steps.clone();
            steps.push(Step::Index(index));
            let span = place(node, &steps);
            literal_star::look(&leaf.path, test, certainty, span, speaker);
            if leaf.path == "source" {
                sender(test, kind, certainty, span, speaker);
            }
            if leaf.path == "region" {
                let clauses = Clause::of_test("region", test, span, certainty);
                region::look(&clauses, speaker);
            }
            if kind == EventKind::Other {
                continue;
            }
            if let ("detail-type", Json::String(text)) = (leaf.path.as_str(), test) {
                detail_type::look(text, certainty, span, speaker);
            } else if let Some(path) = leaf.path.strip_prefix("detail.") {
                let clauses = Clause::of_test(path, test, span, certainty);
                role_arn::look(&clauses, speaker);
                other_value::look(&clauses, rootless, speaker);
                if path == "awsRegion" {
                    region::look(&clauses, speaker);
                }
            }
        }
        if let Some(path) = leaf.path.strip_prefix("detail.")
            && kind != EventKind::Other
        {
            let span = place(node, &leaf.steps);
            open_exception::look_at_tests(path, leaf.tests, span, own, speaker);
        }
    }
    if kind != EventKind::Other {
        raw_calls::look(pattern, certain, node, speaker);
    }
}

impl<'p> Leaf<'p> {
    /// Whether it must hold: another branch of an `$or` may match.
    fn is_alone(&self) -> bool {
        !self.steps.contains(&Step::Key("$or"))
    }

    /// What it asks of a field of the record.
    fn asked(&'p self, node: &Node) -> Option<Asked<'p>> {
        let path = self.path.strip_prefix("detail.")?;
        let has = |name: &str| self.tests.iter().find_map(|test| test.get(name));
        let absent = |test: &Json| test.get("exists") == Some(&Json::Bool(false));
        let mut tests = self.tests.iter();
        Some(Asked {
            path: path.split('.').collect(),
            texts: self.tests.iter().map(Json::as_str).collect(),
            excepted: Vec::new(),
            is_negated: has("anything-but").is_some(),
            takes_absence: has("exists") == Some(&Json::Bool(false)),
            needs_field: tests.all(|test| test.get("anything-but").is_none() && !absent(test)),
            dialect: Dialect::Raw,
            span: place(node, &self.steps),
        })
    }
}

/// Whether all that a pattern without a `detail-type` asks of `detail` may be fields of CloudTrail's records.
fn may_be_records(leaves: &[Leaf<'_>]) -> bool {
    let is_of_record = |leaf: &Leaf<'_>| match leaf.path.strip_prefix("detail.") {
        Some(path) => is_top(path.split('.').next().unwrap_or_default()),
        None => leaf.path != "detail-type",
    };
    leaves.iter().all(is_of_record)
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

/// A pattern, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'n> {
    /// The node of the rules file that holds the pattern.
    pub node: &'n Node,
    pub kind: EventKind,
    /// Whether what it matches is records of CloudTrail: other events may have any names and values.
    pub certain: bool,
}

/// What a pattern is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventKind {
    /// Records of CloudTrail, by its `detail-type`.
    Trail,
    /// Probably records of CloudTrail.
    Likely,
    Other,
}

/// Whether only AWS sends what a pattern matches, or nobody, since the name of the sender is a typo.
fn is_of_aws(leaves: &[Leaf<'_>]) -> bool {
    let source = leaves.iter().filter(|leaf| leaf.path == "source");
    let mut tests = source.flat_map(|leaf| leaf.tests).peekable();
    tests.peek().is_some()
        && tests.all(|test| {
            let text = test.as_str().or(test.get("prefix").and_then(Json::as_str));
            text.is_some_and(|text| text.starts_with("aws.")) || is_nowhere("source", test)
        })
}

fn kind(leaves: &[Leaf<'_>]) -> EventKind {
    let types = leaves.iter().find(|leaf| leaf.path == "detail-type");
    let Some(types) = types else {
        let likely = leaves.iter().any(|leaf| {
            let last = leaf.path.strip_prefix("detail.").unwrap_or(&leaf.path);
            let first = last.split('.').next().unwrap_or_default();
            TELLING.iter().any(|name| name.eq_ignore_ascii_case(first))
        });
        return if likely {
            EventKind::Likely
        } else {
            EventKind::Other
        };
    };
    let trail = |test: &Json| {
        let text = test.as_str().unwrap_or_default().to_lowercase();
        text.ends_with("via cloudtrail") && !text.contains("insight")
    };
    let spelt_out = !types.steps.contains(&Step::Key("$or"));
    if spelt_out && types.tests.iter().all(trail) {
        EventKind::Trail
    } else if types.tests.iter().any(trail) {
        EventKind::Likely
    } else {
        EventKind::Other
    }
}

/// Services of which events come under the name that people know, beside those that CloudTrail records.
/// Source: EventBridge user guide, "Events from AWS services".
const SENDERS: [&str; 2] = ["cloudwatch", "emr"];

/// A `source` that is no sender's: as CloudTrail's `eventSource` has it, under another name of the service, or without
/// `aws.`.
fn sender(
    test: &Json,
    kind: EventKind,
    certainty: Certainty<'_>,
    span: Span,
    speaker: &mut Speaker<'_>,
) {
    let prefix = test.get("prefix");
    let Some(text) = test.as_str().or(prefix.and_then(Json::as_str)) else {
        return;
    };
    let about_cloudtrail = kind != EventKind::Other;
    let (meant, label, certain) = if let Some(service) = without_domain(text) {
        (
            recorded_service(service).unwrap_or(service),
            "this is how CloudTrail's `eventSource`, under `detail`, names it",
            true,
        )
    } else if let Some(service) = text.strip_prefix("aws.") {
        let Some(recorded) = recorded_service(service) else {
            return;
        };
        if SENDERS.contains(&service) && !about_cloudtrail {
            return;
        }
        (recorded, "AWS knows the service by another name", false)
    } else {
        let known = api_names::services().contains_key(text) && about_cloudtrail;
        let Some(service) = recorded_service(text).or(known.then_some(text)) else {
            return;
        };
        (
            service,
            "the sources of AWS begin with `aws.`: this is an application of that name",
            false,
        )
    };
    let finding = Finding {
        lint: &OTHER_VALUE,
        message: if certain {
            format!("no event has the `source` {}", shown(text))
        } else {
            format!("no event of AWS has the `source` {}", shown(text))
        },
        label: label.to_owned(),
        help: format!("write {}", shown(&format!("aws.{meant}"))),
        certain,
    };
    speaker.say(finding, certainty, span);
}

/// Whether no record of CloudTrail meets a test.
fn is_nowhere(path: &str, test: &Json) -> bool {
    match (path, test) {
        ("source", Json::String(text)) => without_domain(text).is_some_and(|service| {
            api_names::services().contains_key(service) || recorded_service(service).is_some()
        }),
        ("detail-type", Json::String(text)) => misspelt_detail_type(text).is_some(),
        (path, test) => path.strip_prefix("detail.").is_some_and(|path| {
            let clauses = Clause::of_test(path, test, Span::default(), Certainty::Unlikely);
            !clauses.is_empty() && clauses.iter().all(is_clause_unmet)
        }),
    }
}
