//! Laws of the compiler and of canonical forms, on generated rules and events.

use std::collections::BTreeMap;

use iamwatch::compile::{self, PATTERN_LIMIT};
use iamwatch::diagnostic::Span;
use iamwatch::pattern::{Event, EventPattern, normal_form};
use iamwatch::resources::policy;
use iamwatch::rules::{
    AllOf, Delivery, EventGlob, Events, FieldCondition, Home, Matcher, NumberRange, Regions, Rule,
    RuleId, RulesFile, Severity, TopicKey, Trail, Trigger, Watch,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

const SERVICES: &[&str] = &["iam", "sts", "signin"];
const NAMES: &[&str] = &[
    "CreateUser",
    "CreateRole",
    "DeleteUser",
    "PutUserPolicy",
    "PutRolePolicy",
    "PutGroupPolicy",
    "GetUser",
    "ListUsers",
    "ConsoleLogin",
    "AssumeRole",
];
const NAME_GLOBS: &[&str] = &[
    "*",
    "Create*",
    "*User",
    "Put*Policy",
    "*Role*",
    "CreateUser",
    "PutUserPolicy",
    "G*",
    "Create*e",
];
const PATHS: &[&str] = &[
    "errorCode",
    "userIdentity.type",
    "userIdentity.arn",
    "additionalEventData.MFAUsed",
];
/// Conditions may also ask about what `events` decides.
const CONDITION_PATHS: &[&str] = &[
    "errorCode",
    "userIdentity.type",
    "userIdentity.arn",
    "additionalEventData.MFAUsed",
    "eventName",
    "eventSource",
];
const TEXTS: &[&str] = &[
    "iam.amazonaws.com",
    "CreateUser",
    "Root",
    "root",
    "IAMUser",
    "Yes",
    "YES",
    "No",
    "",
    "AccessDenied",
    "10.0.0.1",
    "10.0.1.7",
    "192.0.2.9",
    "arn:aws:iam::111122223333:user/x",
    "a*b",
    "back\\slash",
];
const TEXT_GLOBS: &[&str] = &[
    "Root",
    "R*",
    "*User",
    "*o*",
    "*",
    "arn:*:user/*",
    "10.0.*",
    r"a\*b",
    r"back\\slash",
    "A*d*",
];

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => select(TEXTS).prop_map(|text| json!(text)),
        1 => select(vec![0.0, 1.0, 5.0, -3.0, 2.5]).prop_map(|n: f64| json!(n)),
        1 => any::<bool>().prop_map(|b| json!(b)),
        1 => Just(Value::Null),
    ]
}

fn plain_matcher() -> impl Strategy<Value = Matcher> {
    prop_oneof![
        4 => select(TEXT_GLOBS).prop_map(|glob| Matcher::Glob(glob.to_owned())),
        2 => select(TEXTS).prop_map(|text| Matcher::Exact(json!(text))),
        1 => select(&["R", "10.", "arn:", ""][..]).prop_map(|t| Matcher::Prefix(t.to_owned())),
        1 => select(&["t", "User", "x"][..]).prop_map(|t| Matcher::Suffix(t.to_owned())),
        1 => select(&["root", "yes", "IAM*"][..]).prop_map(|t| Matcher::AnyCase(t.to_owned())),
        1 => (-3i32..6, 0i32..4, any::<bool>(), any::<bool>()).prop_map(|(low, width, a, b)| {
            Matcher::Number(NumberRange {
                lower: Some((f64::from(low), a || width == 0)),
                upper: Some((f64::from(low + width), b || width == 0)),
            })
        }),
        1 => select(&["10.0.0.0/24", "10.0.0.0/15", "192.0.2.9/32"][..])
            .prop_map(|block| Matcher::Cidr(block.to_owned())),
    ]
}

