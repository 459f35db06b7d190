//! Text where CloudTrail writes a number or a boolean, and the other way round (W0716).

use serde_json::Value as Json;

use super::other_value::OTHER_VALUE;
use super::speaker::Speaker;
use crate::check::asks::{Asks, Tested};
use crate::check::clause::Dialect;
use crate::check::lint::Finding;
use crate::cloudtrail::record_fields::holds_text;
use crate::cloudtrail::shapes::{Examples, Kind, Shape};
use crate::cloudtrail::values::other_value;
use crate::diagnostic::shown;

/// Warns of tests none of which asks for a value of the kind that the field holds.
pub(super) fn look(tested: &Tested<'_>, examples: &Examples<'_>, speaker: &mut Speaker<'_>) {
    let Some(Shape::Value(kind)) = examples.shape(&tested.path) else {
        return;
    };
    // A parameter of that name may be of another kind elsewhere.
    if !holds_text(&tested.path) && tested.path.len() > 1 && !examples.are_named() {
        return;
    }
    let mut kinds = tested.any_of.iter().filter_map(Asks::kind);
    if kinds.any(|asked| asked == kind) {
        return;
    }
    let wrong = tested.any_of.iter().find(|asks| asks.kind().is_some());
    let Some(asks) = wrong else {
        return;
    };
    let path = tested.path.join(".");
    let value = match asks {
        Asks::Text(text) => Json::String(text.clone().into_owned()),
        Asks::Boolean(value) => Json::Bool(*value),
        _ => Json::Null,
    };
    // That has been said.
    if other_value(&path, &value).is_some() {
        return;
    }
    let word = |kind: Kind| match kind {
        Kind::Text => "text",
        Kind::Number => "a number",
        Kind::Boolean => "a boolean",
    };
    let asked = asks.kind().map_or("", word);
    let finding = Finding {
        lint: &OTHER_VALUE,
        message: format!("{} is {}, not {asked}", shown(&path), word(kind)),
        label: if tested.is_exception {
            "this excepts nothing"
        } else {
            "the condition may never hold"
        }
        .to_owned(),
        help: instead(kind, asks, tested.dialect),
        certain: false,
    };
    speaker.warn(finding, tested.span);
}

/// What to write instead.
fn instead(kind: Kind, asks: &Asks<'_>, dialect: Dialect) -> String {
    let is_raw = dialect != Dialect::Rules;
    let value = |text: &str| {
        if is_raw {
            format!("`[{text}]`")
        } else {
            format!("`{text}`")
        }
    };
    match (kind, asks) {
        (Kind::Text, Asks::Number(Some(number))) => {
            format!("write {}, in quotes", value(&format!("{number:?}")))
        }
        (Kind::Text, Asks::Boolean(truth)) => {
            format!(
                "write {}, in quotes",
                value(&format!("{:?}", truth.to_string()))
            )
        }
        (Kind::Text, _) => {
            "EventBridge compares numbers with numbers only: list the texts that are meant"
                .to_owned()
        }
        (Kind::Number, Asks::Text(text)) if text.parse::<f64>().is_ok() => {
            format!("write {}, without quotes", value(text))
        }
        (Kind::Number, _) if is_raw => {
            "write a number, or a comparison such as `[{ numeric: [\">=\", 1] }]`".to_owned()
        }
        (Kind::Number, _) => {
            "write a number, or a comparison such as `{ number: \">= 1\" }`".to_owned()
        }
        (Kind::Boolean, Asks::Text(text)) if text.eq_ignore_ascii_case("true") => {
            format!("write {}, without quotes", value("true"))
        }
        (Kind::Boolean, Asks::Text(text)) if text.eq_ignore_ascii_case("false") => {
            format!("write {}, without quotes", value("false"))
        }
        (Kind::Boolean, _) => {
            format!(
                "write {} or {}, without quotes",
                value("true"),
                value("false")
            )
        }
    }
}
