//! The ways of this program's language: the engine, decompression alone, and parsing everything.

use iamwatch::check;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use flate2::bufread::MultiGzDecoder;
use iamwatch::backtest::source::files;
use iamwatch::backtest::{Control, Engine, Options, count};
use iamwatch::cloudtrail::{Setting, wrap};
use iamwatch::compile::{self, Compiled};
use iamwatch::pattern::{Event, EventPattern};
use iamwatch::rules::RulesFile;
use serde_json::{Value, json};

use super::{Outcome, others};

/// Patterns as people write them: rare calls of several services, a prefix, failures, who and not who.
pub(crate) fn typical() -> Vec<(String, Value)> {
    let pattern = |source: &str, detail: Value| json!({ "source": [source], "detail": detail });
    let patterns = [
        (
            "root",
            json!({ "source": [{ "prefix": "aws." }], "detail": { "userIdentity": { "type": ["Root"] } } }),
        ),
        (
            "users",
            pattern(
                "aws.iam",
                json!({ "eventName": ["CreateUser", "DeleteUser", "CreateAccessKey"] }),
            ),
        ),
        (
            "policies",
            pattern(
                "aws.iam",
                json!({ "eventName": ["PutRolePolicy", "AttachRolePolicy", "CreatePolicyVersion"] }),
            ),
        ),
        (
            "administrators",
            pattern(
                "aws.iam",
                json!({ "eventName": [{ "prefix": "Attach" }], "requestParameters": { "policyArn": ["arn:aws:iam::aws:policy/AdministratorAccess"] } }),
            ),
        ),
        (
            "no-mfa",
            pattern(
                "aws.signin",
                json!({ "eventName": ["ConsoleLogin"], "additionalEventData": { "MFAUsed": ["No"] } }),
            ),
        ),
        (
            "failed-sign-in",
            pattern(
                "aws.signin",
                json!({ "errorMessage": ["Failed authentication"] }),
            ),
        ),
        (
            "trails",
            pattern(
                "aws.cloudtrail",
                json!({ "eventName": ["StopLogging", "DeleteTrail", "UpdateTrail"] }),
            ),
        ),
        (
            "keys",
            pattern(
                "aws.kms",
                json!({ "eventName": ["ScheduleKeyDeletion", "DisableKey"] }),
            ),
        ),
        (
            "buckets",
            pattern(
                "aws.s3",
                json!({ "eventName": ["PutBucketPolicy", "DeleteBucketPolicy", "PutBucketAcl"] }),
            ),
        ),
        (
            "groups",
            pattern(
                "aws.ec2",
                json!({ "eventName": [{ "prefix": "AuthorizeSecurityGroup" }] }),
            ),
        ),
        (
            "detectors",
            pattern(
                "aws.guardduty",
                json!({ "eventName": ["DeleteDetector", "UpdateDetector"] }),
            ),
        ),
        (
            "denied-identity",
            pattern("aws.iam", json!({ "errorCode": ["AccessDenied"] })),
        ),
        (
            "role-changes",
            pattern(
                "aws.iam",
                json!({ "eventName": ["UpdateAssumeRolePolicy", "CreateRole"], "userIdentity": { "type": [{ "anything-but": "AWSService" }] } }),
            ),
        ),
        (
            "organization",
            pattern(
                "aws.organizations",
                json!({ "eventName": [{ "anything-but": "ListAccounts" }] }),
            ),
        ),
        (
            "recorders",
            pattern(
                "aws.config",
                json!({ "eventName": ["StopConfigurationRecorder", "DeleteConfigurationRecorder"] }),
            ),
        ),
    ];
    patterns
        .into_iter()
        .map(|(name, pattern)| (name.to_owned(), pattern))
        .collect()
}

/// Goes one way and says what it took.
pub(crate) fn measured(
    way: &str,
    catalogue: bool,
    threads: usize,
    logs: &Path,
) -> Result<Outcome, Box<dyn Error>> {
    let began = Instant::now();
    let counts = match way {
        "gunzip" => gunzip(logs)?,
        "engine" => engine(catalogue, threads, logs)?,
        "serde_json" => values(catalogue, logs)?,
        "jq" => others::jq(&typical(), logs)?,
        "duckdb" => others::duckdb(&typical(), logs)?,
        other => return Err(format!("no way is called {other}").into()),
    };
    let wall = began.elapsed().as_secs_f64();
    let (cpu, memory) = used()?;
    Ok(Outcome {
        counts,
        cpu,
        wall,
        memory,
    })
}

