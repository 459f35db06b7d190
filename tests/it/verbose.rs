//! What `--verbose` shows of the requests to AWS, and what it never shows.

use crate::cli::TestEnv;

const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
trail: existing-or-create
topics: { kms_key: create }
channels:
  security-mail: { email: whistle-blower@example.com }
  ticketing: { https: "https://alerts.example.com/hooks/T0KEN5ECRET" }
notify: { default: [security-mail, ticketing] }
rules:
  - use: root/sign-in
"#;

#[test]
fn each_attempt_of_a_request_is_a_line() {
    let env = TestEnv::new();
    let (code, out, err) = env.run(&["plan", "--sandbox", "-v"]);
    assert_eq!(code, 0, "{out}{err}");
    let of_home =
        |line: &&str| line.contains("events:ListRules") && line.contains("region=us-east-1");
    let line = err.lines().find(of_home);
    let line = line.unwrap_or_else(|| panic!("{err}"));
    for words in ["account=111122223333", "attempt=1", "ms=", "outcome=ok"] {
        assert!(line.contains(words), "{line}");
    }
    assert!(err.contains("sts:GetCallerIdentity"), "{err}");
    assert!(!err.contains("request="), "once is less than twice: {err}");
    let (_, _, err) = env.run(&["plan", "--sandbox", "-vv"]);
    assert!(err.contains("request="), "{err}");
}

#[test]
fn a_refusal_is_told_by_its_code() {
    let env = TestEnv::new();
    std::fs::write(env.path().join("iamwatch.yaml"), RULES).unwrap();
    let (_, _, err) = env.run(&["plan", "--sandbox", "-v"]);
    let failed = |line: &&str| !line.ends_with("outcome=ok");
    let failed: Vec<&str> = err.lines().filter(failed).collect();
    assert!(!failed.is_empty(), "{err}");
    for line in failed {
        let (_, code) = line.split_once("outcome=").unwrap_or_default();
        let absent = [
            "NoSuchEntity",
            "ResourceNotFoundException",
            "NoSuchBucket",
            "StateMachineDoesNotExist",
            "404",
        ];
        assert!(absent.contains(&code), "{line}");
    }
}

#[test]
fn nothing_is_shown_unless_it_is_asked_for() {
    let env = TestEnv::new();
    std::fs::write(env.path().join("iamwatch.yaml"), RULES).unwrap();
    let (code, _, err) = env.run(&["plan", "--sandbox"]);
    assert_eq!((code, err.as_str()), (0, ""));
}

#[test]
fn no_word_of_a_request_is_ever_shown() {
    let env = TestEnv::new();
    std::fs::write(env.path().join("iamwatch.yaml"), RULES).unwrap();
    for args in [
        &["apply", "--sandbox", "--auto-approve", "-vvv"][..],
        &["plan", "--sandbox", "-vvv"],
        &["status", "--sandbox", "-vvv"],
    ] {
        let (code, out, err) = env.run(args);
        // Nobody has confirmed: `status` finds fault with that.
        let wanted = if args[0] == "status" { 2 } else { 0 };
        assert_eq!(code, wanted, "{out}{err}");
        assert!(err.contains("ms="), "{out}{err}");
        for secret in [
            "whistle-blower",
            "T0KEN5ECRET",
            "alerts.example.com",
            "Statement",
            "Principal",
            "arn:aws",
            "Credential",
            "AKIA",
            "ASIA",
            "Signature",
            "root/sign-in",
        ] {
            let shown: Vec<&str> = err.lines().filter(|line| line.contains(secret)).collect();
            let ours: Vec<&&str> = shown.iter().filter(|line| line.contains("ms=")).collect();
            assert!(ours.is_empty(), "`{secret}` is shown: {ours:?}");
            assert!(shown.is_empty(), "`{secret}` is shown: {shown:?}");
        }
    }
}
