//! YAML as an editor sends it: cut off anywhere, and full of mistakes.

use iamwatch::check;
use iamwatch::diagnostic;
use iamwatch::diagnostic::Level;
use iamwatch::render::diagnostic::render;
use iamwatch::rules;

/// A good file with something of everything.
const GOOD: &str = r#"version: 1
name: acme
home: { region: us-east-1, account: "111122223333" }
watch: { regions: all }
channels:
  mail: { email: "security@example.com" }
notify: { default: [mail] }
rules:
  - use: root/activity
    unless: { sourceIPAddress: { cidr: 192.0.2.0/24 } }
  - id: admin # is added
    events: ["iam:Attach*Policy"]
    when: { requestParameters.policyArn: "*:policy/Admin*" }
    tests: [{ name: ä, like: "iam:AttachRolePolicy", expect: no-match }]
  - id: raw
    pattern: { source: [aws.iam], detail: { eventName: [{ prefix: Put }] } }
"#;

#[test]
fn a_file_cut_off_anywhere_is_answered() {
    let mut good = 0;
    for end in 0..=GOOD.len() {
        // An editor sends whole characters; a pipe need not.
        let cut = || GOOD.as_bytes()[..end].to_vec();
        // Cut off between two rules it is a smaller file; otherwise something is said of it.
        let whole = check::load_unsaved(None, cut()).file.is_some();
        good += usize::from(whole);
        let checked = check::check(rules::parse_unsaved(None, cut()), false);
        let errors = checked.count(Level::Error);
        assert!(whole || errors > 0, "cut off at {end} it is accepted");
        for found in &checked.diagnostics {
            let useful = found.help.is_some() || !found.label.is_empty();
            assert!(
                useful && !found.message.is_empty(),
                "cut off at {end}: {} {}",
                found.code,
                found.message
            );
        }
        render(&checked.sources, &checked.diagnostics, false);
    }
    assert!((1..GOOD.len() / 2).contains(&good), "{good}");
}

#[test]
fn fifty_mistakes_are_all_shown_in_their_order_and_counted() {
    let mut part = String::new();
    for n in 0..50 {
        part.push_str(&match n % 5 {
            0 => format!("- {{ id: a{n}, events: [CreateUser] }}\n"),
            1 => format!("- {{ id: a{n}, event: [\"iam:*\"] }}\n"),
            2 => format!("- {{ id: a{n}, severity: urgent, events: [\"iam:CreateUser\"] }}\n"),
            3 => format!("- use: root/activty{n}\n"),
            _ => format!("- {{ id: A{n}, events: [\"iam:CreateUser\"] }}\n"),
        });
    }
    let checked = super::checked(&part);
    assert!(checked.count(Level::Error) >= 50);
    assert!(checked.diagnostics.is_sorted_by_key(|found| found.span));
    for n in 0..50 {
        let line = n + 8;
        let at = |found: &&diagnostic::Diagnostic| checked.sources.position(found.span).1 == line;
        assert!(
            checked.diagnostics.iter().any(|found| at(&found)),
            "line {line}"
        );
    }
}
