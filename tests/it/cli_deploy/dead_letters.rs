//! What `dlq` says of who sent an event.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};

use super::Folder;

const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
trail: existing-or-create
channels: { mail: { email: security@example.com } }
notify: { default: [mail] }
rules:
  - { id: keys, events: ["kms:DisableKey"] }
"#;

/// Whoever may put events at home chooses all that stands in one, but not its source.
#[test]
fn a_lost_event_that_aws_did_not_send_is_told_as_one() {
    let folder = Folder::with(RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.aws(async |aws| {
        let topic = "arn:aws:sns:us-east-1:111122223333:iamwatch-acme-text_mail";
        let nobody = json!({ "Version": "2012-10-17", "Statement": [] });
        let request = aws.sns.set_topic_attributes().topic_arn(topic);
        let request = request.attribute_name("Policy");
        let request = request.attribute_value(nobody.to_string());
        request.send().await.unwrap();
    });
    let detail = |id: &str| {
        json!({
            "userIdentity": { "type": "Root", "arn": "arn:aws:iam::111122223333:root" },
            "eventSource": "kms.amazonaws.com",
            "eventName": "DisableKey",
            "readOnly": false,
            "managementEvent": true,
            "eventID": id,
            // Without it a rule takes no event of such a source; AWS's own may say anything.
            "iamwatch": "TEST ",
        })
    };
    folder.meanwhile(|sandbox| {
        let call = "AWS API Call via CloudTrail";
        let event = json!({ "detail-type": call, "source": "aws.kms", "detail": detail("a") });
        sandbox.emit(&"us-east-1".parse().unwrap(), event);
    });
    assert_eq!(told(&folder), (0, vec!["aws.kms".to_owned()]));
    folder.aws(async |aws| {
        let entry = PutEventsRequestEntry::builder().source("iamwatch.test.acme");
        let entry = entry.detail_type("AWS API Call via CloudTrail");
        let entry = entry.detail(detail("b").to_string()).build();
        aws.events.put_events().entries(entry).send().await.unwrap();
    });
    let both = vec!["aws.kms".to_owned(), "iamwatch.test.acme".to_owned()];
    assert_eq!(told(&folder), (1, both));
}

/// How many letters are said not to be of AWS, and the sources of all.
fn told(folder: &Folder) -> (usize, Vec<String>) {
    let out = folder.succeed(&["dlq"]);
    let marks = out
        .matches("sent as iamwatch.test.acme, and not by AWS")
        .count();
    let out = folder.succeed(&["dlq", "--json"]);
    let found: Value = serde_json::from_str(&out).unwrap();
    let letters = found["letters"].as_array().unwrap().iter();
    let sources = letters.map(|l| l["event"]["source"].as_str().unwrap().to_owned());
    let mut sources: Vec<String> = sources.collect();
    sources.sort();
    (marks, sources)
}
