//! Says whether an event matches a pattern, and if not, why: `cargo run --example explain -- PATTERN EVENT`.
//! Without arguments it shows an example.

use std::error::Error;

use eventbridge_pattern::{Event, EventPattern, Found};

const PATTERN: &str = r#"{
  "source": ["aws.iam"],
  "detail": {
    "eventName": ["CreateUser", { "prefix": "Attach" }],
    "sourceIPAddress": [{ "anything-but": { "prefix": "10." } }]
  }
}"#;

const EVENT: &str = r#"{
  "source": "aws.iam",
  "detail": { "eventName": "AttachUserPolicy", "sourceIPAddress": "10.0.0.7" }
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let pattern = arguments.next().unwrap_or_else(|| PATTERN.to_owned());
    let event = arguments.next().unwrap_or_else(|| EVENT.to_owned());
    let pattern = EventPattern::parse(&pattern)?;
    println!("pattern: {}", pattern.canonical());

    let explanation = pattern.explain(&Event::parse(&event)?);
    if explanation.matches {
        println!("matches");
        return Ok(());
    }
    println!("does not match");
    for failure in explanation.failures {
        let found = match failure.found {
            Found::Absent => "nothing".to_owned(),
            Found::Fields => "an object".to_owned(),
            Found::Values { shown, .. } => shown.join(", "),
            Found::Elsewhere => "only other elements of an array".to_owned(),
        };
        println!(
            "  {}: found {found}, wanted {}",
            failure.path, failure.wanted
        );
    }
    if let Some(event) = pattern.witness() {
        println!("this would match: {event}");
    }
    Ok(())
}
