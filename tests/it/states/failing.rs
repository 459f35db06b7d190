//! What is tried again, and what is caught.

use iamwatch::states::Failure;
use serde_json::{Value, json};

use super::{Told, execute, failure, inner, machine, outcome, output, pass, task, too_long};

fn failing(errors: &[&str]) -> Told {
    let answers = errors.iter().map(|error| Err(Failure::new(*error, "no")));
    Told {
        answers: answers.collect(),
        ..Told::default()
    }
}

#[test]
fn a_task_is_tried_three_times_more_after_one_two_and_four_seconds() {
    let states = json!({ "A": task(json!({ "Retry": [{ "ErrorEquals": ["States.ALL"] }] })) });
    let mut told = failing(&["Bad"; 4]);
    let outcome = execute(&machine(states.clone()), json!({}), &mut told);
    assert_eq!(failure(&outcome).error, "Bad");
    assert_eq!(told.waits, [1, 2, 4]);
    assert_eq!(told.calls.len(), 4);
    assert_eq!(outcome.transitions, 4);

    let mut told = failing(&["Bad"; 3]);
    let outcome = execute(&machine(states), json!("at last"), &mut told);
    assert_eq!(output(&outcome), "at last");
}

#[test]
fn a_retrier_says_how_often_and_after_how_long() {
    let retry = json!([{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "BackoffRate": 3,
        "MaxAttempts": 4, "MaxDelaySeconds": 20 }]);
    let states = json!({ "A": task(json!({ "Retry": retry })) });
    let mut told = failing(&["Bad"; 5]);
    execute(&machine(states), json!({}), &mut told);
    assert_eq!(told.waits, [2, 6, 18, 20]);
}

#[test]
fn the_first_retrier_that_names_the_error_decides_and_counts_its_own_attempts() {
    let retry = json!([
        { "ErrorEquals": ["Never"], "MaxAttempts": 0 },
        { "ErrorEquals": ["Once"], "MaxAttempts": 1, "IntervalSeconds": 7 },
        { "ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 9 },
    ]);
    for (errors, waits) in [
        (vec!["Never"], Vec::<u64>::new()),
        (vec!["Once", "Other", "Once"], vec![7, 9]),
        (vec!["States.Runtime"], vec![]),
        (vec!["States.DataLimitExceeded"], vec![]),
    ] {
        let mut told = failing(&errors);
        let states = json!({ "A": task(json!({ "Retry": retry })) });
        let outcome = execute(&machine(states), json!({}), &mut told);
        assert_eq!(told.waits, waits, "{errors:?}");
        assert_eq!(failure(&outcome).error, *errors.last().unwrap());
    }
}

#[test]
fn an_attempt_knows_which_it_is() {
    let state = task(json!({
        "Arguments": "{% $states.context.State.RetryCount %}",
        "Retry": [{ "ErrorEquals": ["States.ALL"] }],
    }));
    let mut told = failing(&["Bad"]);
    execute(&machine(json!({ "A": state })), json!({}), &mut told);
    let arguments: Vec<&Value> = told.calls.iter().map(|(_, arguments)| arguments).collect();
    assert_eq!(arguments, [&json!(0), &json!(1)]);
}

/// A Task with these catchers, which lead to states of these names that tell what they got.
fn caught(told: &mut Told, errors: &[&str]) -> Value {
    let mut states = json!({});
    let mut catch = Vec::new();
    for (index, error) in errors.iter().enumerate() {
        let next = format!("{index}");
        catch.push(json!({ "ErrorEquals": [error], "Next": next }));
        states[&next] = pass(json!({ "Output": { index.to_string(): "{% $states.input %}" } }));
    }
    let mut all = json!({ "A": task(json!({ "Catch": catch })) });
    let map = all.as_object_mut().unwrap();
    map.extend(states.as_object().unwrap().clone());
    let outcome = execute(&machine(all), json!({}), told);
    match &outcome.status {
        iamwatch::states::Status::Succeeded(output) => output.clone(),
        _ => json!(failure(&outcome).error),
    }
}

#[test]
fn the_first_catcher_that_names_the_error_takes_it() {
    let error = |error: &str| json!({ "Error": error, "Cause": "no" });
    for (fails, catchers, wanted) in [
        (
            "Bad",
            vec!["Other", "Bad", "States.ALL"],
            json!({ "1": error("Bad") }),
        ),
        (
            "Bad",
            vec!["Other", "States.TaskFailed", "Bad"],
            json!({ "1": error("Bad") }),
        ),
        (
            "States.Timeout",
            vec!["States.TaskFailed", "States.ALL"],
            json!({ "1": error("States.Timeout") }),
        ),
        ("Bad", vec!["Other"], json!("Bad")),
        (
            "States.DataLimitExceeded",
            vec!["States.ALL"],
            json!("States.DataLimitExceeded"),
        ),
        (
            "States.DataLimitExceeded",
            vec!["States.DataLimitExceeded", "States.ALL"],
            json!({ "0": error("States.DataLimitExceeded") }),
        ),
        (
            "States.Runtime",
            vec!["States.Runtime", "States.ALL"],
            json!("States.Runtime"),
        ),
    ] {
        let found = caught(&mut failing(&[fails]), &catchers);
        assert_eq!(found, wanted, "{fails} {catchers:?}");
    }
}

#[test]
fn a_catcher_assigns_and_says_what_goes_on() {
    let catch = json!([{
        "ErrorEquals": ["States.ALL"],
        "Next": "B",
        "Assign": { "why": "{% $states.errorOutput.Cause %}" },
        "Output": { "was": "{% $states.input %}" },
    }]);
    let states = json!({
        "A": task(json!({ "Catch": catch, "Assign": { "done": true } })),
        "B": pass(json!({
            "Output": ["{% $why %}", "{% $states.input %}", "{% $exists($done) %}"],
        })),
    });
    let outcome = execute(&machine(states), json!(7), &mut failing(&["Bad"]));
    assert_eq!(output(&outcome), &json!(["no", { "was": 7 }, false]));
}

#[test]
fn what_fails_in_a_catcher_is_not_caught_by_the_same_state() {
    let states = json!({
        "A": task(json!({ "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "B",
            "Output": "{% $states.errorOutput.None %}" }] })),
        "B": pass(json!({})),
    });
    let outcome = execute(&machine(states), json!({}), &mut failing(&["Bad"]));
    assert_eq!(failure(&outcome).error, "States.QueryEvaluationError");
    assert!(failure(&outcome).cause.contains("field 'Catch[0]/Output'"));
}

