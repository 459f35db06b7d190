//! What a rules file means.

use std::collections::BTreeMap;

use iamwatch::check;
use iamwatch::diagnostic::Level;
use iamwatch::rules::{
    AllOf, Channel, ChannelName, Endpoint, Events, Format, Matcher, NumberRange, QueueRef, Regions,
    Rule, RulesFile, Severity, TopicKey, Trail, TrailSettings, Trigger,
};
use serde_json::json;

const HEAD: &str = "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels:\n  mail: { email: a@example.com }\n  phone: { sms: \"+491511234567\" }\n  queue: { sqs: alerts, format: json }\nnotify: { critical: [phone, mail], default: [mail, queue] }\n";

fn load(rules: &str) -> RulesFile {
    let loaded = check::load_text("rules.yaml", &format!("{HEAD}rules:\n{rules}"));
    let errors: Vec<_> = loaded
        .diagnostics
        .iter()
        .filter(|d| d.level == Level::Error)
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    loaded.file.unwrap()
}

fn rule<'f>(file: &'f RulesFile, id: &str) -> &'f Rule {
    file.rules.iter().find(|r| r.id.0 == id).unwrap()
}

fn events(rule: &Rule) -> &Events {
    match &rule.trigger {
        Trigger::Events(events) => events,
        Trigger::Raw { .. } => panic!("{} is raw", rule.id),
    }
}

fn names(rule: &Rule) -> Vec<&str> {
    rule.channels.iter().map(|c| c.0.as_str()).collect()
}

/// Path and matchers of each map.
fn shape(maps: &[AllOf]) -> Vec<Vec<(String, Vec<Matcher>)>> {
    maps.iter()
        .map(|map| {
            map.fields
                .iter()
                .map(|f| (f.path.join("."), f.any_of.clone()))
                .collect()
        })
        .collect()
}

fn glob(text: &str) -> Matcher {
    Matcher::Glob(text.to_owned())
}

/// The matchers of one value of `when`.
fn matchers(value: &str) -> Vec<Matcher> {
    let file = load(&format!(
        "  - id: a\n    events: [\"iam:*\"]\n    when: {{ f: {value} }}\n"
    ));
    shape(&events(rule(&file, "a")).when)[0][0].1.clone()
}

#[test]
fn the_head_of_a_file_is_read_whole() {
    let file = load("  - use: root/sign-in\n");
    assert_eq!(
        (file.name.as_str(), file.home.region.as_str()),
        ("acme", "us-east-1")
    );
    assert!(file.home.account.is_none() && file.test_events);
    let kinds: Vec<(&str, &Endpoint, Format)> = file
        .channels
        .iter()
        .map(
            |(
                name,
                Channel {
                    endpoint, format, ..
                },
            )| (name.0.as_str(), endpoint, *format),
        )
        .collect();
    assert_eq!(
        kinds,
        [
            (
                "mail",
                &Endpoint::Email("a@example.com".into()),
                Format::Text
            ),
            (
                "phone",
                &Endpoint::Sms("+491511234567".into()),
                Format::Text
            ),
            (
                "queue",
                &Endpoint::Sqs(QueueRef::Name("alerts".into())),
                Format::Json
            ),
        ]
    );
    let text = format!("{HEAD}test_events: false\nrules: [{{ use: root/sign-in }}]\n");
    let quiet = check::load_text(
        "r",
        &text.replace("us-east-1 }", "us-east-1, account: \"012345678901\" }"),
    );
    let file = quiet.file.unwrap();
    assert!(!file.test_events);
    assert_eq!(file.home.account.unwrap().as_str(), "012345678901");
}

