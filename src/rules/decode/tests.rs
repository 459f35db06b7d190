//! `tests`: events that must or must not fire a rule.

use serde_json::Value as Json;

use super::conditions::path;
use super::draft::{LONGEST_TITLE, TestDraft};
use super::events::event;
use super::json::{self, Unique};
use super::reading::{Reading, Written};
use crate::cloudtrail::{IDENTITY_WORDS, Identity, LeftOut, Unwrapped, is_record, unwrapped};
use crate::diagnostic::{Report, Span, codes, counted, shown};
use crate::rules::model::{Change, Expect, Given};
use crate::rules::syntax::keys::{EXPECTATIONS, GIVEN, TEST};
use crate::rules::syntax::read::{self, Fields, Spanned, first_line};
use crate::rules::syntax::yaml::{Node, Value};

/// Reads the list of tests.
pub(crate) fn tests(node: &Node, report: &mut Reading) -> Vec<TestDraft> {
    let items = read::list(node, "tests", report).unwrap_or_default();
    items.iter().filter_map(|item| test(item, report)).collect()
}

fn test(node: &Node, report: &mut Reading) -> Option<TestDraft> {
    let fields = Fields::read(node, TEST, "a test", report)?;
    let name = fields
        .get("name")
        .and_then(|n| read::line(n, "a test's name", LONGEST_TITLE, report))
        .map(str::to_owned);
    let expect = fields.get("expect").and_then(|n| {
        let word = read::word(n, "an expectation", EXPECTATIONS, report)?;
        let value = match word {
            "match" => Expect::Match,
            _ => Expect::NoMatch,
        };
        Some(Spanned {
            value,
            span: n.span,
        })
    });
    let mut draft = TestDraft {
        name,
        given: None,
        file: None,
        changes: changes(&fields, report),
        expect,
    };
    let identity = fields.get("as").map(|n| {
        let word = read::word(n, "a kind of identity", IDENTITY_WORDS, report);
        word.and_then(Identity::named).unwrap_or_default()
    });
    let mut given = GIVEN
        .iter()
        .filter_map(|key| Some((*key, fields.get(key)?, fields.key(key)?)));
    match (given.next(), given.next()) {
        (None, _) => report
            .error(codes::TEST, first_line(node))
            .message("the test says no event")
            .label("expected `like`, `event` or `file`")
            .help("write `like: \"iam:CreateUser\"` for a realistic event of that API")
            .done(),
        (Some((first, ..)), Some((second, _, span))) => report
            .error(codes::TEST, span)
            .message(format!("the test has both `{first}` and `{second}`"))
            .label("expected one of the two")
            .help("a test is about one event: make two tests of it")
            .done(),
        (Some(("like", node, _)), None) => draft.given = like(node, identity, report),
        (Some((kind, node, _)), None) => {
            if let Some(span) = fields.key("as") {
                report
                    .error(codes::TEST, span)
                    .message(format!("`as` does not go with `{kind}`"))
                    .label("a whole event says who acts")
                    .help("remove it, or set fields such as `userIdentity.type` under `with`");
            }
            if kind == "file" {
                let text = read::text(node, "a file", report);
                draft.file = text.map(|text| Spanned {
                    value: text.to_owned(),
                    span: node.span,
                });
            } else {
                draft.given = whole(node, report).map(Given::Event);
            }
        }
    }
    report.written.push(Written::Test {
        caller: match &draft.given {
            Some(Given::Like { identity, .. }) => Some(*identity),
            _ => None,
        },
        call: match &draft.given {
            Some(Given::Like { service, name, .. }) => Some((service.clone(), name.clone())),
            _ => None,
        },
        changes: draft.changes.clone(),
    });
    Some(draft)
}

fn like(node: &Node, identity: Option<Identity>, report: &mut Reading) -> Option<Given> {
    let glob = event(node, report)?;
    if glob.service == "*" || glob.name.contains('*') {
        report
            .error(codes::TEST, node.span)
            .message("a test is about one event, and this names many")
            .label("`*` has no meaning here")
            .help("write one of them out, such as `iam:CreateUser`");
        return None;
    }
    report.written.push(Written::Event {
        glob: glob.clone(),
        in_test: true,
    });
    Some(Given::Like {
        service: glob.service,
        name: glob.name,
        identity: identity.unwrap_or_default(),
    })
}

