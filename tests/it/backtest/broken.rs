//! What cannot be read is named, and what was read of it counts.

use iamwatch::cloudtrail::Identity;
use serde_json::{Value, json};

use super::command::{gzipped, made, numbered, report, write};
use crate::cli::TestEnv;

fn sign_ins(count: usize) -> Vec<Value> {
    let one = |n: usize| {
        let time = format!("2026-01-05T08:{:02}:{:02}Z", n / 60 % 60, n % 60);
        let mut record = made("signin:ConsoleLogin", Identity::Root, "us-east-1", &time);
        // Texts that compress badly, so that a cut hits records and not the table of a compressor.
        record["requestID"] = json!(format!(
            "{:x}",
            (n as u64 + 7).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ));
        record
    };
    (0..count).map(one).collect()
}

fn log(records: &[Value]) -> String {
    json!({ "Records": records }).to_string()
}

fn losses(report: &Value) -> Vec<(String, String, u64)> {
    let losses = report["read"]["losses"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    losses
        .iter()
        .map(|loss| {
            (
                text(&loss["name"]),
                text(&loss["problem"]),
                loss["records_read"].as_u64().unwrap(),
            )
        })
        .collect()
}

#[test]
fn what_can_be_read_of_a_cut_file_is_counted_and_the_rest_is_named() {
    let env = TestEnv::new();
    let whole = gzipped(&log(&sign_ins(400)));
    write(env.path(), "logs/1.json.gz", &whole[..whole.len() / 2]);
    let (code, report, err) = report(&env, &["logs"]);
    assert_eq!(code, 1, "{err}");
    let found = losses(&report);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].0.ends_with("1.json.gz") && found[0].1.contains("cut off"),
        "{found:?}"
    );
    let alerts = report["alerts"].as_u64().unwrap();
    assert!(alerts > 50 && alerts < 400, "{alerts}");
    assert_eq!(found[0].2, alerts);
    assert_eq!(report["complete"], false);
}

