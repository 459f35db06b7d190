//! How an execution goes from state to state.

use iamwatch::states::{Machine, Status};
use serde_json::{Value, json};

use super::{Told, definition, execute, failure, inner, machine, outcome, output, pass, with};

#[test]
fn states_follow_each_other_and_pass_on_what_they_give() {
    let states = json!({
        "A": { "Type": "Pass", "Output": { "n": "{% $states.input.n + 1 %}" }, "Next": "B" },
        "B": { "Type": "Pass", "Next": "C" },
        "C": { "Type": "Succeed", "Output": "{% $states.input.n * 10 %}" },
    });
    let outcome = outcome(states, json!({ "n": 1 }));
    assert_eq!(output(&outcome), &json!(20));
    assert_eq!(outcome.entered(), ["A", "B", "C"]);
    assert_eq!(outcome.transitions, 3);
    let kinds: Vec<&str> = outcome.history.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "PassStateEntered",
            "PassStateExited",
            "SucceedStateEntered",
            "SucceedStateExited",
            "ExecutionSucceeded",
        ]
    );
}

#[test]
fn a_fail_says_why() {
    let fail = json!({ "Type": "Fail", "Error": "Bad.Day", "Cause": "{% $states.input %}" });
    let outcome = outcome(json!({ "A": fail }), json!("rain"));
    let failure = failure(&outcome);
    assert_eq!(
        (failure.error.as_str(), failure.cause.as_str()),
        ("Bad.Day", "rain")
    );
}

#[test]
fn a_choice_takes_the_first_that_is_true() {
    let states = json!({
        "A": {
            "Type": "Choice",
            "Choices": [
                { "Condition": "{% $states.input > 10 %}", "Next": "B", "Output": "much" },
                { "Condition": "{% $states.input > 5 %}", "Next": "B", "Assign": { "size": 5 } },
            ],
            "Default": "C",
            "Output": "little",
        },
        "B": pass(json!({ "Output": { "input": "{% $states.input %}" } })),
        "C": pass(json!({})),
    });
    let machine = machine(states);
    for (input, wanted, last) in [
        (11, json!({ "input": "much" }), "B"),
        (6, json!({ "input": 6 }), "B"),
        (5, json!("little"), "C"),
    ] {
        let outcome = execute(&machine, json!(input), &mut Told::default());
        assert_eq!(output(&outcome), &wanted);
        assert_eq!(outcome.entered(), ["A", last]);
    }
}

/// A Choice with one condition and no default.
fn choice(condition: &str) -> Value {
    let choices = json!([{ "Condition": condition, "Next": "B" }]);
    json!({ "A": { "Type": "Choice", "Choices": choices }, "B": pass(json!({})) })
}

#[test]
fn a_choice_without_a_match_fails() {
    let outcome = outcome(choice("{% $states.input = 1 %}"), json!(2));
    assert_eq!(failure(&outcome).error, "States.NoChoiceMatched");
}

#[test]
fn a_condition_is_true_or_false_and_nothing_else() {
    let outcome = outcome(choice("{% $states.input %}"), json!("yes"));
    let failure = failure(&outcome);
    assert_eq!(failure.error, "States.QueryEvaluationError");
    assert!(
        failure.cause.contains(
            "field 'Choices[0]/Condition' returned an unexpected result type. Expected \
             'boolean', but was 'string'"
        ),
        "{}",
        failure.cause
    );
}

#[test]
fn a_wait_takes_its_seconds() {
    let states = json!({
        "A": { "Type": "Wait", "Seconds": 5, "Next": "B" },
        "B": { "Type": "Wait", "Seconds": "{% $states.input.for + 1 %}", "Next": "C" },
        "C": pass(json!({ "Output": "{% $states.context.State.EnteredTime %}" })),
    });
    let mut told = Told::default();
    let outcome = execute(&machine(states), json!({ "for": 60 }), &mut told);
    assert_eq!(told.waits, [5, 61]);
    assert_eq!(output(&outcome), "2026-11-30T23:49:07.000Z");
    let wait = json!({ "Type": "Wait", "Seconds": "{% 'a' %}", "End": true });
    let outcome = super::outcome(json!({ "A": wait }), json!({}));
    assert_eq!(failure(&outcome).error, "States.QueryEvaluationError");
}

#[test]
fn an_execution_that_takes_too_long_times_out() {
    let parallel = json!({
        "A": { "Type": "Parallel", "Branches": [inner(json!({
            "B": { "Type": "Wait", "Seconds": 90, "Next": "C" },
            "C": { "Type": "Wait", "Seconds": 90, "End": true },
        }))], "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "D" }], "End": true },
        "D": pass(json!({})),
    });
    let definition = with(definition(parallel), json!({ "TimeoutSeconds": 100 }));
    let mut told = Told::default();
    let outcome = execute(&Machine::parse(&definition).unwrap(), json!({}), &mut told);
    assert_eq!(outcome.status, Status::TimedOut);
    assert_eq!(told.waits, [90, 10]);
}

#[test]
fn a_round_without_end_ends_with_its_history() {
    let choices = json!([{ "Condition": false, "Next": "End" }]);
    let round = json!({
        "A": { "Type": "Parallel", "Branches": [inner(json!({
            "B": { "Type": "Choice", "Choices": choices, "Default": "B" },
            "End": pass(json!({})),
        }))], "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "C" }], "End": true },
        "C": pass(json!({})),
    });
    let outcome = outcome(round, json!({}));
    assert_eq!(failure(&outcome).error, "States.Runtime");
    assert_eq!(outcome.history.len(), 25_000);
    assert_eq!(outcome.history.last().unwrap().kind, "ExecutionFailed");
}

#[test]
fn variables_count_from_the_next_state_on() {
    let states = json!({
        "A": { "Type": "Pass", "Assign": { "n": 1 }, "Next": "B" },
        "B": {
            "Type": "Pass",
            "Assign": { "n": "{% $n + 1 %}", "old": "{% $n %}" },
            "Output": "{% $n %}",
            "Next": "C",
        },
        "C": pass(json!({ "Output": ["{% $states.input %}", "{% $n %}", "{% $old %}"] })),
    });
    assert_eq!(output(&outcome(states, json!({}))), &json!([1, 2, 1]));
}

#[test]
fn inner_scopes_read_outer_variables_and_keep_their_own() {
    let branch = |states: &str| {
        inner(json!({
            format!("{states} first"): {
                "Type": "Pass", "Assign": { "own": states }, "Next": format!("{states} then"),
            },
            format!("{states} then"): pass(json!({ "Output": "{% $outer & $own %}" })),
        }))
    };
    let states = json!({
        "A": { "Type": "Pass", "Assign": { "outer": "of " }, "Next": "B" },
        "B": { "Type": "Parallel", "Branches": [branch("one"), branch("two")], "Next": "C" },
        "C": pass(json!({ "Output": ["{% $states.input %}", "{% $exists($own) %}"] })),
    });
    assert_eq!(
        output(&outcome(states, json!({}))),
        &json!([["of one", "of two"], false])
    );
}
