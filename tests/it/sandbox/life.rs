//! Faults, the call log, and worlds that outlive a process.

use std::fs;
use std::io::Write;
use std::sync::{Arc, Mutex};

use aws_sdk_sns::error::ProvideErrorMetadata;
use clap::Parser;
use iamwatch::cli::{SandboxArgs, Ui};
use iamwatch::engine::Form;
use iamwatch::sandbox::{Clock, Fault, FaultKind, Options, Outcome, Sandbox};

use super::{Aws, aws, clients, topic_arn};

fn calls(aws: &Aws) -> Vec<(String, bool, Outcome)> {
    let calls = aws.sandbox.calls().into_iter();
    calls
        .map(|call| (call.operation, call.write, call.outcome))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_writes_from_reads() {
    let aws = aws();
    aws.sns.create_topic().name("t").send().await.unwrap();
    aws.sns.list_topics().send().await.unwrap();
    let missing = aws.sns.get_topic_attributes().topic_arn(topic_arn("x"));
    missing.send().await.unwrap_err();
    let expected = [
        ("CreateTopic".to_owned(), true, Outcome::Done),
        ("ListTopics".to_owned(), false, Outcome::Done),
        (
            "GetTopicAttributes".to_owned(),
            false,
            Outcome::Refused("NotFound".to_owned()),
        ),
    ];
    assert_eq!(calls(&aws), expected);
    aws.sandbox.clear_calls();
    assert!(calls(&aws).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_is_tried_again_by_the_sdk() {
    let aws = aws();
    let mut fault = Fault::on("sns", "CreateTopic", FaultKind::Throttle);
    fault.times = 2;
    aws.sandbox.fault(fault);
    aws.sns.create_topic().name("t").send().await.unwrap();
    assert_eq!(calls(&aws).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_its_effect() {
    let aws = aws();
    let fault = Fault::on("sns", "CreateTopic", FaultKind::LoseResponseAfterEffect);
    aws.sandbox.fault(fault);
    aws.sns.create_topic().name("t").send().await.unwrap();
    let outcomes: Vec<_> = calls(&aws)
        .into_iter()
        .map(|(_, _, outcome)| outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::Done, Outcome::Done]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_strikes_every_call_from_the_nth_on() {
    let aws = aws();
    aws.sandbox.fault(Fault::from_call(1, FaultKind::Stop));
    aws.sns.create_topic().name("a").send().await.unwrap();
    aws.sns.create_topic().name("b").send().await.unwrap_err();
    aws.sns.create_topic().name("c").send().await.unwrap_err();
    assert_eq!(calls(&aws).len(), 3);
    assert_eq!(calls(&aws)[2].2, Outcome::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_carries_its_code_and_has_no_effect() {
    let aws = aws();
    let kind = FaultKind::Refuse {
        code: "KMSAccessDenied".to_owned(),
        status: 400,
    };
    aws.sandbox.fault(Fault::on("sns", "CreateTopic", kind));
    let error = aws.sns.create_topic().name("t").send().await.unwrap_err();
    assert_eq!(error.code(), Some("KMSAccessDenied"));
    assert!(aws_sdk_sns::operation::RequestId::request_id(&error).is_some());
    let topics = aws.sns.list_topics().send().await.unwrap();
    assert!(topics.topics.unwrap().is_empty());
}

fn options() -> Options {
    Options {
        account: super::ACCOUNT.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        clock: Clock::FIXED,
    }
}

fn open(path: &std::path::Path) -> Aws {
    let sandbox = Sandbox::open(path, options()).unwrap();
    let admin = sandbox.admin();
    clients(sandbox, admin, "us-east-1")
}

#[tokio::test(start_paused = true)]
async fn an_opened_file_holds_every_change_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.json");
    let aws = open(&file);
    aws.open_topic("t").await;
    let subscribe = aws
        .sns
        .subscribe()
        .topic_arn(topic_arn("t"))
        .protocol("email");
    subscribe.endpoint("me@example.com").send().await.unwrap();
    let again = open(&file);
    assert_eq!(again.sandbox.outbox(), aws.sandbox.outbox());
    assert_eq!(again.sandbox.now(), aws.sandbox.now());
    let topics = again.sns.list_topics().send().await.unwrap();
    assert_eq!(topics.topics.unwrap().len(), 1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_broken_file_says_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.json");
    let says = |text: &str| {
        fs::write(&file, text).unwrap();
        Sandbox::load(&file).unwrap_err().to_string()
    };
    assert!(says("{").contains("is not a sandbox file"));
    assert!(says("{}").contains("it has no `format`"));
    assert!(says(r#"{"format": 99}"#).contains("format 99"));
    assert!(says(r#"{"format": 3, "colour": 1}"#).contains("colour"));
    fs::remove_file(&file).unwrap();
    assert!(
        Sandbox::load(&file)
            .unwrap_err()
            .to_string()
            .contains("cannot read")
    );
}

#[tokio::test(start_paused = true)]
async fn two_runs_give_out_the_same_ids() {
    let run = || async {
        let aws = aws();
        aws.open_topic("t").await;
        let publish = aws.sns.publish().topic_arn(topic_arn("t")).message("m");
        publish.send().await.unwrap().message_id.unwrap()
    };
    assert_eq!(run().await, run().await);
}

/// What a command writes.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: SandboxArgs,
}

fn command(words: &[&str], json: bool, file: &std::path::Path) -> Result<String, String> {
    let paper = Paper::default();
    let mut ui = Ui::new(paper.clone(), std::io::sink());
    if json {
        ui.form = Form::Json;
    }
    let line = Line::parse_from(["sandbox"].iter().chain(words));
    let done = line
        .args
        .run(&mut ui, file)
        .map_err(|failure| failure.message);
    done.map(|_| String::from_utf8(paper.0.lock().unwrap().clone()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_command_shows_the_outbox_and_confirms() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.json");
    assert!(
        command(&["outbox"], false, &file)
            .unwrap_err()
            .contains("cannot read")
    );
    let aws = open(&file);
    assert_eq!(
        command(&["outbox"], false, &file).unwrap(),
        "nobody has received anything yet\n"
    );
    aws.open_topic("t").await;
    let subscribe = aws
        .sns
        .subscribe()
        .topic_arn(topic_arn("t"))
        .protocol("email");
    subscribe.endpoint("me@example.com").send().await.unwrap();
    let confirmed = command(&["confirm", "me@example.com"], false, &file).unwrap();
    assert_eq!(
        confirmed,
        format!("confirmed email me@example.com on {}\n", topic_arn("t"))
    );
    let again = command(&["confirm", "me@example.com"], false, &file).unwrap_err();
    assert!(again.contains("waits to be confirmed"));

    let aws = open(&file);
    let publish = aws.sns.publish().topic_arn(topic_arn("t"));
    publish
        .message("root \u{1b}[31msigned in")
        .send()
        .await
        .unwrap();
    let shown = command(&["outbox"], false, &file).unwrap();
    assert!(
        shown.contains("email to me@example.com at 2026-03-02T09:00:0"),
        "{shown}"
    );
    assert!(shown.contains("  root \u{fffd}[31msigned in\n"), "{shown}");
    let json: serde_json::Value =
        serde_json::from_str(&command(&["outbox"], true, &file).unwrap()).unwrap();
    assert_eq!(json["deliveries"].as_array().unwrap().len(), 2);
}
