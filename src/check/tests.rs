//! Running the tests of the rules: each event against the patterns that its rule compiles to.

use crate::diagnostic;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::vacuous::is_about;
use crate::cloudtrail::api_names;
use crate::cloudtrail::{self, MAX_EVENT, RecordKind, Setting};
use crate::compile::{self, Compiled};
use crate::diagnostic::codes::Code;
pub use crate::diagnostic::codes::{
    TEST_FAILS as FAILS, TEST_NEVER_PASSES as NEVER_PASSES, TEST_NO_EVENT as NO_EVENT,
};
use crate::diagnostic::{Diagnostic, Level, Sources};
use crate::explain::{self, Excepted, Incoming, Judge, Verdict};
use crate::pattern::{Event, FieldFailure, Found};
use crate::place::AccountId;
use crate::rules::{
    Change, Expect, FieldCondition, Given, Rule, RuleId, RuleTest, RulesFile, Trigger,
};

/// So many failing fields are named.
const MOST_FIELDS: usize = 3;
/// So much of a value is shown.
const MOST_CHARACTERS: usize = 160;
/// What an event says about itself where the file does not.
const ACCOUNT: &str = "111122223333";
const TIME: &str = "2026-01-05T08:30:00Z";
const ID: &str = "00000000-0000-4000-8000-000000000001";

/// Runs every test of every rule, disabled ones included, and says which do not pass. `compiled` is what
/// [`compile::compile`] made of the file.
pub fn run(file: &RulesFile, compiled: &[Compiled], sources: &Sources) -> Vec<Diagnostic> {
    let mut parts: BTreeMap<&RuleId, Vec<&Compiled>> = BTreeMap::new();
    for part in compiled {
        parts.entry(&part.rule).or_default().push(part);
    }
    let mut found = Vec::new();
    for rule in file.rules.iter().filter(|rule| !rule.tests.is_empty()) {
        let of_its_own;
        let judge = match parts.get(&rule.id) {
            Some(parts) => Judge::new(parts.iter().copied()),
            // A disabled rule keeps its promises too.
            None => match compile::compile_rule(file, rule, compile::PATTERN_QUOTA) {
                Ok(own) => {
                    of_its_own = own;
                    Judge::new(&of_its_own)
                }
                Err(problem) => {
                    found.push(*problem);
                    continue;
                }
            },
        };
        // What does not parse has been reported by the compiler.
        let Ok(judge) = judge else {
            continue;
        };
        for test in &rule.tests {
            found.extend(problem_of(file, sources, rule, &judge, test));
        }
    }
    found
}

/// The event of a test, as EventBridge would have it.
///
/// # Errors
/// Why it cannot be made.
pub fn event_of(file: &RulesFile, test: &RuleTest) -> Result<Value, Box<Diagnostic>> {
    let fallback = ACCOUNT.parse::<AccountId>().ok();
    let account = file.home.account.as_ref().or(fallback.as_ref());
    let Some(account) = account else {
        return Err(no_event(test, "there is no account".to_owned(), "", ""));
    };
    let setting = Setting {
        account,
        region: &file.home.region,
        time: TIME,
        id: ID,
    };
    let mut event = match &test.given {
        Given::Like {
            service,
            name,
            identity,
        } => cloudtrail::like(service, name, *identity, &setting),
        Given::Event(record) if cloudtrail::is_record(record) => {
            cloudtrail::wrap(record.clone(), &setting)
        }
        Given::Event(event) => event.clone(),
    };
    for change in &test.changes {
        apply(&mut event, change)?;
    }
    if !is_whole(&test.given) {
        kind_again(&mut event, test)?;
    }
    let bytes = event.to_string().len();
    if bytes > MAX_EVENT {
        return Err(no_event(
            test,
            format!("the event of the test `{}` has {bytes} bytes", test.name),
            "more than the 256 KB of an event",
            "CloudTrail does not send such events to EventBridge, so that no rule hears of them: make it smaller",
        ));
    }
    Ok(event)
}

/// Whether a test has the envelope of its event from the file.
fn is_whole(given: &Given) -> bool {
    matches!(given, Given::Event(event) if !cloudtrail::is_record(event))
}

