//! What people do and see outside of the API: they confirm mails, enable Regions, fill buckets, and
//! read what they were sent.

use std::time::Duration;

use serde_json::Value;

use super::account::regions;
use super::events::{Lost, arrivals};
use super::instance::Sandbox;
use super::recorder::release;
use super::s3::buckets;
use super::site::Site;
use super::sns::{Delivery, subscriptions};
use super::store::StoreError;
use super::world::World;
use crate::place::{AccountId, Region};

impl Sandbox {
    /// Confirms pending subscriptions, all or those of one endpoint, as their owners would.
    /// The result is what was confirmed: protocol, endpoint, topic ARN.
    pub fn confirm(
        &self,
        endpoint: Option<&str>,
    ) -> Result<Vec<(String, String, String)>, StoreError> {
        let mut inner = self.inner();
        let confirmed = subscriptions::confirm(&mut inner.world, endpoint);
        inner.save()?;
        Ok(confirmed)
    }

    /// Enables exactly these Regions for the callers' account. us-east-1 cannot be disabled.
    pub fn set_regions(&self, enabled: &[Region]) {
        self.set_regions_of(&self.account(), enabled);
    }

    /// Enables exactly these Regions for an account. us-east-1 cannot be disabled.
    pub fn set_regions_of(&self, account: &AccountId, enabled: &[Region]) {
        let enabled = enabled.iter().cloned().collect();
        self.by_hand(|world| regions::set(world, account.clone(), enabled));
    }

    /// Disables one Region, as an account's owner may do at any time. us-east-1 stays.
    pub fn disable_region(&self, region: &Region) {
        self.disable_region_of(&self.account(), region);
    }

    /// Disables one Region of an account. us-east-1 stays.
    pub fn disable_region_of(&self, account: &AccountId, region: &Region) {
        self.by_hand(|world| {
            let mut enabled = regions::enabled(world, account);
            enabled.remove(region);
            regions::set(world, account.clone(), enabled);
        });
    }

    /// Says that another account has a bucket of this name, in us-east-1.
    pub fn foreign_bucket(&self, name: &str) {
        self.by_hand(|world| buckets::own_elsewhere(world, name));
    }

    /// Puts an empty object into a bucket. Without the bucket nothing happens.
    pub fn put_object(&self, bucket: &str, key: &str) {
        self.by_hand(|world| {
            if let Some(bucket) = world.s3.buckets.get_mut(bucket) {
                bucket.objects.insert(key.to_owned());
            }
        });
    }

    /// Deletes everything in a bucket, as its owner would by hand before deleting it.
    pub fn empty_bucket(&self, bucket: &str) {
        self.by_hand(|world| {
            if let Some(bucket) = world.s3.buckets.get_mut(bucket) {
                bucket.objects.clear();
            }
        });
    }

    /// Puts an event of AWS itself (source `aws.*`) on the default bus of `region`. What the event
    /// leaves out of the envelope (`version`, `id`, `account`, `time`, `region`, `resources`) is
    /// filled in. The result is the event's id.
    pub fn emit(&self, region: &Region, event: Value) -> String {
        self.emit_in(&self.account(), region, event)
    }

    /// Puts an event of AWS itself on the default bus of an account in `region`, as [`Self::emit`]
    /// does.
    pub fn emit_in(&self, account: &AccountId, region: &Region, event: Value) -> String {
        let site = Site {
            account: account.clone(),
            region: region.clone(),
        };
        self.by_hand(|world| {
            world.clock.tick();
            release(world);
            let id = arrivals::emit(world, &site, event);
            release(world);
            id
        })
    }

    /// Everything that people and endpoints have received so far, oldest first.
    pub fn outbox(&self) -> Vec<Delivery> {
        self.settled().world.sns.outbox.clone()
    }

    /// Says whether an endpoint refuses from now on what topics send to it: a URL that answers with an error, a function
    /// whose policy does not let SNS invoke it.
    pub fn set_refusing(&self, endpoint: &str, refuses: bool) {
        self.by_hand(|world| match refuses {
            true => world.sns.refusing.insert(endpoint.to_owned()),
            false => world.sns.refusing.remove(endpoint),
        });
    }

    /// The events that matched a rule and reached nobody, not even a dead-letter queue.
    pub fn lost(&self) -> Vec<Lost> {
        self.settled().world.events.lost.clone()
    }

    /// How long CloudTrail takes from a call to its event on the bus, from now on. Zero at first;
    /// AWS takes some minutes.
    pub fn set_trail_delay(&self, delay: Duration) {
        let mut inner = self.inner();
        inner.world.cloudtrail.delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        // A file that cannot be written fails the next call.
        let _ = inner.save();
    }

    /// A file that cannot be written fails the next call.
    fn by_hand<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut inner = self.inner();
        let outcome = change(&mut inner.world);
        let _ = inner.save();
        outcome
    }
}
