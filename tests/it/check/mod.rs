//! `iamwatch check`, in process and as a command.

mod codes;
mod command;
mod half_written;
mod helps;
mod lints;
mod overlap;
mod shipped;

use iamwatch::check::{self, Checked};
use iamwatch::render::diagnostic::render;
use iamwatch::rules;

/// What a rules file has that a part of one leaves out.
const HEAD: [&str; 6] = [
    "version: 1",
    "name: acme",
    "home: { region: us-east-1 }",
    "watch: { regions: all }",
    "channels: { mail: { email: security@example.com } }",
    "notify: { default: [mail] }",
];

/// A whole file around a list of rules, or around some keys of a file.
pub(crate) fn whole(part: &str) -> String {
    if part.contains("version:") && part.contains("channels:") || part.starts_with('#') {
        return part.to_owned();
    }
    let is_list = part.starts_with("- ");
    let has = |key: &str| !is_list && part.lines().any(|line| line.starts_with(key));
    let mut text = String::new();
    for line in HEAD {
        let key = line.split_inclusive(':').next().unwrap();
        if !has(key) {
            text.push_str(&format!("{line}\n"));
        }
    }
    if is_list {
        text.push_str("rules:\n");
        for line in part.lines() {
            text.push_str(&format!("  {line}\n"));
        }
    } else {
        text.push_str(&format!("{part}\n"));
        if !has("rules:") && !part.contains("---") {
            text.push_str("rules: [{ use: root/activity }]\n");
        }
    }
    text
}

/// Checks a part of a rules file.
pub(crate) fn checked(part: &str) -> Checked {
    check::check(rules::parse_text("rules.yaml", &whole(part)), false)
}

/// What is said about it.
pub(crate) fn shown(checked: &Checked) -> String {
    render(&checked.sources, &checked.diagnostics, false).to_string()
}

/// The codes of what is said about it.
pub(crate) fn codes_of(checked: &Checked) -> Vec<&'static str> {
    checked.diagnostics.iter().map(|d| d.code).collect()
}
