//! The tests that stand in rules files: run as a user would run them, their answers in `rule_tests.snap.txt`.

use iamwatch::check;
use std::fmt::Write;

use iamwatch::check::Loaded;
use iamwatch::check::tests::{event_of, run};
use iamwatch::compile::{PATTERN_QUOTA, compile};
use iamwatch::diagnostic::Level;
use iamwatch::render::diagnostic::render;
use iamwatch::rules::{self, Severity};

use crate::snapshot::is_as_kept;

const HEAD: &str = "version: 1\nname: acme\nhome: { region: eu-central-1 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules:\n";

/// What running the tests of a file says.
fn answer(loaded: &Loaded) -> String {
    let errors = loaded.diagnostics.iter().any(|d| d.level == Level::Error);
    assert!(
        !errors,
        "{}",
        render(&loaded.sources, &loaded.diagnostics, false)
    );
    let file = loaded.file.as_ref().unwrap();
    let compiled = compile(file, PATTERN_QUOTA).unwrap();
    let found = run(file, &compiled, &loaded.sources);
    render(&loaded.sources, &found, false).to_string()
}

fn answer_of(rules: &str) -> String {
    answer(&check::load_text("rules.yaml", &format!("{HEAD}{rules}")))
}

const ADMIN: &str = r#"
  - id: admin
    events: ["iam:Attach*Policy"]
    when: { requestParameters.policyArn: "*:policy/AdministratorAccess" }
    unless: { userIdentity.type: Root }
    tests:
"#;

#[test]
fn tests_that_hold_are_silent() {
    let held = answer_of(&format!(
        r#"{ADMIN}
      - name: admin on a role
        like: "iam:AttachRolePolicy"
        with: {{ requestParameters.policyArn: "arn:aws:iam::aws:policy/AdministratorAccess" }}
        expect: match
      - name: another policy
        like: "iam:AttachRolePolicy"
        expect: no-match
      - name: by root
        like: "iam:AttachRolePolicy"
        as: root
        with: {{ requestParameters.policyArn: "arn:aws:iam::aws:policy/AdministratorAccess" }}
        expect: no-match
      - name: without the policy
        like: "iam:AttachRolePolicy"
        without: [requestParameters.policyArn, errorCode, a.b]
        expect: no-match
      - name: a record
        event: {{ eventSource: iam.amazonaws.com, eventName: AttachUserPolicy, requestParameters: {{ policyArn: "x:policy/AdministratorAccess" }} }}
        expect: match
      - name: a record of another partition's spelling as text
        event: '{{ "Records": [{{ "eventSource": "iam.amazonaws.com", "eventName": "AttachUserPolicy" }}] }}'
        with: {{ requestParameters: {{ policyArn: "x:policy/AdministratorAccess" }} }}
        expect: match
      - name: an event that somebody else sends
        event: {{ source: mine, detail-type: "AWS API Call via CloudTrail", detail: {{ eventSource: iam.amazonaws.com, eventName: AttachUserPolicy, requestParameters: {{ policyArn: "x:policy/AdministratorAccess" }} }} }}
        expect: no-match
"#
    ));
    assert_eq!(held, "");
}

#[test]
fn files_of_tests_are_found_beside_the_file_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("more/events")).unwrap();
    std::fs::write(
        at("more/events/x.json"),
        r#"{ "eventSource": "iam.amazonaws.com", "eventName": "CreateUser" }"#,
    )
    .unwrap();
    let rule = |expect: &str| {
        format!(
            "version: 1\nrules:\n  - id: a\n    events: [\"iam:CreateUser\"]\n    tests: [{{ name: x, file: events/x.json, expect: {expect} }}]\n"
        )
    };
    let main = HEAD.replace("rules:", "include: [more/a.yaml]");
    std::fs::write(at("main.yaml"), main).unwrap();
    std::fs::write(at("more/a.yaml"), rule("match")).unwrap();
    assert_eq!(answer(&check::load(&at("main.yaml"))), "");
    std::fs::write(at("more/a.yaml"), rule("no-match")).unwrap();
    assert!(answer(&check::load(&at("main.yaml"))).contains("fires on `iam:CreateUser`"));
}

#[test]
fn the_tests_that_the_readme_shows_hold() {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("### Tests of rules").unwrap();
    let (_, yaml) = section.split_once("```yaml\n").unwrap();
    let (tests, _) = yaml.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("events")).unwrap();
    let record = r#"{ "Records": [{ "eventSource": "iam.amazonaws.com", "eventName": "AttachUserPolicy", "requestParameters": { "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess" } }] }"#;
    std::fs::write(folder.path().join("events/attached.json"), record).unwrap();
    let admin = ADMIN.trim_end().strip_suffix("tests:").unwrap().trim_end();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, format!("{HEAD}{admin}\n{tests}")).unwrap();
    let loaded = check::load(&file);
    assert_eq!(answer(&loaded), "");
    assert_eq!(loaded.file.unwrap().rules[0].tests.len(), 3);
}

