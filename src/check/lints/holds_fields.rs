//! Tests of a field that holds further fields, and of fields below a value (W0724).

use super::speaker::Speaker;
use crate::check::asks::{Asks, Tested};
use crate::check::clause::Dialect;
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::record_fields::fields_in;
use crate::cloudtrail::shapes::{Examples, Kind, Shape};
use crate::cloudtrail::values::is_value_of;
use crate::diagnostic::shown;

pub(in crate::check) const HOLDS_FIELDS: Lint = Lint {
    id: "W0724",
    explanation: "EventBridge tests values. A field that holds further fields has none: `exists: true` and any text never hold there, `exists: false` always does, and an exception excepts nothing. Where CloudTrail writes `null` into such a field, as into `responseElements` of a refused call, that is the only value that it has. The same goes for a path that leads on below a text, such as a policy document.",
    wrong: r#"- id: a
  events: ["iam:CreateUser"]
  when: { userIdentity.sessionContext.sessionIssuer: { exists: true } }"#,
    right: r#"- id: a
  events: ["iam:CreateUser"]
  when: { userIdentity.sessionContext.sessionIssuer.arn: { exists: true } }"#,
    is_fatal: false,
};

/// Warns of tests that find no value at their path. Whether it said something is the result.
pub(super) fn look(
    tested: &Tested<'_>,
    examples: &Examples<'_>,
    speaker: &mut Speaker<'_>,
) -> bool {
    let finding = match examples.value_before(&tested.path) {
        Some((length, kind)) => Some(below(tested, length, kind)),
        None => match examples.shape(&tested.path) {
            Some(Shape::Fields { leaf, may_be_null }) => {
                let mut asks = tested.any_of.iter();
                let wrong = asks.find(|asks| **asks != Asks::Null);
                wrong.map(|asks| no_value(tested, asks, leaf, may_be_null))
            }
            _ => None,
        },
    };
    let said = finding.is_some();
    if let Some(finding) = finding {
        speaker.warn(finding, tested.span);
    }
    said
}

/// A path that leads on behind a value.
fn below(tested: &Tested<'_>, length: usize, kind: Kind) -> Finding {
    let whole = tested.path.join(".");
    let value = tested.path.get(..length).unwrap_or_default().join(".");
    let is = match kind {
        Kind::Text => "text",
        Kind::Number => "a number",
        Kind::Boolean => "a boolean",
    };
    let help = match (kind, tested.dialect) {
        (Kind::Text, Dialect::Raw | Dialect::RawExcept) => format!(
            "test the text itself, such as `{}`",
            nested(&value, "[{ wildcard: \"*…*\" }]")
        ),
        (Kind::Text, _) => format!("test the text itself, such as `{value}: \"*…*\"`"),
        _ => format!("test {} itself", shown(&value)),
    };
    Finding {
        lint: &HOLDS_FIELDS,
        message: format!("{} holds {is}, and no fields", shown(&value)),
        label: format!("no event has {}", shown(&whole)),
        help,
        certain: false,
    }
}

/// A test of a field that holds fields.
fn no_value(
    tested: &Tested<'_>,
    asks: &Asks<'_>,
    leaf: Option<String>,
    may_be_null: bool,
) -> Finding {
    let path = tested.path.join(".");
    let label = match (asks, tested.is_exception, may_be_null) {
        (Asks::Absence, true, _) => "`exists: false` holds for an object: this excepts everything",
        (Asks::Absence, false, _) => "`exists: false` holds for an object: this says nothing",
        (Asks::Presence, true, true) => {
            "`exists` works on values: this excepts only what has `null` there, as refused calls have"
        }
        (Asks::Presence, false, true) => {
            "`exists` works on values: this holds only where CloudTrail writes `null`, as for refused calls"
        }
        (Asks::Presence, true, false) => "`exists` works on values: this excepts nothing",
        (Asks::Presence, false, false) => "`exists` works on values: this never holds",
        (_, true, _) => "an object equals no value: this excepts nothing",
        (_, false, _) => "an object equals no value: this never holds",
    };
    Finding {
        lint: &HOLDS_FIELDS,
        message: format!("{} holds further fields, and no value", shown(&path)),
        label: label.to_owned(),
        help: instead(tested, asks, leaf.as_deref()),
        certain: false,
    }
}