/// Gives a record whose kind a test changes the envelope of its new kind.
fn kind_again(event: &mut Value, test: &RuleTest) -> Result<(), Box<Diagnostic>> {
    let is_kind = |change: &&Change| match change.path.as_slice() {
        [only] => only == "eventType" || only == "eventCategory",
        _ => false,
    };
    let Some(change) = test.changes.iter().find(is_kind) else {
        return Ok(());
    };
    let record = event.get("detail").unwrap_or(&Value::Null);
    let kind = RecordKind::of(|name| record.get(name).and_then(Value::as_str));
    let (message, help) = match kind {
        RecordKind::Event(detail_type) => {
            if let Some(fields) = event.as_object_mut() {
                fields.insert("detail-type".to_owned(), Value::from(detail_type));
            }
            return Ok(());
        }
        RecordKind::Unsent(what) => (
            format!(
                "the event of the test `{}` is one that EventBridge has no event of: {what}",
                test.name
            ),
            "take a kind of record that comes to EventBridge, such as `AwsApiCall`",
        ),
        RecordKind::Unknown(kind) => (
            format!("no record has the kind {} so far", shown(&kind)),
            "write the event under `event` as it stands on a bus, with `source`, `detail-type` and `detail`",
        ),
    };
    Err(Box::new(Diagnostic {
        code: NO_EVENT.id,
        level: Level::Error,
        message,
        label: "as what EventBridge would send it is not known".to_owned(),
        help: Some(help.to_owned()),
        span: change.span,
    }))
}

/// Sets or removes one field under `detail`.
fn apply(event: &mut Value, change: &Change) -> Result<(), Box<Diagnostic>> {
    let Some((last, way)) = change.path.split_last() else {
        return Ok(());
    };
    let mut here = event;
    let mut walked: Vec<&str> = Vec::new();
    for step in std::iter::once("detail").chain(way.iter().map(String::as_str)) {
        // CloudTrail writes null where there are no parameters.
        if here.is_null() {
            *here = Value::Object(Map::new());
        }
        let kind = kind(here);
        let Some(fields) = here.as_object_mut() else {
            return Err(below(change, &walked, kind));
        };
        if change.value.is_none() && fields.get(step).is_none_or(Value::is_null) {
            return Ok(());
        }
        here = fields.entry(step).or_insert(Value::Null);
        walked.push(step);
    }
    if here.is_null() {
        *here = Value::Object(Map::new());
    }
    let kind = kind(here);
    let Some(fields) = here.as_object_mut() else {
        return Err(below(change, &walked, kind));
    };
    match &change.value {
        Some(value) => {
            fields.insert(last.clone(), value.clone());
        }
        // The order of what stays is kept.
        None => {
            fields.shift_remove(last);
        }
    }
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// A path that leads into something that is no map.
fn below(change: &Change, walked: &[&str], kind: &str) -> Box<Diagnostic> {
    let outer = match walked.get(1..) {
        Some(way) if !way.is_empty() => way.join("."),
        _ => "detail".to_owned(),
    };
    let whole = change.path.join(".");
    Box::new(Diagnostic {
        code: NO_EVENT.id,
        level: Level::Error,
        message: format!("`{whole}` is inside `{outer}`, which holds {kind} in this event"),
        label: "there is no such place".to_owned(),
        help: Some(if walked.len() > 1 {
            format!("set the whole of `{outer}` under `with`")
        } else {
            "the event has no record in it: `detail` is a map in those of CloudTrail".to_owned()
        }),
        span: change.span,
    })
}

fn no_event(test: &RuleTest, message: String, label: &str, help: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic {
        code: NO_EVENT.id,
        level: Level::Error,
        message,
        label: label.to_owned(),
        help: Some(help.to_owned()),
        span: test.span,
    })
}

