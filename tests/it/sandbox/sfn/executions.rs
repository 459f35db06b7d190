//! Executions: how they go, what is told of them, and how they are stopped.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{ACCOUNT, aws, target};
use super::asked::{Sfn, definition, failing, passing, publishing, runner, waiting};

fn kinds(events: &[Value]) -> Vec<&str> {
    let kinds = events.iter();
    kinds.map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_execution_tells_what_came_of_it() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let machine = sfn.create("m", &role, &passing());
    let input = json!({"stateMachineArn": machine, "name": "one", "input": "{\"a\": 1}"});
    let started = sfn.ask("StartExecution", input).unwrap();
    let arn = started["executionArn"].as_str().unwrap();
    assert_eq!(
        arn,
        format!("arn:aws:states:us-east-1:{ACCOUNT}:execution:m:one")
    );
    let found = sfn.describe(arn);
    assert_eq!(found["status"], "SUCCEEDED");
    assert_eq!(found["name"], "one");
    assert_eq!(found["stateMachineArn"], machine);
    assert_eq!(found["input"], "{\"a\": 1}");
    assert_eq!(found["output"], "{\"a\":1}");
    assert_eq!(found["startDate"], started["startDate"]);
    assert_eq!(found["stopDate"], started["startDate"]);

    let events = sfn.history(arn);
    let wanted = [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(kinds(&events), wanted);
    assert_eq!(events[0]["executionStartedEventDetails"]["roleArn"], role);
    assert_eq!(events[1]["stateEnteredEventDetails"]["name"], "Pass");
    assert_eq!(events[3]["previousEventId"], 3);
    assert_eq!(
        events[3]["executionSucceededEventDetails"]["output"],
        "{\"a\":1}"
    );
    let last = json!({"executionArn": arn, "reverseOrder": true, "maxResults": 1,
        "includeExecutionData": false});
    let last = sfn.ask("GetExecutionHistory", last).unwrap();
    assert_eq!(last["events"][0]["id"], 4);
    let details = &last["events"][0]["executionSucceededEventDetails"];
    assert!(details.get("output").is_none());
    assert!(last.get("nextToken").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_failure_has_an_error_and_a_cause() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let machine = sfn.create("m", &role, &failing());
    let execution = sfn.start(&machine, &json!({}));
    let found = sfn.describe(&execution);
    assert_eq!(found["status"], "FAILED");
    assert_eq!(found["error"], "Broken");
    assert_eq!(found["cause"], "on purpose");
    assert!(found.get("output").is_none());
    let last = sfn.history(&execution).pop().unwrap();
    assert_eq!(last["executionFailedEventDetails"]["error"], "Broken");
}

#[tokio::test(start_paused = true)]
async fn a_name_is_used_once() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let quick = sfn.create("quick", &role, &passing());
    let slow = sfn.create("slow", &role, &waiting());
    let named = |machine: &str, input: &str| {
        let input = json!({"stateMachineArn": machine, "name": "one", "input": input});
        sfn.ask("StartExecution", input)
    };
    named(&quick, "{}").unwrap();
    assert_eq!(named(&quick, "{}").unwrap_err().0, "ExecutionAlreadyExists");
    // While it runs, the same question has the same answer.
    let first = named(&slow, "{}").unwrap();
    assert_eq!(named(&slow, "{}").unwrap(), first);
    assert_eq!(named(&slow, "[]").unwrap_err().0, "ExecutionAlreadyExists");
    aws.sandbox.advance(Duration::from_secs(60));
    assert_eq!(named(&slow, "{}").unwrap_err().0, "ExecutionAlreadyExists");
    aws.sandbox.advance(Duration::from_secs(91 * 86_400));
    named(&slow, "{}").unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_cannot_begin_is_refused() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let machine = sfn.create("m", &role, &passing());
    let with = |input: String| {
        let input = json!({"stateMachineArn": machine, "input": input});
        sfn.code("StartExecution", input)
    };
    assert_eq!(with("{".to_owned()), "InvalidExecutionInput");
    let long = |characters: usize, c: &str| format!("\"{}\"", c.repeat(characters));
    assert_eq!(with(long(262_143, "x")), "ValidationException");
    assert_eq!(with(long(200_000, "ü")), "InvalidExecutionInput");
    let gone = json!({"stateMachineArn": machine.replace(":m", ":gone")});
    assert_eq!(sfn.code("StartExecution", gone), "StateMachineDoesNotExist");
    let bad = json!({"stateMachineArn": machine, "name": "a b"});
    assert_eq!(sfn.code("StartExecution", bad), "InvalidName");
    let missing = format!("arn:aws:states:us-east-1:{ACCOUNT}:execution:m:gone");
    let missing = json!({"executionArn": missing});
    assert_eq!(
        sfn.code("DescribeExecution", missing),
        "ExecutionDoesNotExist"
    );
}

#[tokio::test(start_paused = true)]
async fn what_waits_runs_until_the_clock_says_that_it_is_over() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let machine = sfn.create("m", &role, &waiting());
    let execution = sfn.start(&machine, &json!({}));
    assert_eq!(sfn.describe(&execution)["status"], "RUNNING");
    assert_eq!(sfn.history(&execution).len(), 2);
    aws.sandbox.advance(Duration::from_secs(60));
    let found = sfn.describe(&execution);
    assert_eq!(found["status"], "SUCCEEDED");
    let time = |name: &str| found[name].as_f64().unwrap();
    assert!((time("stopDate") - time("startDate") - 60.0).abs() < 0.001);
    assert_eq!(sfn.history(&execution).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_ends_an_execution() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let mut short = waiting();
    short["TimeoutSeconds"] = json!(5);
    let machine = sfn.create("m", &role, &short);
    let execution = sfn.start(&machine, &json!({}));
    aws.sandbox.advance(Duration::from_secs(5));
    assert_eq!(sfn.describe(&execution)["status"], "TIMED_OUT");
}

#[tokio::test(start_paused = true)]
async fn a_running_execution_can_be_stopped() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let machine = sfn.create("m", &role, &waiting());
    let execution = sfn.start(&machine, &json!({}));
    let stop = json!({"executionArn": execution, "error": "Enough", "cause": "it is late"});
    sfn.ask("StopExecution", stop).unwrap();
    let found = sfn.describe(&execution);
    assert_eq!(found["status"], "ABORTED");
    assert_eq!(found["error"], "Enough");
    let events = sfn.history(&execution);
    let wanted = ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"];
    assert_eq!(kinds(&events), wanted);
    aws.sandbox.advance(Duration::from_secs(60));
    assert_eq!(sfn.describe(&execution)["status"], "ABORTED");
}

