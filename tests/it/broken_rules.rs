//! A mistake in one rule: `status`, `dlq` and `destroy` work all the same, and what is deployed of the rule is neither
//! unwanted nor judged.

use serde_json::{Value, json};

use crate::cli_deploy::Folder;
use crate::organization;

/// Two Regions, so that what forwarders pass on depends on all rules.
const HEAD: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
watch: { regions: [eu-west-1] }
trail: existing-or-create
channels:
  mail: { email: security@example.com }
  pager: { sms: "+4915112345678" }
notify: { default: [mail] }
rules:
  - use: signin/failed
  - use: iam/changes
"#;

/// The rule that something becomes wrong with: it alone listens to KMS, and alone uses its channel.
const RULE: &str = r#"  - id: keys
    channels: [pager]
    events: ["kms:DisableKey"]
"#;

fn whole() -> String {
    format!("{HEAD}{RULE}")
}

/// Mistakes, and what `status` calls the rule that it cannot judge; `None`: it judges all.
fn mistakes() -> Vec<(&'static str, String, Option<&'static str>)> {
    let rule = |from: &str, to: &str| {
        assert!(RULE.contains(from));
        format!("{HEAD}{}", RULE.replace(from, to))
    };
    let file = |from: &str, to: &str| {
        assert!(whole().contains(from));
        whole().replace(from, to)
    };
    let event = "events: [\"kms:DisableKey\"]";
    vec![
        (
            "a condition",
            rule(
                event,
                &format!("{event}\n    when: {{ errorCode: {{ prefix: 5 }} }}"),
            ),
            Some("rule `keys`"),
        ),
        (
            "an event that nobody knows",
            rule("kms:DisableKey", "kms:DisabelKey"),
            Some("rule `keys`"),
        ),
        (
            "a key that rules do not have",
            rule(event, &format!("{event}\n    evnts: []")),
            Some("rule `keys`"),
        ),
        (
            "a severity",
            rule(event, &format!("{event}\n    severity: loud")),
            Some("rule `keys`"),
        ),
        (
            "a pattern that is none",
            rule(event, "pattern: { detail: { eventName: DisableKey } }"),
            Some("rule `keys`"),
        ),
        (
            "conditions that nothing meets",
            rule(
                event,
                &format!(
                    "{event}\n    when: {{ awsRegion: eu-west-1 }}\n    unless: {{ awsRegion: \"eu-*\" }}"
                ),
            ),
            Some("rule `keys`"),
        ),
        (
            "a rule of the catalogue that is not there",
            file(
                "  - use: iam/changes\n",
                "  - use: iam/changes\n  - use: iam/chnges\n",
            ),
            Some("rule `iam/chnges`"),
        ),
        (
            "a rule of the catalogue in place of another",
            file("  - use: iam/changes\n", "  - use: iam/chnges\n"),
            Some("rule `iam/chnges`"),
        ),
        (
            "two rules of one id",
            format!("{}{RULE}", whole()),
            Some("rule `keys`"),
        ),
        (
            "a channel",
            file("sms: \"+4915112345678\"", "sms: \"4915\""),
            Some("rule `keys`"),
        ),
        (
            "a channel that is not there",
            rule("[pager]", "[pagr]"),
            Some("rule `keys`"),
        ),
        (
            "whom everything goes to",
            file("default: [mail]", "default: [mial]"),
            Some("rule `signin/failed`"),
        ),
        (
            "a file that is included",
            file("rules:\n", "include: [nowhere.yaml]\nrules:\n"),
            Some("rules that cannot be found"),
        ),
        (
            "a rule that is no map",
            format!("{HEAD}  - keys\n"),
            Some("rule `keys`"),
        ),
        (
            "a test that fails",
            rule(
                event,
                &format!(
                    "{event}\n    tests: [{{ name: x, like: \"kms:EnableKey\", expect: match }}]"
                ),
            ),
            None,
        ),
        (
            "a test that is none",
            rule(
                event,
                &format!(
                    "{event}\n    tests: [{{ name: x, like: \"kms:EnableKey\", expect: fire }}]"
                ),
            ),
            None,
        ),
        (
            "an event that is not there",
            rule(
                event,
                &format!("{event}\n    tests: [{{ name: x, file: nowhere.json, expect: match }}]"),
            ),
            None,
        ),
    ]
}

fn deployed() -> Folder {
    let folder = Folder::with(&whole());
    folder.succeed(&["apply", "--auto-approve"]);
    folder.meanwhile(|sandbox| sandbox.confirm(None).unwrap());
    let out = folder.succeed(&["status"]);
    assert!(out.starts_with("Healthy"), "{out}");
    folder
}

