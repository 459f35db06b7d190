//! Runs of the whole machine: who hears of an alert, and who of what failed.

use iamwatch::states::{Execution, Failure, Machine, Outcome, Status, Tasks, run};
use serde_json::{Value, json};

use super::{definition, event, rule};

/// Services of which some refuse.
#[derive(Default)]
struct Services {
    /// What is refused: a part of the resource or of the arguments, and the error.
    refused: Vec<(&'static str, &'static str)>,
    /// What Slack answers.
    slack: Option<Value>,
    /// What was taken.
    taken: Vec<Value>,
}

impl Tasks for Services {
    fn call(&mut self, resource: &str, arguments: &Value) -> Result<Value, Failure> {
        let whole = format!("{resource} {arguments}");
        if let Some((_, error)) = self.refused.iter().find(|(part, _)| whole.contains(part)) {
            return Err(Failure::new(*error, "no"));
        }
        self.taken.push(arguments.clone());
        let body = match whole {
            whole if whole.contains("slack.com") => {
                let taken = json!({ "ok": true, "ts": "1767601801.000100" });
                self.slack.clone().unwrap_or(taken)
            }
            whole if whole.contains("pagerduty.com") => {
                json!({ "status": "success", "dedup_key": arguments["RequestBody"]["dedup_key"] })
            }
            _ => return Ok(json!({ "MessageId": "m-1" })),
        };
        Ok(json!({ "StatusCode": 200, "ResponseBody": body }))
    }

    fn wait(&mut self, _seconds: u64) {}

    fn now_millis(&self) -> i64 {
        1_767_601_801_000
    }
}

impl Services {
    fn refusing(refused: &[(&'static str, &'static str)]) -> Self {
        Self {
            refused: refused.to_vec(),
            ..Self::default()
        }
    }

    fn run(&mut self, input: &Value) -> Outcome {
        self.run_by(&definition(3), input)
    }

    fn run_by(&mut self, definition: &Value, input: &Value) -> Outcome {
        let machine = Machine::parse(definition).unwrap();
        let execution = Execution {
            id: "arn:aws:states:us-east-1:111122223333:execution:iamwatch-acme:e-1".to_owned(),
            name: "e-1".to_owned(),
            role_arn: "arn:aws:iam::111122223333:role/iamwatch-acme-dispatcher".to_owned(),
            start_time: "2026-01-05T08:30:01.000Z".to_owned(),
            input: input.clone(),
            state_machine_id: "arn:aws:states:us-east-1:111122223333:stateMachine:iamwatch-acme"
                .to_owned(),
            state_machine_name: "iamwatch-acme".to_owned(),
        };
        run(&machine, &execution, self)
    }

    /// The item in the ledger, and the answers in it.
    fn kept(&self) -> (&Value, Value) {
        let put = self
            .taken
            .iter()
            .find_map(|arguments| arguments.get("Item"));
        let item = put.unwrap();
        let answers = serde_json::from_str(item["answers"]["S"].as_str().unwrap());
        (item, answers.unwrap())
    }

    /// The subjects of what topics got.
    fn subjects(&self) -> Vec<&str> {
        let subjects = self
            .taken
            .iter()
            .filter_map(|arguments| arguments.get("Subject"));
        subjects.filter_map(Value::as_str).collect()
    }
}

fn input() -> Value {
    json!({ "rule": rule(), "event": event() })
}

/// What a run says that told an alert.
fn output(outcome: &Outcome) -> &Value {
    match &outcome.status {
        Status::Succeeded(output) => output,
        status => panic!("{status:?}"),
    }
}

#[test]
fn an_alert_for_three_channels_takes_ten_transitions_and_the_ledger_keeps_each_answer() {
    let mut services = Services::default();
    let outcome = services.run(&input());
    assert_eq!(outcome.transitions, 10, "{:?}", outcome.entered());
    let (item, answers) = services.kept();
    assert_eq!(
        *output(&outcome),
        json!({ "rule": "iam/changes", "id": "00000000-0000-4000-8000-000000000001",
            "subject": services.subjects()[0], "digest": item["digest"]["S"], "answers": answers })
    );
    assert_eq!(item["k"]["S"], "alert#2026-01-05");
    assert_eq!(item["s"]["S"], "08:30:01.000Z#e-1");
    assert_eq!(item["rule"]["S"], "iam/changes");
    assert_eq!(item["mode"]["S"], "real");
    let expires = item["expires"]["N"].as_str().unwrap();
    assert!(expires.parse::<u64>().is_ok(), "{expires}");
    let dedup = "iamwatch/acme/iam/changes/222233334444/00000000-0000-4000-8000-000000000001";
    assert_eq!(
        answers,
        json!([
            { "channel": "mail", "answer": "SNS message m-1" },
            { "channel": "slack", "answer": "ts 1767601801.000100" },
            { "channel": "pagerduty", "answer": format!("dedup key {dedup}") },
        ])
    );
}

