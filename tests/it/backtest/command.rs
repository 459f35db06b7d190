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
pub fn made(api: &str, identity: Identity, region: &str, time: &str) -> Value {
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

pub fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

pub fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

pub fn report(env: &TestEnv, args: &[&str]) -> (i32, Value, String) {
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
    let log = json!({ "Records": [root(1), other, root(2)] }).to_string();
    write(&folder, "a/one.json.gz", &gzipped(&log));
    write(&folder, "a/two.json", log.as_bytes());
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
        json!({ "hour": "2026-01-05T01:00:00Z", "alerts": 2 })
    );
    assert_eq!(rule["days"], json!({ "2026-01-05": 6 }));
    assert_eq!(rule["last"], "2026-01-05T04:30:00Z");
}