/// The test that was probably meant.
fn instead(tested: &Tested<'_>, asks: &Asks<'_>, leaf: Option<&str>) -> String {
    let is_raw = tested.dialect != Dialect::Rules;
    let star = matches!(asks, Asks::Text(text) if text == "*");
    let presence = *asks == Asks::Presence || star;
    let written = |path: &str, test: &str| {
        if is_raw {
            format!("`{}`", nested(path, &format!("[{test}]")))
        } else {
            format!("`{path}: {test}`")
        }
    };
    let on_leaf = leaf.map(|leaf| {
        let (path, test) = match asks {
            _ if presence => (leaf.to_owned(), "{ exists: true }".to_owned()),
            Asks::Absence => (leaf.to_owned(), "{ exists: false }".to_owned()),
            Asks::Text(text) => {
                let (path, text) = by_text(&tested.path, leaf, text);
                let test = match (is_raw, text.contains('*')) {
                    (true, true) => format!("{{ wildcard: {text:?} }}"),
                    _ => format!("{text:?}"),
                };
                (path, test)
            }
            Asks::Number(Some(number)) => (leaf.to_owned(), number.clone()),
            Asks::Boolean(value) => (leaf.to_owned(), value.to_string()),
            Asks::Number(None) | Asks::Presence | Asks::Null => (leaf.to_owned(), "…".to_owned()),
        };
        written(&path, &test)
    });
    // An answer is there where a call went through.
    if tested.path == ["responseElements"] && (presence || *asks == Asks::Absence) {
        let exists = !presence;
        let outcome = written("errorCode", &format!("{{ exists: {exists} }}"));
        let outcome = match (presence, tested.is_exception) {
            (true, _) => format!("for calls that went through write {outcome}"),
            (false, false) => format!("for calls that failed write {outcome}"),
            (false, true) => {
                "for calls that failed write `when: { errorCode: { exists: false } }` in its place"
                    .to_owned()
            }
        };
        return match on_leaf {
            Some(on_leaf) => format!("{outcome}; or name a field, such as {on_leaf}"),
            None => outcome,
        };
    }
    on_leaf.map_or_else(
        || {
            format!(
                "name one of the fields in {}: CloudTrail's event history shows them",
                shown(&tested.path.join("."))
            )
        },
        |on_leaf| format!("name the field that is meant, such as {on_leaf}"),
    )
}

/// The field of an identity that a text is like, and the text as it stands there.
fn by_text(path: &[&str], leaf: &str, text: &str) -> (String, String) {
    let fields = fields_in(path).unwrap_or_default();
    let plain = text.trim_matches('*');
    let of = |name: &str| format!("{}.{name}", path.join("."));
    let is_account = plain.len() == 12 && plain.bytes().all(|byte| byte.is_ascii_digit());
    let field = if is_account && fields.contains(&"accountId") {
        "accountId"
    } else if fields.contains(&"type") && is_value_of(&of("type"), plain) {
        "type"
    } else if fields.contains(&"principalId") && plain.len() == 21 && plain.starts_with('A') {
        "principalId"
    } else if fields.contains(&"userName") && !text.contains(['*', ':', '/']) {
        "userName"
    } else {
        let is_arn = leaf
            .rsplit('.')
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("arn"));
        let text = if is_arn && !text.starts_with('*') && !text.starts_with("arn:") {
            format!("*{text}")
        } else {
            text.to_owned()
        };
        return (leaf.to_owned(), text);
    };
    (of(field), text.to_owned())
}

/// A path as a raw pattern nests it.
fn nested(path: &str, test: &str) -> String {
    let mut parts = path.split('.').rev();
    let last = parts.next().unwrap_or_default();
    parts.fold(format!("{last}: {test}"), |inner, part| {
        format!("{part}: {{ {inner} }}")
    })
}
