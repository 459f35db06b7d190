//! plan, apply, destroy and test-event, on the sandbox and on an emulator that we did not write.

use iamwatch::plan::Action;
use iamwatch::proof::Outcome;
use iamwatch::resources::{Kind, Owner};
use iamwatch::sandbox::{Fault, FaultKind};

use crate::stage::{Stage, Wanted};

/// Several rules, several channels, text and JSON.
pub(crate) const RULES: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
channels:
  security-mail: { email: security@example.com }
  night-phone: { sms: "+4915112345678" }
  siem: { sqs: arn:aws:sqs:us-east-1:111122223333:alerts, format: json }
notify: { critical: [night-phone, security-mail], default: [security-mail, siem] }
rules:
  - use: pack/aws-blog
  - use: root/sign-in
  - id: admin-policy-attached
    title: AdministratorAccess was attached
    severity: critical
    events: ["iam:Attach*Policy"]
    when: { requestParameters.policyArn: "*:policy/AdministratorAccess" }
"#;

/// A rules file whose channels need no resource of anybody else.
pub(crate) const SELF_CONTAINED: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
channels:
  security-mail: { email: security@example.com }
  night-phone: { sms: "+4915112345678" }
notify: { critical: [night-phone, security-mail], default: [security-mail] }
rules:
  - use: pack/aws-blog
  - use: root/sign-in
  - use: signin/failed
"#;

/// plan → apply → plan says no changes → a second apply writes nothing → destroy leaves nothing.
pub(crate) async fn a_whole_life(stage: &Stage) {
    let wanted = stage.wanted(RULES).await;
    let plan = stage.plan(&wanted).await;
    assert_eq!(stage.writes(), Vec::<String>::new(), "plan wrote something");
    assert!(
        plan.changes
            .iter()
            .all(|change| change.action == Action::Create)
    );
    let report = stage.apply(&plan).await;
    assert!(report.is_complete(), "{report:#?}");
    stage.writes();

    let again = stage.plan(&wanted).await;
    assert_eq!(again.changes, Vec::new());
    let report = stage.apply(&again).await;
    assert!(report.is_complete());
    assert_eq!(
        stage.writes(),
        Vec::<String>::new(),
        "the second apply wrote something"
    );

    let plan = stage.destruction(&wanted).await;
    let report = stage.apply(&plan).await;
    assert!(report.is_complete(), "{report:#?}");
    assert_eq!(stage.live(&wanted).await, Vec::new());
}