/// What is wrong with a test, if it does not pass.
fn problem_of(
    file: &RulesFile,
    sources: &Sources,
    rule: &Rule,
    judge: &Judge,
    test: &RuleTest,
) -> Option<Diagnostic> {
    let value = match event_of(file, test) {
        Ok(value) => value,
        Err(problem) => return Some(*problem),
    };
    let given = match Event::from_value(&value) {
        Ok(event) => Incoming { value, event },
        Err(error) => {
            let message = format!("EventBridge would not take the event: {error}");
            let help = "an event is a JSON object";
            return Some(*no_event(test, message, "not an event", help));
        }
    };
    let fails = |code: Code, reason: String, label: &str, help: String| Diagnostic {
        code: code.id,
        level: Level::Error,
        message: format!("the test `{}` fails: {reason}", test.name),
        label: label.to_owned(),
        help: Some(help),
        span: test.span,
    };
    let value = &given.value;
    match (judge.on_the_bus(&given), test.expect) {
        (Verdict::Fires, Expect::Match) | (Verdict::Unheard(_), Expect::NoMatch) => None,
        (Verdict::Misses(_), Expect::NoMatch) => super::vacuous::warning(file, rule, test, &given),
        (Verdict::Fires, Expect::NoMatch) => Some(fails(
            FAILS,
            format!("the rule `{}` fires on {}", rule.id, described(value)),
            "expected no match",
            missed_exception(rule, test, &given, sources).unwrap_or_else(|| {
                "narrow the rule with `when` or `unless`, or correct the test".to_owned()
            }),
        )),
        (Verdict::Unheard(_), Expect::Match) => Some(fails(
            FAILS,
            format!(
                "the event is read-only, and the rule `{}` is made for events that change something",
                rule.id
            ),
            "expected a match",
            "EventBridge keeps read-only events from the rule's state `ENABLED`: remove `readOnly: true`"
                .to_owned(),
        )),
        (Verdict::Misses(failures), Expect::Match) => {
            let excepted = explain::excepted(rule, &given, &failures, Some(sources));
            let reason = reason(&failures, &excepted);
            Some(if let Some((written, recorded)) = versioned(test, value) {
                let help = format!(
                    "CloudTrail records this call as {}: write {}",
                    shown(&recorded),
                    shown(&format!("{written}*"))
                );
                fails(NEVER_PASSES, reason, "can never match", help)
            } else if let Some(help) =
                misspelt(rule, test).or_else(|| other_events(rule, &failures))
            {
                fails(NEVER_PASSES, reason, "can never match", help)
            } else {
                let help = "correct the rule, or set the field under `with`".to_owned();
                fails(FAILS, reason, "expected a match", help)
            })
        }
    }
}

/// What keeps an exception from silencing the event of a test: of the one that the test is about, or is nearest.
fn missed_exception(
    rule: &Rule,
    test: &RuleTest,
    given: &Incoming,
    sources: &Sources,
) -> Option<String> {
    let missed = compile::exceptions_missed(rule, &given.event);
    let (exception, failures) = missed
        .into_iter()
        .min_by_key(|(exception, failures)| (!is_about(exception, test), failures.len()))?;
    let fails = |field: &&FieldCondition| {
        let path = format!("detail.{}", field.path.join("."));
        failures.iter().any(|failure| failure.path == path)
    };
    let field = exception.fields.iter().find(fails)?;
    let (name, line, column) = sources.position(field.span);
    Some(format!(
        "`unless` at {}:{line}:{column} does not hold: {}: correct it, or the test",
        diagnostic::printable(name),
        reason(&failures, &[])
    ))
}

/// What to do if the rule or the test names an event that its service has not: a warning says which is meant, and
/// the test fails for nothing else.
fn misspelt(rule: &Rule, test: &RuleTest) -> Option<String> {
    let unknown = |service: &str, name: &str| {
        let known = api_names::services().get(service);
        let recorded = cloudtrail::as_recorded(service, name);
        known.is_some_and(|known| !known.open && !known.has(name) && !known.has(&recorded))
    };
    let Given::Like { service, name, .. } = &test.given else {
        return None;
    };
    if unknown(service, name) {
        let event = shown(&format!("{service}:{name}"));
        return Some(format!(
            "correct the name {event} under `like`, which no event has"
        ));
    }
    let Trigger::Events(events) = &rule.trigger else {
        return None;
    };
    let mut globs = events.globs.iter().filter(|glob| glob.service == *service);
    let glob = globs.find(|glob| !glob.name.contains('*') && unknown(service, &glob.name))?;
    let event = shown(&format!("{service}:{}", glob.name));
    Some(format!(
        "correct the name {event} under `events`, which no event has"
    ))
}