#[test]
fn channels_come_from_the_rule_then_its_severity_then_the_default() {
    let file = load(
        "  - use: root/sign-in\n  - use: root/activity\n  - { use: iam/changes, channels: [queue, phone, queue] }\n  - { use: signin/failed, severity: critical }\n",
    );
    assert_eq!(names(rule(&file, "root/sign-in")), ["mail", "phone"]);
    assert_eq!(names(rule(&file, "root/activity")), ["mail", "queue"]);
    assert_eq!(names(rule(&file, "iam/changes")), ["phone", "queue"]);
    assert_eq!(names(rule(&file, "signin/failed")), ["mail", "phone"]);
    let ids: Vec<&str> = file.rules.iter().map(|r| r.id.0.as_str()).collect();
    assert!(ids.is_sorted());
}

#[test]
fn a_rule_stands_apart_where_it_or_the_catalogue_says_so() {
    let own = "  - { id: own, events: [\"iam:CreateUser\"] }\n  - { id: lone, events: [\"iam:CreateUser\"], apart: true }\n";
    let file = load(&format!(
        "{own}  - use: pack/pipeline\n  - use: root/activity\n    apart: true\n"
    ));
    let apart = |file: &RulesFile, id: &str| rule(file, id).apart;
    for (id, expected) in [
        ("own", false),
        ("lone", true),
        ("pipeline/tamper", false),
        ("pipeline/tamper-watch", true),
        ("root/activity", true),
    ] {
        assert_eq!(apart(&file, id), expected, "{id}");
    }
    let file = load("  - use: pack/pipeline\n  - { use: pipeline/tamper-watch, apart: false }\n");
    assert!(!apart(&file, "pipeline/tamper-watch"));
    let compiled = iamwatch::compile::compile(&file, iamwatch::compile::PATTERN_QUOTA).unwrap();
    let apart = compiled.iter().filter(|compiled| compiled.apart);
    let apart: Vec<&str> = apart.map(|compiled| compiled.rule.0.as_str()).collect();
    assert_eq!(apart, ["pipeline/dispatcher"]);
}

#[test]
fn a_use_changes_what_the_catalogue_says() {
    let file = load(
        "  - use: root/activity\n    title: Root!\n    severity: low\n    enabled: false\n    when: { awsRegion: us-*, errorCode: { exists: false } }\n    unless: [{ eventName: A }, { eventName: B }]\n",
    );
    let rule = rule(&file, "root/activity");
    assert_eq!(
        (rule.title.as_str(), rule.severity, rule.enabled),
        ("Root!", Severity::Low, false)
    );
    let when = shape(&events(rule).when);
    let paths: Vec<&str> = when[0].iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "userIdentity.type",
            "userIdentity.invokedBy",
            "eventType",
            "awsRegion",
            "errorCode"
        ]
    );
    assert_eq!(when.len(), 1);
    assert_eq!(events(rule).unless.len(), 2);
    let text = format!("{HEAD}rules:\n  - use: root/activity\n    title: Root!\n");
    let loaded = check::load_text("r", &text);
    let span = loaded.file.unwrap().rules[0].span;
    assert_eq!(&text[span.start..span.end], "root/activity");
}

#[test]
fn alternatives_of_a_use_each_keep_the_catalogues_conditions() {
    let file = load(
        "  - use: root/sign-in\n    when: [{ awsRegion: a }, { awsRegion: b }]\n  - use: iam/changes\n    when: [{ awsRegion: a }, { awsRegion: b }]\n",
    );
    let root = shape(&events(rule(&file, "root/sign-in")).when);
    let of = |region: &str| {
        vec![
            ("userIdentity.type".to_owned(), vec![glob("Root")]),
            ("awsRegion".to_owned(), vec![glob(region)]),
        ]
    };
    assert_eq!(root, [of("a"), of("b")]);
    assert_eq!(events(rule(&file, "iam/changes")).when.len(), 2);
}

#[test]
fn a_rule_named_by_itself_replaces_that_of_a_pack() {
    for text in [
        "  - { use: pack/aws-blog, except: [iam/any-call], severity: critical }\n  - { use: iam/changes, title: Mine }\n",
        "  - { use: iam/changes, title: Mine }\n  - { use: pack/aws-blog, except: [iam/any-call], severity: critical }\n",
    ] {
        let file = load(text);
        assert_eq!(file.rules.len(), 2);
        let own = rule(&file, "iam/changes");
        assert_eq!(
            (own.title.as_str(), own.severity),
            ("Mine", Severity::Medium)
        );
        assert_eq!(rule(&file, "iam/auth-changes").severity, Severity::Critical);
    }
}

