//! The organization's trail, in the management account: whoever stops it silences every account, wherever home is.

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::{EventSelector, ReadWriteType};

use super::kit::Kit;
use super::{MANAGEMENT, MEMBERS, RULES};

/// Home is another account than the one that the trail stands in.
fn away() -> String {
    let home = format!(
        "home: {{ region: eu-central-1, account: \"{}\" }}",
        MEMBERS[0].0
    );
    RULES.replace("home: { region: eu-central-1 }", &home)
}

fn deployed(rules: &str) -> Kit {
    let kit = Kit::with(rules, &MEMBERS);
    kit.succeed(&["apply", "--auto-approve"]);
    kit.sandbox.confirm(None).unwrap();
    let out = kit.succeed(&["status"]);
    assert!(out.starts_with("Healthy"), "{out}");
    kit
}

/// Lets an administrator of the management account do something to the trail.
fn tampered<F: Future<Output = ()>>(kit: &Kit, act: impl FnOnce(Client) -> F) {
    kit.act(MANAGEMENT, "eu-central-1", async |config| {
        act(Client::new(&config)).await;
    });
}

async fn stop(trails: Client) {
    let request = trails.stop_logging().name("iamwatch-acme");
    request.send().await.unwrap();
}

async fn delete(trails: Client) {
    let request = trails.delete_trail().name("iamwatch-acme");
    request.send().await.unwrap();
}

async fn only_reads(trails: Client) {
    let selector = EventSelector::builder()
        .read_write_type(ReadWriteType::ReadOnly)
        .include_management_events(true);
    let request = trails.put_event_selectors().trail_name("iamwatch-acme");
    let request = request.event_selectors(selector.build());
    request.send().await.unwrap();
}

async fn without_kms(trails: Client) {
    let selector = EventSelector::builder()
        .read_write_type(ReadWriteType::All)
        .include_management_events(true)
        .exclude_management_event_sources("kms.amazonaws.com");
    let request = trails.put_event_selectors().trail_name("iamwatch-acme");
    let request = request.event_selectors(selector.build());
    request.send().await.unwrap();
}

async fn one_account(trails: Client) {
    let request = trails.update_trail().name("iamwatch-acme");
    let request = request.is_organization_trail(false);
    request.send().await.unwrap();
}

