//! The guard of an organization: what forwards members' events is nobody's but the deployer's either.

use aws_sdk_eventbridge::Client as Events;
use aws_sdk_iam::Client as Iam;
use aws_sdk_sqs::Client as Sqs;
use serde_json::Value;

use super::RULES;
use super::kit::Kit;

const HOME: (&str, &str) = ("222233334444", "security");
const MEMBER: (&str, &str) = ("333344445555", "payments");
const EXCEPT: &str = "arn:aws:iam::*:role/OrganizationAccountAccessRole";

/// An organization whose home is a member.
fn beside_management() -> Kit {
    let home = "home: { region: eu-central-1, account: \"222233334444\" }";
    let rules = RULES.replace("home: { region: eu-central-1 }", home);
    Kit::with(&rules, &[HOME, MEMBER])
}

/// An organization whose home is a member, deployed, with the printed guard above all accounts.
fn guarded(more: &[&str]) -> Kit {
    let kit = beside_management();
    kit.succeed(&["apply", "--auto-approve"]);
    let print = ["permissions", "--scp", "--except-role", EXCEPT];
    let printed = kit.succeed(&[&print[..], more].concat());
    let organization = kit.organization();
    for policy in serde_json::Deserializer::from_str(&printed).into_iter::<Value>() {
        let policy = policy.unwrap().to_string();
        organization
            .attach_policy(&organization.root(), &policy)
            .unwrap();
    }
    kit
}

#[test]
fn members_cannot_silence_their_forwarders() {
    let kit = guarded(&[]);
    let name = "iamwatch-acme-forwarder_events";
    kit.act(MEMBER.0, "us-east-1", async |config| {
        let events = Events::new(&config);
        events.disable_rule().name(name).send().await.unwrap_err();
        events.delete_rule().name(name).send().await.unwrap_err();
        let put = events.put_rule().name(name).event_pattern(r#"{"source":["none"]}"#);
        put.send().await.unwrap_err();
        let gone = events.remove_targets().rule(name).ids("forward");
        gone.send().await.unwrap_err();
        let iam = Iam::new(&config);
        let role = "iamwatch-acme-forwarder-us-east-1";
        let gone = iam.delete_role_policy().role_name(role).policy_name("forward");
        gone.send().await.unwrap_err();
        let trust = iam.update_assume_role_policy().role_name(role);
        let nobody = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#;
        trust.policy_document(nobody).send().await.unwrap_err();
        let sqs = Sqs::new(&config);
        let queue = sqs.get_queue_url().queue_name("iamwatch-acme-dead-letters");
        let url = queue.send().await.unwrap().queue_url.unwrap();
        sqs.purge_queue().queue_url(&url).send().await.unwrap_err();
        sqs.delete_queue().queue_url(&url).send().await.unwrap_err();
        // Nor can anybody make an excepted role his own.
        let trust = iam.update_assume_role_policy();
        let trust = trust.role_name("OrganizationAccountAccessRole");
        let mine = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"333344445555"},"Action":"sts:AssumeRole"}]}"#;
        trust.policy_document(mine).send().await.unwrap_err();
        // Whatever has other names is nobody's concern.
                let put = events.put_rule().name("nightly");
        let put = put.event_pattern(r#"{"source":["a"]}"#);
        put.send().await.unwrap();
        events.delete_rule().name("nightly").send().await.unwrap();
        let made = sqs.create_queue().queue_name("orders").send().await.unwrap();
        let gone = sqs.delete_queue().queue_url(made.queue_url.unwrap());
        gone.send().await.unwrap();
    });
    // The roles that are excepted work on.
    kit.succeed(&["plan", "--detailed-exitcode"]);
    kit.succeed(&["destroy", "--auto-approve"]);
}

#[test]
fn the_policy_of_the_home_bus_is_guarded_where_that_is_asked_for() {
    let empties = |kit: &Kit, account: &str, region: &str, bus: &str| {
        kit.act(account, region, async |config| {
            let events = Events::new(&config);
            let gone = events.remove_permission().event_bus_name(bus);
            gone.remove_all_permissions(true).send().await.is_ok()
        })
    };
    assert!(empties(
        &guarded(&[]),
        HOME.0,
        "eu-central-1",
        "iamwatch-acme"
    ));
    let kit = guarded(&["--bus-policies"]);
    assert!(!empties(&kit, HOME.0, "eu-central-1", "iamwatch-acme"));
    // In other Regions and accounts nobody is disturbed.
    for (account, region) in [(HOME.0, "us-east-1"), (MEMBER.0, "eu-central-1")] {
        kit.act(account, region, async |config| {
            let events = Events::new(&config);
            let put = events
                .put_permission()
                .event_bus_name("default")
                .action("events:PutEvents");
            let put = put.principal("111122223333").statement_id("theirs");
            put.send().await.unwrap();
            let gone = events.remove_permission().event_bus_name("default");
            gone.statement_id("theirs").send().await.unwrap();
        });
    }
}

/// Whoever attaches the guard above the members without their role finds out before.
#[test]
fn a_members_role_that_is_not_excepted_is_named() {
    let kit = beside_management();
    let hint = "the members' role OrganizationAccountAccessRole is not excepted";
    let said = |role: &str| {
        kit.run(&["permissions", "--scp", "--except-role", role])
            .err
    };
    assert!(said("arn:aws:iam::222233334444:role/deployer").contains(hint));
    for role in [
        EXCEPT,
        "arn:aws:iam::*:role/Organization*",
        "arn:aws:iam::333344445555:role/OrganizationAccountAccessRole",
    ] {
        assert!(!said(role).contains(hint), "{role}");
    }
}