/// Others' resources, under names that look like ours, are left as they are.
pub(crate) async fn foreign_things_stay(stage: &Stage) {
    let wanted = stage.wanted(SELF_CONTAINED).await;
    let events = &stage.clients.events;
    events
        .put_rule()
        .name("iamwatch-acme-not-ours")
        .event_pattern(r#"{"source":["aws.ec2"]}"#)
        .send()
        .await
        .unwrap();
    stage
        .clients
        .sns
        .create_topic()
        .name("iamwatch-acme-not-ours")
        .send()
        .await
        .unwrap();
    stage.queue("iamwatch-acme-not-ours").await;
    let before = stage.live(&wanted).await;
    let owners: Vec<(Kind, &Owner)> = before
        .iter()
        .map(|live| (live.key.kind, &live.owner))
        .collect();
    assert_eq!(
        owners,
        [
            (Kind::Queue, &Owner::Nobody),
            (Kind::Topic, &Owner::Nobody),
            (Kind::Rule, &Owner::Nobody)
        ]
    );
    stage.deploy(&wanted).await;
    let report = stage.apply(&stage.destruction(&wanted).await).await;
    assert!(report.is_complete(), "{report:#?}");
    // To the last field.
    assert_eq!(stage.live(&wanted).await, before);
}

pub(crate) async fn a_same_named_foreign_resource_stops_the_plan(stage: &Stage) {
    let wanted = stage.wanted(SELF_CONTAINED).await;
    let events = &stage.clients.events;
    let request = events.put_rule().name("iamwatch-acme-root.sign-in");
    request
        .event_pattern(r#"{"source":["aws.ec2"]}"#)
        .send()
        .await
        .unwrap();
    let sns = &stage.clients.sns;
    let topic = "iamwatch-acme-text_security-mail";
    sns.create_topic().name(topic).send().await.unwrap();
    // A tag of another rules file does not make it ours.
    let request = stage
        .clients
        .sqs
        .create_queue()
        .queue_name("iamwatch-acme-dead-letters");
    request
        .tags("iamwatch:stack", "other")
        .send()
        .await
        .unwrap();
    stage.writes();
    let conflicts = stage.try_plan(&wanted, true).await.unwrap_err();
    let found: Vec<(&str, &Owner)> = conflicts
        .iter()
        .map(|c| (c.key.name.as_str(), &c.owner))
        .collect();
    assert_eq!(
        found,
        [
            (
                "iamwatch-acme-dead-letters",
                &Owner::Stack("other".to_owned())
            ),
            (topic, &Owner::Nobody),
            ("iamwatch-acme-root.sign-in", &Owner::Nobody),
        ]
    );
    assert_eq!(stage.writes(), Vec::<String>::new());
}

/// All rules, all at once: every alert arrives, and nothing of the test stays behind.
pub(crate) async fn every_alert_arrives(stage: &Stage) {
    let wanted = stage.wanted(SELF_CONTAINED).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    for proof in stage.prove(&wanted, &[], 60).await {
        match &proof.outcome {
            Outcome::Arrived { alert, .. } => {
                assert!(alert.contains("[iamwatch.test.acme] "), "{alert}")
            }
            other => panic!("{}: {other:#?}", proof.rule),
        }
    }
    let queues = stage
        .clients
        .sqs
        .list_queues()
        .queue_name_prefix("iamwatch-test-")
        .send()
        .await
        .unwrap();
    assert!(queues.queue_urls().is_empty());
    assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
}

/// The problems that test-event names for a rule after something was broken.
async fn problems(stage: &Stage, wanted: &Wanted, rule: &str) -> String {
    let proofs = stage.prove(wanted, &[rule], 5).await;
    assert_eq!(proofs.len(), 1);
    match &proofs[0].outcome {
        Outcome::Broken { links } => links
            .iter()
            .map(|link| format!("{}: {} ({})\n", link.link, link.problem, link.remedy))
            .collect(),
        other => panic!("{other:#?}"),
    }
}

/// A rule disabled, a target or a subscription removed: test-event says which.
pub(crate) async fn a_broken_link_is_named(stage: &Stage) {
    let wanted = stage.wanted(SELF_CONTAINED).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    let rule = "iamwatch-acme-signin.failed";

    stage
        .clients
        .events
        .disable_rule()
        .name(rule)
        .send()
        .await
        .unwrap();
    let said = problems(stage, &wanted, "signin/failed").await;
    assert!(
        said.contains(rule) && said.contains("it is disabled"),
        "{said}"
    );
    stage.deploy(&wanted).await;

    stage
        .clients
        .events
        .remove_targets()
        .rule(rule)
        .ids("security-mail")
        .send()
        .await
        .unwrap();
    let said = problems(stage, &wanted, "signin/failed").await;
    assert!(
        said.contains(rule) && said.contains("its target `security-mail` is missing"),
        "{said}"
    );
    stage.deploy(&wanted).await;

    let live = stage.live(&wanted).await;
    let mail = live.iter().find(|live| {
        live.key
            .name
            .starts_with("iamwatch-acme-text_security-mail/")
    });
    let arn = mail.unwrap().handle.clone().unwrap();
    stage
        .clients
        .sns
        .unsubscribe()
        .subscription_arn(arn)
        .send()
        .await
        .unwrap();
    let said = problems(stage, &wanted, "signin/failed").await;
    assert!(
        said.contains("security@example.com: it does not exist"),
        "{said}"
    );
    // Whatever else tells the same reader has lost it too.
    let said = problems(stage, &wanted, "root/sign-in").await;
    assert!(
        said.contains("security@example.com: it does not exist"),
        "{said}"
    );
    stage.deploy(&wanted).await;
    stage.confirm_all();

    let request = stage.clients.events.put_rule().name(rule);
    request
        .event_pattern(r#"{"source":["aws.ec2"]}"#)
        .send()
        .await
        .unwrap();
    let said = problems(stage, &wanted, "signin/failed").await;
    assert!(
        said.contains("deployed pattern does not match: source: found"),
        "{said}"
    );
    stage.deploy(&wanted).await;
    assert!(stage.prove(&wanted, &["signin/failed"], 30).await[0].has_arrived());
}

mod sandbox {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn test_event_names_what_is_broken() {
        a_broken_link_is_named(&Stage::sandbox().await).await;
    }

    /// Policies decide only in the sandbox: the emulator enforces none.
    #[tokio::test(start_paused = true)]
    async fn a_broken_policy_is_named_and_really_loses_the_alert() {
        let stage = Stage::sandbox().await;
        let rules = SELF_CONTAINED.replace(
            "  night-phone:",
            "  siem: { sqs: alerts, format: json }\n  night-phone:",
        );
        let rules = rules.replace("default: [security-mail]", "default: [siem]");
        let wanted = stage.wanted(&rules).await;
        stage.queue("alerts").await;
        stage.deploy(&wanted).await;
        stage.confirm_all();
        let said = problems(&stage, &wanted, "signin/failed").await;
        assert!(
            said.contains("channel siem") && said.contains("sqs:SendMessage"),
            "{said}"
        );

        // The statement that was printed is the one that is missing.
        let topic = wanted.desired.receivers[0].topic.clone();
        let queue = wanted.desired.receivers[0].queue.clone();
        let statement = iamwatch::resources::policy::queue_statement(&queue, &topic);
        let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [statement] });
        let url = stage
            .clients
            .sqs
            .get_queue_url()
            .queue_name("alerts")
            .send()
            .await
            .unwrap();
        let url = url.queue_url.unwrap();
        stage.set_queue_policy(&url, &policy).await;
        assert!(stage.prove(&wanted, &["signin/failed"], 30).await[0].has_arrived());
        let body = &stage.received(&url).await[0];
        assert_eq!(body["event"]["source"], "iamwatch.test.acme");
        assert_eq!(body["rule"], "signin/failed");

        let request = stage
            .clients
            .sns
            .set_topic_attributes()
            .topic_arn(topic.as_str());
        let nobody = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":"{topic}"}}]}}"#
        );
        let request = request.attribute_name("Policy").attribute_value(nobody);
        request.send().await.unwrap();
        let said = problems(&stage, &wanted, "signin/failed").await;
        assert!(said.contains("its policy is not the one"), "{said}");
        let sandbox = stage.sandbox.clone().unwrap();
        let before = sandbox.outbox().len();
        sandbox.emit(&crate::stage::region(), failed_sign_in());
        assert_eq!(sandbox.outbox().len(), before, "the policy did not decide");
    }

    fn failed_sign_in() -> serde_json::Value {
        serde_json::json!({
            "source": "aws.signin",
            "detail-type": "AWS Console Sign In via CloudTrail",
            "detail": {
                "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
                "userIdentity": { "type": "IAMUser", "userName": "alice" },
                "responseElements": { "ConsoleLogin": "Failure" },
                "errorMessage": "Failed authentication",
                "userAgent": "an \" that breaks careless templates",
            },
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_real_event_makes_an_alert_that_does_not_say_test() {
        let stage = Stage::sandbox().await;
        let wanted = stage.wanted(SELF_CONTAINED).await;
        stage.deploy(&wanted).await;
        stage.confirm_all();
        let sandbox = stage.sandbox.clone().unwrap();
        sandbox.emit(&crate::stage::region(), failed_sign_in());
        let alerts: Vec<String> = sandbox
            .outbox()
            .into_iter()
            .filter(|delivery| !delivery.confirmation)
            .map(|delivery| delivery.body)
            .collect();
        assert_eq!(alerts.len(), 1, "{alerts:#?}");
        assert!(
            alerts[0].contains("alice") && !alerts[0].contains("TEST"),
            "{}",
            alerts[0]
        );
    }

    /// Whoever acts chooses paths, names and agents; none of them may break the alert.
    #[tokio::test(start_paused = true)]
    async fn no_name_that_an_actor_can_choose_silences_an_alert() {
        let stage = Stage::sandbox().await;
        let rules = SELF_CONTAINED.replace(
            "  - use: signin/failed",
            "  - use: signin/failed\n  - id: any-sign-in\n    events: [\"signin:*\", \"sts:Assume*\"]",
        );
        let wanted = stage.wanted(&rules).await;
        stage.deploy(&wanted).await;
        stage.confirm_all();
        let sandbox = stage.sandbox.clone().unwrap();
        let hostile = "\"}\\\n<error>\u{1f4a5}";
        let alerts = || sandbox.outbox().iter().filter(|d| !d.confirmation).count();
        for (source, name, user) in [
            ("iam", "CreateUser", "alice"),
            ("iam", "PutRolePolicy", "alice"),
            ("sts", "AssumeRoleWithSAML", hostile),
            ("signin", "CredentialVerification", hostile),
        ] {
            let before = alerts();
            sandbox.emit(
                &crate::stage::region(),
                serde_json::json!({
                    "source": format!("aws.{source}"),
                    "detail-type": "AWS API Call via CloudTrail",
                    "detail": {
                        "eventSource": format!("{source}.amazonaws.com"), "eventName": name,
                        "userIdentity": {
                            "type": "IAMUser", "userName": user, "accountId": "111122223333",
                            "principalId": if user == "alice" { "AIDAEXAMPLE" } else { hostile },
                            "arn": format!("arn:aws:iam::111122223333:user/{hostile}/{user}"),
                        },
                        "userAgent": hostile, "errorMessage": hostile,
                        "requestParameters": { "path": hostile },
                        "responseElements": hostile,
                    },
                }),
            );
            assert!(alerts() > before, "{source}:{name} alerted nobody");
            assert_eq!(sandbox.lost(), Vec::new());
        }
    }

    /// Whoever may call PutEvents cannot make an alert that looks real.
    #[tokio::test(start_paused = true)]
    async fn a_forged_event_without_the_mark_alerts_nobody() {
        let stage = Stage::sandbox().await;
        let wanted = stage.wanted(SELF_CONTAINED).await;
        stage.deploy(&wanted).await;
        stage.confirm_all();
        let sandbox = stage.sandbox.clone().unwrap();
        let before = sandbox.outbox().len();
        let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
            .source("iamwatch.test.acme")
            .detail_type("AWS Console Sign In via CloudTrail")
            .detail(failed_sign_in()["detail"].to_string())
            .build();
        stage
            .clients
            .events
            .put_events()
            .entries(entry)
            .send()
            .await
            .unwrap();
        assert_eq!(sandbox.outbox().len(), before);
    }

    #[tokio::test(start_paused = true)]
    async fn leftovers_of_a_killed_test_are_swept_by_the_next() {
        let stage = Stage::sandbox().await;
        let wanted = stage.wanted(SELF_CONTAINED).await;
        stage.deploy(&wanted).await;
        stage.confirm_all();
        let sandbox = stage.sandbox.clone().unwrap();
        // Killed at the first look into the queue: nothing after it, not even the clean-up, happens.
        sandbox.fault(Fault {
            times: usize::MAX,
            ..Fault::on("sqs", "ReceiveMessage", FaultKind::Stop)
        });
        for operation in ["Unsubscribe", "DeleteQueue"] {
            let service = if operation == "Unsubscribe" {
                "sns"
            } else {
                "sqs"
            };
            sandbox.fault(Fault {
                times: usize::MAX,
                ..Fault::on(service, operation, FaultKind::Stop)
            });
        }
        assert!(
            stage
                .try_prove(&wanted, &["root/sign-in"], 30)
                .await
                .is_err()
        );
        sandbox.clear_faults();
        assert_eq!(probes(&stage).await, 1);
        // A probe that may still be in use stays, and plans never see it.
        assert_eq!(stage.plan(&wanted).await.orphans, Vec::new());
        assert!(stage.prove(&wanted, &["root/sign-in"], 30).await[0].has_arrived());
        assert_eq!(probes(&stage).await, 1);
        sandbox.advance(std::time::Duration::from_secs(300));
        assert!(stage.prove(&wanted, &["root/sign-in"], 30).await[0].has_arrived());
        assert_eq!(probes(&stage).await, 0);
    }

    async fn probes(stage: &Stage) -> usize {
        let request = stage
            .clients
            .sqs
            .list_queues()
            .queue_name_prefix("iamwatch-test-acme-");
        request.send().await.unwrap().queue_urls().len()
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_who_has_not_confirmed_is_named_and_the_rest_is_proved() {
        let stage = Stage::sandbox().await;
        let wanted = stage.wanted(SELF_CONTAINED).await;
        stage.deploy(&wanted).await;
        let proofs = stage.prove(&wanted, &["root/sign-in"], 30).await;
        assert!(matches!(proofs[0].outcome, Outcome::Arrived { .. }));
        assert_eq!(proofs[0].unconfirmed, ["email security@example.com"]);
        assert!(!proofs[0].is_good());
        let phone = stage.sandbox.clone().unwrap().outbox();
        assert!(
            phone
                .iter()
                .any(|d| d.protocol == "sms" && d.body.contains("[iamwatch.test.acme] "))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn ctrl_c_removes_the_temporary_queue() {
        let stage = Stage::sandbox().await;
        let wanted = stage.wanted(SELF_CONTAINED).await;
        stage.deploy(&wanted).await;
        stage.confirm_all();
        let proofs = stage
            .prove_until(&wanted, &["root/sign-in"], 30, std::future::ready(()))
            .await
            .unwrap();
        assert_eq!(proofs[0].outcome, Outcome::Stopped);
        assert_eq!(probes(&stage).await, 0);
        assert_eq!(stage.plan(&wanted).await.orphans, Vec::new());
    }

    #[tokio::test(start_paused = true)]
    async fn a_rules_file_lives_and_dies() {
        a_whole_life(&Stage::sandbox().await).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_ours_is_never_touched() {
        foreign_things_stay(&Stage::sandbox().await).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_lacks_our_tag_is_never_overwritten() {
        a_same_named_foreign_resource_stops_the_plan(&Stage::sandbox().await).await;
    }

    #[tokio::test(start_paused = true)]
    async fn test_events_arrive() {
        every_alert_arrives(&Stage::sandbox().await).await;
    }
}
