//! Counts of a generated corpus, found in three ways: the engine, the plain way, and `.ci/count-alerts`, a
//! program in another language that shares no code with this one.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cli::TestEnv;
use crate::corpus::{self, Plan};
use crate::shared;

const RULES: &str = r#"
version: 1
name: everything
home: { region: us-east-1, account: "111122223333" }
watch: { regions: all }
trail: existing-or-create
channels:
  mail: { email: security@example.com }
  second: { email: duty@example.com }
notify: { default: [mail], critical: [mail, second] }
rules: [{ use: pack/all }]
"#;

/// So many megabytes, unless `IAMWATCH_CORPUS_MB` says how many. Then the second program must be there too.
const MEGABYTES: u64 = 1;

#[test]
fn a_corpus_is_the_same_for_the_same_seed() {
    let plan = Plan {
        seed: 7,
        bytes: 2_000_000,
        days: 3,
    };
    let folder = |plan| {
        let folder = tempfile::tempdir().unwrap();
        let written = corpus::write(folder.path(), plan).unwrap();
        assert!(
            written.files > 1 && written.bytes >= plan.bytes,
            "{written:?}"
        );
        (written, content(folder.path()))
    };
    let (first, again) = (folder(plan), folder(plan));
    assert_eq!(first, again);
    let other = folder(Plan { seed: 8, ..plan });
    assert_ne!(first.1, other.1);
}

/// Every file below a folder.
fn content(top: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![top.to_owned()];
    while let Some(here) = waiting.pop() {
        for entry in std::fs::read_dir(&here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(top).unwrap().display().to_string();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn three_ways_find_the_same_numbers() {
    let asked = std::env::var("IAMWATCH_CORPUS_MB").ok();
    let megabytes = asked
        .as_ref()
        .map_or(MEGABYTES, |megabytes| megabytes.parse().unwrap());
    let env = TestEnv::new();
    std::fs::write(env.path().join("iamwatch.yaml"), RULES).unwrap();
    let logs = env.path().join("logs");
    let plan = Plan {
        seed: 2026,
        bytes: megabytes * 1_000_000,
        days: 30,
    };
    let written = corpus::write(&logs, plan).unwrap();

    let engine = report(&env, &[]);
    assert_eq!(engine["read"]["records"], written.records);
    assert_eq!(engine["read"]["files"], written.files);
    let plain = report(&env, &["--plain"]);
    assert_eq!(engine, plain);

    let engine = matches(&engine);
    let fired = engine.values().filter(|count| **count > 0).count();
    // Rare events need many records.
    let enough = if megabytes < 20 { 10 } else { engine.len() / 2 };
    assert!(
        fired >= enough,
        "only {fired} of {} rules see anything",
        engine.len()
    );
    if asked.is_none() && Command::new("python3").arg("-V").output().is_err() {
        eprintln!("skipped: no python3 for the second program");
        return;
    }
    let (code, patterns, err) = env.run(&["compile", "--json"]);
    assert_eq!(code, 0, "{err}");
    std::fs::write(env.path().join("patterns.json"), patterns).unwrap();
    let second = second(&[logs.to_str().unwrap()], &env.path().join("patterns.json"));
    let second: Value = serde_json::from_str(&second).unwrap();
    assert_eq!(second["records"], written.records);
    let counts: BTreeMap<String, u64> = second["rules"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(rule, count)| (rule.clone(), count.as_u64().unwrap()))
        .collect();
    assert_eq!(engine, counts);
    println!(
        "{} records, {fired} of {} rules see something: three times the same",
        written.records,
        engine.len()
    );
}

#[test]
fn the_second_program_knows_the_operators() {
    let Some(data) = shared::data() else {
        return;
    };
    let asked = std::env::var_os("IAMWATCH_CORPUS_MB").is_some();
    if !asked && Command::new("python3").arg("-V").output().is_err() {
        eprintln!("skipped: no python3 for the second program");
        return;
    }
    let file = |name: &str| data.join("patterns").join(name).display().to_string();
    let (validated, ruler) = (file("aws-validated.jsonl"), file("event-ruler.jsonl"));
    let said = second(&["--prove", &validated, &ruler], Path::new("/dev/null"));
    assert!(said.starts_with("980 verdicts reproduced, 0 not"), "{said}");
}

fn second(args: &[&str], input: &Path) -> String {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/count-alerts");
    let output = Command::new("python3")
        .arg(program)
        .args(args)
        .stdin(Stdio::from(std::fs::File::open(input).unwrap()))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert!(output.status.success(), "{}", text(output.stderr));
    text(output.stdout)
}

fn report(env: &TestEnv, further: &[&str]) -> Value {
    let args = [&["backtest", "--json", "logs"], further].concat();
    let (code, out, err) = env.run(&args);
    assert_eq!(code, 0, "{out}{err}");
    serde_json::from_str(&out).unwrap()
}

/// How many records match each rule, wherever it listens.
fn matches(report: &Value) -> BTreeMap<String, u64> {
    let rules = report["rules"].as_array().unwrap();
    let count = |rule: &Value| {
        let missed = rule["missed"].as_object().unwrap().values();
        let missed: u64 = missed.map(|count| count.as_u64().unwrap()).sum();
        rule["alerts"].as_u64().unwrap() + missed
    };
    rules
        .iter()
        .map(|rule| (rule["rule"].as_str().unwrap().to_owned(), count(rule)))
        .collect()
}
