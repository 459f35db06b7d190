//! Each lint: what fires it, rendered, and what is nearly the same and is silent. The answers stand in
//! `lints.snap.txt`, to be read as a whole.

mod conditions;
mod names;
mod patterns;
mod refused;

use std::fmt::Write;

use iamwatch::check;

use super::{checked, codes_of, shown};
use crate::snapshot::is_as_kept;

/// What it shows, the code, a part of a rules file that has it, and one that has not.
type Lint = (&'static str, &'static str, &'static str, &'static str);

const LINTS: [&[Lint]; 3] = [names::CASES, patterns::CASES, conditions::CASES];

/// Many rules, each with one event.
fn rules(count: usize, name: impl Fn(usize) -> String) -> String {
    let rule = |n| {
        format!(
            "- {{ id: a{n}, severity: {}, events: [\"{}\"], when: {{ requestParameters.userName: u{n} }} }}\n",
            "low",
            name(n)
        )
    };
    (0..count).map(rule).collect()
}

#[test]
fn every_lint_fires_where_it_should_and_nowhere_else() {
    let mut text = String::new();
    let mut add = |name: &str, answer: &str| {
        let _ = write!(text, "{:=<80}\n\n{answer}\n", format!("== {name} "));
    };
    let wildcards = |count| rules(count, |_| "iam:*User*".to_owned());
    let long = |count: usize| {
        let names: Vec<String> = (0..count)
            .map(|n| format!("user-{n:04}-of-the-batch"))
            .collect();
        format!(
            "- id: a\n  pattern: {{ source: [aws.iam], detail: {{ eventName: [CreateUser], requestParameters: {{ userName: [{}] }} }} }}",
            names.join(", ")
        )
    };
    let made = [
        (
            "few wildcards are left",
            "W0807",
            wildcards(25),
            wildcards(24),
        ),
        ("too many wildcards", "E0806", wildcards(31), wildcards(24)),
        (
            "too many rules",
            "E0806",
            rules(301, |_| "iam:CreateUser".to_owned()),
            rules(240, |_| "iam:CreateUser".to_owned()),
        ),
        (
            "a raw pattern that may not grow much",
            "W0807",
            long(64),
            long(50),
        ),
    ];
    let listed = LINTS
        .into_iter()
        .flatten()
        .map(|(name, code, bad, good)| (*name, *code, (*bad).to_owned(), (*good).to_owned()));
    let mut missing: Vec<&str> = Vec::new();
    for (name, code, bad, good) in listed.chain(made) {
        let found = checked(&bad);
        if !codes_of(&found).contains(&code) {
            missing.push(name);
        }
        add(name, &shown(&found));
        let found = checked(&good);
        if !found.diagnostics.is_empty() {
            missing.push(name);
            add(&format!("{name}, SILENT"), &shown(&found));
        }
    }
    let arns: Vec<String> = (0..50)
        .map(|n| format!("\"arn:aws:iam::111122223333:user/robots/robot-{n}\""))
        .collect();
    let long = format!(
        "- id: a\n  events: [\"iam:CreateUser\"]\n  unless: {{ userIdentity.arn: [{}] }}",
        arns.join(", ")
    );
    let refused = refused::CASES
        .iter()
        .map(|(name, code, bad)| (*name, *code, (*bad).to_owned()));
    let words = format!(
        "delivery: dispatcher\nrules:\n- id: a\n  events: [\"iam:CreateUser\"]\n  description: \"{}\"",
        "<".repeat(2_000)
    );
    let long = [
        ("too many exceptions", "E0802", long),
        ("too many words", "E0808", words),
    ];
    for (name, code, bad) in refused.chain(long) {
        let found = checked(&bad);
        if !codes_of(&found).contains(&code) {
            missing.push(name);
        }
        add(name, &shown(&found));
    }
    assert_eq!(missing, Vec::<&str>::new(), "{text}");
    for code in check::codes() {
        let of_lints = code.id >= "W0710"
            || code.id.starts_with("E08")
            || ["W0704", "W0705"].contains(&code.id);
        assert!(
            !of_lints || text.contains(&format!("[{}]: ", code.id)),
            "no case shows {}: {}",
            code.id,
            code.explanation
        );
    }
    is_as_kept("tests/it/check/lints.snap.txt", &text);
}