#[test]
fn a_channel_that_refuses_is_told_of_with_the_alert() {
    let mut services = Services {
        slack: Some(json!({ "ok": false, "error": "not_in_channel" })),
        ..Services::refusing(&[("pagerduty.com", "States.Http.StatusCode.400")])
    };
    let outcome = services.run(&input());
    assert_eq!(output(&outcome)["answers"], services.kept().1);
    let subjects = services.subjects();
    for begin in [
        "CRITICAL prod: ",
        "NOT DELIVERED to slack: ",
        "NOT DELIVERED to pagerduty: ",
    ] {
        let count = subjects
            .iter()
            .filter(|subject| subject.starts_with(begin))
            .count();
        assert_eq!(count, 1, "{subjects:?}");
    }
    let (_, answers) = services.kept();
    assert_eq!(
        answers[0],
        json!({ "channel": "mail", "answer": "SNS message m-1" })
    );
    assert_eq!(answers[1]["fallback"], true);
    let cause = answers[1]["cause"].as_str().unwrap();
    assert!(cause.contains("not_in_channel"), "{cause}");
    assert_eq!(answers[2]["error"], "States.Http.StatusCode.400");
}

#[test]
fn services_that_are_down_are_tried_again_and_those_that_refuse_are_not() {
    // Attempts of the channel itself, beside the first.
    for (error, again) in [
        ("States.Http.StatusCode.401", 0),
        ("States.Http.StatusCode.404", 0),
        ("States.Http.StatusCode.429", 5),
        ("States.Http.StatusCode.503", 3),
        ("States.Timeout", 3),
    ] {
        let mut services = Services::refusing(&[("slack.com", error)]);
        let outcome = services.run(&input());
        // One state more: the fallback.
        assert_eq!(outcome.transitions, 11 + again, "{error}");
    }
}

#[test]
fn a_channel_that_the_file_does_not_have_is_told_of() {
    let mut services = Services::default();
    let mut input = input();
    input["rule"]["channels"] = json!(["nobody"]);
    let outcome = services.run(&input);
    assert_eq!(output(&outcome)["answers"][0]["fallback"], true);
    assert!(services.subjects()[0].starts_with("NOT DELIVERED to nobody: CRITICAL"));
    let (_, answers) = services.kept();
    assert_eq!(answers[0]["error"], "no such channel");
}

#[test]
fn a_ledger_that_fails_keeps_no_alert_back() {
    let mut services = Services::refusing(&[("dynamodb", "DynamoDB.ResourceNotFoundException")]);
    let outcome = services.run(&input());
    assert_eq!(output(&outcome)["answers"].as_array().unwrap().len(), 3);
    assert_eq!(services.taken.len(), 3);
}

#[test]
fn where_no_topic_answers_the_run_fails_and_other_channels_have_heard() {
    for ledger in [true, false] {
        let mut refused = vec![("sns:publish", "SNS.NotFoundException")];
        if !ledger {
            refused.push(("dynamodb", "DynamoDB.ResourceNotFoundException"));
        }
        let mut services = Services::refusing(&refused);
        let outcome = services.run(&input());
        let Status::Failed(failure) = &outcome.status else {
            panic!("{:?}", outcome.status);
        };
        assert_eq!(failure.error, "Iamwatch.NobodyWasTold");
        assert!(
            services
                .taken
                .iter()
                .any(|taken| taken["ApiEndpoint"].is_string())
        );
        if ledger {
            assert_eq!(services.kept().1[0]["lost"], true);
        }
    }
}

#[test]
fn an_input_that_is_none_is_told_of() {
    for input in [json!({}), json!([]), json!({ "rule": [], "event": "x" })] {
        let mut services = Services::default();
        let outcome = services.run(&input);
        output(&outcome);
        assert_eq!(services.subjects().len(), 1, "{input}");
    }
}

#[test]
fn the_last_resort_says_why_it_was_one() {
    // Nothing of the alert comes to be, and the run ends well: the event was told as it came.
    let mut definition = definition(3);
    definition["States"]["Alert"]["Branches"][0]["States"]["Read"]["Assign"]["alert"] =
        json!("{% $error('no alert') %}");
    let mut services = Services::default();
    let outcome = services.run_by(&definition, &input());
    let said = output(&outcome);
    assert_eq!(said["error"], "States.QueryEvaluationError");
    assert!(
        said["cause"].as_str().unwrap().contains("no alert"),
        "{said}"
    );
    assert!(services.subjects()[0].starts_with("ALERT NOT RENDERED"));
}

#[test]
fn a_probe_reaches_the_prober_alone() {
    let mut services = Services::default();
    let mut input = input();
    input["event"]["source"] = json!("iamwatch.probe.acme");
    let outcome = services.run(&input);
    assert_eq!(
        output(&outcome)["answers"],
        json!([{ "channel": "probe", "answer": "SQS message m-1" }])
    );
    assert_eq!(services.subjects(), Vec::<&str>::new());
    let body = services.taken[0]["MessageBody"].as_str().unwrap();
    let said: Value = serde_json::from_str(body).unwrap();
    assert_eq!(said["channels"], json!(["mail", "slack", "pagerduty"]));
    assert_eq!(said["digest"].as_str().unwrap().len(), 12);
    let mut broken = Services::refusing(&[("sqs:", "SQS.QueueDoesNotExist")]);
    let outcome = broken.run(&input);
    assert_eq!(
        output(&outcome)["answers"][0]["error"],
        "SQS.QueueDoesNotExist"
    );
    assert_eq!(broken.subjects(), Vec::<&str>::new());
}
