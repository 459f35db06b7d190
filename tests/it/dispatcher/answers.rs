//! A test event by way of the dispatcher: each channel answers for itself, and each link that is broken is named.

use iamwatch::ledger::Answer;
use iamwatch::proof::{Outcome, Proof};
use serde_json::json;

use super::deployed::{RULES, SECRETS, deployed, taken};
use crate::stage::{Stage, Wanted};

pub(super) const MACHINE: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:iamwatch-acme";

const RULE: &str = "policy-attached";

async fn proof(stage: &Stage, wanted: &Wanted) -> Proof {
    let mut proofs = stage.prove(wanted, &[RULE], 120).await;
    assert_eq!(proofs.len(), 1, "{proofs:#?}");
    proofs.remove(0)
}

fn answer<'p>(proof: &'p Proof, channel: &str) -> &'p Answer {
    let found = proof
        .answers
        .iter()
        .find(|answer| answer.channel == channel);
    found.unwrap_or_else(|| panic!("{proof:#?}"))
}

#[tokio::test(start_paused = true)]
async fn each_channel_says_that_it_took_the_alert() {
    let (stage, wanted) = deployed().await;
    let proof = proof(&stage, &wanted).await;
    let Outcome::Arrived { alert, .. } = &proof.outcome else {
        panic!("{proof:#?}");
    };
    assert!(alert.contains("TEST"), "{alert}");
    for (channel, begin) in [
        ("mail", "SNS message "),
        ("soc", "ts "),
        ("oncall", "dedup key iamwatch/acme/policy-attached/"),
    ] {
        let answer = answer(&proof, channel);
        let said = answer.answer.as_deref().unwrap();
        assert!(said.starts_with(begin), "{channel}: {said}");
    }
    assert_eq!(proof.answers.len(), 3);
    assert_eq!(proof.handed_over, ["email security@example.com"]);
    assert!(proof.is_good(), "{proof:#?}");
    // What reads JSON hears the detector itself.
    let url = stage.clients.sqs.get_queue_url().queue_name("alerts");
    let url = url.send().await.unwrap().queue_url.unwrap();
    assert_eq!(stage.received(&url).await[0]["rule"], RULE);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_refuses_is_no_proof() {
    let (stage, wanted) = deployed().await;
    let sandbox = stage.sandbox.as_ref().unwrap();
    sandbox.receiver_knows("slack.com", "another token");
    let proof = proof(&stage, &wanted).await;
    assert!(
        matches!(proof.outcome, Outcome::Refused { .. }),
        "{proof:#?}"
    );
    assert!(!proof.is_good());
    let slack = answer(&proof, "soc");
    assert_eq!(slack.answer, None);
    assert!(slack.error.is_some() && slack.fallback, "{slack:?}");
    let cause = slack.cause.as_deref().unwrap();
    assert!(cause.contains("invalid_auth"), "{cause}");
    assert!(answer(&proof, "mail").took() && answer(&proof, "oncall").took());
}

#[tokio::test(start_paused = true)]
async fn a_run_counts_for_its_own_rule_alone() {
    let stage = Stage::sandbox_with(&SECRETS).await;
    let two = RULES.replace("siem: { sqs: alerts, format: json }", "");
    let two = two.replace(", siem]", "]")
        + r#"
  - id: attached-too
    title: The same events for the chat alone
    channels: [soc]
    events: ["iam:AttachRolePolicy"]
"#;
    let wanted = stage.wanted(&two).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    let proofs = stage.prove(&wanted, &["attached-too"], 60).await;
    assert_eq!(proofs.len(), 1);
    let channels: Vec<&str> = proofs[0]
        .answers
        .iter()
        .map(|answer| answer.channel.as_str())
        .collect();
    assert_eq!(channels, ["soc"]);
    assert!(proofs[0].is_good(), "{:#?}", proofs[0]);
    // Both rules fired on the one event, and two pieces came to the chat.
    assert_eq!(taken(&stage, "Slack").len(), 2);

    let proofs = stage.prove(&wanted, &[], 60).await;
    assert_eq!(proofs.len(), 2);
    for proof in &proofs {
        assert!(proof.is_good() && proof.has_arrived(), "{proof:#?}");
    }
}

/// Nothing is sent, and a link is named by this.
async fn is_broken(stage: &Stage, wanted: &Wanted, named: &str) {
    let proof = proof(stage, wanted).await;
    let Outcome::Broken { links } = &proof.outcome else {
        panic!("{named}: {proof:#?}");
    };
    let found = links.iter().any(|link| link.link.contains(named));
    assert!(found, "{named}: {links:#?}");
    assert_eq!(taken(stage, "Slack"), []);
}

#[tokio::test(start_paused = true)]
async fn what_no_alert_gets_past_is_named_and_nothing_is_sent() {
    let (stage, wanted) = deployed().await;

    let fork = stage.fork().await;
    let delete = fork.clients.sfn.delete_state_machine();
    delete.state_machine_arn(MACHINE).send().await.unwrap();
    is_broken(&fork, &wanted, "iamwatch-acme").await;

    let fork = stage.fork().await;
    let emptied = fork.clients.iam.delete_role_policy();
    let emptied = emptied.role_name("iamwatch-acme-starter");
    emptied.policy_name("start").send().await.unwrap();
    is_broken(&fork, &wanted, "iamwatch-acme-starter").await;

    let fork = stage.fork().await;
    let emptied = fork.clients.iam.delete_role_policy();
    let emptied = emptied.role_name("iamwatch-acme-dispatcher");
    emptied.policy_name("tell").send().await.unwrap();
    is_broken(&fork, &wanted, "iamwatch-acme-dispatcher").await;

    let fork = stage.fork().await;
    let listed = fork.clients.events.list_connections().send().await.unwrap();
    let mut names = listed.connections().iter().filter_map(|found| found.name());
    let name = names.find(|name| name.contains("soc")).unwrap();
    let delete = fork.clients.events.delete_connection().name(name);
    delete.send().await.unwrap();
    is_broken(&fork, &wanted, name).await;
}

#[tokio::test(start_paused = true)]
async fn without_the_ledger_alerts_arrive_and_it_is_named() {
    let (stage, wanted) = deployed().await;
    let delete = stage.clients.dynamodb.delete_table();
    delete.table_name("iamwatch-acme").send().await.unwrap();
    let proof = proof(&stage, &wanted).await;
    assert!(proof.has_arrived(), "{proof:#?}");
    assert_eq!(proof.answers.len(), 3);
    let named = proof.weak.iter().any(|link| link.link.contains("table"));
    assert!(named && !proof.is_good(), "{proof:#?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_has_not_confirmed_is_named() {
    let stage = Stage::sandbox_with(&SECRETS).await;
    // Mail stands behind the chat as the fallback channel alone.
    let quiet = RULES.replace("siem: { sqs: alerts, format: json }", "");
    let quiet = quiet.replace("[mail, soc, oncall, siem]", "[soc, oncall]");
    let wanted = stage.wanted(&quiet).await;
    stage.deploy(&wanted).await;
    let proof = proof(&stage, &wanted).await;
    assert!(proof.has_arrived(), "{proof:#?}");
    assert_eq!(proof.unconfirmed, ["email security@example.com"]);
    assert!(
        proof.handed_over.is_empty() && !proof.is_good(),
        "{proof:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn answers_are_said_as_json() {
    let (stage, wanted) = deployed().await;
    let proof = proof(&stage, &wanted).await;
    let answers = json!(proof)["answers"].clone();
    assert_eq!(answers[0]["channel"], "mail");
    assert_eq!(answers[0].get("error"), None);
    assert_eq!(answers[0]["fallback"], false);
}