/// An event as a YAML map or as JSON text.
fn whole(node: &Node, report: &mut Report) -> Option<Json> {
    match &node.value {
        Value::Map(_) => {
            let before = report.errors();
            json::check(node, report);
            if report.errors() > before {
                return None;
            }
            one_event(node.to_json()?, "the event", first_line(node), report)
        }
        Value::Scalar { text, .. } if !text.is_empty() => {
            from_text(text, "the event", node.span, report)
        }
        _ => {
            read::map(node, "an event", report);
            None
        }
    }
}

pub(crate) fn from_text(text: &str, what: &str, span: Span, report: &mut Report) -> Option<Json> {
    match serde_json::from_str::<Unique>(text) {
        Ok(Unique(value)) => one_event(value, what, span, report),
        Err(error) => {
            report
                .error(codes::TEST_EVENT, span)
                .message(format!("{what} is not JSON: {error}"))
                .label("expected one event as JSON")
                .help("copy an event as EventBridge or CloudTrail shows it");
            None
        }
    }
}

/// An event of EventBridge or a CloudTrail record; what holds one of them is that one.
fn one_event(value: Json, what: &str, span: Span, report: &mut Report) -> Option<Json> {
    let mut found = unwrapped(value);
    let (message, help) = match (found.pop(), found.len()) {
        (Some(Unwrapped::Value(value)), 0) => {
            let text = |name: &str| value.get(name).is_some_and(Json::is_string);
            if (text("source") && text("detail-type")) || is_record(&value) {
                return Some(value);
            }
            (
                format!("{what} is neither an event of EventBridge nor a CloudTrail record"),
                "an event has `source`, `detail-type` and `detail`, a record has `eventSource` and `eventName`",
            )
        }
        (Some(Unwrapped::LeftOut(LeftOut::Known(kind))), 0) => (
            format!(
                "{what} holds a thing that no rule can fire on: {}",
                counted(1_u64, kind)
            ),
            "EventBridge has no event of it: take a record of a call, or an event from a bus",
        ),
        (Some(Unwrapped::LeftOut(LeftOut::Unknown(kind))), 0) => (
            format!("{what} is a record of the unknown kind {}", shown(&kind)),
            "as what EventBridge sends it is not known: write the event as it stands on a bus, with `source`, `detail-type` and `detail`",
        ),
        (Some(Unwrapped::Broken(problem)), 0) => (
            format!("{what} is {problem}"),
            "copy an event as EventBridge or CloudTrail shows it",
        ),
        (last, others) => {
            let records = others + usize::from(last.is_some());
            (
                format!("{what} holds {}", counted(records, "record")),
                "a test is about one of them: keep that one",
            )
        }
    };
    report
        .error(codes::TEST_EVENT, span)
        .message(message)
        .label("expected one event")
        .help(help);
    None
}

/// Reads the changes of a test: those of `with`, then those of `without`.
fn changes(fields: &Fields<'_>, report: &mut Reading) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    if let Some(node) = fields.get("with") {
        for (key, value) in read::map(node, "values by path", report).unwrap_or_default() {
            let before = report.errors();
            json::check(value, report);
            let Some(path) = path(key, report) else {
                continue;
            };
            if changes.iter().any(|change| change.path == path) {
                read::duplicate(key.span, &path.join("."), report);
            }
            if report.errors() == before {
                changes.push(Change {
                    path,
                    value: value.to_json(),
                    span: key.span,
                });
            }
        }
    }
    if let Some(node) = fields.get("without") {
        for item in read::list(node, "paths", report).unwrap_or_default() {
            if read::text(item, "a path", report).is_some()
                && let Some(path) = path(item, report)
            {
                changes.push(Change {
                    path,
                    value: None,
                    span: item.span,
                });
            }
        }
    }
    changes
}
