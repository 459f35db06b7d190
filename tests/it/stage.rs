//! An AWS to deploy to: the sandbox, or an emulator that we did not write. Every call is counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
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
use iamwatch::place::{AccountId, Place, Region};
use iamwatch::placement::{self, Desired};
use iamwatch::plan::{self, Conflict, Plan};
use iamwatch::proof::{self, Options, Proof};
use iamwatch::resources::{self, Live};
use iamwatch::rules::{self, RulesFile};
use iamwatch::sandbox::{self, Sandbox};

/// One AWS account with an administrator in it.
pub struct Stage {
    pub clients: Clients,
    pub account: AccountId,
    pub home: Place,
    pub sandbox: Option<Sandbox>,
    calls: Calls,
}

/// A rules file, compiled and placed.
pub struct Wanted {
    pub file: RulesFile,
    pub patterns: Vec<Compiled>,
    pub desired: Desired,
}

impl Stage {
    /// A new sandbox whose clock moves a little with every call.
    pub async fn sandbox() -> Self {
        let sandbox = Sandbox::new(sandbox::Options {
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            clock: sandbox::Clock::Virtual {
                now: 1_790_000_000_000,
                step: 20,
            },
        });
        let config = sandbox.sdk_config(&region(), sandbox.admin());
        Self::with(config, Some(sandbox)).await
    }

    /// The same AWS through another caller's eyes.
    pub async fn seen_by(&self, config: SdkConfig) -> Self {
        Self::with(config, self.sandbox.clone()).await
    }

    /// A private account of the emulator; `None`, after saying so, where none is running.
    pub async fn emulator() -> Option<Self> {
        let Ok(endpoint) = std::env::var("IAMWATCH_LOCALEMU") else {
            eprintln!("skipped: IAMWATCH_LOCALEMU names no emulator");
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
            .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
                aws_smithy_async::rt::sleep::TokioSleep::new(),
            ))
            .region(aws_config::Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                key, "secret", None, None, "test",
            )))
            .build();
        Some(Self::with(config, None).await)
    }

    async fn with(config: SdkConfig, sandbox: Option<Sandbox>) -> Self {
        let calls = Calls::default();
        let counted = CountingHttp {
            inner: config.http_client().unwrap(),
            calls: calls.clone(),
        };
        let config = config.to_builder().http_client(counted).build();
        let cloud = Cloud::with_config(config).await.unwrap();
        Self {
            clients: cloud.at(&region()),
            home: Place::Regional {
                account: cloud.account.clone(),
                region: region(),
            },
            account: cloud.account,
            sandbox,
            calls,
        }
    }

    /// Loads, compiles and places a rules file that must be right.
    pub fn wanted(&self, text: &str) -> Wanted {
        let loaded = rules::load_text("test.yaml", text);
        let file = loaded.file.unwrap_or_else(|| {
            panic!("{:#?}", loaded.diagnostics);
        });
        let patterns = compile::compile(&file, compile::PATTERN_QUOTA).unwrap();
        let desired = placement::desired(&file, &patterns, &self.account);
        Wanted {
            file,
            patterns,
            desired,
        }
    }

    pub async fn live(&self, wanted: &Wanted) -> Vec<Live> {
        resources::read(&self.clients, &wanted.file.name, &self.home)
            .await
            .unwrap()
    }

    pub async fn plan(&self, wanted: &Wanted) -> Plan {
        self.try_plan(wanted, false).await.unwrap()
    }

    pub async fn try_plan(&self, wanted: &Wanted, prune: bool) -> Result<Plan, Vec<Conflict>> {
        let live = self.live(wanted).await;
        plan::plan(&wanted.file.name, &wanted.desired, &live, prune)
    }

    pub async fn destruction(&self, wanted: &Wanted) -> Plan {
        let nothing = Desired {
            resources: BTreeMap::new(),
            detectors: BTreeMap::new(),
            receivers: Vec::new(),
            ..wanted.desired.clone()
        };
        let live = self.live(wanted).await;
        plan::plan(&wanted.file.name, &nothing, &live, true).unwrap()
    }

    pub async fn apply(&self, plan: &Plan) -> Report {
        apply::apply(plan, &self.clients, std::future::pending(), |_| {}).await
    }

    /// Plans and applies, and expects success.
    pub async fn deploy(&self, wanted: &Wanted) -> Plan {
        let plan = self.plan(wanted).await;
        let report = self.apply(&plan).await;
        assert!(report.is_complete(), "{report:#?}");
        plan
    }

    /// Whoever was asked by mail or URL agrees. The emulator asks nobody.
    pub fn confirm_all(&self) {
        if let Some(sandbox) = &self.sandbox {
            sandbox.confirm(None).unwrap();
        }
    }

    /// Sends test events for these rules (all if none) and waits.
    pub async fn prove(&self, wanted: &Wanted, rules: &[&str], wait_seconds: u64) -> Vec<Proof> {
        self.try_prove(wanted, rules, wait_seconds).await.unwrap()
    }

    pub async fn try_prove(
        &self,
        wanted: &Wanted,
        rules: &[&str],
        wait_seconds: u64,
    ) -> Result<Vec<Proof>, CallError> {
        self.prove_until(wanted, rules, wait_seconds, std::future::pending())
            .await
    }

    pub async fn prove_until(
        &self,
        wanted: &Wanted,
        rules: &[&str],
        wait_seconds: u64,
        stop: impl Future<Output = ()>,
    ) -> Result<Vec<Proof>, CallError> {
        let live = self.live(wanted).await;
        let plan = plan::plan(&wanted.file.name, &wanted.desired, &live, false).unwrap();
        let patterns: Vec<Compiled> = wanted
            .patterns
            .iter()
            .filter(|pattern| rules.is_empty() || rules.contains(&pattern.rule.0.as_str()))
            .cloned()
            .collect();
        let clock = || match &self.sandbox {
            Some(sandbox) => sandbox.now(),
            None => wall_millis(),
        };
        let options = Options {
            wait: Some(std::time::Duration::from_secs(wait_seconds)),
            clock: &clock,
            new_id: &new_id,
        };
        let deployment = proof::Deployment {
            stack: &wanted.file.name,
            desired: &wanted.desired,
            live: &live,
            plan: &plan,
        };
        proof::prove(&self.clients, deployment, &patterns, &options, stop).await
    }

    /// Operations that changed something since the last look, as `service:Operation`.
    pub fn writes(&self) -> Vec<String> {
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

pub fn region() -> Region {
    "us-east-1".parse().unwrap()
}

fn wall_millis() -> i64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

pub fn new_id() -> String {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    format!("{:08x}-0000-4000-8000-{next:012x}", std::process::id())
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
            });
        self.calls
            .0
            .lock()
            .unwrap()
            .push(operation.unwrap_or_default());
        self.inner.call(request)
    }
}
