//! Addresses that hold a secret: AWS gets all of them, and nobody else.

use serde_json::Value;

use crate::cli::TestEnv;
use crate::cli_deploy::Folder;

const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
trail: none
channels:
  chat: { https: "https://hooks.example.com/services/T0AAA/B0BBB/s3cr3tPath" }
  other: { https: "https://hooks.example.com/services/T0AAA/B0BBB/an0therPath" }
  asked: { https: "https://in.example.com?key=s3cr3tQuery", format: json }
  open: { https: "https://open.example.com" }
notify: { default: [chat, other, asked, open] }
rules:
  - use: root/sign-in
"#;

const SECRETS: [&str; 7] = [
    "T0AAA",
    "B0BBB",
    "s3cr3tPath",
    "an0therPath",
    "s3cr3tQuery",
    "hunter2",
    "0ldPath",
];

#[track_caller]
fn assert_secret(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} shows `{secret}`:\n{text}");
    }
}

#[test]
fn no_command_shows_what_a_url_hides() {
    let folder = Folder::with(RULES);
    let saved = || std::fs::read_to_string(folder.path("plan.json")).unwrap();
    for (args, wanted) in [
        (&["plan", "--out", "plan.json"][..], Some(0)),
        (&["plan", "--json"], Some(0)),
        (&["plan", "-vv"], Some(0)),
        (&["apply", "plan.json"], Some(0)),
        (&["plan", "--detailed-exitcode"], None),
        (&["status"], Some(2)),
        (&["status", "--json", "-vv"], Some(2)),
        (&["test-event", "root/sign-in"], None),
        (&["test-event", "root/sign-in", "--json"], None),
        (&["apply", "--auto-approve", "--json"], Some(0)),
        (&["permissions", "--for", "apply"], Some(0)),
        (&["compile"], Some(0)),
        (&["check"], Some(0)),
    ] {
        let (code, out, err) = folder.run(args);
        let all = format!("{out}{err}");
        assert!(
            wanted.is_none_or(|wanted| wanted == code),
            "{args:?}: {code}\n{all}"
        );
        assert_secret(&args.join(" "), &all);
        if args.contains(&"plan.json") {
            assert_secret("the saved plan", &saved());
        }
    }
    let out = folder.succeed(&["plan"]);
    assert!(
        out.contains("https://hooks.example.com/…(") && out.contains("https://open.example.com"),
        "{out}"
    );
    // AWS has them whole.
    folder.aws(async |aws| {
        let mut endpoints: Vec<String> = Vec::new();
        let topics = aws.sns.list_topics().send().await.unwrap();
        for topic in topics.topics() {
            let listed = aws.sns.list_subscriptions_by_topic();
            let listed = listed.topic_arn(topic.topic_arn().unwrap());
            let listed = listed.send().await.unwrap();
            let found = listed.subscriptions().iter().filter_map(|s| s.endpoint());
            endpoints.extend(found.map(str::to_owned));
        }
        for wanted in [
            "https://hooks.example.com/services/T0AAA/B0BBB/s3cr3tPath",
            "https://hooks.example.com/services/T0AAA/B0BBB/an0therPath",
            "https://in.example.com?key=s3cr3tQuery",
            "https://open.example.com",
        ] {
            assert!(endpoints.iter().any(|e| e == wanted), "{endpoints:?}");
        }
    });
}

#[test]
fn a_receiver_of_others_keeps_its_secret_and_another_path_is_another_receiver() {
    let folder = Folder::with(RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.aws(async |aws| {
        let topics = aws.sns.list_topics().send().await.unwrap();
        let mut arns = topics.topics().iter().filter_map(|topic| topic.topic_arn());
        let topic = arns.find(|arn| arn.contains("-text_")).unwrap().to_owned();
        for endpoint in [
            "https://ann:hunter2@old.example.com/0ldPath",
            "https://hooks.example.com/services/T0AAA/B0BBB/0ldPath",
        ] {
            let subscribe = aws.sns.subscribe().topic_arn(&topic).protocol("https");
            subscribe.endpoint(endpoint).send().await.unwrap();
        }
    });
    folder.succeed(&["sandbox", "confirm"]);
    for args in [
        &["plan"][..],
        &["plan", "--json"],
        &["plan", "--prune"],
        &["status"],
    ] {
        let (_, out, err) = folder.run(args);
        assert_secret(&args.join(" "), &format!("{out}{err}"));
        assert!(out.contains("***@old.example.com"), "{out}");
    }
    let (_, out, _) = folder.run(&["plan", "--json"]);
    let plan: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(plan["orphans"].as_array().unwrap().len(), 2, "{plan:#}");
    assert_eq!(plan["changes"].as_array().unwrap().len(), 0, "{plan:#}");
}

#[test]
fn a_path_that_is_changed_is_another_receiver() {
    let folder = Folder::with(RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.rules(&RULES.replace("s3cr3tPath", "0ldPath"));
    let out = folder.succeed(&["plan"]);
    assert_secret("plan", &out);
    assert!(out.contains("1 to create"), "{out}");
    // A plan that was saved before knows nothing of the new one.
    folder.rules(RULES);
    folder.succeed(&["plan", "--out", "plan.json"]);
    folder.rules(&RULES.replace("s3cr3tPath", "0ldPath"));
    let err = folder.fail(&["apply", "plan.json"]);
    assert_secret("apply", &err);
}

#[test]
fn errors_of_the_rules_file_do_not_repeat_a_secret() {
    for channel in [
        "chat: { https: \"https://ann:hunter2@hooks.example.com/s3cr3tPath\" }",
        "chat: { https: \"https://ann:hunter2@hooks.example.com/s3cr3tPath\", sms: 1 }",
        "chat: https://hooks.example.com/services/T0AAA/s3cr3tPath",
        "chat: { https: 'http://hooks.example.com/?key=s3cr3tQuery' }",
        "chat: { https: \"https://hooks.example.com/s3cr3tPath\", formt: json }",
        "chat:\n    https: >-\n      https://hooks.example.com/s3cr3tPath here",
    ] {
        let env = TestEnv::new();
        let rules = format!(
            "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels:\n  {channel}\nnotify: {{ default: [chat] }}\nrules:\n  - use: root/sign-in\n"
        );
        std::fs::write(env.path().join("iamwatch.yaml"), rules).unwrap();
        for args in [
            &["check"][..],
            &["check", "--json"],
            &["check", "--sarif"],
            &["plan", "--sandbox"],
            &["plan", "--sandbox", "--json"],
        ] {
            let (code, out, err) = env.run(args);
            assert_eq!(code, 1, "{channel}: {out}{err}");
            assert_secret(&format!("{args:?} {channel}"), &format!("{out}{err}"));
        }
    }
}
