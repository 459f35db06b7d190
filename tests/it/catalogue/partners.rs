//! What partners send is never taken for AWS's own.

use iamwatch::pattern::{Event, EventPattern};
use serde_json::{Value, json};

use super::compiled;

fn matches(pattern: &EventPattern, event: &Value) -> bool {
    pattern.matches(&Event::from_value(event).unwrap())
}

#[test]
fn no_rule_fires_on_what_a_partner_sends() {
    let mut count = 0;
    for (id, parts) in compiled() {
        for part in parts {
            let pattern = EventPattern::from_value(&part.pattern).unwrap();
            let real = EventPattern::from_value(&part.as_meant()).unwrap();
            // An event of AWS that fires it, whatever it is about.
            let base = json!({ "source": "aws.iam", "detail": { "awsRegion": "us-east-1" } });
            let mut event = real.witness_over(&base).unwrap();
            assert!(matches(&pattern, &event), "{id}: {event}");
            for source in [
                "aws.partner/example.com/events/one",
                "aws.partner/iam.amazonaws.com/iam/iam",
                "aws.partner/aws.iam/x/y",
            ] {
                event["source"] = json!(source);
                assert!(!matches(&pattern, &event), "{id}: {event}");
                event["detail"]["iamwatch"] = json!(iamwatch::compile::TEST_MARK);
                assert!(!matches(&pattern, &event), "{id}: {event}");
                event["detail"].as_object_mut().unwrap().remove("iamwatch");
            }
            count += 1;
        }
    }
    assert!(count > 80);
}
