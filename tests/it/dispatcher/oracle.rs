//! Each expression of the machine gives what the reference implementation of JSONata gives, and another reader of Amazon
//! States Language takes the definition.

use iamwatch::jsonata::{Expression, NoValue};
use serde_json::{Value, json};

use super::{branch, definition, evaluated, event, expression, rule};
use crate::reference::asked;

/// Reads `[[expression, …], [variables, …]]`, and prints for each of the latter a list: for each expression `[value]`, `[]`
/// where there is none, and null where it fails.
const EXPRESSIONS: &str = r#"
const jsonata = require("jsonata");
const [texts, all] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const expressions = texts.map(text => jsonata(text));
for (const expression of expressions) expression.registerFunction("parse", text => JSON.parse(text), "<s:x>");
const evaluated = async (expression, variables) => {
  try {
    const value = await expression.evaluate(null, variables);
    return value === undefined ? [] : [value];
  } catch { return null; }
};
(async () => {
  const answers = [];
  for (const variables of all) {
    const of_each = [];
    for (const expression of expressions) of_each.push(await evaluated(expression, variables));
    answers.push(of_each);
  }
  process.stdout.write(JSON.stringify(answers));
})();
"#;

/// Reads a definition, and prints what is wrong with it.
const DEFINITION: &str = r#"
const validate = require("asl-validator");
const { isValid, errors } = validate(JSON.parse(require("fs").readFileSync(0, "utf8")));
process.stdout.write(JSON.stringify(isValid ? [] : errors));
"#;

#[test]
fn another_reader_takes_the_definition() {
    let Some(found) = asked(DEFINITION, &definition(1_000)) else {
        return;
    };
    assert_eq!(found, json!([]));
    let mut broken = definition(3);
    broken["States"]["Alert"]["Catch"] = json!([{ "ErrorEquals": [] }]);
    assert_ne!(asked(DEFINITION, &broken), Some(json!([])));
}

#[test]
fn expressions_give_what_the_reference_implementation_gives() {
    let definition = definition(3);
    let mut texts = Vec::new();
    all_expressions(&definition, &mut texts);
    let read = branch(&definition)["Read"]["Assign"]["alert"].as_str();
    let read = read.and_then(expression).unwrap();
    // The clock is another each time; what makes the alert has a test of its own.
    texts.retain(|text| !text.contains("$millis()") && *text != read);
    assert!(texts.len() > 60, "{}", texts.len());
    let alert = |rule: &Value, event: &Value| {
        let states = json!({ "input": { "rule": rule, "event": event } });
        let read = json!(format!("{{% {read} %}}"));
        evaluated(&read, &[("states", &states)]).unwrap()
    };
    let mut all = Vec::new();
    for (rule, event) in alerts() {
        let alert = alert(&rule, &event);
        for states in states(&rule, &event) {
            all.push(
                json!({ "alert": alert, "states": states, "channels": ["mail", "slack"],
                "answers": [{ "channel": "mail", "answer": "SNS message m-1" }], "lost": false,
                "digest": "0a1b2c3d4e5f" }),
            );
        }
    }
    let Some(wanted) = asked(EXPRESSIONS, &json!([texts, all])) else {
        return;
    };
    let wanted = wanted.as_array().unwrap();
    assert_eq!(wanted.len(), all.len());
    let expressions = texts.iter().map(|text| Expression::parse(text).unwrap());
    let expressions: Vec<Expression> = expressions.collect();
    for (variables, wanted) in all.iter().zip(wanted) {
        let variables = variables.as_object().unwrap();
        for (at, expression) in expressions.iter().enumerate() {
            let variables = variables.iter().map(|(name, value)| (name.as_str(), value));
            let found = match expression.evaluate(variables) {
                Ok(value) => json!([value]),
                Err(NoValue::Nothing) => json!([]),
                Err(_) => Value::Null,
            };
            assert_eq!(found, wanted[at], "{}", texts[at]);
        }
    }
}

fn all_expressions<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.extend(expression(text)),
        Value::Array(items) => items.iter().for_each(|item| all_expressions(item, found)),
        Value::Object(fields) => fields
            .values()
            .for_each(|field| all_expressions(field, found)),
        _ => {}
    }
}

/// Rules and events, of which the last are hostile.
fn alerts() -> Vec<(Value, Value)> {
    let hostile = "<!channel> `a` {code} %} \"b\" 'c' \\ \u{202e}\u{1f600}\n*~|";
    let mut named = event();
    named["detail"]["requestParameters"]["roleName"] = json!(hostile);
    named["detail"]["userIdentity"]["userName"] = json!(hostile);
    named["detail"]["eventID"] = json!(hostile);
    let mut long = event();
    long["detail"]["userIdentity"]["userName"] = json!(hostile.repeat(5_000));
    let mut told = rule();
    told["todo"] = json!(hostile.repeat(200));
    told["runbook"] = json!(hostile);
    told["severity"] = json!("info");
    let without = json!({ "id": 7, "channels": [null, "mail", "mail"] });
    let probe = json!({ "source": "iamwatch.probe.acme", "detail": null });
    vec![
        (rule(), event()),
        (told, named),
        (without, long),
        (json!(null), probe),
    ]
}

/// What a state may find as `$states`: a channel, and what a service answered or a state failed of.
fn states(rule: &Value, event: &Value) -> Vec<Value> {
    let context = json!({ "Execution": { "Id": "arn:e-1", "Name": "e-1", "StartTime": "2026-01-05T08:30:01.000Z",
        "Input": { "rule": rule, "event": event } } });
    let results = [
        json!({ "MessageId": "m-1" }),
        json!({ "StatusCode": 200, "ResponseBody": { "ok": true, "ts": "1767601801.000100" } }),
        json!({ "StatusCode": 200, "ResponseBody": { "ok": false, "error": "not_in_channel" } }),
        json!({ "StatusCode": 202, "ResponseBody": { "status": "success", "dedup_key": "k", "requestId": "r" } }),
        json!({ "StatusCode": 201, "ResponseBody": { "key": "SEC-1", "ticket": { "id": 7 },
            "result": { "number": "INC0001" }, "name": "spaces/S/messages/M" } }),
        json!({ "StatusCode": 200, "ResponseBody": "<html>asleep</html>" }),
        json!({ "StatusCode": 200 }),
        json!([{ "channel": "mail", "answer": "a" }, { "channel": "slack", "lost": true }]),
        json!([]),
    ];
    let inputs = ["slack", "mail", "a channel\nthat nobody knows"];
    let inputs = inputs.into_iter().cycle();
    let failed = json!({ "Error": "States.Http.StatusCode.400", "Cause": "no".repeat(600) });
    let states = inputs.zip(results).map(|(channel, result)| {
        let input =
            json!({ "rule": rule, "event": event, "channel": channel, "error": "e", "cause": "c" });
        json!({ "input": input, "result": result, "errorOutput": failed, "context": context })
    });
    states.collect()
}
