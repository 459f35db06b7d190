//! `alerts`: what the dispatcher told, through the program as a user runs it.

use iamwatch::place::Region;
use serde_json::{Value, json};

use crate::cli_deploy::{Folder, RULES as DIRECT};

const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
trail: existing-or-create
delivery: dispatcher
channels:
  security-mail: { email: security@example.com }
  soc-mail: { email: soc@example.com }
fallback: security-mail
notify: { default: [security-mail, soc-mail] }
rules:
  - { id: keys, events: ["kms:DisableKey"] }
  - { id: users, events: ["iam:DeleteUser"] }
"#;

fn deployed() -> Folder {
    let folder = Folder::with(RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.succeed(&["sandbox", "confirm"]);
    folder
}

/// Lets AWS tell of a call.
fn happens(folder: &Folder, service: &str, call: &str, id: &str) {
    let event = json!({
        "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{service}"),
        "detail": {
            "userIdentity": { "type": "Root", "arn": "arn:aws:iam::111122223333:root" },
            "eventSource": format!("{service}.amazonaws.com"),
            "eventName": call,
            "readOnly": false,
            "managementEvent": true,
            "eventID": id,
        },
    });
    let home: Region = "us-east-1".parse().unwrap();
    folder.meanwhile(|sandbox| sandbox.emit(&home, event));
}

/// Nobody may publish to the topic of a channel any more.
fn close_topic(folder: &Folder, channel: &str) {
    let arn = format!("arn:aws:sns:us-east-1:111122223333:iamwatch-acme-text_{channel}");
    folder.aws(async |aws| {
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": arn,
        }] });
        let request = aws.sns.set_topic_attributes().topic_arn(&arn);
        let request = request.attribute_name("Policy");
        let request = request.attribute_value(policy.to_string());
        request.send().await.unwrap();
    });
}

fn listed(folder: &Folder, args: &[&str]) -> Vec<Value> {
    let args: Vec<&str> = ["alerts", "--json"].iter().chain(args).copied().collect();
    let found: Value = serde_json::from_str(&folder.succeed(&args)).unwrap();
    assert_eq!(found["format_version"], 1);
    found["alerts"].as_array().unwrap().clone()
}

/// What people got by mail and speaks of an event.
fn mails(folder: &Folder, id: &str) -> Vec<String> {
    let outbox = folder.meanwhile(|sandbox| sandbox.outbox());
    let alerts = outbox.into_iter().filter(|mail| !mail.confirmation);
    let texts = alerts.map(|mail| format!("{}\n{}", mail.subject.unwrap_or_default(), mail.body));
    texts.filter(|text| text.contains(id)).collect()
}

#[test]
fn a_file_whose_detectors_publish_themselves_keeps_nothing() {
    let folder = Folder::with(DIRECT);
    let said = folder.fail(&["alerts"]);
    assert!(said.contains("`delivery: dispatcher` only"), "{said}");
    assert!(said.contains("iamwatch dlq"), "{said}");
    assert!(!folder.path(".iamwatch-sandbox.json").exists());
}

#[test]
fn before_the_first_apply_the_ledger_is_missing() {
    let folder = Folder::with(RULES);
    let (code, out, err) = folder.run(&["alerts"]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("`iamwatch-acme`"), "{err}");
    assert!(err.contains("run `iamwatch apply`"), "{err}");
}

#[test]
fn each_channel_is_listed_with_what_it_answered() {
    let folder = deployed();
    let out = folder.succeed(&["alerts"]);
    assert!(out.starts_with("No alert since "), "{out}");
    happens(&folder, "kms", "DisableKey", "e-1");
    let found = listed(&folder, &[]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["rule"], "keys");
    assert_eq!(found[0]["id"], "e-1");
    assert_eq!(found[0]["mode"], "real");
    assert_eq!(found[0]["answers"].as_array().unwrap().len(), 2);
    assert_eq!(listed(&folder, &["--failed"]).len(), 0);

    close_topic(&folder, "soc-mail");
    happens(&folder, "iam", "DeleteUser", "e-2");
    let found = listed(&folder, &[]);
    let ids: Vec<&str> = found.iter().map(|a| a["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["e-1", "e-2"], "the newest stands last");
    let out = folder.succeed(&["alerts", "--failed"]);
    assert!(!out.contains("e-1"), "{out}");
    assert!(out.contains("    soc-mail: FAILED "), "{out}");
    assert!(out.contains("→ told by fallback security-mail"), "{out}");
    assert_eq!(listed(&folder, &["--rule", "keys"]).len(), 1);
    assert_eq!(listed(&folder, &["--since", "2013-01-01"]).len(), 2);
    let said = folder.fail(&["alerts", "--rule", "key"]);
    assert!(said.contains("`key`"), "{said}");
}

#[test]
fn an_alert_is_told_again_once_for_each_time_that_it_is_asked_for() {
    let folder = deployed();
    happens(&folder, "kms", "DisableKey", "e-1");
    assert_eq!(mails(&folder, "e-1").len(), 2);

    // Nobody can answer.
    let (code, out, err) = folder.run(&["alerts", "--resend", "e-1"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(
        out.contains("Taken already by `security-mail` and `soc-mail`."),
        "{out}"
    );
    assert!(err.contains("--auto-approve"), "{err}");
    assert_eq!(mails(&folder, "e-1").len(), 2);

    let out = folder.succeed(&["alerts", "--resend", "e-1", "--auto-approve"]);
    assert!(out.contains("-late-1"), "{out}");
    let told = mails(&folder, "e-1");
    assert_eq!(told.len(), 4);
    let late = told.iter().filter(|text| text.starts_with("LATE "));
    assert_eq!(late.count(), 2, "{told:#?}");
    let found = listed(&folder, &[]);
    let late: Vec<bool> = found.iter().map(|a| a["late"].as_bool().unwrap()).collect();
    assert_eq!(late, [false, true]);

    let out = folder.succeed(&["alerts", "--resend", "e-", "--auto-approve", "--json"]);
    let done: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(done["resent"]["outcome"], "started");
    assert_eq!(done["resent"]["earlier"][0]["state"], "succeeded");
    let run = done["resent"]["execution"].as_str().unwrap();
    assert!(run.ends_with("-late-2"), "{run}");
    assert_eq!(mails(&folder, "e-1").len(), 6);

    let said = folder.fail(&["alerts", "--resend", "e-9", "--auto-approve"]);
    assert!(said.contains("no alert has `e-9`"), "{said}");
}

/// Whoever may write to the table writes anything.
#[test]
fn what_strangers_wrote_into_the_ledger_hides_nothing_else() {
    let folder = deployed();
    happens(&folder, "kms", "DisableKey", "e-1");
    folder.aws(async |aws| {
        use aws_sdk_dynamodb::types::AttributeValue::{Bool, S};
        let found = aws.dynamodb.scan().table_name("iamwatch-acme");
        let found = found.send().await.unwrap().items.unwrap();
        let day = found[0]["k"].clone();
        for (moment, headline) in [
            ("09:00:00.000Z#x", S("\u{1b}[2Jcleared\n".to_owned())),
            ("no moment", Bool(true)),
        ] {
            let put = aws.dynamodb.put_item().table_name("iamwatch-acme");
            let put = put.item("k", day.clone()).item("s", S(moment.to_owned()));
            put.item("headline", headline).send().await.unwrap();
        }
    });
    let out = folder.succeed(&["alerts", "--since", "2d"]);
    assert!(out.contains("e-1"), "{out}");
    assert!(!out.contains('\u{1b}'), "{out}");
    assert!(out.contains("not legible in the ledger"), "{out}");
}