fn matcher() -> impl Strategy<Value = Matcher> {
    prop_oneof![
        8 => plain_matcher(),
        1 => any::<bool>().prop_map(Matcher::Exists),
        1 => any::<bool>().prop_map(|b| Matcher::Exact(json!(b))),
        1 => Just(Matcher::Exact(Value::Null)),
        1 => select(&["10.0.0.0/24", "192.0.2.0/28"][..])
            .prop_map(|block| Matcher::Not(vec![Matcher::Cidr(block.to_owned())])),
        1 => (-3i32..6).prop_map(|low| {
            Matcher::Not(vec![Matcher::Number(NumberRange {
                lower: Some((f64::from(low), true)),
                upper: None,
            })])
        }),
        2 => prop::collection::vec(select(TEXT_GLOBS), 1..3)
            .prop_map(|globs| Matcher::Not(globs.into_iter().map(|g| Matcher::Glob(g.to_owned())).collect())),
    ]
}

fn all_of() -> impl Strategy<Value = AllOf> {
    prop::collection::btree_map(
        select(CONDITION_PATHS),
        prop::collection::vec(matcher(), 1..3),
        1..3,
    )
    .prop_map(|fields| AllOf {
        fields: fields
            .into_iter()
            .map(|(path, any_of)| FieldCondition {
                path: path.split('.').map(str::to_owned).collect(),
                any_of,
                span: Span::default(),
            })
            .collect(),
    })
}

pub(crate) fn rule() -> impl Strategy<Value = Events> {
    let service = prop_oneof![5 => select(SERVICES), 1 => Just("*")];
    let glob =
        (service, prop_oneof![select(NAME_GLOBS), select(NAMES)]).prop_map(|(service, name)| {
            EventGlob {
                service: service.to_owned(),
                name: name.to_owned(),
                span: Span::default(),
            }
        });
    (
        prop::collection::vec(glob, 1..5),
        prop::collection::vec(all_of(), 0..3),
        prop::collection::vec(all_of(), 0..3),
    )
        .prop_map(|(globs, when, unless)| Events {
            globs,
            detail_types: None,
            when,
            unless,
            unless_services: Vec::new(),
            when_omitted: false,
        })
}

pub(crate) fn event() -> impl Strategy<Value = Value> {
    (
        select(SERVICES),
        select(NAMES),
        prop::collection::btree_map(select(PATHS), value(), 0..4),
    )
        .prop_map(|(service, name, fields)| {
            let mut detail = json!({
                "eventSource": format!("{service}.amazonaws.com"),
                "eventName": name,
            });
            for (path, value) in fields {
                let mut at = &mut detail;
                for step in path.split('.') {
                    at = at
                        .as_object_mut()
                        .unwrap()
                        .entry(step)
                        .or_insert_with(|| Value::Object(Map::new()));
                }
                *at = value;
            }
            let kind = if service == "signin" {
                "Console Sign In"
            } else {
                "API Call"
            };
            json!({
                "version": "0", "id": "1", "source": format!("aws.{service}"),
                "detail-type": format!("AWS {kind} via CloudTrail"),
                "account": "111122223333", "region": "us-east-1", "time": "2026-01-05T08:30:00Z",
                "resources": [], "detail": detail,
            })
        })
}

pub(crate) fn file_with(events: Events) -> RulesFile {
    RulesFile {
        name: "laws".parse().unwrap(),
        home: Home {
            region: "us-east-1".parse().unwrap(),
            account: None,
            span: Span::default(),
        },
        watch: Watch {
            regions: Regions::Home,
            organization: None,
            span: Span::default(),
        },
        trail: Trail::None,
        topic_key: TopicKey::None,
        role_boundary: None,
        delivery: Delivery::Direct,
        account_names: BTreeMap::new(),
        zone: None,
        test_events: true,
        channels: BTreeMap::new(),
        rules: vec![Rule {
            apart: false,
            id: RuleId("law".to_owned()),
            title: "A law".to_owned(),
            severity: Severity::Medium,
            description: None,
            runbook: None,
            headline: None,
            enabled: true,
            trigger: Trigger::Events(events),
            channels: Vec::new(),
            tests: Vec::new(),
            accepted: Vec::new(),
            span: Span::default(),
        }],
    }
}

