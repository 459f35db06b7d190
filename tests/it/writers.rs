//! Somebody else who writes at the same moment as apply: to the home bus's policy, or under a name of ours.

mod key_races;
mod taken_names;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use iamwatch::aws::Lazily;
use iamwatch::resources::{Kind, ResourceKey};
use serde_json::{Value, json};

use crate::stage::Stage;

const RULES: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
watch: { regions: [us-east-1, eu-west-1] }
channels: { phone: { sms: "+4915112345678" } }
notify: { default: [phone] }
rules:
  - use: signin/failed
"#;

const BUS: &str = "iamwatch-acme";

type Turn = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Who decides by the operations so far.
type Act = dyn Fn(&[String]) -> Option<Turn> + Send + Sync;

/// Lets somebody act before a request: the operations so far, that one last, say when.
#[derive(Clone)]
struct Between {
    inner: SharedHttpConnector,
    seen: Arc<Mutex<Vec<String>>>,
    act: Arc<Act>,
}

impl fmt::Debug for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Between")
    }
}

impl HttpConnector for Between {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let mut seen = self.seen.lock().unwrap();
        seen.push(operation);
        let turn = (self.act)(&seen);
        drop(seen);
        let inner = self.inner.clone();
        HttpConnectorFuture::new(async move {
            if let Some(turn) = turn {
                turn.await;
            }
            inner.call(request).await
        })
    }
}

#[derive(Debug)]
struct BetweenClient {
    inner: SharedHttpClient,
    between: Mutex<Option<Between>>,
    act: Acting,
}

#[derive(Clone)]
struct Acting(Arc<Act>);

impl fmt::Debug for Acting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acting")
    }
}

impl HttpClient for BetweenClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let mut between = self.between.lock().unwrap();
        let made = between.get_or_insert_with(|| Between {
            inner: self.inner.http_connector(settings, components),
            seen: Arc::default(),
            act: self.act.0.clone(),
        });
        SharedHttpConnector::new(made.clone())
    }
}

/// The stage of a deployer between whose requests somebody acts.
async fn disturbed(
    stage: &Stage,
    act: impl Fn(&[String]) -> Option<Turn> + Send + Sync + 'static,
) -> Stage {
    let sandbox = stage.sandbox.as_ref().unwrap();
    let config = sandbox.sdk_config(&sandbox.region(), sandbox.admin());
    let client = BetweenClient {
        inner: config.http_client().unwrap(),
        between: Mutex::new(None),
        act: Acting(Arc::new(act)),
    };
    stage
        .seen_by(config.to_builder().http_client(client).build())
        .await
}

fn theirs(sid: &str) -> Value {
    json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
        "Action": "events:PutEvents",
        "Resource": format!("arn:aws:events:us-east-1:111122223333:event-bus/{BUS}"),
    })
}

/// Somebody writes these statements and nothing else, as whoever has read before us does.
fn overwrites(events: Lazily<aws_sdk_eventbridge::Client>, statements: Vec<Value>) -> Turn {
    let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    Box::pin(async move {
        let put = events.put_permission().event_bus_name(BUS);
        put.policy(policy).send().await.unwrap();
    })
}

