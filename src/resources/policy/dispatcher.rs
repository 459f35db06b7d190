//! What may the roles of the dispatcher do, and who takes them on?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::canonical::canonical;
use super::statements::trust_for;
use crate::place::{AccountId, Arn};

/// The policy of the dispatcher's role for what stands in AWS: topics, the ledger, the queue of probes.
pub const TELLS: &str = "tell";
/// The policy of the dispatcher's role for services beyond AWS.
pub const CALLS_OUT: &str = "call-out";

/// What the dispatcher does, and with what.
#[derive(Debug, Clone, Copy)]
pub struct Dispatching<'a> {
    /// The topics of ours that it publishes to.
    pub topics: &'a BTreeSet<Arn>,
    /// The topics of somebody else's that it publishes to, which may have any key.
    pub given_topics: &'a BTreeSet<Arn>,
    /// The queue in which it answers to probes.
    pub probes: &'a Arn,
    /// The table that keeps what was told.
    pub ledger: &'a Arn,
    /// The dispatcher itself.
    pub machine: &'a Arn,
    /// The services beyond AWS: the ARN of the connection without the id behind its name, and the URL that is called,
    /// as the definition has it.
    pub endpoints: &'a [(Arn, String)],
    /// The key of the topics of ours: its ARN, or the alias of one of ours.
    pub key: Option<&'a str>,
}

/// The trust policy of the dispatcher's role: Step Functions, for this machine.
/// Source: Step Functions, `procedure-create-iam-role`, which names the ARN of the state machine as `aws:SourceArn`.
pub fn trust_for_machine(account: &AccountId, machine: &Arn) -> Value {
    trust_for(
        "states.amazonaws.com",
        account,
        &json!({ "ArnEquals": { "aws:SourceArn": machine } }),
    )
}

/// The trust policy of the role that starts the dispatcher: EventBridge, for rules whose ARN matches one of `rules`.
/// Source: EventBridge, `eb-use-identity-based`, the roles for targets.
pub fn trust_for_starters(account: &AccountId, rules: &[String]) -> Value {
    trust_for(
        "events.amazonaws.com",
        account,
        &json!({ "ArnLike": { "aws:SourceArn": rules } }),
    )
}

/// What the role that starts the dispatcher may do: that, and nothing else.
pub fn may_start(machine: &Arn) -> Value {
    canonical(&json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Action": "states:StartExecution", "Resource": machine },
        ],
    }))
}

/// What the dispatcher's role may do, by the names of its policies: just what its definition asks for.
pub fn dispatcher_role_policies(dispatching: &Dispatching<'_>) -> BTreeMap<String, Value> {
    let mut policies = BTreeMap::new();
    policies.insert(TELLS.to_owned(), document(tells(dispatching)));
    if !dispatching.endpoints.is_empty() {
        policies.insert(CALLS_OUT.to_owned(), document(calls_out(dispatching)));
    }
    policies
}

fn document(statements: Vec<Value>) -> Value {
    canonical(&json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn allow(actions: &[&str], resources: impl Into<Value>) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources.into() })
}

fn tells(dispatching: &Dispatching<'_>) -> Vec<Value> {
    let topics = dispatching.topics.union(dispatching.given_topics);
    let topics: Vec<&str> = topics.map(Arn::as_str).collect();
    let mut statements = vec![
        allow(&["sqs:SendMessage"], dispatching.probes.as_str()),
        allow(&["dynamodb:PutItem"], dispatching.ledger.as_str()),
    ];
    // A statement without resources is refused.
    if !topics.is_empty() {
        statements.push(allow(&["sns:Publish"], topics));
    }
    let ours = dispatching.key.map(|key| {
        let key = own_key(key, dispatching.machine);
        under_keys(BTreeSet::from([key]), dispatching.topics)
    });
    let given = dispatching.given_topics.iter();
    let keys: BTreeSet<String> = given.map(any_key_beside).collect();
    let given = under_keys(keys, dispatching.given_topics);
    statements.extend(ours.into_iter().chain([given]).flatten());
    statements
}

/// A key as policies name it. An alias is no resource of these actions: which key is used for a topic of ours, SNS says.
/// Source: KMS, `alias-authorization`.
fn own_key(key: &str, machine: &Arn) -> String {
    match key.parse::<Arn>() {
        Ok(arn) if arn.resource().starts_with("key/") => arn.to_string(),
        Ok(alias) => any_key_beside(&alias),
        Err(_) => any_key_beside(machine),
    }
}

/// The pattern of all keys in the account and Region of something.
fn any_key_beside(arn: &Arn) -> String {
    let (partition, region, account) = (arn.partition(), arn.region(), arn.account());
    format!("arn:{partition}:kms:{region}:{account}:key/*")
}

