//! What an alert reads like: every call that rules name has words, and no record, however hostile, leaves an alert unwritten.

pub(crate) mod fired;
mod hostile;
mod late;
mod oracle;
mod people;
mod phrases;
mod records;
mod thirty;
mod todo;
mod zones;

use std::collections::BTreeMap;

use iamwatch::alert::{Reader, Surroundings};
use iamwatch::cloudtrail::{self, Setting};
use iamwatch::place::{AccountId, Region, StackName};
use serde_json::{Value, json};

/// What people call accounts.
const NAMED: [(&str, &str); 3] = [
    ("111122223333", "security"),
    ("222233334444", "prod"),
    ("123456789012", "sandbox"),
];

fn with_surroundings<T>(make: impl FnOnce(&Surroundings<'_>) -> T) -> T {
    in_zone(None, make)
}

fn in_zone<T>(zone: Option<&str>, make: impl FnOnce(&Surroundings<'_>) -> T) -> T {
    let (stack, home): (StackName, Region) =
        ("acme".parse().unwrap(), "us-east-1".parse().unwrap());
    let accounts = NAMED.map(|(id, name)| (id.parse().unwrap(), name.to_owned()));
    let accounts: BTreeMap<AccountId, String> = accounts.into();
    make(&Surroundings {
        stack: &stack,
        home: &home,
        accounts,
        zone,
    })
}

fn reader() -> Reader {
    with_surroundings(|surroundings| Reader::new(surroundings).unwrap())
}

/// The constants of a rule.
fn rule() -> Value {
    json!({ "id": "iam/changes", "title": "Somebody changed IAM", "severity": "medium",
        "todo": "Ask whoever did it.", "runbook": "https://wiki.example.com/iam" })
}

/// The event of a record.
fn event(record: &Value) -> Value {
    if record.get("detail").is_some() {
        return record.clone();
    }
    let (account, region) = (
        "111122223333".parse().unwrap(),
        "us-east-1".parse().unwrap(),
    );
    cloudtrail::wrap(record.clone(), &Setting::unsaid(&account, &region))
}

/// Texts that an alert always has, each one line and not longer than this; `None`: as long as it is.
const TEXTS: [(&str, Option<usize>); 17] = [
    ("mode", Some(5)),
    ("rule", Some(200)),
    ("title", Some(200)),
    ("severity", Some(200)),
    ("headline", Some(300)),
    ("subject", Some(99)),
    ("sms", Some(160)),
    ("todo", None),
    ("runbook", Some(200)),
    ("link", None),
    ("who", None),
    ("outcome", None),
    ("account", Some(200)),
    ("region", Some(200)),
    ("time", Some(20)),
    ("id", Some(200)),
    ("dedup", Some(250)),
];

/// What changes the order or the look of other characters.
fn turns_others(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Whether an alert has all that channels take from it, in a form that they take.
fn is_whole(alert: &Value) -> Result<(), String> {
    for (name, longest) in TEXTS {
        let text = alert[name]
            .as_str()
            .ok_or(format!("{name} is {}", alert[name]))?;
        if text.contains(char::is_control) {
            return Err(format!("{name} is more than a line: {text:?}"));
        }
        if text.contains(turns_others) {
            return Err(format!("{name} reads in another order: {text:?}"));
        }
        if longest.is_some_and(|longest| text.chars().count() > longest) {
            return Err(format!("{name} is too long: {text}"));
        }
    }
    let fields = alert["fields"].as_array().ok_or("fields are no list")?;
    let said = |field: &Value| {
        let text = |name: &str| field[name].as_str().is_some_and(|text| !text.is_empty());
        text("k") && text("v")
    };
    match (4..=9).contains(&fields.len()) && fields.iter().all(said) && alert["text"].is_string() {
        true => Ok(()),
        false => Err(format!("{alert:#}")),
    }
}
