//! From the buses of members to the bus of another account.

use aws_sdk_eventbridge::types::DeadLetterConfig;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use super::members::{Acme, PAYMENTS, SECURITY, STRANGER, acme, id, inside};
use super::{ACCOUNT, Aws, target};

const HOME: &str = "eu-central-1";
const AWAY: &str = "eu-west-1";

fn home_bus() -> String {
    format!("arn:aws:events:{HOME}:{SECURITY}:event-bus/home")
}

/// Our forwarder roles of every account, and nobody else.
fn forwarders() -> String {
    "arn:aws:iam::*:role/iamwatch-forwarder-*".to_owned()
}

fn in_organization(org: &str) -> Value {
    json!({"StringEquals": {"aws:PrincipalOrgID": org},
        "ArnLike": {"aws:PrincipalArn": forwarders()}})
}

/// A queue of that account and Region that rules may send to.
async fn queue(aws: &Aws, account: &str, region: &str, name: &str) -> String {
    let arn = format!("arn:aws:sqs:{region}:{account}:{name}");
    let policy = json!({"Statement": [{"Effect": "Allow", "Resource": arn,
        "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}]});
    let make = aws.sqs.create_queue().queue_name(name);
    let make = make.attributes(QueueAttributeName::Policy, policy.to_string());
    make.send().await.unwrap();
    arn
}

/// A bus `home` in the security account that lets in whom `condition` describes, and a queue `got`
/// with what comes to it.
async fn home(acme: &Acme, condition: Value) -> Aws {
    let home = inside(&acme.aws.sandbox, SECURITY, HOME);
    let create = home.events.create_event_bus().name("home");
    create.send().await.unwrap();
    let policy = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"},
        "Action": "events:PutEvents", "Resource": home_bus(), "Condition": condition}]});
    let put = home.events.put_permission().event_bus_name("home");
    put.policy(policy.to_string()).send().await.unwrap();
    let got = queue(&home, SECURITY, HOME, "got").await;
    let put = home.events.put_rule().name("all").event_bus_name("home");
    let put = put.event_pattern(r#"{"source":["app"]}"#);
    put.send().await.unwrap();
    let put = home.events.put_targets().rule("all").event_bus_name("home");
    let put = put.targets(target("q", &got).build().unwrap());
    put.send().await.unwrap();
    home
}

/// A forwarder on the default bus of an account, with a role of that name and a queue `dead`. The
/// role may put events on buses of that name.
async fn forwarder(acme: &Acme, account: &str, role: Option<&str>, bus: &str) -> Aws {
    let there = inside(&acme.aws.sandbox, account, AWAY);
    let dead = queue(&there, account, AWAY, "dead").await;
    let put = there.events.put_rule().name("forward");
    let put = put.event_pattern(r#"{"source":["app"]}"#);
    put.send().await.unwrap();
    let letters = DeadLetterConfig::builder().arn(dead).build();
    let mut bus_target = target("home", &home_bus()).dead_letter_config(letters);
    if let Some(role) = role {
        let trust = json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "events.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": account}}}]});
        let create = there.iam.create_role().role_name(role);
        let create = create.assume_role_policy_document(trust.to_string());
        let role = create.send().await.unwrap().role.unwrap();
        let policy = json!({"Statement": [{"Effect": "Allow", "Action": "events:PutEvents",
            "Resource": format!("arn:aws:events:*:*:event-bus/{bus}")}]});
        let put = there.iam.put_role_policy().role_name(role.role_name());
        let put = put.policy_name("put").policy_document(policy.to_string());
        put.send().await.unwrap();
        bus_target = bus_target.role_arn(role.arn());
    }
    there.target("forward", bus_target.build().unwrap()).await;
    there
}

/// How many events have come home, and the error code of each that has not.
async fn outcome(home: &Aws, there: &Aws) -> (usize, Vec<String>) {
    let letters = drain(there, "dead").await;
    let codes = letters.iter().map(|letter| {
        let attributes = letter.message_attributes().unwrap();
        attributes["ERROR_CODE"].string_value().unwrap().to_owned()
    });
    (drain(home, "got").await.len(), codes.collect())
}

async fn drain(aws: &Aws, queue: &str) -> Vec<aws_sdk_sqs::types::Message> {
    let url = aws.sqs.get_queue_url().queue_name(queue).send().await;
    let url = url.unwrap().queue_url.unwrap();
    let receive = aws.sqs.receive_message().queue_url(&url);
    let receive = receive.max_number_of_messages(10);
    let receive = receive.message_attribute_names("All");
    let messages = receive.send().await.unwrap().messages.unwrap_or_default();
    aws.sqs.purge_queue().queue_url(url).send().await.unwrap();
    messages
}

