//! What may the rules file's roles do at most?

use serde_json::{Value, json};

use super::{Scope, document, one_or_many};
use crate::resources::names;

/// The permissions boundary that the rules file's roles need: what forwarders, the dispatcher and its starter do, and
/// nothing else.
pub fn boundary(scope: &Scope) -> Value {
    let bus = at_home(
        scope,
        "events",
        &format!("event-bus/{}", names::whole(&scope.stack)),
    );
    let mut statements = vec![allow("SendToHomeBus", &["events:PutEvents"], bus)];
    if scope.dispatcher {
        statements.extend(of_dispatcher(scope));
    }
    if scope.connections {
        statements.extend(of_connections(scope));
    }
    document(statements)
}

/// The ARN of something at home.
fn at_home(scope: &Scope, service: &str, resource: &str) -> Value {
    json!(names::arn(service, &scope.home, &scope.account, resource))
}

fn allow(sid: &str, actions: &[&str], resources: Value) -> Value {
    let actions = one_or_many(actions.iter().map(ToString::to_string));
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources })
}

fn machine(scope: &Scope) -> Value {
    let machine = format!("stateMachine:{}", names::whole(&scope.stack));
    at_home(scope, "states", &machine)
}

fn of_dispatcher(scope: &Scope) -> Vec<Value> {
    let (partition, home) = (scope.home.partition(), &scope.home);
    let ours = format!(
        "arn:{partition}:sns:{home}:{}:{}",
        scope.account,
        names::topics_pattern(&scope.stack)
    );
    let given = scope.given_topics.iter().map(ToString::to_string);
    let topics = one_or_many(std::iter::once(ours).chain(given));
    let table = format!("table/{}", names::whole(&scope.stack));
    let mut keys = allow(
        "KeysOfTopics",
        &["kms:Decrypt", "kms:GenerateDataKey"],
        json!(format!("arn:{partition}:kms:{home}:*:key/*")),
    );
    if let Some(fields) = keys.as_object_mut() {
        let condition = json!({
            "StringLike": {
                "kms:ViaService": format!("sns.{home}.*"),
                "kms:EncryptionContext:aws:sns:topicArn": topics,
            },
        });
        fields.insert("Condition".to_owned(), condition);
    }
    vec![
        allow(
            "StartDispatcher",
            &["states:StartExecution"],
            machine(scope),
        ),
        allow("Publish", &["sns:Publish"], topics),
        keys,
        allow(
            "AnswerProbes",
            &["sqs:SendMessage"],
            json!(scope.probes_of_dispatcher()),
        ),
        allow(
            "KeepLedger",
            &["dynamodb:PutItem"],
            at_home(scope, "dynamodb", &table),
        ),
    ]
}

fn of_connections(scope: &Scope) -> Vec<Value> {
    let name = format!("connection/{}", names::connections_pattern(&scope.stack));
    let secret = format!("secret:events!{name}");
    vec![
        allow("CallOut", &["states:InvokeHTTPEndpoint"], machine(scope)),
        allow(
            "UseConnections",
            &["events:RetrieveConnectionCredentials"],
            at_home(scope, "events", &name),
        ),
        allow(
            "ReadSecrets",
            &[
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
            ],
            at_home(scope, "secretsmanager", &secret),
        ),
    ]
}
