//! Rules about events that trails record only where they are told to: data events, network activity and Insights.

use std::time::Duration;

use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, DataResource, EventSelector, ReadWriteType,
};
use iamwatch::aws::Clients;
use serde_json::Value;

use crate::cli_deploy::Folder;
use crate::everything::log_policy;
use crate::organization;
use crate::stage::Stage;

/// A rules file with that trail and these rules.
fn file(trail: &str, rules: &str) -> String {
    format!(
        "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\ntrail: {trail}\nchannels: {{ phone: {{ sms: \"+4915112345678\" }} }}\nnotify: {{ default: [phone] }}\nrules:\n{rules}\n"
    )
}

const OBJECT_READ: &str = "  - { id: object-read, events: [\"s3:GetObject\"], when: { requestParameters.bucketName: secrets } }";
const KEY_DISABLED: &str = "  - { id: key-disabled, events: [\"kms:DisableKey\"] }";

/// What `check` says of events that are not recorded.
fn unrecorded(text: &str) -> Option<(String, String, String)> {
    let folder = Folder::with(text);
    let (code, out, err) = folder.run(&["check", "--json"]);
    assert_eq!(code, 0, "{text}\n{out}{err}");
    let checked: Value = serde_json::from_str(&out).unwrap();
    let mut found = checked["diagnostics"].as_array().unwrap().iter();
    let found = found.find(|found| found["code"] == "W0815")?;
    let word = |name: &str| found[name].as_str().unwrap().to_owned();
    Some((word("message"), word("label"), word("help")))
}

#[test]
fn check_says_at_the_rule_that_no_management_trail_records_its_events() {
    let own = |events: &str| format!("  - {{ id: mine, events: [{events}] }}");
    let raw = |pattern: &str| format!("  - {{ id: mine, pattern: {pattern} }}");
    let never = "no alert can come unless a trail selects them";
    let some = "they do not alert unless a trail selects them";
    for (rule, said, label) in [
        (
            own("\"s3:GetObject\""),
            "AWS::S3::Object (`GetObject`)",
            never,
        ),
        (own("\"s3:PutObject*\""), "AWS::S3::Object", never),
        (own("\"lambda:Invoke*\""), "AWS::Lambda::Function", never),
        (own("\"dynamodb:GetItem\""), "AWS::DynamoDB::Table", never),
        (
            own("\"dynamodb:DeleteTable\", \"dynamodb:DeleteItem\""),
            "(`DeleteItem`)",
            some,
        ),
        (own("\"sns:Publish\""), "AWS::SNS::Topic", never),
        (
            own("\"sqs:ReceiveMessage\", \"sqs:DeleteMessage\""),
            "AWS::SQS::Queue",
            never,
        ),
        (
            own("\"cognito-identity:GetId\""),
            "AWS::Cognito::IdentityPool",
            never,
        ),
        (
            raw(
                "{ source: [aws.kms], detail-type: [\"AWS Network Activity Event via CloudTrail\"], detail: { errorCode: [VpceAccessDenied] } }",
            ),
            "network activity events of kms.amazonaws.com",
            never,
        ),
        (
            raw("{ source: [aws.cloudtrail], detail-type: [\"AWS Insight via CloudTrail\"] }"),
            "Insights events",
            never,
        ),
        (
            raw(
                "{ source: [aws.s3], detail: { eventName: [{ prefix: GetObj }], eventSource: [s3.amazonaws.com] } }",
            ),
            "AWS::S3::Object",
            never,
        ),
    ] {
        let text = file("existing-or-create", &rule);
        let found = unrecorded(&text).unwrap_or_else(|| panic!("nothing is said of {rule}"));
        assert!(
            found.0.contains("`mine`") && found.0.contains(said),
            "{rule}: {}",
            found.0
        );
        assert_eq!(found.1, label, "{rule}");
        assert!(
            found.2.contains("CloudTrail charges for each event"),
            "{}",
            found.2
        );
    }
    for rule in [
        own("\"s3:GetBucketPolicy\", \"s3:PutBucketPolicy\", \"s3:DeleteBucket\""),
        own("\"lambda:DeleteFunction*\""),
        own("\"kms:Decrypt\""),
        own("\"dynamodb:DeleteTable\""),
        own("\"iam:*\""),
        // S3 sends these itself.
        raw("{ source: [aws.s3], detail-type: [\"Object Created\"] }"),
        raw("{ source: [aws.guardduty] }"),
    ] {
        let text = file("existing-or-create", &rule);
        assert_eq!(unrecorded(&text), None, "{rule}");
    }
    let all = file("existing-or-create", "  - use: pack/all");
    assert_eq!(unrecorded(&all), None);
}

