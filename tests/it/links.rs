//! The way of an alert in a hub: proved whole, and each link that was broken by hand named.

use aws_sdk_cloudtrail::types::{EventSelector, ReadWriteType};
use aws_sdk_sqs::types::QueueAttributeName;
use iamwatch::aws::Clients;
use iamwatch::place::Region;
use iamwatch::proof::{BrokenLink, Outcome, Proof};

use crate::stage::{Stage, Wanted};

/// A hub away from the Region of global services, with a trail, a key, and rules whose events appear in
/// one Region, in all, and in none but the global one.
const HUB: &str = r#"
version: 1
name: acme
home: { region: eu-central-1 }
watch: { regions: [eu-central-1, eu-west-1] }
trail: create
topics: { kms_key: create }
channels:
  security-mail: { email: security@example.com }
  siem: { sqs: alerts, format: json }
notify: { default: [security-mail, siem] }
rules:
  - use: root/sign-in
  - use: signin/failed
  - id: user-made
    title: A user was made
    events: ["iam:CreateUser"]
  - id: key-deleted
    title: A key goes
    events: ["kms:ScheduleKeyDeletion"]
"#;

fn region(name: &str) -> Region {
    name.parse().unwrap()
}

/// A sandbox in which the hub stands, with a queue that lets it in.
async fn a_hub() -> (Stage, Wanted) {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(HUB).await;
    let home = stage.cloud.at(&region("eu-central-1"));
    let statement = iamwatch::resources::policy::queue_statement(
        &wanted.desired.receivers[0].queue,
        &wanted.desired.receivers[0].topic,
    );
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [statement] });
    let request = home.sqs.create_queue().queue_name("alerts");
    let request = request.attributes(QueueAttributeName::Policy, policy.to_string());
    request.send().await.unwrap();
    stage.deploy(&wanted).await;
    stage.confirm_all();
    (stage, wanted)
}

