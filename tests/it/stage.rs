//! An AWS to deploy to: the sandbox, or an emulator that we did not write. Every call is counted.

use iamwatch::check;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_kms::types::KeyMetadata;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_types::SdkConfig;
use iamwatch::apply::{self, Report};
use iamwatch::aws::{CallError, Clients, Cloud, calls};
use iamwatch::compile::{self, Compiled};
use iamwatch::engine;
use iamwatch::place::{AccountId, Place, Region};
use iamwatch::placement::{self, Desired};
use iamwatch::plan::{self, Conflict, Deployment, Plan, PlanOptions};
use iamwatch::proof::{self, Options, Proof};
use iamwatch::resources::{self, AccountFacts, Kind, Live};
use iamwatch::rules::RulesFile;
use iamwatch::sandbox::{self, Sandbox};
use iamwatch::secrets::Secrets;
use serde_json::{Value, json};

/// One AWS account with an administrator in it.
pub(crate) struct Stage {
    pub cloud: Cloud,
    pub clients: Clients,
    pub account: AccountId,
    pub home: Place,
    pub sandbox: Option<Sandbox>,
    calls: Calls,
}

/// A rules file, compiled and placed.
pub(crate) struct Wanted {
    pub file: RulesFile,
    pub patterns: Vec<Compiled>,
    pub desired: Desired,
}

/// What stands in AWS, and how it differs from what is wanted.
pub(crate) struct Standing {
    account_facts: AccountFacts,
    live: Vec<Live>,
    difference: Result<Plan, Vec<Conflict>>,
}

impl Standing {
    pub(crate) fn deployment<'a>(&'a self, wanted: &'a Wanted) -> Deployment<'a> {
        Deployment {
            stack: &wanted.file.name,
            home: &wanted.file.home.region,
            patterns: &wanted.patterns,
            account_facts: &self.account_facts,
            desired: &wanted.desired,
            live: &self.live,
            difference: &self.difference,
        }
    }
}

impl Stage {
    /// A new sandbox whose clock moves a little with every call.
    pub(crate) async fn sandbox() -> Self {
        Self::sandbox_in(&region()).await
    }

    /// A sandbox whose caller knows secrets.
    pub(crate) async fn sandbox_with(secrets: &[(&str, &str)]) -> Self {
        Self::sandbox().await.knowing(secrets)
    }

    /// The same, whose caller knows secrets.
    pub(crate) fn knowing(self, secrets: &[(&str, &str)]) -> Self {
        self.with_secrets(Secrets::given(secrets.iter().copied()))
    }

    fn with_secrets(self, secrets: Secrets) -> Self {
        let cloud = self.cloud.clone().with_secrets(secrets);
        Self {
            clients: cloud.at_place(&self.home),
            cloud,
            ..self
        }
    }

    /// The same for a home elsewhere.
    pub(crate) async fn sandbox_in(home: &Region) -> Self {
        let sandbox = Sandbox::new(sandbox::Options {
            account: "111122223333".parse().unwrap(),
            region: home.clone(),
            clock: sandbox::Clock::Virtual {
                now: 1_790_000_000_000,
                step: 20,
            },
        });
        let config = sandbox.sdk_config(home, sandbox.admin());
        Self::with(config, Some(sandbox)).await
    }

    /// A sandbox of its own that begins where this one stands.
    pub(crate) async fn fork(&self) -> Self {
        let sandbox = self.sandbox.clone().unwrap().fork();
        let config = sandbox.sdk_config(&sandbox.region(), sandbox.admin());
        let fork = Self::with(config, Some(sandbox)).await;
        fork.with_secrets(self.cloud.secrets().clone())
    }

    /// The same AWS through another caller's eyes.
    pub(crate) async fn seen_by(&self, config: SdkConfig) -> Self {
        let seen = Self::with(config, self.sandbox.clone()).await;
        seen.with_secrets(self.cloud.secrets().clone())
    }

    /// A private account of the emulator; `None`, after saying so, where none is running.
    pub(crate) async fn emulator() -> Option<Self> {
        Self::emulator_in(&region()).await
    }

    /// The same of the emulator that runs state machines.
    pub(crate) async fn ministack() -> Option<Self> {
        Self::emulated("IAMWATCH_MINISTACK", &region()).await
    }