/// What to do if an event is not one of those that the rule is about, whatever its other fields hold.
fn other_events(rule: &Rule, failures: &[FieldFailure]) -> Option<String> {
    let fails = |path: &str| failures.iter().any(|failure| failure.path == path);
    let id = &rule.id;
    let raw = matches!(rule.trigger, Trigger::Raw { .. });
    if ![
        "detail.eventName",
        "detail.eventSource",
        "source",
        "detail-type",
    ]
    .into_iter()
    .any(fails)
    {
        return None;
    }
    Some(if raw {
        format!("the pattern of `{id}` is about other events: correct it, or the test")
    } else if fails("source") {
        "a rule with `events` is about events that AWS sends, whose `source` begins with `aws.`: correct the test"
            .to_owned()
    } else if fails("detail.eventName") || fails("detail.eventSource") {
        format!(
            "the rule `{id}` is about other events: name this one under `events`, or correct the test"
        )
    } else {
        format!(
            "the rule `{id}` takes other kinds of events: correct its `detail-type`, or the test"
        )
    })
}

/// An event that a test names as `service:Name` and CloudTrail records with a version behind the name.
fn versioned(test: &RuleTest, event: &Value) -> Option<(String, String)> {
    let Given::Like { service, name, .. } = &test.given else {
        return None;
    };
    let recorded = event.pointer("/detail/eventName")?.as_str()?;
    let longer = recorded.len() > name.len() && recorded.starts_with(name.as_str());
    longer.then(|| (format!("{service}:{name}"), recorded.to_owned()))
}

/// An event in a few words.
fn described(event: &Value) -> String {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or("?");
    let source = text("/detail/eventSource");
    let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    let event = format!("{service}:{}", text("/detail/eventName"));
    let actor = text("/detail/userIdentity/type");
    format!("{} by {}", shown(&event), shown(actor))
}

/// The first failing fields, what they hold and what is wanted.
fn reason(failures: &[FieldFailure], excepted: &[Excepted]) -> String {
    let named = failures.iter().take(MOST_FIELDS).map(|failure| {
        let exception = excepted.iter().find(|other| other.path == failure.path);
        one_reason(failure, exception)
    });
    let mut text = named.collect::<Vec<_>>().join("; ");
    match failures.len().saturating_sub(MOST_FIELDS) {
        0 => {}
        1 => text.push_str("; and one more field"),
        more => text.push_str(&format!("; and {more} more fields")),
    }
    text
}

fn one_reason(failure: &FieldFailure, exception: Option<&Excepted>) -> String {
    let path = shown(
        failure
            .path
            .strip_prefix("detail.")
            .unwrap_or(&failure.path),
    );
    let company = exception.map_or_else(String::new, Excepted::company);
    // The opposite of an exception is nobody's words.
    let wanted = match exception.map(|exception| &exception.at) {
        Some(Some(at)) => format!("which `unless` at {at} excepts{company}"),
        Some(None) => format!("which `unless` excepts{company}"),
        None => format!("wanted {}", shown(&failure.wanted)),
    };
    match &failure.found {
        Found::Absent => format!("{path} is absent, {wanted}"),
        Found::Fields => {
            format!("{path} is an object, of which only the fields are tested, {wanted}")
        }
        Found::Values {
            shown: values,
            count,
        } => {
            let more = count.saturating_sub(values.len());
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let values: Vec<String> = values.iter().map(|value| shown(value)).collect();
            format!("{path} holds {}{more}, {wanted}", values.join(", "))
        }
        Found::Elsewhere => {
            format!("{path} is met, but not in the same list element as the other fields, {wanted}")
        }
    }
}

/// Text of an event or a pattern in backticks, harmless and not too long.
pub(super) fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(MOST_CHARACTERS).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("`{}`", diagnostic::printable(&cut))
}
