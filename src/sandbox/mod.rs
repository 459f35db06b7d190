//! An AWS inside this process: EventBridge, SNS, SQS, STS, IAM, S3, KMS, CloudTrail and the Account
//! service behind the SDK's own HTTP door.
//!
//! Real SDK clients run against it with their serialisation, retries and paging. It implements AWS
//! from AWS's documentation and shares nothing with the code that deploys, so that tests of that
//! code do not agree with themselves. What it does not implement is an error that names it.

mod access;
mod account;
mod clock;
mod cloudtrail;
mod delivery;
mod events;
mod faults;
mod iam;
mod kms;
mod matching;
mod policy;
mod s3;
mod sns;
mod sqs;
mod store;
mod sts;
mod trail;
mod wire;
mod world;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use serde_json::Value;

pub use clock::Clock;
pub use faults::{CallRecord, Fault, FaultKind, Outcome};
pub use store::StoreError;
pub use world::{Delivery, Lost};

use crate::place::{AccountId, Region};
use access::Kind;
use wire::{ApiError, Call, Service};
use world::{Principal, Site, World};

/// How a sandbox begins.
#[derive(Debug, Clone)]
pub struct Options {
    /// The account of its callers.
    pub account: AccountId,
    /// The Region that its owner works in; every other Region is there too.
    pub region: Region,
    /// Its time.
    pub clock: Clock,
}

/// An in-process AWS. Clones share one world.
#[derive(Debug, Clone)]
pub struct Sandbox(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    world: World,
    calls: Vec<CallRecord>,
    faults: Vec<faults::Armed>,
    /// Where every change is saved, if anywhere.
    file: Option<PathBuf>,
}

const ADMINISTRATOR: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

impl Sandbox {
    /// An empty AWS.
    pub fn new(options: Options) -> Self {
        Self::from_world(
            World::new(options.account, options.region, options.clock),
            None,
        )
    }