fn summary(proofs: &[Proof]) -> Vec<(&str, &str, bool)> {
    let line = |proof: &Proof| {
        let arrived = matches!(proof.outcome, Outcome::Arrived { .. });
        assert!(arrived, "{proof:#?}");
    };
    proofs.iter().for_each(line);
    proofs
        .iter()
        .map(|proof| (proof.rule.0.as_str(), proof.from.as_str(), proof.is_good()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn every_alert_of_a_hub_arrives_from_a_region_where_its_events_appear() {
    let (stage, wanted) = a_hub().await;
    let proofs = stage.prove(&wanted, &[], 60).await;
    assert_eq!(
        summary(&proofs),
        [
            ("key-deleted", "eu-central-1", true),
            ("root/sign-in", "us-east-1", true),
            ("signin/failed", "eu-central-1", true),
            ("user-made", "us-east-1", true),
        ]
    );
}

/// A way to break one link, the rule that is tested then and from where, and what is said: the link as it
/// is named, and whether the test event still passes.
struct Break {
    how: &'static str,
    rule: &'static str,
    from: &'static str,
    said: &'static str,
    passes: bool,
}

const fn lost(how: &'static str, from: &'static str, said: &'static str) -> Break {
    Break {
        how,
        rule: "signin/failed",
        from,
        said,
        passes: false,
    }
}

const fn weak(how: &'static str, from: &'static str, said: &'static str) -> Break {
    Break {
        passes: true,
        ..lost(how, from, said)
    }
}

const HOME: &str = "eu-central-1";
const SPOKE: &str = "eu-west-1";
const DETECTOR: &str = "iamwatch-acme-signin.failed";
const FORWARDER: &str = "iamwatch-acme-forwarder_events";
const ROLE: &str = "iamwatch-acme-forwarder-eu-west-1";
const BUS: &str = "iamwatch-acme";

const BREAKS: &[Break] = &[
    lost(
        "topic policy",
        HOME,
        "topic iamwatch-acme-text_security-mail: its policy",
    ),
    lost(
        "topic deleted",
        HOME,
        "topic iamwatch-acme-text_security-mail: it does not exist",
    ),
    lost(
        "receiver's policy",
        HOME,
        ":alerts of channel siem: its policy does not let",
    ),
    lost(
        "receiver deleted",
        HOME,
        ":alerts of channel siem: it does not exist",
    ),
    lost("bus policy", SPOKE, "bus iamwatch-acme: its policy"),
    lost(
        "somebody's denial on the bus",
        SPOKE,
        "bus iamwatch-acme: the statement `Theirs`, which is not ours, may keep out",
    ),
    weak(
        "somebody's permission on the bus",
        SPOKE,
        "bus iamwatch-acme: the statement `Theirs`, which is not ours, lets others send",
    ),
    lost(
        "key of the bus",
        SPOKE,
        "bus iamwatch-acme: it is encrypted with",
    ),
    lost(
        "role's boundary",
        SPOKE,
        "role iamwatch-acme-forwarder-eu-west-1: a permissions boundary limits it",
    ),
    lost(
        "role's permission",
        SPOKE,
        "role iamwatch-acme-forwarder-eu-west-1: the policy that lets it send is missing",
    ),
    lost(
        "role's trust",
        SPOKE,
        "role iamwatch-acme-forwarder-eu-west-1: its trust policy was changed",
    ),
    lost(
        "forwarder disabled",
        SPOKE,
        "forwarder_events in eu-west-1: it is disabled",
    ),
    lost(
        "forwarder's pattern",
        SPOKE,
        "forwarder_events in eu-west-1: its deployed pattern does not match",
    ),
    lost(
        "forwarder's target",
        SPOKE,
        "forwarder_events in eu-west-1: its target `forward` is missing",
    ),
    lost(
        "forwarder deleted",
        SPOKE,
        "forwarder_events in eu-west-1: it does not exist",
    ),
    lost(
        "detector disabled",
        HOME,
        "iamwatch-acme-signin.failed: it is disabled",
    ),
    lost(
        "detector's target",
        HOME,
        "its target `security-mail` is missing",
    ),
    lost(
        "detector deleted",
        HOME,
        "iamwatch-acme-signin.failed: it does not exist",
    ),
    lost(
        "subscription",
        HOME,
        "security@example.com: it does not exist",
    ),
    lost("key grant", HOME, "key iamwatch-acme: its policy"),
    weak(
        "trail stopped",
        HOME,
        "trail iamwatch-acme: it does not log",
    ),
    weak(
        "trail's selectors",
        HOME,
        "trail iamwatch-acme: it does not record all",
    ),
    weak(
        "trail deleted",
        HOME,
        "trail iamwatch-acme: it does not exist",
    ),
    weak(
        "bucket policy",
        HOME,
        "bucket iamwatch-acme-logs-111122223333-eu-central-1: it has no policy",
    ),
    weak(
        "dead letters at home",
        HOME,
        "queue iamwatch-acme-dead-letters: its policy",
    ),
    weak(
        "dead letters in the spoke",
        SPOKE,
        "queue iamwatch-acme-dead-letters in eu-west-1: its policy",
    ),
    weak(
        "dead letters of a reader",
        HOME,
        "arn:aws:sqs:eu-central-1:111122223333:alerts: it has no dead-letter queue",
    ),
    weak(
        "dead letters of a reader elsewhere",
        SPOKE,
        "arn:aws:sqs:eu-central-1:111122223333:alerts: what it cannot deliver goes to arn:aws:sqs:eu-central-1:111122223333:alerts",
    ),
    weak(
        "queue of a topic",
        HOME,
        "queue iamwatch-acme-json_siem-dead-letters: its policy",
    ),
    weak(
        "queue of a topic deleted",
        SPOKE,
        "queue iamwatch-acme-json_siem-dead-letters: it does not exist",
    ),
    weak(
        "dead letters deleted",
        SPOKE,
        "queue iamwatch-acme-dead-letters in eu-west-1: it does not exist",
    ),
];

/// A policy that is valid and lets nobody in from outside.
fn closed(resource: &str, action: &str) -> String {
    serde_json::json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
        "Action": action,
        "Resource": resource,
    }]})
    .to_string()
}

/// Adds somebody's statement about everybody to the policy of the home bus.
async fn add_statement(home: &Clients, effect: &str) {
    let described = home.events.describe_event_bus().name(BUS);
    let described = described.send().await.unwrap();
    let policy = described.policy().unwrap();
    let mut policy: serde_json::Value = serde_json::from_str(policy).unwrap();
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.push(serde_json::json!({
        "Sid": "Theirs",
        "Effect": effect,
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": format!("arn:aws:events:{HOME}:111122223333:event-bus/{BUS}"),
    }));
    let put = home.events.put_permission().event_bus_name(BUS);
    put.policy(policy.to_string()).send().await.unwrap();
}

