//! Tests of an exception that pass without it: what they show is not what they are written for.

use serde_json::{Value, json};

use super::checked_rule::warning as diagnostic;
use super::tests::shown as quoted;
use crate::check::lint::Lint;
use crate::compile::{self, PATTERN_QUOTA};
use crate::diagnostic::Diagnostic;
use crate::explain::{Incoming, Judge, Verdict};
use crate::pattern::EventPattern;
use crate::rules::{AllOf, Events, Rule, RuleTest, RulesFile, Trigger};

pub(in crate::check) const TEST_SHOWS_NOTHING: Lint = Lint {
    id: "W1001",
    explanation: "A test sets what an exception of its rule looks at, and the rule would not fire without that exception either: the test passes for another reason.",
    wrong: r#"- id: a
  events: ["iam:CreateUser"]
  unless: [{ userIdentity.arn: "arn:aws:iam::111122223333:user/scanner" }, { sourceIPAddress: { cidr: 203.0.113.0/24 } }]
  tests:
    - { name: the scanner, like: "iam:CreateUser", with: { userIdentity.arn: "arn:aws:iam::111122223333:user/scanner" }, expect: no-match }"#,
    right: r#"- id: a
  events: ["iam:CreateUser"]
  unless: [{ userIdentity.arn: "arn:aws:iam::111122223333:user/scanner" }, { sourceIPAddress: { cidr: 203.0.113.0/24 } }]
  tests:
    - { name: the scanner, like: "iam:CreateUser", with: { userIdentity.arn: "arn:aws:iam::111122223333:user/scanner", sourceIPAddress: 192.0.2.1 }, expect: no-match }"#,
    is_fatal: false,
};

/// The test, which expects no match and gets none, if `with` makes an exception hold that changes nothing.
pub(super) fn warning(
    file: &RulesFile,
    rule: &Rule,
    test: &RuleTest,
    given: &Incoming,
) -> Option<Diagnostic> {
    let Trigger::Events(events) = &rule.trigger else {
        return None;
    };
    if test.changes.is_empty() || events.unless.is_empty() {
        return None;
    }
    let met = compile::exceptions_met(rule, &given.event);
    let (meant, others): (Vec<&AllOf>, Vec<&AllOf>) = met
        .into_iter()
        .partition(|exception| is_about(exception, test));
    // What no change speaks of was not to be shown.
    let shown = fields(meant.first()?);
    let (why, help) = if let Some(other) = others.first() {
        (
            format!("the exception of {} silences it too", fields(other)),
            format!(
                "{}: set {} under `with` to what is not excepted, so that {shown} alone decides",
                held(other, given),
                fields(other)
            ),
        )
    } else {
        let mut without = rule.clone();
        without.trigger = Trigger::Events(Events {
            unless: events
                .unless
                .iter()
                .filter(|exception| !meant.contains(exception))
                .cloned()
                .collect(),
            ..events.clone()
        });
        let compiled = compile::compile_rule(file, &without, PATTERN_QUOTA).ok()?;
        let Verdict::Misses(failures) = Judge::new(&compiled).ok()?.on_the_bus(given) else {
            return None;
        };
        let changed = |path: &str| {
            let changes = test.changes.iter();
            let mut paths = changes.map(|change| format!("detail.{}", change.path.join(".")));
            paths.any(|other| other == path)
        };
        // A test may change more than one thing on purpose.
        if failures.is_empty() || failures.iter().any(|failure| changed(&failure.path)) {
            return None;
        }
        let failure = failures.first()?;
        let path = &failure.path;
        let path = path.strip_prefix("detail.").unwrap_or(path);
        let change = match example(&failure.wanted) {
            Some(value) => format!(
                "set `{path}` under `with` to what the rule wants, such as {}",
                quoted(&value.to_string())
            ),
            None => format!("take `{path}` out under `without`"),
        };
        (
            format!("the event misses `{path}` anyway"),
            format!("{change}, so that {shown} decides"),
        )
    };
    Some(diagnostic(
        TEST_SHOWS_NOTHING.code(),
        test.span,
        format!(
            "the test `{}` does not need the exception of {shown}: {why}",
            test.name
        ),
        "no match either way",
        help,
    ))
}

/// A value that the tests of a field accept; none where they want it to be absent.
fn example(tests: &str) -> Option<Value> {
    let tests: Value = serde_json::from_str(tests).ok()?;
    let pattern = EventPattern::from_value(&json!({ "field": tests })).ok()?;
    pattern.witness()?.get("field").cloned()
}

/// Whether the changes of a test set what an exception looks at.
pub(super) fn is_about(exception: &AllOf, test: &RuleTest) -> bool {
    exception.fields.iter().any(|field| {
        let mut changes = test.changes.iter();
        changes.any(|change| {
            field.path.starts_with(&change.path) || change.path.starts_with(&field.path)
        })
    })
}

/// What an event holds in the fields of an exception.
fn held(exception: &AllOf, given: &Incoming) -> String {
    let held = exception.fields.iter().map(|field| {
        let path = field.path.join(".");
        let value = given
            .value
            .pointer(&format!("/detail/{}", field.path.join("/")));
        match value {
            Some(value) => format!("`{path}` holds {}", quoted(&value.to_string())),
            None => format!("`{path}` is absent"),
        }
    });
    held.collect::<Vec<_>>().join(" and ")
}

fn fields(exception: &AllOf) -> String {
    let paths = exception.fields.iter().map(|field| field.path.join("."));
    let paths: Vec<String> = paths.map(|path| format!("`{path}`")).collect();
    paths.join(" and ")
}