fn json_of(folder: &Folder, args: &[&str], wanted: i32) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    let (code, out, err) = folder.run(&args);
    assert_eq!(code, wanted, "{args:?}\n{out}{err}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn status_judges_the_other_rules_and_names_the_one_that_it_cannot() {
    let folder = deployed();
    for (mistake, text, unjudged) in mistakes() {
        folder.rules(&text);
        let (code, out, err) = folder.run(&["status"]);
        assert_eq!(code, 0, "{mistake}\n{out}{err}");
        assert!(out.contains("Healthy"), "{mistake}\n{out}");
        let health = json_of(&folder, &["status"], 0);
        let findings = health["findings"].as_array().unwrap();
        let unknown = |finding: &Value| finding["weight"] == "unknown";
        assert!(findings.iter().all(unknown), "{mistake}\n{health:#}");
        match unjudged {
            Some(what) => {
                let named = findings.iter().any(|finding| finding["what"] == what);
                assert!(named, "{mistake}\n{health:#}");
                assert!(out.contains(what), "{mistake}\n{out}");
                assert!(err.contains("taken as it stands"), "{mistake}\n{err}");
            }
            None => assert!(findings.is_empty(), "{mistake}\n{health:#}"),
        }
        // No rule is deployed of those that the file has none of, and all others are judged.
        assert_eq!(health["rules"], 3, "{mistake}");
        if mistake != "a test that fails" {
            assert!(err.contains("error["), "{mistake}\n{err}");
            assert!(!health["diagnostics"].as_array().unwrap().is_empty());
            folder.fail(&["plan"]);
        }
    }
}

/// What is wrong with the others, and even with what all of them need, is seen as ever.
#[test]
fn status_sees_what_is_wrong_with_the_other_rules() {
    let folder = deployed();
    folder.aws(async |aws| {
        let rules = aws.events.list_rules().event_bus_name("iamwatch-acme");
        let rules = rules.send().await.unwrap();
        let name = |part: &str| {
            let mut names = rules.rules().iter().filter_map(|rule| rule.name());
            names.find(|name| name.contains(part)).unwrap()
        };
        for part in ["signin.failed", "keys"] {
            let disabled = aws.events.disable_rule().name(name(part));
            let disabled = disabled.event_bus_name("iamwatch-acme");
            disabled.send().await.unwrap();
        }
    });
    let (_, text, _) = mistakes().remove(0);
    folder.rules(&text);
    let health = json_of(&folder, &["status"], 2);
    let findings = health["findings"].as_array().unwrap();
    let of = |weight: &str| {
        let found = findings.iter().filter(|f| f["weight"] == weight);
        found
            .map(|f| f["what"].as_str().unwrap())
            .collect::<Vec<_>>()
    };
    let lost = of("loses_alerts");
    assert_eq!(lost.len(), 1, "{health:#}");
    assert!(lost[0].contains("signin.failed"), "{health:#}");
    assert_eq!(of("unknown"), ["rule `keys`"]);
}

#[test]
fn a_rule_that_was_never_deployed_leaves_nothing_to_judge() {
    let folder = Folder::with(HEAD);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.meanwhile(|sandbox| sandbox.confirm(None).unwrap());
    for (mistake, text, unjudged) in mistakes() {
        let is_of_its_own = text.starts_with(HEAD) && unjudged == Some("rule `keys`");
        if !is_of_its_own {
            continue;
        }
        folder.rules(&text);
        let (code, out, err) = folder.run(&["status"]);
        assert_eq!(code, 0, "{mistake}\n{out}{err}");
        assert!(out.contains("Healthy") && out.contains("2 rules"), "{out}");
    }
}

#[test]
fn dead_letters_of_the_broken_rule_are_read_and_sent_again() {
    let folder = deployed();
    let topic = "arn:aws:sns:us-east-1:111122223333:iamwatch-acme-text_pager";
    folder.aws(async |aws| {
        // The topic lets EventBridge no longer in: the alert becomes a dead letter.
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": "111122223333" },
            "Action": "sns:Publish",
            "Resource": topic,
        }] });
        let request = aws.sns.set_topic_attributes().topic_arn(topic);
        let request = request.attribute_name("Policy");
        let request = request.attribute_value(policy.to_string());
        request.send().await.unwrap();
    });
    folder.meanwhile(|sandbox| {
        let event = json!({
            "detail-type": "AWS API Call via CloudTrail",
            "source": "aws.kms",
            "detail": {
                "userIdentity": { "type": "IAMUser", "userName": "erin" },
                "eventSource": "kms.amazonaws.com",
                "eventName": "DisableKey",
                "readOnly": false,
                "managementEvent": true,
                "eventID": "k-1",
            },
        });
        sandbox.emit(&"us-east-1".parse().unwrap(), event);
    });
    for (mistake, text, _) in mistakes() {
        folder.rules(&text);
        let found = json_of(&folder, &["dlq"], 0);
        let letters = found["letters"].as_array().unwrap();
        assert_eq!(letters.len(), 1, "{mistake}\n{found:#}");
        let sender = json!({ "kind": "detector", "rule": "keys" });
        assert_eq!(letters[0]["sender"], sender, "{mistake}");
    }
    let (_, text, _) = mistakes().remove(0);
    folder.rules(&text);
    folder.succeed(&["dlq", "--redrive", "--auto-approve"]);
    let late = folder.meanwhile(|sandbox| {
        let outbox = sandbox.outbox().into_iter();
        outbox.filter(|sent| sent.body.contains("LATE")).count()
    });
    assert_eq!(late, 1);
    let found = json_of(&folder, &["dlq"], 0);
    assert_eq!(found["letters"], json!([]));
    assert!(!found["diagnostics"].as_array().unwrap().is_empty());
}