/// `status` says that alerts are lost, of which rules and where to look.
fn is_seen(kit: &Kit, problem: &str) {
    let said = kit.run(&["status"]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    assert!(
        said.out.contains("loses alerts trail iamwatch-acme"),
        "{}",
        said.out
    );
    assert!(said.out.contains(problem), "{problem}\n{}", said.out);
    assert!(said.out.contains("all rules"), "{}", said.out);
    let health = kit.run(&["status", "--json"]);
    let health: serde_json::Value = serde_json::from_str(&health.out).unwrap();
    assert_eq!(
        health["findings"][0]["weight"], "loses_alerts",
        "{health:#}"
    );
    let said = kit.run(&["coverage"]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    let said = kit.run(&["test-event", "key-disabled", "--wait", "--timeout", "10"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("iamwatch-acme"), "{}", said.out);
}

fn is_mended(kit: &Kit) {
    kit.succeed(&["apply", "--auto-approve"]);
    let out = kit.succeed(&["status"]);
    assert!(out.starts_with("Healthy"), "{out}");
    kit.succeed(&["coverage"]);
}

#[test]
fn an_organizations_trail_that_is_stopped_is_seen_from_any_home() {
    for rules in [RULES.to_owned(), away()] {
        let kit = deployed(&rules);
        tampered(&kit, stop);
        is_seen(&kit, "does not log");
        is_mended(&kit);
    }
}

#[test]
fn an_organizations_trail_that_is_gone_is_seen_from_any_home() {
    for rules in [RULES.to_owned(), away()] {
        let kit = deployed(&rules);
        tampered(&kit, delete);
        is_seen(&kit, "it does not exist");
        is_mended(&kit);
    }
}

#[test]
fn an_organizations_trail_that_leaves_something_out_is_seen_from_any_home() {
    for rules in [RULES.to_owned(), away()] {
        let kit = deployed(&rules);
        tampered(&kit, only_reads);
        let said = kit.run(&["status"]);
        assert_eq!(said.code, 2, "{}{}", said.out, said.err);
        assert!(
            said.out.contains("loses alerts trail iamwatch-acme"),
            "{}",
            said.out
        );
        is_mended(&kit);
        tampered(&kit, one_account);
        let said = kit.run(&["status"]);
        assert_eq!(said.code, 2, "{}{}", said.out, said.err);
        assert!(said.out.contains("trail iamwatch-acme"), "{}", said.out);
        is_mended(&kit);
    }
}

/// The holes that `coverage` finds.
fn holes(kit: &Kit) -> Vec<serde_json::Value> {
    let found = kit.json(&["coverage"])["uncovered"].clone();
    found.as_array().unwrap().clone()
}

#[test]
fn what_a_trail_leaves_out_costs_the_rules_that_want_it_and_no_others() {
    for rules in [RULES.to_owned(), away()] {
        let kit = deployed(&rules);
        tampered(&kit, without_kms);
        let said = kit.run(&["status"]);
        assert_eq!(said.code, 2, "{}{}", said.out, said.err);
        assert!(said.out.contains(": key-disabled\n"), "{}", said.out);
        for overstated in ["all rules", "no API call", "root-sign-in"] {
            assert!(!said.out.contains(overstated), "{}", said.out);
        }
        assert!(
            said.out.contains(": 2 rules, 1 loses alerts;"),
            "{}",
            said.out,
        );
        let found = holes(&kit);
        assert_eq!(found.len(), 5, "{found:#?}");
        for hole in found {
            assert_eq!(hole["why"], "not_recorded", "{hole:#}");
            assert_eq!(hole["rules"], serde_json::json!(["key-disabled"]));
        }
        is_mended(&kit);
    }
}

#[test]
fn a_stopped_trail_of_ours_loses_every_rule_and_apply_mends_it() {
    for rules in [RULES.to_owned(), away()] {
        let kit = deployed(&rules);
        tampered(&kit, stop);
        let said = kit.run(&["status"]);
        assert!(
            said.out.contains(": 2 rules, 2 lose alerts;"),
            "{}",
            said.out,
        );
        for hole in holes(&kit) {
            assert_eq!(hole["remedy"], "run `iamwatch apply`, which mends it");
            assert_eq!(hole["rules"].as_array().unwrap().len(), 2, "{hole:#}");
        }
    }
}

#[test]
fn a_trail_of_home_alone_covers_home() {
    let kit = deployed(RULES);
    tampered(&kit, one_account);
    let found = holes(&kit);
    assert_eq!(found.len(), 4, "{found:#?}");
    for hole in found {
        assert_ne!(hole["member"]["account"], MANAGEMENT, "{hole:#}");
        let problem = hole["problem"].as_str().unwrap();
        assert!(problem.contains("the other accounts"), "{problem}");
    }
}

/// The trail stands in the management account, and that is where it is looked for.
#[test]
fn the_place_of_the_trail_is_named() {
    let kit = deployed(&away());
    tampered(&kit, stop);
    let said = kit.run(&["status"]);
    assert!(
        said.out.contains(&format!("({MANAGEMENT}/eu-central-1)")),
        "{}",
        said.out
    );
}

#[test]
fn before_the_first_apply_one_line_says_that_nothing_is_deployed() {
    for rules in [RULES.to_owned(), away()] {
        let kit = Kit::with(&rules, &MEMBERS);
        let said = kit.run(&["status"]);
        assert_eq!(said.code, 2, "{}{}", said.out, said.err);
        assert!(
            said.out
                .starts_with("Not deployed: nothing of `acme` stands in "),
            "{}",
            said.out
        );
        assert!(said.out.contains("deploys 2 rules"), "{}", said.out);
        assert_eq!(said.out.lines().count(), 1, "{}", said.out);
    }
}
