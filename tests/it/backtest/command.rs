//! The command over files as people have them.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use iamwatch::cloudtrail::{Identity, Setting, record};
use iamwatch::place::{AccountId, Region};
use serde_json::{Value, json};

use crate::cli::TestEnv;

/// A record of a call in a Region at a time.
pub(crate) fn made(api: &str, identity: Identity, region: &str, time: &str) -> Value {
    let (service, name) = api.split_once(':').unwrap();
    let account: AccountId = "111122223333".parse().unwrap();
    let region: Region = region.parse().unwrap();
    record(
        service,
        name,
        identity,
        &Setting {
            account: &account,
            region: &region,
            time,
            id: "00000000-0000-4000-8000-000000000001",
        },
    )
}

/// Gives records ids of their own: without, those of one moment would be copies.
pub(crate) fn numbered(records: &mut [Value]) {
    for (n, record) in records.iter_mut().enumerate() {
        record["eventID"] = json!(format!("00000000-0000-4000-8000-{n:012}"));
    }
}

pub(crate) fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

pub(crate) fn report(env: &TestEnv, args: &[&str]) -> (i32, Value, String) {
    let args: Vec<&str> = ["backtest", "--json"].iter().chain(args).copied().collect();
    let (code, out, err) = env.run(&args);
    (
        code,
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}")),
        err,
    )
}

#[test]
fn log_files_lines_lists_and_events_count_alike() {
    let env = TestEnv::new();
    let root = |hour: u32| {
        let time = format!("2026-01-05T{hour:02}:30:00Z");
        made("signin:ConsoleLogin", Identity::Root, "us-east-1", &time)
    };
    let other = made(
        "s3:CreateBucket",
        Identity::AssumedRole,
        "us-east-1",
        "2026-01-05T08:00:00Z",
    );
    let folder = env.path().join("logs");
    let log = |first, second| json!({ "Records": [root(first), other, root(second)] }).to_string();
    write(&folder, "a/one.json.gz", &gzipped(&log(1, 2)));
    write(&folder, "a/two.json", log(5, 6).as_bytes());
    write(
        &folder,
        "b/three.json",
        json!([root(3), other]).to_string().as_bytes(),
    );
    write(
        &folder,
        "b/four.jsonl.gz",
        &gzipped(&format!("{}\n{other}\n\n", root(4))),
    );
    write(&folder, "CloudTrail-Digest/digest.json.gz", &gzipped("{}"));
    write(&folder, "notes.txt", b"not a log");
    let (code, report, err) = report(&env, &["logs"]);
    assert_eq!(code, 0, "{report:#}{err}");
    assert_eq!(report["alerts"], 6, "{report:#}");
    assert_eq!(report["read"]["records"], 10);
    assert_eq!(report["read"]["files"], 4);
    assert_eq!(
        report["read"]["skipped"],
        json!({ "digest": 1, "other_name": 1 })
    );
    let rule = &report["rules"][0];
    assert_eq!(rule["rule"], "root/sign-in");
    assert_eq!(
        rule["worst_hour"],
        json!({ "hour": "2026-01-05T01:00:00Z", "alerts": 1 })
    );
    assert_eq!(rule["days"], json!({ "2026-01-05": 6 }));
    assert_eq!(rule["last"], "2026-01-05T06:30:00Z");
}