async fn sids(stage: &Stage) -> Vec<String> {
    let described = stage.clients.events.describe_event_bus().name(BUS);
    let described = described.send().await.unwrap();
    let policy: Value = serde_json::from_str(described.policy().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let mut sids: Vec<String> = statements
        .map(|statement| statement["Sid"].as_str().unwrap().to_owned())
        .collect();
    sids.sort();
    sids
}

/// The moment between our write and our look at what came of it.
fn has_just_written(seen: &[String]) -> bool {
    matches!(seen, [.., put, describe] if put == "PutPermission" && describe == "DescribeEventBus")
}

#[tokio::test(start_paused = true)]
async fn a_writer_who_overwrites_our_statement_is_waited_for_and_both_stay() {
    let stage = Stage::sandbox().await;
    let events = stage.clients.events.clone();
    let turns = AtomicUsize::new(0);
    let ours = disturbed(&stage, move |seen| {
        let writes = has_just_written(seen) && turns.fetch_add(1, Ordering::Relaxed) < 3;
        writes.then(|| overwrites(events.clone(), vec![theirs("Theirs")]))
    })
    .await;
    let wanted = ours.wanted(RULES).await;
    let begun = tokio::time::Instant::now();
    ours.deploy(&wanted).await;
    assert_eq!(sids(&stage).await, ["IamwatchForwarders", "Theirs"]);
    // Longer each time.
    assert!(
        begun.elapsed() >= Duration::from_millis(4300),
        "{:?}",
        begun.elapsed()
    );
}

/// Somebody who never stops is no reason to go on for ever.
#[tokio::test(start_paused = true)]
async fn a_writer_who_never_stops_is_named_as_the_reason() {
    let stage = Stage::sandbox().await;
    let events = stage.clients.events.clone();
    let ours = disturbed(&stage, move |seen| {
        has_just_written(seen).then(|| overwrites(events.clone(), vec![theirs("Theirs")]))
    })
    .await;
    let wanted = ours.wanted(RULES).await;
    let plan = ours.plan(&wanted).await;
    let report = ours.apply(&plan).await;
    let failed = &report.failed[0];
    assert_eq!(failed.error.cause, iamwatch::aws::Cause::Conflict);
    assert!(
        failed
            .remedy
            .as_ref()
            .unwrap()
            .contains("when they are done")
    );
}

/// A plan can be hours old: what came since is in the policy that is written.
#[tokio::test(start_paused = true)]
async fn a_statement_that_comes_between_plan_and_apply_stays() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    let events = stage.clients.events.clone();
    overwrites(events.clone(), vec![theirs("First")]).await;
    let plan = stage.plan(&wanted).await;
    // Up to the last request before we read.
    let turns = AtomicUsize::new(0);
    let ours = disturbed(&stage, move |seen| {
        let is_read = seen.last().is_some_and(|last| last == "DescribeEventBus");
        let comes = is_read && turns.fetch_add(1, Ordering::Relaxed) == 0;
        let both = || vec![theirs("First"), theirs("Second")];
        comes.then(|| overwrites(events.clone(), both()))
    })
    .await;
    assert!(ours.apply(&plan).await.is_complete());
    assert_eq!(
        sids(&stage).await,
        ["First", "IamwatchForwarders", "Second"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_appears_under_a_name_of_ours_after_the_plan_is_not_overwritten() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    let is_forwarder = |key: &&ResourceKey| {
        key.kind == Kind::Rule && key.place == wanted.desired.home && !key.name.contains('/')
    };
    let forwarder = wanted.desired.resources.keys().find(is_forwarder);
    let name = forwarder.unwrap().name.as_str();
    let pattern = r#"{"source":["somebody"]}"#;
    let plan = stage.plan(&wanted).await;
    let foreign = stage.clients.events.put_rule().name(name);
    foreign.event_pattern(pattern).send().await.unwrap();
    let report = stage.apply(&plan).await;
    let failed = report.failed.iter().map(|failed| {
        let code = failed.error.code.as_deref().unwrap_or_default();
        (failed.key.name.as_str(), code)
    });
    assert_eq!(failed.collect::<Vec<_>>(), [(name, "NameTaken")]);
    let stays = stage.clients.events.describe_rule().name(name);
    let stays = stays.send().await.unwrap();
    assert_eq!(stays.event_pattern(), Some(pattern));
}

/// A key that an interrupted run left is taken up again; where another apply was quicker it goes again, since nothing would
/// ever find it.
#[tokio::test(start_paused = true)]
async fn a_key_that_nobody_needs_after_all_goes_again() {
    const ALIAS: &str = "alias/iamwatch-acme";
    let stage = Stage::sandbox().await;
    let rules = RULES.replace("channels:", "topics: { kms_key: create }\nchannels:");
    let wanted = stage.wanted(&rules).await;
    stage.deploy(&wanted).await;
    let kms = stage.clients.kms.clone();
    let described = kms.describe_key().key_id(ALIAS).send().await.unwrap();
    let left = described.key_metadata.unwrap().key_id;
    kms.delete_alias().alias_name(ALIAS).send().await.unwrap();
    let gone = kms.schedule_key_deletion().key_id(&left).send();
    gone.await.unwrap();
    let turns = AtomicUsize::new(0);
    let ours = disturbed(&stage, move |seen| {
        let names = seen.last().is_some_and(|last| last == "CreateAlias");
        let is_first = names && turns.fetch_add(1, Ordering::Relaxed) == 0;
        let kms = kms.clone();
        is_first.then(|| -> Turn {
            Box::pin(async move {
                let made = kms.create_key().send().await.unwrap().key_metadata.unwrap();
                let named = kms.create_alias().alias_name(ALIAS);
                let named = named.target_key_id(made.key_id).send();
                named.await.unwrap();
            })
        })
    })
    .await;
    let plan = ours.plan(&wanted).await;
    let report = ours.apply(&plan).await;
    let failed = &report.failed[0];
    assert_eq!(failed.error.call.operation, "CreateAlias");
    assert_eq!(failed.error.cause, iamwatch::aws::Cause::Conflict);
    let described = stage.clients.kms.describe_key().key_id(&left).send().await;
    let state = described.unwrap().key_metadata.unwrap().key_state;
    assert_eq!(state, Some(aws_sdk_kms::types::KeyState::PendingDeletion));
}
