//! `tests`: events that must or must not fire a rule.

use std::path::Path;

use serde_json::Value as Json;

use super::arns;
use super::conditions::path;
use super::events::{Tongue, event, warn_of_event};
use super::fields;
use super::files;
use super::keys::{EXPECTATIONS, GIVEN, TEST};
use super::members::Parameters;
use super::model::{Change, EventGlob, Expect, Given, RuleTest};
use super::raw::{self, Unique};
use super::read::{self, Fields, Spanned, first_line};
use super::rule::{Draft, TITLE};
use super::yaml::{Node, Value};
use crate::cloudtrail::{IDENTITY_WORDS, Identity, is_record};
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::diagnostic::{Report, shown};

/// A test as it stands in the file. What is `None` has been reported.
#[derive(Debug, Clone)]
pub(super) struct TestDraft {
    name: Option<String>,
    given: Option<Given>,
    /// A file that holds the event and has not been read.
    file: Option<Spanned<String>>,
    changes: Vec<Change>,
    expect: Option<Spanned<Expect>>,
}

impl TestDraft {
    /// Warns of changes that make no event such as CloudTrail records.
    fn warn_of_changes(&self, report: &mut Report) {
        let call = match &self.given {
            Some(Given::Like { service, name, .. }) => vec![EventGlob {
                service: service.clone(),
                name: name.clone(),
                span: Span::default(),
            }],
            _ => Vec::new(),
        };
        let parameters = Parameters::of(&call);
        self.warn_of_other_callers(report);
        for change in &self.changes {
            if let Some(problem) = parameters.problem(&change.path) {
                report.say(problem, None, change.span);
            }
            if let Some(Json::String(text)) = &change.value {
                arns::warn_of_text(&change.path.join("."), text, change.span, report);
            }
        }
    }

    /// Warns of fields that the caller whom `as` makes does not have.
    fn warn_of_other_callers(&self, report: &mut Report) {
        let Some(Given::Like { identity, .. }) = &self.given else {
            return;
        };
        // With another type it is another caller.
        let another = |change: &Change| {
            change.path == ["userIdentity"] || change.path == ["userIdentity", "type"]
        };
        if self.changes.iter().any(another) {
            return;
        }
        let kind = identity.kind();
        let word = identity.word();
        for change in self.changes.iter().filter(|change| change.value.is_some()) {
            let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
            let help = match path.as_slice() {
                ["userIdentity", "userName"] if fields::is_nameless(kind) => {
                    if kind == "AssumedRole" {
                        "the name of a role is `userIdentity.sessionContext.sessionIssuer.userName`: set that, or let an IAM user act with `as: iam-user`"
                    } else {
                        "let an IAM user act with `as: iam-user`"
                    }
                }
                ["userIdentity", "sessionContext", "sessionIssuer", ..]
                    if fields::is_roleless(kind) || kind == "AWSService" =>
                {
                    "let a session of a role act with `as: assumed-role`"
                }
                _ => continue,
            };
            report
                .warning(codes::FIELD_NAME, change.span)
                .message(format!(
                    "the caller of this test has no {}",
                    shown(&change.path.join("."))
                ))
                .label(format!("`as: {word}` makes a caller of type {kind}"))
                .help(help);
        }
    }
}

/// Reads the list of tests.
pub(super) fn tests(node: &Node, report: &mut Report) -> Vec<TestDraft> {
    let items = read::list(node, "tests", report).unwrap_or_default();
    items.iter().filter_map(|item| test(item, report)).collect()
}

/// Reads the files that tests name. Without a folder there are none to read.
pub(super) fn read_files(
    drafts: &mut [Draft],
    folder: Option<&Path>,
    total: &mut usize,
    report: &mut Report,
) {
    let folder = folder.map(|folder| {
        // The parent of a bare file name.
        if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        }
    });
    for test in drafts.iter_mut().flat_map(Draft::tests) {
        let Some(file) = test.file.take() else {
            continue;
        };
        let before = report.errors();
        let Some(folder) = folder else {
            report
                .error(codes::TEST_EVENT, file.span)
                .message("the test of a text that is not a file names a file")
                .label("there is no folder to look in")
                .help("write the event itself under `event`");
            report.set_aside(before);
            continue;
        };
        test.given = files::event(folder, &file, total, report)
            .and_then(|text| from_text(&text, &shown(&file.value), file.span, report))
            .map(Given::Event);
        report.set_aside(before);
    }
}

/// The tests that came through whole; where one did not, there is an error.
pub(super) fn finished(drafts: &[TestDraft]) -> Vec<RuleTest> {
    let whole = |draft: &TestDraft| {
        let expect = draft.expect.as_ref()?;
        Some(RuleTest {
            name: draft.name.clone()?,
            given: draft.given.clone()?,
            changes: draft.changes.clone(),
            expect: expect.value,
            span: expect.span,
        })
    };
    drafts.iter().filter_map(whole).collect()
}

fn test(node: &Node, report: &mut Report) -> Option<TestDraft> {
    let fields = Fields::read(node, TEST, "a test", report)?;
    let name = fields
        .get("name")
        .and_then(|n| read::line(n, "a test's name", TITLE, report))
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
    draft.warn_of_changes(report);
    Some(draft)
}

fn like(node: &Node, identity: Option<Identity>, report: &mut Report) -> Option<Given> {
    let glob = event(node, report)?;
    if glob.service == "*" || glob.name.contains('*') {
        report
            .error(codes::TEST, node.span)
            .message("a test is about one event, and this names many")
            .label("`*` has no meaning here")
            .help("write one of them out, such as `iam:CreateUser`");
        return None;
    }
    warn_of_event(
        &[&glob.service],
        &glob.name,
        Tongue::Test,
        None,
        glob.span,
        report,
    );
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
            raw::check(node, report);
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

fn from_text(text: &str, what: &str, span: Span, report: &mut Report) -> Option<Json> {
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

/// An event of EventBridge or a CloudTrail record; a log file with one record is that record.
fn one_event(value: Json, what: &str, span: Span, report: &mut Report) -> Option<Json> {
    let refuse = |report: &mut Report, message: String, help: &str| {
        report
            .error(codes::TEST_EVENT, span)
            .message(message)
            .label("expected one event")
            .help(help);
    };
    if let Some(Json::Array(records)) = value.get("Records") {
        if let [record] = records.as_slice()
            && is_record(record)
        {
            return Some(record.clone());
        }
        let count = records.len();
        refuse(
            report,
            format!("{what} holds {count} records"),
            "a test is about one of them: keep that one",
        );
        return None;
    }
    let text = |name: &str| value.get(name).is_some_and(Json::is_string);
    let is_event = text("source") && text("detail-type");
    if is_event || is_record(&value) {
        return Some(value);
    }
    refuse(
        report,
        format!("{what} is neither an event of EventBridge nor a CloudTrail record"),
        "an event has `source`, `detail-type` and `detail`, a record has `eventSource` and `eventName`",
    );
    None
}

/// `with`, then `without`.
fn changes(fields: &Fields<'_>, report: &mut Report) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    if let Some(node) = fields.get("with") {
        for (key, value) in read::map(node, "values by path", report).unwrap_or_default() {
            let before = report.errors();
            raw::check(value, report);
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