#[tokio::test(start_paused = true)]
async fn the_latest_come_first_and_can_be_chosen_by_status() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let states = json!({
        "Which": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.good %}", "Next": "Good"}],
            "Default": "Bad",
        },
        "Good": {"Type": "Succeed"},
        "Bad": {"Type": "Fail"},
    });
    let machine = sfn.create("m", &role, &definition(states));
    let made = [true, false, true].map(|good| sfn.start(&machine, &json!({"good": good})));
    let list = |mut input: Value| {
        input["stateMachineArn"] = json!(machine);
        sfn.ask("ListExecutions", input).unwrap()
    };
    let arns = |page: &Value| -> Vec<String> {
        let executions = page["executions"].as_array().unwrap().iter();
        let arn = |execution: &Value| execution["executionArn"].as_str().unwrap().to_owned();
        executions.map(arn).collect()
    };
    let [first, second, third] = &made;
    let page = list(json!({"maxResults": 2}));
    assert_eq!(arns(&page), [third.clone(), second.clone()]);
    let rest = list(json!({"maxResults": 2, "nextToken": page["nextToken"]}));
    assert_eq!(arns(&rest), std::slice::from_ref(first));
    let failed = list(json!({"statusFilter": "FAILED"}));
    assert_eq!(arns(&failed), std::slice::from_ref(second));
}

#[tokio::test(start_paused = true)]
async fn the_bus_hears_when_it_begins_and_when_it_ends() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    aws.open_queue("q").await;
    let pattern = json!({"source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"]});
    aws.rule("r", &pattern.to_string()).await;
    let queue = target("q", &super::super::queue_arn("q")).build().unwrap();
    aws.target("r", queue).await;
    let machine = sfn.create("m", &role, &waiting());
    let execution = sfn.start(&machine, &json!({"k": 1}));
    let heard = |bodies: Vec<String>| -> Value {
        let [body] = bodies.as_slice() else {
            panic!("{bodies:?}");
        };
        serde_json::from_str(body).unwrap()
    };
    let begun = heard(aws.bodies("q").await);
    assert_eq!(begun["resources"], json!([execution]));
    assert_eq!(begun["detail"]["status"], "RUNNING");
    assert_eq!(begun["detail"]["input"], "{\"k\":1}");
    assert_eq!(begun["detail"]["stopDate"], Value::Null);
    aws.sandbox.advance(Duration::from_secs(60));
    let ended = heard(aws.bodies("q").await);
    assert_eq!(ended["detail"]["status"], "SUCCEEDED");
    assert_eq!(ended["detail"]["stateMachineArn"], machine);
    assert_eq!(ended["detail"]["output"], "{\"k\":1}");
    assert_eq!(ended["detail"]["outputDetails"], json!({"included": true}));
}

#[tokio::test(start_paused = true)]
async fn a_sandbox_that_is_saved_keeps_executions() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let machine = sfn.create("m", &role, &publishing("arn:aws:sns:us-east-1:1:none"));
    let execution = sfn.start(&machine, &json!({"text": "t"}));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.json");
    aws.sandbox.save(&file).unwrap();
    let again = iamwatch::sandbox::Sandbox::load(&file).unwrap();
    let again = Sfn::of(&again, again.admin(), "us-east-1");
    let (kept, live) = (again.history(&execution), sfn.history(&execution));
    assert_eq!(kinds(&kept), kinds(&live));
    assert_eq!(kept.len(), 6);
}