#[test]
fn a_rule_of_ones_own_has_its_id_for_a_title() {
    let file = load("  - { id: a/b-1, events: [\"iam:Put*\", \"*:*\"], detail-type: [x] }\n");
    let rule = rule(&file, "a/b-1");
    assert_eq!(
        (rule.title.as_str(), rule.severity, rule.enabled),
        ("a/b-1", Severity::Medium, true)
    );
    let globs: Vec<(&str, &str)> = events(rule)
        .globs
        .iter()
        .map(|g| (g.service.as_str(), g.name.as_str()))
        .collect();
    assert_eq!(globs, [("iam", "Put*"), ("*", "*")]);
    assert_eq!(
        events(rule).detail_types.as_deref(),
        Some(&["x".to_owned()][..])
    );
}

#[test]
fn every_form_of_a_condition_has_its_matcher() {
    let range = |lower, upper| vec![Matcher::Number(NumberRange { lower, upper })];
    let exact = |value| Matcher::Exact(value);
    for (text, wanted) in [
        ("Root", vec![glob("Root")]),
        ("\"*:policy/x\"", vec![glob("*:policy/x")]),
        ("\"\"", vec![glob("")]),
        ("\"5\"", vec![glob("5")]),
        ("5", vec![exact(json!(5))]),
        ("-1.5", vec![exact(json!(-1.5))]),
        ("true", vec![exact(json!(true))]),
        ("null", vec![exact(json!(null))]),
        (
            "[a, 1, false]",
            vec![glob("a"), exact(json!(1)), exact(json!(false))],
        ),
        ("{ exact: \"a*\" }", vec![exact(json!("a*"))]),
        (
            "{ exact: [1, x] }",
            vec![exact(json!(1)), exact(json!("x"))],
        ),
        ("{ prefix: a }", vec![Matcher::Prefix("a".into())]),
        (
            "{ suffix: [a, b] }",
            vec![Matcher::Suffix("a".into()), Matcher::Suffix("b".into())],
        ),
        (
            "{ any-case: \"Yes*\" }",
            vec![Matcher::AnyCase("Yes*".into())],
        ),
        ("{ exists: false }", vec![Matcher::Exists(false)]),
        (
            "{ cidr: [10.0.0.0/8, \"2001:db8::/32\"] }",
            vec![
                Matcher::Cidr("10.0.0.0/8".into()),
                Matcher::Cidr("2001:db8::/32".into()),
            ],
        ),
        ("{ number: 3 }", range(Some((3.0, true)), Some((3.0, true)))),
        (
            "{ number: \"= 3\" }",
            range(Some((3.0, true)), Some((3.0, true))),
        ),
        ("{ number: \">= 3\" }", range(Some((3.0, true)), None)),
        ("{ number: \"<-2.5\" }", range(None, Some((-2.5, false)))),
        (
            "{ number: \"> 0 and <= 5\" }",
            range(Some((0.0, false)), Some((5.0, true))),
        ),
        (
            "{ number: \"<= 5 and > 0\" }",
            range(Some((0.0, false)), Some((5.0, true))),
        ),
        ("{ not: a }", vec![Matcher::Not(vec![glob("a")])]),
        (
            "{ not: [a, 1] }",
            vec![Matcher::Not(vec![glob("a"), exact(json!(1))])],
        ),
        (
            "{ not: { prefix: a } }",
            vec![Matcher::Not(vec![Matcher::Prefix("a".into())])],
        ),
        (
            "[{ not: { any-case: \"Yes\" } }, { exists: false }]",
            vec![
                Matcher::Not(vec![Matcher::AnyCase("Yes".into())]),
                Matcher::Exists(false),
            ],
        ),
    ] {
        assert_eq!(matchers(text), wanted, "{text}");
    }
}

