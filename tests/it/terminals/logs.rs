//! Records that an attacker has a hand in: each field of them, in what reads logs.

use iamwatch::cloudtrail::Identity;
use serde_json::{Value, json};

use super::{HOSTILE, assert_tame};
use crate::backtest::command::made;
use crate::cli::TestEnv;

const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
watch: { regions: all }
channels: { mail: { email: security@example.com } }
notify: { default: [mail] }
rules:
  - use: iam/changes
  - use: iam/user-created
  - id: ua
    title: user agents
    events: ["iam:*"]
    when: { userAgent: "nothing*" }
"#;

/// Paths into a record that an attacker, or a forged log, can fill.
const FIELDS: [&str; 15] = [
    "/eventName",
    "/eventSource",
    "/awsRegion",
    "/sourceIPAddress",
    "/userAgent",
    "/eventID",
    "/errorCode",
    "/eventTime",
    "/recipientAccountId",
    "/userIdentity/type",
    "/userIdentity/arn",
    "/userIdentity/userName",
    "/userIdentity/accountId",
    "/userIdentity/principalId",
    "/requestParameters/userName",
];

/// Markup, and what steers a terminal.
fn values() -> [String; 4] {
    [
        HOSTILE.to_owned(),
        "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&</td>".to_owned(),
        "`x` | y | [z](https://evil.example)".to_owned(),
        "line1\nFAKE: no rule fires\r\nok\u{2028}x\u{85}y".to_owned(),
    ]
}

/// Records, most of which still fire.
fn records() -> Vec<Value> {
    let mut records = Vec::new();
    for value in values() {
        for (index, field) in FIELDS.iter().enumerate() {
            let time = format!("2026-03-01T08:{index:02}:00Z");
            let mut event = made("iam:CreateUser", Identity::IamUser, "us-east-1", &time);
            for field in ["errorCode", "errorMessage"] {
                event[field] = Value::Null;
            }
            if let Some(found) = event.pointer_mut(field) {
                let before = found.as_str().unwrap_or_default().to_owned();
                *found = json!(format!("{before}{value}"));
            }
            records.push(event);
        }
    }
    records
}

fn folder() -> TestEnv {
    let env = TestEnv::new();
    std::fs::write(env.path().join("iamwatch.yaml"), RULES).unwrap();
    let lines: Vec<String> = records().iter().map(Value::to_string).collect();
    std::fs::write(env.path().join("logs.jsonl"), lines.join("\n")).unwrap();
    env
}

#[test]
fn records_are_counted_and_explained_as_text() {
    let env = folder();
    for args in [
        &["backtest", "--keep-going", "--events", "50", "logs.jsonl"][..],
        &[
            "backtest",
            "--keep-going",
            "--events",
            "50",
            "--color",
            "always",
            "logs.jsonl",
        ],
        &["backtest", "--keep-going", "--csv", "logs.jsonl"],
        &[
            "backtest",
            "--keep-going",
            "--events",
            "50",
            "--json",
            "logs.jsonl",
        ],
        &["explain", "logs.jsonl"],
        &["explain", "--all", "logs.jsonl"],
        &["explain", "--all", "--color", "always", "logs.jsonl"],
        &["explain", "--json", "logs.jsonl"],
    ] {
        let (code, out, err) = env.run(args);
        assert!(code == 0 || code == 1, "{args:?}: {err}");
        assert_tame(&args.join(" "), &format!("{out}{err}"));
        assert!(out.len() > 50, "{args:?}\n{out}{err}");
        if args.contains(&"--json") {
            let json: Value = serde_json::from_str(&out).unwrap();
            assert!(json.to_string().contains("EVIL"), "{json}");
        }
    }
}

#[test]
fn an_event_is_matched_as_text() {
    let env = TestEnv::new();
    let event = json!({ "source": HOSTILE, HOSTILE: { "a": HOSTILE } }).to_string();
    let pattern = json!({ "source": ["x", HOSTILE.to_lowercase()], HOSTILE: { "a": ["b"] } });
    let pattern = pattern.to_string();
    for more in [&[][..], &["--json"], &["--color", "always"]] {
        let args: Vec<&str> = ["match", &pattern, &event]
            .iter()
            .copied()
            .chain(more.iter().copied())
            .collect();
        let (code, out, err) = env.run(&args);
        assert_eq!(code, 1, "{out}{err}");
        assert_tame("match", &format!("{out}{err}"));
    }
    // An id may be any JSON, with white space and with escapes.
    let line = format!(
        "{{\"id\": {{ \"a\"\t: \r [1.50, {}] }}, \"pattern\": {pattern}, \"event\": {event}}}",
        json!(HOSTILE)
    );
    std::fs::write(env.path().join("vectors.jsonl"), line).unwrap();
    let (code, out, err) = env.run(&["match", "--vectors", "vectors.jsonl"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_tame("match --vectors", &format!("{out}{err}"));
    assert_eq!(out.lines().count(), 1, "{out}");
    let verdict: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(verdict["id"]["a"], json!([1.5, HOSTILE]));
    assert_eq!(verdict["verdict"], false);
    assert!(out.contains("1.50"), "as it was written: {out}");
}

#[test]
fn the_page_takes_no_name_for_markup() {
    let env = folder();
    let hostile = "<b>\u{202e}.json.gz";
    std::fs::write(env.path().join(hostile), b"\x1f\x8b\x08\x00").unwrap();
    let args = [
        "backtest",
        "--keep-going",
        "--html",
        "page.html",
        "logs.jsonl",
        hostile,
    ];
    let (_, out, err) = env.run(&args);
    assert_tame("backtest", &format!("{out}{err}"));
    let page = std::fs::read_to_string(env.path().join("page.html")).unwrap();
    assert_tame("the page", &page);
    for markup in [
        "<script",
        "<img",
        "onerror=alert(2)>",
        "<b>.",
        "</td>\"",
        "javascript:",
    ] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert!(page.contains("&lt;b&gt;"), "{page}");
}
