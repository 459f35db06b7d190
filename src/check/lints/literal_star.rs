//! A `*` where it is an ordinary character (W0713): in a raw pattern outside `wildcard`, in a condition behind an
//! operator.

use serde_json::Value as Json;

use super::speaker::Speaker;
use crate::check::certainty::Certainty;
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::record_fields::fields_in;
use crate::diagnostic::{Span, shown};
use crate::rules::syntax::read::quoted;

pub(in crate::check) const LITERAL_STAR: Lint = Lint {
    id: "W0713",
    explanation: "Here a `*` is an ordinary character: EventBridge knows wildcards in `wildcard` only. The pattern `Add*` matches the text `Add*` and nothing else.",
    wrong: r#"- id: a
  pattern: { source: [aws.iam], detail: { eventName: [CreateUser, "Add*"] } }"#,
    right: r#"- id: a
  pattern: { source: [aws.iam], detail: { eventName: [CreateUser, { prefix: Add }] } }"#,
    is_fatal: false,
};

/// Fields of which no value holds a `*`: the alphabets of their names have none.
const NO_STAR: [&str; 11] = [
    "account",
    "detail-type",
    "detail.awsRegion",
    "detail.eventName",
    "detail.eventSource",
    "detail.eventType",
    "detail.userIdentity.accountId",
    "detail.userIdentity.arn",
    "detail.userIdentity.type",
    "region",
    "source",
];

/// Fields whose values hold no `*` alone; elsewhere a lone one may be a value, such as a `principal`.
fn is_name(path: &str) -> bool {
    NO_STAR.contains(&path)
        || path.starts_with("detail.userIdentity.")
        || path == "detail.errorCode"
}

/// Texts of a test that are compared as they are, by which operator.
fn texts(test: &Json) -> Option<(Option<&str>, Vec<&str>)> {
    match test {
        Json::String(text) => Some((None, vec![text])),
        Json::Object(operators) => match operators.iter().next()? {
            (name, Json::String(text))
                if ["anything-but", "equals-ignore-case", "prefix", "suffix"]
                    .contains(&name.as_str()) =>
            {
                Some((Some(name), vec![text]))
            }
            (name, Json::Array(texts)) if name == "anything-but" => {
                Some((Some(name), texts.iter().filter_map(Json::as_str).collect()))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether a test waits for a `*` that no value of its field holds.
pub(super) fn waits(path: &str, test: &Json) -> bool {
    NO_STAR.contains(&path)
        && texts(test).is_some_and(|(operator, texts)| {
            operator != Some("anything-but") && texts.iter().all(|text| text.contains('*'))
        })
}

/// Says of a test of a raw pattern that a star in it is no wildcard.
pub(super) fn look(
    path: &str,
    test: &Json,
    certainty: Certainty<'_>,
    span: Span,
    speaker: &mut Speaker<'_>,
) {
    let suspicious = |text: &&str| {
        let document = text.contains(['{', '"']);
        text.contains('*') && !document && (*text != "*" || is_name(path))
    };
    let Some((operator, texts)) = texts(test) else {
        return;
    };
    let Some(first) = texts.iter().copied().find(suspicious) else {
        return;
    };
    let steps: Vec<&str> = path.split('.').skip(1).collect();
    if first == "*" && fields_in(&steps).is_some() {
        // There is no value, whatever is asked for, which is said elsewhere.
        return;
    }
    let help = if first == "*" {
        "write `{ exists: true }` for any value".to_owned()
    } else {
        format!("write {}", shown(&instead(operator, first, &texts)))
    };
    let finding = Finding {
        lint: &LITERAL_STAR,
        message: format!("the `*` in {} is an ordinary character here", shown(first)),
        label: "matches a text with a star in it, and nothing else".to_owned(),
        help,
        certain: true,
    };
    speaker.say(finding, certainty, span);
}

/// Says of the text of an operator that a star in it is no wildcard.
pub(super) fn look_at_affix(operator: &str, text: &str, span: Span, speaker: &mut Speaker<'_>) {
    let finding = Finding {
        lint: &LITERAL_STAR,
        message: format!(
            "`{operator}` takes the `*` in {} for an ordinary character",
            shown(text)
        ),
        label: "`*` stands for any text without an operator only".to_owned(),
        help: format!("leave the operator out: write {}", quoted(text)),
        certain: false,
    };
    speaker.warn(finding, span);
}

/// The test that was meant.
fn instead(operator: Option<&str>, text: &str, all: &[&str]) -> String {
    if operator == Some("anything-but") {
        // One operator for the whole list; a text without a star is itself.
        let whole = match all {
            [one] => format!("{one:?}"),
            all => format!("{all:?}"),
        };
        return format!("{{ anything-but: {{ wildcard: {whole} }} }}");
    }
    let glob = match operator {
        Some("prefix") => format!("{}*", text.trim_end_matches('*')),
        Some("suffix") => format!("*{}", text.trim_start_matches('*')),
        _ => text.to_owned(),
    };
    let folded = |text: &str| match operator {
        Some("equals-ignore-case") => format!("{{ equals-ignore-case: {text:?} }}"),
        _ => format!("{text:?}"),
    };
    match (glob.strip_suffix('*'), glob.strip_prefix('*')) {
        (Some(start), _) if !start.contains('*') => format!("{{ prefix: {} }}", folded(start)),
        (_, Some(end)) if !end.contains('*') => format!("{{ suffix: {} }}", folded(end)),
        _ => format!("{{ wildcard: {glob:?} }}"),
    }
}
