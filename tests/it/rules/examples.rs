//! What we ship loads without a word.

use iamwatch::check;
use std::path::Path;

use iamwatch::rules::{self, Severity};

#[test]
fn the_examples_load_without_errors_and_warnings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let loaded = check::load(&path);
        assert_eq!(loaded.diagnostics, [], "{}", path.display());
        assert!(loaded.file.is_some_and(|file| !file.rules.is_empty()));
        count += 1;
    }
    assert!(count >= 2);
}

#[test]
fn every_rule_of_the_catalogue_can_be_used() {
    let mut text = String::from(
        "version: 1\nname: all\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com }, desk: { email: b@example.com } }\nnotify: { default: [mail, desk] }\nrules:\n",
    );
    let entries = rules::catalogue();
    let singles: Vec<_> = entries.iter().filter(|e| e.rules.is_empty()).collect();
    for entry in &singles {
        text.push_str(&format!("  - use: {}\n", entry.id));
        assert!(
            entry.description.len() > 40,
            "{}: say what it means",
            entry.id
        );
        assert!(!entry.title.is_empty() && entry.severity.is_some());
    }
    let loaded = check::load_text("all.yaml", &text);
    assert_eq!(loaded.diagnostics, []);
    let file = loaded.file.unwrap();
    assert_eq!(file.rules.len(), singles.len());
    for (rule, entry) in file.rules.iter().zip(singles) {
        assert_eq!(
            (&rule.id, &rule.title, Some(rule.severity)),
            (&entry.id, &entry.title, entry.severity)
        );
    }
    let packs: Vec<_> = entries.iter().filter(|e| !e.rules.is_empty()).collect();
    assert!(!packs.is_empty());
    assert!(
        file.rules
            .iter()
            .any(|r| r.id.0 == "root/sign-in" && r.severity == Severity::Critical)
    );
}
