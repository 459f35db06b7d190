//! What does a state look like that calls a service, and how does it try again?

use serde_json::{Map, Value, json};

use super::expressions::{constant, expression};
use crate::place::{Arn, Partition};

/// A state that calls a service.
#[derive(Debug)]
pub(super) struct Task {
    /// The integration, such as `sns:publish`.
    pub(super) integration: &'static str,
    pub(super) arguments: Value,
    /// What is kept of the answer.
    pub(super) output: Value,
    pub(super) retry: Value,
}

impl Task {
    /// The state. `catch`: where it goes with an error; `next`: where else, or that it is the last.
    pub(super) fn state(self, partition: Partition, catch: Value, next: Option<&str>) -> Value {
        let resource = format!("arn:{partition}:states:::{}", self.integration);
        // Step Functions gives an HTTP task a minute. Source: its developer guide, "Call HTTPS APIs".
        let state = json!({
            "Type": "Task", "Resource": resource, "TimeoutSeconds": 60,
            "Arguments": self.arguments, "Output": self.output, "Retry": self.retry, "Catch": catch,
        });
        then(state, next)
    }
}

/// A state with what comes behind it.
pub(super) fn then(mut state: Value, next: Option<&str>) -> Value {
    if let Some(fields) = state.as_object_mut() {
        match next {
            Some(next) => fields.insert("Next".to_owned(), json!(next)),
            None => fields.insert("End".to_owned(), json!(true)),
        };
    }
    state
}

/// A catcher of whatever fails. `States.ALL` stands for no data that are too large. Source: Step Functions developer
/// guide, "Handling errors".
pub(super) fn caught(next: &str, output: &Value) -> Value {
    let errors = ["States.DataLimitExceeded", "States.ALL"];
    let catcher = |error: &str| json!({ "ErrorEquals": [error], "Output": output, "Next": next });
    errors.into_iter().map(catcher).collect()
}

/// An expression: a channel, and why it did not take the alert.
pub(super) fn failure() -> Value {
    expression(
        "{'channel': $states.input.channel, 'error': $states.errorOutput.Error, \
         'cause': $substring($string($states.errorOutput.Cause), 0, 500)}",
    )
}

/// Three more attempts, within half a minute. An expression that failed fails again.
pub(super) fn retry() -> Value {
    json!([never(&["States.QueryEvaluationError".to_owned()]), thrice()])
}

/// Answers that the same request gets again: what is wrong is the request, the secret or the address.
const FINAL: [u16; 9] = [400, 401, 403, 404, 405, 410, 413, 415, 422];

/// For services beyond AWS. Whoever is told to come back later (429) does so over a quarter of an hour: `Retry-After`
/// is not read, and chats take one message a second.
fn retry_http() -> Value {
    let status = |status: u16| format!("States.Http.StatusCode.{status}");
    let mut errors = vec!["States.QueryEvaluationError".to_owned()];
    errors.extend(FINAL.map(status));
    json!([
        never(&errors),
        { "ErrorEquals": [status(429)], "IntervalSeconds": 30, "MaxAttempts": 5, "BackoffRate": 2,
          "JitterStrategy": "FULL" },
        thrice(),
    ])
}

fn never(errors: &[String]) -> Value {
    json!({ "ErrorEquals": errors, "MaxAttempts": 0 })
}

fn thrice() -> Value {
    json!({ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 3,
        "JitterStrategy": "FULL" })
}

/// A request to a service beyond AWS, with what its answer means.
#[derive(Debug)]
pub(super) struct Post<'a> {
    /// What people call the service.
    pub(super) service: &'static str,
    /// The connection that holds the secret.
    pub(super) connection: &'a Arn,
    pub(super) url: String,
    pub(super) headers: Value,
    pub(super) query: Value,
    pub(super) body: Value,
    /// An expression: whether `$body`, the service's answer, says that it took the alert.
    pub(super) taken: &'static str,
    /// An expression: what the ledger keeps of `$body`, a short text without secrets.
    pub(super) kept: &'static str,
}

impl Post<'_> {
    /// The state. A status other than 2xx is an error by itself.
    pub(super) fn task(self) -> Task {
        let (service, taken, kept) = (self.service, self.taken, self.kept);
        let json = json!("application/json; charset=utf-8");
        let mut headers = Map::from_iter([("Content-Type".to_owned(), json)]);
        if let Value::Object(more) = self.headers {
            headers.extend(more);
        }
        let mut arguments = json!({
            "ApiEndpoint": constant(&self.url), "Method": "POST",
            "Authentication": { "ConnectionArn": self.connection.as_str() },
            "Headers": headers, "RequestBody": self.body,
        });
        if let (Some(arguments), Value::Object(query)) = (arguments.as_object_mut(), self.query) {
            arguments.insert("QueryParameters".to_owned(), Value::Object(query));
        }
        let output = format!(
            "($body := $states.result.ResponseBody; {taken} \
             ? {{'channel': $states.input.channel, 'answer': $substring({kept}, 0, 200)}} \
             : $error('{service} answered: ' & $substring($string($body), 0, 300)))"
        );
        Task {
            integration: "http:invoke",
            arguments,
            output: expression(&output),
            retry: retry_http(),
        }
    }
}
