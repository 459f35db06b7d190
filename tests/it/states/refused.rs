//! What is refused when a state machine is created.

use iamwatch::states::Machine;
use serde_json::{Value, json};

use super::{definition, inner, pass, task, with};

fn faults(definition: &Value) -> Vec<String> {
    match Machine::parse(definition) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// Holds that these states are refused for one thing.
fn refused(states: Value, wanted: &str) {
    assert_eq!(faults(&definition(states)), [wanted]);
}

#[test]
fn a_machine_of_each_type_of_state_is_taken() {
    let catch = json!([
        { "ErrorEquals": ["States.DataLimitExceeded"], "Next": "Bad", "Output": {} },
        { "ErrorEquals": ["States.ALL"], "Next": "Bad",
          "Assign": { "why": "{% $states.errorOutput.Cause %}" } },
    ]);
    let retry = json!([
        { "ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 0 },
        { "ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 3,
          "BackoffRate": 3, "MaxDelaySeconds": 60, "JitterStrategy": "FULL" },
    ]);
    let states = json!({
        "All": { "Type": "Parallel", "Output": {}, "Catch": catch, "Next": "Wait", "Branches": [
            inner(json!({
                "Which": { "Type": "Choice", "Default": "Each",
                    "Choices": [{ "Condition": "{% $states.input.a = 1 %}", "Next": "Done" }] },
                "Each": { "Type": "Map", "Items": "{% [$states.input.list] %}", "End": true,
                    "MaxConcurrency": 0, "ItemSelector": { "item": 1 },
                    "ItemProcessor": with(
                        inner(json!({ "Send": task(json!({ "Retry": retry })) })),
                        json!({ "ProcessorConfig": { "Mode": "INLINE" } }),
                    ) },
                "Done": { "Type": "Succeed" },
            })),
        ] },
        "Wait": { "Type": "Wait", "Seconds": "{% 1 + 1 %}", "Comment": "a while", "End": true },
        "Bad": { "Type": "Fail", "Error": "Bad", "Cause": "{% $why %}" },
    });
    let definition = with(
        definition(states),
        json!({ "Comment": "all", "TimeoutSeconds": 3600 }),
    );
    assert_eq!(faults(&definition), [""; 0]);
}

#[test]
fn the_machine_itself_must_be_one() {
    let one = definition(json!({ "A": pass(json!({})) }));
    for (definition, wanted) in [
        (
            json!("text"),
            "SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT]",
        ),
        (
            with(one.clone(), json!({ "QueryLanguage": "JSONPath" })),
            "SCHEMA_VALIDATION_FAILED: Value should be one of the following: [JSONata] at \
             /QueryLanguage",
        ),
        (
            with(one.clone(), json!({ "StartAt": "B" })),
            "MISSING_TRANSITION_TARGET: Missing 'StartAt' target: B at /StartAt",
        ),
        (
            with(one.clone(), json!({ "States": {} })),
            "SCHEMA_VALIDATION_FAILED: These fields are required: [States]",
        ),
        (
            with(one.clone(), json!({ "Retry": [] })),
            "SCHEMA_VALIDATION_FAILED: Field 'Retry' is not supported",
        ),
        (
            with(one.clone(), json!({ "TimeoutSeconds": 0 })),
            "SCHEMA_VALIDATION_FAILED: Expected a whole number from 1 to 99999999 at \
             /TimeoutSeconds",
        ),
        (
            with(one.clone(), json!({ "Comment": "a".repeat(1_048_576) })),
            "SCHEMA_VALIDATION_FAILED: The definition is longer than 1048576 bytes",
        ),
    ] {
        let faults = faults(&definition);
        assert_eq!(
            faults.first().map(String::as_str),
            Some(wanted),
            "{faults:?}"
        );
    }
}

#[test]
fn states_must_lead_somewhere_and_to_an_end() {
    refused(
        json!({ "A": { "Type": "Pass", "Next": "B" } }),
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next",
    );
    refused(
        json!({ "A": pass(json!({})), "B": pass(json!({})) }),
        "MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B",
    );
    refused(
        json!({ "A": { "Type": "Pass", "Next": "B" }, "B": { "Type": "Pass", "Next": "A" } }),
        "MISSING_END_STATE: Workflow has no terminal state",
    );
    let round = json!({ "B": { "Type": "Pass", "Next": "B" } });
    refused(
        json!({ "A": { "Type": "Parallel", "Branches": [inner(round.clone())], "End": true } }),
        "MISSING_END_STATE: Workflow has no terminal state at /States/A/Branches[0]",
    );
    refused(
        json!({ "A": { "Type": "Map", "ItemProcessor": inner(round), "End": true } }),
        "MISSING_END_STATE: Workflow has no terminal state at /States/A/ItemProcessor",
    );
    let choices = json!([{ "Condition": true, "Next": "C" }]);
    refused(
        json!({
            "A": { "Type": "Choice", "Choices": choices, "Default": "B" },
            "B": pass(json!({})),
        }),
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: C at /States/A/Choices[0]/Next",
    );
    let catch = json!([{ "ErrorEquals": ["States.ALL"], "Next": "C" }]);
    refused(
        json!({ "A": task(json!({ "Catch": catch })) }),
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: C at /States/A/Catch[0]/Next",
    );
}

#[test]
fn exactly_one_of_next_and_end_is_needed() {
    let wanted = "SCHEMA_VALIDATION_FAILED: Exactly one is required of: [Next, End] at /States/A";
    refused(json!({ "A": { "Type": "Pass" } }), wanted);
    refused(json!({ "A": pass(json!({ "Next": "A" })) }), wanted);
    refused(json!({ "A": { "Type": "Pass", "End": false } }), wanted);
}

#[test]
fn types_take_their_own_fields_only() {
    refused(
        json!({ "A": { "Type": "Loop" } }),
        "SCHEMA_VALIDATION_FAILED: Value should be one of the following: [Choice, Fail, Map, \
         Parallel, Pass, Succeed, Task, Wait] at /States/A/Type",
    );
    let branches = json!([inner(json!({ "B": pass(json!({})) }))]);
    let parallel = json!({ "Type": "Parallel", "Branches": branches, "End": true });
    let wait = json!({ "Type": "Wait", "Seconds": 1, "End": true });
    for (state, field) in [
        (pass(json!({ "Catch": [] })), "Catch"),
        (pass(json!({ "Retry": [] })), "Retry"),
        (pass(json!({ "Result": 1 })), "Result"),
        (pass(json!({ "TimeoutSeconds": 1 })), "TimeoutSeconds"),
        (with(wait.clone(), json!({ "Catch": [] })), "Catch"),
        (
            with(parallel, json!({ "TimeoutSeconds": 1 })),
            "TimeoutSeconds",
        ),
        (task(json!({ "ResultPath": "$" })), "ResultPath"),
        (json!({ "Type": "Succeed", "End": true }), "End"),
        (json!({ "Type": "Fail", "Output": 1 }), "Output"),
        (json!({ "Type": "Succeed", "Assign": { "a": 1 } }), "Assign"),
    ] {
        refused(
            json!({ "A": state }),
            &format!("SCHEMA_VALIDATION_FAILED: Field '{field}' is not supported at /States/A"),
        );
    }
    refused(
        json!({ "A": with(wait, json!({ "Timestamp": "2026-11-30T00:00:00Z" })) }),
        "SCHEMA_VALIDATION_FAILED: Field 'Timestamp' is not supported here at /States/A",
    );
    refused(
        json!({ "A": pass(json!({ "QueryLanguage": "JSONPath" })) }),
        "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for \
         whole state machine at /States/A",
    );
}

#[test]
fn what_a_state_needs_must_be_there() {
    let required = |state: Value, field: &str| {
        let what = format!("These fields are required: [{field}]");
        refused(
            json!({ "A": state }),
            &format!("SCHEMA_VALIDATION_FAILED: {what} at /States/A"),
        );
    };
    required(json!({ "Type": "Task", "End": true }), "Resource");
    required(json!({ "Type": "Wait", "End": true }), "Seconds");
    required(json!({ "Type": "Choice" }), "Choices");
    required(json!({ "Type": "Map", "End": true }), "ItemProcessor");
    required(json!({ "Type": "Parallel", "End": true }), "Branches");
    let choice = |choice: Value| json!({ "A": { "Type": "Choice", "Choices": [choice] } });
    refused(
        choice(json!({ "Next": "A" })),
        "SCHEMA_VALIDATION_FAILED: These fields are required: [Condition] at /States/A/Choices[0]",
    );
    refused(
        choice(json!({ "Condition": true })),
        "SCHEMA_VALIDATION_FAILED: These fields are required: [Next] at /States/A/Choices[0]",
    );
    refused(
        choice(json!({ "Condition": "$a", "Next": "A" })),
        "SCHEMA_VALIDATION_FAILED: Expected a boolean or a JSONata expression at \
         /States/A/Choices[0]/Condition",
    );
    refused(
        json!({ "A": task(json!({ "Resource": "publish" })) }),
        "SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/A/Resource",
    );
}

#[test]
fn names_of_states_are_short_and_their_own() {
    let longest = "a".repeat(80);
    assert_eq!(
        faults(&definition(json!({ longest: pass(json!({})) }))),
        [""; 0]
    );
    let name = "a".repeat(81);
    refused(
        json!({ name.clone(): pass(json!({})) }),
        &format!("INVALID_STATE_NAME: A state's name has 1 to 80 characters at /States/{name}"),
    );
    let branch = inner(json!({ "A": pass(json!({})) }));
    refused(
        json!({ "A": { "Type": "Parallel", "Branches": [branch], "End": true } }),
        "DUPLICATE_STATE_NAME: Duplicate state name: A at /States/A/Branches[0]/States/A",
    );
}

#[test]
fn retriers_and_catchers_are_checked() {
    let all = json!({ "ErrorEquals": ["States.ALL"] });
    for (retry, wanted) in [
        (
            json!([{}]),
            "Expected a list of error names that is not empty at /States/A/Retry[0]/ErrorEquals",
        ),
        (
            json!([all.clone(), { "ErrorEquals": ["Other"] }]),
            "States.ALL must be in the last of its list at /States/A/Retry[0]/ErrorEquals",
        ),
        (
            json!([{ "ErrorEquals": ["Other", "States.ALL"] }]),
            "States.ALL must be the only name at /States/A/Retry[0]/ErrorEquals",
        ),
        (
            json!([with(all.clone(), json!({ "MaxAttempts": -1 }))]),
            "Expected a whole number from 0 to 99999999 at /States/A/Retry[0]/MaxAttempts",
        ),
        (
            json!([with(all.clone(), json!({ "BackoffRate": 0.5 }))]),
            "Expected a number of at least 1.0 at /States/A/Retry[0]/BackoffRate",
        ),
        (
            json!([with(
                all.clone(),
                json!({ "IntervalSeconds": 9, "MaxDelaySeconds": 9 })
            )]),
            "Value should be larger than IntervalSeconds at /States/A/Retry[0]/MaxDelaySeconds",
        ),
        (
            json!([with(all.clone(), json!({ "Next": "A" }))]),
            "Field 'Next' is not supported at /States/A/Retry[0]",
        ),
    ] {
        refused(
            json!({ "A": task(json!({ "Retry": retry })) }),
            &format!("SCHEMA_VALIDATION_FAILED: {wanted}"),
        );
    }
    refused(
        json!({ "A": task(json!({ "Catch": [all] })) }),
        "SCHEMA_VALIDATION_FAILED: These fields are required: [Next] at /States/A/Catch[0]",
    );
}

#[test]
fn expressions_are_those_of_step_functions() {
    let unsupported = "UNSUPPORTED_JSONATA_EXPRESSION:";
    for (expression, wanted) in [
        ("a.b", "Reference to 'a' at the top level is not supported."),
        ("$", "Reference to '$' at the top level is not supported."),
        ("$$.a", "Reference to '$$' is not supported."),
        (
            "$map($states.input.a, function($v) { b })",
            "Reference to 'b' at the top level is not supported.",
        ),
        (
            "$states.errorOutput.Error",
            "Field '$states.errorOutput' does not exist.",
        ),
        ("$states.result", "Field '$states.result' does not exist."),
    ] {
        refused(
            json!({ "A": pass(json!({ "Output": { "v": [format!("{{% {expression} %}}")] } })) }),
            &format!("{unsupported} {wanted} at /States/A/Output/v[0]"),
        );
    }
    for expression in ["1 +", "$states.input.a ?? 1", "$states.input.a ?: 1"] {
        let text = format!("{{% {expression} %}}");
        let found = faults(&definition(json!({ "A": pass(json!({ "Output": text })) })));
        assert_eq!(found.len(), 1, "{expression}");
        assert!(found[0].starts_with("INVALID_JSONATA_EXPRESSION: "));
        assert!(found[0].ends_with(" at /States/A/Output"));
    }
    for taken in [
        "$states.input.a[b = 1].c",
        "$a.($ & b)",
        "$states.context.Execution.Id",
    ] {
        let text = format!("{{% {taken} %}}");
        let found = faults(&definition(json!({ "A": pass(json!({ "Output": text })) })));
        assert_eq!(found, [""; 0], "{taken}");
    }
}

#[test]
fn a_result_is_there_after_the_work_only_and_an_error_in_a_catcher_only() {
    let result = "{% $states.result %}";
    let gone = "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist.";
    refused(
        json!({ "A": task(json!({ "Arguments": result })) }),
        &format!("{gone} at /States/A/Arguments"),
    );
    let catch = json!([{ "ErrorEquals": ["States.ALL"], "Next": "B", "Output": result }]);
    refused(
        json!({ "A": task(json!({ "Catch": catch })), "B": pass(json!({})) }),
        &format!("{gone} at /States/A/Catch[0]/Output"),
    );
    let taken = task(json!({ "Output": result, "Assign": { "a": result } }));
    assert_eq!(faults(&definition(json!({ "A": taken }))), [""; 0]);
}

#[test]
fn an_inner_scope_has_variables_of_other_names() {
    let branch = inner(json!({ "B": pass(json!({ "Assign": { "a": 1 } })) }));
    let parallel = |assign: Value| {
        let branches = json!([branch.clone()]);
        json!({
            "A": { "Type": "Parallel", "Branches": branches, "Next": "C" },
            "C": pass(json!({ "Assign": assign })),
        })
    };
    refused(
        parallel(json!({ "a": 1 })),
        "SCHEMA_VALIDATION_FAILED: The variable '$a' is already one of an outer scope at \
         /States/A/Branches[0]/States/B/Assign/a",
    );
    assert_eq!(faults(&definition(parallel(json!({ "b": 1 })))), [""; 0]);
    refused(
        json!({ "A": pass(json!({ "Assign": { "states": 1 } })) }),
        "SCHEMA_VALIDATION_FAILED: The variable '$states' is reserved at /States/A/Assign/states",
    );
    refused(
        json!({ "A": pass(json!({ "Assign": { "a-b": 1 } })) }),
        "SCHEMA_VALIDATION_FAILED: A variable's name is an identifier of at most 80 characters \
         at /States/A/Assign/a-b",
    );
}
