//! What does an alert read like?
//!
//! One JSONata expression makes the whole alert of an event and of its rule's constants: who did what to what, in which
//! account, how it ended, and what to do first. It never fails and is never undefined, whatever the record holds; what it
//! gives stands in `read/alert.jsonata`.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use serde_json::{Map, Value, json};

use crate::cloudtrail::{Piece, phrases};
use crate::jsonata::{Expression, NoValue, literal};
use crate::place::{AccountId, Region, StackName};
use crate::zones;

/// The parts of the expression, in this order: each may use the variables of those before it.
const PARTS: [&str; 8] = [
    include_str!("read/tools.jsonata"),
    include_str!("read/event.jsonata"),
    include_str!("read/who.jsonata"),
    include_str!("read/outcome.jsonata"),
    include_str!("read/touched.jsonata"),
    include_str!("read/place.jsonata"),
    include_str!("read/headline.jsonata"),
    include_str!("read/alert.jsonata"),
];

/// What reads local time off UTC, where a zone is named; it comes before the parts.
const ZONE: &str = include_str!("read/zone.jsonata");

/// What reads local time where no zone is named: nothing.
const NO_ZONE: &str = r#"$local := function($time) { "" };"#;

/// Which fields of requests are the telling ones, how fields are called, and how sign-ins are said.
const TABLES: &str = include_str!("read/touched.json");

/// What an alert says beside its event and its rule.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    /// The name in the rules file.
    pub stack: &'a StackName,
    /// The home Region: links lead there where an event names no Region.
    pub home: &'a Region,
    /// What people call accounts.
    pub accounts: BTreeMap<AccountId, String>,
    /// The time zone of the readers, by its name in the time zone database: alerts show its time beside UTC. A name that
    /// the database does not have counts as none.
    pub zone: Option<&'a str>,
}

/// Makes alerts.
#[derive(Debug)]
pub struct Reader {
    expression: Expression,
}

impl Reader {
    /// A reader for a rules file.
    ///
    /// # Errors
    /// The expression cannot be parsed, which a test excludes.
    pub fn new(surroundings: &Surroundings<'_>) -> Result<Self, NoValue> {
        let expression = Expression::parse(&expression(surroundings))?;
        Ok(Self { expression })
    }

    /// The alert of an event. `rule`: its constants (`id`, `title`, `severity`, `todo`, `runbook`), as far as there are any.
    ///
    /// # Errors
    /// What the evaluation says, which tests over all kinds of records exclude.
    pub fn alert(&self, rule: &Value, event: &Value) -> Result<Value, NoValue> {
        let states = json!({ "input": { "rule": rule, "event": event } });
        self.expression.evaluate([("states", &states)])
    }

    /// Who did what to what, in which account: one line.
    pub fn headline(&self, event: &Value) -> Option<String> {
        let alert = self.alert(&Value::Null, event).ok()?;
        alert.get("headline")?.as_str().map(str::to_owned)
    }
}

/// The whole expression: constants, then the parts. It stands in one line, without what is only for its readers.
pub fn expression(surroundings: &Surroundings<'_>) -> String {
    let mut text = "(".to_owned();
    for (name, value) in constants(surroundings) {
        text.push_str(&format!("${name} := {value}; "));
    }
    text.push_str(&local_time(surroundings.zone));
    text.push(' ');
    for part in PARTS {
        text.push_str(&without_comments(part));
        text.push(' ');
    }
    text.push(')');
    text
}

fn constants(surroundings: &Surroundings<'_>) -> [(&'static str, String); 8] {
    let Surroundings {
        stack,
        home,
        accounts,
        ..
    } = surroundings;
    // Searched as text: a map of thousands would be built for each alert.
    let accounts = accounts.iter().map(|(id, name)| {
        let name = name.replace(|c: char| c.is_control() || c == ';' || c == '=', ",");
        format!("{id}={name};")
    });
    let accounts: String = std::iter::once(";".to_owned()).chain(accounts).collect();
    let tables: Map<String, Value> = serde_json::from_str(TABLES).unwrap_or_default();
    let given = |name: &str| tables.get(name).cloned().unwrap_or_default();
    let ranks: Map<String, Value> = given("ranks")
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(rank, field)| Some((field.as_str()?.to_owned(), json!(rank))))
        .collect();
    let phrases: Map<String, Value> = phrases()
        .iter()
        .map(|(call, pieces)| ((*call).to_owned(), as_words(pieces)))
        .collect();
    [
        ("stack", literal(&json!(stack.as_str()))),
        ("home_region", literal(&json!(home.as_str()))),
        ("console", literal(&json!(home.partition().console()))),
        ("accounts", literal(&json!(accounts))),
        ("phrases", table(&Value::Object(phrases))),
        ("ranks", table(&Value::Object(ranks))),
        ("labels", table(&given("labels"))),
        ("sign_ins", table(&given("sign_ins"))),
    ]
}

