//! What Tasks do, as whom, and how they fail.

use serde_json::{Value, json};

use super::super::{aws, topic_arn};
use super::asked::{Sfn, definition, heard, publishing, runner};

#[tokio::test(start_paused = true)]
async fn a_machine_publishes_and_its_message_is_heard() {
    let aws = aws();
    let topic = heard(&aws).await;
    let role = runner(&aws, Some("sns:Publish")).await;
    let sfn = Sfn::admin(&aws);
    let machine = sfn.create("m", &role, &publishing(&topic));
    let execution = sfn.start(&machine, &json!({"text": "hello"}));
    assert_eq!(aws.bodies("heard").await, ["hello"]);
    let found = sfn.describe(&execution);
    let output: Value = serde_json::from_str(found["output"].as_str().unwrap()).unwrap();
    assert!(output["MessageId"].is_string(), "{output}");
    let events = sfn.history(&execution);
    let scheduled = &events[2]["taskScheduledEventDetails"];
    assert_eq!(scheduled["resourceType"], "sns");
    assert_eq!(scheduled["resource"], "publish");
    assert_eq!(scheduled["region"], "us-east-1");
    let parameters = scheduled["parameters"].as_str().unwrap();
    assert!(parameters.contains("hello"), "{parameters}");
    assert_eq!(events[4]["type"], "TaskSucceeded");
}

#[tokio::test(start_paused = true)]
async fn a_message_can_have_a_text_for_each_protocol() {
    let aws = aws();
    let topic = heard(&aws).await;
    let role = runner(&aws, Some("sns:Publish")).await;
    let message = json!({"default": "for all", "sqs": "for queues", "sms": "for phones"});
    let states = json!({"Say": {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {"TopicArn": topic, "MessageStructure": "json", "Message": message},
        "End": true,
    }});
    let sfn = Sfn::admin(&aws);
    let machine = sfn.create("m", &role, &definition(states));
    sfn.start(&machine, &json!({}));
    assert_eq!(aws.bodies("heard").await, ["for queues"]);
}

#[tokio::test(start_paused = true)]
async fn a_machine_sends_to_a_queue() {
    let aws = aws();
    let queue = aws.open_queue("q").await;
    let role = runner(&aws, Some("sqs:SendMessage")).await;
    let states = json!({"Send": {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Arguments": {"QueueUrl": queue, "MessageBody": {"k": "{% $states.input.k %}"}},
        "End": true,
    }});
    let sfn = Sfn::admin(&aws);
    let machine = sfn.create("m", &role, &definition(states));
    sfn.start(&machine, &json!({"k": [1]}));
    assert_eq!(aws.bodies("q").await, ["{\"k\":[1]}"]);
}

/// The error and the cause of what publishes with a role that may do one thing, if anything.
async fn failure(action: Option<&str>, topic: &str) -> (String, String) {
    let aws = aws();
    heard(&aws).await;
    let role = runner(&aws, action).await;
    let sfn = Sfn::admin(&aws);
    let machine = sfn.create("m", &role, &publishing(topic));
    let found = sfn.describe(&sfn.start(&machine, &json!({"text": "t"})));
    assert_eq!(found["status"], "FAILED");
    let text = |name: &str| found[name].as_str().unwrap().to_owned();
    (text("error"), text("cause"))
}

#[tokio::test(start_paused = true)]
async fn errors_are_called_as_step_functions_calls_them() {
    let (error, cause) = failure(None, &topic_arn("said")).await;
    assert_eq!(error, "SNS.AuthorizationErrorException");
    let begins = "User: arn:aws:sts::111122223333:assumed-role/runner/";
    assert!(cause.starts_with(begins), "{cause}");
    let code = "(Service: AmazonSNS; Status Code: 403; Error Code: AuthorizationError; ";
    assert!(cause.contains(code), "{cause}");
    let (error, _) = failure(Some("sns:Publish"), &topic_arn("gone")).await;
    assert_eq!(error, "SNS.NotFoundException");
    let (error, _) = failure(Some("sns:Publish"), "nothing").await;
    assert_eq!(error, "SNS.InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn a_denied_call_can_be_caught() {
    let aws = aws();
    let role = runner(&aws, None).await;
    let mut machine = publishing(&topic_arn("said"));
    let say = &mut machine["States"]["Say"];
    say["Catch"] = json!([{
        "ErrorEquals": ["SNS.AuthorizationErrorException"],
        "Output": "{% $states.errorOutput.Error %}",
        "Next": "Fallback",
    }]);
    machine["States"]["Fallback"] = json!({"Type": "Pass", "End": true});
    let sfn = Sfn::admin(&aws);
    let machine = sfn.create("m", &role, &machine);
    let found = sfn.describe(&sfn.start(&machine, &json!({"text": "t"})));
    assert_eq!(found["status"], "SUCCEEDED");
    assert_eq!(found["output"], "\"SNS.AuthorizationErrorException\"");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_trusts_no_longer_is_not_taken_on() {
    let aws = aws();
    let topic = heard(&aws).await;
    let role = runner(&aws, Some("sns:Publish")).await;
    let sfn = Sfn::admin(&aws);
    let machine = sfn.create("m", &role, &publishing(&topic));
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny",
        "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let update = aws.iam.update_assume_role_policy().role_name("runner");
    let update = update.policy_document(trust.to_string());
    update.send().await.unwrap();
    let found = sfn.describe(&sfn.start(&machine, &json!({"text": "t"})));
    assert_eq!(found["error"], "States.Permissions");
    assert!(aws.bodies("heard").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn expressions_tell_the_time_of_the_sandbox() {
    let aws = aws();
    let role = runner(&aws, None).await;
    let states = json!({"Now": {
        "Type": "Pass",
        "Output": {"millis": "{% $millis() %}", "now": "{% $now() %}"},
        "End": true,
    }});
    let sfn = Sfn::admin(&aws);
    let machine = sfn.create("m", &role, &definition(states));
    let execution = sfn.start(&machine, &json!({}));
    let at = aws.sandbox.now();
    let found = sfn.describe(&execution);
    let output: Value = serde_json::from_str(found["output"].as_str().unwrap()).unwrap();
    assert_eq!(output["millis"], at);
    let now = output["now"].as_str().unwrap();
    assert!(now.starts_with("2026-03-02T09:00:"), "{now}");
}