#[test]
fn every_kind_of_damage_is_named_and_the_others_are_read() {
    let env = TestEnv::new();
    let good = log(&sign_ins(3));
    let mut damaged = gzipped(&log(&sign_ins(400)));
    // In the checksum, so that everything before it can be read.
    let checksum = damaged.len() - 6;
    damaged[checksum] ^= 0x55;
    let files: [(&str, Vec<u8>, &str); 9] = [
        ("01.json.gz", damaged, "damaged"),
        ("02.json", b"".to_vec(), "empty"),
        ("03.json", b"PK\x03\x04 something".to_vec(), "not JSON"),
        ("04.json", br#"{"resources":[{"type":"AWS::S3::Bucket"}]}"#.to_vec(), "neither a CloudTrail record"),
        ("05.json", good.as_bytes()[..good.len() - 40].to_vec(), "ends in the middle"),
        ("06.json", b"[1,2,3]".to_vec(), "not JSON that holds records"),
        ("07.jsonl", format!("{}\n{{\"a\":1}}\n", sign_ins(1)[0]).into_bytes(), "record 2 is neither"),
        ("08.json.gz", gzipped(&good)[..30].to_vec(), "cut off"),
        ("09.jsonl", b"{\"eventTime\":\"2026-01-05T08:00:00Z\",\"eventName\":\"ConsoleLogin\",\"eventSource\":\"signin.amazonaws.com\",\"userIdentity\":{\"type\":\"Root\"} oops}".to_vec(), "not JSON"),
    ];
    for (name, bytes, _) in &files {
        write(env.path(), &format!("logs/{name}"), bytes);
    }
    write(env.path(), "logs/10.json", good.as_bytes());
    let (code, report, err) = report(&env, &["--keep-going", "logs", "nowhere.json"]);
    assert_eq!(code, 1, "{err}");
    let found = losses(&report);
    assert_eq!(found.len(), files.len() + 1, "{found:#?}");
    for ((name, _, words), (lost, problem, _)) in files.iter().zip(&found) {
        assert!(
            lost.ends_with(name) && problem.contains(words),
            "{name}: {lost}: {problem}"
        );
    }
    assert!(
        found[9].0 == "nowhere.json" && found[9].1.contains("No such file"),
        "{found:?}"
    );
    // The three of the good file, two before the cut, and one before an unknown object.
    assert!(report["alerts"].as_u64().unwrap() >= 6, "{report:#}");
    assert_eq!(report["read"]["files"], 1);
    assert_eq!(report["read"]["unread"], 3);
}

/// Whatever it is, it is no log, and reading it to its end would take as long as somebody likes.
#[test]
fn lists_in_lists_without_end_are_no_log() {
    let env = TestEnv::new();
    write(env.path(), "logs/1.json", &b"[".repeat(200_000));
    let (code, report, err) = report(&env, &["--keep-going", "logs"]);
    assert_eq!(code, 1, "{err}");
    let found = losses(&report);
    assert_eq!(found[0].1, "not JSON that holds records: `[` at byte 64");
}

/// As deep as it gets, and one deeper: whatever is around the lists, and however the file is packed.
#[test]
fn lists_in_lists_are_read_down_to_a_depth() {
    let record = sign_ins(1)[0].to_string();
    let nested = |depth: usize, inside: &str| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!("{open}{inside}{close}")
    };
    let endless = "[".repeat(200_000);
    let wrapped = |list: &str| format!(r#"{{"Records":{list}}}"#);
    for (name, text, alerts, lost) in [
        ("1.json", nested(64, &record), 1, None),
        ("1.json", nested(65, &record), 0, Some("`[` at byte 64")),
        ("1.json", wrapped(&nested(64, &record)), 1, None),
        (
            "1.json",
            wrapped(&nested(65, &record)),
            0,
            Some("`[` at byte 75"),
        ),
        (
            "1.json",
            wrapped(&nested(100_000, "")),
            0,
            Some("`[` at byte 75"),
        ),
        ("1.json.gz", endless.clone(), 0, Some("`[` at byte 64")),
        ("1.json.gz", wrapped(&endless), 0, Some("`[` at byte 75")),
        // With what stands between lists.
        (
            "1.json",
            "[ \n\t,".repeat(100_000),
            0,
            Some("not JSON that holds records: `[`"),
        ),
        // What came before it counts.
        (
            "1.jsonl",
            format!("{record}\n{endless}\n"),
            1,
            Some("not JSON that holds records: `[`"),
        ),
        (
            "1.json",
            format!("[{record},{endless}"),
            1,
            Some("not JSON that holds records: `[`"),
        ),
    ] {
        let env = TestEnv::new();
        let bytes = match name.ends_with(".gz") {
            true => gzipped(&text),
            false => text.clone().into_bytes(),
        };
        write(env.path(), name, &bytes);
        let (code, report, err) = report(&env, &["--keep-going", name]);
        let begin = &text[..text.len().min(40)];
        assert_eq!(code, i32::from(lost.is_some()), "{begin}: {err}");
        assert_eq!(report["alerts"], alerts, "{begin}");
        let found = losses(&report);
        assert_eq!(found.len(), usize::from(lost.is_some()), "{begin}");
        if let Some(lost) = lost {
            assert!(found[0].0.ends_with(name), "{found:?}");
            assert!(found[0].1.contains(lost), "{begin}: {found:?}");
            assert_eq!(found[0].2, alerts, "{begin}");
        }
    }
}

/// A record that is too deep to be read is lost alone, and the good ones around it are counted.
#[test]
fn what_is_nested_too_deep_is_lost_alone() {
    let records = sign_ins(3);
    let deep = [
        format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000)),
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{}1{}", r#"[{"a":"#.repeat(60_000), "}]".repeat(60_000)),
    ];
    for deep in deep {
        let begin = &deep[..12];
        let mut bad = records[1].clone();
        bad["requestParameters"] = json!("@");
        let bad = bad.to_string().replace(r#""@""#, &deep);
        let list = format!("{},{bad},{}", records[0], records[2]);
        let lines = list.replace(&format!(",{bad},"), &format!("\n{bad}\n"));
        let log = format!(r#"{{"Records":[{list}]}}"#);
        let env = TestEnv::new();
        write(env.path(), "logs/1.json", log.as_bytes());
        write(env.path(), "logs/2.json.gz", &gzipped(&log));
        write(env.path(), "logs/3.jsonl", lines.as_bytes());
        write(env.path(), "logs/4.json", format!("[{list}]").as_bytes());
        let (code, report, err) = report(&env, &["--keep-going", "logs"]);
        assert_eq!(code, 1, "{begin}: {err}");
        let found = losses(&report);
        assert_eq!(found.len(), 4, "{begin}: {found:?}");
        for ((name, problem, read), file) in
            found
                .iter()
                .zip(["1.json", "2.json.gz", "3.jsonl", "4.json"])
        {
            assert!(name.ends_with(file), "{begin}: {name}");
            assert!(
                problem.starts_with("record 2 is not JSON: nested deeper than 1000 levels"),
                "{begin}: {problem}"
            );
            assert_eq!(*read, 2, "{begin}");
        }
        assert_eq!(report["read"]["unread"], 4, "{begin}");
    }
    // A file that is nothing else.
    let env = TestEnv::new();
    let deep = format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    write(env.path(), "1.json", deep.as_bytes());
    let (code, report, err) = report(&env, &["--keep-going", "1.json"]);
    assert_eq!(code, 1, "{err}");
    let found = losses(&report);
    assert!(
        found.len() == 1 && found[0].1.contains("nested deeper than 1000 levels"),
        "{found:?}"
    );
}

/// JSON in a text is a text, however deep: only what may be an envelope is looked into.
#[test]
fn depth_inside_a_text_of_a_record_is_none() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let mut records = sign_ins(2);
    records[0]["requestParameters"] = json!({ "policyDocument": deep });
    records[1]["userAgent"] = json!(r#"{"a":"#.repeat(20_000));
    let env = TestEnv::new();
    write(env.path(), "1.json", log(&records).as_bytes());
    let (code, whole, err) = report(&env, &["1.json"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(whole["read"]["records"], 2);
    assert!(losses(&whole).is_empty(), "{whole:#}");
    // What an envelope holds must be read: that it cannot be is said, and the next one counts.
    let env = TestEnv::new();
    let envelope = json!({ "Type": "Notification", "Message": deep });
    let lines = format!("{envelope}\n{}\n", sign_ins(1)[0]);
    write(env.path(), "1.jsonl", lines.as_bytes());
    let (code, report, err) = report(&env, &["--keep-going", "1.jsonl"]);
    assert_eq!(code, 1, "{err}");
    let found = losses(&report);
    assert!(
        found.len() == 1 && found[0].1.starts_with("record 1 is not JSON"),
        "{found:?}"
    );
    assert_eq!(report["alerts"], 1);
}

#[test]
fn without_keep_going_the_first_loss_ends_the_work_and_says_so() {
    let env = TestEnv::new();
    write(env.path(), "logs/1.json", b"oops");
    let (code, out, err) = env.run(&["backtest", "logs"]);
    assert_eq!(code, 1);
    assert!(
        out.contains("not read, or not to the end: 1") && out.contains("1.json"),
        "{out}"
    );
    assert!(err.contains("--keep-going"), "{err}");
}

#[test]
fn folders_without_logs_are_no_silence() {
    let env = TestEnv::new();
    std::fs::create_dir(env.path().join("empty")).unwrap();
    write(env.path(), "notes/read.me", b"x");
    let (code, report, _) = report(&env, &["--keep-going", "empty", "notes"]);
    assert_eq!(code, 1);
    let found = losses(&report);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found
            .iter()
            .all(|(_, problem, _)| problem.contains("no log")),
        "{found:?}"
    );
    assert_eq!(report["read"]["skipped"], json!({ "other_name": 1 }));
}

#[test]
fn a_record_that_eventbridge_would_not_get_raises_no_alert() {
    let env = TestEnv::new();
    let mut records = sign_ins(2);
    records[1]["userAgent"] = json!("x".repeat(300_000));
    write(env.path(), "1.json", log(&records).as_bytes());
    let (code, report, err) = report(&env, &["1.json"]);
    assert_eq!(code, 0, "{err}");
    let rule = &report["rules"][0];
    assert_eq!(
        (&rule["alerts"], &rule["missed"]),
        (&json!(1), &json!({ "too_large": 1 }))
    );
    assert_eq!(report["read"]["records"], 2);
}

#[test]
fn what_only_a_part_of_the_rules_hears_of_is_told_apart() {
    let env = TestEnv::new();
    let rules = "version: 1\nname: acme\nhome: { region: us-east-1 }\nwatch: { regions: [us-east-1] }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules: [{ use: signin/failed }]\n";
    write(env.path(), "iamwatch.yaml", rules.as_bytes());
    let failed = |region: &str| {
        let mut record = made(
            "signin:ConsoleLogin",
            Identity::IamUser,
            region,
            "2026-01-05T08:00:00Z",
        );
        record["awsRegion"] = json!(region);
        record["responseElements"] = json!({ "ConsoleLogin": "Failure" });
        record["errorMessage"] = json!("Failed authentication");
        record
    };
    let mut records = ["us-east-1", "eu-north-1", "eu-north-1"].map(failed);
    numbered(&mut records);
    write(env.path(), "1.json", log(&records).as_bytes());
    let (code, report, err) = report(&env, &["--rule", "signin/failed", "1.json"]);
    assert_eq!(code, 0, "{err}");
    let rule = &report["rules"][0];
    assert_eq!(rule["alerts"], 1, "{report:#}");
    assert_eq!(rule["missed"], json!({ "not_listening": 2 }));
    assert_eq!(rule["unheard_in"], json!(["eu-north-1"]));
}

#[test]
fn digests_are_known_by_what_they_hold() {
    let env = TestEnv::new();
    write(env.path(), "1.json", log(&sign_ins(1)).as_bytes());
    write(env.path(), "digest.json", br#"{"awsAccountId":"111122223333","digestS3Bucket":"b","digestS3Object":"o","logFiles":[]}"#);
    let (code, report, err) = report(&env, &["1.json", "digest.json"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(report["read"]["skipped"], json!({ "digest": 1 }));
    assert_eq!(report["alerts"], 1);
}
