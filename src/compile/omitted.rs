//! Records whose request parameters CloudTrail left out: of more than 100 KB it writes none. Whoever calls can make
//! them as large as that with white space, so that a condition on a parameter must not be what hides the call.
//!
//! Source: CloudTrail, record contents, `requestParameters`. In their place stands null, or as observed
//! `{"omitted": true, "reason": "requestParameters too large", "originalSize": …}`, `true` also as text.

use serde_json::{Map, Value, json};

use super::conditions::{Conjunction, Tests, and};
use crate::diagnostic::{Diagnostic, Span};
use crate::rules::Matcher;

const PARAMETERS: &str = "requestParameters";
const MARK: &str = "omitted";

/// What meets a conjunction of `when` where there are no parameters to ask for: with a mark, or with nothing.
pub(super) fn unasked(branch: &Conjunction) -> Result<Vec<Conjunction>, Box<Diagnostic>> {
    let parameter = branch.iter().find(|(path, _)| is_parameter(path));
    let span = parameter.map_or(Span::default(), |(_, tests)| tests.span);
    let mut found = Vec::new();
    for absence in [marked(span), null(span)] {
        let mut both = branch.clone();
        both.retain(|path, _| !is_parameter(path));
        let mut possible = true;
        for (path, tests) in &absence {
            possible &= and(&mut both, path, tests)?;
        }
        if possible {
            found.push(both);
        }
    }
    Ok(found)
}

/// Whether a conjunction asks for a parameter that has to be there.
pub(super) fn asks(branch: &Conjunction) -> bool {
    let mut fields = branch.iter();
    fields
        .any(|(path, tests)| is_parameter(path) && !tests.any_of.contains(&Matcher::Exists(false)))
}

/// Whether a path leads to a parameter.
pub(super) fn is_parameter(path: &[String]) -> bool {
    path.len() > 1 && path.first().is_some_and(|step| step == PARAMETERS)
}

/// A record that says that they were left out.
fn marked(span: Span) -> Conjunction {
    let path = vec![PARAMETERS.to_owned(), MARK.to_owned()];
    let any_of = vec![Matcher::Exact(json!(true)), Matcher::Exact(json!("true"))];
    Conjunction::from([(path, Tests { any_of, span })])
}

/// A record without any, of a call that went through: of calls that are refused, most are recorded so.
fn null(span: Span) -> Conjunction {
    let nothing = Tests {
        any_of: vec![Matcher::Exact(Value::Null)],
        span,
    };
    let no_error = Tests {
        any_of: vec![Matcher::Exists(false)],
        span,
    };
    Conjunction::from([
        (vec![PARAMETERS.to_owned()], nothing),
        (vec!["errorCode".to_owned()], no_error),
    ])
}

/// The pattern without these alternatives: to nearly every event they are nearer than what a rule means.
pub(super) fn forgotten(pattern: &Value) -> Value {
    let Value::Object(fields) = pattern else {
        return pattern.clone();
    };
    let mut kept = Map::new();
    for (key, inner) in fields {
        let Value::Array(branches) = inner else {
            kept.insert(key.clone(), forgotten(inner));
            continue;
        };
        let left = branches
            .iter()
            .filter(|branch| key != "$or" || !is_absence(branch));
        let left: Vec<Value> = left.map(forgotten).collect();
        match left.as_slice() {
            // `$or` takes two at least.
            [Value::Object(only)]
                if key == "$or" && only.keys().all(|own| !fields.contains_key(own)) =>
            {
                kept.extend(only.clone());
            }
            [] | [_] if key == "$or" => {
                kept.insert(key.clone(), inner.clone());
            }
            _ => {
                kept.insert(key.clone(), Value::Array(left));
            }
        }
    }
    Value::Object(kept)
}

/// Whether a branch of `$or` is there for records without parameters, inside `requestParameters` or beside it.
fn is_absence(branch: &Value) -> bool {
    let mark = json!({ MARK: [true, "true"] });
    // Tests of a list have no order.
    let is_mark =
        |value: &Value| crate::pattern::normal_form(value) == crate::pattern::normal_form(&mark);
    match branch.get(PARAMETERS) {
        Some(parameters) => *parameters == json!([null]) || is_mark(parameters),
        None => is_mark(branch),
    }
}
