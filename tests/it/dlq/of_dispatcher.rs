//! What did not reach the dispatcher is told by it late, once.

use super::*;

const RULES: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
watch: { regions: [eu-west-1] }
trail: existing-or-create
delivery: dispatcher
channels:
  mail: { email: security@example.com }
  siem: { sqs: alerts, format: json }
fallback: mail
notify: { default: [mail, siem] }
rules:
  - use: signin/failed
"#;

/// EventBridge may start the dispatcher no longer.
async fn bar_the_starter(stage: &Stage) {
    let request = stage.clients.iam.delete_role_policy();
    let request = request.role_name("iamwatch-acme-starter");
    request.policy_name("start").send().await.unwrap();
}

/// The AWS of a stage as somebody sees it who may do all but one thing.
async fn without(stage: &Stage, name: &str, action: &str) -> Stage {
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": action, "Resource": "*" },
    ] });
    let sandbox = stage.sandbox.clone().unwrap();
    let caller = sandbox.caller(name, &policy.to_string());
    let config = sandbox.sdk_config(&region("us-east-1"), caller);
    stage.seen_by(config).await
}

#[tokio::test(start_paused = true)]
async fn what_did_not_reach_the_dispatcher_is_told_by_it_late() {
    let (stage, wanted) = deployed(RULES).await;
    bar_the_starter(&stage).await;
    let (before, _) = (mails(&stage).len(), queued(&stage).await);
    emit(&stage, failed_sign_in("e-1", "eu-west-1"), "eu-west-1");
    assert_eq!(mails(&stage).len(), before);
    assert_eq!(
        queued(&stage).await.len(),
        1,
        "the queue needs no dispatcher"
    );

    let found = look(&stage, &wanted).await;
    let letters: Vec<_> = found.letters().collect();
    assert_eq!(letters.len(), 1);
    let letter = letters[0];
    let rule = RuleId("signin/failed".to_owned());
    assert_eq!(letter.sender, Sender::Detector { rule });
    assert!(letter.target.as_deref().unwrap().contains(":stateMachine:"));
    assert!(letter.meaning.contains("dispatcher"), "{}", letter.meaning);
    assert_eq!(
        found.messages(),
        1,
        "only to the target that did not get it"
    );

    let done = redrive(&stage, &wanted).await;
    assert_eq!((done.sent.len(), done.failed.len()), (1, 0), "{done:#?}");
    let mails = mails(&stage);
    assert_eq!(mails.len(), before + 1);
    assert!(mails.last().unwrap().starts_with("LATE "), "{mails:#?}");
    assert!(mails.last().unwrap().contains("erin"), "{mails:#?}");
    assert_eq!(queued(&stage).await.len(), 0);
    assert_eq!(redrive(&stage, &wanted).await, Redriven::default());
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_could_not_be_deleted_is_not_told_twice() {
    let (stage, wanted) = deployed(RULES).await;
    bar_the_starter(&stage).await;
    let before = mails(&stage).len();
    emit(&stage, failed_sign_in("e-2", "us-east-1"), "us-east-1");
    let clumsy = without(&stage, "clumsy", "sqs:DeleteMessage").await;
    let done = redrive(&clumsy, &wanted).await;
    assert_eq!((done.sent.len(), done.failed.len()), (0, 1), "{done:#?}");
    assert!(done.failed[0].partly_sent);
    assert_eq!(mails(&stage).len(), before + 1);
    let done = redrive(&stage, &wanted).await;
    assert_eq!((done.sent.len(), done.failed.len()), (1, 0), "{done:#?}");
    assert_eq!(mails(&stage).len(), before + 1);
    assert_eq!(look(&stage, &wanted).await.letters().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_letter_stays_where_the_caller_may_not_start_the_dispatcher() {
    let (stage, wanted) = deployed(RULES).await;
    bar_the_starter(&stage).await;
    emit(&stage, failed_sign_in("e-3", "us-east-1"), "us-east-1");
    let reader = without(&stage, "reader", "states:StartExecution").await;
    let done = redrive(&reader, &wanted).await;
    assert_eq!((done.sent.len(), done.failed.len()), (0, 1), "{done:#?}");
    let error = done.failed[0].error.to_string();
    assert!(error.contains("states:StartExecution"), "{error}");
    assert_eq!(look(&stage, &wanted).await.letters().count(), 1);
}