/// Whoever publishes to a topic under a key needs the key: by way of SNS, and for these topics only.
/// Source: SNS, `sns-key-management`, with the encryption context; KMS, `conditions-kms`.
fn under_keys(keys: BTreeSet<String>, topics: &BTreeSet<Arn>) -> Option<Value> {
    if keys.is_empty() || topics.is_empty() {
        return None;
    }
    let by = topics
        .iter()
        .map(|topic| format!("sns.{}.*", topic.region()));
    let by: BTreeSet<String> = by.collect();
    let mut statement = allow(
        &["kms:Decrypt", "kms:GenerateDataKey"],
        Vec::from_iter(keys),
    );
    if let Some(fields) = statement.as_object_mut() {
        let condition = json!({
            "StringLike": { "kms:ViaService": by },
            "StringEquals": { "kms:EncryptionContext:aws:sns:topicArn": topics },
        });
        fields.insert("Condition".to_owned(), condition);
    }
    Some(statement)
}

/// Source: Step Functions, `call-https-apis`, IAM permissions to run an HTTP task. `events!connection/…` is what
/// EventBridge calls the secret of a connection. Source: EventBridge, `eb-target-connection-auth`.
fn calls_out(dispatching: &Dispatching<'_>) -> Vec<Value> {
    // No connection can be tied to an address by a condition: one statement says as much as one for each channel.
    let urls = dispatching.endpoints.iter().map(|(_, url)| literally(url));
    let urls: BTreeSet<String> = urls.collect();
    let names = dispatching
        .endpoints
        .iter()
        .map(|(connection, _)| connection);
    let names: BTreeSet<&Arn> = names.collect();
    let connections = names.iter().map(|connection| format!("{connection}/*"));
    let secrets = names.iter().map(|connection| {
        let (partition, region) = (connection.partition(), connection.region());
        let (account, name) = (connection.account(), connection.resource());
        format!("arn:{partition}:secretsmanager:{region}:{account}:secret:events!{name}/*")
    });
    vec![
        json!({
            "Effect": "Allow",
            "Action": "states:InvokeHTTPEndpoint",
            "Resource": dispatching.machine,
            "Condition": { "StringEquals": {
                "states:HTTPMethod": "POST",
                "states:HTTPEndpoint": urls,
            } },
        }),
        allow(
            &["events:RetrieveConnectionCredentials"],
            connections.collect::<Vec<String>>(),
        ),
        allow(
            &[
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
            ],
            secrets.collect::<Vec<String>>(),
        ),
    ]
}

