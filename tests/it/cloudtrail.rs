//! The events that are made by the name of an API are such as CloudTrail writes.

use iamwatch::check;
use iamwatch::diagnostic;
use std::collections::{BTreeMap, BTreeSet};

use iamwatch::check::tests::run;
use iamwatch::cloudtrail::{self, IDENTITY_WORDS, Identity, Setting, like, table};
use iamwatch::compile::{PATTERN_QUOTA, compile};
use iamwatch::pattern::Event;
use iamwatch::place::{AccountId, Region};
use serde_json::{Value, json};

use crate::shared;

fn event(api: &str, identity: Identity) -> Value {
    let account: AccountId = "444455556666".parse().unwrap();
    let region: Region = "eu-west-3".parse().unwrap();
    let setting = Setting {
        account: &account,
        region: &region,
        time: "2026-03-01T09:00:00Z",
        id: "11111111-2222-4333-8444-555555555555",
    };
    let (service, name) = api.split_once(':').unwrap();
    like(service, name, identity, &setting)
}

fn identities() -> impl Iterator<Item = Identity> {
    IDENTITY_WORDS
        .iter()
        .map(|word| Identity::named(word).unwrap())
}

/// APIs of the tables, and some that no table knows.
fn apis() -> impl Iterator<Item = &'static str> {
    let unknown = [
        "quantum:EntangleQubits",
        "quantum:ListQubits",
        "signin:Unheard",
    ];
    table().keys().map(String::as_str).chain(unknown)
}

#[test]
fn every_event_is_whole_and_names_itself() {
    for api in apis() {
        for identity in identities() {
            let event = event(api, identity);
            assert!(Event::from_value(&event).is_ok(), "{api}");
            let text = |path: &str| event.pointer(path).and_then(Value::as_str);
            // `TestEventPattern` asks for these.
            for field in ["id", "account", "source", "time", "region", "detail-type"] {
                assert!(
                    text(&format!("/{field}")).is_some_and(|t| !t.is_empty()),
                    "{api}: {field}"
                );
            }
            assert_eq!(event["resources"], json!([]));
            let (service, name) = api.split_once(':').unwrap();
            assert_eq!(text("/source"), Some(format!("aws.{service}").as_str()));
            assert_eq!(
                text("/detail/eventSource"),
                Some(format!("{service}.amazonaws.com").as_str())
            );
            assert_eq!(text("/detail/eventName"), Some(name));
            assert_eq!(event["region"], event["detail"]["awsRegion"]);
            for field in [
                "eventVersion",
                "eventTime",
                "sourceIPAddress",
                "userAgent",
                "eventID",
                "eventType",
                "eventCategory",
                "recipientAccountId",
            ] {
                assert!(
                    text(&format!("/detail/{field}")).is_some(),
                    "{api}: {field}"
                );
            }
            for field in ["readOnly", "managementEvent"] {
                assert!(event["detail"][field].is_boolean(), "{api}: {field}");
            }
            assert!(event["detail"]["userIdentity"].is_object(), "{api}");
            for place in ["{account}", "{partition}", "{region}", "{time}", "{id}"] {
                assert!(!event.to_string().contains(place), "{api}: {place}");
            }
        }
    }
}