/// CPU seconds of this process and its children, and its peak of memory in megabytes. Source: proc(5).
fn used() -> Result<(f64, f64), Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name before may hold spaces.
    let (_, fields) = stat.rsplit_once(')').ok_or("no stat")?;
    // utime, stime, cutime, cstime are fields 14 to 17; the state, behind the name, is field 3.
    let ticks: f64 = fields
        .split_whitespace()
        .skip(11)
        .take(4)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    // Linux counts 100 ticks a second for every program.
    Ok((ticks / 100.0, peak.unwrap_or_default() / 1024.0))
}

/// The log files, without the digests.
pub(crate) fn log_files(top: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut waiting = vec![top.to_owned()];
    while let Some(here) = waiting.pop() {
        for entry in fs::read_dir(&here)? {
            let path = entry?.path();
            if path.is_dir() {
                if path
                    .file_name()
                    .is_none_or(|name| name != "CloudTrail-Digest")
                {
                    waiting.push(path);
                }
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn gunzip(logs: &Path) -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
    let mut buffer = vec![0; 256 * 1024];
    let mut bytes = 0;
    for path in log_files(logs)? {
        let mut decoder =
            MultiGzDecoder::new(BufReader::with_capacity(64 * 1024, File::open(path)?));
        loop {
            let read = decoder.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
        }
    }
    Ok(BTreeMap::from([("bytes".to_owned(), bytes)]))
}

fn rules_file(catalogue: bool) -> Value {
    let rules: Vec<Value> = if catalogue {
        vec![json!({ "use": "pack/all" })]
    } else {
        let rule = |(name, pattern)| json!({ "id": name, "title": name, "severity": "low", "pattern": pattern });
        typical().into_iter().map(rule).collect()
    };
    json!({
        "version": 1,
        "name": "bench",
        "home": { "region": "us-east-1", "account": "111122223333" },
        "trail": "existing-or-create",
        "channels": { "mail": { "email": "a@example.com" }, "second": { "email": "b@example.com" } },
        "notify": { "default": ["mail"], "critical": ["mail", "second"] },
        "rules": rules,
    })
}

fn compiled(catalogue: bool) -> Result<(RulesFile, Vec<Compiled>), Box<dyn Error>> {
    let loaded = check::load_text("bench.yaml", &rules_file(catalogue).to_string());
    let file = loaded
        .file
        .ok_or_else(|| format!("{:?}", loaded.diagnostics))?;
    let compiled = compile::compile(&file, compile::PATTERN_QUOTA);
    let compiled = compiled.map_err(|error| format!("{error:?}"))?;
    Ok((file, compiled))
}

fn engine(
    catalogue: bool,
    threads: usize,
    logs: &Path,
) -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
    let (account, region) = ("111122223333".parse()?, "us-east-1".parse()?);
    let (file, compiled) = compiled(catalogue)?;
    let options = Options::counting(Setting::unsaid(&account, &region));
    let engine = Engine::new(Some(&file), &compiled, &[], options)?;
    let mut control = Control::new(false);
    control.workers = threads;
    let tally = count(&engine, files::source(&[logs.to_owned()]), &control)?;
    if tally.lost > 0 {
        return Err(format!("{:?}", tally.losses).into());
    }
    let counts = engine.rules().zip(&tally.rules).map(|(id, rule)| {
        let missed: u64 = rule.missed.values().sum();
        (id.0.clone(), rule.alerts + missed)
    });
    Ok(counts.collect())
}

/// Everything parsed as `serde_json::Value`, and every pattern asked.
fn values(catalogue: bool, logs: &Path) -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
    let (account, region) = ("111122223333".parse()?, "us-east-1".parse()?);
    let setting = Setting::unsaid(&account, &region);
    let (_, compiled) = compiled(catalogue)?;
    let mut counts = BTreeMap::new();
    let mut rules = Vec::new();
    for parts in compiled.chunk_by(|a, b| a.rule == b.rule) {
        let Some(first) = parts.first() else {
            continue;
        };
        counts.insert(first.rule.0.clone(), 0);
        let patterns = parts
            .iter()
            .map(|part| EventPattern::from_value(&part.pattern));
        rules.push((
            first.rule.0.clone(),
            patterns.collect::<Result<Vec<_>, _>>()?,
        ));
    }
    let mut text = Vec::new();
    for path in log_files(logs)? {
        text.clear();
        let file = BufReader::with_capacity(64 * 1024, File::open(path)?);
        MultiGzDecoder::new(file).read_to_end(&mut text)?;
        let mut log: Value = serde_json::from_slice(&text)?;
        let records = log.get_mut("Records").and_then(Value::as_array_mut);
        for record in records.map(std::mem::take).unwrap_or_default() {
            let event = Event::from_value(&wrap(record, &setting))?;
            for (rule, patterns) in &rules {
                if patterns.iter().any(|pattern| pattern.matches(&event))
                    && let Some(count) = counts.get_mut(rule)
                {
                    *count += 1;
                }
            }
        }
    }
    Ok(counts)
}
