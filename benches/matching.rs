//! What matching costs, in units of parsing: 15 typical patterns on a record that is already parsed,
//! against reading that record with `serde_json::Value`.
//!
//! "Parsed" means `Event`: the tree of the record with names, texts and numbers, as `Event::parse`
//! or `Event::from_value` leave it. Nothing is prepared per pattern; the paths are walked in that tree
//! each time. What making an `Event` costs is printed beside it.
//!
//! Times are medians of several rounds over all records, and only ever printed.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use iamwatch::pattern::{Event, EventPattern};
use serde_json::{Value, json};

/// As the program has it.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const ROUNDS: usize = 31;

fn main() {
    let records = records();
    let patterns: Vec<EventPattern> = patterns()
        .iter()
        .filter_map(|pattern| EventPattern::from_value(pattern).ok())
        .collect();
    let events: Vec<Event> = records
        .iter()
        .filter_map(|record| Event::parse(record).ok())
        .collect();
    let matching = median(|| {
        for event in &events {
            for pattern in &patterns {
                black_box(pattern.matches(black_box(event)));
            }
        }
    });
    let parsing = median(|| {
        for record in &records {
            black_box(serde_json::from_str::<Value>(black_box(record)).ok());
        }
    });
    let reading = median(|| {
        for record in &records {
            black_box(Event::parse(black_box(record)).ok());
        }
    });
    let hits = events
        .iter()
        .map(|event| patterns.iter().filter(|p| p.matches(event)).count())
        .sum::<usize>();
    let bytes = records.iter().map(String::len).sum::<usize>();
    let per_record = |time: Duration| time.as_nanos() / records.len().max(1) as u128;
    println!(
        "{} records of {} bytes on average, {} patterns, {hits} matches",
        records.len(),
        bytes / records.len().max(1),
        patterns.len()
    );
    println!(
        "serde_json::Value parse     {:>7} ns a record",
        per_record(parsing)
    );
    println!(
        "Event::parse                {:>7} ns a record",
        per_record(reading)
    );
    println!(
        "matching {:>2} patterns        {:>7} ns a record",
        patterns.len(),
        per_record(matching)
    );
    let ratio = |time: Duration| time.as_secs_f64() / parsing.as_secs_f64();
    println!("matching / Value parse      {:.3}", ratio(matching));
    println!("Event::parse / Value parse  {:.3}", ratio(reading));
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times.get(ROUNDS / 2).copied().unwrap_or_default()
}

/// Events as EventBridge delivers them: real CloudTrail records in their envelope where the shared
/// data lie beside the project, else the events of the project's own vectors.
fn records() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("IAMWATCH_SHARED_DATA")
        .map_or_else(|| root.join("../shared/data"), PathBuf::from);
    let records: Vec<String> = lines(&shared.join("cloudtrail"))
        .into_iter()
        .filter_map(|line| {
            let record: Value = serde_json::from_str(&line).ok()?;
            record.get("eventName")?;
            let field = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or("");
            let service = field("eventSource").split('.').next().unwrap_or("");
            let envelope = json!({
                "version": "0",
                "id": field("eventID"),
                "detail-type": if service == "signin" {
                    "AWS Console Sign In via CloudTrail"
                } else {
                    "AWS API Call via CloudTrail"
                },
                "source": format!("aws.{service}"),
                "account": field("recipientAccountId"),
                "time": field("eventTime"),
                "region": field("awsRegion"),
                "resources": [],
                "detail": record,
            });
            Some(envelope.to_string())
        })
        .collect();
    if !records.is_empty() {
        return records;
    }
    let vectors = lines(&root.join("src/pattern/tests/vectors"));
    let events = vectors.iter().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let event = line.get("event")?;
        event.get("detail").map(|_| event.to_string())
    });
    events.collect()
}

