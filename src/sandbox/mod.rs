//! An AWS inside this process: EventBridge, SNS, SQS, STS, IAM, S3, KMS, CloudTrail, Organizations
//! and the Account service behind the SDK's own HTTP door, or behind a socket of this machine.
//!
//! Real SDK clients run against it with their serialisation, retries and paging. It implements AWS
//! from AWS's documentation and shares nothing with the code that deploys, so that tests of that
//! code do not agree with themselves. What it does not implement is an error that names it.
//!
//! A world has as many accounts as anyone names: an account costs nothing until something is put
//! into it. [`Sandbox::organize`] makes an organization of some; who calls from where is decided
//! by the credentials, those of [`Sandbox::admin_in`] or of a role that was assumed.

mod access;
mod account;
mod clock;
mod cloudtrail;
mod delivery;
mod door;
mod events;
mod faults;
mod hands;
mod iam;
mod kms;
mod matching;
mod organizations;
mod policy;
mod principal;
mod s3;
mod sns;
mod socket;
mod sqs;
mod store;
mod sts;
mod throttle;
mod trail;
mod wire;
mod world;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;

pub use clock::Clock;
pub use faults::{CallRecord, Fault, FaultKind, Outcome};
pub use organizations::{AccountState, Organization, OrganizationError};
pub use socket::serve;
pub use store::StoreError;
pub use throttle::Count;
pub use world::{Delivery, Lost};

use crate::place::{AccountId, Region};
use throttle::{Counts, Throttle};
use world::World;

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
    keeps_calls: bool,
    counts: Counts,
    faults: Vec<faults::Armed>,
    /// How many calls are let through at once, if that is limited.
    throttle: Option<Throttle>,
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
            keeps_calls: true,
            counts: Counts::default(),
            faults: Vec::new(),
            throttle: None,
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
        let mut inner = self.inner();
        inner.calls.clear();
        inner.counts = Counts::default();
    }

    /// Whether each call is kept for [`Self::calls`], as it is at first. They need memory.
    pub fn keep_calls(&self, keep: bool) {
        self.inner().keeps_calls = keep;
    }

    /// How many calls there were of each operation, kept or not.
    pub fn counts(&self) -> Vec<Count> {
        self.inner().counts.list()
    }

    /// Whether AWS's limits on the rate of requests hold; at first none does.
    pub fn throttle(&self, on: bool) {
        self.inner().throttle = on.then(Throttle::default);
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
}
