//! What topics could not deliver: to queues, functions and URLs.

use aws_sdk_sqs::types::QueueAttributeName;
use iamwatch::permissions::{self, Phase, Scope};
use iamwatch::plan::Action;
use iamwatch::resources::{Kind, Resource};

use super::*;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:111122223333:function:page";
const HOOK: &str = "https://hooks.example.com/T0KEN";

/// Mail beside every other kind of reader; two readers get text.
const EVERYBODY: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
trail: existing-or-create
channels:
  mail: { email: security@example.com }
  siem: { sqs: alerts, format: json }
  page: { lambda: "arn:aws:lambda:us-east-1:111122223333:function:page" }
  hook: { https: "https://hooks.example.com/T0KEN", format: json }
notify: { default: [mail, siem, page, hook] }
rules:
  - use: signin/failed
"#;

/// What people and endpoints got beside questions, by endpoint.
fn got(stage: &Stage, endpoint: &str) -> Vec<String> {
    let outbox = stage.sandbox.as_ref().unwrap().outbox().into_iter();
    let alerts = outbox.filter(|sent| !sent.confirmation && sent.endpoint == endpoint);
    alerts.map(|sent| sent.body).collect()
}

fn fail(stage: &Stage, id: &str) {
    emit(stage, failed_sign_in(id, "us-east-1"), "us-east-1");
}

fn set_refusing(stage: &Stage, endpoint: &str, refuses: bool) {
    let sandbox = stage.sandbox.as_ref().unwrap();
    sandbox.set_refusing(endpoint, refuses);
}

async fn url(stage: &Stage, name: &str) -> String {
    let found = stage.clients.sqs.get_queue_url().queue_name(name);
    found.send().await.unwrap().queue_url.unwrap()
}

async fn set_policy(stage: &Stage, queue: &str, policy: &str) {
    let request = stage.clients.sqs.set_queue_attributes();
    let request = request.queue_url(url(stage, queue).await);
    let request = request.attributes(QueueAttributeName::Policy, policy);
    request.send().await.unwrap();
}

async fn policy_of(stage: &Stage, queue: &str) -> String {
    let request = stage.clients.sqs.get_queue_attributes();
    let request = request.queue_url(url(stage, queue).await);
    let answer = request.attribute_names(QueueAttributeName::Policy);
    answer.send().await.unwrap().attributes.unwrap()[&QueueAttributeName::Policy].clone()
}

const OF_SIEM: &str = "iamwatch-acme-json_siem-dead-letters";