#[test]
fn a_pattern_is_taken_as_yaml_and_as_json() {
    let yaml = load(
        "  - id: a\n    pattern: { source: [aws.iam], detail: { n: [{ numeric: [\"<\", 14] }] } }\n",
    );
    let json = load(
        "  - id: a\n    pattern: |\n      {\"source\": [\"aws.iam\"], \"detail\": {\"n\": [{\"numeric\": [\"<\", 14]}]}}\n",
    );
    for file in [yaml, json] {
        match &rule(&file, "a").trigger {
            Trigger::Raw { pattern, .. } => assert_eq!(
                *pattern,
                json!({ "source": ["aws.iam"], "detail": { "n": [{ "numeric": ["<", 14] }] } })
            ),
            Trigger::Events(_) => panic!("not raw"),
        }
    }
}

#[test]
fn rules_of_included_files_join_those_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    write(
        "main.yaml",
        &format!(
            "{HEAD}include: [\"rules/*.yaml\", ./rules/b.yaml]\nrules: [{{ use: root/activity }}]\n"
        ),
    );
    write(
        "rules/a.yaml",
        "version: 1\nrules: [{ id: a, events: [\"iam:*\"], channels: [phone] }]\n",
    );
    write(
        "rules/b.yaml",
        "\u{feff}version: 1\nrules: [{ use: iam/changes }]\n",
    );
    write("rules/.hidden.yaml", "no rules");
    write("rules/notes.txt", "no rules");
    let loaded = check::load(&folder.path().join("main.yaml"));
    assert_eq!(loaded.diagnostics, []);
    let file = loaded.file.unwrap();
    let ids: Vec<&str> = file.rules.iter().map(|r| r.id.0.as_str()).collect();
    assert_eq!(ids, ["a", "iam/changes", "root/activity"]);
    assert_eq!(rule(&file, "a").channels, [ChannelName("phone".into())]);
    let place = loaded.sources.position(rule(&file, "a").span);
    assert!(
        place.0.ends_with("rules/a.yaml") && (place.1, place.2) == (2, 15),
        "{place:?}"
    );
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("x.yaml"), "version: 1\nrules: []\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(
        outside.path().join("x.yaml"),
        folder.path().join("link.yaml"),
    )
    .unwrap();
    let main = folder.path().join("main.yaml");
    std::fs::write(
        &main,
        format!("{HEAD}include: [link.yaml]\nrules: [{{ use: root/activity }}]\n"),
    )
    .unwrap();
    let loaded = check::load(&main);
    assert!(loaded.file.is_none());
    assert_eq!(loaded.diagnostics[0].code, "E0306");
    assert!(
        loaded.diagnostics[0].message.contains("outside"),
        "{}",
        loaded.diagnostics[0].message
    );
}

