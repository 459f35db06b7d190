//! What Task, Parallel and Map do.

use iamwatch::states::Failure;
use serde_json::json;

use super::{Told, execute, failure, inner, machine, outcome, output, pass, task, with};

#[test]
fn a_task_is_called_with_its_arguments() {
    let state = task(json!({
        "TimeoutSeconds": 60,
        "Arguments": {
            "TopicArn": "arn:aws:sns:us-east-1:111122223333:acme",
            "Subject": "{% $states.input.subject %}",
            "Tags": ["{% 1 + 1 %}", "{not} {% one %} "],
        },
        "Output": { "id": "{% $states.result.MessageId %}", "of": "{% $states.input.subject %}" },
    }));
    let mut told = Told {
        answers: vec![Ok(json!({ "MessageId": "1" }))],
        ..Told::default()
    };
    let outcome = execute(
        &machine(json!({ "A": state })),
        json!({ "subject": "Root!" }),
        &mut told,
    );
    assert_eq!(output(&outcome), &json!({ "id": "1", "of": "Root!" }));
    let arguments = json!({
        "TopicArn": "arn:aws:sns:us-east-1:111122223333:acme",
        "Subject": "Root!",
        "Tags": [2, "{not} {% one %} "],
    });
    let resource = "arn:aws:states:::sns:publish".to_owned();
    assert_eq!(told.calls, [(resource, arguments)]);
}

#[test]
fn the_history_tells_of_calls_and_their_failures() {
    let mut told = Told {
        answers: vec![Err(Failure::new("SNS.NotFoundException", "no topic"))],
        ..Told::default()
    };
    let outcome = execute(
        &machine(json!({ "A": task(json!({})) })),
        json!({}),
        &mut told,
    );
    let failed = outcome.history.iter().find(|e| e.kind == "TaskFailed");
    let failed = failed.unwrap();
    assert_eq!(failed.state.as_deref(), Some("A"));
    assert_eq!(failed.failure.as_ref(), Some(failure(&outcome)));
    let scheduled = outcome.history.iter().find(|e| e.kind == "TaskScheduled");
    let resource = scheduled.unwrap().resource.as_deref();
    assert_eq!(resource, Some("arn:aws:states:::sns:publish"));
}

#[test]
fn branches_begin_with_the_input_and_their_outputs_are_a_list() {
    let states = json!({
        "A": {
            "Type": "Parallel",
            "Branches": [
                inner(json!({ "B": pass(json!({ "Output": "{% $states.input.n + 1 %}" })) })),
                inner(json!({ "C": pass(json!({})) })),
            ],
            "Output": { "all": "{% $states.result %}", "was": "{% $states.input.n %}" },
            "End": true,
        },
    });
    let outcome = outcome(states, json!({ "n": 1 }));
    assert_eq!(
        output(&outcome),
        &json!({ "all": [2, { "n": 1 }], "was": 1 })
    );
    assert_eq!(outcome.entered(), ["A", "B", "C"]);
}

#[test]
fn a_map_gives_the_outputs_of_its_items_in_order() {
    let processor = inner(json!({ "B": pass(json!({ "Output": "{% $states.input & '!' %}" })) }));
    let map = json!({ "Type": "Map", "Items": "{% $states.input.list %}", "End": true,
        "ItemProcessor": processor });
    let list = json!({ "list": ["a", "b"] });
    let states = json!({ "A": map.clone() });
    assert_eq!(output(&outcome(states, list.clone())), &json!(["a!", "b!"]));

    let selector = json!({ "ItemSelector":
        "{% $string($states.context.Map.Item.Index) & $states.context.Map.Item.Value %}" });
    let states = json!({ "A": with(map, selector) });
    assert_eq!(output(&outcome(states, list)), &json!(["0a!", "1b!"]));
}

#[test]
fn a_map_of_nothing_succeeds_and_one_of_a_single_value_fails() {
    let map = |items: &str| {
        let processor = inner(json!({ "B": pass(json!({})) }));
        json!({ "A": { "Type": "Map", "Items": items, "ItemProcessor": processor, "End": true } })
    };
    let list = "{% [$states.input.list] %}";
    assert_eq!(output(&outcome(map(list), json!({}))), &json!([]));
    let outcome = outcome(map("{% $states.input.list %}"), json!({ "list": "a" }));
    assert_eq!(failure(&outcome).error, "States.QueryEvaluationError");
    assert!(failure(&outcome).cause.contains("Expected 'array'"));
}

#[test]
fn an_item_whose_failure_is_caught_leaves_the_others_alone() {
    let catch = json!([{ "ErrorEquals": ["States.ALL"], "Next": "Lost",
        "Output": "{% $states.input & ' lost: ' & $states.errorOutput.Error %}" }]);
    let processor = inner(json!({
        "Send": task(json!({ "Catch": catch })),
        "Lost": pass(json!({})),
    }));
    let states = json!({ "A": { "Type": "Map", "ItemProcessor": processor, "End": true } });
    let mut told = Told {
        answers: vec![Err(Failure::new("SNS.Bad", "")), Ok(json!("sent"))],
        ..Told::default()
    };
    let outcome = execute(&machine(states), json!(["a", "b"]), &mut told);
    assert_eq!(output(&outcome), &json!(["a lost: SNS.Bad", "sent"]));
    assert_eq!(outcome.entered(), ["A", "Send", "Lost", "Send"]);
}

#[test]
fn an_item_that_fails_fails_the_map_and_keeps_the_others_from_their_turn() {
    let processor = inner(json!({ "Send": task(json!({})) }));
    let states = json!({ "A": { "Type": "Map", "ItemProcessor": processor, "End": true } });
    let mut told = Told {
        answers: vec![Err(Failure::new("SNS.Bad", ""))],
        ..Told::default()
    };
    let outcome = execute(&machine(states), json!(["a", "b"]), &mut told);
    assert_eq!(failure(&outcome).error, "SNS.Bad");
    assert_eq!(told.calls.len(), 1);
}
