//! `iamwatch check` as a command: exit codes, JSON, SARIF, standard input.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::cli::TestEnv;

const WARNED: &str = "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules:\n  - { id: ä, events: [\"iam:CreateUsers\"] }\n";

fn written(text: &str) -> TestEnv {
    let env = TestEnv::new();
    std::fs::write(env.path().join("iamwatch.yaml"), text).unwrap();
    env
}

fn warned() -> String {
    WARNED.replace("id: ä", "id: a, title: ä")
}

#[test]
fn a_clean_file_is_summed_up_in_one_line() {
    let env = TestEnv::new();
    let file = std::fs::read_to_string(env.path().join("iamwatch.yaml")).unwrap();
    let all = file.replace("trail:", "watch: { regions: all }\ntrail:");
    std::fs::write(env.path().join("iamwatch.yaml"), all).unwrap();
    let (code, out, err) = env.run(&["check"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert_eq!(
        out,
        "iamwatch.yaml: nothing to complain about in 2 rules, 2 event patterns, 0 tests\n"
    );
}

#[test]
fn warnings_fail_only_where_they_are_denied_and_errors_always() {
    let env = written(&warned());
    let (code, out, _) = env.run(&["check"]);
    assert_eq!(code, 0);
    assert!(
        out.contains("warning[W0710]: `iam` has no event `CreateUsers`"),
        "{out}"
    );
    assert!(out.contains("did you mean `iam:CreateUser`?"), "{out}");
    assert!(
        out.ends_with("iamwatch.yaml: 1 warning in 1 rule, 1 event pattern, 0 tests\n"),
        "{out}"
    );
    assert_eq!(env.run(&["check", "--deny", "warnings"]).0, 1);
    let env = written(WARNED);
    let (code, out, _) = env.run(&["check"]);
    assert_eq!(code, 1);
    assert!(
        out.ends_with("iamwatch.yaml: 1 error, 1 warning\n"),
        "{out}"
    );
}

#[test]
fn what_is_more_than_a_screen_is_counted_first_and_begins_with_the_errors() {
    let mut text = WARNED.replace("id: ä", "id: a");
    for n in 0..20 {
        text.push_str(&format!(
            "  - {{ id: a{n}, severity: info, events: [\"iam:CreateUsers\"], channels: [mail] }}\n"
        ));
    }
    text.push_str(
        "  - { id: b, events: [\"iam:CreateRole\"], when: { eventID: { exists: false } } }\n",
    );
    let env = written(&text);
    let (code, out, _) = env.run(&["check"]);
    assert_eq!(code, 1);
    assert!(
        out.starts_with("1 error, 21 warnings, the errors first\n\nerror[E0807]"),
        "{out}"
    );
    assert!(out.contains(": 1 error, 21 warnings in 22 rules"), "{out}");
    // In their order for programs.
    let (_, out, _) = env.run(&["check", "--json"]);
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(found["diagnostics"][0]["code"], "W0710");
}

#[test]
fn the_last_line_names_the_other_files_that_something_is_said_of() {
    let env = written(
        &WARNED
            .replace("rules:", "include: [more.yaml]\nrules:")
            .replace("id: ä", "id: a"),
    );
    let more = "version: 1\nrules: [{ id: b, severity: high, events: [\"iam:DeleteUsers\"] }]\n";
    std::fs::write(env.path().join("more.yaml"), more).unwrap();
    let (code, out, _) = env.run(&["check"]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.ends_with(
            "2 warnings in 2 rules, 2 event patterns, 0 tests; look into more.yaml too\n"
        ),
        "{out}"
    );
}

#[test]
fn a_test_that_fails_for_a_misspelt_name_says_where_it_stands() {
    let head = WARNED.split("  - { id").next().unwrap();
    let env = written(&format!(
        "{head}  - id: a\n    events: [\"iam:CreateUsers\"]\n    tests: [{{ name: one, like: \"iam:CreateUser\", expect: match }}]\n  - id: b\n    severity: low\n    events: [\"iam:DeleteUser\"]\n    tests: [{{ name: one, like: \"iam:DeleteUsers\", expect: match }}]\n"
    ));
    let (code, out, _) = env.run(&["check"]);
    assert_eq!(code, 1);
    for said in [
        "correct the name `iam:CreateUsers` under `events`",
        "correct the name `iam:DeleteUsers` under `like`",
    ] {
        assert!(out.contains(said), "{out}");
    }
    assert!(!out.contains("is about other events"), "{out}");
}

#[test]
fn a_missing_event_of_a_test_hides_no_other_test() {
    let env = written(
        &[
            WARNED.replace("id: ä", "id: a").as_str(),
            "  - id: b\n    severity: high\n    events: [\"iam:CreateRole\"]\n    tests:\n",
            "      - { name: gone, file: gone.json, expect: match }\n",
            "      - { name: wrong, like: \"iam:CreateRole\", expect: no-match }\n",
            "  - { id: c, severity: low, events: [\"iam:CreateRole\"], when: { eventID: { exists: false } } }\n",
        ]
        .concat(),
    );
    let (code, out, _) = env.run(&["check"]);
    assert_eq!(code, 1);
    for code in ["E0101", "E1001", "E0807", "W0710"] {
        assert!(out.contains(&format!("[{code}]")), "{code}: {out}");
    }
    // What does not load is not deployed.
    let (code, _, err) = env.run(&["compile"]);
    assert_eq!(code, 1);
    assert!(err.contains("[E0101]"), "{err}");
}

#[test]
fn json_says_where_by_line_and_column() {
    let env = written(&warned());
    let (code, out, err) = env.run(&["check", "--json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        found,
        json!({
            "format_version": 1,
            "diagnostics": [{
                "code": "W0710",
                "level": "warning",
                "message": "`iam` has no event `CreateUsers`",
                "label": "this would never be heard of",
                "help": "did you mean `iam:CreateUser`?",
                "file": "iamwatch.yaml",
                "line": 7,
                "column": 33,
                "end": { "line": 7, "column": 50 },
            }],
            "errors": 0,
            "warnings": 1,
            "rules": 1,
            "patterns": 1,
            "tests": 0,
        })
    );
}

#[test]
fn sarif_has_what_code_hosts_need() {
    let env = written(&warned());
    let (code, out, err) = env.run(&["check", "--sarif", "--deny", "warnings"]);
    assert_eq!((code, err.as_str()), (1, ""));
    let sarif: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "iamwatch");
    let result = &run["results"][0];
    assert_eq!(
        (&result["ruleId"], &result["level"]),
        (&"W0710".into(), &"warning".into())
    );
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    let rule = &run["tool"]["driver"]["rules"][index];
    assert_eq!(rule["id"], "W0710");
    assert!(
        !rule["shortDescription"]["text"]
            .as_str()
            .unwrap()
            .is_empty()
    );
    assert!(
        result["message"]["text"]
            .as_str()
            .unwrap()
            .contains("CreateUsers")
    );
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "iamwatch.yaml");
    assert_eq!(
        place["region"],
        json!({ "startLine": 7, "startColumn": 33, "endLine": 7, "endColumn": 50 })
    );
}

/// Runs with the text on standard input.
fn piped(env: &TestEnv, args: &[&str], text: &[u8]) -> (i32, String, String) {
    let mut child = env
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn an_editor_pipes_what_it_has_not_saved() {
    let env = TestEnv::new();
    let (code, out, _) = piped(&env, &["check", "-f", "-"], warned().as_bytes());
    assert_eq!(code, 0);
    assert!(out.contains("--> <stdin>:7:33"), "{out}");
    let including = format!("{}include: [more.yaml]\n", warned());
    let (code, out, _) = piped(&env, &["check", "-f", "-"], including.as_bytes());
    assert_eq!(code, 1);
    assert!(out.contains("no folder to look in"), "{out}");
    // With a name, includes are found beside it, although it does not exist yet.
    std::fs::create_dir(env.path().join("sub")).unwrap();
    let more = "version: 1\nrules: [{ use: root/sign-in }]\n";
    std::fs::write(env.path().join("sub/more.yaml"), more).unwrap();
    let args = ["check", "-f", "-", "--stdin-name", "sub/new.yaml"];
    let (code, out, _) = piped(&env, &args, including.as_bytes());
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("--> sub/new.yaml:7:33") && out.contains("2 rules"),
        "{out}"
    );
    let (code, out, _) = piped(
        &env,
        &["check", "-f", "-"],
        b"version: 1\nname: M\xfcller\n",
    );
    assert_eq!(code, 1);
    assert!(out.contains("E0103"), "{out}");
    let (code, _, err) = env.run(&["check", "--stdin-name", "x.yaml"]);
    assert_eq!(code, 1);
    assert!(err.contains("give `-f -`"), "{err}");
}

#[test]
fn raised_quotas_are_not_checked_and_others_are() {
    let rule = |n| {
        format!(
            "  - {{ id: a{n}, events: [\"iam:CreateUser\"], when: {{ requestParameters.userName: u{n} }} }}\n"
        )
    };
    let rules: String = (0..301).map(rule).collect();
    let (head, _) = WARNED.split_once("  - ").unwrap();
    let env = written(&format!("{head}{rules}"));
    let (code, out, _) = env.run(&["check"]);
    assert_eq!(code, 1);
    assert!(
        out.contains("301 event rules, and 300 is the limit"),
        "{out}"
    );
    let (code, out, _) = env.run(&["check", "--raised-quotas"]);
    assert_eq!(code, 0, "{out}");
}