#[test]
fn what_is_watched_is_read_as_it_is_written() {
    let with = |more: &str, codes: &[&str]| {
        let text = format!("{HEAD}{more}rules: [{{ use: root/activity }}]\n");
        let loaded = check::load_text("r", &text.replace("us-east-1", "eu-central-1"));
        let found: Vec<&str> = loaded.diagnostics.iter().map(|found| found.code).collect();
        assert_eq!(found, codes, "{:?}", loaded.diagnostics);
        loaded.file.unwrap()
    };
    let at_home = |more: &str| with(more, &[]);
    let plain = at_home("");
    assert_eq!(plain.watch.regions, Regions::Home);
    assert_eq!(
        (plain.trail, plain.topic_key),
        (Trail::None, TopicKey::None)
    );
    assert_eq!(
        at_home("watch: { regions: all }\n").watch.regions,
        Regions::All
    );
    let Regions::Listed(listed) = at_home("watch: { regions: [eu-west-1, eu-north-1] }\n")
        .watch
        .regions
    else {
        panic!("a list is a list");
    };
    let names: Vec<&str> = listed.iter().map(|(region, _)| region.as_str()).collect();
    assert_eq!(names, ["eu-west-1", "eu-north-1"]);
    let own = at_home("trail: { name: audit, bucket: acme-logs }\ntopics: { kms_key: create }\n");
    assert_eq!(
        own.trail,
        Trail::Create(TrailSettings {
            name: Some("audit".to_owned()),
            bucket: Some("acme-logs".to_owned()),
            kms_key: None,
            access_analyzer: false,
            data_events: BTreeMap::new(),
        })
    );
    assert_eq!(own.topic_key, TopicKey::Create);
    let data = "[\"arn:aws:s3:::b/\", \"arn:aws:s3:::a\", AWS::SNS::Topic, \"arn:aws:sns:us-east-1:111122223333:t\"]";
    let own = with(&format!("trail: {{ data_events: {data} }}\n"), &["W0708"]);
    let begins = own.trail.settings().data_events;
    let begins: Vec<(&str, Vec<&str>)> = begins
        .iter()
        .map(|(kind, begins)| (kind.as_str(), begins.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(
        begins,
        [
            (
                "AWS::S3::Object",
                vec!["arn:aws:s3:::a/", "arn:aws:s3:::b/"]
            ),
            ("AWS::SNS::Topic", vec![]),
        ]
    );
}

/// EventBridge lets the later of two tests of one path count, so that the order of the fields would decide,
/// and nothing keeps that order.
#[test]
fn a_raw_pattern_that_tests_a_field_twice_is_refused() {
    let compile = |detail: &str| {
        let text = format!(
            "{HEAD}rules:\n  - id: twice\n    pattern:\n      source: [aws.iam]\n      detail: {detail}\n"
        );
        let file = check::load_text("r", &text).file.unwrap();
        iamwatch::compile::compile(&file, iamwatch::compile::PATTERN_QUOTA)
    };
    let twice = "{ eventName: [CreateUser], $or: [{ eventName: [DeleteUser] }, { errorCode: [{ exists: false }] }] }";
    let problems = compile(twice).unwrap_err();
    assert_eq!(problems[0].code, "E0803");
    assert!(
        problems[0].message.contains("`detail.eventName`"),
        "{}",
        problems[0].message
    );
    let once = "{ $or: [{ eventName: [DeleteUser] }, { errorCode: [{ exists: false }] }] }";
    assert!(compile(once).is_ok());
}

#[test]
fn a_rule_accepts_a_warning_with_a_reason() {
    let rules = "  - id: a\n    events: [\"iam:*\"]\n    unless: { userAgent: x }\n    accept: { W0729: \"nobody relies on it\" }\n  - id: b\n    events: [\"iam:*\"]\n    unless: { userAgent: x }\n  - use: pack/aws-blog\n    unless: { userAgent: x }\n    accept: { W0729: as above, W0717: another }\n";
    let file = load(rules);
    let accepted = |id: &str| -> Vec<(String, String)> {
        let all = rule(&file, id).accepted.iter();
        all.map(|one| (one.code.clone(), one.reason.clone()))
            .collect()
    };
    let pair = |code: &str, reason: &str| (code.to_owned(), reason.to_owned());
    assert_eq!(accepted("a"), [pair("W0729", "nobody relies on it")]);
    assert!(accepted("b").is_empty());
    // Each member of a pack accepts what the pack does.
    let of_pack = [pair("W0729", "as above"), pair("W0717", "another")];
    assert_eq!(accepted("iam/changes"), of_pack);
    assert_eq!(accepted("iam/auth-changes"), of_pack);
    // What one rule accepts another does not.
    let loaded = check::load_text("rules.yaml", &format!("{HEAD}rules:\n{rules}"));
    let said: Vec<(&str, usize)> = loaded
        .diagnostics
        .iter()
        .map(|d| (d.code, loaded.sources.position(d.span).1))
        .collect();
    assert_eq!(said, [("W0729", 16)]);
}
