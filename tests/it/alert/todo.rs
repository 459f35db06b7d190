//! What the catalogue says to do first is whole where there is room for it, and nowhere else.

use std::collections::BTreeSet;

use iamwatch::dispatcher::{fits, input_template};
use iamwatch::rules::catalogue;
use serde_json::json;

use super::fired::constants;
use super::hostile::attachment;
use super::{is_whole, reader};

#[test]
fn what_to_do_first_is_whole_in_a_mail_and_in_no_line_for_a_phone() {
    let (reader, event) = (reader(), attachment());
    let mut lines = BTreeSet::new();
    for rule in catalogue().iter().filter(|rule| !rule.is_pack()) {
        let constants = constants(rule);
        assert!(fits(&input_template(&constants)), "{}", rule.id);
        let alert = reader.alert(&json!(constants), &event).unwrap();
        is_whole(&alert).unwrap_or_else(|problem| panic!("{}: {problem}", rule.id));
        let text = alert["text"].as_str().unwrap();
        let todo = format!("\nWhat to do first:\n  {}\n\n", rule.description);
        assert!(text.contains(&todo), "{}: {text}", rule.id);
        assert!(text.contains(&format!(": {}\n\n", rule.title)), "{text}");
        assert_eq!(alert["todo"], rule.description);
        // What every service has a limit for.
        assert!(rule.description.chars().count() <= 500, "{}", rule.id);
        for line in ["subject", "sms"] {
            let line = alert[line].as_str().unwrap();
            assert!(line.contains("alice"), "{line}");
            lines.insert(line.to_owned());
        }
    }
    // They say how bad it is and what happened, not which rule says so: two lines for each severity.
    assert!(lines.len() <= 10, "{lines:?}");
}
