//! What is left in accounts that are no longer watched, and what a broken home means for everybody.

use serde_json::json;

use super::kit::Kit;
use super::{MANAGEMENT, RULES, id};

const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const LEFT: &str = "555566667777";
const MEMBERS: [(&str, &str); 3] = [
    ("222233334444", "security"),
    ("333344445555", "payments"),
    (LEFT, "lab"),
];

fn excluding() -> String {
    RULES.replace(
        "organization: {}",
        &format!("organization: {{ exclude: {{ accounts: [\"{LEFT}\"] }} }}"),
    )
}

/// How many forwarders an account has.
fn forwarders(kit: &Kit, account: &str) -> usize {
    kit.act(account, "eu-west-1", async |config| {
        let events = aws_sdk_eventbridge::Client::new(&config);
        let rules = events.list_rules().send().await.unwrap();
        rules.rules().len()
    })
}

#[test]
fn an_account_that_is_newly_excluded_shows_its_leftovers_and_prune_takes_them() {
    let kit = Kit::with(RULES, &MEMBERS);
    kit.succeed(&APPLY);
    kit.rules(&excluding());
    let out = kit.succeed(&["plan"]);
    assert!(
        out.contains("555566667777 (lab):\n    no longer watched: under `exclude`"),
        "{out}"
    );
    assert!(out.contains("give --prune to delete it"), "{out}");
    assert!(out.contains("1 with leftovers"), "{out}");
    assert_eq!(kit.run(&["plan", "--detailed-exitcode"]).code, 2);
    kit.succeed(&APPLY);
    assert_eq!(forwarders(&kit, LEFT), 1, "nothing goes without --prune");

    // Whoever names accounts or a Region does not mean this one.
    for narrow in [
        ["--account", "222233334444"],
        ["--exclude-account", "222233334444"],
        ["--region", "eu-west-1"],
        ["--rule", "key-disabled"],
    ] {
        let prune = [&APPLY[..], &["--prune", "--prune-most"], &narrow].concat();
        kit.succeed(&prune);
        assert_eq!(forwarders(&kit, LEFT), 1, "{narrow:?}");
    }
    kit.succeed(&["apply", "--auto-approve", "--prune", "--prune-most"]);
    assert_eq!(forwarders(&kit, LEFT), 0);
    assert_eq!(forwarders(&kit, "222233334444"), 1);
    let out = kit.succeed(&["plan", "--detailed-exitcode"]);
    assert!(out.contains("under `exclude`: 555566667777 (lab)"), "{out}");
}

#[test]
fn an_account_that_leaves_the_unit_that_is_included_shows_its_leftovers() {
    let kit = Kit::with(RULES, &MEMBERS);
    let organization = kit.organization();
    let root = organization.root();
    let unit = organization.create_unit(&root, "prod").unwrap();
    for (account, _) in MEMBERS {
        organization.move_account(&id(account), &unit).unwrap();
    }
    kit.rules(&RULES.replace(
        "organization: {}",
        &format!("organization: {{ include: {{ ous: [{unit}] }} }}"),
    ));
    kit.succeed(&APPLY);
    organization.move_account(&id(LEFT), &root).unwrap();
    let out = kit.succeed(&["plan"]);
    assert!(
        out.contains("no longer watched: not under `include`"),
        "{out}"
    );
}

#[test]
fn an_excluded_account_that_lets_nobody_in_is_no_failure() {
    let kit = Kit::with(&excluding(), &MEMBERS);
    kit.act(LEFT, "us-east-1", async |config| {
        super::kit::empty_role(&config).await;
    });
    let out = kit.succeed(&APPLY);
    assert!(
        out.contains("(nobody could look whether something of ours is left there)"),
        "{out}"
    );
}

