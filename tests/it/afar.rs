//! Logs that lie elsewhere: buckets and the event history.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use futures::{StreamExt, stream};
use iamwatch::backtest::source::{lookup, s3};
use iamwatch::backtest::{Body, Engine, Found, Loss, Options, Skip, Source, Window, parse_time};
use iamwatch::check;
use iamwatch::cloudtrail::{Identity, Setting};
use iamwatch::compile::{PATTERN_QUOTA, compile};
use iamwatch::place::AccountId;
use serde_json::{Value, json};

use crate::backtest::command::{made, numbered};
use crate::backtest::count_all;
use crate::stage::Stage;

const FOLDER: &str = "AWSLogs/o-abc/111122223333/CloudTrail/us-east-1/2026/01";

/// 2,000 objects of ten days: more than a page, one of which is deleted while they are read.
pub(crate) async fn two_thousand_objects_and_one_that_vanishes(stage: &Stage) {
    let client: &aws_sdk_s3::Client = &stage.clients.s3;
    let bucket = format!("logs-{}", stage.account);
    client.create_bucket().bucket(&bucket).send().await.unwrap();
    let key = |n: usize| format!("{FOLDER}/{:02}/log-{n:04}.json.gz", n / 200 + 1);
    stream::iter(0..2_000)
        .for_each_concurrent(16, |n| {
            let put = client.put_object().bucket(&bucket).key(key(n));
            let put = put.body(key(n).into_bytes().into());
            async move { drop(put.send().await.unwrap()) }
        })
        .await;
    let digest = FOLDER.replace("/CloudTrail/", "/CloudTrail-Digest/");
    let put = client.put_object().bucket(&bucket);
    let put = put.key(format!("{digest}/01/x.json.gz"));
    put.send().await.unwrap();

    let address = || s3::Address::parse(&format!("s3://{bucket}/AWSLogs")).unwrap();
    let mut source = s3::source(client.clone(), address(), Window::default());
    let mut found = Contents::default();
    let vanishing = key(990);
    let mut vanished = false;
    let known = |source: &Source| source.totals[0].known();
    assert_eq!(known(&source), (0, false));
    let all = (0..2_000).map(|n| key(n).len() as u64).sum();
    while let Some(next) = source.feed.next().await {
        let (bytes, whole) = known(&source);
        assert!(bytes <= all && (!whole || bytes == all), "{bytes} of {all}");
        found.add(next);
        // The digest comes first, and is not read.
        assert!(bytes > 0 || found.bodies.is_empty());
        if !vanished && !found.bodies.is_empty() {
            // It stands at the end of the first page.
            vanished = true;
            let delete = client.delete_object().bucket(&bucket).key(&vanishing);
            delete.send().await.unwrap();
        }
    }
    let expected: BTreeSet<String> = (0..2_000)
        .map(key)
        .filter(|key| *key != vanishing)
        .collect();
    assert_eq!(known(&source), (all, true));
    assert_eq!(found.bodies.len(), expected.len());
    assert_eq!(found.bodies, expected);
    assert_eq!(found.skipped, [Skip::Digest]);
    let [lost] = &found.lost[..] else {
        panic!("{:#?}", found.lost);
    };
    assert_eq!(lost.name, format!("s3://{bucket}/{vanishing}"));
    assert!(lost.problem.starts_with("it vanished"), "{lost:?}");

    let window = Window {
        since: parse_time("2026-01-03T00:00:00Z"),
        until: parse_time("2026-01-05T00:00:00Z"),
    };
    let found = Contents::of(s3::source(client.clone(), address(), window)).await;
    // The day after the last as well: CloudTrail delivers minutes later.
    let days: BTreeSet<String> = (400..1_000)
        .map(key)
        .filter(|key| *key != vanishing)
        .collect();
    assert_eq!(found.bodies, days);
    assert_eq!(found.lost, []);
    let outside = found
        .skipped
        .iter()
        .filter(|skip| **skip == Skip::OutsideWindow);
    assert_eq!(outside.count(), 7, "whole folders");

    let missing = s3::Address::parse("s3://no-such-bucket-of-anybody/AWSLogs").unwrap();
    let found = Contents::of(s3::source(client.clone(), missing, window)).await;
    let [lost] = &found.lost[..] else {
        panic!("{:#?}", found.lost);
    };
    assert_eq!(lost.problem, "not listed: there is no such bucket");
}

/// What a source finds, the bodies as texts.
#[derive(Debug, Default)]
struct Contents {
    bodies: BTreeSet<String>,
    skipped: Vec<Skip>,
    lost: Vec<Loss>,
}

