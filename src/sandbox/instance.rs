//! One AWS in this process, and how it is watched and disturbed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;

use super::clock::Clock;
use super::faults::{Armed, CallRecord, Fault};
use super::recorder::release;
use super::server;
use super::throttle::{Count, Counts, Throttle};
use super::world::World;
use crate::place::{AccountId, Region};

/// How a sandbox begins.
#[derive(Debug, Clone)]
pub struct Options {
    /// The account of its callers.
    pub account: AccountId,
    /// The Region that its owner works in; every other Region is there too.
    pub region: Region,
    /// Where it takes its time from.
    pub clock: Clock,
}

/// An in-process AWS. Clones share one world.
#[derive(Debug, Clone)]
pub struct Sandbox(Arc<Mutex<Inner>>);

/// What the clones of a sandbox share.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) world: World,
    pub(super) calls: Vec<CallRecord>,
    pub(super) keeps_calls: bool,
    pub(super) counts: Counts,
    pub(super) faults: Vec<Armed>,
    /// How many calls are let through at once, if that is limited.
    pub(super) throttle: Option<Throttle>,
    /// Where every change is saved, if anywhere.
    pub(super) file: Option<PathBuf>,
    /// Whether a look has left something that is not saved yet: what CloudTrail recorded of it, and the time.
    pub(super) unsaved: bool,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.unsaved {
            // Nobody is left to be told.
            let _ = self.save();
        }
    }
}

impl Sandbox {
    /// A sandbox in which nothing exists yet.
    pub fn new(options: Options) -> Self {
        Self::from_world(
            World::new(options.account, options.region, options.clock),
            None,
        )
    }

    pub(super) fn from_world(mut world: World, file: Option<PathBuf>) -> Self {
        world.services = server::SERVICES;
        Self(Arc::new(Mutex::new(Inner {
            world,
            calls: Vec::new(),
            keeps_calls: true,
            counts: Counts::default(),
            faults: Vec::new(),
            throttle: None,
            file,
            unsaved: false,
        })))
    }

    /// A sandbox of its own that begins where this one stands; callers keep their credentials.
    pub fn fork(&self) -> Self {
        Self::from_world(self.inner().world.clone(), None)
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
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

    /// The world after the events have come that are due.
    pub(super) fn settled(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner();
        if release(&mut inner.world) {
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

    /// Whether it limits the rate of requests.
    pub fn is_throttled(&self) -> bool {
        self.inner().throttle.is_some()
    }

    /// Disturbs calls from now on.
    pub fn fault(&self, fault: Fault) {
        self.inner().faults.push(Armed::new(fault));
    }

    /// Ends all disturbance of calls.
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
