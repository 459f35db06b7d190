//! The catalogue keeps its promises: what it covers, what it says of itself, and what it fires on.

mod alerts;
mod blind;
mod command;
mod partners;
mod records;
mod refused;
mod tampering;

use iamwatch::check;
use std::collections::{BTreeMap, BTreeSet};

use iamwatch::compile::{Compiled, PATTERN_QUOTA, RuleState, compile};
use iamwatch::rules::{CatalogueEntry, Expect, catalogue, not_expressible};

/// Every rule with its patterns.
fn compiled() -> BTreeMap<String, Vec<Compiled>> {
    let file = check::whole_catalogue().file.unwrap();
    let mut parts: BTreeMap<String, Vec<Compiled>> = BTreeMap::new();
    for part in compile(&file, PATTERN_QUOTA).unwrap() {
        parts.entry(part.rule.0.clone()).or_default().push(part);
    }
    parts
}

fn entry(id: &str) -> &'static CatalogueEntry {
    let found = catalogue().iter().find(|entry| entry.id.0 == id);
    found.unwrap_or_else(|| panic!("the catalogue has no {id}"))
}

fn single_rules() -> impl Iterator<Item = &'static CatalogueEntry> {
    catalogue().iter().filter(|entry| !entry.is_pack())
}

/// The ids of a pack's rules.
fn pack(id: &str) -> BTreeSet<&'static str> {
    let rules = entry(id).rules.iter();
    rules.map(|rule| rule.0.as_str()).collect()
}

#[test]
fn every_rule_says_what_it_means_and_what_to_do() {
    for rule in single_rules() {
        let id = &rule.id;
        assert!(rule.title.chars().count() <= 90, "{id}: too long a title");
        assert!(!rule.title.ends_with('.'), "{id}");
        let sentences = rule.description.matches(['.', '?', '!']).count();
        assert!(
            sentences >= 2 && rule.description.ends_with('.'),
            "{id}: what it means, and what to do first: {}",
            rule.description
        );
        assert!(
            rule.description.len() <= 420,
            "{id}: two or three sentences"
        );
        assert!(!rule.mitre.is_empty(), "{id}: no ATT&CK technique");
        let framework = |name| rule.compliance.get(name).is_some_and(|ids| !ids.is_empty());
        assert!(framework("nist-800-53"), "{id}");
        assert!(
            rule.yaml.starts_with(&format!("- id: {id}\n  title: ")),
            "{id}: {}",
            rule.yaml
        );
        assert!(rule.yaml.contains("\n  tests:\n"), "{id}: {}", rule.yaml);
    }
    for other in not_expressible() {
        assert!(other.reason.ends_with('.'), "{}", other.id);
        assert!(catalogue().iter().all(|entry| entry.id != other.id));
    }
}

/// The sign-in rules serve those who must watch sign-ins.
#[test]
fn sign_in_rules_name_the_frameworks_that_ask_for_them() {
    let sign_in =
        |rule: &&CatalogueEntry| rule.events.iter().any(|event| event.starts_with("signin:"));
    let mut count = 0;
    for rule in single_rules().filter(sign_in) {
        for framework in ["nist-800-53", "apra-cps-234", "mas-trm"] {
            assert!(rule.compliance.contains_key(framework), "{}", rule.id);
        }
        count += 1;
    }
    assert!(count >= 10);
}

#[test]
fn every_rule_is_tested_with_events_that_fire_it_and_some_that_nearly_do() {
    let file = check::whole_catalogue().file.unwrap();
    for rule in &file.rules {
        let count = |expect| rule.tests.iter().filter(|t| t.expect == expect).count();
        let (fire, miss) = (count(Expect::Match), count(Expect::NoMatch));
        assert!(fire > 0 && miss > 0, "{}: {fire} and {miss}", rule.id);
        assert_eq!(fire + miss, entry(&rule.id.0).tests, "{}", rule.id);
        let names: BTreeSet<&String> = rule.tests.iter().map(|test| &test.name).collect();
        assert_eq!(names.len(), rule.tests.len(), "{}: a name twice", rule.id);
    }
}