#[test]
fn what_the_own_trail_is_told_to_record_is_not_said() {
    let asks = |data_events: &str| file(&format!("{{ data_events: {data_events} }}"), OBJECT_READ);
    for silent in [
        "[\"arn:aws:s3:::secrets/\"]",
        "[\"arn:aws:s3:::secrets\"]",
        "[\"arn:aws:s3:::secrets/keys/\"]",
        "[\"AWS::S3::Object\"]",
        "[\"AWS::Lambda::Function\", \"AWS::S3::Object\"]",
    ] {
        assert_eq!(unrecorded(&asks(silent)), None, "{silent}");
    }
    // What it is told already is not to be lost.
    for other in ["\"arn:aws:s3:::secrets-2/\"", "\"AWS::SNS::Topic\""] {
        let (_, _, help) = unrecorded(&asks(&format!("[{other}]"))).unwrap();
        let all = format!("[{other}, \"arn:aws:s3:::secrets/\"]");
        let write = format!("write `data_events: {all}` under `trail`");
        assert!(help.contains(&write), "{help}");
        assert_eq!(unrecorded(&asks(&all)), None, "{all}");
    }
}

#[test]
fn what_cannot_be_asked_for_is_refused_with_what_to_write() {
    for (data_events, message, help) in [
        (
            "[\"arn:aws:s3:::secrets/*\"]",
            "holds a `*`",
            "arn:aws:s3:::secrets/",
        ),
        (
            "[\"AWS::S3::Objekt\"]",
            "neither an ARN nor a type",
            "did you mean `AWS::S3::Object`?",
        ),
        (
            "[secrets]",
            "neither an ARN nor a type",
            "the ARN of a bucket with `/` at its end",
        ),
        (
            "[\"arn:aws:kms:us-east-1:111122223333:key/k\"]",
            "not the ARN of a resource with data events",
            "management events, which the trail records anyway",
        ),
        (
            "[\"arn:aws:iam::111122223333:role/x\"]",
            "not the ARN of a resource",
            "management events",
        ),
        ("[\"arn:aws\"]", "arn:aws", ""),
        ("{ a: b }", "expected", ""),
        ("[]", "", ""),
    ] {
        let text = file(&format!("{{ data_events: {data_events} }}"), OBJECT_READ);
        let folder = Folder::with(&text);
        let (code, out, err) = folder.run(&["check"]);
        assert_eq!(code, 1, "{data_events}\n{out}{err}");
        assert!(out.contains("iamwatch.yaml:4:"), "{data_events}\n{out}");
        assert!(
            out.contains(message) && out.contains(help),
            "{data_events}\n{out}"
        );
    }
}

