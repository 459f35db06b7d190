//! The short cuts change no number: generated rules over generated logs, counted with and without them.

use iamwatch::backtest::{Engine, Options, Window};
use iamwatch::cloudtrail::{Setting, wrap};
use iamwatch::compile::{Compiled, Names, RuleState};
use iamwatch::pattern::{Event, EventPattern};
use iamwatch::place::{AccountId, Region};
use iamwatch::rules::{RuleId, Severity};
use serde_json::{Map, Value, json};

use super::count;
use crate::pattern::random::Random;

const NAMES: [&str; 7] = [
    "CreateUser",
    "CreateUserX",
    "createuser",
    "AttachRolePolicy",
    "ConsoleLogin",
    "Create/User",
    "Create\"User",
];
const SOURCES: [&str; 4] = [
    "iam.amazonaws.com",
    "signin.amazonaws.com",
    "s3.amazonaws.com",
    "iam",
];
const TEXTS: [&str; 9] = [
    "Root",
    "AccessDenied",
    "AccessDeniedException",
    "arn:aws:iam::aws:policy/AdministratorAccess",
    "policy/AdministratorAccess",
    "10.0.0.1",
    "Zoë",
    "",
    "a\\b\n",
];
/// Where values stand under `detail`.
const PATHS: [&[&str]; 8] = [
    &["eventName"],
    &["eventSource"],
    &["errorCode"],
    &["userIdentity", "type"],
    &["userIdentity.type"],
    &["requestParameters", "policyArn"],
    &["requestParameters", "items", "policyArn"],
    &["additionalEventData", "MFAUsed"],
];

fn text(random: &mut Random, path: &[&str]) -> String {
    let from: &[&str] = match path {
        ["eventName"] => &NAMES,
        ["eventSource"] => &SOURCES,
        _ => &TEXTS,
    };
    (*random.pick(from)).to_owned()
}

fn part(random: &mut Random, text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let from = random.below(characters.len() + 1);
    let to = from + random.below(characters.len() + 1 - from);
    characters[from..to].iter().collect()
}

fn test(random: &mut Random, path: &[&str]) -> Value {
    let whole = text(random, path);
    let cut = part(random, &whole);
    match random.below(14) {
        0 | 1 => json!({ "prefix": cut }),
        2 => json!({ "suffix": cut }),
        3 => json!({ "wildcard": format!("*{}*", cut.replace('\\', "\\\\")) }),
        4 => json!({ "wildcard": format!("{}*", cut.replace('\\', "\\\\")) }),
        5 => json!({ "equals-ignore-case": whole }),
        6 => json!({ "anything-but": [whole] }),
        7 => json!({ "exists": random.below(3) > 0 }),
        8 => json!({ "anything-but": { "prefix": if cut.is_empty() { "x" } else { &cut } } }),
        9 => json!({ "cidr": "10.0.0.0/8" }),
        10 => random.pick(&[json!(true), json!(null), json!(7)]).clone(),
        _ => Value::from(whole),
    }
}

fn tests(random: &mut Random, detail: &mut Map<String, Value>) {
    for _ in 0..=random.below(3) {
        let path = *random.pick(&PATHS);
        let list: Value = (0..=random.below(3)).map(|_| test(random, path)).collect();
        let (last, way) = path.split_last().unwrap();
        let mut here = &mut *detail;
        for step in way {
            let inner = here.entry(*step).or_insert_with(|| json!({}));
            if !inner.is_object() {
                *inner = json!({});
            }
            here = inner.as_object_mut().unwrap();
        }
        here.insert((*last).to_owned(), list);
    }
}

fn pattern(random: &mut Random) -> Value {
    loop {
        let mut detail = Map::new();
        tests(random, &mut detail);
        if random.below(3) == 0 {
            let branches = (0..2).map(|_| {
                let mut branch = Map::new();
                tests(random, &mut branch);
                Value::Object(branch)
            });
            let branches: Value = branches.collect();
            detail.insert("$or".to_owned(), branches);
        }
        let mut pattern = json!({ "detail": detail });
        match random.below(5) {
            0 => pattern["source"] = json!([{ "prefix": "aws." }]),
            1 => pattern["source"] = json!(["aws.iam", "iamwatch.test.acme"]),
            2 => pattern["region"] = json!(["us-east-1"]),
            _ => {}
        }
        if EventPattern::from_value(&pattern).is_ok() {
            return pattern;
        }
    }
}