#[test]
fn a_broken_home_uncovers_every_account() {
    let kit = Kit::with(RULES, &MEMBERS);
    kit.succeed(&APPLY);
    let at_home = async |kit: &Kit, disable: bool| {
        let admin = kit.sandbox.admin_in(&id(MANAGEMENT));
        let region = "eu-central-1".parse().unwrap();
        let config = kit.sandbox.sdk_config(&region, admin);
        let events = aws_sdk_eventbridge::Client::new(&config);
        if disable {
            let rule = events.disable_rule().event_bus_name("iamwatch-acme");
            let rule = rule.name("iamwatch-acme-key-disabled");
            rule.send().await.unwrap();
        } else {
            let gone = events.remove_permission().event_bus_name("iamwatch-acme");
            gone.remove_all_permissions(true).send().await.unwrap();
        }
    };
    let holes = |kit: &Kit| kit.json(&["coverage"])["uncovered"].clone();
    kit.sandbox.confirm(None).unwrap();

    super::kit::block_on(at_home(&kit, true));
    let found = holes(&kit);
    let found = found.as_array().unwrap();
    assert_eq!(found.len(), 4, "{found:#?}");
    for hole in found {
        assert_eq!(hole["why"], "home", "{hole:#}");
        assert_eq!(hole["rules"], json!(["key-disabled"]), "{hole:#}");
    }
    let said = kit.run(&["coverage"]);
    assert!(
        said.out
            .contains("accounts whose events come to a broken home"),
        "{}",
        said.out
    );
    assert!(said.out.contains("0 of 4 accounts"), "{}", said.out);

    kit.succeed(&APPLY);
    super::kit::block_on(at_home(&kit, false));
    let found = holes(&kit);
    let found = found.as_array().unwrap();
    assert_eq!(found.len(), 4, "{found:#?}");
    for hole in found {
        assert_eq!(hole["why"], "home", "{hole:#}");
        assert_eq!(hole["rules"].as_array().unwrap().len(), 2, "{hole:#}");
    }
    kit.succeed(&APPLY);
    kit.sandbox.confirm(None).unwrap();
    kit.succeed(&["coverage"]);
}

/// What others wrote into the policy of the home bus is no change that apply would make, and closes it all the same, be it
/// to the members alone.
#[test]
fn a_denial_of_others_on_the_home_bus_uncovers_every_account() {
    let kit = Kit::with(RULES, &MEMBERS);
    kit.succeed(&APPLY);
    kit.sandbox.confirm(None).unwrap();
    kit.succeed(&["coverage"]);
    let member = MEMBERS[0].0;
    let forwarders = format!("arn:aws:iam::{member}:role/iamwatch/*");
    for (more, closes) in [
        (json!({}), true),
        (json!({ "Principal": { "AWS": member } }), true),
        (
            json!({ "Condition": { "StringNotEquals": { "aws:PrincipalAccount": MANAGEMENT } } }),
            true,
        ),
        (
            json!({ "Condition": { "ArnLike": { "aws:PrincipalArn": forwarders } } }),
            true,
        ),
        (
            json!({ "Condition": { "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/admin" } } }),
            false,
        ),
        (
            json!({ "Condition": { "Bool": { "aws:SecureTransport": "false" } } }),
            false,
        ),
    ] {
        let kit = kit.fork();
        kit.deny(MANAGEMENT, &more);
        for command in ["status", "coverage"] {
            let said = kit.run(&[command]);
            let named = said.out.contains("the statement `x`");
            let code = if closes { 2 } else { 0 };
            assert_eq!(
                (said.code, named),
                (code, closes),
                "{more} {}{}",
                said.out,
                said.err
            );
        }
        if !closes {
            continue;
        }
        let said = kit.run(&["coverage"]);
        assert!(said.out.contains("0 of 4 accounts"), "{}", said.out);
        let found = kit.json(&["coverage"])["uncovered"].clone();
        for hole in found.as_array().unwrap() {
            assert_eq!(hole["why"], "home", "{hole:#}");
            assert_eq!(hole["rules"].as_array().unwrap().len(), 2, "{hole:#}");
        }
    }
}