/// The alert goes to the topics of ours that the detector names, and to no other.
#[test]
fn what_others_let_a_broken_rule_alert_is_named_and_not_used() {
    let folder = deployed();
    folder.aws(async |aws| {
        let made = aws.sns.create_topic().name("elsewhere").send().await;
        let target = aws_sdk_eventbridge::types::Target::builder();
        let target = target.id("mine").arn(made.unwrap().topic_arn.unwrap());
        let added = aws.events.put_targets().rule("iamwatch-acme-keys");
        let added = added.event_bus_name("iamwatch-acme");
        let added = added.targets(target.build().unwrap()).send().await.unwrap();
        assert_eq!(added.failed_entry_count, 0);
    });
    let (_, text, _) = mistakes().remove(0);
    folder.rules(&text);
    let (_, out, _) = folder.run(&["status"]);
    assert!(out.contains("has the target `mine` besides"), "{out}");
}

#[test]
fn destroy_takes_down_what_the_broken_rule_has_too() {
    for (mistake, text, _) in mistakes().into_iter().step_by(3) {
        let folder = deployed();
        folder.rules(&text);
        let (code, out, err) = folder.run(&["destroy", "--auto-approve"]);
        assert_eq!(code, 0, "{mistake}\n{out}{err}");
        assert!(
            out.contains("keys") && out.contains("signin.failed"),
            "{out}"
        );
        folder.rules(&whole());
        let (_, out, _) = folder.run(&["status"]);
        assert!(out.starts_with("Not deployed"), "{mistake}\n{out}");
    }
}

/// Where it is not known whose deployment it is, or what all of it should be, nothing is done.
#[test]
fn a_file_that_cannot_be_read_at_all_is_refused() {
    let folder = deployed();
    for (from, to) in [
        ("name: acme\n", ""),
        ("name: acme\n", "name: Acme!\n"),
        ("home: { region: us-east-1 }", "home: { region: nowhere }"),
        (
            "watch: { regions: [eu-west-1] }",
            "watch: { regions: [eu-wst-1] }",
        ),
        ("trail: existing-or-create", "trail: sometimes"),
        ("version: 1", "version: 2"),
        ("rules:\n", "rulez:\n"),
        ("channels:\n", "channels: [\n"),
    ] {
        folder.rules(&whole().replacen(from, to, 1));
        for args in [&["status"][..], &["dlq"], &["destroy", "--auto-approve"]] {
            let err = folder.fail(args);
            assert!(err.contains("error["), "{to}: {err}");
        }
    }
}

/// A detector that no rule of the file has any more is left over, whatever is wrong with another rule.
#[test]
fn what_a_readable_rule_no_longer_wants_is_left_over_all_the_same() {
    let folder = deployed();
    let (_, text, _) = mistakes().remove(0);
    folder.rules(&text.replace(
        "  - use: iam/changes\n",
        "  - use: iam/changes\n    enabled: false\n",
    ));
    let (code, out, _) = folder.run(&["status"]);
    assert_eq!(code, 2, "{out}");
    assert!(out.contains("iam.changes"), "{out}");
}

#[test]
fn an_organization_is_judged_and_taken_down_without_the_broken_rule() {
    let folder = organization::Folder::with(organization::RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.meanwhile(|sandbox, _| sandbox.confirm(None).unwrap());
    let broken = organization::RULES.replace("kms:DisableKey", "kms:DisabelKey");
    assert_ne!(broken, organization::RULES);
    folder.rules(&broken);
    let out = folder.succeed(&["status"]);
    assert!(out.contains("rule `key-disabled`"), "{out}");
    assert!(out.contains("Healthy"), "{out}");
    let out = folder.succeed(&["destroy", "--auto-approve"]);
    assert!(out.contains("key-disabled"), "{out}");
    folder.rules(organization::RULES);
    let (_, out, _) = folder.run(&["status"]);
    assert!(out.starts_with("Not deployed"), "{out}");
}