    /// The same for a home elsewhere.
    pub(crate) async fn emulator_in(home: &Region) -> Option<Self> {
        Self::emulated("IAMWATCH_LOCALEMU", home).await
    }

    async fn emulated(variable: &str, home: &Region) -> Option<Self> {
        let Ok(endpoint) = std::env::var(variable) else {
            eprintln!("skipped: {variable} names no emulator");
            return None;
        };
        // A 12-digit access key is its own account there.
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let key = format!("{:06}{next:06}", std::process::id() % 900_000 + 100_000);
        let http = aws_smithy_http_client::Builder::new().build_http();
        let config = SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
            .endpoint_url(endpoint)
            .http_client(http)
            // It is one Python process: under load it can take seconds until it accepts a connection.
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(60))
                    .build(),
            )
            .retry_config(RetryConfig::standard().with_max_attempts(6))
            .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
                aws_smithy_async::rt::sleep::TokioSleep::new(),
            ))
            .region(aws_config::Region::new(home.to_string()))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                key, "secret", None, None, "test",
            )))
            .build();
        Some(Self::with(config, None).await)
    }

    async fn with(config: SdkConfig, sandbox: Option<Sandbox>) -> Self {
        let config_region: Region = config.region().unwrap().as_ref().parse().unwrap();
        let calls = Calls::default();
        let counted = CountingHttp {
            inner: config.http_client().unwrap(),
            calls: calls.clone(),
        };
        let config = config.to_builder().http_client(counted).build();
        let cloud = Cloud::with_config(config).await.unwrap();
        let at = config_region;
        Self {
            clients: cloud.at(&at),
            home: Place::Regional {
                account: cloud.account.clone(),
                region: at,
            },
            account: cloud.account.clone(),
            cloud,
            sandbox,
            calls,
        }
    }

    /// Loads, compiles and places a rules file that must be right.
    pub(crate) async fn wanted(&self, text: &str) -> Wanted {
        self.try_wanted(text).await.unwrap()
    }

    /// The same for a caller who may not look.
    pub(crate) async fn try_wanted(&self, text: &str) -> Result<Wanted, CallError> {
        let loaded = check::load_text("test.yaml", text);
        let file = loaded.file.unwrap_or_else(|| {
            panic!("{:#?}", loaded.diagnostics);
        });
        let patterns = compile::compile(&file, compile::PATTERN_QUOTA).unwrap();
        let account_facts = self.try_survey(&file).await?;
        let desired = placement::desired(&file, &patterns, &account_facts).unwrap();
        Ok(Wanted {
            file,
            patterns,
            desired,
        })
    }

    /// The URL of a queue of somebody's, made at the home of the clients.
    pub(crate) async fn queue(&self, name: &str) -> String {
        let request = self.clients.sqs.create_queue().queue_name(name);
        request.send().await.unwrap().queue_url.unwrap()
    }

    /// A key at the home of the clients that lets in what these statements say.
    pub(crate) async fn key(&self, statements: &[Value]) -> KeyMetadata {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        let request = self.clients.kms.create_key().policy(policy.to_string());
        request.send().await.unwrap().key_metadata.unwrap()
    }

    /// Gives a queue at the home of the clients another policy.
    pub(crate) async fn set_queue_policy(&self, url: &str, policy: &Value) {
        let request = self.clients.sqs.set_queue_attributes().queue_url(url);
        let request = request.attributes(QueueAttributeName::Policy, policy.to_string());
        request.send().await.unwrap();
    }

    /// What the next messages of a queue say, which is JSON. They stay in it, out of sight.
    pub(crate) async fn received(&self, url: &str) -> Vec<Value> {
        let request = self.clients.sqs.receive_message().queue_url(url);
        let received = request.send().await.unwrap();
        let messages = received.messages().iter();
        messages
            .map(|message| serde_json::from_str(message.body().unwrap()).unwrap())
            .collect()
    }

    pub(crate) async fn live(&self, wanted: &Wanted) -> Vec<Live> {
        self.try_live(wanted).await.unwrap()
    }

    pub(crate) async fn try_live(&self, wanted: &Wanted) -> Result<Vec<Live>, CallError> {
        let account_facts = self.try_survey(&wanted.file).await?;
        let (name, desired) = (&wanted.file.name, &wanted.desired);
        engine::live(&self.cloud, name, desired, &account_facts).await
    }

    /// The account as it stands.
    pub(crate) async fn try_survey(&self, file: &RulesFile) -> Result<AccountFacts, CallError> {
        resources::account_facts(&self.cloud, &file.name, &file.home.region).await
    }

    pub(crate) async fn plan(&self, wanted: &Wanted) -> Plan {
        self.try_plan(wanted, false).await.unwrap()
    }

    pub(crate) async fn try_plan(
        &self,
        wanted: &Wanted,
        prune: bool,
    ) -> Result<Plan, Vec<Conflict>> {
        let live = self.live(wanted).await;
        let wishes = PlanOptions {
            prune,
            ..PlanOptions::default()
        };
        let desired = self.settled(&wanted.desired, &live);
        plan::plan(&wanted.file.name, &desired, &live, &wishes)
    }

    /// What is wanted, with what is known here of secrets.
    pub(crate) fn settled(&self, desired: &Desired, live: &[Live]) -> Desired {
        let mut desired = desired.clone();
        engine::settle(&mut desired, live, self.cloud.secrets());
        desired
    }

    pub(crate) async fn destruction(&self, wanted: &Wanted) -> Plan {
        let live = self.live(wanted).await;
        let wishes = PlanOptions::destruction(vec![Kind::EncryptionKey, Kind::Bucket, Kind::Trail]);
        plan::plan(&wanted.file.name, &wanted.desired.nothing(), &live, &wishes).unwrap()
    }

    pub(crate) async fn apply(&self, plan: &Plan) -> Report {
        apply::apply(plan, &self.cloud, std::future::pending(), |_| {}).await
    }

    /// Plans and applies, and expects success.
    pub(crate) async fn deploy(&self, wanted: &Wanted) -> Plan {
        let plan = self.plan(wanted).await;
        let report = self.apply(&plan).await;
        assert!(report.is_complete(), "{report:#?}");
        plan
    }

    /// Whoever was asked by mail or URL agrees. The emulator asks nobody.
    pub(crate) fn confirm_all(&self) {
        if let Some(sandbox) = &self.sandbox {
            sandbox.confirm(None).unwrap();
        }
    }

    /// Deletes every version of every object, as the owner of a bucket would by hand.
    pub(crate) async fn empty_bucket(&self, bucket: &str) {
        if let Some(sandbox) = &self.sandbox {
            return sandbox.empty_bucket(bucket);
        }
        let s3 = &self.clients.s3;
        let listed = s3.list_object_versions().bucket(bucket);
        for version in listed.send().await.unwrap().versions() {
            let request = s3.delete_object().bucket(bucket);
            let request = request.set_key(version.key.clone());
            let request = request.set_version_id(version.version_id.clone());
            request.send().await.unwrap();
        }
    }

    /// Sends test events for these rules (all if none) and waits.
    pub(crate) async fn prove(
        &self,
        wanted: &Wanted,
        rules: &[&str],
        wait_seconds: u64,
    ) -> Vec<Proof> {
        self.try_prove(wanted, rules, wait_seconds).await.unwrap()
    }

    /// The same, from the bus of one Region.
    pub(crate) async fn prove_from(
        &self,
        wanted: &Wanted,
        rules: &[&str],
        region: &str,
    ) -> Vec<Proof> {
        let from = Some(region.parse().unwrap());
        let stop = std::future::pending();
        self.prove_with(wanted, rules, 30, from, stop)
            .await
            .unwrap()
    }

    pub(crate) async fn try_prove(
        &self,
        wanted: &Wanted,
        rules: &[&str],
        wait_seconds: u64,
    ) -> Result<Vec<Proof>, CallError> {
        self.prove_until(wanted, rules, wait_seconds, std::future::pending())
            .await
    }

    pub(crate) async fn prove_until(
        &self,
        wanted: &Wanted,
        rules: &[&str],
        wait_seconds: u64,
        stop: impl Future<Output = ()>,
    ) -> Result<Vec<Proof>, CallError> {
        self.prove_with(wanted, rules, wait_seconds, None, stop)
            .await
    }

    async fn prove_with(
        &self,
        wanted: &Wanted,
        rules: &[&str],
        wait_seconds: u64,
        from: Option<Region>,
        stop: impl Future<Output = ()>,
    ) -> Result<Vec<Proof>, CallError> {
        let standing = self.standing(wanted).await?;
        let patterns: Vec<Compiled> = wanted
            .patterns
            .iter()
            .filter(|pattern| rules.is_empty() || rules.contains(&pattern.rule.0.as_str()))
            .cloned()
            .collect();
        let clock = || self.now();
        let options = Options {
            wait: Some(std::time::Duration::from_secs(wait_seconds)),
            from,
            clock: &clock,
            new_id: &new_id,
        };
        let deployment = standing.deployment(wanted);
        proof::prove(&self.cloud, deployment, &patterns, &options, stop).await
    }

    /// Probes the ways of these rules (all if none), and tells nobody.
    pub(crate) async fn probe(
        &self,
        wanted: &Wanted,
        rules: &[&str],
        wait_seconds: u64,
    ) -> Vec<Proof> {
        let standing = self.standing(wanted).await.unwrap();
        let patterns: Vec<Compiled> = wanted
            .patterns
            .iter()
            .filter(|pattern| rules.is_empty() || rules.contains(&pattern.rule.0.as_str()))
            .cloned()
            .collect();
        let clock = || self.now();
        let options = Options {
            wait: Some(std::time::Duration::from_secs(wait_seconds)),
            from: None,
            clock: &clock,
            new_id: &new_id,
        };
        let deployment = standing.deployment(wanted);
        let stop = std::future::pending::<()>();
        let proofs = proof::prove_quietly(&self.cloud, deployment, &patterns, &options, stop).await;
        proofs.unwrap()
    }

    /// The time there, in Unix milliseconds.
    pub(crate) fn now(&self) -> i64 {
        match &self.sandbox {
            Some(sandbox) => sandbox.now(),
            None => wall_millis(),
        }
    }

    /// What a test needs to know of what is deployed.
    pub(crate) async fn standing(&self, wanted: &Wanted) -> Result<Standing, CallError> {
        let live = self.try_live(wanted).await?;
        let account_facts = self.try_survey(&wanted.file).await?;
        let name = &wanted.file.name;
        let desired = self.settled(&wanted.desired, &live);
        let difference = plan::plan(name, &desired, &live, &PlanOptions::default());
        Ok(Standing {
            account_facts,
            live,
            difference,
        })
    }

    /// Operations that changed something since the last look, as `service:Operation`.
    pub(crate) fn writes(&self) -> Vec<String> {
        let mut made = self.calls.0.lock().unwrap();
        made.drain(..)
            .filter(|operation| {
                calls::ALL
                    .iter()
                    .find(|call| call.operation == operation)
                    .is_none_or(|call| call.write)
            })
            .collect()
    }
}

