//! One topic for each channel: whoever has confirmed is never asked again, whatever is told to whom besides.

use iamwatch::check;
use iamwatch::plan::{Action, silence};
use iamwatch::resources::{Kind, Resource};

use crate::cli_deploy::Folder;
use crate::stage::Stage;

fn rules(channels: &str, notify: &str) -> String {
    format!(
        "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\ntrail: create\nchannels:\n{channels}\nnotify: {notify}\nrules:\n  - use: root/sign-in\n  - use: signin/failed\n"
    )
}

const MAIL: &str = "  mail: { email: security@example.com }\n";
const PHONE: &str = "  phone: { sms: \"+4915112345678\" }\n";
const SECOND: &str = "  second: { email: second@example.com }\n";

/// How often somebody was asked whether he wants to hear of a topic.
fn asked(stage: &Stage) -> Vec<String> {
    let outbox = stage.sandbox.as_ref().unwrap().outbox().into_iter();
    let asked = outbox.filter(|delivery| delivery.confirmation);
    asked.map(|delivery| delivery.endpoint).collect()
}

/// Who gets the alert about a root sign-in.
fn told(stage: &Stage) -> Vec<String> {
    let sandbox = stage.sandbox.as_ref().unwrap();
    let before = sandbox.outbox().len();
    let event = serde_json::json!({ "source": "aws.signin", "detail-type": "AWS Console Sign In via CloudTrail",
        "detail": { "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
            "userIdentity": { "type": "Root" }, "readOnly": false } });
    sandbox.emit(&"us-east-1".parse().unwrap(), event);
    let mut told: Vec<String> = sandbox
        .outbox()
        .split_off(before)
        .into_iter()
        .map(|d| d.endpoint)
        .collect();
    told.sort();
    told
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_comes_or_goes_asks_no_confirmed_reader_again() {
    let stage = Stage::sandbox().await;
    stage
        .deploy(&stage.wanted(&rules(MAIL, "{ default: [mail] }")).await)
        .await;
    stage.confirm_all();
    assert_eq!(asked(&stage), ["security@example.com"]);
    assert_eq!(told(&stage), ["security@example.com"]);
    // Each step: the channels, who hears of what, and who must hear of a root sign-in at once.
    let (mail, phone) = ("security@example.com", "+4915112345678");
    for (channels, notify, hear) in [
        (
            [MAIL, PHONE].concat(),
            "{ critical: [mail, phone], default: [mail] }",
            vec![phone, mail],
        ),
        (
            [MAIL, PHONE].concat(),
            "{ critical: [phone], default: [mail] }",
            vec![phone],
        ),
        (
            [MAIL, PHONE].concat(),
            "{ default: [phone, mail] }",
            vec![phone, mail],
        ),
        (
            [MAIL, PHONE, SECOND].concat(),
            "{ default: [phone, mail, second] }",
            vec![phone, mail],
        ),
        (MAIL.to_owned(), "{ default: [mail] }", vec![mail]),
    ] {
        let wanted = stage.wanted(&rules(&channels, notify)).await;
        let plan = stage.plan(&wanted).await;
        let asks_again = plan.changes.iter().any(|change| {
            matches!(&change.after, Some(Resource::Subscription(s)) if s.endpoint.to_string() == mail)
                && change.action != Action::Delete
        });
        assert!(!asks_again, "{notify}");
        assert!(stage.apply(&plan).await.is_complete());
        assert_eq!(told(&stage), hear, "{notify}");
    }
    let again = asked(&stage)
        .iter()
        .filter(|endpoint| *endpoint == mail)
        .count();
    assert_eq!(again, 1);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_would_be_heard_by_nobody_is_named_before() {
    let stage = Stage::sandbox().await;
    stage
        .deploy(&stage.wanted(&rules(MAIL, "{ default: [mail] }")).await)
        .await;
    stage.confirm_all();
    let wanted = stage
        .wanted(&rules(
            &[MAIL, SECOND].concat(),
            "{ critical: [second], default: [mail] }",
        ))
        .await;
    let plan = stage.plan(&wanted).await;
    let live = stage.live(&wanted).await;
    let silenced = iamwatch::plan::silence::silenced(&wanted.desired, &live, false, &[]);
    let note = iamwatch::plan::silence::note(&silenced).unwrap();
    assert!(
        note.loses_alerts && note.message.contains("root/sign-in"),
        "{note:?}"
    );
    assert!(!note.message.contains("signin/failed"), "{note:?}");
    assert!(!plan.changes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_channel_has_one_topic_whatever_uses_it() {
    let stage = Stage::sandbox().await;
    let wanted = stage
        .wanted(&rules(
            &[MAIL, PHONE].concat(),
            "{ critical: [mail, phone], default: [mail] }",
        ))
        .await;
    let keys = wanted.desired.resources.keys();
    let topics: Vec<&str> = keys
        .filter(|key| key.kind == Kind::Topic)
        .map(|key| key.name.as_str())
        .collect();
    assert_eq!(
        topics,
        ["iamwatch-acme-text_mail", "iamwatch-acme-text_phone"]
    );
}

#[test]
fn more_channels_than_a_rule_has_targets_are_refused() {
    let channels: String = (0..6)
        .map(|n| format!("  c{n}: {{ email: c{n}@example.com }}\n"))
        .collect();
    let loaded = check::load_text(
        "iamwatch.yaml",
        &rules(&channels, "{ default: [c0, c1, c2, c3, c4, c5] }"),
    );
    let found: Vec<_> = loaded
        .diagnostics
        .iter()
        .filter(|d| d.code == "E0503")
        .collect();
    assert_eq!(found.len(), 1, "{:?}", loaded.diagnostics);
    let loaded = check::load_text(
        "iamwatch.yaml",
        &rules(&channels, "{ default: [c0, c1, c2, c3, c4], info: [c5] }"),
    );
    assert!(
        loaded.diagnostics.iter().all(|d| d.code != "E0503"),
        "{:?}",
        loaded.diagnostics
    );
}

/// What a plan would silence, with or without `--prune`.
async fn silenced(stage: &Stage, channels: &str, notify: &str, prune: bool) -> Vec<String> {
    let wanted = stage.wanted(&rules(channels, notify)).await;
    let live = stage.live(&wanted).await;
    let silenced = silence::silenced(&wanted.desired, &live, prune, &[]);
    silenced.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn each_way_to_lose_the_only_reader_is_seen() {
    let stage = Stage::sandbox().await;
    let both = "{ critical: [mail], default: [second] }";
    stage
        .deploy(&stage.wanted(&rules(&[MAIL, SECOND].concat(), both)).await)
        .await;
    stage.confirm_all();
    let moved = MAIL.replace("security@", "soc@");
    let other_form = MAIL.replace(" }", ", format: json }");
    let renamed = MAIL.replace("  mail:", "  team:");
    let topic = "  existing: { sns: \"arn:aws:sns:us-east-1:111122223333:security\" }\n";
    let queue = "  siem: { sqs: alerts, format: json }\n";
    let hook = "  hook: { https: \"https://alerts.example.com/sns\" }\n";
    let critical = vec!["root/sign-in".to_owned()];
    for (channels, notify, without, with_prune) in [
        // The old reader stays subscribed until it is pruned.
        (moved.as_str(), both, vec![], critical.clone()),
        (
            other_form.as_str(),
            both,
            critical.clone(),
            critical.clone(),
        ),
        (
            renamed.as_str(),
            "{ critical: [team], default: [second] }",
            critical.clone(),
            critical.clone(),
        ),
        (
            hook,
            "{ critical: [hook], default: [second] }",
            critical.clone(),
            critical.clone(),
        ),
        (
            topic,
            "{ critical: [existing], default: [second] }",
            vec![],
            vec![],
        ),
        (
            queue,
            "{ critical: [siem], default: [second] }",
            vec![],
            vec![],
        ),
        (
            PHONE,
            "{ critical: [phone], default: [second] }",
            vec![],
            vec![],
        ),
        // A confirmed reader beside the new one is enough.
        (
            hook,
            "{ critical: [hook, second], default: [second] }",
            vec![],
            vec![],
        ),
        ("", "{ default: [second] }", vec![], vec![]),
    ] {
        let channels = [channels, SECOND].concat();
        assert_eq!(
            silenced(&stage, &channels, notify, false).await,
            without,
            "{channels}{notify}"
        );
        assert_eq!(
            silenced(&stage, &channels, notify, true).await,
            with_prune,
            "{channels}{notify}"
        );
    }
}

/// A rule that nobody hears today loses nobody; and a topic of others is a reader.
#[tokio::test(start_paused = true)]
async fn only_who_hears_today_can_be_lost() {
    let stage = Stage::sandbox().await;
    let mail = stage.wanted(&rules(MAIL, "{ default: [mail] }")).await;
    stage.deploy(&mail).await;
    let second = "{ default: [second] }";
    assert_eq!(
        silenced(&stage, SECOND, second, true).await,
        Vec::<String>::new()
    );
    let topic = "  existing: { sns: \"arn:aws:sns:us-east-1:111122223333:security\" }\n";
    let given = rules(topic, "{ default: [existing] }");
    stage
        .clients
        .sns
        .create_topic()
        .name("security")
        .send()
        .await
        .unwrap();
    let given = stage.wanted(&given).await;
    stage.deploy(&given).await;
    let all = ["root/sign-in", "signin/failed"];
    assert_eq!(silenced(&stage, SECOND, second, false).await, all);
    // One that lets nothing through is none, neither before nor after.
    let live = stage.live(&given).await;
    let deaf = ["arn:aws:sns:us-east-1:111122223333:security"
        .parse()
        .unwrap()];
    let wanted = stage.wanted(&rules(SECOND, second)).await;
    let lost = silence::silenced(&wanted.desired, &live, true, &deaf);
    assert_eq!(lost, []);
    stage.deploy(&mail).await;
    stage.confirm_all();
    let live = stage.live(&given).await;
    let lost = silence::silenced(&given.desired, &live, true, &deaf);
    assert_eq!(lost.len(), 2);
    assert_eq!(silence::silenced(&given.desired, &live, true, &[]), []);
}

/// Where detectors move to another bus, the rule is the same.
#[tokio::test(start_paused = true)]
async fn a_rule_that_moves_to_another_bus_is_known_again() {
    let stage = Stage::sandbox().await;
    let before = rules(MAIL, "{ default: [mail] }");
    stage.deploy(&stage.wanted(&before).await).await;
    stage.confirm_all();
    let moved = |text: &str| {
        text.replace(
            "trail: create",
            "watch: { regions: [eu-west-1] }\ntrail: create",
        )
    };
    let wanted = stage.wanted(&moved(&before)).await;
    let live = stage.live(&wanted).await;
    assert_eq!(silence::silenced(&wanted.desired, &live, true, &[]), []);
    let wanted = stage
        .wanted(&moved(&rules(SECOND, "{ default: [second] }")))
        .await;
    let live = stage.live(&wanted).await;
    assert_eq!(
        silence::silenced(&wanted.desired, &live, true, &[]).len(),
        2
    );
}

/// The plan says it with `!`, and a run without a terminal must say that it is meant: `--auto-approve` is not enough.
#[test]
fn apply_asks_before_a_rule_loses_its_only_reader() {
    let folder = Folder::with(&rules(MAIL, "{ default: [mail] }"));
    folder.succeed(&["apply", "--auto-approve"]);
    folder.meanwhile(|sandbox| sandbox.confirm(None).unwrap());
    folder.rules(&rules(SECOND, "{ default: [second] }"));
    let out = folder.succeed(&["plan"]);
    let line =
        "! heard today, and by nobody until a new receiver confirms: root/sign-in, signin/failed";
    assert!(out.contains(line), "{out}");
    assert!(out.contains("keep the old one"), "{out}");
    let plan: serde_json::Value =
        serde_json::from_str(&folder.succeed(&["plan", "--json"])).unwrap();
    assert_eq!(
        plan["silenced"],
        serde_json::json!(["root/sign-in", "signin/failed"])
    );
    for flags in [
        &["--auto-approve"][..],
        &["--auto-approve", "--prune"],
        &["--auto-approve", "--prune", "--prune-most"],
    ] {
        let args = [&["apply"], flags].concat();
        let err = folder.fail(&args);
        assert!(
            err.contains("nobody would hear `root/sign-in` and `signin/failed`"),
            "{err}"
        );
        assert!(err.contains("--leave-unheard"), "{err}");
    }
    let (_, out, _) = folder.run(&["apply", "--auto-approve", "--json"]);
    assert!(out.contains("\"silences-rules\""), "{out}");
    folder.succeed(&["plan", "--out", "plan.json"]);
    let err = folder.fail(&["apply", "plan.json"]);
    assert!(err.contains("--leave-unheard"), "{err}");
    // With the old channel beside the new one there is nothing to ask.
    let kept = folder.path("iamwatch.yaml");
    let only = std::fs::read_to_string(&kept).unwrap();
    folder.rules(&rules(
        &[MAIL, SECOND].concat(),
        "{ default: [mail, second] }",
    ));
    folder.succeed(&["apply", "--auto-approve"]);
    folder.rules(&only);
    let err = folder.fail(&["apply", "--auto-approve"]);
    assert!(
        err.contains("--leave-unheard"),
        "it is not confirmed yet: {err}"
    );
    folder.meanwhile(|sandbox| sandbox.confirm(None).unwrap());
    let out = folder.succeed(&["apply", "--auto-approve"]);
    assert!(!out.contains("heard today"), "{out}");
}

#[test]
fn whoever_means_it_says_so() {
    let folder = Folder::with(&rules(MAIL, "{ default: [mail] }"));
    folder.succeed(&["apply", "--auto-approve"]);
    folder.meanwhile(|sandbox| sandbox.confirm(None).unwrap());
    folder.rules(&rules(SECOND, "{ default: [second] }"));
    folder.succeed(&["plan", "--prune", "--out", "plan.json"]);
    folder.succeed(&["apply", "plan.json", "--prune", "--leave-unheard"]);
    folder.succeed(&["plan", "--prune", "--detailed-exitcode"]);
}
