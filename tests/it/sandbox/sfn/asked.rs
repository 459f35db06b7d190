//! Step Functions as a client asks it, without an SDK, and what an execution needs around it.

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use iamwatch::sandbox::Sandbox;
use serde_json::{Value, json};

use super::super::Aws;

/// The code of an error and its message.
pub(super) type Refused = (String, String);

/// A caller of Step Functions in one Region.
pub(super) struct Sfn {
    sandbox: Sandbox,
    caller: Credentials,
    region: String,
}

impl Sfn {
    pub(super) fn of(sandbox: &Sandbox, caller: Credentials, region: &str) -> Self {
        Self {
            sandbox: sandbox.clone(),
            caller,
            region: region.to_owned(),
        }
    }

    /// An administrator in us-east-1.
    pub(super) fn admin(aws: &Aws) -> Self {
        Self::of(&aws.sandbox, aws.sandbox.admin(), "us-east-1")
    }

    pub(super) fn ask(&self, operation: &str, input: Value) -> Result<Value, Refused> {
        let (key, region) = (self.caller.access_key_id(), &self.region);
        let scope = format!("{key}/20260302/{region}/states/aws4_request");
        let request = http::Request::builder()
            .method("POST")
            .uri(format!("https://states.{region}.amazonaws.com/"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
            .header("user-agent", "test/1")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
            )
            .header(
                "x-amz-security-token",
                self.caller.session_token().unwrap_or_default(),
            )
            .body(SdkBody::from(input.to_string()))
            .unwrap();
        let request = HttpRequest::try_from(request).unwrap();
        let response = self.sandbox.answer(&request).unwrap();
        let body = response.body().bytes().unwrap();
        let body: Value = serde_json::from_slice(body).unwrap();
        if response.status().is_success() {
            return Ok(body);
        }
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Err((text("__type"), text("message")))
    }

    /// The code with which something is refused.
    pub(super) fn code(&self, operation: &str, input: Value) -> String {
        self.ask(operation, input).unwrap_err().0
    }

    /// Makes a state machine, and gives its ARN.
    pub(super) fn create(&self, name: &str, role: &str, definition: &Value) -> String {
        let made = self.ask("CreateStateMachine", asked(name, role, definition));
        arn(&made.unwrap()["stateMachineArn"])
    }

    /// Starts an execution, and gives its ARN.
    pub(super) fn start(&self, machine: &str, input: &Value) -> String {
        let input = json!({"stateMachineArn": machine, "input": input.to_string()});
        arn(&self.ask("StartExecution", input).unwrap()["executionArn"])
    }

    pub(super) fn describe(&self, execution: &str) -> Value {
        let input = json!({"executionArn": execution});
        self.ask("DescribeExecution", input).unwrap()
    }

    /// All events of an execution.
    pub(super) fn history(&self, execution: &str) -> Vec<Value> {
        let input = json!({"executionArn": execution, "maxResults": 1000});
        let answer = self.ask("GetExecutionHistory", input).unwrap();
        answer["events"].as_array().unwrap().clone()
    }
}

fn arn(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The input of `CreateStateMachine`.
pub(super) fn asked(name: &str, role: &str, definition: &Value) -> Value {
    json!({"name": name, "roleArn": role, "definition": definition.to_string()})
}

/// A definition whose first state is the first.
pub(super) fn definition(states: Value) -> Value {
    let first = states.as_object().unwrap().keys().next().unwrap().clone();
    json!({"QueryLanguage": "JSONata", "StartAt": first, "States": states})
}

/// What passes its input on.
pub(super) fn passing() -> Value {
    definition(json!({"Pass": {"Type": "Pass", "End": true}}))
}

/// What waits a minute.
pub(super) fn waiting() -> Value {
    definition(json!({"Wait": {"Type": "Wait", "Seconds": 60, "End": true}}))
}

/// What publishes the `text` of its input to a topic.
pub(super) fn publishing(topic: &str) -> Value {
    definition(json!({"Say": {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {"TopicArn": topic, "Message": "{% $states.input.text %}"},
        "End": true,
    }}))
}

/// What always fails.
pub(super) fn failing() -> Value {
    definition(json!({"Fail": {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}}))
}

/// A role that a service may take on and that may do one thing, if anything; its ARN.
pub(super) async fn role(aws: &Aws, name: &str, service: &str, action: Option<&str>) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]});
    let create = aws.iam.create_role().role_name(name);
    let create = create.assume_role_policy_document(trust.to_string());
    let role = create.send().await.unwrap().role.unwrap();
    if let Some(action) = action {
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Action": action, "Resource": "*"}]});
        let put = aws.iam.put_role_policy().role_name(name).policy_name("p");
        put.policy_document(policy.to_string())
            .send()
            .await
            .unwrap();
    }
    role.arn
}

/// A role of a state machine.
pub(super) async fn runner(aws: &Aws, action: Option<&str>) -> String {
    role(aws, "runner", "states.amazonaws.com", action).await
}

/// A topic `said` whose messages come as they are to a queue `heard`; the ARN of the topic.
pub(super) async fn heard(aws: &Aws) -> String {
    aws.open_queue("heard").await;
    let topic = aws.open_topic("said").await;
    let subscribe = aws.sns.subscribe().topic_arn(&topic).protocol("sqs");
    let subscribe = subscribe.endpoint(super::super::queue_arn("heard"));
    let subscribe = subscribe.attributes("RawMessageDelivery", "true");
    subscribe.send().await.unwrap();
    topic
}
