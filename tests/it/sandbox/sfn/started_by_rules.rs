//! Rules that start executions, and rules that hear of them.

use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::types::{DeadLetterConfig, InputTransformer, Target};
use serde_json::{Value, json};

use super::super::{Aws, aws, queue_arn, target, topic_arn};
use super::asked::{Sfn, failing, heard, publishing, role, runner};

const PATTERN: &str = r#"{"source":["app"]}"#;

/// A target that starts executions with `text`, and has a dead-letter queue.
fn starting(machine: &str, role: &str) -> Target {
    let transformer = InputTransformer::builder()
        .input_paths_map("what", "$.detail.what")
        .input_template(r#"{"text": <what>}"#)
        .build()
        .unwrap();
    let letters = DeadLetterConfig::builder().arn(queue_arn("dead")).build();
    let target = target("m", machine).role_arn(role);
    let target = target.input_transformer(transformer);
    target.dead_letter_config(letters).build().unwrap()
}

/// A rule that starts a machine which publishes.
async fn alerting(aws: &Aws, starter: &str) -> String {
    let topic = heard(aws).await;
    aws.open_queue("dead").await;
    let runner = runner(aws, Some("sns:Publish")).await;
    let machine = Sfn::admin(aws).create("m", &runner, &publishing(&topic));
    aws.rule("r", PATTERN).await;
    aws.target("r", starting(&machine, starter)).await;
    machine
}

/// The error code of the only dead letter.
async fn dead(aws: &Aws) -> String {
    let letters = aws.drain("dead").await;
    assert_eq!(letters.len(), 1);
    let attributes = letters[0].message_attributes().unwrap();
    attributes["ERROR_CODE"].string_value().unwrap().to_owned()
}

async fn starter(aws: &Aws) -> String {
    let service = "events.amazonaws.com";
    role(aws, "starter", service, Some("states:StartExecution")).await
}

#[tokio::test(start_paused = true)]
async fn an_event_becomes_an_execution_and_a_message() {
    let aws = aws();
    let starter = starter(&aws).await;
    let machine = alerting(&aws, &starter).await;
    aws.put(json!({"what": "it happened"})).await;
    assert_eq!(aws.bodies("heard").await, ["it happened"]);
    assert!(aws.drain("dead").await.is_empty());
    let listed = json!({"stateMachineArn": machine});
    let listed = Sfn::admin(&aws).ask("ListExecutions", listed).unwrap();
    assert_eq!(listed["executions"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_target_needs_a_role() {
    let aws = aws();
    let runner = runner(&aws, None).await;
    let machine = Sfn::admin(&aws).create("m", &runner, &failing());
    aws.rule("r", PATTERN).await;
    let put = aws.events.put_targets().rule("r");
    let put = put.targets(target("m", &machine).build().unwrap());
    let error = put.send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
    let wanted = format!("RoleArn is required for target {machine}.");
    assert_eq!(error.message(), Some(wanted.as_str()));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_start_is_a_dead_letter() {
    let aws = aws();
    let service = "events.amazonaws.com";
    let silent = role(&aws, "silent", service, None).await;
    let machine = alerting(&aws, &silent).await;
    aws.put(json!({"what": "no"})).await;
    assert_eq!(dead(&aws).await, "NO_PERMISSIONS");

    let wrong = role(&aws, "wrong", "sns.amazonaws.com", Some("states:*")).await;
    aws.target("r", starting(&machine, &wrong)).await;
    aws.put(json!({"what": "no"})).await;
    assert_eq!(dead(&aws).await, "FAILED_TO_ASSUME_ROLE");

    let right = starter(&aws).await;
    aws.target("r", starting(&machine, &right)).await;
    let delete = json!({"stateMachineArn": machine});
    Sfn::admin(&aws).ask("DeleteStateMachine", delete).unwrap();
    aws.put(json!({"what": "no"})).await;
    assert_eq!(dead(&aws).await, "NO_RESOURCE");
    assert!(aws.bodies("heard").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_failed_execution_comes_to_a_topic_by_a_rule() {
    let aws = aws();
    heard(&aws).await;
    let runner = runner(&aws, None).await;
    let sfn = Sfn::admin(&aws);
    let machine = sfn.create("m", &runner, &failing());
    let pattern = json!({
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [machine], "status": ["FAILED", "TIMED_OUT", "ABORTED"]},
    });
    aws.rule("net", &pattern.to_string()).await;
    let transformer = InputTransformer::builder()
        .input_paths_map("error", "$.detail.error")
        .input_paths_map("input", "$.detail.input")
        .input_template(r#""<error>: <input>""#)
        .build()
        .unwrap();
    let net = target("t", &topic_arn("said")).input_transformer(transformer);
    aws.target("net", net.build().unwrap()).await;
    sfn.start(&machine, &json!(1));
    assert_eq!(aws.bodies("heard").await, [r#""Broken: 1""#]);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_starts_itself_does_not_stop_the_world() {
    let aws = aws();
    let starter = starter(&aws).await;
    let runner = runner(&aws, None).await;
    let sfn = Sfn::admin(&aws);
    let machine = sfn.create("m", &runner, &failing());
    aws.rule("loop", r#"{"source":["aws.states"]}"#).await;
    let again = target("m", &machine).role_arn(starter);
    aws.target("loop", again.build().unwrap()).await;
    sfn.start(&machine, &json!({}));
}

#[tokio::test(start_paused = true)]
async fn cloudtrail_tells_who_starts_and_for_whom() {
    let aws = aws().with_trail().await;
    let starter = starter(&aws).await;
    let machine = alerting(&aws, &starter).await;
    aws.open_queue("recorded").await;
    let pattern = json!({"source": ["aws.states"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventName": ["StartExecution"]}});
    aws.rule("calls", &pattern.to_string()).await;
    let queue = target("q", &queue_arn("recorded")).build().unwrap();
    aws.target("calls", queue).await;

    aws.put(json!({"what": "it happened"})).await;
    let bodies = aws.bodies("recorded").await;
    assert_eq!(bodies.len(), 1);
    let event: Value = serde_json::from_str(&bodies[0]).unwrap();
    let detail = &event["detail"];
    assert_eq!(detail["eventSource"], "states.amazonaws.com");
    assert_eq!(detail["readOnly"], false);
    assert_eq!(detail["managementEvent"], true);
    assert_eq!(detail["sourceIPAddress"], "events.amazonaws.com");
    let who = &detail["userIdentity"];
    assert_eq!(who["type"], "AssumedRole");
    assert_eq!(who["invokedBy"], "events.amazonaws.com");
    assert_eq!(who["sessionContext"]["sessionIssuer"]["arn"], starter);
    let asked = &detail["requestParameters"];
    assert_eq!(asked["stateMachineArn"], machine);
    assert_eq!(asked["input"], "HIDDEN_DUE_TO_SECURITY_REASONS");
}