/// The lines of all `.jsonl` files of a folder.
fn lines(folder: &Path) -> Vec<String> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| {
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .collect()
        })
        .unwrap_or_default();
    files.sort();
    files
        .iter()
        .filter(|file| file.extension().is_some_and(|kind| kind == "jsonl"))
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// Fifteen patterns like those that the catalogue compiles to.
fn patterns() -> [Value; 15] {
    let call = json!(["AWS API Call via CloudTrail"]);
    let sign_in = json!([
        "AWS Console Sign In via CloudTrail",
        "AWS Console Signin via CloudTrail"
    ]);
    let prefixes =
        |names: &[&str]| -> Value { names.iter().map(|name| json!({ "prefix": name })).collect() };
    let iam = |event_name: Value| {
        json!({
            "source": ["aws.iam", "iamwatch.test.acme"],
            "detail-type": call,
            "detail": { "eventSource": ["iam.amazonaws.com"], "eventName": event_name }
        })
    };
    [
        json!({ "source": ["aws.iam"], "detail-type": call, "detail": { "eventSource": ["iam.amazonaws.com"] } }),
        iam(prefixes(&[
            "Add",
            "Attach",
            "Change",
            "Create",
            "Deactivate",
            "Delete",
            "Detach",
            "Enable",
            "Put",
            "Remove",
            "Set",
            "Update",
            "Upload",
        ])),
        iam(json!([
            { "wildcard": "Put*Policy" }, { "prefix": "Attach" }, { "prefix": "Detach" },
            { "prefix": "Create" }, { "prefix": "Update" }, { "prefix": "Upload" },
            { "prefix": "Delete" }, { "prefix": "Remove" }, { "prefix": "Set" }
        ])),
        json!({ "detail": {
            "userIdentity": { "type": ["Root"], "invokedBy": [{ "exists": false }] },
            "eventType": [{ "anything-but": "AwsServiceEvent" }]
        } }),
        json!({ "detail-type": sign_in, "detail": { "userIdentity": { "type": ["Root"] }, "eventName": ["ConsoleLogin"] } }),
        json!({ "detail-type": sign_in, "detail": {
            "eventName": ["ConsoleLogin"], "responseElements": { "ConsoleLogin": ["Failure"] }
        } }),
        json!({ "detail-type": sign_in, "detail": {
            "eventName": ["ConsoleLogin"], "responseElements": { "ConsoleLogin": ["Success"] }
        } }),
        json!({ "detail-type": sign_in, "detail": {
            "eventName": ["ConsoleLogin"], "userIdentity": { "type": ["IAMUser", "Root"] },
            "additionalEventData": { "MFAUsed": [{ "anything-but": { "equals-ignore-case": "yes" } }] }
        } }),
        json!({ "detail": { "eventSource": ["iam.amazonaws.com"], "requestParameters": {
            "policyArn": [{ "suffix": ":policy/AdministratorAccess" }]
        } } }),
        json!({ "detail": { "errorCode": [
            { "prefix": "AccessDenied" }, "Client.UnauthorizedOperation", "UnauthorizedOperation"
        ] } }),
        json!({ "detail": { "eventSource": ["cloudtrail.amazonaws.com"], "eventName": [
            "StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"
        ] } }),
        json!({ "detail": { "eventSource": ["kms.amazonaws.com"], "eventName": [
            "DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy"
        ], "userIdentity": { "invokedBy": [{ "exists": false }] } } }),
        json!({ "detail": { "eventSource": ["sts.amazonaws.com"], "eventName": [{ "prefix": "AssumeRole" }],
            "sourceIPAddress": [{ "anything-but": { "suffix": ".amazonaws.com" } }] } }),
        json!({ "$or": [
            { "detail": { "eventSource": ["organizations.amazonaws.com"], "eventName": ["LeaveOrganization", "RemoveAccountFromOrganization"] } },
            { "detail": { "eventSource": ["s3.amazonaws.com"], "eventName": ["DeleteBucketPolicy", "PutBucketPolicy", "PutBucketAcl"] } }
        ] }),
        json!({ "detail": { "userIdentity": { "arn": [{ "wildcard": "arn:aws:iam::*:user/break-glass*" }] },
            "sourceIPAddress": [{ "cidr": "203.0.113.0/24" }, { "exists": false }] } }),
    ]
}