/// The meaning of a rule, said as plainly as the language's description does.
pub(crate) mod meaning {
    use super::*;

    pub(crate) fn fires(rule: &Events, event: &Value) -> bool {
        let detail = &event["detail"];
        let service = detail["eventSource"]
            .as_str()
            .unwrap()
            .trim_end_matches(".amazonaws.com");
        let name = detail["eventName"].as_str().unwrap();
        let wanted = rule
            .globs
            .iter()
            .any(|g| (g.service == "*" || g.service == service) && glob(&g.name, name));
        // Of parameters that were left out nobody can say anything.
        let left_out = rule.when_omitted && is_left_out(detail);
        let unknown = |field: &FieldCondition| left_out && field.path[0] == "requestParameters";
        let met = |all_of: &AllOf| {
            let mut fields = all_of.fields.iter();
            fields.all(|field| unknown(field) || holds(field, detail))
        };
        let excepted = |all_of: &AllOf| {
            let mut fields = all_of.fields.iter();
            fields.all(|field| !unknown(field) && holds(field, detail))
        };
        wanted
            && (rule.when.is_empty() || rule.when.iter().any(met))
            && !rule.unless.iter().any(excepted)
    }

    /// Whether the record says that its parameters were too large, or has none although the call went through.
    fn is_left_out(detail: &Value) -> bool {
        let mark = &detail["requestParameters"]["omitted"];
        let none = detail.get("requestParameters") == Some(&Value::Null);
        *mark == json!(true) || *mark == json!("true") || none && detail.get("errorCode").is_none()
    }

    fn holds(field: &FieldCondition, detail: &Value) -> bool {
        let mut value = Some(detail);
        for step in &field.path {
            value = value.and_then(|v| v.get(step));
        }
        // EventBridge looks at leaves only.
        let value = value.filter(|v| !v.is_object());
        field.any_of.iter().any(|matcher| passes(matcher, value))
    }

    fn passes(matcher: &Matcher, value: Option<&Value>) -> bool {
        let Some(value) = value else {
            return *matcher == Matcher::Exists(false);
        };
        let text = value.as_str();
        match matcher {
            Matcher::Exists(there) => *there,
            // A lone star is "there".
            Matcher::Glob(pattern) if pattern == "*" => true,
            Matcher::Glob(pattern) => text.is_some_and(|text| glob(pattern, text)),
            Matcher::Exact(wanted) => match (wanted.as_f64(), value.as_f64()) {
                (Some(a), Some(b)) => a == b,
                _ => wanted == value,
            },
            Matcher::Prefix(head) => text.is_some_and(|text| text.starts_with(head)),
            Matcher::Suffix(tail) => text.is_some_and(|text| text.ends_with(tail)),
            Matcher::AnyCase(pattern) => {
                text.is_some_and(|text| glob(&pattern.to_lowercase(), &text.to_lowercase()))
            }
            Matcher::Number(range) => value.as_f64().is_some_and(|n| {
                range
                    .lower
                    .is_none_or(|(low, inside)| n > low || (inside && n == low))
                    && range
                        .upper
                        .is_none_or(|(high, inside)| n < high || (inside && n == high))
            }),
            Matcher::Cidr(block) => text.is_some_and(|text| in_block(block, text)),
            Matcher::Not(none_of) => !none_of.iter().any(|m| passes(m, Some(value))),
        }
    }

    fn in_block(block: &str, text: &str) -> bool {
        let (network, bits) = block.split_once('/').unwrap();
        let network: std::net::Ipv4Addr = network.parse().unwrap();
        let bits: u32 = bits.parse().unwrap();
        let Ok(address) = text.parse::<std::net::Ipv4Addr>() else {
            return false;
        };
        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
        u32::from(network) & mask == u32::from(address) & mask
    }