#[test]
fn an_output_that_fails_after_the_call_is_tried_again_and_caught() {
    let states = json!({
        "A": task(json!({
            "Output": "{% $states.result.ok ? {} : $error('slack answered no') %}",
            "Retry": [{ "ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1 }],
            "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "B" }],
        })),
        "B": pass(json!({ "Output": "{% $states.input.Error %}" })),
    });
    let mut told = Told::default();
    let outcome = execute(&machine(states), json!({ "ok": false }), &mut told);
    assert_eq!(output(&outcome), "States.QueryEvaluationError");
    assert_eq!(told.calls.len(), 2);
}

/// Such states in a Parallel that catches all and too much data.
fn guarded(states: Value) -> Value {
    let all = |error: &str| json!({ "ErrorEquals": [error], "Next": "Last resort" });
    json!({
        "All": {
            "Type": "Parallel",
            "Branches": [inner(states)],
            "Catch": [all("States.DataLimitExceeded"), all("States.ALL")],
            "End": true,
        },
        "Last resort": pass(json!({ "Output": "{% $states.input.Error %}" })),
    })
}

#[test]
fn a_pass_a_choice_and_a_wait_fail_the_parallel_around_them() {
    let condition = json!([{ "Condition": "{% 1 %}", "Next": "B" }]);
    for state in [
        pass(json!({ "Output": "{% $error('no') %}" })),
        pass(json!({ "Assign": { "a": "{% $states.input.none %}" } })),
        json!({ "Type": "Choice", "Choices": condition, "Default": "B" }),
        json!({ "Type": "Wait", "Seconds": "{% 'a' %}", "Next": "B" }),
    ] {
        let mut states = json!({ "A": state });
        if states["A"].get("End").is_none() {
            states["B"] = pass(json!({}));
        }
        let outcome = outcome(guarded(states), json!({}));
        assert_eq!(output(&outcome), "States.QueryEvaluationError");
        assert_eq!(outcome.entered(), ["All", "A", "Last resort"]);
    }
}

#[test]
fn too_much_data_is_an_error_of_its_own_name() {
    let long = "{% $states.context.Execution.Input.half & $states.context.Execution.Input.half %}";
    let input = json!({ "half": &too_long()[..131_072] });
    for state in [
        pass(json!({ "Output": long })),
        pass(json!({ "Assign": { "a": long }, "Output": {} })),
        task(json!({ "Arguments": { "a": long } })),
    ] {
        let outcome = outcome(guarded(json!({ "A": state })), input.clone());
        assert_eq!(output(&outcome), "States.DataLimitExceeded");
    }
    let mut told = Told {
        answers: vec![Ok(json!(too_long()))],
        ..Told::default()
    };
    let state = task(json!({ "Output": {} }));
    let outcome = execute(
        &machine(guarded(json!({ "A": state }))),
        json!({}),
        &mut told,
    );
    assert_eq!(output(&outcome), "States.DataLimitExceeded");
}

#[test]
fn as_much_data_as_is_allowed_passes() {
    // The quotes count as well.
    let most = json!(&too_long()[2..]);
    let outcome = outcome(json!({ "A": pass(json!({})) }), most.clone());
    assert_eq!(output(&outcome), &most);
}
