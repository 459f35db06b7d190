//! CloudTrail delivers what it has recorded, to the default bus and to the buckets of trails. What Step Functions tells
//! of executions comes to the bus in the same way.

use crate::sandbox::cloudtrail::Recorded;
use crate::sandbox::cloudtrail::bucket;
use crate::sandbox::events::arrivals;
use crate::sandbox::sfn::Change;
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

/// EventBridge takes no larger event, in bytes.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html>
const LARGEST: usize = 256 * 1024;

/// How often what was delivered may cause more to be delivered, at one look.
const MOST_ROUNDS: usize = 100;

/// How many events about executions come to the bus in one of these rounds. Each may start an execution, and each of
/// those tells of its begin and of its end.
const MOST_TOLD: usize = 10;

/// Delivers what is due, oldest first: once to the bus, and to the bucket of every trail that logs
/// it. The bus does not depend on the buckets. The answer is whether anything was.
pub(crate) fn release(world: &mut World) -> bool {
    let mut any = false;
    // Delivering makes further records; a world that never comes to rest goes on at the next look.
    for _ in 0..MOST_ROUNDS {
        if !release_due(world) {
            break;
        }
        any = true;
    }
    any
}

fn release_due(world: &mut World) -> bool {
    let now = world.now();
    let mut left = MOST_TOLD;
    let tells = |change: &mut Change| {
        let tells = left > 0 && change.due <= now;
        left -= usize::from(tells);
        tells
    };
    let told: Vec<Change> = world.sfn.changes.extract_if(.., tells).collect();
    let mut due: Vec<Recorded> = world
        .cloudtrail
        .recorded
        .extract_if(.., |r| r.due <= now)
        .collect();
    due.sort_by_key(|recorded| recorded.due);
    let any = !due.is_empty() || !told.is_empty();
    for recorded in due {
        let site = Site {
            account: recorded.account,
            region: recorded.region,
        };
        for trail in &recorded.trails {
            bucket::deliver(world, trail, &site);
        }
        if recorded.event.to_string().len() <= LARGEST {
            arrivals::emit(world, &site, recorded.event);
        }
    }
    for change in told {
        let site = Site {
            account: change.account,
            region: change.region,
        };
        arrivals::emit(world, &site, change.event);
    }
    any
}
