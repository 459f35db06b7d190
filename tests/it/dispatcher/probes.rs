//! Probes by way of the dispatcher: everything is proved that can be without waking anybody.

use std::time::Duration;

use iamwatch::proof::{Outcome, Proof};
use iamwatch::sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use super::answers::MACHINE;
use super::deployed::{deployed, taken};
use crate::stage::{Stage, Wanted};

const QUEUE: &str = "iamwatch-acme-dispatcher_probes";

async fn probe(stage: &Stage, wanted: &Wanted) -> Proof {
    let mut proofs = stage.probe(wanted, &[], 60).await;
    assert_eq!(proofs.len(), 1, "{proofs:#?}");
    proofs.remove(0)
}

async fn url(stage: &Stage, queue: &str) -> String {
    let asked = stage.clients.sqs.get_queue_url().queue_name(queue);
    asked.send().await.unwrap().queue_url.unwrap()
}

/// How many messages were told to people, or to programs.
async fn told(stage: &Stage) -> usize {
    let outbox = stage.sandbox.as_ref().unwrap().outbox();
    let mails = outbox.iter().filter(|mail| !mail.confirmation).count();
    let read = stage.received(&url(stage, "alerts").await).await.len();
    mails + read + taken(stage, "Slack").len() + taken(stage, "PagerDuty").len()
}

async fn runs(stage: &Stage) -> usize {
    let listed = stage.clients.sfn.list_executions();
    let listed = listed.state_machine_arn(MACHINE).send().await.unwrap();
    listed.executions().len()
}

#[tokio::test(start_paused = true)]
async fn a_probe_says_what_would_be_told_to_whom_and_tells_nobody() {
    let (stage, wanted) = deployed().await;
    let before = told(&stage).await;
    let proof = probe(&stage, &wanted).await;
    let Outcome::Probed {
        alert, channels, ..
    } = &proof.outcome
    else {
        panic!("{proof:#?}");
    };
    assert_eq!(*channels, ["mail", "oncall", "soc"]);
    let alert = alert.as_deref().unwrap();
    assert!(alert.contains("TEST"), "{alert}");
    assert!(proof.is_good(), "{proof:#?}");
    assert_eq!(told(&stage).await, before);
    assert_eq!(runs(&stage).await, 1);
    // What it was waited for with is gone, and so is the answer.
    assert_eq!(
        stage.received(&url(&stage, QUEUE).await).await,
        Vec::<Value>::new()
    );
    let left = stage.clients.sqs.list_queues();
    let left = left.queue_name_prefix("iamwatch-test-acme-").send().await;
    assert_eq!(left.unwrap().queue_urls(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_answers_of_others_stay() {
    let (stage, wanted) = deployed().await;
    let queue = url(&stage, QUEUE).await;
    let others = json!({ "id": "another", "rule": "policy-attached", "channels": [] });
    let send = stage.clients.sqs.send_message().queue_url(&queue);
    send.message_body(others.to_string()).send().await.unwrap();
    assert!(probe(&stage, &wanted).await.is_good());
    // What was looked at is hidden for a moment.
    stage
        .sandbox
        .as_ref()
        .unwrap()
        .advance(Duration::from_secs(5));
    let left = stage.received(&queue).await;
    assert_eq!(left.len(), 1, "{left:#?}");
    assert_eq!(left[0]["id"], "another");
}

#[tokio::test(start_paused = true)]
async fn without_its_queue_nothing_is_probed() {
    let (stage, wanted) = deployed().await;
    let delete = stage.clients.sqs.delete_queue();
    let queue = url(&stage, QUEUE).await;
    delete.queue_url(queue).send().await.unwrap();
    let proof = probe(&stage, &wanted).await;
    let Outcome::Broken { links } = &proof.outcome else {
        panic!("{proof:#?}");
    };
    let named = links.iter().any(|link| link.link.contains(QUEUE));
    assert!(named, "{links:#?}");
    assert_eq!(runs(&stage).await, 0);
    // An alert passes without it.
    let proofs = stage.prove(&wanted, &[], 60).await;
    assert!(proofs[0].has_arrived(), "{proofs:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_definition_of_somebody_else_is_not_started() {
    let (stage, wanted) = deployed().await;
    let found = stage.clients.sfn.describe_state_machine();
    let found = found.state_machine_arn(MACHINE).send().await.unwrap();
    let mut definition: Value = serde_json::from_str(&found.definition).unwrap();
    let read = &mut definition["States"]["Alert"]["Branches"][0]["States"]["Read"];
    read["Assign"]["digest"] = json!("000000000000");
    let update = stage.clients.sfn.update_state_machine();
    let update = update.state_machine_arn(MACHINE);
    let update = update.definition(definition.to_string());
    update.send().await.unwrap();
    let proof = probe(&stage, &wanted).await;
    assert!(
        matches!(proof.outcome, Outcome::Broken { .. }),
        "{proof:#?}"
    );
    assert_eq!(runs(&stage).await, 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_may_not_start_the_dispatcher_is_told_so() {
    let (stage, wanted) = deployed().await;
    let sandbox = stage.sandbox.as_ref().unwrap();
    let refused = FaultKind::Refuse {
        code: "AccessDeniedException".to_owned(),
        status: 400,
    };
    sandbox.fault(Fault::on("states", "StartExecution", refused));
    let proof = probe(&stage, &wanted).await;
    let Outcome::Failed { error } = &proof.outcome else {
        panic!("{proof:#?}");
    };
    assert!(error.to_string().contains("StartExecution"), "{error}");
}
