//! The event history of an account, and rules without a rules file, through the program.

use iamwatch::cloudtrail::Identity;
use serde_json::{Value, json};

use super::command::{made, report, write};
use crate::cli::TestEnv;
use crate::cli_deploy::Folder;

const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
trail: none
channels:
  security-mail: { email: security@example.com }
notify: { default: [security-mail] }
rules:
  - id: user-made
    title: A user was made
    events: ["iam:CreateUser"]
"#;

fn json(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|_| panic!("{out}"))
}

/// An account whose rules are deployed, with so many new users, and another call.
fn account(users: usize) -> Folder {
    let folder = Folder::with(RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.aws(async |aws| {
        for n in 0..users {
            let user = format!("user-{n}");
            let made = aws.iam.create_user().user_name(user).send().await;
            made.unwrap();
        }
        aws.sns.create_topic().name("other").send().await.unwrap();
    });
    folder
}

#[test]
fn the_event_history_is_counted_page_by_page() {
    // More than a page.
    let folder = account(60);
    let (code, out, err) = folder.run(&["backtest", "--lookup", "--json"]);
    assert_eq!(code, 0, "{out}{err}");
    let report = json(&out);
    assert_eq!(report["rules"][0]["rule"], "user-made");
    assert_eq!(report["alerts"], 60, "{report:#}");
    assert_eq!(report["complete"], true);
    assert!(report["read"]["records"].as_u64() > Some(60), "{report:#}");
    assert!(report["read"]["files"].as_u64() > Some(1), "{report:#}");
    assert!(
        err.starts_with("Reading the event history of 1 Region at AWS's rate"),
        "{err}"
    );
}

#[test]
fn the_event_history_is_read_wherever_the_rules_listen() {
    let rules = RULES.replace(
        "home: { region: us-east-1 }",
        "home: { region: eu-central-1 }\nwatch: { regions: [eu-west-1] }",
    );
    // KMS is called in a Region, and at home.
    let rules = rules.replace("iam:CreateUser", "kms:CreateKey");
    let folder = Folder::with(&rules);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.aws(async |aws| drop(aws.kms.create_key().send().await.unwrap()));
    let (code, out, err) = folder.run(&["backtest", "--lookup", "--json"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(json(&out)["alerts"], 1, "{out}");
    // Home, the Region of global services, and the one that is listed.
    assert!(
        err.starts_with("Reading the event history of 3 Regions at AWS's rate"),
        "{err}"
    );
}

#[test]
fn the_event_history_knows_nothing_of_older_days() {
    let folder = account(1);
    let args = ["backtest", "--lookup", "--until", "2020-01-01"];
    let (code, out, err) = folder.run(&args);
    assert_eq!(code, 1, "{out}");
    assert!(err.contains("reaches back 90 days only"), "{err}");
}

#[test]
fn a_rule_of_the_catalogue_needs_no_rules_file() {
    let env = TestEnv::new();
    std::fs::remove_file(env.path().join("iamwatch.yaml")).unwrap();
    let root = |region: &str| {
        let time = "2026-01-05T01:30:00Z";
        made("signin:ConsoleLogin", Identity::Root, "us-east-1", time)
            .as_object_mut()
            .map(|record| {
                record.insert("awsRegion".to_owned(), json!(region));
                Value::Object(record.clone())
            })
            .unwrap()
    };
    let log = format!("{}\n{}\n", root("us-east-1"), root("eu-west-3"));
    write(env.path(), "log.jsonl", log.as_bytes());
    let (code, counted, err) = report(&env, &["log.jsonl", "--rule", "root/sign-in"]);
    assert_eq!(code, 0, "{counted:#}{err}");
    assert_eq!(counted["rules"].as_array().unwrap().len(), 1);
    assert_eq!(counted["rules"][0]["rule"], "root/sign-in");
    // As if every Region were watched.
    assert_eq!(counted["alerts"], 2, "{counted:#}");
    let (code, _, err) = env.run(&["backtest", "log.jsonl", "--rule", "root/sign-inn"]);
    assert_eq!(code, 1);
    assert!(err.contains("no rules file iamwatch.yaml"), "{err}");
    assert!(err.contains("did you mean `root/sign-in`?"), "{err}");
    let (code, _, err) = env.run(&["backtest", "log.jsonl", "--rule", "zzz"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("`iamwatch patterns` lists the catalogue"),
        "{err}"
    );
    // Without a rule it is still the rules file that is missing.
    let (code, _, err) = env.run(&["backtest", "log.jsonl"]);
    assert_eq!(code, 1);
    assert!(err.contains("iamwatch.yaml"), "{err}");
}
