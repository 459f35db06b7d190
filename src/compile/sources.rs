//! Which senders are AWS itself, by the envelope's `source`.
//!
//! AWS lets nobody else send as `aws.*`, but for partners, whose sources begin with `aws.partner/`: what they send on a
//! bus of theirs, somebody can send on to one of ours. Source: EventBridge, `PutEvents`, partner event sources.

use serde_json::{Map, Value, json};

/// What the source of each service of AWS begins with.
const AWS: &str = "aws.";
/// What the source of each partner begins with, and no service's name goes on with the slash that follows.
const PARTNERS: &str = "aws.partner";
/// How their names go on that begin with the first letter of `partner/`. A list of tests holds where one of them does,
/// so that none can take anything back from the prefix `aws.`; what is meant has to be spelt out. The services that are
/// known are held against it.
const LIKE_PARTNERS: [&str; 13] = [
    "pan", "partnerc", "pay", "pc", "pe", "ph", "pi", "pl", "po", "pr", "ps", "pt", "pu",
];

/// The source of what CloudTrail records of a service.
/// Source: EventBridge events reference, which has `aws.SERVICE` for each `SERVICE.amazonaws.com`.
pub(super) fn of_service(service: &str) -> Value {
    json!(format!("{AWS}{service}"))
}

/// Tests that hold for every service of AWS and for no partner.
pub(super) fn any_service() -> Vec<Value> {
    let letters = ('a'..='z')
        .filter(|letter| *letter != 'p')
        .map(String::from);
    let beginnings = letters.chain(LIKE_PARTNERS.map(str::to_owned));
    beginnings
        .map(|beginning| json!({ "prefix": format!("{AWS}{beginning}") }))
        .collect()
}

/// A raw pattern in which every source that begins with `aws.` is none of a partner's.
pub(super) fn without_partners(pattern: &Value) -> Value {
    let Value::Object(fields) = pattern else {
        return pattern.clone();
    };
    let fields = fields.iter().map(|(key, inner)| {
        let inner = match inner {
            Value::Array(tests) if key == "source" => tests.iter().flat_map(spelt_out).collect(),
            Value::Array(branches) if key == "$or" => {
                branches.iter().map(without_partners).collect()
            }
            other => other.clone(),
        };
        (key.clone(), inner)
    });
    Value::Object(fields.collect::<Map<String, Value>>())
}

fn spelt_out(test: &Value) -> Vec<Value> {
    let beginning = |test: &Value| {
        test.get("prefix")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    // Whoever names partners means them.
    let wide = beginning(test).filter(|text| {
        text.starts_with(AWS) && PARTNERS.starts_with(text.as_str()) && text != PARTNERS
    });
    let Some(wide) = wide else {
        return vec![test.clone()];
    };
    let inside = |own: &Value| beginning(own).is_some_and(|own| own.starts_with(&wide));
    any_service().into_iter().filter(inside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudtrail::api_names;
    use crate::pattern::{Event, EventPattern};

    fn passes(tests: &[Value], source: &str) -> bool {
        let pattern = EventPattern::from_value(&json!({ "source": tests })).unwrap();
        pattern.matches(&Event::from_value(&json!({ "source": source })).unwrap())
    }

    #[test]
    fn every_service_is_aws_and_no_partner_is() {
        let any = any_service();
        for service in api_names::services().keys() {
            assert!(passes(&any, &format!("aws.{service}")), "{service}");
        }
        for other in [
            "aws.partner/example.com/a/b",
            "aws.partner/iam.amazonaws.com/iam/iam",
            "aws.partner/",
            "aws.partner",
            "aws.",
            "mine",
            "iamwatch.test.acme",
        ] {
            assert!(!passes(&any, other), "{other}");
        }
    }

    #[test]
    fn raw_patterns_mean_aws_too() {
        for source in [
            json!([{ "prefix": "aws." }]),
            json!(["aws.iam", { "prefix": "aws.p" }]),
        ] {
            for pattern in [
                json!({ "source": source }),
                json!({ "$or": [{ "source": source }, { "source": ["other"] }] }),
            ] {
                let pattern = EventPattern::from_value(&without_partners(&pattern)).unwrap();
                let from = |source: &str| {
                    pattern.matches(&Event::from_value(&json!({ "source": source })).unwrap())
                };
                assert!(from("aws.iam") && from("aws.partnercentral-selling"));
                assert!(!from("aws.partner/example.com/a/b"));
            }
        }
        for meant in ["aws.partner/example.com", "aws.partner", "aws.i", "mine"] {
            let meant = json!({ "source": [{ "prefix": meant }] });
            assert_eq!(without_partners(&meant), meant);
        }
    }
}