    pub(crate) fn glob(pattern: &str, text: &str) -> bool {
        match pattern.chars().next() {
            None => text.is_empty(),
            Some('*') => (0..=text.len())
                .filter(|at| text.is_char_boundary(*at))
                .any(|at| glob(&pattern[1..], &text[at..])),
            Some('\\') => {
                let escaped = pattern[1..].chars().next().unwrap();
                text.strip_prefix(escaped)
                    .is_some_and(|rest| glob(&pattern[1 + escaped.len_utf8()..], rest))
            }
            Some(c) => text
                .strip_prefix(c)
                .is_some_and(|rest| glob(&pattern[c.len_utf8()..], rest)),
        }
    }
}

pub(crate) fn matches(pattern: &Value, event: &Value) -> bool {
    let pattern = EventPattern::parse(&pattern.to_string()).unwrap();
    pattern.matches(&Event::parse(&event.to_string()).unwrap())
}

#[test]
fn a_pattern_fires_exactly_when_its_rule_does() {
    let mut runner = TestRunner::new(Config {
        cases: 3_000,
        failure_persistence: None,
        ..Config::default()
    });
    let (mut compiled, mut fired, mut silent) = (0, 0, 0);
    let counts = std::cell::RefCell::new((&mut compiled, &mut fired, &mut silent));
    runner
        .run(
            &(rule(), prop::collection::vec(event(), 12)),
            |(rule, events)| {
                let patterns = match compile::compile(&file_with(rule.clone()), PATTERN_LIMIT) {
                    Ok(patterns) => patterns,
                    // What can never alert must really never alert.
                    Err(problems) if problems[0].code == "E0805" => Vec::new(),
                    // What EventBridge cannot say is refused, not said wrong.
                    Err(_) => return Ok(()),
                };
                let mut counts = counts.borrow_mut();
                *counts.0 += 1;
                for event in &events {
                    let wanted = meaning::fires(&rule, event);
                    let got = patterns
                        .iter()
                        .filter(|p| matches(&p.pattern, event))
                        .count();
                    *(if wanted {
                        &mut *counts.1
                    } else {
                        &mut *counts.2
                    }) += 1;
                    let texts: Vec<String> =
                        patterns.iter().map(|p| p.pattern.to_string()).collect();
                    prop_assert_eq!(got, usize::from(wanted), "{:?}\n{}", texts, event);
                }
                Ok(())
            },
        )
        .unwrap();
    assert!(compiled > 1_000, "only {compiled} of 3000 rules compiled");
    assert!(
        fired > 1_000 && silent > 1_000,
        "{fired} fired, {silent} silent"
    );
}

/// Rules of the catalogue: with conditions and exceptions on parameters.
fn asking_rule() -> impl Strategy<Value = Events> {
    let parameter = || {
        let path = select(&["requestParameters.a", "requestParameters.b"][..]);
        let any_of = prop::collection::vec(matcher(), 1..3);
        (path, any_of).prop_map(|(path, any_of)| FieldCondition {
            path: path.split('.').map(str::to_owned).collect(),
            any_of,
            span: Span::default(),
        })
    };
    let asked = prop::collection::vec(prop::option::weighted(0.7, parameter()), 6);
    (rule(), asked).prop_map(|(mut rule, asked)| {
        let maps = rule.when.iter_mut().chain(&mut rule.unless);
        for (map, asked) in maps.zip(asked) {
            map.fields.extend(asked);
        }
        rule.when_omitted = true;
        rule
    })
}

/// Events whose parameters are there, were left out in one way or another, or were never any.
fn asking_event() -> impl Strategy<Value = Value> {
    let with = (value(), value()).prop_map(|(a, b)| Some(json!({ "a": a, "b": b })));
    let asked = prop_oneof![
        4 => with,
        1 => value().prop_map(|a| Some(json!({ "a": a }))),
        2 => Just(Some(json!({ "omitted": true, "reason": "requestParameters too large" }))),
        1 => Just(Some(json!({ "omitted": "true" }))),
        1 => Just(Some(json!({ "omitted": false }))),
        3 => Just(Some(Value::Null)),
        1 => Just(None),
    ];
    (event(), asked).prop_map(|(mut event, asked)| {
        if let Some(asked) = asked {
            event["detail"]["requestParameters"] = asked;
        }
        event
    })
}