impl Contents {
    async fn of(mut source: Source) -> Self {
        let mut found = Self::default();
        while let Some(next) = source.feed.next().await {
            found.add(next);
        }
        found
    }

    fn add(&mut self, found: Found) {
        match found {
            Found::Blob(blob) => {
                let Body::Memory(bytes) = blob.body else {
                    panic!("{blob:?}");
                };
                let is_new = self.bodies.insert(String::from_utf8(bytes).unwrap());
                assert!(is_new, "{} twice", blob.name);
            }
            Found::Skipped(skip) => self.skipped.push(skip),
            Found::Lost(loss) => self.lost.push(loss),
        }
    }
}

/// Status and body of the answer to a request.
type Answer = dyn Fn(&HttpRequest) -> (u16, String) + Send + Sync;

/// An AWS that says what it is told to.
#[derive(Clone)]
struct Answering(Arc<Answer>);

impl std::fmt::Debug for Answering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answering")
    }
}

impl HttpConnector for Answering {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (status, body) = (self.0)(&request);
        let status = status.try_into().unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}

fn config(answer: impl Fn(&HttpRequest) -> (u16, String) + Send + Sync + 'static) -> SdkConfig {
    let answering = Answering(Arc::new(answer));
    SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
        .region(aws_config::Region::new("us-east-1"))
        .retry_config(RetryConfig::disabled())
        .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
            aws_smithy_async::rt::sleep::TokioSleep::new(),
        ))
        .http_client(http_client_fn(move |_, _| {
            SharedHttpConnector::new(answering.clone())
        }))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "key", "secret", None, None, "test",
        )))
        .build()
}

#[tokio::test(start_paused = true)]
async fn an_object_that_may_not_be_read_is_named_with_the_permission() {
    let config = config(|request| {
        if request.uri().contains("list-type=2") {
            let list = format!(
                "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>{FOLDER}/05/a.json.gz</Key></Contents></ListBucketResult>"
            );
            return (200, list);
        }
        let refusal = "<Error><Code>AccessDenied</Code><Message>no kms:Decrypt</Message></Error>";
        (403, refusal.to_owned())
    });
    let address = s3::Address::parse("s3://logs").unwrap();
    let client = aws_sdk_s3::Client::new(&config);
    let found = Contents::of(s3::source(client, address, Window::default())).await;
    assert_eq!(
        found.lost,
        [Loss {
            name: format!("s3://logs/{FOLDER}/05/a.json.gz"),
            problem: "access denied: the caller needs s3:GetObject here, and kms:Decrypt where the bucket has a key (no kms:Decrypt)"
                .to_owned(),
            records_read: 0,
        }]
    );
}

/// A bucket with one object, listed with a size; what is answered for it.
fn one_object(listed: usize, answer: (u16, String)) -> aws_sdk_s3::Client {
    let config = config(move |request| {
        if request.uri().contains("list-type=2") {
            let list = format!(
                "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>{FOLDER}/05/a.json</Key><Size>{listed}</Size></Contents></ListBucketResult>"
            );
            return (200, list);
        }
        answer.clone()
    });
    aws_sdk_s3::Client::new(&config)
}

fn whole_bucket(client: &aws_sdk_s3::Client) -> Source {
    let address = s3::Address::parse("s3://logs").unwrap();
    s3::source(client.clone(), address, Window::default())
}

/// Whether the one object of a bucket is read piece by piece.
async fn arrives(client: &aws_sdk_s3::Client) -> bool {
    match whole_bucket(client).feed.next().await {
        Some(Found::Blob(blob)) => matches!(blob.body, Body::Arriving(_)),
        other => panic!("{other:?}"),
    }
}

const RULES: &str = "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules: [{ use: root/sign-in }]\n";

