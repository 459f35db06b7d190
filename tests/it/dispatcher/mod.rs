//! What the dispatcher does with an alert: Step Functions takes its definition, each service takes its request, and
//! whatever fails, somebody is told.

mod answers;
mod channels;
mod definition;
mod deployed;
mod oracle;
mod own_calls;
mod probes;
mod repaired;
mod runs;
mod target;

use std::collections::BTreeMap;

use iamwatch::alert::Surroundings;
use iamwatch::dispatcher::{AlertApi, Channel, Dispatcher, Fallback};
use iamwatch::jsonata::{Expression, NoValue};
use iamwatch::place::{AccountId, Arn, Region, StackName};
use serde_json::{Map, Value, json};

/// Works with the dispatcher of a file that has a channel of each kind, and names so many accounts.
fn with_dispatcher<T>(accounts: usize, work: impl FnOnce(&mut Dispatcher<'_>) -> T) -> T {
    let (stack, home): (StackName, Region) =
        ("acme".parse().unwrap(), "us-east-1".parse().unwrap());
    let mut named: BTreeMap<AccountId, String> = (0..accounts)
        .map(|n| (format!("{n:012}").parse().unwrap(), format!("a-team-{n}")))
        .collect();
    named.insert("222233334444".parse().unwrap(), "prod".to_owned());
    work(&mut Dispatcher {
        surroundings: Surroundings {
            stack: &stack,
            home: &home,
            accounts: named,
            zone: None,
        },
        ledger: "iamwatch-acme-memory".to_owned(),
        probes: "https://sqs.us-east-1.amazonaws.com/111122223333/iamwatch-acme-probes".to_owned(),
        fallback: Fallback {
            name: "mail".to_owned(),
            topic: topic("iamwatch-acme-mail"),
        },
        channels: channels(),
    })
}

fn definition(accounts: usize) -> Value {
    with_dispatcher(accounts, |dispatcher| dispatcher.definition())
}

fn topic(name: &str) -> Arn {
    let arn = format!("arn:aws:sns:us-east-1:111122223333:{name}");
    arn.parse().unwrap()
}

/// One channel of each kind, and of each form of it.
fn channels() -> BTreeMap<String, Channel> {
    let connection: Arn = "arn:aws:events:us-east-1:111122223333:connection/iamwatch-acme/0a1b"
        .parse()
        .unwrap();
    let teams = |bare_card| Channel::Teams {
        connection: connection.clone(),
        url: "https://example.logic.azure.com/workflows/1/triggers/manual/paths/invoke?sv=1.0"
            .to_owned(),
        bare_card,
    };
    let service_now = |incidents| Channel::ServiceNow {
        connection: connection.clone(),
        url: "https://example.service-now.com".to_owned(),
        incidents,
    };
    let channels = [
        (
            "mail",
            Channel::Sns {
                topic: topic("iamwatch-acme-mail"),
            },
        ),
        (
            "old-topic",
            Channel::Sns {
                topic: topic("security"),
            },
        ),
        (
            "amazon-q",
            Channel::AmazonQ {
                topic: topic("iamwatch-acme-q"),
            },
        ),
        (
            "slack",
            Channel::Slack {
                connection: connection.clone(),
                channel: "C0123456789".to_owned(),
            },
        ),
        ("teams", teams(false)),
        ("teams-bare", teams(true)),
        (
            "google-chat",
            Channel::GoogleChat {
                connection: connection.clone(),
                url: "https://chat.googleapis.com/v1/spaces/S/messages".to_owned(),
            },
        ),
        (
            "pagerduty",
            Channel::PagerDuty {
                connection: connection.clone(),
                eu: true,
            },
        ),
        (
            "jsm",
            Channel::JiraServiceManagement {
                connection: connection.clone(),
                api: AlertApi::JiraServiceManagement,
            },
        ),
        ("servicenow", service_now(false)),
        ("incidents", service_now(true)),
        (
            "zendesk",
            Channel::Zendesk {
                connection: connection.clone(),
                url: "https://example.zendesk.com".to_owned(),
            },
        ),
        (
            "jira",
            Channel::Jira {
                connection: connection.clone(),
                url: "https://example.atlassian.net".to_owned(),
                project: "SEC".to_owned(),
                issue_type: "Task".to_owned(),
            },
        ),
        (
            "webhook",
            Channel::Webhook {
                connection: connection.clone(),
                url: "https://example.com/alerts".to_owned(),
            },
        ),
    ];
    channels
        .map(|(name, channel)| (name.to_owned(), channel))
        .into()
}

/// The states from the event to the ledger.
fn branch(definition: &Value) -> &Value {
    &definition["States"]["Alert"]["Branches"][0]["States"]
}

/// The states that an item of the delivery goes through.
fn delivery(definition: &Value) -> &Value {
    &branch(definition)["Deliver"]["ItemProcessor"]["States"]
}

/// The expression in a field, if there is one.
fn expression(field: &str) -> Option<&str> {
    field.strip_prefix("{% ")?.strip_suffix(" %}")
}

/// A value with what its expressions give in their places.
fn evaluated(value: &Value, variables: &[(&str, &Value)]) -> Result<Value, NoValue> {
    Ok(match value {
        Value::String(text) => match expression(text) {
            Some(text) => Expression::parse(text)?.evaluate(variables.iter().copied())?,
            None => value.clone(),
        },
        Value::Array(items) => {
            let items = items.iter().map(|item| evaluated(item, variables));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| {
                let field = evaluated(field, variables);
                field.map(|field| (name.clone(), field))
            });
            Value::Object(fields.collect::<Result<Map<_, _>, _>>()?)
        }
        _ => value.clone(),
    })
}

/// The constants of a rule.
fn rule() -> Value {
    json!({ "id": "iam/changes", "title": "Somebody changed IAM", "severity": "critical",
        "channels": ["mail", "slack", "pagerduty"],
        "todo": "Ask whoever did it.\nIf nobody did: revoke the role's sessions.",
        "runbook": "https://wiki.example.com/iam?page=1&part=2" })
}

/// The event of an attachment of a policy.
fn event() -> Value {
    json!({ "source": "aws.iam", "account": "222233334444", "region": "us-east-1",
        "time": "2026-01-05T08:30:00Z", "detail-type": "AWS API Call via CloudTrail",
        "id": "00000000-0000-4000-8000-0000000000e1",
        "detail": { "eventSource": "iam.amazonaws.com", "eventName": "AttachRolePolicy",
            "awsRegion": "us-east-1", "eventTime": "2026-01-05T08:30:00Z",
            "eventID": "00000000-0000-4000-8000-000000000001",
            "sourceIPAddress": "203.0.113.12", "userAgent": "aws-cli/2.15 Python/3.11",
            "userIdentity": { "type": "IAMUser", "userName": "bob", "accountId": "222233334444",
                "arn": "arn:aws:iam::222233334444:user/bob", "accessKeyId": "AKIAEXAMPLE" },
            "requestParameters": { "roleName": "break-glass",
                "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess" } } })
}
