//! What programs hear of a command that fails: one JSON object, the last line of standard output.

use serde_json::Value;

use crate::cli::TestEnv;
use crate::cli_deploy::{Folder, RULES};

/// A folder in which commands run.
trait Runs {
    fn runs(&self, args: &[&str]) -> (i32, String, String);
}

impl Runs for TestEnv {
    fn runs(&self, args: &[&str]) -> (i32, String, String) {
        self.run(args)
    }
}

impl Runs for Folder {
    fn runs(&self, args: &[&str]) -> (i32, String, String) {
        self.run(args)
    }
}

/// The error of a command line, which must fail with this exit code and say so in words too.
fn error(env: &impl Runs, args: &[&str], wanted: i32) -> Value {
    let (code, out, err) = env.runs(args);
    assert_eq!(code, wanted, "{args:?}\n{out}{err}");
    let last = out
        .lines()
        .last()
        .unwrap_or_else(|| panic!("{args:?}\n{err}"));
    let document: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("{out}"));
    assert_eq!(document["format_version"], 1, "{document}");
    let error = document["error"].clone();
    assert!(
        error["help"].is_string() || error["help"].is_null(),
        "{error}"
    );
    let message = error["message"].as_str().unwrap();
    assert!(!message.is_empty() && !message.contains('\n'), "{error}");
    assert!(!err.is_empty(), "people hear of it as well");
    error
}

fn kind_of(error: &Value) -> (&str, &str) {
    let text = |name: &str| error[name].as_str().unwrap();
    (text("kind"), text("code"))
}

#[test]
fn usage_errors_are_json_where_json_is_asked_for() {
    let env = TestEnv::new();
    for (args, wanted) in [
        (&["plan", "--json", "--no-such-flag"][..], 1),
        (&["--json", "apply", "--prune=maybe"], 1),
        (&["test-event", "--json"], 1),
        (&["--json"], 1),
        (&["match", "--json"], 2),
    ] {
        let error = error(&env, args, wanted);
        assert_eq!(kind_of(&error), ("usage", "command-line"), "{error}");
    }
    let error = error(&env, &["plan", "--json", "--no-such-flag"], 1);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("--no-such-flag"), "{error}");
    // Who did not ask for JSON gets none.
    let (code, out, err) = env.run(&["plan", "--no-such-flag"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("--no-such-flag"), "{err}");
}

#[test]
fn each_kind_of_failure_has_its_code() {
    let env = TestEnv::new();
    for (args, wanted) in [
        (
            &["compile", "--rule", "root/sign-inn"][..],
            ("usage", "unknown-name"),
        ),
        (&["explain", "no-such-file.json"], ("usage", "bad-input")),
        (&["explain-code", "nonsense"], ("usage", "unknown-name")),
        (&["init"], ("usage", "cannot-write")),
        (&["coverage", "--sandbox"], ("rules", "not-for-these-rules")),
        (&["apply", "--sandbox"], ("refused", "not-approved")),
        (
            &["sandbox", "--sandbox=nowhere.json", "outbox"],
            ("internal", "sandbox"),
        ),
        (&["plan"], ("aws", "no-credentials")),
    ] {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let error = error(&env, &args, 1);
        assert_eq!(kind_of(&error), wanted, "{args:?} {error}");
    }
}

#[test]
fn conflicts_have_their_codes() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan", "--out", "plan.json"]);
    folder.succeed(&["apply", "--auto-approve"]);
    let stale = error(&folder, &["apply", "plan.json", "--json"], 1);
    assert_eq!(kind_of(&stale), ("conflict", "stale-plan"), "{stale}");

    let folder = Folder::with(RULES);
    folder.succeed(&["plan"]);
    folder.aws(async |aws| {
        let topic = aws
            .sns
            .create_topic()
            .name("iamwatch-acme-text_security-mail");
        topic.send().await.unwrap();
    });
    for command in ["plan", "apply"] {
        let theirs = error(&folder, &[command, "--json"], 1);
        assert_eq!(kind_of(&theirs), ("conflict", "not-ours"), "{theirs}");
    }
}

#[test]
fn a_match_that_cannot_be_made_is_told_as_json_too() {
    let env = TestEnv::new();
    let error = error(&env, &["match", "{", "{}", "--json"], 2);
    assert_eq!(kind_of(&error), ("usage", "bad-input"), "{error}");
}

#[test]
fn errors_of_the_rules_file_are_listed_as_check_lists_them() {
    let env = TestEnv::new();
    let rules =
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nrules:\n  - use: root/sign-inn\n";
    std::fs::write(env.path().join("iamwatch.yaml"), rules).unwrap();
    let error = error(&env, &["plan", "--sandbox", "--json"], 1);
    assert_eq!(kind_of(&error), ("rules", "rules-file"), "{error}");
    let (_, out, _) = env.run(&["check", "--json"]);
    let checked: Value = serde_json::from_str(&out).unwrap();
    let of_errors = |found: &Value| -> Vec<Value> {
        let found = found.as_array().unwrap().iter();
        found
            .filter(|one| one["level"] == "error")
            .cloned()
            .collect()
    };
    let listed = of_errors(&error["diagnostics"]);
    assert!(!listed.is_empty(), "{error}");
    assert_eq!(listed, of_errors(&checked["diagnostics"]));
}

#[test]
fn a_code_is_explained() {
    let env = TestEnv::new();
    let (code, out, err) = env.run(&["explain-code", "stale-plan"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("stale-plan: What a saved plan"), "{out}");
    let (_, out, _) = env.run(&["explain-code", "stale-plan", "--json"]);
    let one: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(one["kind"], "conflict");
}