/// An address as `StringEquals` takes it: `*` and `?` mean themselves there, and `${` alone would begin a variable.
/// Source: IAM, policy variables, special characters.
fn literally(url: &str) -> String {
    url.replace("${", "${$}{")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: &str = "arn:aws:states:eu-central-1:111122223333:stateMachine:iamwatch-acme";

    fn arn(text: &str) -> Arn {
        text.parse().unwrap()
    }

    fn topics(names: &[&str]) -> BTreeSet<Arn> {
        let arns = names
            .iter()
            .map(|name| arn(&format!("arn:aws:sns:eu-central-1:{name}")));
        arns.collect()
    }

    fn policies(
        ours: &BTreeSet<Arn>,
        given: &BTreeSet<Arn>,
        endpoints: &[(Arn, String)],
        key: Option<&str>,
    ) -> BTreeMap<String, Value> {
        dispatcher_role_policies(&Dispatching {
            topics: ours,
            given_topics: given,
            probes: &arn("arn:aws:sqs:eu-central-1:111122223333:iamwatch-acme-dispatcher_probes"),
            ledger: &arn("arn:aws:dynamodb:eu-central-1:111122223333:table/iamwatch-acme"),
            machine: &arn(MACHINE),
            endpoints,
            key,
        })
    }

    /// The statement of an action.
    fn of<'a>(policy: &'a Value, action: &str) -> Option<&'a Value> {
        let statements = policy["Statement"].as_array().unwrap();
        statements.iter().find(|statement| {
            let actions = statement["Action"].as_array().unwrap();
            actions.iter().any(|known| known == action)
        })
    }

    #[test]
    fn each_role_serves_one_machine() {
        let account = "111122223333".parse().unwrap();
        let machine = arn(MACHINE);
        let trust = trust_for_machine(&account, &machine);
        assert_eq!(
            trust["Statement"][0],
            json!({
                "Effect": "Allow",
                "Principal": { "Service": ["states.amazonaws.com"] },
                "Action": ["sts:AssumeRole"],
                "Condition": {
                    "ArnEquals": { "aws:SourceArn": [MACHINE] },
                    "StringEquals": { "aws:SourceAccount": ["111122223333"] },
                },
            })
        );
        let rules = "arn:aws:events:eu-central-1:111122223333:rule/iamwatch-acme-*".to_owned();
        let trust = trust_for_starters(&account, std::slice::from_ref(&rules));
        assert_eq!(
            trust["Statement"][0]["Condition"]["ArnLike"],
            json!({ "aws:SourceArn": [rules] })
        );
        let start = may_start(&machine);
        assert_eq!(start["Statement"][0]["Resource"], json!([MACHINE]));
        for policy in [&trust, &start] {
            assert_eq!(canonical(policy), *policy);
        }
    }

    #[test]
    fn a_dispatcher_of_topics_without_a_key_calls_nobody_and_uses_no_key() {
        let ours = topics(&["111122223333:iamwatch-acme-text_mail"]);
        let all = policies(&ours, &BTreeSet::new(), &[], None);
        assert_eq!(all.keys().collect::<Vec<_>>(), [TELLS]);
        let tells = &all[TELLS];
        assert_eq!(tells["Statement"].as_array().unwrap().len(), 3);
        assert_eq!(
            of(tells, "sns:Publish").unwrap()["Resource"],
            json!(["arn:aws:sns:eu-central-1:111122223333:iamwatch-acme-text_mail"])
        );
    }

    #[test]
    fn a_key_is_used_by_way_of_the_topics_alone() {
        let ours = topics(&["111122223333:iamwatch-acme-text_mail"]);
        let given = topics(&["222233334444:security"]);
        let key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let any = "arn:aws:kms:eu-central-1:111122223333:key/*";
        let aliased = "arn:aws:kms:eu-central-1:111122223333:alias/iamwatch-acme";
        for (named, resource) in [(key, key), ("alias/iamwatch-acme", any), (aliased, any)] {
            let all = policies(&ours, &BTreeSet::new(), &[], Some(named));
            let statement = of(&all[TELLS], "kms:GenerateDataKey").unwrap();
            assert_eq!(statement["Resource"], json!([resource]));
            assert_eq!(
                statement["Condition"],
                json!({
                    "StringEquals": { "kms:EncryptionContext:aws:sns:topicArn": ours },
                    "StringLike": { "kms:ViaService": ["sns.eu-central-1.*"] },
                })
            );
        }
        // Which key a topic of others has, nobody here knows.
        let all = policies(&ours, &given, &[], None);
        let statement = of(&all[TELLS], "kms:Decrypt").unwrap();
        let theirs = "arn:aws:kms:eu-central-1:222233334444:key/*";
        assert_eq!(statement["Resource"], json!([theirs]));
        let context = "/Condition/StringEquals/kms:EncryptionContext:aws:sns:topicArn";
        assert_eq!(statement.pointer(context), Some(&json!(given)));
    }

    #[test]
    fn services_are_called_at_their_addresses_with_their_own_secrets() {
        let connection = |name: &str| {
            arn(&format!(
                "arn:aws:events:eu-central-1:111122223333:connection/iamwatch-acme-channel_{name}"
            ))
        };
        let flow = "https://flows.example.com/run?api-version=1&sp=%2Ftriggers%2F*&x=${a}";
        let endpoints = [
            (
                connection("slack"),
                "https://slack.com/api/chat.postMessage".to_owned(),
            ),
            (connection("teams"), flow.to_owned()),
        ];
        let all = policies(&BTreeSet::new(), &BTreeSet::new(), &endpoints, None);
        assert!(of(&all[TELLS], "sns:Publish").is_none());
        let calls_out = &all[CALLS_OUT];
        let invoke = of(calls_out, "states:InvokeHTTPEndpoint").unwrap();
        assert_eq!(invoke["Resource"], json!([MACHINE]));
        assert_eq!(
            invoke["Condition"],
            json!({ "StringEquals": {
                "states:HTTPEndpoint": [
                    "https://flows.example.com/run?api-version=1&sp=%2Ftriggers%2F*&x=${$}{a}",
                    "https://slack.com/api/chat.postMessage",
                ],
                "states:HTTPMethod": ["POST"],
            } })
        );
        let retrieve = of(calls_out, "events:RetrieveConnectionCredentials").unwrap();
        assert_eq!(
            retrieve["Resource"],
            json!([
                "arn:aws:events:eu-central-1:111122223333:connection/iamwatch-acme-channel_slack/*",
                "arn:aws:events:eu-central-1:111122223333:connection/iamwatch-acme-channel_teams/*",
            ])
        );
        let secret = of(calls_out, "secretsmanager:GetSecretValue").unwrap();
        let arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:";
        assert_eq!(
            secret["Resource"],
            json!([
                format!("{arn}events!connection/iamwatch-acme-channel_slack/*"),
                format!("{arn}events!connection/iamwatch-acme-channel_teams/*"),
            ])
        );
    }
}