/// JSON as somebody else might write it.
struct Writer<'r> {
    random: &'r mut Random,
    out: String,
    /// Of so many characters one is an escape; 0: none that need not be.
    escapes: usize,
    spaces: bool,
    /// Whether a key was written twice.
    repeats: bool,
}

impl Writer<'_> {
    fn space(&mut self) {
        if self.spaces && self.random.below(3) == 0 {
            let space = *self.random.pick(&[" ", "\n", "\t", "\r\n  "]);
            self.out.push_str(space);
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            let escape = self.escapes > 0 && self.random.below(self.escapes) == 0;
            match character {
                '/' if escape => self.out.push_str("\\/"),
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                other if escape => self.out.push_str(&format!("\\u{:04x}", other as u32)),
                other => self.out.push(other),
            }
        }
        self.out.push('"');
    }

    fn value(&mut self, value: &Value) {
        self.space();
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                self.out.push('[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        self.out.push(',');
                    }
                    self.value(item);
                }
                self.out.push(']');
            }
            Value::Object(members) => self.object(members),
            other => self.out.push_str(&other.to_string()),
        }
        self.space();
    }

    fn object(&mut self, members: &Map<String, Value>) {
        self.out.push('{');
        self.space();
        for (n, (name, value)) in members.iter().enumerate() {
            if n > 0 {
                self.out.push(',');
                self.space();
            }
            if self.random.below(60) == 0 {
                self.repeats = true;
                self.text(name);
                self.out.push(':');
                let other = Value::from(*self.random.pick(&TEXTS));
                self.value(&other);
                self.out.push(',');
            }
            self.text(name);
            self.space();
            self.out.push(':');
            self.value(value);
        }
        self.out.push('}');
    }
}

/// A value under a name, at times of a kind that no record has.
fn odd(random: &mut Random, usual: String) -> Value {
    match random.below(20) {
        0 => json!([usual]),
        1 => json!({ "eventName": usual }),
        2 => json!(7),
        3 => json!(null),
        _ => Value::from(usual),
    }
}

