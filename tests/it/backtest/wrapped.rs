//! Records in whatever AWS and its tools hand them over in: `backtest` and `explain` find the same ones.

use flate2::Compression;
use flate2::write::GzEncoder;
use iamwatch::cloudtrail::Identity;
use serde_json::{Value, json};
use std::io::Write;

use super::command::{gzipped, made, report, write};
use crate::cli::TestEnv;

/// Root at work, each time with an id of its own.
fn root(id: &str) -> Value {
    let mut record = made(
        "signin:ConsoleLogin",
        Identity::Root,
        "us-east-1",
        "2026-01-05T08:00:00Z",
    );
    record["eventID"] = json!(id);
    record
}

fn event(id: &str) -> Value {
    let record = root(id);
    json!({
        "version": "0", "id": id, "detail-type": "AWS Console Sign In via CloudTrail", "source": "aws.signin",
        "account": "111122223333", "time": "2026-01-05T08:00:00Z", "region": "us-east-1", "resources": [], "detail": record,
    })
}

fn alert(id: &str) -> Value {
    json!({ "format_version": 1, "rule": "root/sign-in", "severity": "high", "title": "t", "source": "aws.signin", "event": event(id) })
}

/// An alert of releases that did not name the source.
fn old_alert(id: &str) -> Value {
    let mut alert = alert(id);
    alert.as_object_mut().unwrap().shift_remove("source");
    alert
}

fn notification(message: &str) -> Value {
    json!({ "Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:us-east-1:111122223333:t", "Message": message })
}

fn subscription(messages: &[String]) -> Value {
    let events: Vec<Value> = messages
        .iter()
        .map(|message| json!({ "id": "1", "timestamp": 1, "message": message }))
        .collect();
    json!({ "messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logStream": "s", "subscriptionFilters": [], "logEvents": events })
}

/// Compressed and in base64, as CloudWatch Logs hands its data to functions and streams.
fn packed(text: &str) -> String {
    base64(&gzipped(text))
}

fn base64(bytes: &[u8]) -> String {
    aws_smithy_types::base64::encode(bytes)
}

/// Each form, and how many events it holds.
fn forms() -> Vec<(&'static str, Value, u64)> {
    let one = |id: &str| root(id).to_string();
    let lookup = |id: &str| json!({ "EventId": id, "EventTime": 1.7, "CloudTrailEvent": one(id) });
    let row = |id: &str| {
        let record = root(id);
        let text = |name: &str| record[name].as_str().unwrap().to_owned();
        json!([
            { "eventid": id }, { "eventtime": "2026-01-05 08:00:00.000" }, { "eventsource": text("eventSource") },
            { "eventname": text("eventName") }, { "awsregion": text("awsRegion") }, { "eventtype": text("eventType") },
            { "recipientaccountid": text("recipientAccountId") }, { "useridentity": record["userIdentity"].to_string() },
            { "responseelements": record["responseElements"].to_string() }, { "readonly": "false" }, { "errorcode": "" },
        ])
    };
    vec![
        ("an event of EventBridge", event("a1"), 1),
        ("an alert as JSON", alert("a2"), 1),
        ("an old alert as JSON", old_alert("a3"), 1),
        (
            "a log file",
            json!({ "Records": [root("b1"), root("b2")] }),
            2,
        ),
        (
            "the event history",
            json!({ "NextToken": "x", "Events": [lookup("c1"), lookup("c2")] }),
            2,
        ),
        ("SNS", notification(&alert("d1").to_string()), 1),
        ("SNS, a bare record", notification(&one("d2")), 1),
        (
            "SNS, an event twice quoted",
            notification(&json!(event("d3").to_string()).to_string()),
            1,
        ),
        (
            "SNS to a function",
            json!({ "Records": [{ "EventSource": "aws:sns", "Sns": notification(&alert("d4").to_string()) }] }),
            1,
        ),
        (
            "SQS, raw",
            json!({ "Messages": [{ "MessageId": "m", "ReceiptHandle": "r", "Body": alert("e1").to_string() }] }),
            1,
        ),
        (
            "SNS in SQS",
            json!({ "Messages": [{ "MessageId": "m", "Body": notification(&alert("e2").to_string()).to_string() }] }),
            1,
        ),
        (
            "SNS in SQS to a function",
            json!({ "Records": [{ "messageId": "m", "receiptHandle": "r", "eventSource": "aws:sqs", "body": notification(&event("e3").to_string()).to_string() }] }),
            1,
        ),
        ("a log group", subscription(&[one("f1"), one("f2")]), 2),
        (
            "a log group to a function",
            json!({ "awslogs": { "data": packed(&subscription(&[one("f3")]).to_string()) } }),
            1,
        ),
        (
            "a log group to Kinesis",
            json!({ "Records": [{ "kinesis": { "data": packed(&subscription(&[one("f4")]).to_string()) }, "eventSource": "aws:kinesis", "eventName": "aws:kinesis:record" }] }),
            1,
        ),
        (
            "a log group to Firehose",
            json!({ "records": [{ "recordId": "r", "data": packed(&subscription(&[one("f5")]).to_string()) }] }),
            1,
        ),
        (
            "records in Firehose",
            json!({ "records": [{ "recordId": "r", "data": base64(format!("{}\n{}", one("f6"), one("f7")).as_bytes()) }] }),
            2,
        ),
        (
            "filter-log-events",
            json!({ "events": [{ "logStreamName": "s", "timestamp": 1, "message": one("g1") }], "searchedLogStreams": [] }),
            1,
        ),
        (
            "Logs Insights",
            json!({ "results": [[{ "field": "@timestamp", "value": "t" }, { "field": "@message", "value": one("g2") }]], "status": "Complete" }),
            1,
        ),
        (
            "CloudTrail Lake, whole",
            json!({ "QueryStatus": "FINISHED", "QueryResultRows": [[{ "eventJson": one("h1") }], [{ "eventjson": one("h2") }, { "eventid": "h2" }]] }),
            2,
        ),
        (
            "CloudTrail Lake, by column",
            json!({ "QueryStatus": "FINISHED", "QueryResultRows": [row("h3"), row("h4")] }),
            2,
        ),
        (
            "a row as an object",
            json!({ "eventJson": one("h5"), "eventid": "h5" }),
            1,
        ),
    ]
}

