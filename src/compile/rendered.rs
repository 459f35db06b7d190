//! What EventBridge makes of an event with an input transformer, for alerts that iamwatch sends itself.
//!
//! Source: `eb-transform-target-input`. Only what [`super::message`] writes: dot notation without indexes,
//! and no reserved variable but `aws.events.event.json`.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::InputTransformer;

/// The reserved variable for the whole event.
const WHOLE: &str = "aws.events.event.json";

impl InputTransformer {
    /// The text that a target receives for an event. Where EventBridge would give up, since a value
    /// breaks the quotes it stands in (`INVALID_JSON`), the value is escaped instead.
    pub fn render(&self, event: &Value) -> String {
        let as_delivered = self.filled(event, false);
        if is_json(&as_delivered) || quoted_lines(&as_delivered) {
            as_delivered
        } else {
            self.filled(event, true)
        }
    }

    fn filled(&self, event: &Value, escape: bool) -> String {
        let mut out = String::new();
        let mut quoted = false;
        let mut rest = self.template.as_str();
        while let Some(at) = rest.find(['<', '"', '\\']) {
            let (text, from_mark) = rest.split_at(at);
            out.push_str(text);
            let mut after = from_mark.chars();
            let mark = after.next().unwrap_or_default();
            rest = after.as_str();
            match mark {
                '<' => match rest.split_once('>') {
                    Some((name, behind)) if is_name(name) => {
                        if let Some(value) = self.value(name, event) {
                            out.push_str(&shown(value, quoted, escape));
                        }
                        rest = behind;
                    }
                    _ => out.push('<'),
                },
                '\\' if quoted => {
                    out.push('\\');
                    out.extend(after.next());
                    rest = after.as_str();
                }
                mark => {
                    quoted ^= mark == '"';
                    out.push(mark);
                }
            }
        }
        out.push_str(rest);
        out
    }

    /// `None` where the path leads nowhere: the variable vanishes.
    fn value<'e>(&self, name: &str, event: &'e Value) -> Option<&'e Value> {
        if name == WHOLE {
            return Some(event);
        }
        let path = self.paths.get(name)?.strip_prefix('$')?;
        let mut steps = path.split('.').skip(1);
        steps.try_fold(event, |here, step| here.get(step))
    }
}

/// Whether a text between `<` and `>` can be a variable.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !text.is_empty() && text.chars().all(fits)
}

/// A value as it is inserted: inside quotes bare, elsewhere as JSON.
fn shown(value: &Value, quoted: bool, escape: bool) -> String {
    let text = match value {
        Value::String(text) if quoted => text.clone(),
        // EventBridge leaves the quotes out of lists and objects there.
        value if quoted => value.to_string().replace('"', ""),
        value => return value.to_string(),
    };
    if !escape {
        return text;
    }
    let json = Value::String(text).to_string();
    let inner = json.strip_prefix('"').and_then(|j| j.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn quoted_lines(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.all(|line| line.trim().starts_with('"') && is_json(line.trim()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn rendered(template: &str, event: &Value) -> String {
        let transformer = InputTransformer {
            paths: BTreeMap::from([
                ("a".to_owned(), "$.detail.a".to_owned()),
                ("b".to_owned(), "$.detail.b".to_owned()),
            ]),
            template: template.to_owned(),
        };
        transformer.render(event)
    }

    #[test]
    fn what_eventbridge_would_give_up_is_escaped() {
        let event = json!({ "detail": { "a": "say \"hi\"\n" } });
        assert_eq!(rendered(r#""<a>!""#, &event), r#""say \"hi\"\n!""#);
        // Alone a string is JSON of its own.
        assert_eq!(rendered(r#"{"x":<a>}"#, &event), r#"{"x":"say \"hi\"\n"}"#);
    }

    #[test]
    fn what_is_absent_vanishes_and_what_is_no_variable_stays() {
        let event = json!({ "detail": { "b": [1, "x"] } });
        assert_eq!(
            rendered(r#""1 < 2 [<a>] <b>""#, &event),
            r#""1 < 2 [<a>] <b>""#.replace("<a>", "").replace("<b>", "[1,x]")
        );
        assert_eq!(
            rendered(r#"{"q":"\"<a>\"","b":<b>}"#, &event),
            r#"{"q":"\"\"","b":[1,"x"]}"#
        );
    }
}
