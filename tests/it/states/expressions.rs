//! What the expressions of a state see and give.

use serde_json::json;

use super::{failure, outcome, output, pass};

#[test]
fn the_context_tells_of_the_execution() {
    let states = json!({ "A": pass(json!({ "Output": "{% $states.context %}" })) });
    let arn = |rest: &str| format!("arn:aws:states:us-east-1:111122223333:{rest}");
    assert_eq!(
        output(&outcome(states, json!({ "a": 1 }))),
        &json!({
            "Execution": {
                "Id": arn("execution:acme:one"),
                "Input": { "a": 1 },
                "Name": "one",
                "RoleArn": "arn:aws:iam::111122223333:role/acme",
                "StartTime": "2026-11-30T23:48:01.000Z",
            },
            "State": {
                "EnteredTime": "2026-11-30T23:48:01.000Z",
                "Name": "A",
                "RetryCount": 0,
            },
            "StateMachine": { "Id": arn("stateMachine:acme"), "Name": "acme" },
        })
    );
}

#[test]
fn a_leaf_that_gives_nothing_fails_its_state() {
    for (output, field) in [
        (json!("{% $states.input.none %}"), "Output"),
        (
            json!({ "a": { "b": ["{% $states.input.none %}"] } }),
            "Output/a/b[0]",
        ),
    ] {
        let outcome = outcome(json!({ "A": pass(json!({ "Output": output })) }), json!({}));
        let failure = failure(&outcome);
        assert_eq!(failure.error, "States.QueryEvaluationError");
        assert_eq!(
            failure.cause,
            format!(
                "An error occurred while executing the state 'A' (entered at the event id #2). \
                 The JSONata expression '$states.input.none' specified for the field '{field}' \
                 returned nothing (undefined)."
            )
        );
    }
}

#[test]
fn a_member_of_a_constructor_that_is_nothing_vanishes() {
    let output_of = "{% {'a': $states.input.none, 'b': [$states.input.none, 1]} %}";
    let outcome = outcome(
        json!({ "A": pass(json!({ "Output": output_of })) }),
        json!({}),
    );
    assert_eq!(output(&outcome), &json!({ "b": [1] }));
}

#[test]
fn only_a_text_that_is_an_expression_as_a_whole_is_one() {
    let literal = json!([
        " {% 1 %}",
        "{% 1",
        "$states.input",
        "a {% 1 %} b",
        7,
        null,
        true,
        {}
    ]);
    let outcome = outcome(
        json!({ "A": pass(json!({ "Output": literal })) }),
        json!({}),
    );
    assert_eq!(output(&outcome), &literal);
}

#[test]
fn null_is_a_value() {
    let states = json!({ "A": pass(json!({ "Output": ["{% null %}", "{% $states.input %}"] })) });
    assert_eq!(output(&outcome(states, json!(null))), &json!([null, null]));
}
