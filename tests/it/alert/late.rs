//! An alert that is told again says so.

use iamwatch::alert::expression;
use iamwatch::jsonata::Expression;
use serde_json::{Value, json};

use super::{event, rule, with_surroundings};

#[test]
fn an_alert_that_is_told_again_says_so_behind_test() {
    let text = with_surroundings(expression);
    let expression = Expression::parse(&text).unwrap();
    let alert = |source: &str, late: Value| {
        let mut event = event(&json!({
            "eventSource": "iam.amazonaws.com",
            "eventName": "DeleteUser",
            "eventTime": "2026-01-05T08:30:00Z",
            "eventID": "e-1",
            "userIdentity": { "type": "IAMUser", "userName": "bob", "accountId": "222233334444" },
        }));
        event["source"] = json!(source);
        let states = json!({ "input": { "rule": rule(), "event": event, "late": late } });
        expression.evaluate([("states", &states)]).unwrap()
    };
    let begins = |alert: &Value, words: &str| {
        for name in ["subject", "sms", "text"] {
            let text = alert[name].as_str().unwrap();
            assert!(text.starts_with(words), "{name}: {text}");
        }
        alert["text"].as_str().unwrap().contains("delivered again")
    };
    let late = alert("aws.iam", json!(true));
    assert!(begins(&late, "LATE MEDIUM"));
    assert_eq!(late["late"], true);
    assert_eq!(late["mode"], "real");
    let test = alert("somebody", json!(true));
    assert!(begins(&test, "TEST LATE MEDIUM"));
    for none in [json!(false), json!(null), json!({}), json!("no")] {
        let first = alert("aws.iam", none);
        assert!(!begins(&first, "MEDIUM"));
        assert_eq!(first["late"], false);
    }
}