pub(crate) fn region() -> Region {
    "us-east-1".parse().unwrap()
}

fn wall_millis() -> i64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

pub(crate) fn new_id() -> String {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    format!("{:08x}-0000-4000-8000-{next:012x}", std::process::id())
}

/// REST protocols tell operations apart by method and address.
fn rest_operation(request: &HttpRequest) -> Option<String> {
    let (method, uri) = (request.method(), request.uri());
    if uri.ends_with("/listRegions") {
        return Some("ListRegions".to_owned());
    }
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    match method {
        "GET" | "HEAD" => Some("ListBuckets".to_owned()),
        _ => Some(format!("{method} {query}")),
    }
}

#[derive(Debug, Clone, Default)]
struct Calls(Arc<Mutex<Vec<String>>>);

/// Notes the operation of every request on its way.
#[derive(Debug)]
struct CountingHttp {
    inner: SharedHttpClient,
    calls: Calls,
}

#[derive(Debug)]
struct CountingConnector {
    inner: SharedHttpConnector,
    calls: Calls,
}

impl HttpClient for CountingHttp {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(CountingConnector {
            inner: self.inner.http_connector(settings, components),
            calls: self.calls.clone(),
        })
    }
}

impl HttpConnector for CountingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // JSON protocols name the operation in a header, the query protocol in the body.
        let target = request.headers().get("x-amz-target").map(str::to_owned);
        let operation = target
            .and_then(|target| target.split('.').nth(1).map(str::to_owned))
            .or_else(|| {
                let body = String::from_utf8_lossy(request.body().bytes()?).into_owned();
                let action = body
                    .split('&')
                    .find_map(|pair| pair.strip_prefix("Action="))?;
                Some(action.to_owned())
            })
            .or_else(|| rest_operation(&request));
        self.calls
            .0
            .lock()
            .unwrap()
            .push(operation.unwrap_or_default());
        self.inner.call(request)
    }
}