#[tokio::test(start_paused = true)]
async fn an_event_of_a_member_comes_home_as_it_was() {
    let acme = acme();
    let home = home(&acme, in_organization(&acme.org.id())).await;
    let there = forwarder(&acme, PAYMENTS, Some("iamwatch-forwarder-a"), "home").await;
    there.put(json!({"k": "v"})).await;
    let got = drain(&home, "got").await;
    let event: Value = serde_json::from_str(got[0].body().unwrap()).unwrap();
    assert_eq!(event["account"], PAYMENTS);
    assert_eq!(event["region"], AWAY);
    assert_eq!(event["detail"], json!({"k": "v"}));
    // The management account is a member like others.
    let ours = forwarder(&acme, ACCOUNT, Some("iamwatch-forwarder-b"), "home").await;
    ours.put(json!({})).await;
    assert_eq!(outcome(&home, &ours).await, (1, Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn nobody_else_comes_in() {
    let ours = Some("iamwatch-forwarder-a");
    let refused = (0, vec!["NO_PERMISSIONS".to_owned()]);
    for (account, role, bus) in [
        (STRANGER, ours, "home"),
        (PAYMENTS, Some("somebody-else"), "home"),
        (PAYMENTS, ours, "another"),
        (PAYMENTS, None, "home"),
    ] {
        let acme = acme();
        let home = home(&acme, in_organization(&acme.org.id())).await;
        let there = forwarder(&acme, account, role, bus).await;
        there.put(json!({})).await;
        let outcome = outcome(&home, &there).await;
        assert_eq!(outcome, refused, "{account} {role:?} {bus}");
    }
    // Who comes without a role is of no organization, whatever account he is in.
    for (role, arrived) in [(None, 0), (Some("any"), 1)] {
        let acme = acme();
        let organization = json!({"StringEquals": {"aws:PrincipalOrgID": acme.org.id()}});
        let home = home(&acme, organization).await;
        let there = forwarder(&acme, PAYMENTS, role, "home").await;
        there.put(json!({})).await;
        assert_eq!(outcome(&home, &there).await.0, arrived, "{role:?}");
    }
    let acme = acme();
    let home = home(&acme, in_organization("o-other")).await;
    let there = forwarder(&acme, PAYMENTS, ours, "home").await;
    there.put(json!({})).await;
    assert_eq!(outcome(&home, &there).await, refused);
}

#[tokio::test(start_paused = true)]
async fn a_forwarder_fails_when_its_account_leaves_or_its_role_is_denied_or_gone() {
    let acme = acme();
    let home = home(&acme, in_organization(&acme.org.id())).await;
    let role = "iamwatch-forwarder-a";
    let there = forwarder(&acme, PAYMENTS, Some(role), "home").await;
    let one = |code: &str| (0, vec![code.to_owned()]);
    let deny = r#"{"Statement":[{"Effect":"Deny","Action":"events:PutEvents","Resource":"*"}]}"#;
    // The caller's own call would be denied too: CloudTrail and AWS services put events themselves.
    let event = || json!({"source": "app", "detail-type": "t", "detail": {}});
    let (sandbox, region) = (&acme.aws.sandbox, AWAY.parse().unwrap());
    let emit = || sandbox.emit_in(&id(PAYMENTS), &region, event());
    acme.org.attach_policy(PAYMENTS, deny).unwrap();
    emit();
    assert_eq!(outcome(&home, &there).await, one("NO_PERMISSIONS"));
    acme.org.set_policies(PAYMENTS, &[]).unwrap();
    emit();
    assert_eq!(outcome(&home, &there).await, (1, Vec::new()));
    acme.org.remove_account(&id(PAYMENTS)).unwrap();
    emit();
    assert_eq!(outcome(&home, &there).await, one("NO_PERMISSIONS"));
    acme.org
        .invite_account(&id(PAYMENTS), &acme.prod, "back")
        .unwrap();
    emit();
    assert_eq!(outcome(&home, &there).await, (1, Vec::new()));
    let delete = there.iam.delete_role_policy().role_name(role);
    delete.policy_name("put").send().await.unwrap();
    let delete = there.iam.delete_role().role_name(role);
    delete.send().await.unwrap();
    emit();
    assert_eq!(outcome(&home, &there).await, one("FAILED_TO_ASSUME_ROLE"));
    acme.org.suspend(&id(PAYMENTS)).unwrap();
    emit();
    acme.org
        .set_state(&id(PAYMENTS), iamwatch::sandbox::AccountState::Active)
        .unwrap();
    assert_eq!(outcome(&home, &there).await, (0, Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn what_has_come_from_another_account_goes_to_no_third() {
    let acme = acme();
    let home = home(&acme, in_organization(&acme.org.id())).await;
    let there = forwarder(&acme, PAYMENTS, Some("iamwatch-forwarder-a"), "home").await;
    let dead = queue(&home, SECURITY, HOME, "dead").await;
    let letters = DeadLetterConfig::builder().arn(dead).build();
    let third = format!("arn:aws:events:{HOME}:{ACCOUNT}:event-bus/default");
    let on = target("on", &third).dead_letter_config(letters);
    let on = on.role_arn(format!("arn:aws:iam::{SECURITY}:role/none"));
    let put = home.events.put_targets().rule("all").event_bus_name("home");
    let put = put.targets(on.build().unwrap()).send().await.unwrap();
    assert_eq!(put.failed_entry_count, 0);
    there.put(json!({})).await;
    let (got, codes) = outcome(&home, &home).await;
    assert_eq!(
        (got, codes),
        (1, vec!["THIRD_ACCOUNT_HOP_DETECTED".to_owned()])
    );
}
