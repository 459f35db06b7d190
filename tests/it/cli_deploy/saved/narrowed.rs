//! Saved plans that are narrowed: applied as they were looked at, and not a bit wider.

use serde_json::{Value, json};

use super::{contents, forge};
use crate::cli_deploy::{Folder, RULES};

/// A hub, so that there is more than one Region.
fn hub() -> String {
    RULES.replace(
        "home: { region: us-east-1 }",
        "home: { region: us-east-1 }\nwatch: { regions: [eu-west-1] }",
    )
}

/// The saved plan with another order, under a checksum that fits, is refused as a plan that has moved.
fn assert_stale(folder: &Folder, saved: &Value, change: impl FnOnce(&mut Value)) {
    let mut forged = saved.clone();
    change(&mut forged["order"]);
    forge(folder, "forged.json", &forged);
    let err = folder.fail(&["apply", "forged.json"]);
    assert!(err.contains("stale"), "{}: {err}", forged["order"]);
}

#[test]
fn rules_are_named_in_any_order_and_as_often_as_one_likes() {
    for rules in [
        &["signin/failed", "root/sign-in"][..],
        &["root/sign-in", "root/sign-in"],
        &["signin/failed", "root/sign-in", "signin/failed"],
    ] {
        let folder = Folder::with(RULES);
        let narrow = rules.iter().flat_map(|rule| ["--rule", *rule]);
        let args: Vec<&str> = ["plan", "--out", "plan.json"]
            .into_iter()
            .chain(narrow)
            .collect();
        folder.succeed(&args);
        folder.succeed(&["apply", "plan.json"]);
    }
}

#[test]
fn a_plan_of_one_rule_is_not_widened_by_hand() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan", "--rule", "root/sign-in", "--out", "plan.json"]);
    let saved = contents(&folder, "plan.json");
    for rules in [
        json!([]),
        json!(["signin/failed"]),
        json!(["root/sign-in", "signin/failed"]),
    ] {
        assert_stale(&folder, &saved, |order| order["rules"] = rules);
    }
    folder.succeed(&["apply", "plan.json"]);
    let out = folder.succeed(&["plan"]);
    assert!(
        out.contains("signin.failed") && !out.contains("root.sign-in"),
        "{out}"
    );
}

#[test]
fn a_plan_of_one_region_is_not_widened_by_hand() {
    let folder = Folder::with(&hub());
    folder.succeed(&["plan", "--region", "eu-west-1", "--out", "plan.json"]);
    let saved = contents(&folder, "plan.json");
    assert_stale(&folder, &saved, |order| order["region"] = Value::Null);
    assert_stale(&folder, &saved, |order| {
        drop(order.as_object_mut().unwrap().remove("region"));
    });
    folder.succeed(&["apply", "plan.json"]);
    // What the order leaves out is still to be done, and the plan is applied once.
    let (code, _, _) = folder.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(code, 2);
    assert!(folder.fail(&["apply", "plan.json"]).contains("stale"));
}

#[test]
fn a_plan_without_an_order_is_none() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan", "--rule", "root/sign-in", "--out", "plan.json"]);
    let saved = contents(&folder, "plan.json");
    for order in [
        json!({}),
        Value::Null,
        json!([]),
        json!({ "rules": [] }),
        json!({ "rules": null, "region": null }),
    ] {
        let mut forged = saved.clone();
        forged["order"] = order.clone();
        forge(&folder, "forged.json", &forged);
        let err = folder.fail(&["apply", "forged.json"]);
        assert!(err.contains("not a plan"), "{order}: {err}");
    }
}

/// Whoever changes the file makes another plan, even if the digest is made to fit.
#[test]
fn a_plan_of_a_rule_that_is_gone_or_off_is_refused() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan", "--rule", "signin/failed", "--out", "plan.json"]);
    let mut saved = contents(&folder, "plan.json");
    let rule = "  - use: signin/failed\n";
    for (now, words) in [
        (
            "",
            "the rule `signin/failed`, which the rules file does not have",
        ),
        ("  - { use: signin/failed, enabled: false }\n", "stale"),
        ("  - { use: signin/failed, severity: critical }\n", "stale"),
    ] {
        folder.rules(&RULES.replace(rule, now));
        let err = folder.fail(&["apply", "plan.json"]);
        assert!(err.contains("was changed after the plan was made"), "{err}");
        folder.succeed(&["plan", "--out", "now.json"]);
        saved["rules"] = contents(&folder, "now.json")["rules"].clone();
        forge(&folder, "forged.json", &saved);
        let err = folder.fail(&["apply", "forged.json"]);
        assert!(err.contains(words), "{now}: {err}");
    }
    folder.rules(RULES);
    folder.succeed(&["apply", "plan.json"]);
}
