//! `iamwatch explain`: the verdict is the matcher's, and what is said about it helps. The answers stand in
//! `explain.snap.txt`.

use iamwatch::check;
use std::fmt::Write;

use iamwatch::cloudtrail::{Identity, Setting, like, record};
use iamwatch::compile::{Compiled, PATTERN_QUOTA, compile};
use iamwatch::explain::{Bench, Explained, NotAnEvent, Reason, Verdict, events};
use iamwatch::pattern::EventPattern;
use iamwatch::place::{AccountId, Region};
use iamwatch::render::explain::explained;
use iamwatch::render::style::Painter;
use iamwatch::rules::RulesFile;
use serde_json::{Value, json};

use crate::cli::TestEnv;
use crate::shared;
use crate::snapshot::is_as_kept;

const HEAD: &str = "version: 1\nname: acme\nhome: { region: eu-central-1 }\nwatch: { regions: [eu-west-1] }\nchannels: { mail: { email: a@example.com }, phone: { sms: \"+4915112345678\" } }\nnotify: { critical: [phone, mail], default: [mail] }\nrules:\n";
const RULES: &str = r#"
  - use: root/activity
  - use: signin/failed
  - use: signin/no-mfa
  - id: admin-policy-attached
    title: AdministratorAccess was attached
    severity: critical
    events: ["iam:Attach*Policy"]
    when: { requestParameters.policyArn: "*:policy/AdministratorAccess" }
  - id: keys-disabled
    title: A key was disabled or is to be deleted
    events: ["kms:DisableKey", "kms:ScheduleKeyDeletion"]
  - id: doors
    title: A door was opened to the world
    pattern: { source: [aws.ec2], detail: { requestParameters: { ipPermissions: { items: { ipProtocol: [tcp], ipRanges: { items: { cidrIp: ["0.0.0.0/0"] } } } } } } }
"#;

struct Rules {
    file: RulesFile,
    compiled: Vec<Compiled>,
}

impl Rules {
    fn of(text: &str) -> Self {
        let file = check::load_text("rules.yaml", text).file.unwrap();
        Self::new(file)
    }

    fn new(file: RulesFile) -> Self {
        let compiled = compile(&file, PATTERN_QUOTA).unwrap();
        Self { file, compiled }
    }

    fn bench(&self) -> Bench<'_> {
        Bench::new(&self.file, &self.compiled, &[]).unwrap()
    }
}