/// Tests that fail: what they show, and the rules.
fn failing() -> Vec<(&'static str, String)> {
    let admin = |tests: &str| format!("{ADMIN}{tests}");
    vec![
        (
            "a condition that does not hold",
            admin(
                "      - { name: admin on a role, like: \"iam:AttachRolePolicy\", expect: match }\n",
            ),
        ),
        (
            "a field that is absent",
            admin(
                "      - { name: no policy, like: \"iam:AttachRolePolicy\", without: [requestParameters], expect: match }\n",
            ),
        ),
        (
            "an event that fires against the expectation",
            admin(
                "      - name: broken glass\n        like: \"iam:AttachRolePolicy\"\n        as: federated\n        with: { requestParameters.policyArn: \"arn:aws:iam::aws:policy/AdministratorAccess\" }\n        expect: no-match\n",
            ),
        ),
        (
            "an event that the rule is not about",
            admin("      - { name: a user, like: \"iam:CreateUser\", expect: match }\n"),
        ),
        (
            "a name that CloudTrail records with a version",
            "  - id: a\n    events: [\"lambda:AddPermission\"]\n    tests:\n      - { name: a door is opened, like: \"lambda:AddPermission\", expect: match }\n".to_owned(),
        ),
        (
            "a read-only event for a rule that hears of none",
            "  - id: a\n    events: [\"iam:CreateUser\"]\n    tests:\n      - { name: reads, like: \"iam:CreateUser\", with: { readOnly: true }, expect: match }\n".to_owned(),
        ),
        (
            "a disabled rule",
            "  - id: a\n    enabled: false\n    events: [\"iam:CreateUser\"]\n    when: { errorCode: { exists: true } }\n    tests:\n      - { name: fails, like: \"iam:CreateUser\", expect: match }\n".to_owned(),
        ),
        (
            "a rule of the catalogue, narrowed",
            "  - use: signin/failed\n    unless: { userIdentity.type: IAMUser }\n    tests:\n      - { name: a wrong password, like: \"signin:ConsoleLogin\", with: { responseElements.ConsoleLogin: Failure }, expect: match }\n".to_owned(),
        ),
        (
            "a path below text, below a list",
            admin(
                "      - { name: a, like: \"iam:AttachRolePolicy\", with: { userIdentity.arn.x: 1 }, expect: match }\n      - { name: b, like: \"iam:AttachRolePolicy\", with: { resources: [], resources.ARN: 1 }, expect: match }\n      - { name: c, event: { source: a, detail-type: b, detail: 5 }, with: { x.y: 1 }, expect: no-match }\n",
            ),
        ),
        (
            "an event that is too large",
            admin(&format!(
                "      - {{ name: large, like: \"iam:AttachRolePolicy\", with: {{ errorMessage: \"{}\" }}, expect: match }}\n",
                "x".repeat(262_144)
            )),
        ),
        (
            "what a terminal would not show as it is",
            admin(
                "      - { name: steered, like: \"iam:AttachRolePolicy\", with: { requestParameters.policyArn: \"\\e[31m\\u202e\" }, expect: match }\n",
            ),
        ),
        (
            "an event of another sender, of another kind, for a pattern about another service",
            "  - id: a\n    events: [\"iam:CreateUser\"]\n    tests:\n      - { name: sender, event: { source: mine, detail-type: AWS API Call via CloudTrail, detail: { eventSource: iam.amazonaws.com, eventName: CreateUser } }, expect: match }\n  - id: b\n    events: [\"iam:CreateUser\"]\n    detail-type: [AWS Console Action via CloudTrail]\n    tests:\n      - { name: kind, like: \"iam:CreateUser\", expect: match }\n  - id: c\n    pattern: { source: [aws.ec2] }\n    tests:\n      - { name: service, like: \"iam:CreateUser\", expect: match }\n".to_owned(),
        ),
        (
            "a raw pattern with many fields",
            "  - id: a\n    pattern: { source: [aws.iam], detail: { a: [x], b: [x], c: [x], d: [x], e: [x] } }\n    tests:\n      - { name: fields, like: \"iam:CreateUser\", expect: match }\n".to_owned(),
        ),
    ]
}

#[test]
fn every_failure_says_which_field_what_it_held_and_what_was_wanted() {
    let mut text = String::new();
    for (name, rules) in failing() {
        let answer = answer_of(&rules);
        assert!(!answer.is_empty(), "{name}");
        let _ = write!(text, "{:=<80}\n\n{answer}\n", format!("== {name} "));
    }
    is_as_kept("tests/it/rule_tests.snap.txt", &text);
}

#[test]
fn the_catalogue_passes_its_own_tests() {
    let loaded = check::whole_catalogue();
    assert_eq!(loaded.diagnostics, []);
    assert_eq!(answer(&loaded), "");
    let file = loaded.file.unwrap();
    let singles = rules::catalogue().iter().filter(|e| e.rules.is_empty());
    assert_eq!(file.rules.len(), singles.count());
    let sign_in = file.rules.iter().find(|rule| rule.id.0 == "root/sign-in");
    assert_eq!(sign_in.unwrap().severity, Severity::Critical);
    for rule in &file.rules {
        for test in &rule.tests {
            event_of(&file, test).unwrap();
        }
    }
}
