//! A home outside of the partition `aws`: `check`, `permissions` and `plan` agree on which Regions there are.

use serde_json::Value;

use crate::cli_deploy::Folder;

fn rules(home: &str, watch: &str) -> String {
    format!(
        "version: 1\nname: acme\nhome: {{ region: {home}, account: \"111122223333\" }}\nwatch: {{ regions: {watch} }}\ntrail: existing-or-create\nchannels: {{ mail: {{ email: a@example.com }} }}\nnotify: {{ default: [mail] }}\nrules:\n  - use: root/sign-in\n  - use: iam/changes\n  - id: keys\n    events: [\"kms:DisableKey\"]\n"
    )
}

#[test]
fn what_check_takes_plan_and_permissions_take_in_every_partition() {
    for (home, watch, there, elsewhere) in [
        ("us-gov-west-1", "all", "us-gov-east-1", "us-east-1"),
        ("us-gov-east-1", "all", "us-gov-west-1", "eu-west-1"),
        (
            "us-gov-west-1",
            "[us-gov-east-1]",
            "us-gov-east-1",
            "us-east-1",
        ),
        (
            "us-gov-east-1",
            "[us-gov-east-1]",
            "us-gov-west-1",
            "us-east-1",
        ),
        ("eu-central-1", "all", "us-east-1", "us-gov-west-1"),
    ] {
        let folder = Folder::with(&rules(home, watch));
        let (code, out, err) = folder.run(&["check"]);
        assert_eq!(code, 0, "{home} {watch}\n{out}{err}");
        for phase in ["plan", "apply", "test-event", "dlq"] {
            let (code, out, err) = folder.run(&["permissions", "--for", phase]);
            assert_eq!(code, 0, "{home} {watch} {phase}\n{out}{err}");
            let policy: Value = serde_json::from_str(&out).unwrap();
            let text = policy.to_string();
            let partition = if home.starts_with("us-gov") {
                "arn:aws-us-gov:"
            } else {
                "arn:aws:"
            };
            let arns = text.matches("arn:aws").count();
            assert_eq!(text.matches(partition).count(), arns, "{phase}\n{out}");
            assert!(!text.contains(&format!(":{elsewhere}:")), "{phase}\n{out}");
        }
        let out = folder.succeed(&["plan"]);
        assert!(out.contains(there), "{home} {watch}\n{out}");
        assert!(!out.contains(elsewhere), "{home} {watch}\n{out}");
        let out = folder.succeed(&["plan", "--json"]);
        let plan: Value = serde_json::from_str(&out).unwrap();
        assert!(!plan["changes"].as_array().unwrap().is_empty(), "{plan}");
    }
}

/// In China no event comes from another Region, so that only home can be watched.
#[test]
fn a_home_in_china_is_planned_where_its_events_appear() {
    let only = "version: 1\nname: acme\nhome: { region: cn-north-1, account: \"111122223333\" }\ntrail: existing-or-create\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules:\n  - id: keys\n    events: [\"kms:DisableKey\"]\n";
    let folder = Folder::with(only);
    let (code, out, err) = folder.run(&["permissions", "--for", "apply"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.contains("arn:aws-cn:") && !out.contains("arn:aws:"),
        "{out}"
    );
    let out = folder.succeed(&["plan"]);
    assert!(
        out.contains("cn-north-1") && !out.contains("us-east-1"),
        "{out}"
    );
}
