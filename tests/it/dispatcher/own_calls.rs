//! What the dispatcher does for an alert causes no other: else each would cause the next.

use iamwatch::check;
use iamwatch::compile::{self, PATTERN_QUOTA};
use iamwatch::pattern::EventPattern;
use iamwatch::place::AccountId;
use serde_json::{Value, json};

const HOME: &str = "111122223333";

/// The patterns of the detectors of rules that hear of everything the dispatcher does.
fn detectors(account: &str) -> Vec<EventPattern> {
    let text = format!(
        r#"
version: 1
name: acme
home: {{ region: us-east-1{account} }}
delivery: dispatcher
channels: {{ mail: {{ email: security@example.com }} }}
notify: {{ default: [mail] }}
rules:
  - {{ id: secrets, events: ["secretsmanager:*"] }}
  - {{ id: machines, events: ["states:*"] }}
  - {{ id: keys, events: ["kms:*"] }}
  - {{ id: connections, events: ["events:RetrieveConnectionCredentials"] }}
  - {{ id: roles, events: ["sts:AssumeRole"] }}
"#
    );
    let loaded = check::load_text("test.yaml", &text);
    let file = loaded
        .file
        .unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    let home: AccountId = HOME.parse().unwrap();
    let compiled = compile::compile(&file, PATTERN_QUOTA).unwrap();
    let patterns = compiled.iter().map(|compiled| compiled.at_home(&home));
    patterns
        .map(|pattern| EventPattern::from_value(&pattern).unwrap())
        .collect()
}

fn fires(detectors: &[EventPattern], event: &Value) -> bool {
    let event = iamwatch::pattern::Event::from_value(event).unwrap();
    detectors.iter().any(|pattern| pattern.matches(&event))
}

/// A call by a session of a role of an account.
fn by_role(service: &str, name: &str, account: &str, role: &str) -> Value {
    json!({ "source": format!("aws.{service}"), "detail-type": "AWS API Call via CloudTrail",
        "account": account, "region": "us-east-1",
        "detail": { "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
            "userIdentity": { "type": "AssumedRole", "accountId": account,
                "sessionContext": { "sessionIssuer": { "type": "Role",
                    "arn": format!("arn:aws:iam::{account}:role/iamwatch/{role}") } } } } })
}

fn taken_on(account: &str, role: &str) -> Value {
    json!({ "source": "aws.sts", "detail-type": "AWS API Call via CloudTrail",
        "account": account, "region": "us-east-1",
        "detail": { "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
            "userIdentity": { "type": "AWSService", "invokedBy": "states.amazonaws.com" },
            "sourceIPAddress": "states.amazonaws.com",
            "requestParameters": { "roleArn": format!("arn:aws:iam::{account}:role/iamwatch/{role}") } } })
}

#[test]
fn what_the_dispatchers_roles_do_fires_no_rule_and_what_others_do_does() {
    let calls = [
        ("secretsmanager", "GetSecretValue", "dispatcher"),
        ("secretsmanager", "DescribeSecret", "dispatcher"),
        ("kms", "Decrypt", "dispatcher"),
        ("states", "StartExecution", "starter"),
        ("events", "RetrieveConnectionCredentials", "dispatcher"),
    ];
    for account in [format!(", account: \"{HOME}\""), String::new()] {
        let detectors = detectors(&account);
        for (service, name, role) in calls {
            let role = format!("iamwatch-acme-{role}");
            let own = by_role(service, name, HOME, &role);
            assert!(!fires(&detectors, &own), "{own}");
            // Another account may have a role of that name, and another rules file has others.
            for others in [
                by_role(service, name, "444455556666", &role),
                by_role(service, name, HOME, "iamwatch-other-dispatcher"),
                by_role(service, name, HOME, "admin"),
            ] {
                assert!(fires(&detectors, &others), "{others}");
            }
        }
        let own = taken_on(HOME, "iamwatch-acme-dispatcher");
        assert!(!fires(&detectors, &own), "{own}");
        for others in [
            taken_on("444455556666", "iamwatch-acme-dispatcher"),
            taken_on(HOME, "admin"),
        ] {
            assert!(fires(&detectors, &others), "{others}");
        }
    }
}
