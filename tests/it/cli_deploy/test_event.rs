//! What `test-event` asks before alerts go to people.

use serde_json::Value;

use super::Folder;

/// One channel for what is critical, by `notify`.
const BY_SEVERITY: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
trail: existing-or-create
channels:
  phone: { sms: "+4915112345678" }
  mail: { email: security@example.com }
notify: { critical: [phone, mail], high: [phone], default: [mail] }
rules:
  - { id: worst, severity: critical, events: ["kms:ScheduleKeyDeletion"] }
  - { id: bad, severity: high, events: ["kms:DisableKey"] }
  - { id: usual, events: ["kms:EnableKey"] }
  - { id: quiet, severity: critical, channels: [mail], events: ["kms:CancelKeyDeletion"] }
"#;

/// The same, by what a rule says itself.
const BY_RULE: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
trail: existing-or-create
channels:
  phone: { sms: "+4915112345678" }
  mail: { email: security@example.com }
notify: { default: [mail] }
rules:
  - { id: worst, severity: critical, channels: [phone], events: ["kms:ScheduleKeyDeletion"] }
  - { id: bad, channels: [mail, phone], events: ["kms:DisableKey"] }
  - { id: usual, events: ["kms:EnableKey"] }
  - { id: quiet, severity: critical, events: ["kms:CancelKeyDeletion"] }
"#;

/// Without any default, all that critical alerts go to is for them.
const WITHOUT_DEFAULT: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
trail: existing-or-create
channels:
  phone: { sms: "+4915112345678" }
  mail: { email: security@example.com }
notify: { critical: [phone], high: [phone], medium: [mail] }
rules:
  - { id: worst, severity: critical, events: ["kms:ScheduleKeyDeletion"] }
  - { id: bad, severity: high, events: ["kms:DisableKey"] }
  - { id: usual, events: ["kms:EnableKey"] }
  - { id: quiet, events: ["kms:CancelKeyDeletion"] }
"#;

fn deployed(rules: &str) -> Folder {
    let folder = Folder::with(rules);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.meanwhile(|sandbox| sandbox.confirm(None).unwrap());
    folder
}

fn alerts(folder: &Folder) -> usize {
    folder.meanwhile(|sandbox| {
        let outbox = sandbox.outbox().into_iter();
        outbox
            .filter(|sent| sent.body.contains("[iamwatch.test."))
            .count()
    })
}

#[test]
fn a_channel_for_what_is_critical_is_not_woken_without_a_word() {
    for rules in [BY_SEVERITY, BY_RULE, WITHOUT_DEFAULT] {
        let folder = deployed(rules);
        for rule in ["worst", "bad"] {
            let err = folder.fail(&["test-event", rule]);
            assert!(
                err.contains("`phone`") && err.contains("--auto-approve"),
                "{rule}\n{err}"
            );
            let (code, out, _) = folder.run(&["test-event", rule, "--json"]);
            assert_eq!(code, 1, "{out}");
            let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
            assert_eq!(last["error"]["code"], "not-approved", "{last}");
        }
        assert_eq!(alerts(&folder), 0, "nobody was told");
        for rule in ["usual", "quiet"] {
            let before = alerts(&folder);
            folder.succeed(&["test-event", rule, "--wait"]);
            assert_eq!(alerts(&folder), before + 1, "{rule}");
        }
        for rule in ["worst", "bad"] {
            folder.succeed(&["test-event", rule, "--wait", "--auto-approve"]);
        }
    }
}

#[test]
fn a_channel_that_everything_goes_to_is_tested_as_ever() {
    let rules = BY_SEVERITY.replace(
        "{ critical: [phone, mail], high: [phone], default: [mail] }",
        "{ critical: [phone, mail], default: [phone, mail] }",
    );
    let folder = deployed(&rules);
    for rule in ["worst", "usual"] {
        folder.succeed(&["test-event", rule, "--wait"]);
    }
    let err = folder.fail(&["test-event", "--all"]);
    assert!(
        err.contains("there is no terminal to ask on") && !err.contains("critical"),
        "{err}"
    );
}

#[test]
fn a_way_home_that_alerts_nobody_needs_no_word() {
    let folder = deployed(&BY_SEVERITY.replace(
        "us-east-1 }",
        "us-east-1 }\nwatch: { regions: [eu-west-1] }",
    ));
    folder.succeed(&["test-event", "--region", "all"]);
    let err = folder.fail(&["test-event", "worst", "--region", "eu-west-1"]);
    assert!(err.contains("`phone`"), "{err}");
    assert_eq!(alerts(&folder), 0);
}

/// A call of one's own alerts as well, with a true event.
#[test]
fn a_real_call_asks_too_where_it_would_wake_somebody() {
    for (events, asks) in [("iam:DeleteUser", true), ("iam:DeleteRole", false)] {
        let rules = BY_SEVERITY.replace("kms:ScheduleKeyDeletion", events);
        let folder = deployed(&rules);
        let (code, out, err) = folder.run(&["test-event", "--real", "--timeout", "1"]);
        assert_eq!(code, 1, "{out}{err}");
        assert_eq!(err.contains("`phone`"), asks, "{out}{err}");
    }
}