#[test]
fn a_plan_says_what_no_trail_records_and_what_it_costs_to_record_it() {
    let both = format!("{OBJECT_READ}\n{KEY_DISABLED}");
    let folder = Folder::with(&file("existing-or-create", &both));
    let said = "no trail records data events of AWS::S3::Object in `secrets`, so that no alert of them can come: object-read";
    let out = folder.succeed(&["plan"]);
    assert!(out.contains(said), "{out}");
    assert!(
        out.contains("data_events: [\"arn:aws:s3:::secrets/\"]"),
        "{out}"
    );
    // Applying does not change that, and a script can tell.
    folder.succeed(&["apply", "--auto-approve"]);
    let (code, out, _) = folder.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(code, 2, "{out}");
    assert!(
        out.contains(said) && out.contains("No changes to make"),
        "{out}"
    );
    // A plan for the other rule has nothing to say of it.
    let out = folder.succeed(&["plan", "--rule", "key-disabled"]);
    assert!(!out.contains("no trail records"), "{out}");
    let (code, out, _) = folder.run(&["status"]);
    assert_eq!(code, 2, "{out}");
    assert!(
        out.contains("none records data events of AWS::S3::Object in `secrets`"),
        "{out}"
    );
    assert!(
        out.contains("no alert of them can come: object-read"),
        "{out}"
    );

    folder.rules(&file("{ data_events: [\"arn:aws:s3:::secrets/\"] }", &both));
    let out = folder.succeed(&["plan"]);
    assert!(!out.contains("no trail records"), "{out}");
    assert!(out.contains("~ trail iamwatch-acme"), "{out}");
    assert!(
        out.contains("CloudTrail charges $0.10 for each 100,000 data events"),
        "{out}"
    );
    folder.succeed(&["apply", "--auto-approve"]);
    let out = folder.succeed(&["plan", "--detailed-exitcode"]);
    assert!(
        out.contains("No changes: ") && !out.contains("charges"),
        "{out}"
    );
    let out = folder.succeed(&["status"]);
    assert!(out.starts_with("Healthy"), "{out}");
}

#[test]
fn a_new_trail_of_ours_is_described_with_its_data_events() {
    for (data_events, said) in [
        (
            "\"arn:aws:s3:::secrets\"",
            "records the data events of AWS::S3::Object in arn:aws:s3:::secrets/",
        ),
        (
            "\"AWS::SNS::Topic\"",
            "records all data events of AWS::SNS::Topic",
        ),
        (
            "\"arn:aws:lambda:us-east-1:111122223333:function:pay\"",
            "records the data events of AWS::Lambda::Function in arn:aws:lambda:us-east-1:111122223333:function:pay",
        ),
    ] {
        let trail = format!("{{ data_events: [{data_events}] }}");
        let folder = Folder::with(&file(&trail, KEY_DISABLED));
        let out = folder.succeed(&["plan"]);
        assert!(
            out.contains(said) && out.contains("CloudTrail charges"),
            "{out}"
        );
        let out = folder.succeed(&["apply", "--auto-approve"]);
        assert!(out.contains("CloudTrail charges"), "{out}");
        let out = folder.succeed(&["plan", "--detailed-exitcode"]);
        assert!(out.contains("No changes: "), "{out}");
    }
}

/// Somebody takes the data events out of our trail, or adds some.
#[test]
fn what_others_change_in_the_selectors_of_our_trail_is_judged_by_what_is_lost() {
    let trail = "{ data_events: [\"arn:aws:s3:::secrets/\"] }";
    let folder = Folder::with(&file(trail, &format!("{OBJECT_READ}\n{KEY_DISABLED}")));
    folder.succeed(&["apply", "--auto-approve"]);
    folder.succeed(&["status"]);
    let select = |selectors: Vec<AdvancedEventSelector>| {
        folder.aws(async |aws: Clients| {
            let request = aws.cloudtrail.put_event_selectors();
            let request = request.trail_name("iamwatch-acme");
            let request = request.set_advanced_event_selectors(Some(selectors));
            request.send().await.unwrap();
        });
    };
    select(vec![advanced(&[("eventCategory", "Management")])]);
    let (code, out, _) = folder.run(&["status"]);
    assert_eq!(code, 2, "{out}");
    assert!(
        out.contains("loses alerts trails: none records data events"),
        "{out}"
    );
    let out = folder.succeed(&["plan"]);
    assert!(out.contains("~ trail iamwatch-acme"), "{out}");

    let objects = [
        ("eventCategory", "Data"),
        ("resources.type", "AWS::S3::Object"),
    ];
    let topics = [
        ("eventCategory", "Data"),
        ("resources.type", "AWS::SNS::Topic"),
    ];
    select(vec![
        advanced(&[("eventCategory", "Management")]),
        advanced(&objects),
        advanced(&topics),
    ]);
    let (_, out, _) = folder.run(&["status"]);
    assert!(!out.contains("loses alerts"), "{out}");
    folder.succeed(&["apply", "--auto-approve"]);
    folder.succeed(&["plan", "--detailed-exitcode"]);
}