#[tokio::test(start_paused = true)]
async fn what_a_queue_refused_is_told_and_sent_again_to_it_alone() {
    let (stage, wanted) = deployed(EVERYBODY).await;
    let admits = policy_of(&stage, "alerts").await;
    set_policy(&stage, "alerts", "").await;
    fail(&stage, "e-1");
    assert_eq!(got(&stage, "security@example.com").len(), 1);

    for _ in 0..2 {
        let found = look(&stage, &wanted).await;
        let letters: Vec<_> = found.letters().collect();
        assert_eq!(letters.len(), 1, "looking takes nothing away");
        let letter = letters[0];
        assert_eq!(letter.queue, OF_SIEM);
        let reader = "sqs arn:aws:sqs:us-east-1:111122223333:alerts".to_owned();
        assert_eq!(letter.sender, Sender::Topic { reader });
        assert_eq!(letter.event.id, "e-1");
        assert_eq!(letter.event.who, "erin");
        assert_eq!(letter.rules, [RuleId("signin/failed".to_owned())]);
        let alert = letter.alert.as_deref();
        assert_eq!(alert, Some("[aws.signin] LOW: A console sign-in failed"));
        assert!(letter.time.starts_with("20"), "{letter:#?}");
        assert!(letter.meaning.contains("does not let our topic send"));
        assert!(letter.remedy.contains("sqs:SendMessage"), "{letter:#?}");
        assert_eq!(found.messages(), 0, "it would only come back");
    }
    let done = redrive(&stage, &wanted).await;
    assert_eq!((done.sent.len(), done.kept.len()), (0, 1), "{done:#?}");

    set_policy(&stage, "alerts", &admits).await;
    let letter = look(&stage, &wanted)
        .await
        .letters()
        .next()
        .unwrap()
        .clone();
    assert!(
        letter.meaning.contains("nothing keeps alerts"),
        "{letter:#?}"
    );
    let done = redrive(&stage, &wanted).await;
    assert_eq!((done.sent.len(), done.failed.len()), (1, 0), "{done:#?}");
    let alerts = queued(&stage).await;
    assert_eq!(alerts.len(), 1);
    assert_eq!(
        (&alerts[0]["late"], &alerts[0]["rule"]),
        (&json!(true), &json!("signin/failed"))
    );
    assert_eq!(alerts[0]["event"]["detail"]["eventID"], "e-1");
    for other in ["security@example.com", FUNCTION, HOOK] {
        assert_eq!(got(&stage, other).len(), 1, "{other} heard of it twice");
    }
    assert_eq!(look(&stage, &wanted).await.letters().count(), 0);
    assert_eq!(redrive(&stage, &wanted).await, Redriven::default());
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_gone_keeps_its_letters_until_it_is_back() {
    let (stage, wanted) = deployed(EVERYBODY).await;
    let admits = policy_of(&stage, "alerts").await;
    let gone = stage.clients.sqs.delete_queue();
    let gone = gone.queue_url(url(&stage, "alerts").await);
    gone.send().await.unwrap();
    fail(&stage, "e-1");
    fail(&stage, "e-2");
    let letters: Vec<_> = look(&stage, &wanted).await.letters().cloned().collect();
    assert_eq!(letters.len(), 2);
    assert!(
        letters
            .iter()
            .all(|l| l.meaning == "of the queue: it does not exist")
    );
    assert_eq!(redrive(&stage, &wanted).await.kept.len(), 2);
    stage.queue("alerts").await;
    set_policy(&stage, "alerts", &admits).await;
    assert_eq!(redrive(&stage, &wanted).await.sent.len(), 2);
    assert_eq!(queued(&stage).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_a_function_or_a_url_refused_is_told_and_sent_again() {
    let (stage, wanted) = deployed(EVERYBODY).await;
    for endpoint in [FUNCTION, HOOK] {
        set_refusing(&stage, endpoint, true);
    }
    fail(&stage, "e-1");
    let letters: Vec<_> = look(&stage, &wanted).await.letters().cloned().collect();
    assert_eq!(letters.len(), 2, "{letters:#?}");
    let to = |protocol: &str| {
        let mut found = letters.iter();
        let to = |sender: &Sender| matches!(sender, Sender::Topic { reader } if reader.starts_with(protocol));
        found.find(|letter| to(&letter.sender)).unwrap()
    };
    let (page, hook) = (to("lambda"), to("https"));
    assert!(page.meaning.contains("function is gone"), "{page:#?}");
    let alert = page.alert.as_deref();
    assert_eq!(alert, Some("[aws.signin] LOW: A console sign-in failed"));
    assert!(page.time.starts_with("20"), "{page:#?}");
    assert!(hook.meaning.contains("the URL refused"), "{hook:#?}");
    assert_eq!(hook.event.id, "e-1");
    let shown = serde_json::to_string(hook).unwrap();
    assert!(!shown.contains("T0KEN"), "{shown}");

    for endpoint in [FUNCTION, HOOK] {
        set_refusing(&stage, endpoint, false);
    }
    assert_eq!(redrive(&stage, &wanted).await.sent.len(), 2);
    let page: Value = serde_json::from_str(&got(&stage, FUNCTION)[0]).unwrap();
    let text = page["Records"][0]["Sns"]["Message"].as_str().unwrap();
    assert!(text.starts_with("\"LATE [aws.signin] LOW"), "{text}");
    let hook: Value = serde_json::from_str(&got(&stage, HOOK)[0]).unwrap();
    let alert: Value = serde_json::from_str(hook["Message"].as_str().unwrap()).unwrap();
    assert_eq!(alert["late"], true);
    assert_eq!(got(&stage, "security@example.com").len(), 1);
    assert_eq!(look(&stage, &wanted).await.letters().count(), 0);
}

/// What nobody would hear of, or what would be lost at the next refusal, is not sent.
#[tokio::test(start_paused = true)]
async fn a_letter_stays_while_the_way_to_its_reader_is_not_as_it_should_be() {
    for how in ["unconfirmed", "gone", "filter", "redrive policy", "queue"] {
        let (stage, wanted) = deployed(EVERYBODY).await;
        set_refusing(&stage, HOOK, true);
        fail(&stage, "e-1");
        set_refusing(&stage, HOOK, false);
        let live = stage.live(&wanted).await;
        let hook = live.iter().find(|live| live.key.name.contains("/https/"));
        let hook = hook.unwrap().handle.clone().unwrap();
        let sns = &stage.clients.sns;
        let set = |name: &str, value: Option<&str>| {
            let set = sns.set_subscription_attributes().subscription_arn(&hook);
            let set = set.attribute_name(name);
            set.set_attribute_value(value.map(str::to_owned)).send()
        };
        match how {
            "filter" => drop(set("FilterPolicy", Some(r#"{"a":["b"]}"#)).await.unwrap()),
            "redrive policy" => drop(set("RedrivePolicy", None).await.unwrap()),
            "queue" => set_policy(&stage, "iamwatch-acme-json_hook-dead-letters", "").await,
            _ => {
                let end = sns.unsubscribe().subscription_arn(&hook);
                end.send().await.unwrap();
            }
        }
        if how == "unconfirmed" {
            stage.deploy(&wanted).await;
        }
        let done = redrive(&stage, &wanted).await;
        assert_eq!(
            (done.sent.len(), done.kept.len()),
            (0, 1),
            "{how} {done:#?}"
        );
        stage.deploy(&wanted).await;
        stage.confirm_all();
        let done = redrive(&stage, &wanted).await;
        assert_eq!(done.sent.len(), 1, "{how} {done:#?}");
        assert_eq!(got(&stage, HOOK).len(), 1, "{how}");
    }
}

/// What was sent again and refused again is a letter as before, marked once.
#[tokio::test(start_paused = true)]
async fn an_alert_that_is_refused_twice_is_late_once() {
    let (stage, wanted) = deployed(EVERYBODY).await;
    set_refusing(&stage, FUNCTION, true);
    fail(&stage, "e-1");
    for _ in 0..2 {
        redrive(&stage, &wanted).await;
        assert_eq!(look(&stage, &wanted).await.letters().count(), 1);
    }
    set_refusing(&stage, FUNCTION, false);
    redrive(&stage, &wanted).await;
    let page = got(&stage, FUNCTION).remove(0);
    assert_eq!(page.matches("LATE").count(), 1, "{page}");
}

/// Two alerts of the same words are two alerts, and one that came twice is one.
#[tokio::test(start_paused = true)]
async fn letters_are_copies_only_of_the_same_event() {
    let (stage, wanted) = deployed(EVERYBODY).await;
    set_refusing(&stage, FUNCTION, true);
    set_refusing(&stage, HOOK, true);
    let mut event = failed_sign_in("e-5", "us-east-1");
    event["id"] = json!("0a1b2c3d-0000-4000-8000-000000000005");
    event["time"] = json!("2026-09-21T14:00:00Z");
    for _ in 0..3 {
        emit(&stage, event.clone(), "us-east-1");
    }
    let found = look(&stage, &wanted).await;
    let mut copies: Vec<usize> = found.letters().map(|letter| letter.copies).collect();
    copies.sort_unstable();
    assert_eq!(copies, [1, 1, 1, 3], "of a text nobody knows");
    set_refusing(&stage, FUNCTION, false);
    set_refusing(&stage, HOOK, false);
    assert_eq!(redrive(&stage, &wanted).await.sent.len(), 4);
    assert_eq!(
        (got(&stage, FUNCTION).len(), got(&stage, HOOK).len()),
        (3, 1)
    );
}

async fn forge(stage: &Stage, queue: &str, body: &str) {
    let send = stage.clients.sqs.send_message();
    let send = send.queue_url(url(stage, queue).await);
    send.message_body(body).send().await.unwrap();
}

/// Whoever may send to the queue writes what he likes, and no more than that.
#[tokio::test(start_paused = true)]
async fn a_forged_letter_stays_text_and_swallows_no_real_one() {
    let (stage, wanted) = deployed(EVERYBODY).await;
    set_refusing(&stage, HOOK, true);
    fail(&stage, "e-1");
    let of_hook = "iamwatch-acme-json_hook-dead-letters";
    let escape = "\u{1b}[2J\u{9b}31m\r\n\u{202e}calm";
    let elsewhere = "arn:aws:sns:us-east-1:111122223333:iamwatch-acme-text_mail";
    let forged = json!({ "rule": format!("root/{escape}"), "severity": "info", "title": escape,
        "source": "aws.signin", "event": { "detail": { "eventID": "e-1", "eventName": escape } } });
    for body in [
        forged.to_string(),
        json!({ "Type": "Notification", "TopicArn": elsewhere, "Message": escape }).to_string(),
        escape.to_owned(),
        "{}".to_owned(),
        r#"{"Type":"Notification"}"#.to_owned(),
    ] {
        forge(&stage, of_hook, &body).await;
    }
    let found = look(&stage, &wanted).await;
    let letters: Vec<_> = found.letters().collect();
    assert_eq!(letters.len(), 6);
    let real = letters.iter().filter(|l| l.event.who == "erin");
    assert_eq!(real.count(), 1);
    for letter in &letters {
        let paint = iamwatch::render::style::Painter { color: false };
        let shown = iamwatch::render::dead_letters::letters(&[*letter], false, paint);
        for raw in ["\u{1b}", "\u{9b}", "\u{202e}", "\r"] {
            assert!(!shown.contains(raw), "{shown:?}");
        }
        assert!(letter.rules.iter().all(|rule| rule.0 == "signin/failed"));
    }
    set_refusing(&stage, HOOK, false);
    redrive(&stage, &wanted).await;
    // The topic is that of the queue, whatever the letter says.
    assert_eq!(got(&stage, "security@example.com").len(), 1);
    let hooked = got(&stage, HOOK);
    assert_eq!(hooked.len(), 6);
    assert_eq!(
        hooked.iter().filter(|body| body.contains("erin")).count(),
        1
    );
}

/// What stays of one queue is seen again at once, and what of another was sent is gone.
#[tokio::test(start_paused = true)]
async fn queues_of_one_place_do_not_get_in_each_others_way() {
    let (stage, wanted) = deployed(EVERYBODY).await;
    lock_topic(&stage, &wanted, "text_mail").await;
    set_policy(&stage, "alerts", "").await;
    fail(&stage, "e-1");
    let mut queues: Vec<String> = look(&stage, &wanted)
        .await
        .letters()
        .map(|letter| letter.queue.clone())
        .collect();
    queues.sort();
    assert_eq!(queues, ["iamwatch-acme-dead-letters", OF_SIEM]);
    let done = redrive(&stage, &wanted).await;
    assert_eq!((done.sent.len(), done.kept.len()), (1, 1), "{done:#?}");
    let left = look(&stage, &wanted).await;
    let left: Vec<&str> = left.letters().map(|letter| letter.queue.as_str()).collect();
    assert_eq!(left, [OF_SIEM]);
}

#[tokio::test(start_paused = true)]
async fn only_readers_that_can_refuse_have_a_queue_and_it_goes_with_them() {
    let (stage, wanted) = deployed(EVERYBODY).await;
    let letters = |wanted: &Wanted| {
        let all = wanted.desired.resources.values();
        let found = all.filter_map(|resource| match resource {
            Resource::Subscription(s) => {
                let queue = s.dead_letters.as_ref().map(|arn| arn.resource().to_owned());
                Some((s.protocol.clone(), queue))
            }
            _ => None,
        });
        found.collect::<Vec<_>>()
    };
    let of = |name: &str| Some(format!("iamwatch-acme-{name}-dead-letters"));
    let mut found = letters(&wanted);
    found.sort();
    assert_eq!(
        found,
        [
            ("email".to_owned(), None),
            ("https".to_owned(), of("json_hook")),
            ("lambda".to_owned(), of("text_page")),
            ("sqs".to_owned(), of("json_siem")),
        ]
    );
    set_policy(&stage, "alerts", "").await;
    fail(&stage, "e-1");
    let smaller = EVERYBODY
        .replace("  siem: { sqs: alerts, format: json }\n", "")
        .replace("siem, ", "");
    let smaller = stage.wanted(&smaller).await;
    // Nobody is told whose letters these were.
    let found = look(&stage, &smaller).await;
    let letter = found.letters().next().unwrap();
    assert!(
        matches!(&letter.sender, Sender::Unknown { arn } if arn.ends_with(OF_SIEM)),
        "{letter:#?}"
    );
    assert_eq!(redrive(&stage, &smaller).await.kept.len(), 1);
    let plan = stage.try_plan(&smaller, true).await.unwrap();
    let deleted = plan.changes.iter().filter(|c| c.action == Action::Delete);
    let deleted: Vec<&str> = deleted
        .filter(|change| change.key.kind == Kind::Queue)
        .map(|change| change.key.name.as_str())
        .collect();
    assert_eq!(deleted, [OF_SIEM]);
    assert!(stage.apply(&plan).await.is_complete());
    let gone = stage.destruction(&smaller).await;
    stage.apply(&gone).await;
    let left = stage.clients.sqs.list_queues().send().await.unwrap();
    let left = left.queue_urls().iter();
    let left: Vec<&String> = left.filter(|url| url.contains("iamwatch")).collect();
    assert_eq!(left, Vec::<&String>::new());
}

/// The printed policy is enough for both queues, and for nothing that is not asked of it.
#[tokio::test(start_paused = true)]
async fn the_printed_policy_reads_and_redrives_what_topics_left() {
    let (stage, wanted) = deployed(EVERYBODY).await;
    set_refusing(&stage, HOOK, true);
    lock_topic(&stage, &wanted, "text_mail").await;
    fail(&stage, "e-1");
    set_refusing(&stage, HOOK, false);
    let scope = Scope::of(&wanted.file, &wanted.patterns, &stage.account).unwrap();
    let policy = permissions::policy(&scope, Phase::Dlq);
    let sandbox = stage.sandbox.clone().unwrap();
    let caller = sandbox.caller("operator", &policy.to_string());
    let operator = stage
        .seen_by(sandbox.sdk_config(&region("us-east-1"), caller))
        .await;
    assert_eq!(look(&operator, &wanted).await.letters().count(), 2);
    let done = redrive(&operator, &wanted).await;
    assert_eq!((done.sent.len(), done.failed.len()), (2, 0), "{done:#?}");
    for name in [OF_SIEM, "iamwatch-acme-dead-letters"] {
        let purge = operator.clients.sqs.purge_queue();
        let purge = purge.queue_url(url(&stage, name).await);
        assert!(purge.send().await.is_err(), "{name}");
    }
}

/// Where no reader can refuse, nobody gets a permission for such queues.
#[tokio::test(start_paused = true)]
async fn policies_name_the_queues_of_topics_only_where_there_are_some() {
    let stage = Stage::sandbox().await;
    let mail = EVERYBODY.replace("[mail, siem, page, hook]", "[mail]");
    for (rules, named) in [(EVERYBODY, true), (mail.as_str(), false)] {
        let wanted = stage.wanted(rules).await;
        let scope = Scope::of(&wanted.file, &wanted.patterns, &stage.account).unwrap();
        for phase in [Phase::Apply, Phase::Dlq] {
            let policy = permissions::policy(&scope, phase).to_string();
            assert_eq!(policy.contains("_*-dead-letters"), named, "{policy}");
        }
        let guard = json!(permissions::guard(&scope, &[], false)).to_string();
        assert_eq!(guard.contains("_*-dead-letters"), named, "{guard}");
    }
}