#[test]
fn the_rule_about_an_api_fires_on_its_event_whoever_acts() {
    let mut text = String::from(
        "version: 1\nname: acme\nhome: { region: eu-west-3 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules:\n",
    );
    for (n, api) in apis().enumerate() {
        text.push_str(&format!(
            "  - id: r{n}\n    events: [\"{api}\"]\n    tests:\n"
        ));
        for word in IDENTITY_WORDS {
            text.push_str(&format!(
                "      - {{ name: {word}, as: {word}, like: \"{api}\", expect: match }}\n"
            ));
        }
    }
    let mut loaded = check::load_text("rules.yaml", &text);
    // One service of the list is made up, to have a name that no table has.
    let made_up = |d: &diagnostic::Diagnostic| d.code == "W0705" && d.message.contains("`quantum`");
    loaded.diagnostics.retain(|d| !made_up(d));
    assert_eq!(loaded.diagnostics, []);
    let file = loaded.file.unwrap();
    let compiled = compile(&file, PATTERN_QUOTA).unwrap();
    let problems: Vec<String> = run(&file, &compiled, &loaded.sources)
        .into_iter()
        .map(|d| d.message)
        .collect();
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn global_services_and_sign_ins_are_recorded_in_one_region() {
    for (api, region) in [
        ("iam:CreateUser", "us-east-1"),
        ("organizations:LeaveOrganization", "us-east-1"),
        ("signin:ConsoleLogin", "us-east-1"),
        ("sts:AssumeRole", "eu-west-3"),
        ("kms:DisableKey", "eu-west-3"),
    ] {
        assert_eq!(event(api, Identity::IamUser)["region"], region, "{api}");
    }
}

#[test]
fn each_kind_of_event_has_its_envelope() {
    for (api, detail_type) in [
        ("iam:CreateUser", "AWS API Call via CloudTrail"),
        ("signin:ConsoleLogin", "AWS Console Sign In via CloudTrail"),
        ("signin:GetSigninToken", "AWS API Call via CloudTrail"),
        (
            "signin:UserAuthentication",
            "AWS Service Event via CloudTrail",
        ),
        ("kms:RotateKey", "AWS Service Event via CloudTrail"),
    ] {
        assert_eq!(
            event(api, Identity::Root)["detail-type"],
            detail_type,
            "{api}"
        );
    }
}

#[test]
fn a_second_factor_is_seen_only_where_aws_asks_for_it() {
    for identity in identities() {
        let event = event("signin:ConsoleLogin", identity);
        let seen = matches!(identity, Identity::IamUser | Identity::Root);
        let used = &event["detail"]["additionalEventData"]["MFAUsed"];
        assert_eq!(used, if seen { "Yes" } else { "No" }, "{identity:?}");
    }
}

/// What recorded events of an API have in common.
#[derive(Default)]
struct Recorded {
    parameters: BTreeSet<String>,
    read_only: BTreeSet<bool>,
}

/// Recorded events by their API: of the records that nobody edited.
fn recorded() -> Option<BTreeMap<String, Recorded>> {
    let folder = shared::data()?.join("cloudtrail");
    let mut found: BTreeMap<String, Recorded> = BTreeMap::new();
    for file in ["stratus-red-team.jsonl", "aws-docs-samples-2023.jsonl"] {
        for line in std::fs::read_to_string(folder.join(file)).unwrap().lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let source = record["eventSource"].as_str().unwrap();
            let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
            let api = format!("{service}:{}", record["eventName"].as_str().unwrap());
            let of_api = found.entry(api).or_default();
            if let Some(fields) = record["requestParameters"].as_object() {
                of_api.parameters.extend(fields.keys().cloned());
            }
            of_api.read_only.extend(record["readOnly"].as_bool());
        }
    }
    Some(found)
}

/// Parameters that the recorded calls could have had, and have not.
const OPTIONAL: &[(&str, &str)] = &[
    ("cloudtrail:UpdateTrail", "isMultiRegionTrail"),
    ("events:PutRule", "eventBusName"),
    ("s3:DeleteBucket", "Host"),
    ("sts:GetFederationToken", "durationSeconds"),
];

#[test]
fn parameters_and_effects_are_those_of_recorded_events() {
    let Some(recorded) = recorded() else {
        return;
    };
    let mut compared = 0;
    for (
        api,
        Recorded {
            parameters,
            read_only,
        },
    ) in recorded
    {
        let (service, name) = api.split_once(':').unwrap();
        if let Some(seen) = read_only.iter().next().filter(|_| read_only.len() == 1) {
            assert_eq!(cloudtrail::is_read_only(service, name), *seen, "{api}");
        }
        let ours = event(&api, Identity::IamUser);
        let Some(fields) = ours["detail"]["requestParameters"].as_object() else {
            continue;
        };
        for field in fields.keys() {
            let optional = OPTIONAL.contains(&(api.as_str(), field.as_str()));
            assert!(
                optional || parameters.contains(field),
                "{api}: {field}, recorded are {parameters:?}"
            );
        }
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
}