async fn break_link(stage: &Stage, wanted: &Wanted, how: &str) {
    let (home, spoke) = (
        stage.cloud.at(&region(HOME)),
        stage.cloud.at(&region(SPOKE)),
    );
    let topic = "arn:aws:sns:eu-central-1:111122223333:iamwatch-acme-text_security-mail";
    let closed_queue = async |at: &str, name: &str| {
        let sqs = stage.cloud.at(&region(at)).sqs;
        let found = sqs.get_queue_url().queue_name(name).send().await.unwrap();
        let policy = closed(
            &format!("arn:aws:sqs:{at}:111122223333:{name}"),
            "sqs:SendMessage",
        );
        let request = sqs
            .set_queue_attributes()
            .queue_url(found.queue_url.unwrap());
        let request = request.attributes(QueueAttributeName::Policy, policy);
        request.send().await.unwrap();
    };
    let redrive = async |policy: Option<String>| {
        let live = stage.live(wanted).await;
        let siem = live.iter().find(|live| live.key.name.contains("/sqs/"));
        let request = home.sns.set_subscription_attributes();
        let request = request.set_subscription_arn(siem.unwrap().handle.clone());
        let request = request.attribute_name("RedrivePolicy");
        let request = request.set_attribute_value(policy);
        request.send().await.unwrap();
    };
    let of_siem = "iamwatch-acme-json_siem-dead-letters";
    match how {
        "topic policy" => {
            let request = home.sns.set_topic_attributes().topic_arn(topic);
            let request = request.attribute_name("Policy");
            let request = request.attribute_value(closed(topic, "sns:Publish"));
            request.send().await.unwrap();
        }
        "topic deleted" => {
            home.sns
                .delete_topic()
                .topic_arn(topic)
                .send()
                .await
                .unwrap();
        }
        "receiver's policy" => closed_queue(HOME, "alerts").await,
        "dead letters at home" => closed_queue(HOME, "iamwatch-acme-dead-letters").await,
        "dead letters in the spoke" => closed_queue(SPOKE, "iamwatch-acme-dead-letters").await,
        "dead letters of a reader" => redrive(None).await,
        "dead letters of a reader elsewhere" => {
            let other = format!("arn:aws:sqs:{HOME}:111122223333:alerts");
            let policy = serde_json::json!({ "deadLetterTargetArn": other });
            redrive(Some(policy.to_string())).await;
        }
        "queue of a topic" => closed_queue(HOME, of_siem).await,
        "queue of a topic deleted" => delete_queue(&home, of_siem).await,
        "receiver deleted" => delete_queue(&home, "alerts").await,
        "dead letters deleted" => delete_queue(&spoke, "iamwatch-acme-dead-letters").await,
        "bus policy" => {
            let request = home.events.remove_permission().event_bus_name(BUS);
            request.remove_all_permissions(true).send().await.unwrap();
        }
        "somebody's denial on the bus" => add_statement(&home, "Deny").await,
        "somebody's permission on the bus" => add_statement(&home, "Allow").await,
        "key of the bus" => {
            let request = home.events.update_event_bus().name(BUS);
            let request = request.kms_key_identifier("alias/theirs");
            request.send().await.unwrap();
        }
        "role's boundary" => {
            let request = home.iam.put_role_permissions_boundary().role_name(ROLE);
            let request = request.permissions_boundary("arn:aws:iam::aws:policy/ReadOnlyAccess");
            request.send().await.unwrap();
        }
        "role's permission" => {
            let request = home.iam.delete_role_policy().role_name(ROLE);
            request.policy_name("forward").send().await.unwrap();
        }
        "role's trust" => {
            let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
            let request = home.iam.update_assume_role_policy().role_name(ROLE);
            request.policy_document(trust).send().await.unwrap();
        }
        "forwarder disabled" => {
            spoke
                .events
                .disable_rule()
                .name(FORWARDER)
                .send()
                .await
                .unwrap();
        }
        "forwarder's pattern" => {
            let request = spoke.events.put_rule().name(FORWARDER);
            request
                .event_pattern(r#"{"source":["aws.ec2"]}"#)
                .send()
                .await
                .unwrap();
        }
        "forwarder's target" => {
            let request = spoke.events.remove_targets().rule(FORWARDER);
            request.ids("forward").send().await.unwrap();
        }
        "forwarder deleted" => {
            let request = spoke.events.remove_targets().rule(FORWARDER);
            request.ids("forward").send().await.unwrap();
            spoke
                .events
                .delete_rule()
                .name(FORWARDER)
                .send()
                .await
                .unwrap();
        }
        "detector disabled" => {
            let request = home.events.disable_rule().event_bus_name(BUS);
            request.name(DETECTOR).send().await.unwrap();
        }
        "detector's target" | "detector deleted" => {
            let request = home
                .events
                .remove_targets()
                .event_bus_name(BUS)
                .rule(DETECTOR);
            request
                .ids("security-mail")
                .ids("siem")
                .send()
                .await
                .unwrap();
            if how == "detector deleted" {
                let request = home.events.delete_rule().event_bus_name(BUS);
                request.name(DETECTOR).send().await.unwrap();
            }
        }
        "subscription" => {
            let live = stage.live(wanted).await;
            let mail = live
                .iter()
                .find(|live| live.key.name.ends_with("/email/security@example.com"));
            let arn = mail.unwrap().handle.clone().unwrap();
            home.sns
                .unsubscribe()
                .subscription_arn(arn)
                .send()
                .await
                .unwrap();
        }
        "key grant" => {
            let alias = "alias/iamwatch-acme";
            let key = home.kms.describe_key().key_id(alias).send().await.unwrap();
            let id = key.key_metadata.unwrap().key_id;
            let request = home.kms.put_key_policy().key_id(id);
            request.policy(closed("*", "kms:*")).send().await.unwrap();
        }
        "trail stopped" => {
            home.cloudtrail
                .stop_logging()
                .name(BUS)
                .send()
                .await
                .unwrap();
        }
        "trail's selectors" => {
            let selector = EventSelector::builder()
                .read_write_type(ReadWriteType::ReadOnly)
                .include_management_events(true)
                .build();
            let request = home.cloudtrail.put_event_selectors().trail_name(BUS);
            request.event_selectors(selector).send().await.unwrap();
        }
        "trail deleted" => {
            home.cloudtrail
                .delete_trail()
                .name(BUS)
                .send()
                .await
                .unwrap();
        }
        "bucket policy" => {
            let bucket = "iamwatch-acme-logs-111122223333-eu-central-1";
            home.s3
                .delete_bucket_policy()
                .bucket(bucket)
                .send()
                .await
                .unwrap();
        }
        other => panic!("nobody knows how to break {other}"),
    }
}

async fn delete_queue(clients: &Clients, name: &str) {
    let found = clients
        .sqs
        .get_queue_url()
        .queue_name(name)
        .send()
        .await
        .unwrap();
    let request = clients
        .sqs
        .delete_queue()
        .queue_url(found.queue_url.unwrap());
    request.send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_link_that_is_broken_by_hand_is_named() {
    for Break {
        how,
        rule,
        from,
        said,
        passes,
    } in BREAKS
    {
        let (stage, wanted) = a_hub().await;
        let before = stage.prove_from(&wanted, &[rule], from).await;
        assert!(before[0].is_good(), "before {how}: {before:#?}");
        break_link(&stage, &wanted, how).await;
        let proof = stage.prove_from(&wanted, &[rule], from).await.remove(0);
        assert!(!proof.is_good(), "{how}");
        let named: Vec<String> = match (&proof.outcome, passes) {
            (Outcome::Broken { links }, false) => links.iter().map(line).collect(),
            (Outcome::Arrived { .. }, true) => proof.weak.iter().map(line).collect(),
            _ => panic!("{how}: {proof:#?}"),
        };
        // What hangs on a link that is gone is named as well, and nothing that still stands.
        assert!(
            named.iter().any(|line| line.contains(said)),
            "{how}: {named:#?}"
        );
        // The trail tells as well of a bucket that refuses it.
        let alone =
            !how.ends_with("deleted") && !how.ends_with("target") && *how != "bucket policy";
        assert!(!alone || named.len() == 1, "{how}: {named:#?}");
    }
}

fn line(link: &BrokenLink) -> String {
    format!("{}: {}", link.link, link.problem)
}
