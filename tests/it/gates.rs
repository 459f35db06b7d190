//! What stands between a rules file and AWS: the tests of the rules pass, and whoever deploys them hears what `check` says.

use serde_json::Value;

use crate::cli::TestEnv;
use crate::cli_deploy::{Folder, RULES};

/// A test that fails, of a rule of one's own.
const FAILS: &str = r#"  - id: keys
    events: ["iam:CreateAccessKey"]
    tests:
      - { name: a user is made, like: "iam:CreateUser", expect: match }
"#;

/// A test that passes and one that fails, of a rule of the catalogue, which another rule does not need.
const FAILS_OF_USE: &str = r#"  - use: iam/user-created
    unless: { userIdentity.type: Root }
    tests:
      - { name: somebody, like: "iam:CreateUser", expect: match }
      - { name: root itself, like: "iam:CreateUser", as: root, expect: match }
"#;

/// An event of a test that is not there.
const NO_EVENT: &str = r#"  - id: keys
    events: ["iam:CreateAccessKey"]
    tests:
      - { name: recorded, file: events/nowhere.json, expect: match }
"#;

/// A test of a rule that is not deployed.
const DISABLED: &str = r#"  - id: keys
    enabled: false
    events: ["iam:CreateAccessKey"]
    tests:
      - { name: nothing of it, like: "iam:CreateAccessKey", expect: no-match }
"#;

fn with(rules: &str) -> String {
    format!("{RULES}{rules}")
}

/// A warning that only compiled patterns show: readers are told twice.
const WARNED: &str = r#"  - { id: user-made, events: ["iam:CreateUser"] }
  - { id: anything-made, events: ["iam:Create*"] }
"#;

#[test]
fn a_test_that_does_not_pass_stops_a_deployment_before_aws_is_asked() {
    for rules in [FAILS, FAILS_OF_USE, NO_EVENT, DISABLED] {
        let folder = Folder::with(&with(rules));
        for args in [
            &["plan"][..],
            &["plan", "--out", "plan.json"],
            &["apply", "--auto-approve"],
            &["apply", "--rule", "root/sign-in", "--auto-approve"],
        ] {
            let (code, out, err) = folder.run(args);
            assert_eq!((code, out.as_str()), (1, ""), "{args:?} {rules}\n{err}");
            assert!(
                err.contains("iamwatch.yaml:") && err.contains("--skip-tests"),
                "{err}"
            );
            assert!(err.contains("1 test of the rules does not pass"), "{err}");
        }
        assert!(!folder.path(".iamwatch-sandbox.json").exists(), "{rules}");
        assert!(!folder.path("plan.json").exists(), "{rules}");
    }
}