#[test]
fn a_pattern_of_the_catalogue_also_fires_where_parameters_were_left_out() {
    let mut runner = TestRunner::new(Config {
        cases: 2_000,
        failure_persistence: None,
        ..Config::default()
    });
    let counts = std::cell::RefCell::new((0, 0, 0));
    runner
        .run(
            &(asking_rule(), prop::collection::vec(asking_event(), 12)),
            |(rule, events)| {
                let patterns = match compile::compile(&file_with(rule.clone()), PATTERN_LIMIT) {
                    Ok(patterns) => patterns,
                    Err(problems) if problems[0].code == "E0805" => Vec::new(),
                    Err(_) => return Ok(()),
                };
                let mut counts = counts.borrow_mut();
                let blind = Events {
                    when_omitted: false,
                    ..rule.clone()
                };
                for event in &events {
                    let wanted = meaning::fires(&rule, event);
                    let fired = |part: &&compile::Compiled| matches(&part.pattern, event);
                    let got = patterns.iter().filter(fired).count();
                    let texts: Vec<String> =
                        patterns.iter().map(|p| p.pattern.to_string()).collect();
                    prop_assert_eq!(got, usize::from(wanted), "{:?}\n{}", texts, event);
                    // What explanations and test events go by asks for nothing less.
                    let meant = |part: &&compile::Compiled| matches(&part.with_parameters(), event);
                    let meant = patterns.iter().any(|part| meant(&part));
                    prop_assert!(wanted || !meant, "{:?}\n{}", texts, event);
                    counts.0 += usize::from(wanted);
                    counts.1 += usize::from(!wanted);
                    counts.2 += usize::from(wanted && !meaning::fires(&blind, event));
                }
                Ok(())
            },
        )
        .unwrap();
    let (fired, silent, only_so) = counts.into_inner();
    assert!(
        fired > 500 && silent > 1_000 && only_so > 30,
        "{fired} {silent} {only_so}"
    );
}

#[test]
fn parts_are_disjoint_and_together_the_whole() {
    let names: Vec<String> = (0..120)
        .map(|n| format!("CreateSomethingNumber{n}"))
        .collect();
    let mut globs: Vec<EventGlob> = names
        .iter()
        .map(|name| {
            (
                if name.len() % 2 == 0 { "iam" } else { "sts" },
                name.as_str(),
            )
        })
        .chain([
            ("iam", "Put*Policy"),
            ("iam", "Delete*"),
            ("kms", "Disable*"),
        ])
        .map(|(service, name)| EventGlob {
            service: service.to_owned(),
            name: name.to_owned(),
            span: Span::default(),
        })
        .collect();
    globs.reverse();
    let rule = Events {
        globs,
        detail_types: None,
        when: Vec::new(),
        unless: Vec::new(),
        unless_services: Vec::new(),
        when_omitted: false,
    };
    let parts = compile::compile(&file_with(rule.clone()), compile::PATTERN_QUOTA).unwrap();
    assert!(parts.len() > 2, "{} parts", parts.len());
    let numbers: Vec<Option<usize>> = parts.iter().map(|part| part.part).collect();
    assert_eq!(numbers, (1..=parts.len()).map(Some).collect::<Vec<_>>());
    for part in &parts {
        assert!(part.pattern.to_string().chars().count() <= compile::PATTERN_QUOTA);
    }
    let others = [
        "PutUserPolicy",
        "DeleteUser",
        "CreateUser",
        "GetUser",
        "DisableKey",
    ];
    for service in ["iam", "sts", "kms"] {
        for name in names.iter().map(String::as_str).chain(others) {
            let event = json!({
                "source": format!("aws.{service}"), "detail-type": "AWS API Call via CloudTrail",
                "detail": { "eventSource": format!("{service}.amazonaws.com"), "eventName": name },
            });
            let hits = parts
                .iter()
                .filter(|part| matches(&part.pattern, &event))
                .count();
            assert_eq!(
                hits,
                usize::from(meaning::fires(&rule, &event)),
                "{service}:{name}"
            );
        }
    }
}