    fn from_world(world: World, file: Option<PathBuf>) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            world,
            calls: Vec::new(),
            faults: Vec::new(),
            file,
        })))
    }

    /// A sandbox of its own that begins where this one stands; callers keep their credentials.
    pub fn fork(&self) -> Self {
        Self::from_world(self.inner().world.clone(), None)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account that callers belong to.
    pub fn account(&self) -> AccountId {
        self.inner().world.account.clone()
    }

    /// The Region that the sandbox was made for.
    pub fn region(&self) -> Region {
        self.inner().world.region.clone()
    }

    /// The credentials of an administrator, the user `admin`.
    pub fn admin(&self) -> Credentials {
        self.caller("admin", ADMINISTRATOR)
    }

    /// The credentials of a user with this identity policy; asked again, the policy is replaced.
    pub fn caller(&self, name: &str, policy: &str) -> Credentials {
        let mut inner = self.inner();
        let account = inner.world.account.clone();
        let known = inner
            .world
            .principals
            .iter()
            .find(|(_, p)| p.user == name && p.account == account)
            .map(|(key, _)| key.clone());
        let key = match known {
            Some(key) => key,
            None => inner.world.key_id("AKIA"),
        };
        let user_id = match inner.world.principals.get(&key) {
            Some(principal) => principal.user_id.clone(),
            None => inner.world.key_id("AIDA"),
        };
        let principal = Principal {
            user: name.to_owned(),
            user_id,
            account,
            policies: vec![policy.to_owned()],
        };
        inner.world.principals.insert(key.clone(), principal);
        Credentials::new(key, "sandbox-secret", None, None, "sandbox")
    }

    /// A configuration for SDK clients of that Region and caller. Nothing leaves the process.
    pub fn sdk_config(&self, region: &Region, caller: Credentials) -> SdkConfig {
        let retries = RetryConfig::standard()
            .with_max_attempts(4)
            .with_initial_backoff(Duration::from_millis(1))
            .with_max_backoff(Duration::from_millis(10));
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws_types::region::Region::new(region.to_string()))
            .credentials_provider(SharedCredentialsProvider::new(caller))
            .retry_config(retries)
            .http_client(self.clone())
            .build()
    }

    /// Everything that people and endpoints have received so far, oldest first.
    pub fn outbox(&self) -> Vec<Delivery> {
        self.settled().world.outbox.clone()
    }

    /// The events that matched a rule and reached nobody, not even a dead-letter queue.
    pub fn lost(&self) -> Vec<Lost> {
        self.settled().world.lost.clone()
    }

    /// How long CloudTrail takes from a call to its event on the bus, from now on. Zero at first;
    /// AWS takes some minutes.
    pub fn set_trail_delay(&self, delay: Duration) {
        let mut inner = self.inner();
        inner.world.trail_delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        // A file that cannot be written fails the next call.
        let _ = inner.save();
    }

    /// The world after the events have come that are due.
    fn settled(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner();
        if trail::release(&mut inner.world) {
            let _ = inner.save();
        }
        inner
    }

    /// All calls since this value was made, oldest first.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.inner().calls.clone()
    }

    /// Forgets the calls so far.
    pub fn clear_calls(&self) {
        self.inner().calls.clear();
    }

    /// Arms a fault.
    pub fn fault(&self, fault: Fault) {
        self.inner().faults.push(faults::Armed::new(fault));
    }

    /// Ends all disturbance.
    pub fn clear_faults(&self) {
        self.inner().faults.clear();
    }

    /// The time in the sandbox: milliseconds since 1970 UTC.
    pub fn now(&self) -> i64 {
        self.settled().world.now()
    }

    /// Moves a virtual clock; a wall clock stays.
    pub fn advance(&self, by: Duration) {
        if let Clock::Virtual { now, .. } = &mut self.inner().world.clock {
            *now = now.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
        }
        drop(self.settled());
    }

    /// Confirms pending subscriptions, all or those of one endpoint, as their owners would.
    /// The result is what was confirmed: protocol, endpoint, topic ARN.
    pub fn confirm(
        &self,
        endpoint: Option<&str>,
    ) -> Result<Vec<(String, String, String)>, StoreError> {
        let mut inner = self.inner();
        let confirmed = sns::confirm(&mut inner.world, endpoint);
        inner.save()?;
        Ok(confirmed)
    }

    /// Enables exactly these Regions for the callers' account. us-east-1 cannot be disabled.
    pub fn set_regions(&self, enabled: &[Region]) {
        let mut inner = self.inner();
        let account = inner.world.account.clone();
        let enabled = enabled.iter().cloned().collect();
        inner.world.set_regions(account, enabled);
        // A file that cannot be written fails the next call.
        let _ = inner.save();
    }

    /// Disables one Region, as an account's owner may do at any time. us-east-1 stays.
    pub fn disable_region(&self, region: &Region) {
        let mut inner = self.inner();
        let account = inner.world.account.clone();
        let mut enabled = inner.world.enabled_regions(&account);
        enabled.remove(region);
        inner.world.set_regions(account, enabled);
        let _ = inner.save();
    }

    /// Says that another account has a bucket of this name, in us-east-1.
    pub fn foreign_bucket(&self, name: &str) {
        let mut inner = self.inner();
        s3::own_elsewhere(&mut inner.world, name);
        let _ = inner.save();
    }

    /// Puts an empty object into a bucket. Without the bucket nothing happens.
    pub fn put_object(&self, bucket: &str, key: &str) {
        let mut inner = self.inner();
        if let Some(bucket) = inner.world.buckets.get_mut(bucket) {
            bucket.objects.retain(|there| there != key);
            bucket.objects.push(key.to_owned());
        }
        let _ = inner.save();
    }

    /// Deletes everything in a bucket, as its owner would by hand before deleting it.
    pub fn empty_bucket(&self, bucket: &str) {
        let mut inner = self.inner();
        if let Some(bucket) = inner.world.buckets.get_mut(bucket) {
            bucket.objects.clear();
        }
        let _ = inner.save();
    }

    /// Puts an event of AWS itself (source `aws.*`) on the default bus of `region`. What the event
    /// leaves out of the envelope (`version`, `id`, `account`, `time`, `region`, `resources`) is
    /// filled in. The result is the event's id.
    pub fn emit(&self, region: &Region, event: Value) -> String {
        let mut inner = self.inner();
        inner.world.clock.tick();
        trail::release(&mut inner.world);
        let site = Site {
            account: inner.world.account.clone(),
            region: region.clone(),
        };
        let id = delivery::emit(&mut inner.world, &site, event);
        trail::release(&mut inner.world);
        // A file that cannot be written fails the next call.
        let _ = inner.save();
        id
    }

    fn serve(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut inner = self.inner();
        inner.world.clock.tick();
        trail::release(&mut inner.world);
        let id = inner.world.uuid();
        let call = match Call::read(request) {
            Ok(call) => call,
            Err(error) => return Ok(wire::refuse(request, &error, &id)),
        };
        let fault = inner.struck(&call);
        let outcome = match &fault {
            Some(FaultKind::Refuse { code, status }) => Err(ApiError::with_status(
                *status,
                code,
                "refused by an injected fault",
            )),
            Some(FaultKind::Throttle) => Err(throttled(call.service)),
            Some(FaultKind::Stop) => {
                inner.record(&call, Outcome::Stopped);
                return Err(ConnectorError::user("stopped by an injected fault".into()));
            }
            Some(FaultKind::LoseResponseAfterEffect) | None => inner.answer(&call, &id),
        };
        inner.record(
            &call,
            match &outcome {
                Ok(_) => Outcome::Done,
                Err(error) => Outcome::Refused(error.code.clone()),
            },
        );
        if let Err(error) = inner.save() {
            return Err(ConnectorError::user(error.into()));
        }
        if matches!(fault, Some(FaultKind::LoseResponseAfterEffect)) {
            return Err(ConnectorError::io("the response was lost".into()));
        }
        Ok(wire::respond(&call, &outcome, &id))
    }
}