/// A bus takes 300 rules, of which 30 with wildcards: those that leave out what services do by themselves need one.
/// Source: EventBridge, `eb-quota`.
#[test]
fn the_whole_catalogue_fits_on_one_bus() {
    let compiled = compiled();
    let patterns = || compiled.values().flatten();
    assert!(patterns().count() < 150, "{}", patterns().count());
    let wild = patterns().filter(|part| part.pattern.to_string().contains("\"wildcard\""));
    assert!(wild.count() <= 15);
}

#[test]
fn a_pack_holds_what_its_name_says() {
    let all: BTreeSet<&str> = single_rules().map(|rule| rule.id.0.as_str()).collect();
    assert_eq!(pack("pack/all"), all);
    let of = |prefix: &str| -> BTreeSet<&str> {
        all.iter()
            .copied()
            .filter(|id| id.starts_with(prefix))
            .collect()
    };
    assert_eq!(pack("pack/root"), of("root/"));
    assert_eq!(pack("pack/pipeline"), of("pipeline/"));
    assert!(pack("pack/tamper").is_superset(&pack("pack/pipeline")));
    let blog = BTreeSet::from(["iam/any-call", "iam/changes", "iam/auth-changes"]);
    assert_eq!(pack("pack/aws-blog"), blog);
    // The three sets hear what the others of IAM hear, which say what it was.
    let iam: BTreeSet<&str> = of("iam/").difference(&blog).copied().collect();
    assert!(pack("pack/identity").is_superset(&iam));
    for entry in catalogue().iter().filter(|entry| entry.is_pack()) {
        let ids: BTreeSet<_> = entry.rules.iter().collect();
        assert_eq!(ids.len(), entry.rules.len(), "{}", entry.id);
        assert!(entry.description.ends_with('.'), "{}", entry.id);
    }
}

#[test]
fn the_cis_pack_covers_section_4_and_nothing_else() {
    let numbers: BTreeSet<String> = (1..=15).map(|n| format!("4.{n}")).collect();
    let mut covered = BTreeSet::new();
    for id in pack("pack/cis-v1.4") {
        let rule = entry(id);
        assert!(!rule.cis.is_empty(), "{id} serves no number");
        covered.extend(rule.cis.iter().cloned());
    }
    assert_eq!(covered, numbers);
}

/// ATT&CK has withdrawn these and points to others; people search for both.
#[test]
fn moved_techniques_are_named_old_and_new() {
    for (old, new) in [
        ("T1562", "T1685"),
        ("T1562.001", "T1685"),
        ("T1562.007", "T1686.001"),
        ("T1562.008", "T1685.002"),
    ] {
        for rule in single_rules() {
            let names = |id: &str| rule.mitre.iter().any(|own| own == id);
            assert!(
                !names(old) || names(new),
                "{}: {old} without {new}",
                rule.id
            );
        }
    }
}

/// Reads come only to rules in the wider state, and every rule in it costs a little more.
#[test]
fn rules_about_changes_stay_in_the_plain_state() {
    let compiled = compiled();
    for id in ["iam/changes", "iam/policy-changed", "network/route-changed"] {
        let states: Vec<RuleState> = compiled[id].iter().map(|part| part.state).collect();
        assert_eq!(states, [RuleState::Enabled], "{id}");
    }
}

#[test]
fn the_readme_counts_right() {
    let readme = include_str!("../../../README.md");
    let count = single_rules().count();
    assert!(
        readme.contains(&format!("\n{count} ready rules")),
        "{count}"
    );
    for pack in catalogue().iter().filter(|entry| entry.is_pack()) {
        let row = format!("| `{}` | {} | {} |", pack.id, pack.rules.len(), pack.title);
        assert!(readme.contains(&row), "{row}");
    }
}