#[test]
fn what_cannot_be_split_is_refused() {
    let values: Vec<Matcher> = (0..200)
        .map(|n| Matcher::Glob(format!("arn:aws:iam::{n:012}:*")))
        .collect();
    let rule = Events {
        globs: vec![EventGlob {
            service: "iam".to_owned(),
            name: "CreateUser".to_owned(),
            span: Span::default(),
        }],
        detail_types: None,
        when: vec![AllOf {
            fields: vec![FieldCondition {
                path: vec!["userIdentity".to_owned(), "arn".to_owned()],
                any_of: values,
                span: Span::default(),
            }],
        }],
        unless: Vec::new(),
        unless_services: Vec::new(),
        when_omitted: false,
    };
    let problems = compile::compile(&file_with(rule), compile::PATTERN_QUOTA).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code, "E0802");
}

/// JSON with members and elements in another order.
fn shuffled(value: &Value, seed: u64) -> Value {
    let turn = |n: usize| {
        if n == 0 {
            0
        } else {
            usize::try_from(seed).unwrap_or(7) % n
        }
    };
    match value {
        Value::Object(fields) => {
            let mut entries: Vec<(String, Value)> = fields
                .iter()
                .map(|(key, value)| {
                    // The arguments of `numeric` have an order.
                    let value = if key == "numeric" {
                        value.clone()
                    } else {
                        shuffled(value, seed / 3 + 1)
                    };
                    (key.clone(), value)
                })
                .collect();
            let at = turn(entries.len());
            entries.rotate_left(at);
            entries.into_iter().collect::<Map<_, _>>().into()
        }
        Value::Array(values) => {
            let mut values: Vec<Value> = values.iter().map(|v| shuffled(v, seed / 3 + 1)).collect();
            let at = turn(values.len());
            values.rotate_left(at);
            Value::Array(values)
        }
        other => other.clone(),
    }
}

fn policy_document() -> impl Strategy<Value = Value> {
    let words = || {
        prop::collection::vec(
            select(&["sns:Publish", "sqs:SendMessage", "b", "a"][..]),
            1..4,
        )
    };
    let one_or_many = |list: Vec<&str>| match list.as_slice() {
        [one] => json!(one),
        many => json!(many),
    };
    let statement = (words(), words(), words(), any::<bool>()).prop_map(
        move |(actions, services, arns, deny)| {
            json!({
                "Effect": if deny { "Deny" } else { "Allow" },
                "Principal": { "Service": one_or_many(services) },
                "Action": one_or_many(actions),
                "Resource": "*",
                "Condition": { "ArnLike": { "aws:SourceArn": one_or_many(arns) } },
            })
        },
    );
    prop::collection::vec(statement, 1..4)
        .prop_map(|statements| json!({ "Version": "2012-10-17", "Statement": statements }))
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_shuffled_policy_is_no_change(policy in policy_document(), seed in any::<u64>()) {
        let canonical = policy::canonical(&policy);
        prop_assert_eq!(&policy::canonical(&canonical), &canonical);
        prop_assert_eq!(&policy::canonical(&shuffled(&policy, seed)), &canonical);
    }

    #[test]
    fn a_shuffled_pattern_is_no_change(rule in rule(), seed in any::<u64>()) {
        if let Ok(patterns) = compile::compile(&file_with(rule), PATTERN_LIMIT) {
            for compiled in patterns {
                let sorted = normal_form(&compiled.pattern);
                prop_assert_eq!(&normal_form(&sorted), &sorted);
                prop_assert_eq!(&normal_form(&shuffled(&compiled.pattern, seed)), &sorted);
            }
        }
    }
}