impl Inner {
    fn struck(&mut self, call: &Call) -> Option<FaultKind> {
        self.faults.iter_mut().find_map(|armed| armed.strike(call))
    }

    fn record(&mut self, call: &Call, outcome: Outcome) {
        let account = match self.world.principals.get(&call.access_key_id) {
            Some(caller) => caller.account.clone(),
            None => self.world.account.clone(),
        };
        let site = Site {
            account: account.clone(),
            region: self.world.region.clone(),
        };
        let write = access::needs(call, &site).is_ok_and(|needs| match needs.kind {
            Kind::Write => true,
            Kind::Read => false,
            Kind::Data => !access::READS_OF_DATA.contains(&call.operation.as_str()),
        });
        self.calls.push(CallRecord {
            service: call.service.name().to_owned(),
            operation: call.operation.clone(),
            region: call.region.clone(),
            account,
            write,
            outcome,
        });
    }

    fn answer(&mut self, call: &Call, request_id: &str) -> Result<Value, ApiError> {
        let world = &mut self.world;
        let Some(caller) = world.principals.get(&call.access_key_id).cloned() else {
            return Err(unknown_key(call.service));
        };
        let region: Region = call
            .region
            .parse()
            .map_err(|error| ApiError::unsupported(format_args!("{error}")))?;
        let site = Site {
            account: caller.account.clone(),
            region,
        };
        if !world.reaches(&site, call.service) {
            return Err(unknown_key(call.service));
        }
        let mut needs = access::needs(call, &site)?;
        if call.service == Service::Kms {
            needs.permissions = kms::permissions(world, &site, &call.operation, &call.input);
        }
        let watchers = trail::watchers(world, &site, call.service);
        let outcome = access::authorise(world, &site, call, &caller, &needs).and_then(|()| {
            let input = call.input.clone();
            let operation = call.operation.as_str();
            match call.service {
                Service::Events => events::handle(world, &site, operation, input),
                Service::Sns => sns::handle(world, &site, operation, input),
                Service::Sqs => sqs::handle(world, &site, operation, input),
                Service::Sts => sts::handle(&caller, operation),
                Service::Iam => iam::handle(world, &site, &caller, operation, input),
                Service::Account => account::handle(world, &site, operation, input),
                Service::S3 => s3::handle(world, &site, operation, input),
                Service::CloudTrail => cloudtrail::handle(world, &site, operation, input),
                Service::Kms => kms::handle(world, &site, operation, input),
            }
        });
        if needs.kind != Kind::Data {
            let done = trail::Done {
                call,
                kind: needs.kind,
                outcome: &outcome,
                request_id,
            };
            trail::record(world, &site, &caller, &watchers, done);
        }
        trail::release(world);
        outcome
    }

    fn save(&self) -> Result<(), StoreError> {
        match &self.file {
            Some(file) => store::write(&self.world, file),
            None => Ok(()),
        }
    }
}

fn throttled(service: Service) -> ApiError {
    match service {
        Service::S3 => ApiError::with_status(503, "SlowDown", "Please reduce your request rate."),
        Service::Account => ApiError::with_status(429, "TooManyRequestsException", "Rate exceeded"),
        _ => ApiError::new("ThrottlingException", "Rate exceeded"),
    }
}

/// The answer to a key that does not exist, or not in this Region: one that is not enabled knows
/// no credentials. <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
fn unknown_key(service: Service) -> ApiError {
    let message = "The security token included in the request is invalid.";
    match service {
        Service::Events | Service::CloudTrail | Service::Kms => {
            ApiError::new("UnrecognizedClientException", message)
        }
        Service::Account => ApiError::with_status(403, "UnrecognizedClientException", message),
        Service::S3 => ApiError::with_status(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        _ => ApiError::with_status(403, "InvalidClientTokenId", message),
    }
}

impl HttpConnector for Sandbox {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.serve(&request))
    }
}

impl HttpClient for Sandbox {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