/// What says a time of UTC in the zone of the readers.
fn local_time(zone: Option<&str>) -> String {
    let known = zone.and_then(|name| Some((name, offsets(name)?)));
    let Some((name, offsets)) = known else {
        return NO_ZONE.to_owned();
    };
    let (name, offsets) = (literal(&json!(name)), table(&json!(offsets)));
    let part = without_comments(ZONE);
    format!("$zone := {name}; $offsets := {offsets}; {part}")
}

/// Since when a zone is how many minutes ahead of UTC, as `2026-03-29T01 120`. Texts of this form stand in the order of
/// time, between times as records have them. Behind the last year stands no number.
fn offsets(zone: &str) -> Option<Vec<String>> {
    let since = |second: i64| {
        let time = jiff::Timestamp::from_second(second).ok()?.to_string();
        let time = time.strip_suffix(":00Z").unwrap_or(&time);
        Some(time.strip_suffix(":00").unwrap_or(time).to_owned())
    };
    let changes = zones::transitions(zone)?.into_iter();
    let mut offsets: Vec<String> = changes
        .map(|(second, offset)| Some(format!("{} {}", since(second)?, offset / 60)))
        .collect::<Option<_>>()?;
    offsets.push(format!("{} ", zones::YEARS.end() + 1));
    Some(offsets)
}

/// A phrase as the expression takes it: words, and where values come from.
fn as_words(pieces: &[Piece]) -> Value {
    let word = |piece: &Piece| match piece {
        Piece::Words(words) => json!(words),
        Piece::Value(paths) => json!({ "of": paths }),
    };
    pieces.iter().map(word).collect()
}

/// A table as a constant. As text it costs one step; written out, each of its members would be evaluated.
fn table(value: &Value) -> String {
    // In double quotes each quote of the table would need a backslash, and two more in the state machine.
    let text = value.to_string().replace('\\', "\\\\");
    let text = text.replace('\'', "\\u0027").replace('%', "\\u0025");
    format!("$parse('{text}')")
}

/// A part without comments, line ends and indentation.
fn without_comments(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    let mut rest = part.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => {
                out.push(c);
                copy_text(&mut rest, &mut out);
            }
            '/' if rest.peek() == Some(&'*') => {
                let mut last = ' ';
                for c in rest.by_ref().skip(1) {
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            _ if c.is_whitespace() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            _ => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Copies the rest of a text in double quotes.
fn copy_text(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    while let Some(c) = rest.next() {
        out.push(c);
        match c {
            '\\' => out.extend(rest.next()),
            '"' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_readers_alone_goes() {
        let part = "/* a \"b\" */ $a := \"x  /* y */\\\"  z\";\n\n  $b := /c d/;\n";
        assert_eq!(
            without_comments(part),
            "$a := \"x  /* y */\\\"  z\"; $b := /c d/;"
        );
    }

    #[test]
    fn constants_end_no_expression() {
        let stack = "acme".parse().unwrap();
        let home = "eu-central-1".parse().unwrap();
        let accounts = [(
            "111122223333".parse().unwrap(),
            "50%} \"off\"; a=b\n".to_owned(),
        )];
        let surroundings = Surroundings {
            stack: &stack,
            home: &home,
            accounts: accounts.into(),
            zone: None,
        };
        let text = expression(&surroundings);
        assert!(!text.contains("%}") && !text.contains('\n'));
        let event = json!({ "source": "aws.iam", "account": "111122223333", "detail": { "eventName": "X" } });
        let headline = Reader::new(&surroundings).unwrap().headline(&event);
        assert_eq!(
            headline.as_deref(),
            Some("somebody called aws.iam:X in 50%} \"off\", a,b, (111122223333)")
        );
        let table: Map<String, Value> = serde_json::from_str(TABLES).unwrap();
        assert_eq!(table.len(), 3);
    }

    #[test]
    fn a_zone_costs_no_more_than_its_changes() {
        let berlin = local_time(Some("Europe/Berlin"));
        assert!(berlin.contains(r#""2026-03-29T01 120","2026-10-25T01 60""#));
        assert!(berlin.contains(r#""2037-10-25T01 60","2038 "]"#));
        assert!(berlin.len() < 1_800, "{}", berlin.len());
        let kolkata = local_time(Some("Asia/Kolkata"));
        assert!(kolkata.contains(r#"["2020-01-01T00 330","2038 "]"#));
        assert!(!berlin.contains(['\n', '%']));
        // A name that nobody checked neither fails nor gets into the text.
        assert_eq!(local_time(Some("x\"%}")), NO_ZONE);
        assert_eq!(local_time(None), NO_ZONE);
    }
}