#[test]
fn large_objects_are_read_piece_by_piece_whatever_size_was_listed() {
    let file = check::load_text("rules.yaml", RULES).file.unwrap();
    let rules = compile(&file, PATTERN_QUOTA).unwrap();
    let account: AccountId = "111122223333".parse().unwrap();
    let setting = Setting::unsaid(&account, &file.home.region);
    let engine = Engine::new(Some(&file), &rules, &[], Options::counting(setting)).unwrap();
    let count = |client: &aws_sdk_s3::Client| count_all(&engine, whole_bucket(client), 2);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut records: Vec<Value> = (0..900)
        .map(|_| {
            let time = "2026-01-05T08:00:00Z";
            let mut record = made("signin:ConsoleLogin", Identity::Root, "us-east-1", time);
            record["userAgent"] = json!("x".repeat(10_000));
            record
        })
        .collect();
    numbered(&mut records);
    let large = json!({ "Records": records }).to_string();
    let small = json!({ "Records": records[..5] }).to_string();
    // An object may have been written anew between the list and its turn.
    for (listed, body, alerts, piecewise) in [
        (large.len(), &large, 900, true),
        (1_000, &large, 900, true),
        (large.len(), &small, 5, true),
        (small.len(), &small, 5, false),
    ] {
        let client = one_object(listed, (200, body.clone()));
        assert_eq!(runtime.block_on(arrives(&client)), piecewise, "{listed}");
        let tally = count(&client);
        assert_eq!((tally.rules[0].alerts, tally.losses), (alerts, Vec::new()));
        assert_eq!(tally.blobs, 1);
    }
    // What is asked for late is named like what is asked for at once.
    let gone = "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>";
    for listed in [1_000, large.len()] {
        let tally = count(&one_object(listed, (404, gone.to_owned())));
        let [lost] = &tally.losses[..] else {
            panic!("{:?}", tally.losses);
        };
        assert_eq!(lost.name, format!("s3://logs/{FOLDER}/05/a.json"));
        assert!(lost.problem.starts_with("it vanished"), "{lost:?}");
    }
}

/// Three pages, the last of which is refused in one Region.
fn history(asked: &Arc<Mutex<Vec<(Value, tokio::time::Instant)>>>, refuses: bool) -> SdkConfig {
    let asked = Arc::clone(asked);
    config(move |request| {
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let page = body["NextToken"]
            .as_str()
            .map_or(1, |token| token.parse().unwrap());
        let now = tokio::time::Instant::now();
        asked.lock().unwrap().push((body, now));
        if page == 3 && refuses {
            let refusal = json!({ "__type": "AccessDeniedException", "Message": "no" });
            return (400, refusal.to_string());
        }
        let events: Vec<Value> = (0..2)
            .map(|n| json!({ "EventTime": 1_767_600_000 - page * 10, "CloudTrailEvent": format!("{{\"n\":{n},\"page\":{page}}}") }))
            .collect();
        let mut answer = json!({ "Events": events });
        if page < 3 {
            answer["NextToken"] = json!((page + 1).to_string());
        }
        (200, answer.to_string())
    })
}

#[tokio::test(start_paused = true)]
async fn the_event_history_is_read_to_its_end_at_the_rate_of_aws() {
    let asked = Arc::default();
    let client = aws_sdk_cloudtrail::Client::new(&history(&asked, false));
    let window = Window {
        since: Some(1_767_000_000),
        until: Some(1_767_600_000),
    };
    let regions = vec![("us-east-1".parse().unwrap(), client)];
    let found = Contents::of(lookup::source(regions, window)).await;
    let page = |page: usize| format!("[{{\"n\":0,\"page\":{page}}},{{\"n\":1,\"page\":{page}}}]");
    assert_eq!(found.bodies, (1..=3).map(page).collect());
    assert_eq!(found.lost, []);
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 3);
    for pair in asked.windows(2) {
        assert!(pair[1].1 - pair[0].1 >= Duration::from_millis(500));
    }
    assert_eq!(asked[0].0["MaxResults"], 50);
    assert_eq!(asked[0].0["StartTime"].as_f64(), Some(1_767_000_000.0));
    // The end of a window is not included, that of a look-up is.
    assert_eq!(asked[0].0["EndTime"].as_f64(), Some(1_767_599_999.0));
}

#[tokio::test(start_paused = true)]
async fn a_region_that_stops_in_the_middle_is_named() {
    let asked = Arc::default();
    let client = aws_sdk_cloudtrail::Client::new(&history(&asked, true));
    let regions = vec![("eu-west-1".parse().unwrap(), client)];
    let found = Contents::of(lookup::source(regions, Window::default())).await;
    assert_eq!(found.bodies.len(), 2);
    assert_eq!(
        found.lost,
        [Loss {
            name: "event history of eu-west-1, page 3".to_owned(),
            problem: "access denied: the caller needs cloudtrail:LookupEvents; older events of this Region are not read"
                .to_owned(),
            records_read: 0,
        }]
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_is_guessed_from_how_busy_a_region_was_last() {
    let asked = Arc::default();
    let client = aws_sdk_cloudtrail::Client::new(&history(&asked, false));
    let window = Window {
        since: Some(1_767_600_000 - 10_000),
        until: None,
    };
    let regions = vec![("us-east-1".parse().unwrap(), client)];
    // Two events in the last 10 seconds, 10,000 seconds to read: 2,000 events, 40 pages.
    let guess = lookup::estimate(&regions, window, 1_767_600_000).await;
    assert_eq!(
        guess,
        Some(("us-east-1".parse().unwrap(), Duration::from_secs(20)))
    );
}