fn advanced(equals: &[(&str, &str)]) -> AdvancedEventSelector {
    let fields = equals.iter().map(|(field, value)| {
        let field = AdvancedFieldSelector::builder().field(*field);
        field.equals(*value).build().unwrap()
    });
    let fields: Vec<AdvancedFieldSelector> = fields.collect();
    let selector = AdvancedEventSelector::builder();
    selector.set_field_selectors(Some(fields)).build().unwrap()
}

fn basic(kind: ReadWriteType, value: &str) -> EventSelector {
    let resource = DataResource::builder().r#type("AWS::S3::Object");
    EventSelector::builder()
        .read_write_type(kind)
        .include_management_events(true)
        .data_resources(resource.values(value).build())
        .build()
}

/// A trail of somebody's that records all Regions.
async fn theirs(clients: &Clients) {
    let request = clients.s3.create_bucket().bucket("theirs");
    request.send().await.unwrap();
    let request = clients.s3.put_bucket_policy().bucket("theirs");
    let policy = log_policy("theirs").to_string();
    request.policy(policy).send().await.unwrap();
    let request = clients.cloudtrail.create_trail().name("theirs");
    let request = request.s3_bucket_name("theirs");
    request.is_multi_region_trail(true).send().await.unwrap();
    let request = clients.cloudtrail.start_logging().name("theirs");
    request.send().await.unwrap();
}

#[test]
fn a_trail_of_somebodys_is_judged_by_what_its_selectors_select() {
    let none = "no trail records data events";
    let some = "the trails record some data events";
    let secrets = "arn:aws:s3:::secrets/";
    let with_object = |field: &str, value: &str| {
        advanced(&[
            ("eventCategory", "Data"),
            ("resources.type", "AWS::S3::Object"),
            (field, value),
        ])
    };
    let all = || vec![advanced(&[("eventCategory", "Management")])];
    for (name, basics, mut advanceds, said) in [
        ("nothing", vec![], all(), Some(none)),
        (
            "the bucket",
            vec![basic(ReadWriteType::All, secrets)],
            vec![],
            None,
        ),
        (
            "all of S3",
            vec![basic(ReadWriteType::All, "arn:aws:s3")],
            vec![],
            None,
        ),
        (
            "a folder",
            vec![basic(ReadWriteType::All, "arn:aws:s3:::secrets/a/")],
            vec![],
            Some(some),
        ),
        (
            "another bucket",
            vec![basic(ReadWriteType::All, "arn:aws:s3:::other/")],
            vec![],
            Some(none),
        ),
        (
            "what is written",
            vec![
                basic(ReadWriteType::WriteOnly, secrets),
                EventSelector::builder()
                    .read_write_type(ReadWriteType::ReadOnly)
                    .build(),
            ],
            vec![],
            Some(none),
        ),
        (
            "another event",
            vec![],
            vec![with_object("eventName", "PutObject")],
            Some(none),
        ),
        (
            "the event",
            vec![],
            vec![with_object("eventName", "GetObject")],
            None,
        ),
        (
            "some callers",
            vec![],
            vec![with_object(
                "userIdentity.arn",
                "arn:aws:iam::111122223333:user/x",
            )],
            Some(some),
        ),
        (
            "writes",
            vec![],
            vec![with_object("readOnly", "false")],
            Some(none),
        ),
    ] {
        let folder = Folder::with(&file(
            "existing-or-create",
            &format!("{OBJECT_READ}\n{KEY_DISABLED}"),
        ));
        folder.succeed(&["plan"]);
        if basics.is_empty() {
            advanceds.extend(all().into_iter().take(usize::from(name != "nothing")));
        }
        folder.aws(async |aws: Clients| {
            theirs(&aws).await;
            let request = aws.cloudtrail.put_event_selectors().trail_name("theirs");
            let request = if basics.is_empty() {
                request.set_advanced_event_selectors(Some(advanceds))
            } else {
                request.set_event_selectors(Some(basics))
            };
            request.send().await.unwrap();
        });
        let out = folder.succeed(&["plan"]);
        assert!(out.contains("events come from your trail"), "{name}\n{out}");
        for words in [none, some] {
            assert_eq!(out.contains(words), said == Some(words), "{name}\n{out}");
        }
        folder.succeed(&["apply", "--auto-approve"]);
        let (code, out, _) = folder.run(&["status"]);
        assert_eq!(code == 2, said == Some(none), "{name}\n{out}");
        assert_eq!(
            out.contains("none records data events"),
            said == Some(none),
            "{name}\n{out}"
        );
    }
}