#[test]
fn the_tests_come_before_the_credentials() {
    let env = TestEnv::new();
    std::fs::write(env.path().join("iamwatch.yaml"), with(FAILS)).unwrap();
    let (code, out, err) = env.run(&["plan", "--json"]);
    assert_eq!(code, 1, "{out}{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    let error = &document["error"];
    assert_eq!(error["code"], "rules-file", "{error}");
    let mut found = error["diagnostics"].as_array().unwrap().iter();
    assert!(found.any(|found| found["level"] == "error"), "{error}");
    assert!(
        error["help"].as_str().unwrap().contains("--skip-tests"),
        "{error}"
    );
    // With them skipped the next gate is that of AWS.
    let (_, out, _) = env.run(&["plan", "--json", "--skip-tests"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["error"]["code"], "no-credentials", "{document}");
}

#[test]
fn skipped_tests_are_a_word_in_every_output() {
    for rules in [FAILS, FAILS_OF_USE, NO_EVENT, DISABLED] {
        let folder = Folder::with(&with(rules));
        let out = folder.succeed(&["plan", "--skip-tests"]);
        assert!(out.contains("tests of the rules were not run"), "{out}");
        let out = folder.succeed(&["plan", "--skip-tests", "--json"]);
        let plan: Value = serde_json::from_str(&out).unwrap();
        let notes = plan["notes"].as_array().unwrap();
        let said = |note: &Value| note["message"].as_str().unwrap().contains("--skip-tests");
        assert!(notes.iter().any(said), "{plan}");
        // A saved plan carries the word to whoever applies it.
        folder.succeed(&["plan", "--skip-tests", "--out", "plan.json"]);
        let out = folder.succeed(&["apply", "plan.json"]);
        assert!(out.contains("tests of the rules were not run"), "{out}");
    }
    let folder = Folder::with(&with(FAILS));
    let out = folder.succeed(&["apply", "--skip-tests", "--auto-approve", "--json"]);
    let first: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(first["event"], "rules", "{first}");
    assert_eq!(first["tests_skipped"], true, "{first}");
}

#[test]
fn what_is_not_about_tests_is_not_skipped() {
    for (rules, word) in [
        (
            "  - { id: a, events: [\"iam:CreateUser\"], when: { userIdentity.type: { prefix: 5 } } }\n",
            "prefix",
        ),
        (
            "  - { id: a, events: [\"iam:CreateUserr\"] }\n",
            "CreateUserr",
        ),
        (
            "  - { id: a, events: [\"iam:CreateUser\"], tests: [{ name: x, like: \"iam:CreateUser\", expect: fire }] }\n",
            "fire",
        ),
    ] {
        let folder = Folder::with(&with(rules));
        let err = folder.fail(&["plan", "--skip-tests"]);
        assert!(err.contains(word), "{err}");
        assert!(
            !err.contains("help: correct the rules or the tests"),
            "{err}"
        );
    }
}

#[test]
fn tests_that_pass_and_a_file_without_any_stop_nothing() {
    let passes = FAILS.replace("iam:CreateUser", "iam:CreateAccessKey");
    for rules in [with(&passes), RULES.to_owned()] {
        let folder = Folder::with(&rules);
        let out = folder.succeed(&["plan"]);
        assert!(!out.contains("--skip-tests"), "{out}");
        folder.succeed(&["apply", "--auto-approve"]);
    }
}

/// The plan was made when the tests passed, and is for this text of the rules file alone.
#[test]
fn a_saved_plan_needs_no_tests_again() {
    let passes = FAILS.replace("like: \"iam:CreateUser\"", "file: event.json");
    let folder = Folder::with(&with(&passes));
    let event = r#"{ "eventSource": "iam.amazonaws.com", "eventName": "CreateAccessKey" }"#;
    std::fs::write(folder.path("event.json"), event).unwrap();
    folder.succeed(&["plan", "--out", "plan.json"]);
    // The event is no part of what is deployed.
    std::fs::remove_file(folder.path("event.json")).unwrap();
    folder.fail(&["apply", "--auto-approve"]);
    folder.succeed(&["apply", "plan.json"]);
}

#[test]
fn flags_of_a_saved_plan_are_its_own() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan", "--out", "plan.json"]);
    let err = folder.fail(&["apply", "plan.json", "--skip-tests"]);
    assert!(err.contains("--skip-tests"), "{err}");
}

#[test]
fn whoever_deploys_hears_the_warnings_of_check() {
    let folder = Folder::with(&with(WARNED));
    let (_, checked, _) = folder.run(&["check", "--json"]);
    let checked: Value = serde_json::from_str(&checked).unwrap();
    let codes = |found: &Value| -> Vec<String> {
        let found = found.as_array().unwrap_or_else(|| panic!("{found}"));
        found
            .iter()
            .map(|d| d["code"].as_str().unwrap().to_owned())
            .collect()
    };
    let wanted = codes(&checked["diagnostics"]);
    assert!(!wanted.is_empty(), "{checked}");

    let (code, out, err) = folder.run(&["plan", "--json"]);
    assert_eq!(code, 0, "{err}");
    let plan: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(codes(&plan["diagnostics"]), wanted);
    let (code, out, err) = folder.run(&["apply", "--auto-approve", "--json"]);
    assert_eq!(code, 0, "{err}");
    let first: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(codes(&first["diagnostics"]), wanted);
    assert_eq!(first["tests_skipped"], false);
    for args in [&["plan"][..], &["apply", "--auto-approve"]] {
        let (code, out, err) = folder.run(args);
        assert_eq!(code, 0, "{err}");
        for code in &wanted {
            assert!(
                err.contains(code.as_str()) && !out.contains(code.as_str()),
                "{err}"
            );
        }
    }
}