/// A rule apart hears of home: what breaks it uncovers home, and what breaks a member's forwarder takes nothing from it.
#[test]
fn a_rule_apart_is_covered_at_home_and_asked_for_nowhere_else() {
    let apart = "  - { id: lone, events: [\"kms:DisableKey\", \"iam:CreateUser\"], apart: true }\n";
    let kit = Kit::with(&format!("{RULES}{apart}"), &MEMBERS);
    kit.succeed(&APPLY);
    kit.sandbox.confirm(None).unwrap();
    kit.succeed(&["coverage"]);
    let holes = |kit: &Kit| {
        let found = kit.json(&["coverage"])["uncovered"].clone();
        found.as_array().unwrap().clone()
    };
    let broken = kit.fork();
    broken.act(MANAGEMENT, "us-east-1", async |config| {
        let events = aws_sdk_eventbridge::Client::new(&config);
        let rule = events.disable_rule().name("iamwatch-acme-lone");
        rule.send().await.unwrap();
    });
    let found = holes(&broken);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["member"]["account"], MANAGEMENT);
    assert_eq!(found[0]["why"], "home");
    assert_eq!(found[0]["rules"], json!(["lone"]));
    // Its other half stands in another Region under the same name.
    let problem = found[0]["problem"].as_str().unwrap();
    assert!(
        problem.contains("iamwatch-acme-lone in us-east-1"),
        "{problem}",
    );
    broken.succeed(&APPLY);
    broken.succeed(&["coverage"]);

    kit.act("222233334444", "us-east-1", async |config| {
        let events = aws_sdk_eventbridge::Client::new(&config);
        let rule = events.disable_rule().name("iamwatch-acme-forwarder_events");
        rule.send().await.unwrap();
    });
    kit.act(MANAGEMENT, "eu-central-1", async |config| {
        let events = aws_sdk_eventbridge::Client::new(&config);
        let gone = events.remove_permission().event_bus_name("iamwatch-acme");
        gone.remove_all_permissions(true).send().await.unwrap();
    });
    let found = holes(&kit);
    assert!(
        found.iter().any(|hole| hole["why"] == "broken"),
        "{found:#?}"
    );
    for hole in found {
        let rules = hole["rules"].to_string();
        assert!(!rules.contains("lone"), "{hole:#}");
    }
    let out = kit.succeed(&["test-event", "lone", "--wait", "--auto-approve"]);
    assert!(!out.contains("broken"), "{out}");
}

#[test]
fn the_alerts_that_changes_of_members_set_off_are_forecast() {
    let rules = format!("{RULES}  - id: forwarder-rules\n    events: [\"events:PutRule\"]\n");
    let kit = Kit::with(&rules, &MEMBERS);
    let out = kit.succeed(&APPLY);
    assert!(
        !out.contains("apply itself alerts"),
        "nobody listens yet: {out}"
    );
    for account in ["222233334444", "333344445555"] {
        kit.act(account, "eu-west-1", async |config| {
            let events = aws_sdk_eventbridge::Client::new(&config);
            let disable = events.disable_rule().name("iamwatch-acme-forwarder_events");
            disable.send().await.unwrap();
        });
    }
    let out = kit.succeed(&["plan"]);
    let forecast = "apply itself alerts: forwarder-rules (2 calls in 2 accounts)";
    assert!(out.contains(forecast), "{out}");
}

#[test]
fn a_policy_of_the_organization_that_closes_an_account_is_called_by_its_name() {
    let kit = Kit::with(RULES, &MEMBERS);
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["events:ListRules","iam:ListRoles"],"Resource":"*"}]}"#;
    kit.organization()
        .attach_policy("333344445555", deny)
        .unwrap();
    let coverage = kit.json(&["coverage"]);
    let holes = coverage["uncovered"].as_array().unwrap();
    let hole = holes
        .iter()
        .find(|hole| hole["member"]["account"] == "333344445555");
    let hole = hole.unwrap();
    assert_eq!(hole["why"], "forbidden", "{hole:#}");
    let remedy = hole["remedy"].as_str().unwrap();
    assert!(
        remedy.contains("a service control policy forbids this"),
        "{remedy}"
    );
}

#[test]
fn a_region_alone_leaves_the_trail_elsewhere_as_it_is() {
    let rules = RULES.replace(
        "home: { region: eu-central-1 }",
        "home: { region: eu-central-1, account: \"222233334444\" }",
    );
    let kit = Kit::with(&rules, &MEMBERS);
    kit.sandbox.clear_calls();
    let out = kit.succeed(&["plan", "--region", "eu-west-1"]);
    assert!(!out.contains("+ trail "), "{out}");
    assert!(
        out.contains("rule iamwatch-acme-forwarder_events in eu-west-1"),
        "{out}"
    );
    assert!(!out.contains("forwarder-us-east-1"), "{out}");
    kit.succeed(&APPLY);
    let out = kit.succeed(&["plan", "--region", "eu-west-1", "--detailed-exitcode"]);
    assert!(out.contains("No changes: 3 other accounts"), "{out}");
}