fn record(random: &mut Random, depth: usize) -> Map<String, Value> {
    let time = format!(
        "2026-01-{:02}T{:02}:00:00Z",
        1 + random.below(9),
        random.below(24)
    );
    let mut members: Vec<(&str, Value)> = Vec::new();
    for (name, often) in [
        ("eventTime", 15),
        ("eventName", 15),
        ("eventSource", 15),
        ("errorCode", 2),
    ] {
        if random.below(often) > 0 {
            let usual = if name == "eventTime" {
                time.clone()
            } else {
                text(random, &[name])
            };
            members.push((name, odd(random, usual)));
        }
    }
    members.push(("userIdentity", json!({ "type": text(random, &[]), "arn": format!("arn:aws:iam::1:user/{}", random.below(3)) })));
    members.push(("awsRegion", json!(random.pick(&["us-east-1", "eu-west-1"]))));
    members.push(("sourceIPAddress", json!("192.0.2.1")));
    match random.below(6) {
        0 => members.push(("requestParameters", json!({ "policyArn": text(random, &[]) }))),
        1 => members.push(("requestParameters", json!({ "items": [{ "policyArn": text(random, &[]) }, { "policyArn": text(random, &[]) }] }))),
        2 if depth < 2 => members.push(("requestParameters", Value::Object(record(random, depth + 1)))),
        3 => members.push(("additionalEventData", json!({ "MFAUsed": text(random, &[]) }))),
        4 => members.push(("userIdentity.type", json!(text(random, &[])))),
        _ => members.push(("requestParameters", json!({ "note": "{\"eventName\":\"CreateUser\"}][" }))),
    }
    // The order is anybody's.
    for n in (1..members.len()).rev() {
        members.swap(n, random.below(n + 1));
    }
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn written(random: &mut Random, record: &Map<String, Value>) -> (String, bool) {
    let escapes = *random.pick(&[0, 0, 40, 5]);
    let spaces = random.below(2) == 0;
    let mut writer = Writer {
        random,
        out: String::new(),
        escapes,
        spaces,
        repeats: false,
    };
    writer.object(record);
    (writer.out, writer.repeats)
}

fn wrapped(random: &mut Random, records: &[String]) -> String {
    let list = records.join(if random.below(2) == 0 { "," } else { " ,\n" });
    match random.below(5) {
        0 => format!("{{\"Records\":[{list}]}}"),
        1 => format!("\u{feff} {{ \"Records\" : [ {list} ] , \"more\": {{ \"a\": \"}}\" }} }}\n"),
        2 => format!("[{list}]"),
        3 => records.join("\n"),
        _ => {
            let (first, second) = records.split_at(records.len() / 2);
            format!(
                "{{\"Records\":[{}]}}\n{{\"Events\":[{}]}}",
                first.join(","),
                second.join(",")
            )
        }
    }
}

fn compiled(number: usize, pattern: Value) -> Compiled {
    Compiled {
        rule: RuleId(format!("rule-{number:02}")),
        title: String::new(),
        severity: Severity::Medium,
        part: None,
        pattern,
        state: RuleState::EnabledWithAll,
        names: Names::Free,
        apart: false,
    }
}

#[test]
fn no_short_cut_changes_a_number() {
    let rounds: usize =
        std::env::var("IAMWATCH_PAIRS").map_or(15, |count| count.parse::<usize>().unwrap() / 1_000);
    let account: AccountId = "111122223333".parse().unwrap();
    let region: Region = "us-east-1".parse().unwrap();
    let setting = Setting {
        account: &account,
        region: &region,
        time: "1970-01-01T00:00:00Z",
        id: "none",
    };
    let (mut alerts, mut records) = (0, 0);
    for round in 0..rounds {
        let mut random = Random::new(0xbac + round as u64);
        let rules: Vec<Compiled> = (0..12).map(|n| compiled(n, pattern(&mut random))).collect();
        let parsed: Vec<EventPattern> = rules
            .iter()
            .map(|rule| EventPattern::from_value(&rule.pattern).unwrap())
            .collect();
        let mut expected = vec![0; rules.len()];
        let mut texts = Vec::new();
        let mut repeats = false;
        for _ in 0..60 {
            let mut record = record(&mut random, 0);
            // Events that a rule wants are rare by chance.
            if random.below(2) == 0 {
                let wanted = random.pick(&parsed);
                let event = wanted.witness_over(&json!({ "detail": record }));
                if let Some(Value::Object(detail)) = event.map(|mut event| event["detail"].take()) {
                    record = detail;
                }
            }
            let is_record = record.get("eventTime").is_some_and(Value::is_string)
                || (record.get("eventSource").is_some_and(Value::is_string)
                    && record.get("eventName").is_some_and(Value::is_string));
            if is_record {
                let event = wrap(Value::Object(record.clone()), &setting);
                let event = Event::from_value(&event).unwrap();
                for (pattern, expected) in parsed.iter().zip(&mut expected) {
                    *expected += u64::from(pattern.matches(&event));
                }
            }
            let (text, twice) = written(&mut random, &record);
            repeats |= twice;
            texts.push(text);
        }
        let blobs: Vec<(String, Vec<u8>)> = texts
            .chunks(20)
            .enumerate()
            .map(|(n, texts)| {
                (
                    format!("{n}.json"),
                    wrapped(&mut random, texts).into_bytes(),
                )
            })
            .collect();
        let window = match round % 3 {
            0 => Window {
                since: iamwatch::backtest::parse_time("2026-01-03T12:00:00Z"),
                until: iamwatch::backtest::parse_time("2026-01-07T12:00:00Z"),
            },
            _ => Window::default(),
        };
        let [fast, plain] = [false, true].map(|plain| {
            let options = Options {
                setting,
                window,
                samples: 5,
                plain,
            };
            let engine = Engine::new(None, &rules, &[], options).unwrap();
            count(&engine, blobs.clone(), 2)
        });
        let say = || {
            blobs
                .iter()
                .map(|(_, text)| String::from_utf8_lossy(text))
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert_eq!(
            fast.rules,
            plain.rules,
            "round {round}: {rules:#?}\n{}",
            say()
        );
        let mut sorted = [fast.clone(), plain.clone()];
        for tally in &mut sorted {
            tally.losses.sort();
        }
        assert_eq!(sorted[0], sorted[1], "round {round}");
        // Whatever it is, everything that was written is accounted for.
        assert_eq!(
            fast.records + fast.outside + fast.unread,
            texts.len() as u64,
            "round {round}\n{}",
            say()
        );
        // Values in memory know no second key.
        if window == Window::default() && !repeats {
            let counted: Vec<u64> = fast.rules.iter().map(|rule| rule.alerts).collect();
            assert_eq!(counted, expected, "round {round}");
        }
        alerts += fast.rules.iter().map(|rule| rule.alerts).sum::<u64>();
        records += fast.records;
    }
    println!("{alerts} alerts for {records} records");
    assert!(
        alerts > records / 4 && alerts < records * 9,
        "{alerts} of {records}"
    );
}
