//! `dlq`: alerts that were lost are shown as alerts, and sent again exactly once.

use std::collections::BTreeSet;

use iamwatch::dead_letters::{self, Read, Redriven, Sender};
use iamwatch::pattern::{Event, EventPattern};
use iamwatch::place::Region;
use iamwatch::resources::Resource;
use iamwatch::rules::{Format, RuleId};
use serde_json::{Value, json};

use crate::stage::{Stage, Wanted};

mod of_dispatcher;
mod of_topics;

const RULES: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
watch: { regions: [eu-west-1] }
trail: existing-or-create
channels:
  mail: { email: security@example.com }
  siem: { sqs: alerts, format: json }
notify: { default: [mail, siem] }
rules:
  - use: signin/failed
  - use: iam/changes
"#;

async fn deployed(rules: &str) -> (Stage, Wanted) {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(rules).await;
    let url = stage.queue("alerts").await;
    let queue = &wanted.desired.receivers[0].queue;
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": { "StringEquals": { "aws:SourceAccount": stage.account } },
    }] });
    stage.set_queue_policy(&url, &policy).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    (stage, wanted)
}

/// A sign-in that failed, in a Region, as CloudTrail tells EventBridge.
fn failed_sign_in(id: &str, region: &str) -> Value {
    json!({
        "detail-type": "AWS Console Sign In via CloudTrail",
        "source": "aws.signin",
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": { "type": "IAMUser", "accountId": "111122223333", "userName": "erin",
                "principalId": "AIDAEXAMPLE", "accessKeyId": "" },
            "eventTime": "2026-09-21T14:00:00Z",
            "eventSource": "signin.amazonaws.com",
            "eventName": "ConsoleLogin",
            "awsRegion": region,
            "sourceIPAddress": "192.0.2.7",
            "userAgent": "a \"quoted\" agent",
            "errorMessage": "Failed authentication",
            "responseElements": { "ConsoleLogin": "Failure" },
            "additionalEventData": { "MFAUsed": "No" },
            "readOnly": false,
            "managementEvent": true,
            "eventID": id,
            "eventType": "AwsConsoleSignIn",
        },
    })
}

fn region(name: &str) -> Region {
    name.parse().unwrap()
}

fn emit(stage: &Stage, event: Value, at: &str) {
    stage.sandbox.as_ref().unwrap().emit(&region(at), event);
}

async fn read(stage: &Stage, wanted: &Wanted) -> Read {
    let standing = stage.standing(wanted).await.unwrap();
    dead_letters::read(&stage.cloud, standing.deployment(wanted))
        .await
        .unwrap()
}

/// What `dlq` does: looks, and puts back.
async fn look(stage: &Stage, wanted: &Wanted) -> Read {
    let read = read(stage, wanted).await;
    read.release(&stage.cloud).await;
    read
}

async fn redrive(stage: &Stage, wanted: &Wanted) -> Redriven {
    let read = read(stage, wanted).await;
    dead_letters::redrive(&stage.cloud, &wanted.desired, &read).await
}

/// Alerts that people got by mail.
fn mails(stage: &Stage) -> Vec<String> {
    let outbox = stage.sandbox.as_ref().unwrap().outbox();
    let alerts = outbox.into_iter().filter(|mail| !mail.confirmation);
    // SNS appends how to unsubscribe.
    let text = |body: String| body.split("\n\n--\n").next().unwrap().to_owned();
    alerts.map(|mail| text(mail.body)).collect()
}

/// Alerts in the queue of the channel `siem`, taken out of it.
async fn queued(stage: &Stage) -> Vec<Value> {
    let sqs = &stage.clients.sqs;
    let url = sqs
        .get_queue_url()
        .queue_name("alerts")
        .send()
        .await
        .unwrap();
    let url = url.queue_url.unwrap();
    let mut found = Vec::new();
    loop {
        let request = sqs.receive_message().queue_url(&url);
        let answer = request.max_number_of_messages(10).send().await.unwrap();
        if answer.messages().is_empty() {
            return found;
        }
        for message in answer.messages() {
            found.push(serde_json::from_str(message.body().unwrap()).unwrap());
            let request = sqs.delete_message().queue_url(&url);
            let handle = message.receipt_handle().unwrap();
            request.receipt_handle(handle).send().await.unwrap();
        }
    }
}

