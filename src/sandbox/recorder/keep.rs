//! Which trails log a record, and where it waits until CloudTrail delivers it.

use serde_json::Value;

use crate::place::{AccountId, Region};
use crate::sandbox::cloudtrail::Recorded;
use crate::sandbox::cloudtrail::selectors::Selectors;
use crate::sandbox::cloudtrail::{find, history};
use crate::sandbox::service::Reach;
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

/// Where a call is recorded, and the trails that log there.
pub(crate) struct Watchers {
    pub(super) region: Region,
    pub(super) trails: Vec<(String, Selectors)>,
}

/// The trails that would log a call made now: the call itself may stop or remove them.
pub(crate) fn watchers(world: &World, site: &Site, reach: Reach) -> Watchers {
    let global = match reach {
        Reach::Global => Some(site.region.global()),
        Reach::Regional | Reach::Anywhere => None,
    };
    let there = Site {
        account: site.account.clone(),
        region: global.clone().unwrap_or_else(|| site.region.clone()),
    };
    let trails = find::seen(world, &there)
        .filter(|(_, trail)| trail.logging)
        .filter(|(_, trail)| global.is_none() || trail.settings.global_services)
        .map(|(arn, trail)| (arn.clone(), trail.selectors.clone()))
        .collect();
    Watchers {
        region: there.region,
        trails,
    }
}

/// What a service does on behalf of another is recorded too, and delivered in its turn.
pub(crate) fn publish(world: &mut World, site: &Site, service: &str, event: Value) {
    let service = world.services.named(service);
    let reach = service.map_or(Reach::Regional, |service| service.facts().reach);
    let watchers = watchers(world, site, reach);
    keep(world, site.account.clone(), &watchers, event);
}

/// Keeps an event in the history, which is one of management events, and, if a trail logs it at all, until CloudTrail
/// delivers it.
pub(super) fn keep(world: &mut World, account: AccountId, watchers: &Watchers, event: Value) {
    let detail = event.get("detail").unwrap_or(&Value::Null);
    if detail.get("managementEvent") != Some(&Value::Bool(false)) {
        history::remember(world, &account, &watchers.region, detail);
    }
    let trails: Vec<String> = watchers
        .trails
        .iter()
        .filter(|(_, selectors)| selectors.pass(detail))
        .map(|(arn, _)| arn.clone())
        .collect();
    if !trails.is_empty() {
        world.cloudtrail.recorded.push(Recorded {
            due: world.now().saturating_add(world.cloudtrail.delay),
            account,
            region: watchers.region.clone(),
            trails,
            event,
        });
    }
}
