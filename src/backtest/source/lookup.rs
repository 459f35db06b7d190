//! CloudTrail's event history, for those who have no logs at hand: 90 days of management events, one Region and
//! one account at a time, as fast as AWS lets it.
//! Source: CloudTrail API reference, LookupEvents: two requests a second for an account and Region, 50 events each.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::primitives::DateTime;
use futures::stream;

use super::{Blob, Body, Found, Loss, Source};
use crate::aws::{Call, Cause, Need, On, Step};
use crate::backtest::Window;
use crate::place::Region;

/// How many events a page of the event history holds.
pub const PAGE: i32 = 50;
/// Requests begin this far from each other: two a second.
const PAUSE: Duration = Duration::from_millis(500);
/// How far back the event history reaches, in seconds.
pub const HISTORY: i64 = 90 * 86_400;

/// Reads a page of the event history.
pub static LOOKUP: Call = Call {
    service: "cloudtrail",
    operation: "LookupEvents",
    needs: &[Need {
        action: "cloudtrail:LookupEvents",
        on: On::Any,
    }],
    write: false,
    step: Step::Look,
};

/// How far the reading of a Region has come.
struct Walk {
    client: Client,
    region: Region,
    window: Window,
    token: Option<String>,
    page: u64,
    next: tokio::time::Instant,
    ended: bool,
}

/// The event history of the Regions, all at once: each has a rate of its own.
pub fn source(regions: Vec<(Region, Client)>, window: Window) -> Source {
    let feeds: Vec<_> = regions
        .into_iter()
        .map(|(region, client)| {
            let walk = Walk {
                client,
                region,
                window,
                token: None,
                page: 0,
                next: tokio::time::Instant::now(),
                ended: false,
            };
            Box::pin(stream::unfold(walk, one))
        })
        .collect();
    Source {
        // Nobody says how many events there are.
        totals: vec![Arc::default()],
        feed: Box::pin(stream::select_all(feeds)),
    }
}

async fn one(mut walk: Walk) -> Option<(Found, Walk)> {
    if walk.ended {
        return None;
    }
    tokio::time::sleep_until(walk.next).await;
    walk.next = tokio::time::Instant::now() + PAUSE;
    walk.page += 1;
    let name = format!("event history of {}, page {}", walk.region, walk.page);
    let request = walk
        .client
        .lookup_events()
        .max_results(PAGE)
        .set_start_time(walk.window.since.map(DateTime::from_secs))
        // Here the end is included.
        .set_end_time(
            walk.window
                .until
                .map(|until| DateTime::from_secs(until - 1)),
        )
        .set_next_token(walk.token.take());
    let answer = match LOOKUP.send(walk.region.to_string(), request.send()).await {
        Ok(answer) => answer,
        Err(error) => {
            walk.ended = true;
            let problem = if error.cause == Cause::Denied {
                "access denied: the caller needs cloudtrail:LookupEvents".to_owned()
            } else {
                error.message
            };
            let found = Found::Lost(Loss {
                name,
                problem: format!("{problem}; older events of this Region are not read"),
                records_read: 0,
            });
            return Some((found, walk));
        }
    };
    walk.token = answer.next_token().map(str::to_owned);
    walk.ended = walk.token.is_none();
    let lines: Vec<&str> = answer
        .events()
        .iter()
        .filter_map(|event| event.cloud_trail_event())
        .collect();
    let found = Found::Blob(Blob {
        name,
        // A list, since a page may be empty and an empty text is none.
        body: Body::Memory(format!("[{}]", lines.join(",")).into_bytes()),
    });
    Some((found, walk))
}

/// How long the reading takes, guessed from how close together the latest events of each Region are, and the Region
/// that takes longest. `None` where there are no events, or nobody may read them. `now` and the window are in
/// seconds since 1970.
pub async fn estimate(
    regions: &[(Region, Client)],
    window: Window,
    now: i64,
) -> Option<(Region, Duration)> {
    let begin = window.since.unwrap_or(now - HISTORY);
    let end = window.until.unwrap_or(now).min(now);
    let guesses = regions.iter().map(async |(region, client)| {
        let request = client
            .lookup_events()
            .max_results(PAGE)
            .start_time(DateTime::from_secs(begin))
            .end_time(DateTime::from_secs(end));
        let page = LOOKUP.send(region.to_string(), request.send()).await.ok()?;
        let times = page.events().iter().filter_map(|event| event.event_time());
        let oldest = times.map(DateTime::secs).min()?;
        let all = if page.next_token().is_some() {
            events(page.events().len(), end - oldest, end - begin)
        } else {
            page.events().len() as u64
        };
        Some((region.clone(), at_least(all)))
    });
    let guesses = futures::future::join_all(guesses).await;
    guesses.into_iter().flatten().max_by_key(|(_, time)| *time)
}

/// How many events a window of so many seconds has, if it goes on as in the few seconds in which `seen` happened.
fn events(seen: usize, within: i64, window: i64) -> u64 {
    (seen as f64 * window.max(0) as f64 / within.max(1) as f64).ceil() as u64
}

/// How long so many events of one Region take.
fn at_least(events: u64) -> Duration {
    PAUSE * u32::try_from(events.div_ceil(PAGE as u64)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_of_aws_sets_the_time() {
        assert_eq!(at_least(0), Duration::ZERO);
        assert_eq!(at_least(51), Duration::from_secs(1));
        assert_eq!(at_least(360_000), Duration::from_secs(3600));
        assert_eq!(events(50, 60, 3600), 3000);
    }
}