async fn lock_topic(stage: &Stage, wanted: &Wanted, part: &str) {
    let live = stage.live(wanted).await;
    let mut topics = live.into_iter();
    let topic = topics
        .find(|live| live.key.name.contains(part) && matches!(live.resource, Resource::Topic(_)));
    let arn = topic.unwrap().handle.unwrap();
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": stage.account }, "Action": "sns:Publish", "Resource": arn,
    }] });
    let request = stage.clients.sns.set_topic_attributes().topic_arn(&arn);
    let request = request.attribute_name("Policy");
    let request = request.attribute_value(policy.to_string());
    request.send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lost_alert_is_shown_as_one_and_sent_again_exactly_once() {
    let (stage, wanted) = deployed(RULES).await;
    lock_topic(&stage, &wanted, "text_mail").await;
    let (before, _) = (mails(&stage).len(), queued(&stage).await);
    emit(&stage, failed_sign_in("e-1", "eu-west-1"), "eu-west-1");
    assert_eq!(mails(&stage).len(), before);
    assert_eq!(queued(&stage).await.len(), 1, "the other channel got it");

    for _ in 0..2 {
        let found = look(&stage, &wanted).await;
        let letters: Vec<_> = found.letters().collect();
        assert_eq!(letters.len(), 1, "looking takes nothing away");
        let letter = letters[0];
        assert_eq!(letter.event.name, "ConsoleLogin");
        assert_eq!(letter.event.who, "erin");
        assert_eq!(letter.event.region, "eu-west-1");
        assert_eq!(letter.event.id, "e-1");
        assert_eq!(letter.code, "NO_PERMISSIONS");
        assert!(letter.meaning.contains("did not let EventBridge publish"));
        let rule = RuleId("signin/failed".to_owned());
        assert_eq!(letter.sender, Sender::Detector { rule });
        assert_eq!(found.messages(), 1, "only to the topic that did not get it");
    }

    let done = redrive(&stage, &wanted).await;
    assert_eq!((done.sent.len(), done.failed.len()), (1, 0), "{done:#?}");
    let mails = mails(&stage);
    assert_eq!(mails.len(), before + 1);
    let mail = mails.last().unwrap();
    assert!(
        mail.starts_with("\"LATE [aws.signin] LOW: A console sign-in failed\""),
        "{mail}"
    );
    assert!(mail.contains("erin"), "{mail}");
    assert_eq!(queued(&stage).await.len(), 0);

    assert_eq!(look(&stage, &wanted).await.letters().count(), 0);
    let again = redrive(&stage, &wanted).await;
    assert_eq!(again, Redriven::default());
}

