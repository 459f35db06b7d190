//! The program as a user runs it: output, exit codes, what it says when something is wrong.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A folder of its own, an environment without credentials, and the binary.
pub(crate) struct TestEnv {
    folder: tempfile::TempDir,
}

const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
trail: existing-or-create
channels:
  security-mail: { email: security@example.com }
notify: { default: [security-mail] }
rules:
  - use: root/sign-in
  - use: signin/failed
"#;

impl TestEnv {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("iamwatch.yaml"), RULES).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iamwatch"));
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> (i32, String, String) {
        text(self.command(args).output().unwrap())
    }
}

fn text(output: Output) -> (i32, String, String) {
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn the_demo_ends_without_changes() {
    let env = TestEnv::new();
    let (code, out, err) = env.run(&["demo"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("arrived") && out.trim_end().ends_with("is as the rules file asks."));
    let readme = include_str!("../../README.md");
    assert!(
        readme.contains(out.trim()),
        "README.md does not show this transcript of `iamwatch demo`:\n{out}"
    );
}

#[test]
fn the_story_of_an_organization_forgets_nobody() {
    let (code, out, err) = TestEnv::new().run(&["demo", "--org"]);
    assert_eq!(code, 0, "{out}{err}");
    let told = [
        "0 that cannot be worked in",
        "suspended or closed: 200000000011 (closed)",
        "11 of 11 accounts",
        "11 of 12 accounts",
        "Applied to 1 of 1 account ",
        "36 of 36 ways home good",
    ];
    let mut from = 0;
    for words in told {
        let at = out[from..].find(words);
        from += at.unwrap_or_else(|| panic!("`{words}` is missing:\n{out}"));
    }
}

/// What is proposed for a command line must be one that can be given.
#[test]
fn a_wrong_command_line_is_answered_with_one_that_works() {
    let env = TestEnv::new();
    let (code, _, err) = env.run(&["test-event"]);
    assert_eq!(code, 1);
    for way in ["`--all`", "`--region R`", "`--all-accounts`", "`--real`"] {
        assert!(err.contains(way), "{err}");
    }
    let (code, _, err) = env.run(&["permissions", "--bus-policies", "--for", "plan"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("cannot be used with") && !err.contains("--bus-policies --for"),
        "{err}"
    );
    let role = "arn:aws:iam::111122223333:role/x";
    let (code, _, err) = env.run(&["permissions", "--for", "plan", "--except-role", role]);
    assert_eq!(code, 1);
    assert!(err.contains("cannot be used with"), "{err}");
}

/// While AWS is being read nothing has been changed, and programs are told that it was Ctrl-C.
#[cfg(unix)]
#[test]
fn ctrl_c_before_anything_is_changed_is_said_to_programs() {
    use std::time::Duration;

    let env = TestEnv::new();
    // It takes connections, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let child = env
        .command(&["apply", "--auto-approve", "--json"])
        .env(
            "AWS_ENDPOINT_URL",
            format!("http://{}", silent.local_addr().unwrap()),
        )
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "us-east-1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever connects waits for Ctrl-C by then.
    std::thread::sleep(Duration::from_secs(2));
    let id = child.id().to_string();
    let kill = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(kill.success());
    let (code, out, err) = text(child.wait_with_output().unwrap());
    assert_eq!(code, 130, "{out}{err}");
    let last: serde_json::Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "stopped", "{out}");
    assert!(err.contains("nothing was changed"), "{err}");
}

#[test]
fn init_says_to_programs_what_it_wrote() {
    let env = TestEnv::new();
    let (code, out, _) = env.run(&["init", "--json", "-f", "new.yaml"]);
    assert_eq!(code, 0);
    let written: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(written["format_version"], 1);
    assert_eq!(written["file"], "new.yaml");
}

/// What is said of other rules would hide the answer about the one.
#[test]
fn who_asks_about_one_rule_hears_of_that_and_of_the_file() {
    let env = TestEnv::new();
    let path = env.path().join("iamwatch.yaml");
    let rules = std::fs::read_to_string(&path).unwrap();
    let rules = rules.replace("notify:", "  spare: { email: a@example.com }\nnotify:");
    let own = "  - { id: a, events: [\"iam:*\"], unless: { userAgent: x } }\n  - { id: b, events: [\"kms:*\"], unless: { userAgent: x } }\n";
    std::fs::write(&path, format!("{rules}{own}")).unwrap();
    let record = "{\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"CreateUser\"}";
    for args in [
        &["compile", "--rule", "a"][..],
        &["explain", record, "--rule", "a"],
        &["compile"],
    ] {
        let (code, _, err) = env.run(args);
        assert_eq!(code, 0, "{err}");
        let expected = if args.len() == 1 { 2 } else { 1 };
        assert_eq!(err.matches("[W0729]").count(), expected, "{args:?}: {err}");
        // What is said of a channel concerns them all.
        assert!(err.contains("[W0701]"), "{args:?}: {err}");
    }
    let (code, _, err) = env.run(&["compile", "--rule", "nope"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("no enabled rule `nope`") && !err.contains("warning"),
        "{err}"
    );
}

#[test]
fn the_sandbox_keeps_what_apply_made() {
    let env = TestEnv::new();
    let (code, out, err) = env.run(&["plan", "--sandbox", "--detailed-exitcode"]);
    assert_eq!(code, 2, "{out}{err}");
    let (code, out, err) = env.run(&["apply", "--sandbox", "--auto-approve"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("security@example.com"), "{out}");
    let (code, out, err) = env.run(&["plan", "--sandbox", "--detailed-exitcode"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("No changes"), "{out}");

    let (code, out, _) = env.run(&["test-event", "--sandbox", "root/sign-in", "--wait"]);
    assert_eq!(code, 1, "nobody has confirmed yet: {out}");
    assert!(out.contains("not confirmed"), "{out}");
    let (code, out, err) = env.run(&["sandbox", "confirm"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = env.run(&[
        "test-event",
        "--sandbox",
        "--all",
        "--wait",
        "--auto-approve",
    ]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = env.run(&["sandbox", "outbox"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("[iamwatch.test."), "{out}");

    let (code, out, err) = env.run(&["destroy", "--sandbox", "--auto-approve"]);
    assert_eq!(code, 0, "{out}{err}");
    let (_, out, _) = env.run(&["plan", "--sandbox", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(plan["format_version"], 1);
    let actions = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["action"].as_str().unwrap());
    assert!(
        actions.into_iter().all(|action| action == "create"),
        "{out}"
    );
}

#[test]
fn without_a_terminal_apply_changes_nothing_and_says_so() {
    let env = TestEnv::new();
    let (code, _, err) = env.run(&["apply", "--sandbox"]);
    assert_eq!(code, 1);
    assert!(err.contains("--auto-approve"), "{err}");
    let (code, _, _) = env.run(&["plan", "--sandbox", "--detailed-exitcode"]);
    assert_eq!(code, 2, "nothing was applied");
}

#[test]
fn without_credentials_the_error_says_what_to_do() {
    let env = TestEnv::new();
    let (code, _, err) = env.run(&["plan"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("aws sso login") && err.contains("--sandbox"),
        "{err}"
    );
}

#[test]
fn a_rules_file_for_another_account_is_refused() {
    let env = TestEnv::new();
    env.run(&["apply", "--sandbox", "--auto-approve"]);
    let other = RULES.replace("us-east-1 }", "us-east-1, account: \"444455556666\" }");
    std::fs::write(env.path().join("iamwatch.yaml"), other).unwrap();
    let (code, _, err) = env.run(&["plan", "--sandbox"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("444455556666") && err.contains("111122223333"),
        "{err}"
    );
}

#[test]
fn status_exits_with_two_until_an_alert_would_arrive() {
    let env = TestEnv::new();
    let (code, out, err) = env.run(&["status", "--sandbox"]);
    assert_eq!(code, 2, "{out}{err}");
    assert_eq!(
        out,
        "Not deployed: nothing of `acme` stands in 111122223333/us-east-1: `iamwatch apply` deploys 2 rules.\n"
    );
    // Programs hear all that is missing.
    let (_, out, _) = env.run(&["status", "--sandbox", "--json"]);
    let health: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(health["deployed"], false);
    let findings = health["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|f| f["problem"] == "the account has none"),
        "{health}"
    );
    env.run(&["apply", "--sandbox", "--auto-approve"]);
    let (code, out, _) = env.run(&["status", "--sandbox", "--json"]);
    assert_eq!(code, 2);
    let health: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&health["format_version"], &health["healthy"]),
        (&1.into(), &false.into())
    );
    assert_eq!(health["findings"][0]["weight"], "loses_alerts");
    assert_eq!(health["findings"][0]["problem"], "it is not confirmed");
    env.run(&["sandbox", "confirm"]);
    let (code, out, err) = env.run(&["status", "--sandbox"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.starts_with("Healthy: acme in 111122223333/us-east-1: 2 rules"),
        "{out}"
    );
    let (code, out, err) = env.run(&["dlq", "--sandbox"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("No dead letters"), "{out}");
    let (code, out, _) = env.run(&["dlq", "--sandbox", "--redrive", "--json"]);
    assert_eq!(code, 0, "{out}");
    let done: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(done["redriven"]["sent"], serde_json::json!([]));
}

#[test]
fn a_rule_that_is_not_there_is_guessed() {
    let env = TestEnv::new();
    let (code, _, err) = env.run(&["plan", "--sandbox", "--rule", "root/signin"]);
    assert_eq!(code, 1);
    assert!(err.contains("did you mean `root/sign-in`?"), "{err}");
}

#[test]
fn a_narrowed_run_touches_only_what_it_names() {
    let env = TestEnv::new();
    let (code, out, err) = env.run(&[
        "apply",
        "--sandbox",
        "--auto-approve",
        "--rule",
        "root/sign-in",
    ]);
    assert_eq!(code, 0, "{out}{err}");
    let (_, out, _) = env.run(&["plan", "--sandbox"]);
    assert!(
        out.contains("signin.failed") && !out.contains("root.sign-in"),
        "{out}"
    );
    // The other rule goes from the file: it is deleted only when asked, and not by a narrowed run.
    let (code, ..) = env.run(&["apply", "--sandbox", "--auto-approve"]);
    assert_eq!(code, 0);
    let fewer = RULES.replace("  - use: signin/failed\n", "");
    std::fs::write(env.path().join("iamwatch.yaml"), fewer).unwrap();
    let (_, out, _) = env.run(&["plan", "--sandbox", "--rule", "root/sign-in", "--prune"]);
    assert!(out.contains("No changes"), "{out}");
    let (_, out, _) = env.run(&["plan", "--sandbox"]);
    assert!(
        out.contains("--prune") && out.contains("No changes"),
        "{out}"
    );
    let (_, out, _) = env.run(&["plan", "--sandbox", "--prune"]);
    assert!(out.contains("1 to delete"), "{out}");
}

#[test]
fn a_change_that_would_silence_a_rule_is_announced() {
    let env = TestEnv::new();
    env.run(&["apply", "--sandbox", "--auto-approve"]);
    env.run(&["sandbox", "confirm"]);
    let (_, out, _) = env.run(&["plan", "--sandbox"]);
    assert!(!out.contains("heard today"), "{out}");
    let moved = RULES.replace("security@example.com", "new@example.com");
    std::fs::write(env.path().join("iamwatch.yaml"), moved).unwrap();
    let (_, out, _) = env.run(&["plan", "--sandbox", "--prune"]);
    assert!(
        out.contains("heard today") && out.contains("root/sign-in, signin/failed"),
        "{out}"
    );
    let (_, out, _) = env.run(&["plan", "--sandbox"]);
    assert!(
        !out.contains("heard today"),
        "without --prune the old address stays: {out}"
    );
    // The same with a telephone, which nobody must confirm, is no silence.
    let phone = RULES.replace("email: security@example.com", "sms: \"+4915112345678\"");
    std::fs::write(env.path().join("iamwatch.yaml"), phone).unwrap();
    let (_, out, _) = env.run(&["plan", "--sandbox", "--prune"]);
    assert!(!out.contains("heard today"), "{out}");
}

#[test]
fn usage_errors_exit_with_one_and_those_of_match_with_two() {
    let env = TestEnv::new();
    assert_eq!(env.run(&["no-such-command"]).0, 1);
    assert_eq!(env.run(&["match"]).0, 2);
    assert_eq!(env.run(&["--version"]).0, 0);
    assert_eq!(
        env.run(&["match", "{}", "{}"]).0,
        2,
        "an empty pattern is not valid"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let env = TestEnv::new();
    let mut child = env
        .command(&["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(output), (0, String::new(), String::new()));
}

#[test]
fn a_broken_sandbox_file_is_named() {
    let env = TestEnv::new();
    std::fs::write(env.path().join("aws.json"), "{").unwrap();
    let (code, _, err) = env.run(&["plan", "--sandbox=aws.json"]);
    assert_eq!(code, 1);
    assert!(err.contains("aws.json"), "{err}");
}

#[test]
fn every_example_compiles() {
    let env = TestEnv::new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut count = 0;
    for example in std::fs::read_dir(examples).unwrap() {
        let path = example.unwrap().path();
        let (code, out, err) = env.run(&["compile", "--json", "-f", path.to_str().unwrap()]);
        assert_eq!((code, err.as_str()), (0, ""), "{}", path.display());
        let compiled: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(compiled["format_version"], 1);
        assert!(!compiled["patterns"].as_array().unwrap().is_empty());
        count += 1;
    }
    assert!(count >= 3);
}

/// Every command line of the README, in its order. Without a terminal nobody answers, and without an AWS
/// account the sandbox stands in: those flags are added, nothing else.
#[test]
fn the_readme_speaks_the_truth() {
    let env = TestEnv::new();
    std::fs::remove_file(env.path().join("iamwatch.yaml")).unwrap();
    let readme = include_str!("../../README.md");
    let mut ran = Vec::new();
    for line in readme.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let command = line.split(" #").next().unwrap().trim();
        let Some(args) = command
            .strip_prefix("iamwatch ")
            .or_else(|| command.strip_prefix("cargo run -- "))
        else {
            // This test is part of it.
            assert!(
                ["cargo test", "cargo bench"].contains(&command),
                "unknown command {command}"
            );
            continue;
        };
        let args = args.replace('\'', "");
        let mut args: Vec<&str> = args.split(' ').collect();
        if ["plan", "apply", "destroy", "status", "test-event", "dlq"].contains(&args[0]) {
            args.push("--sandbox");
        }
        if args.contains(&"--all") || ["apply", "destroy"].contains(&args[0]) {
            args.push("--auto-approve");
        }
        let (code, out, err) = env.run(&args);
        assert_eq!(code, 0, "{command}\n{out}{err}");
        if args[0] == "apply" {
            env.run(&["sandbox", "confirm"]);
        }
        ran.push(args[0].to_owned());
    }
    for wanted in ["demo", "init", "plan", "apply", "test-event", "destroy"] {
        assert!(
            ran.iter().any(|command| command == wanted),
            "{wanted} is missing"
        );
    }
    let example = include_str!("../../examples/acme.yaml");
    assert!(
        readme.contains(example.trim()),
        "README.md does not show examples/acme.yaml"
    );
}
