//! `iamwatch patterns`.

use serde_json::Value;

use super::{entry, pack};
use crate::cli::TestEnv;

fn json(env: &TestEnv, args: &[&str]) -> Value {
    let (code, out, err) = env.run(&[&["patterns", "--json"], args].concat());
    assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["format_version"], 1);
    document
}

fn ids(document: &Value, key: &str) -> Vec<String> {
    let list = document[key].as_array().unwrap().iter();
    list.map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_list_groups_rules_by_service_and_names_the_packs() {
    let env = TestEnv::new();
    let (code, out, err) = env.run(&["patterns"]);
    assert_eq!(code, 0, "{err}");
    let count = pack("pack/all").len();
    assert_eq!(
        err,
        format!("{count} rules. `iamwatch patterns ID` shows one.\n")
    );
    assert!(
        out.contains("\nroot\n  critical  root/access-key "),
        "{out}"
    );
    assert!(out.contains("\npacks\n  "), "{out}");
    let rows = out.lines().filter(|line| line.starts_with("  "));
    let others = iamwatch::rules::not_expressible();
    assert_eq!(
        rows.count(),
        iamwatch::rules::catalogue().len() + others.len()
    );
}

#[test]
fn filters_leave_what_all_of_them_allow() {
    let env = TestEnv::new();
    let critical = json(&env, &["--severity", "critical"]);
    let found = ids(&critical, "patterns");
    assert!(found.contains(&"root/sign-in".to_owned()));
    assert!(
        found
            .iter()
            .all(|id| entry(id).severity.unwrap().to_string() == "critical")
    );
    assert!(ids(&critical, "packs").is_empty() && ids(&critical, "not_expressible").is_empty());
    let two = json(&env, &["--severity", "critical", "--severity", "high"]);
    assert!(ids(&two, "patterns").len() > found.len());
    // A technique stands for its parts as well, in whatever case.
    let account = ids(&json(&env, &["--mitre", "t1098"]), "patterns");
    assert!(
        account.contains(&"iam/trust-changed".to_owned()),
        "{account:?}"
    );
    let roles = ids(&json(&env, &["--mitre", "T1098.003"]), "patterns");
    assert!(roles.contains(&"iam/trust-changed".to_owned()) && roles.len() < account.len());
    assert_eq!(
        ids(&json(&env, &["--cis", "4.5"]), "patterns"),
        ["cloudtrail/changed", "cloudtrail/stopped"]
    );
    let of_pack = ids(&json(&env, &["--pack", "root"]), "patterns");
    assert_eq!(of_pack.len(), pack("pack/root").len());
    let both = json(&env, &["--pack", "pack/root", "--mitre", "T1098.001"]);
    assert_eq!(ids(&both, "patterns"), ["root/access-key"]);
    let (code, out, err) = env.run(&["patterns", "--pack", "root", "--severity", "info"]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.starts_with("No rule fits."), "{err}");
}

#[test]
fn one_rule_is_shown_with_all_that_is_known_of_it() {
    let env = TestEnv::new();
    let (code, out, err) = env.run(&["patterns", "iam/admin-attached"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let rule = entry("iam/admin-attached");
    for part in [
        rule.title.as_str(),
        "critical",
        "T1098.003",
        "AC-2(4), AC-6, AU-6",
        "pack/all, pack/identity",
        "iam:AttachGroupPolicy, iam:AttachRolePolicy, iam:AttachUserPolicy",
        format!("{} events", rule.tests).as_str(),
        "Refused     alert too",
        "  - use: iam/admin-attached\n    # when: { errorCode: { exists: false } }",
        rule.yaml.as_str(),
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    let (code, out, _) = env.run(&["patterns", "pack/root"]);
    assert_eq!(code, 0);
    assert!(
        out.contains("  critical  root/sign-in ") && out.contains("  - use: pack/root"),
        "{out}"
    );
    let (code, out, _) = env.run(&["patterns", "signin/guessing"]);
    assert_eq!(code, 0);
    assert!(
        out.contains("not expressible") && out.contains("counts nothing"),
        "{out}"
    );
}

#[test]
fn what_is_shown_can_be_used_as_it_stands() {
    let env = TestEnv::new();
    let head = "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\n";
    let (_, out, _) = env.run(&["patterns", "iam/admin-attached"]);
    let (_, tail) = out.split_once("In your rules file:").unwrap();
    std::fs::write(env.path().join("iamwatch.yaml"), format!("{head}{tail}")).unwrap();
    let (code, out, err) = env.run(&["compile"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("AdministratorAccess"), "{out}");
}

#[test]
fn json_has_everything_packs_apart() {
    let env = TestEnv::new();
    let all = json(&env, &[]);
    assert_eq!(ids(&all, "patterns").len(), pack("pack/all").len());
    assert!(ids(&all, "packs").contains(&"pack/cis-v1.4".to_owned()));
    assert!(ids(&all, "not_expressible").contains(&"signin/off-hours".to_owned()));
    let one = json(&env, &["root/sign-in"]);
    assert_eq!(ids(&one, "patterns"), ["root/sign-in"]);
    let rule = &one["patterns"][0];
    assert_eq!(rule["severity"], "critical");
    assert_eq!(rule["service"], "root");
    assert_eq!(rule["cis"][0], "4.3");
    assert_eq!(rule["compliance"]["apra-cps-234"][0], "23");
    assert_eq!(rule["events"][0], "signin:ConsoleLogin");
    assert_eq!(rule["packs"], serde_json::json!(["pack/all", "pack/root"]));
    assert!(
        rule["yaml"]
            .as_str()
            .unwrap()
            .starts_with("- id: root/sign-in\n")
    );
    assert_eq!(ids(&json(&env, &["pack/root"]), "packs"), ["pack/root"]);
}

#[test]
fn an_unknown_word_is_answered_with_the_nearest() {
    let env = TestEnv::new();
    for (args, message, help) in [
        (
            &["root/signin"][..],
            "no rule or pack `root/signin`",
            "did you mean `root/sign-in`?",
        ),
        (
            &["quantum/qubits"],
            "no rule or pack",
            "`iamwatch patterns` lists them",
        ),
        (
            &["--pack", "rot"],
            "no pack `pack/rot`",
            "did you mean `pack/root`?",
        ),
        (
            &["--cis", "9.9"],
            "no number of CIS v1.4 `9.9`",
            "there are 4.1 to 4.15",
        ),
        (
            &["--mitre", "T9999"],
            "no ATT&CK technique `T9999`",
            "there are T1",
        ),
    ] {
        let (code, out, err) = env.run(&[&["patterns"], args].concat());
        assert_eq!((code, out.as_str()), (1, ""), "{args:?}");
        assert!(
            err.contains(message) && err.contains(help),
            "{args:?}: {err}"
        );
    }
    let (code, _, err) = env.run(&["patterns", "root/sign-in", "--cis", "4.3"]);
    assert_eq!(code, 1);
    assert!(err.contains("--cis"), "{err}");
}
