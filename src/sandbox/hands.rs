//! What people do by hand, outside of the API: they confirm mails, enable Regions, fill buckets.

use serde_json::Value;

use super::world::{Site, World};
use super::{Sandbox, StoreError, delivery, s3, sns, trail};
use crate::place::{AccountId, Region};

impl Sandbox {
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
        self.set_regions_of(&self.account(), enabled);
    }

    /// The same for another account.
    pub fn set_regions_of(&self, account: &AccountId, enabled: &[Region]) {
        let enabled = enabled.iter().cloned().collect();
        self.by_hand(|world| world.set_regions(account.clone(), enabled));
    }

    /// Disables one Region, as an account's owner may do at any time. us-east-1 stays.
    pub fn disable_region(&self, region: &Region) {
        self.disable_region_of(&self.account(), region);
    }

    /// The same for another account.
    pub fn disable_region_of(&self, account: &AccountId, region: &Region) {
        self.by_hand(|world| {
            let mut enabled = world.enabled_regions(account);
            enabled.remove(region);
            world.set_regions(account.clone(), enabled);
        });
    }

    /// Says that another account has a bucket of this name, in us-east-1.
    pub fn foreign_bucket(&self, name: &str) {
        self.by_hand(|world| s3::own_elsewhere(world, name));
    }

    /// Puts an empty object into a bucket. Without the bucket nothing happens.
    pub fn put_object(&self, bucket: &str, key: &str) {
        self.by_hand(|world| {
            if let Some(bucket) = world.buckets.get_mut(bucket) {
                bucket.objects.insert(key.to_owned());
            }
        });
    }

    /// Deletes everything in a bucket, as its owner would by hand before deleting it.
    pub fn empty_bucket(&self, bucket: &str) {
        self.by_hand(|world| {
            if let Some(bucket) = world.buckets.get_mut(bucket) {
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

    /// The same on the default bus of another account.
    pub fn emit_in(&self, account: &AccountId, region: &Region, event: Value) -> String {
        let site = Site {
            account: account.clone(),
            region: region.clone(),
        };
        self.by_hand(|world| {
            world.clock.tick();
            trail::release(world);
            let id = delivery::emit(world, &site, event);
            trail::release(world);
            id
        })
    }

    /// A file that cannot be written fails the next call.
    fn by_hand<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut inner = self.inner();
        let outcome = change(&mut inner.world);
        let _ = inner.save();
        outcome
    }
}