/// What `explain` finds: how many events, each of which fires the rule, and what it says of the rest.
fn explained(env: &TestEnv, file: &str) -> (u64, Value) {
    let (code, out, err) = env.run(&["explain", "--json", "--rule", "root/sign-in", file]);
    let found: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    assert_eq!(code == 0, found["problems"] == json!([]), "{err}");
    assert_eq!(
        found["fired"].as_u64(),
        Some(found["events"].as_array().unwrap().len() as u64)
    );
    (found["fired"].as_u64().unwrap(), found)
}

#[test]
fn every_form_holds_its_events() {
    let env = TestEnv::new();
    for (form, value, count) in forms() {
        for text in [value.to_string(), format!("{value:#}\n")] {
            write(env.path(), "log.json", text.as_bytes());
            let (code, counted, err) = report(&env, &["log.json"]);
            assert_eq!(code, 0, "{form}: {counted:#}{err}");
            assert_eq!(counted["alerts"], count, "{form}: {counted:#}");
            assert_eq!(counted["read"]["records"], count, "{form}");
            let (fired, found) = explained(&env, "log.json");
            assert_eq!(
                (fired, &found["left_out"]),
                (count, &json!([])),
                "{form}: {found:#}"
            );
        }
    }
}

#[test]
fn all_forms_one_behind_the_other_count_together() {
    let env = TestEnv::new();
    let all: Vec<String> = forms()
        .iter()
        .map(|(_, value, _)| value.to_string())
        .collect();
    let count: u64 = forms().iter().map(|(_, _, count)| count).sum();
    write(env.path(), "log.jsonl", all.join("\n").as_bytes());
    let (code, counted, err) = report(&env, &["log.jsonl"]);
    assert_eq!(
        (code, &counted["alerts"]),
        (0, &json!(count)),
        "{counted:#}{err}"
    );
    let (code, plainly, _) = report(&env, &["--plain", "log.jsonl"]);
    assert_eq!((code, plainly), (0, counted));
    assert_eq!(explained(&env, "log.jsonl").0, count);
}

#[test]
fn what_firehose_stores_is_compressed_twice() {
    let env = TestEnv::new();
    let envelopes: String = ["1", "2"]
        .map(|id| subscription(&[root(id).to_string()]).to_string())
        .concat();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&gzipped(&envelopes)).unwrap();
    write(env.path(), "twice.json.gz", &encoder.finish().unwrap());
    let (code, counted, err) = report(&env, &["twice.json.gz"]);
    assert_eq!(
        (code, &counted["alerts"]),
        (0, &json!(2)),
        "{counted:#}{err}"
    );
}