fn with_setting<T>(region: &str, then: impl FnOnce(&Setting<'_>) -> T) -> T {
    let account: AccountId = "111122223333".parse().unwrap();
    let region: Region = region.parse().unwrap();
    then(&Setting {
        account: &account,
        region: &region,
        time: "2026-01-05T08:30:00Z",
        id: "00000000-0000-4000-8000-000000000001",
    })
}

fn made(api: &str, identity: Identity, region: &str) -> Value {
    let (service, name) = api.split_once(':').unwrap();
    with_setting(region, |setting| like(service, name, identity, setting))
}

/// What is shown for a text.
fn shown(rules: &Rules, text: &str, nearest: usize, in_full: bool) -> String {
    let found = with_setting("eu-central-1", |setting| events(text, setting));
    let answers = Explained::new(&rules.bench(), found, nearest);
    let mut out = explained(&answers, &rules.file, in_full, Painter { color: false }).to_string();
    for problem in &answers.problems {
        let _ = writeln!(out, "item {}: {}", problem.item, problem.problem);
    }
    out
}

#[test]
fn the_verdict_on_every_recorded_event_is_the_matchers() {
    let Some(records) = shared::records() else {
        return;
    };
    let acme = include_str!("../../examples/acme.yaml");
    let acme = Rules::of(acme);
    let catalogue = Rules::new(check::whole_catalogue().file.unwrap());
    let mut count = 0;
    let mut matched = 0;
    let mut left_out = 0;
    for rules in [&acme, &catalogue] {
        let bench = rules.bench();
        let patterns: Vec<(&Compiled, EventPattern)> = rules
            .compiled
            .iter()
            .map(|part| (part, EventPattern::from_value(&part.pattern).unwrap()))
            .collect();
        for (path, text) in &records {
            let found = with_setting("eu-central-1", |setting| events(text, setting));
            assert_eq!(found.len(), text.lines().count());
            for (line, given) in found.into_iter().enumerate() {
                let given = match given {
                    Ok(given) => given,
                    Err(NotAnEvent::LeftOut(_)) => {
                        left_out += 1;
                        continue;
                    }
                    Err(problem) => panic!("{}:{}: {problem}", path.display(), line + 1),
                };
                let answers = bench.answers(&given);
                for answer in &answers {
                    let of_rule = patterns.iter().filter(|(part, _)| part.rule == answer.rule);
                    let expected = of_rule.into_iter().any(|(_, p)| p.matches(&given.event));
                    let place = format!("{}:{}: {}", path.display(), line + 1, answer.rule);
                    assert_eq!(answer.verdict.matches(), expected, "{place}");
                    matched += usize::from(expected);
                    if let Verdict::Misses(failures) = &answer.verdict {
                        assert!(!failures.is_empty(), "{place}");
                    }
                }
                let asked = rules.file.rules.iter().filter(|rule| rule.enabled).count();
                assert_eq!(answers.len(), asked);
                assert!(answers.is_sorted_by_key(|a| match &a.verdict {
                    Verdict::Fires => (0, 0),
                    Verdict::Unheard(_) => (1, 0),
                    Verdict::Misses(failures) => (2, failures.len()),
                }));
                count += 1;
            }
        }
    }
    assert!(count > 1_900 && matched > 500, "{count} {matched}");
    // Streams of another service, and a kind of record that its author made up.
    assert!((1..20).contains(&left_out), "{left_out}");
}

#[test]
fn the_region_of_an_event_decides_whether_a_rule_hears_of_it() {
    let text = format!("{HEAD}{RULES}");
    for (watch, region, expected) in [
        ("[eu-west-1]", "eu-west-1", None),
        ("[eu-west-1]", "eu-central-1", None),
        ("[eu-west-1]", "us-east-1", None),
        ("[eu-west-1]", "eu-west-3", Some(Reason::Region)),
        ("all", "eu-west-3", None),
        ("all", "cn-north-1", Some(Reason::Region)),
    ] {
        let rules = Rules::of(&text.replace("[eu-west-1]", watch));
        let event = made("kms:DisableKey", Identity::IamUser, region).to_string();
        let given = with_setting("eu-central-1", |setting| events(&event, setting));
        let answers = rules.bench().answers(given[0].as_ref().unwrap());
        assert_eq!(answers[0].rule.0, "keys-disabled");
        let found = match &answers[0].verdict {
            Verdict::Fires => None,
            Verdict::Unheard(obstacle) => {
                assert_eq!(obstacle.region, region);
                Some(obstacle.reason)
            }
            Verdict::Misses(failures) => panic!("{failures:?}"),
        };
        assert_eq!(found, expected, "{watch} {region}");
    }
}

#[test]
fn a_test_event_of_ours_fires_and_its_door_is_no_advice_for_others() {
    let rules = Rules::of(&format!("{HEAD}{RULES}"));
    let mut event = made("kms:DisableKey", Identity::IamUser, "eu-west-1");
    event["source"] = json!("iamwatch.test.acme");
    event["detail"]["iamwatch"] = json!("TEST ");
    let verdict = |event: &Value| {
        let given = with_setting("eu-west-1", |s| events(&event.to_string(), s));
        let mut answers = rules.bench().answers(given[0].as_ref().unwrap());
        answers.retain(|answer| answer.rule.0 == "keys-disabled");
        answers.remove(0).verdict
    };
    assert_eq!(verdict(&event), Verdict::Fires);
    event["detail"]["iamwatch"] = json!("not a test");
    let Verdict::Misses(failures) = verdict(&event) else {
        panic!("a test event without its mark would be a forgery");
    };
    assert_eq!(failures[0].path, "source");
    assert_eq!(failures[0].wanted, r#"["aws.kms"]"#);
}

#[test]
fn events_are_found_in_every_form_that_aws_gives_them() {
    let one = with_setting("eu-west-1", |setting| {
        record("iam", "CreateUser", Identity::IamUser, setting)
    });
    let event = made("iam:CreateUser", Identity::IamUser, "eu-west-1");
    let looked_up = json!({ "EventId": "x", "CloudTrailEvent": one.to_string() });
    for (form, count) in [
        (one.to_string(), 1),
        (event.to_string(), 1),
        (format!("{event:#}"), 1),
        (json!({ "Records": [one, one] }).to_string(), 2),
        (json!([one, event]).to_string(), 2),
        (format!("{one}\n{event}\n\n{one}\n"), 3),
        (json!({ "Events": [looked_up, looked_up] }).to_string(), 2),
        (
            json!({ "format_version": 1, "rule": "a", "event": event }).to_string(),
            1,
        ),
        (String::new(), 0),
        ("[]".to_owned(), 0),
    ] {
        let found = with_setting("eu-west-1", |setting| events(&form, setting));
        assert_eq!(found.len(), count, "{form}");
        for given in found {
            assert_eq!(given.unwrap().value, event, "{form}");
        }
    }
}

#[test]
fn every_answer_says_what_was_found_and_what_was_wanted() {
    let rules = Rules::of(&format!("{HEAD}{RULES}"));
    let attached = |policy: &str| {
        let mut event = made("iam:AttachRolePolicy", Identity::AssumedRole, "eu-west-1");
        event["detail"]["requestParameters"]["policyArn"] = json!(policy);
        event
    };
    let admin = attached("arn:aws:iam::aws:policy/AdministratorAccess");
    let elsewhere = made("kms:DisableKey", Identity::Root, "eu-west-3");
    let mut read_only = made("kms:DisableKey", Identity::IamUser, "eu-west-1");
    read_only["detail"]["readOnly"] = json!(true);
    let mut misplaced = admin.clone();
    misplaced["region"] = json!("eu-west-1");
    let mut doors = made(
        "ec2:AuthorizeSecurityGroupIngress",
        Identity::IamUser,
        "eu-west-1",
    );
    doors["detail"]["requestParameters"]["ipPermissions"]["items"] = json!([
        { "ipProtocol": "udp", "ipRanges": { "items": [{ "cidrIp": "0.0.0.0/0" }] } },
        { "ipProtocol": "tcp", "ipRanges": { "items": [{ "cidrIp": "10.0.0.0/8" }] } },
    ]);
    let sign_in = made("signin:ConsoleLogin", Identity::Federated, "eu-west-1");
    let strange =
        json!({ "source": "my.app", "detail-type": "Order\u{1b}[31m", "detail": { "id": 1 } });
    let many = [&admin, &elsewhere, &sign_in, &doors, &read_only, &strange]
        .map(Value::to_string)
        .join("\n");
    let cases = [
        ("an event that fires", admin.to_string(), 3, true),
        (
            "another value",
            attached("arn:aws:iam::aws:policy/ReadOnlyAccess").to_string(),
            1,
            true,
        ),
        (
            "a Region where nobody listens",
            elsewhere.to_string(),
            1,
            true,
        ),
        (
            "a Region where such events do not come",
            misplaced.to_string(),
            0,
            true,
        ),
        ("a read-only event", read_only.to_string(), 0, true),
        (
            "fields of different list elements",
            doors.to_string(),
            3,
            true,
        ),
        (
            "a federated sign-in, all rules",
            sign_in.to_string(),
            usize::MAX,
            true,
        ),
        ("an event of somebody else", strange.to_string(), 1, true),
        ("many events", many.clone(), 3, false),
        ("many events in full", many, 0, true),
        (
            "what is no event",
            "{\"a\": 1} [5] {\"CloudTrailEvent\": \"{\"} {\"b".to_owned(),
            3,
            true,
        ),
    ];
    let mut text = String::new();
    for (name, input, nearest, in_full) in cases {
        let answer = shown(&rules, &input, nearest, in_full);
        let _ = write!(text, "{:=<80}\n\n{answer}\n", format!("== {name} "));
    }
    is_as_kept("tests/it/explain.snap.txt", &text);
}

#[test]
fn a_field_that_holds_fields_is_not_called_absent() {
    let text = format!(
        "{HEAD}  - {{ id: succeeded, events: [\"iam:CreateUser\"], when: {{ responseElements: {{ exists: true }} }} }}\n  - {{ id: resource, events: [\"kms:Decrypt\"], when: {{ resources: x }} }}\n  - {{ id: nothing, events: [\"iam:CreateUser\"], when: {{ additionalEventData: x }} }}\n"
    );
    let rules = Rules::of(&text);
    let answer = |event: &str, rule: &str| {
        let event = made(event, Identity::IamUser, "us-east-1");
        let found = with_setting("us-east-1", |s| events(&event.to_string(), s));
        let answers = Explained::new(&rules.bench(), found, 9);
        let json = serde_json::to_value(&answers).unwrap();
        let all = json["events"][0]["rules"].as_array().unwrap();
        let one = all.iter().find(|answer| answer["rule"] == rule).unwrap();
        let failures = one["failures"].as_array().unwrap();
        let states = failures
            .iter()
            .map(|failure| failure["found"]["state"].clone());
        (
            states.collect::<Vec<_>>(),
            explained(&answers, &rules.file, true, Painter { color: false }),
        )
    };
    let (states, text) = answer("iam:CreateUser", "succeeded");
    assert_eq!(states, ["fields"]);
    assert!(
        text.contains("responseElements: an object, of which only the fields are tested"),
        "{text}"
    );
    // A list of objects is no more than one object is.
    assert_eq!(answer("kms:Decrypt", "resource").0, ["fields"]);
    assert_eq!(answer("iam:CreateUser", "nothing").0, ["absent"]);
}

#[test]
fn what_unless_excepts_is_said_in_the_words_of_the_file() {
    let text = format!(
        "{HEAD}  - id: made\n    events: [\"iam:CreateUser\"]\n    unless:\n      - {{ userIdentity.userName: alice, sourceIPAddress: {{ cidr: 203.0.113.0/24 }} }}\n"
    );
    let loaded = check::load_text("rules.yaml", &text);
    let rules = Rules::new(loaded.file.unwrap());
    let answer = |event: &Value| {
        let found = with_setting("us-east-1", |s| events(&event.to_string(), s));
        let bench = rules.bench().with_sources(&loaded.sources);
        let answers = Explained::new(&bench, found, 3);
        let text = explained(&answers, &rules.file, true, Painter { color: false });
        (text, serde_json::to_value(&answers).unwrap())
    };
    let excepted = made("iam:CreateUser", Identity::IamUser, "us-east-1");
    let (text, json) = answer(&excepted);
    assert!(
        text.contains(": excepted by `unless` at rules.yaml:11:"),
        "{text}"
    );
    assert!(!text.contains("anything-but"), "{text}");
    // Both conditions of the map hold, and it takes both.
    let together = text.contains(" together with `sourceIPAddress`")
        || text.contains(" together with `userIdentity.userName`");
    assert!(together, "{text}");
    let by = &json["events"][0]["rules"][0]["failures"][0]["excepted_by"];
    assert_eq!(by["key"], "unless");
    assert_eq!(by["together_with"].as_array().map(Vec::len), Some(1));
    assert!(
        by["at"].as_str().unwrap().starts_with("rules.yaml:11:"),
        "{by}"
    );
    // An event that misses for another reason is not excepted.
    let other = made("iam:DeleteUser", Identity::IamUser, "us-east-1");
    let mut elsewhere = excepted.clone();
    elsewhere["detail"]["sourceIPAddress"] = json!("192.0.2.1");
    assert!(answer(&elsewhere).0.contains("fires"));
    elsewhere["detail"]["eventName"] = other["detail"]["eventName"].clone();
    assert!(!answer(&elsewhere).0.contains("excepted"));
}

#[test]
fn a_record_without_its_region_is_placed_only_where_its_service_says_so() {
    let text = format!("{HEAD}{RULES}");
    let rules = Rules::of(&text);
    let record = |source: &str, name: &str, kind: &str| {
        format!(
            r#"{{"eventSource":"{source}.amazonaws.com","eventName":"{name}","userIdentity":{{"type":"{kind}"}},"requestParameters":{{"policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}}}}"#
        )
    };
    let iam = shown(
        &rules,
        &record("iam", "AttachRolePolicy", "IAMUser"),
        0,
        true,
    );
    assert!(
        iam.contains("in us-east-1") && iam.contains("fires"),
        "{iam}"
    );
    assert!(!iam.contains("names no Region"), "{iam}");
    let root = shown(&rules, &record("signin", "ConsoleLogin", "Root"), 0, true);
    assert!(root.contains("in us-east-1"), "{root}");
    let kms = shown(&rules, &record("kms", "DisableKey", "IAMUser"), 0, true);
    assert!(kms.contains("the event names no Region"), "{kms}");
    assert!(!kms.contains("eu-central-1"), "{kms}");
    assert!(kms.contains("fires    keys-disabled"), "{kms}");
}

#[test]
fn regions_that_aws_does_not_have_are_no_advice() {
    let rules = Rules::of(&format!("{HEAD}{RULES}"));
    let mut event = made("kms:DisableKey", Identity::IamUser, "eu-west-3");
    let real = shown(&rules, &event.to_string(), 0, true);
    assert!(real.contains("add eu-west-3 to `watch.regions`"), "{real}");
    event["region"] = json!("apiso-southeast-1");
    let made_up = format!("{event}\n{event}");
    let made_up = shown(&rules, &made_up, 0, true);
    assert!(
        made_up.contains("nobody listens in apiso-southeast-1"),
        "{made_up}"
    );
    assert!(!made_up.contains("add apiso"), "{made_up}");
}

#[test]
fn an_event_that_is_too_large_reaches_nobody() {
    let rules = Rules::of(&format!("{HEAD}{RULES}"));
    let mut event = made("kms:DisableKey", Identity::IamUser, "eu-west-1");
    let whole = event.to_string().len();
    for (length, reason) in [
        (256 * 1024 - whole - 2 - "\"padding\":,".len(), None),
        (256 * 1024, Some(Reason::TooLarge)),
    ] {
        event["detail"]["padding"] = json!("x".repeat(length));
        let given = with_setting("eu-west-1", |s| events(&event.to_string(), s));
        let answers = rules.bench().answers(given[0].as_ref().unwrap());
        let found = match &answers[0].verdict {
            Verdict::Unheard(obstacle) => Some(obstacle.reason),
            _ => None,
        };
        assert_eq!(found, reason, "{}", event.to_string().len());
    }
    let said = shown(&rules, &event.to_string(), 0, true);
    assert!(said.contains("no event of more than 256 KB"), "{said}");
}

/// It hears of the home account alone, in the home Region and in that of global services.
#[test]
fn a_rule_apart_hears_of_home_alone() {
    let head = HEAD.replace(
        "eu-central-1 }",
        "eu-central-1, account: \"111122223333\" }",
    );
    let all = "  - id: keys\n    apart: true\n    events: [\"kms:DisableKey\"]\n";
    for (region, account, is_heard) in [
        ("eu-central-1", "111122223333", true),
        ("us-east-1", "111122223333", true),
        ("eu-west-1", "111122223333", false),
        ("eu-central-1", "222233334444", false),
    ] {
        let mut event = made("kms:DisableKey", Identity::IamUser, region);
        event["account"] = json!(account);
        event["detail"]["recipientAccountId"] = json!(account);
        let verdict = |apart: &str| {
            let rules = Rules::of(&format!("{head}{}", all.replace("true", apart)));
            let given = with_setting(region, |s| events(&event.to_string(), s));
            let bench = rules.bench();
            let answers = bench.answers(given[0].as_ref().unwrap());
            match &answers[0].verdict {
                Verdict::Unheard(obstacle) => Some(obstacle.reason),
                _ => None,
            }
        };
        let reason = (!is_heard).then_some(Reason::Apart);
        assert_eq!(verdict("true"), reason, "{region} {account}");
        assert_eq!(verdict("false"), None, "{region} {account}");
    }
    let rules = Rules::of(&format!("{HEAD}{all}"));
    let event = made("kms:DisableKey", Identity::IamUser, "eu-west-1");
    let said = shown(&rules, &event.to_string(), 0, true);
    assert!(
        said.contains("it hears of the home account alone"),
        "{said}"
    );
    assert!(!said.contains("watch.regions"), "{said}");
}

/// EventBridge publishes to topics of its own Region alone, and a rule apart stands in two.
#[test]
fn a_topic_of_another_region_is_not_told_by_a_rule_apart() {
    let head = HEAD.replace(
        "phone: { sms: \"+4915112345678\" }",
        "phone: { sns: \"arn:aws:sns:eu-central-1:111122223333:paging\" }",
    );
    let rule =
        "  - id: keys\n    apart: true\n    severity: critical\n    events: [\"kms:DisableKey\"]\n";
    let said = |rule: &str, region: &str| {
        let event = made("kms:DisableKey", Identity::IamUser, region);
        shown(
            &Rules::of(&format!("{head}{rule}")),
            &event.to_string(),
            0,
            true,
        )
    };
    let abroad = said(rule, "us-east-1");
    assert!(abroad.contains("to mail; not to phone: "), "{abroad}");
    let together = rule.replace("true", "false");
    for (rule, region) in [(rule, "eu-central-1"), (together.as_str(), "us-east-1")] {
        let told = said(rule, region);
        assert!(told.contains("to mail, phone\n"), "{told}");
    }
    let alone = rule.replace("critical", "critical\n    channels: [phone]");
    let home = said(&alone.replace("true", "false"), "us-east-1");
    assert!(home.contains("to phone\n"), "{home}");
}

#[test]
fn the_exit_code_says_whether_there_is_an_answer() {
    let env = TestEnv::new();
    let record = r#"{"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"us-east-1","eventType":"AwsConsoleSignIn","userIdentity":{"type":"Root"},"responseElements":{"ConsoleLogin":"Failure"}}"#;
    let (code, out, err) = env.run(&["explain", record]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.contains("fires") && out.contains("signin/failed"),
        "{out}"
    );

    let (code, out, _) = env.run(&["explain", record, "--json"]);
    assert_eq!(code, 0);
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&out["format_version"], &out["fired"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(out["events"][0]["rules"][0]["verdict"], "fires");

    // No alert is an answer too.
    let quiet = record
        .replace("Failure", "Success")
        .replace("Root", "IAMUser");
    let (code, out, _) = env.run(&["explain", &quiet, "--json", "--rule", "signin/failed"]);
    assert_eq!(code, 0);
    let out: Value = serde_json::from_str(&out).unwrap();
    let rules = &out["events"][0]["rules"];
    assert_eq!(rules.as_array().unwrap().len(), 1);
    assert_eq!(
        rules[0]["failures"],
        json!([{ "path": "detail.responseElements.ConsoleLogin", "found": { "state": "values", "values": ["\"Success\""], "count": 1 }, "wanted": "[\"Failure\"]" }])
    );

    for (input, said) in [
        ("{\"a\": 1}", "neither an event"),
        ("{", "not JSON"),
        ("[]", "holds no event"),
        ("no-such-file.json", "no-such-file.json"),
    ] {
        let (code, _, err) = env.run(&["explain", input]);
        assert_eq!(code, 1, "{input}");
        assert!(err.contains(said), "{err}");
    }
    std::fs::write(env.path().join("log.json.gz"), [0x1f, 0x8b, 8, 0]).unwrap();
    let (code, _, err) = env.run(&["explain", "log.json.gz"]);
    assert_eq!(code, 1);
    assert!(err.contains("gunzip -c log.json.gz |"), "{err}");
}