/// Where every rule is about such events, a trail that records them alone feeds them all.
#[test]
fn rules_that_want_no_management_events_need_no_trail_for_them() {
    let folder = Folder::with(&file("none", OBJECT_READ));
    folder.succeed(&["plan"]);
    let objects = [
        ("eventCategory", "Data"),
        ("resources.type", "AWS::S3::Object"),
    ];
    folder.aws(async |aws: Clients| {
        theirs(&aws).await;
        let request = aws.cloudtrail.put_event_selectors().trail_name("theirs");
        let request = request.advanced_event_selectors(advanced(&objects));
        request.send().await.unwrap();
    });
    let out = folder.succeed(&["plan"]);
    assert!(out.contains("events come from your trail"), "{out}");
    assert!(
        !out.contains("no trail records") && !out.contains("leaves out"),
        "{out}"
    );
    folder.succeed(&["apply", "--auto-approve"]);
    folder.succeed(&["status"]);
}

#[test]
fn network_activity_and_insights_are_looked_for_in_the_trails_too() {
    let rules = "  - { id: refused, pattern: { source: [aws.kms], detail-type: [\"AWS Network Activity Event via CloudTrail\"] } }\n  - { id: unusual, pattern: { source: [aws.cloudtrail], detail-type: [\"AWS Insight via CloudTrail\"] } }";
    let folder = Folder::with(&file("existing-or-create", rules));
    let out = folder.succeed(&["plan"]);
    assert!(
        out.contains("no trail records network activity events of kms.amazonaws.com"),
        "{out}"
    );
    assert!(out.contains("no trail records Insights events"), "{out}");
    folder.aws(async |aws: Clients| {
        theirs(&aws).await;
        let request = aws.cloudtrail.put_event_selectors().trail_name("theirs");
        let request =
            request.advanced_event_selectors(advanced(&[("eventCategory", "Management")]));
        let network = [
            ("eventCategory", "NetworkActivity"),
            ("eventSource", "kms.amazonaws.com"),
        ];
        let request = request.advanced_event_selectors(advanced(&network));
        request.send().await.unwrap();
    });
    let out = folder.succeed(&["plan"]);
    assert!(!out.contains("no trail records network activity"), "{out}");
    assert!(out.contains("no trail records Insights events"), "{out}");
}

/// The way of the test event is whole, and yet no real event can come.
#[test]
fn a_test_event_that_arrives_says_that_no_real_one_can() {
    let folder = Folder::with(&file("existing-or-create", OBJECT_READ));
    folder.succeed(&["apply", "--auto-approve"]);
    let (code, out, _) = folder.run(&["test-event", "object-read", "--wait"]);
    assert_eq!(code, 1, "{out}");
    assert!(
        out.contains("none records data events of AWS::S3::Object in `secrets`"),
        "{out}"
    );
    folder.rules(&file("{ data_events: [\"AWS::S3::Object\"] }", OBJECT_READ));
    folder.succeed(&["apply", "--auto-approve"]);
    let out = folder.succeed(&["test-event", "object-read", "--wait"]);
    assert!(out.contains("arrived"), "{out}");
}

