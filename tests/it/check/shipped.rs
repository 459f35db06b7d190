//! What we ship is checked without a word.

use std::path::Path;

use iamwatch::check;
use iamwatch::rules;

use super::shown;

#[test]
fn the_examples_are_clean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let checked = check::check(rules::parse_file(&path), false);
        assert_eq!(shown(&checked), "", "{}", path.display());
        assert!(checked.rules > 0 && checked.patterns >= checked.rules);
    }
}

/// A file that uses some entries of the catalogue.
fn using(entries: impl Iterator<Item = &'static rules::CatalogueEntry>) -> String {
    let mut text = String::from(
        "version: 1\nname: all\nhome: { region: us-east-1 }\nwatch: { regions: all }\nchannels: { mail: { email: a@example.com }, desk: { email: b@example.com } }\nnotify: { default: [mail, desk] }\nrules:\n",
    );
    for entry in entries {
        text.push_str(&format!("  - use: {}\n", entry.id));
    }
    text
}

#[test]
fn all_rules_of_the_catalogue_together_are_clean() {
    let text = using(
        rules::catalogue()
            .iter()
            .filter(|entry| entry.rules.is_empty()),
    );
    let checked = check::check(rules::parse_text("all.yaml", &text), false);
    assert_eq!(shown(&checked), "");
    assert!(checked.rules > 5);
}

#[test]
fn all_packs_together_are_clean() {
    let text = using(
        rules::catalogue()
            .iter()
            .filter(|entry| !entry.rules.is_empty()),
    );
    let checked = check::check(rules::parse_text("all.yaml", &text), false);
    assert_eq!(shown(&checked), "");
}

#[test]
fn what_init_writes_is_clean() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("iamwatch.yaml");
    let written = std::process::Command::new(env!("CARGO_BIN_EXE_iamwatch"))
        .args(["init", "-f"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(written.status.success());
    let checked = check::check(rules::parse_file(&path), false);
    assert_eq!(shown(&checked), "");
}
