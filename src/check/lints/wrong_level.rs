//! Keys of a raw pattern where no event has such a field: at the wrong level or with dots (W0714), or misspelt (W0704).

use serde_json::{Map, Value as Json};

use super::field_name;
use super::raw_pattern::{About, EventKind};
use super::speaker::Speaker;
use crate::check::certainty::Certainty;
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::record_fields::{ENVELOPE, NOT_IN_DETAIL, is_misplaced, is_top};
use crate::diagnostic::{Span, nearest, shown};
use crate::rules::decode::pattern_steps::{Step, dotted, place};

pub(in crate::check) const WRONG_LEVEL: Lint = Lint {
    id: "W0714",
    explanation: "A raw pattern tests a field at a level at which events do not have it: CloudTrail's record stands under `detail`, what EventBridge adds stands beside it.",
    wrong: r#"- id: a
  pattern: { source: [aws.iam], detail: { source: [aws.iam], eventName: [CreateUser] } }"#,
    right: r#"- id: a
  pattern: { source: [aws.iam], detail: { eventName: [CreateUser] } }"#,
    is_fatal: false,
};

/// Warns of the keys of a pattern, or of what the steps lead to in it.
pub(super) fn look<'p>(
    object: &'p Map<String, Json>,
    steps: &mut Vec<Step<'p>>,
    about: About<'_>,
    speaker: &mut Speaker<'_>,
) {
    let trail = about.kind != EventKind::Other;
    let path = dotted(steps);
    for (key, value) in object {
        steps.push(Step::Key(key));
        let span = place(about.node, steps);
        // Another branch of an `$or` may match.
        let dead = needs_presence(value) && !steps.contains(&Step::Key("$or"));
        match (path.as_str(), value) {
            (_, Json::Array(branches)) if key == "$or" => {
                for (index, branch) in branches.iter().enumerate() {
                    steps.push(Step::Index(index));
                    if let Json::Object(branch) = branch {
                        look(branch, steps, about, speaker);
                    }
                    steps.pop();
                }
            }
            // A dotted key is a path, as for EventBridge.
            ("", _) if !ENVELOPE.contains(&key.as_str()) && !key.starts_with("detail.") => {
                outside(key, value, dead, span, speaker);
            }
            ("", Json::Object(inner)) if key == "detail" => {
                look(inner, steps, about, speaker);
            }
            ("detail", _) if trail && NOT_IN_DETAIL.contains(&key.as_str()) => {
                let finding = Finding {
                    lint: &WRONG_LEVEL,
                    message: format!("CloudTrail's record has no field {}", shown(key)),
                    label: "it stands beside `detail`, not in it".to_owned(),
                    help: format!("move {} to the top of the pattern", shown(key)),
                    certain: true,
                };
                let never = dead && about.kind == EventKind::Trail;
                speaker.say(finding, Certainty::never_matches(never), span);
            }
            ("", _) if trail && key.starts_with("detail.") => {
                fields_of_record(value, steps, about, speaker);
            }
            ("detail", _) if trail => fields_of_record(value, steps, about, speaker),
            _ => {}
        }
        steps.pop();
    }
}

/// Names that lead nowhere: of the last of some steps, or below it.
fn fields_of_record<'p>(
    value: &'p Json,
    steps: &mut Vec<Step<'p>>,
    about: About<'_>,
    speaker: &mut Speaker<'_>,
) {
    let path = dotted(steps);
    let mut names: Vec<&str> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) if *key != "$or" => Some(key.split('.')),
            _ => None,
        })
        .flatten()
        .skip(1)
        .collect();
    let dead = needs_presence(value) && !steps.contains(&Step::Key("$or"));
    let certainty = Certainty::never_matches(dead && about.certain);
    let span = place(about.node, steps);
    if is_misplaced(&names) {
        // What follows helps to say what was meant, as far as there is one way only.
        let mut value = value;
        while let Json::Object(object) = value
            && let Some((name, next)) = object.iter().next()
            && object.len() == 1
        {
            names.push(name);
            value = next;
        }
        field_name::look(&names, certainty, span, speaker);
        return;
    }
    let Json::Object(inner) = value else {
        return;
    };
    // Parameters and answers have fields of all names, and so may `$or` stand anywhere.
    if path.matches('.').count() >= 4 {
        return;
    }
    for (key, value) in inner {
        steps.push(Step::Key(key));
        match value {
            Json::Array(branches) if key == "$or" => {
                for (index, branch) in branches.iter().enumerate() {
                    steps.push(Step::Index(index));
                    fields_below(branch, steps, about, speaker);
                    steps.pop();
                }
            }
            _ => fields_of_record(value, steps, about, speaker),
        }
        steps.pop();
    }
}

/// Names that lead nowhere: of every key of a map, or below it.
fn fields_below<'p>(
    map: &'p Json,
    steps: &mut Vec<Step<'p>>,
    about: About<'_>,
    speaker: &mut Speaker<'_>,
) {
    for (key, value) in map.as_object().into_iter().flatten() {
        steps.push(Step::Key(key));
        fields_of_record(value, steps, about, speaker);
        steps.pop();
    }
}

/// How to write a key that holds a whole path.
fn nested(key: &str, value: &Json) -> String {
    let value = value.to_string();
    let value = if value.len() > 60 {
        "…"
    } else {
        value.as_str()
    };
    let mut parts = key.split('.').rev();
    let last = parts.next().unwrap_or_default();
    let whole = parts.fold(format!("{last}: {value}"), |inner, part| {
        format!("{part}: {{ {inner} }}")
    });
    format!("nest it: write {}", shown(&whole))
}

/// A key beside `detail` that no envelope has.
fn outside(key: &str, value: &Json, dead: bool, span: Span, speaker: &mut Speaker<'_>) {
    let near = nearest(key, ENVELOPE);
    let first = key.split('.').next().unwrap_or_default();
    let (label, help) = if key.contains('.') && is_top(first) {
        (
            "CloudTrail's record stands under `detail`",
            Some(nested(&format!("detail.{key}"), value)),
        )
    } else if is_top(key) {
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
    let finding = Finding {
        lint: &WRONG_LEVEL,
        message: format!("an event has no field {} at its top", shown(key)),
        label: label.to_owned(),
        help,
        certain: true,
    };
    speaker.say(finding, Certainty::never_matches(dead), span);
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