#[test]
fn data_of_a_subscription_alone_is_read() {
    let env = TestEnv::new();
    let data = packed(&subscription(&[root("1").to_string()]).to_string());
    // Some tools break its lines.
    let (first, second) = data.split_at(60);
    write(
        env.path(),
        "data.txt",
        format!("{first}\n{second}\n").as_bytes(),
    );
    assert_eq!(explained(&env, "data.txt").0, 1);
}

#[test]
fn messages_that_hold_no_event_are_named_and_stop_nothing() {
    let env = TestEnv::new();
    let text = "\"HIGH: somebody did something\"\n\"Result: AccessDenied\"";
    let confirm = json!({ "Type": "SubscriptionConfirmation", "MessageId": "m", "Message": "You have chosen to subscribe" });
    let control = json!({ "messageType": "CONTROL_MESSAGE", "logEvents": [{ "id": "", "timestamp": 1, "message": "CWL CONTROL MESSAGE" }] });
    let storage = json!({ "Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventTime": "2026-01-05T08:00:00Z",
        "eventName": "ObjectCreated:Put", "s3": { "bucket": { "name": "b" } },
    }] });
    let lines = [
        notification(text),
        confirm,
        control,
        storage.clone(),
        storage,
        root("1"),
    ];
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    write(env.path(), "log.jsonl", lines.join("\n").as_bytes());
    let (code, counted, err) = report(&env, &["log.jsonl"]);
    assert_eq!(code, 0, "{counted:#}{err}");
    assert_eq!(
        counted["read"]["left_out"],
        json!({
            "plain-text message": 1, "subscription message": 1, "CloudWatch Logs control message": 1,
            "non-CloudTrail notification": 2,
        })
    );
    assert_eq!(
        (&counted["alerts"], &counted["read"]["records"]),
        (&json!(1), &json!(1))
    );
    let (fired, found) = explained(&env, "log.jsonl");
    assert_eq!(
        (fired, found["left_out"].as_array().unwrap().len()),
        (1, 5),
        "{found:#}"
    );
}

#[test]
fn what_is_broken_inside_is_said_and_the_rest_is_read() {
    let env = TestEnv::new();
    let bomb = gzipped(&" ".repeat(17 << 20));
    let struct_text = json!({ "QueryResultRows": [[
        { "eventsource": "iam.amazonaws.com" }, { "eventname": "CreateUser" }, { "useridentity": "{type=Root, arn=x}" },
    ]] });
    for (form, value, words) in [
        ("SNS", notification("{\"eventSource\":"), "not JSON"),
        ("look-up", json!({ "CloudTrailEvent": "{" }), "not JSON"),
        (
            "base64",
            json!({ "awslogs": { "data": "H4sI!!" } }),
            "not base64",
        ),
        (
            "gzip",
            json!({ "awslogs": { "data": base64(b"\x1f\x8b\x08\x00oops") } }),
            "damaged",
        ),
        (
            "inflation",
            json!({ "awslogs": { "data": base64(&bomb) } }),
            "more than 16 MiB",
        ),
        ("Lake", struct_text, "select `eventJson`"),
        (
            "Lake, counts",
            json!({ "QueryResultRows": [[{ "eventName": "CreateUser" }, { "awsRegion": "us-east-1" }]] }),
            "select `eventJson`",
        ),
    ] {
        write(
            env.path(),
            "log.jsonl",
            format!("{value}\n{}", root("1")).as_bytes(),
        );
        let (code, counted, _) = report(&env, &["--keep-going", "log.jsonl"]);
        assert_eq!(
            (code, &counted["alerts"]),
            (1, &json!(1)),
            "{form}: {counted:#}"
        );
        let problem = counted["read"]["losses"][0]["problem"].as_str().unwrap();
        assert!(problem.contains(words), "{form}: {problem}");
        let (code, out, err) = env.run(&["explain", "log.jsonl"]);
        assert_eq!(code, 1, "{form}: {out}{err}");
        assert!(
            err.contains(words) && out.contains("root/sign-in"),
            "{form}: {out}{err}"
        );
    }
}

#[test]
fn what_is_wrapped_without_end_is_an_error() {
    let env = TestEnv::new();
    let mut text = root("1").to_string();
    for _ in 0..9 {
        text = notification(&text).to_string();
    }
    write(env.path(), "log.json", text.as_bytes());
    assert_eq!(explained(&env, "log.json").0, 1);
    let deep = format!("{}{text}{}", "[".repeat(60), "]".repeat(60));
    write(env.path(), "log.json", deep.as_bytes());
    let (code, _, err) = env.run(&["explain", "log.json"]);
    assert_eq!(code, 1);
    assert!(err.contains("wrapped more than 32 times"), "{err}");
}