/// Ten days of a small account: a deployer that changes roles every day, root once, failed sign-ins in two Regions.
fn example() -> String {
    let mut records = Vec::new();
    for day in 1..=10 {
        for hour in [8, 9, 9, 17] {
            let time = format!("2026-03-{day:02}T{hour:02}:15:00Z");
            records.push(made(
                "iam:AttachRolePolicy",
                Identity::AssumedRole,
                "us-east-1",
                &time,
            ));
            records.push(made(
                "s3:ListBuckets",
                Identity::IamUser,
                "us-east-1",
                &time,
            ));
        }
    }
    records.push(made(
        "iam:CreateUser",
        Identity::IamUser,
        "us-east-1",
        "2026-03-04T11:00:00Z",
    ));
    records.push(made(
        "signin:ConsoleLogin",
        Identity::Root,
        "us-east-1",
        "2026-03-07T03:20:00Z",
    ));
    for region in ["us-east-1", "eu-north-1", "eu-north-1"] {
        let mut record = made(
            "signin:ConsoleLogin",
            Identity::IamUser,
            region,
            "2026-03-09T22:10:00Z",
        );
        record["awsRegion"] = json!(region);
        record["responseElements"] = json!({ "ConsoleLogin": "Failure" });
        record["errorMessage"] = json!("Failed authentication");
        records.push(record);
    }
    numbered(&mut records);
    let lines = records.iter().map(|record| format!("{record}\n"));
    lines.collect()
}

#[test]
fn the_readme_shows_what_the_example_prints() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let log = project.join("tests/logs/backtest.jsonl");
    let readme = project.join("README.md");
    let bless = std::env::var_os(crate::snapshot::BLESS).is_some();
    if bless {
        std::fs::write(&log, example()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&log).unwrap(), example());
    let env = TestEnv::new();
    for name in ["examples/backtest.yaml", "tests/logs/backtest.jsonl"] {
        let text = std::fs::read(project.join(name)).unwrap();
        write(env.path(), name, &text);
    }
    let (code, out, err) = env.run(&[
        "-f",
        "examples/backtest.yaml",
        "backtest",
        "tests/logs/backtest.jsonl",
    ]);
    assert_eq!(code, 0, "{out}{err}");
    let text = std::fs::read_to_string(&readme).unwrap();
    let head = "compares it:\n\n```text\n";
    let start = text.find(head).unwrap() + head.len();
    let end = start + text[start..].find("```\n").unwrap();
    if bless {
        std::fs::write(&readme, format!("{}{out}{}", &text[..start], &text[end..])).unwrap();
    } else {
        assert_eq!(&text[start..end], out);
    }
}

#[test]
fn the_exception_that_is_suggested_leaves_as_many_alerts_as_it_says() {
    let env = TestEnv::new();
    write(env.path(), "log.jsonl", example().as_bytes());
    let rules = |unless: &str| {
        format!(
            "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels: {{ mail: {{ email: a@example.com }} }}\nnotify: {{ default: [mail] }}\nrules:\n  - use: iam/auth-changes\n    {unless}\n"
        )
    };
    write(env.path(), "iamwatch.yaml", rules("").as_bytes());
    let (code, before, err) = report(&env, &["log.jsonl"]);
    assert_eq!(code, 0, "{err}");
    let rule = &before["rules"][0];
    assert_eq!(rule["alerts"], 41);
    let noisy = &rule["noisiest"][0];
    assert_eq!(
        (&noisy["alerts"], &noisy["remaining"]),
        (&json!(40), &json!(1)),
        "{rule:#}"
    );
    write(
        env.path(),
        "iamwatch.yaml",
        rules(noisy["unless"].as_str().unwrap()).as_bytes(),
    );
    let (code, after, err) = report(&env, &["log.jsonl"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(after["rules"][0]["alerts"], noisy["remaining"]);
}

#[test]
fn a_pattern_alone_counts_and_csv_adds_up() {
    let env = TestEnv::new();
    write(env.path(), "log.jsonl", example().as_bytes());
    let pattern = r#"{"detail":{"eventName":[{"prefix":"Attach"}]}}"#;
    let args = [
        "backtest",
        "--csv",
        "--since",
        "2026-03-02",
        "--until",
        "2026-03-04",
        "--pattern",
        pattern,
        "log.jsonl",
    ];
    let (code, out, err) = env.run(&args);
    assert_eq!(
        (code, out.as_str()),
        (
            0,
            "rule,day,alerts\npattern,2026-03-02,4\npattern,2026-03-03,4\n"
        ),
        "{err}"
    );
}