#[test]
fn an_organization_is_not_covered_where_no_trail_records_what_its_rules_want() {
    let rules = organization::RULES.replace(
        "rules:\n",
        "rules:\n  - { id: object-read, events: [\"s3:GetObject\"] }\n",
    );
    let folder = organization::Folder::with(&rules);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.meanwhile(|sandbox, _| sandbox.confirm(None).unwrap());
    let (code, out, _) = folder.run(&["coverage"]);
    assert_eq!(code, 2, "{out}");
    assert!(out.contains("data events of AWS::S3::Object"), "{out}");
    let asked = "trail: { data_events: [\"AWS::S3::Object\"] }";
    folder.rules(&rules.replace("trail: existing-or-create", asked));
    let out = folder.succeed(&["apply", "--auto-approve"]);
    assert!(out.contains("CloudTrail charges"), "{out}");
    folder.succeed(&["coverage"]);
}

/// The sandbox delivers data events as CloudTrail does: those that a trail selects, to the bus and to nobody's history.
#[tokio::test(start_paused = true)]
async fn the_sandbox_delivers_data_events_where_they_are_selected_and_nowhere_else() {
    let rules = "  - { id: sent, events: [\"sns:Publish\"] }\n  - { id: read, events: [\"sqs:ReceiveMessage\"] }\n  - { id: listed, events: [\"s3:ListObjects\"] }";
    let topic = "arn:aws:sns:us-east-1:111122223333:payments";
    for (trail, alerts) in [
        ("create".to_owned(), vec![]),
        (
            "{ data_events: [\"AWS::SNS::Topic\"] }".to_owned(),
            vec!["sent"],
        ),
        (format!("{{ data_events: [\"{topic}\"] }}"), vec!["sent"]),
        (format!("{{ data_events: [\"{topic}-2\"] }}"), vec![]),
        (
            "{ data_events: [\"AWS::SQS::Queue\"] }".to_owned(),
            vec!["read"],
        ),
        (
            "{ data_events: [\"arn:aws:s3:::secrets\"] }".to_owned(),
            vec!["listed"],
        ),
        (
            "{ data_events: [\"arn:aws:s3:::other\"] }".to_owned(),
            vec![],
        ),
        (
            "{ data_events: [\"AWS::S3::Object\", \"AWS::SQS::Queue\", \"AWS::SNS::Topic\"] }"
                .to_owned(),
            vec!["sent", "read", "listed"],
        ),
    ] {
        let stage = Stage::sandbox().await;
        let wanted = stage.wanted(&file(&trail, rules)).await;
        stage.deploy(&wanted).await;
        let sandbox = stage.sandbox.clone().unwrap();
        sandbox.set_trail_delay(Duration::ZERO);
        stage.queue("payments").await;
        let (sns, sqs, s3) = (&stage.clients.sns, &stage.clients.sqs, &stage.clients.s3);
        sns.create_topic().name("payments").send().await.unwrap();
        let url = sqs.get_queue_url().queue_name("payments").send().await;
        let url = url.unwrap().queue_url.unwrap();
        s3.create_bucket().bucket("secrets").send().await.unwrap();
        let before = sandbox.outbox().len();

        let request = sns.publish().topic_arn(topic).message("the secret");
        request.send().await.unwrap();
        sqs.receive_message().queue_url(url).send().await.unwrap();
        s3.list_objects_v2().bucket("secrets").send().await.unwrap();

        let sent: Vec<String> = sandbox
            .outbox()
            .split_off(before)
            .into_iter()
            .map(|m| m.body)
            .collect();
        for rule in ["sent", "read", "listed"] {
            let count = sent
                .iter()
                .filter(|body| body.contains(&format!("Rule: {rule}\"")))
                .count();
            assert_eq!(
                count,
                usize::from(alerts.contains(&rule)),
                "{trail} {rule}\n{sent:#?}"
            );
        }
        assert!(
            !sent.iter().any(|body| body.contains("the secret")),
            "{sent:#?}"
        );
        let looked = stage
            .clients
            .cloudtrail
            .lookup_events()
            .send()
            .await
            .unwrap();
        let mut history = looked
            .events()
            .iter()
            .filter_map(|event| event.event_name());
        assert!(!history.any(|name| name == "Publish"), "{trail}");
    }
}