#[tokio::test(start_paused = true)]
async fn an_event_that_never_reached_home_becomes_the_alerts_of_all_rules_that_want_it() {
    let (stage, wanted) = deployed(RULES).await;
    let iam = &stage.clients.iam;
    let role = iam.delete_role_policy();
    let role = role.role_name("iamwatch-acme-forwarder-eu-west-1");
    role.policy_name("forward").send().await.unwrap();
    let (before, _) = (mails(&stage).len(), queued(&stage).await);
    emit(&stage, failed_sign_in("e-2", "eu-west-1"), "eu-west-1");
    // The cover lets sign-ins through that no rule wants: nobody lost an alert about those.
    let mut success = failed_sign_in("e-3", "eu-west-1");
    success["detail"]["responseElements"]["ConsoleLogin"] = json!("Success");
    emit(&stage, success, "eu-west-1");
    let found = look(&stage, &wanted).await;
    let letter = found
        .letters()
        .find(|letter| letter.event.id == "e-2")
        .unwrap();
    assert!(
        matches!(&letter.sender, Sender::Forwarder { name } if name.contains("forwarder_events"))
    );
    let rules: Vec<&str> = letter.rules.iter().map(|rule| rule.0.as_str()).collect();
    assert_eq!(rules, ["signin/failed"]);
    assert!(letter.place.to_string().contains("eu-west-1"));

    let done = redrive(&stage, &wanted).await;
    assert_eq!(done.sent.len(), 1, "{done:#?}");
    assert!(done.unwanted.iter().all(|letter| letter.event.id == "e-3"));
    assert_eq!(mails(&stage).len(), before + 1);
    let alerts = queued(&stage).await;
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0]["late"], true);
    assert_eq!(alerts[0]["rule"], "signin/failed");
    assert_eq!(
        alerts[0]["event"]["detail"]["userAgent"],
        "a \"quoted\" agent"
    );
    assert_eq!(look(&stage, &wanted).await.letters().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_published_stays_in_its_queue() {
    let (stage, wanted) = deployed(RULES).await;
    lock_topic(&stage, &wanted, "text_mail").await;
    emit(&stage, failed_sign_in("e-4", "us-east-1"), "us-east-1");
    // A caller who may read everything, and publish nothing.
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"*","Resource":"*"},
        {"Effect":"Deny","Action":"sns:Publish","Resource":"*"}]}"#;
    let sandbox = stage.sandbox.clone().unwrap();
    let caller = sandbox.caller("reader", policy);
    let config = sandbox.sdk_config(&region("us-east-1"), caller);
    let reader = stage.seen_by(config).await;
    let done = redrive(&reader, &wanted).await;
    assert_eq!((done.sent.len(), done.failed.len()), (0, 1));
    assert!(
        done.failed[0].error.to_string().contains("sns:Publish"),
        "{}",
        done.failed[0].error
    );
    // At once, not after some minutes.
    assert_eq!(look(&stage, &wanted).await.letters().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn copies_of_a_letter_are_one_alert() {
    let (stage, wanted) = deployed(RULES).await;
    lock_topic(&stage, &wanted, "text_mail").await;
    let before = mails(&stage).len();
    // EventBridge may deliver an event more than once: the same, envelope and all.
    let mut event = failed_sign_in("e-5", "us-east-1");
    event["id"] = json!("0a1b2c3d-0000-4000-8000-000000000005");
    event["time"] = json!("2026-09-21T14:00:00Z");
    for _ in 0..12 {
        emit(&stage, event.clone(), "us-east-1");
    }
    let found = look(&stage, &wanted).await;
    let copies: Vec<usize> = found.letters().map(|letter| letter.copies).collect();
    assert_eq!(copies, [12]);
    redrive(&stage, &wanted).await;
    assert_eq!(mails(&stage).len(), before + 1);
    assert_eq!(look(&stage, &wanted).await.letters().count(), 0);
}

/// Whoever may send events chooses what stands in `detail`. No letter takes the place of another by it.
#[tokio::test(start_paused = true)]
async fn a_forged_letter_swallows_no_real_one() {
    for forged_first in [true, false] {
        let (stage, wanted) = deployed(RULES).await;
        lock_topic(&stage, &wanted, "text_mail").await;
        let before = mails(&stage).len();
        let real = failed_sign_in("e-6", "us-east-1");
        let mut forged = real["detail"].clone();
        forged["iamwatch"] = json!("TEST ");
        forged["sourceIPAddress"] = json!("innocent");
        let forge = async || {
            let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
                .source("iamwatch.test.acme")
                .detail_type("AWS Console Sign In via CloudTrail")
                .detail(forged.to_string());
            let put = stage.clients.events.put_events().entries(entry.build());
            put.send().await.unwrap();
        };
        if forged_first {
            forge().await;
        }
        emit(&stage, real, "us-east-1");
        if !forged_first {
            forge().await;
        }
        let read = look(&stage, &wanted).await;
        let sources: BTreeSet<&str> = read.letters().map(|l| l.event.source.as_str()).collect();
        assert_eq!(
            sources,
            BTreeSet::from(["aws.signin", "iamwatch.test.acme"])
        );
        let forged = read.letters().filter(|l| l.event.is_not_of_aws()).count();
        assert_eq!(forged, 1);
        redrive(&stage, &wanted).await;
        let late: Vec<String> = mails(&stage).split_off(before);
        let from = |source: &str| late.iter().filter(|mail| mail.contains(source)).count();
        assert_eq!(
            (from("[aws.signin]"), from("[iamwatch.test.acme]")),
            (1, 1),
            "{late:#?}"
        );
    }
}

/// Every rule of the catalogue, in both formats.
const CATALOGUE: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
trail: existing-or-create
channels:
  mail: { email: security@example.com }
  siem: { sqs: alerts, format: json }
notify: { default: [mail, siem] }
rules:
"#;

#[tokio::test(start_paused = true)]
async fn our_own_rendering_is_what_eventbridge_delivers() {
    let mut rules = CATALOGUE.to_owned();
    let entries = iamwatch::rules::catalogue();
    for rule in entries.iter().filter(|entry| entry.severity.is_some()) {
        rules.push_str(&format!("  - use: {}\n", rule.id));
    }
    let (stage, wanted) = deployed(&rules).await;
    let mut root = failed_sign_in("r-1", "us-east-1");
    root["detail"]["userIdentity"]["type"] = json!("Root");
    let mut call = failed_sign_in("c-1", "us-east-1");
    call["detail-type"] = json!("AWS API Call via CloudTrail");
    call["source"] = json!("aws.iam");
    call["detail"]["eventSource"] = json!("iam.amazonaws.com");
    call["detail"]["eventName"] = json!("CreateAccessKey");
    call["detail"]["errorCode"] = json!("AccessDenied");
    call["detail"]["userIdentity"]["sessionContext"] =
        json!({ "sessionIssuer": { "userName": "admin" } });
    let mut compared = 0;
    for event in [failed_sign_in("s-1", "us-east-1"), root, call] {
        let already = mails(&stage).len();
        queued(&stage).await;
        emit(&stage, event.clone(), "us-east-1");
        let mut mails: Vec<String> = mails(&stage).split_off(already);
        let mut alerts = queued(&stage).await;
        // The envelope as it was on the bus.
        let envelope = alerts[0]["event"].clone();
        let on_bus = Event::from_value(&envelope).unwrap();
        let (mut texts, mut objects) = (Vec::new(), Vec::new());
        let home = &wanted.file.home.region;
        for compiled in &wanted.patterns {
            let pattern = EventPattern::from_value(&compiled.pattern).unwrap();
            if pattern.matches(&on_bus) {
                texts.push(compiled.message(Format::Text, home).render(&envelope));
                let object = compiled.message(Format::Json, home).render(&envelope);
                objects.push(serde_json::from_str::<Value>(&object).unwrap());
            }
        }
        for texts in [&mut mails, &mut texts] {
            texts.sort();
        }
        for objects in [&mut alerts, &mut objects] {
            objects.sort_by_key(|alert| alert["rule"].to_string());
        }
        assert_eq!(mails, texts);
        assert_eq!(alerts, objects);
        compared += texts.len();
    }
    assert!(compared >= 6, "only {compared} alerts compared");
}

/// `apply` never edits a topic of others, so that it is no remedy.
#[tokio::test(start_paused = true)]
async fn a_topic_of_others_is_not_said_to_be_mended_by_apply() {
    let rules = "version: 1\nname: acme\nhome: { region: us-east-1 }\ntrail: existing-or-create\n\
        channels:\n  oncall: { sns: \"arn:aws:sns:us-east-1:111122223333:oncall\" }\n\
        notify: { default: [oncall] }\nrules:\n  - use: signin/failed\n";
    let stage = Stage::sandbox().await;
    let sns = &stage.clients.sns;
    let topic = sns.create_topic().name("oncall").send().await.unwrap();
    let topic = topic.topic_arn.unwrap();
    let wanted = stage.wanted(rules).await;
    stage.deploy(&wanted).await;
    // Its policy lets nobody else publish yet.
    emit(&stage, failed_sign_in("e-1", "us-east-1"), "us-east-1");
    let gone = sns.delete_topic().topic_arn(&topic);
    gone.send().await.unwrap();
    emit(&stage, failed_sign_in("e-2", "us-east-1"), "us-east-1");
    let read = look(&stage, &wanted).await;
    let mut codes = Vec::new();
    for letter in read.letters() {
        codes.push(letter.code.as_str());
        assert_eq!(letter.target.as_deref(), Some(topic.as_str()));
        assert!(!letter.remedy.contains("mends it"), "{}", letter.remedy);
        assert!(
            letter.remedy.contains("not iamwatch's"),
            "{}",
            letter.remedy
        );
    }
    codes.sort_unstable();
    assert_eq!(codes, ["NO_PERMISSIONS", "NO_RESOURCE"]);
}

/// What is ours is mended by `apply`.
#[tokio::test(start_paused = true)]
async fn a_topic_of_ours_is_said_to_be_mended_by_apply() {
    let (stage, wanted) = deployed(RULES).await;
    lock_topic(&stage, &wanted, "text_mail").await;
    emit(&stage, failed_sign_in("e-1", "eu-west-1"), "eu-west-1");
    let read = look(&stage, &wanted).await;
    let remedies: Vec<&str> = read
        .letters()
        .map(|letter| letter.remedy.as_str())
        .collect();
    assert!(
        matches!(remedies.as_slice(), [one] if one.contains("`iamwatch apply` mends it")),
        "{remedies:?}"
    );
}
