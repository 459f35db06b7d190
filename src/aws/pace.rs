//! Pacing: no more requests on their way than the connection pool serves well, and none faster than
//! AWS's quotas, so that throttling, and the SDK's retries behind it, stay the exception.
//!
//! It looks at requests as they leave, whatever made them: the credential scope of a signature names
//! Region and service, wherever the endpoint is.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::calls;

/// Requests on their way at once, whichever accounts they are for.
pub const IN_FLIGHT: usize = 256;

/// Requests at once that are made ready, on their way or read: what the SDK keeps of each is some 50 kB.
const MADE_AT_ONCE: usize = IN_FLIGHT + 16;

tokio::task_local! {
    /// What the requests of a task share with others, where there are many.
    static ROOM: Arc<Semaphore>;
}

/// Waits until a request may be made; it may as long as what this returns is kept.
pub(super) async fn room() -> Option<OwnedSemaphorePermit> {
    let room = ROOM.try_with(Arc::clone).ok()?;
    room.acquire_owned().await.ok()
}

/// What a run shares: one for all accounts.
#[derive(Debug, Clone)]
pub struct Pace {
    in_flight: Arc<Semaphore>,
    /// For the requests of many tasks.
    room: Arc<Semaphore>,
    /// Of the caller's account: STS and Organizations.
    common: Arc<Lanes>,
    /// Requests that wait for a rate of AWS's.
    held_back: Arc<AtomicUsize>,
    /// Whether whoever answers limits the rate of requests.
    has_rates: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT)),
            room: Arc::new(Semaphore::new(MADE_AT_ONCE)),
            common: Arc::default(),
            held_back: Arc::default(),
            has_rates: true,
        }
    }
}

impl Pace {
    /// The pace where nobody limits the rate of requests, as in a sandbox: none waits for a rate.
    pub fn without_rates() -> Self {
        Self {
            has_rates: false,
            ..Self::default()
        }
    }

    /// How many requests wait now, so that they come no faster than AWS takes them.
    pub fn held_back(&self) -> usize {
        self.held_back.load(Ordering::Relaxed)
    }

    /// Waits until there is room for one more request, after all that wait already.
    pub async fn room(&self) {
        // Never closed.
        let _ = self.room.acquire().await;
    }

    /// Work whose requests wait for room.
    pub fn one_of_many<W: Future>(&self, work: W) -> impl Future<Output = W::Output> + use<W> {
        ROOM.scope(Arc::clone(&self.room), work)
    }

    /// The HTTP client for one account: the same connections, with rates of its own.
    pub fn of_an_account(&self, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(PacedClient {
            inner,
            pace: self.clone(),
            own: Arc::default(),
        })
    }
}

/// Buckets by what AWS counts together.
#[derive(Debug, Default)]
struct Lanes(Mutex<HashMap<Lane, Bucket>>);

/// What AWS counts together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Lane {
    /// EventBridge in one Region.
    Events(String),
    IamReads,
    IamWrites,
    AssumeRole,
    ListAccounts,
    Organizations,
    CloudTrailReads(String),
    CloudTrailWrites(String),
}

impl Lane {
    /// Requests a second, just under the quota, and how many may go at once.
    /// Source: EventBridge quotas (PutRule, PutTargets and others 50 a second); CloudTrail quotas; for IAM,
    /// STS and Organizations, whose quotas AWS does not publish, users' measurements.
    fn rate(&self) -> (f64, f64) {
        match self {
            Self::Events(_) => (45.0, 45.0),
            Self::IamReads => (18.0, 18.0),
            Self::IamWrites => (9.0, 9.0),
            Self::AssumeRole => (580.0, 580.0),
            Self::ListAccounts => (7.9, 13.0),
            Self::Organizations => (7.8, 8.0),
            Self::CloudTrailReads(_) => (9.0, 9.0),
            Self::CloudTrailWrites(_) => (0.95, 1.0),
        }
    }

    /// Whether the caller's account pays for it, whichever account the work is for.
    fn is_common(&self) -> bool {
        matches!(
            self,
            Self::AssumeRole | Self::ListAccounts | Self::Organizations
        )
    }
}

/// A bucket that holds `burst` and gains one every `interval`: the theoretical arrival time of the next.
#[derive(Debug)]
struct Bucket {
    next: Instant,
    interval: Duration,
    burst: Duration,
}

impl Bucket {
    fn new(lane: &Lane) -> Self {
        let (rate, burst) = lane.rate();
        let interval = Duration::from_secs_f64(1.0 / rate);
        Self {
            next: Instant::now(),
            interval,
            burst: interval.mul_f64(burst - 1.0),
        }
    }

    /// When the next request may go.
    fn take(&mut self) -> Instant {
        let now = Instant::now();
        let arrival = self.next.max(now);
        self.next = arrival + self.interval;
        arrival.checked_sub(self.burst).unwrap_or(now).max(now)
    }
}

impl Lanes {
    fn take(&self, lane: Lane) -> Instant {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(lane).or_insert_with_key(Bucket::new);
        bucket.take()
    }
}

#[derive(Debug)]
struct PacedClient {
    inner: SharedHttpClient,
    pace: Pace,
    own: Arc<Lanes>,
}

#[derive(Debug)]
struct PacedConnector {
    inner: SharedHttpConnector,
    pace: Pace,
    own: Arc<Lanes>,
}

impl HttpClient for PacedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(PacedConnector {
            inner: self.inner.http_connector(settings, components),
            pace: self.pace.clone(),
            own: Arc::clone(&self.own),
        })
    }
}

impl HttpConnector for PacedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let lane = self.pace.has_rates.then(|| lane(&request)).flatten();
        let at = lane.map(|lane| {
            let lanes = if lane.is_common() {
                &self.pace.common
            } else {
                &self.own
            };
            lanes.take(lane)
        });
        let (inner, in_flight) = (self.inner.clone(), Arc::clone(&self.pace.in_flight));
        let held_back = Arc::clone(&self.pace.held_back);
        HttpConnectorFuture::new(async move {
            // Most go at once, and need no timer.
            if let Some(at) = at.filter(|at| *at > Instant::now()) {
                let _one = HeldBack::count(held_back);
                let ms = at.duration_since(Instant::now()).as_millis();
                tracing::debug!(ms, "a request waits for AWS's rate");
                lending_room(tokio::time::sleep_until(at)).await;
            }
            let _place = in_flight
                .acquire_owned()
                .await
                .map_err(|closed| ConnectorError::other(closed.into(), None))?;
            inner.call(request).await
        })
    }
}

/// Waits, and leaves the room of the request that waits to others meanwhile: an account that waits for its own rate
/// keeps none from working.
async fn lending_room(waiting: impl Future<Output = ()>) {
    let Ok(room) = ROOM.try_with(Arc::clone) else {
        return waiting.await;
    };
    room.add_permits(1);
    waiting.await;
    if let Ok(place) = room.acquire().await {
        place.forget();
    }
}

/// One request that waits, counted for as long as it does.
struct HeldBack(Arc<AtomicUsize>);

impl HeldBack {
    fn count(all: Arc<AtomicUsize>) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(all)
    }
}

impl Drop for HeldBack {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What AWS counts a request as; `None`: nothing that is likely to run out.
fn lane(request: &HttpRequest) -> Option<Lane> {
    // `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`
    let scope = request.headers().get("authorization")?;
    let (_, scope) = scope.split_once("Credential=")?;
    let mut parts = scope.split('/').skip(2);
    let (region, service) = (parts.next()?, parts.next()?);
    let operation = || operation(request).unwrap_or_default();
    let writes = || {
        let operation = operation();
        calls::ALL
            .iter()
            .any(|call| call.write && call.operation == operation)
    };
    Some(match service {
        "events" => Lane::Events(region.to_owned()),
        "iam" if writes() => Lane::IamWrites,
        "iam" => Lane::IamReads,
        "sts" => Lane::AssumeRole,
        "organizations" if operation() == "ListAccounts" => Lane::ListAccounts,
        "organizations" => Lane::Organizations,
        "cloudtrail" if writes() => Lane::CloudTrailWrites(region.to_owned()),
        "cloudtrail" => Lane::CloudTrailReads(region.to_owned()),
        _ => return None,
    })
}

/// JSON protocols name the operation in a header, the query protocol in the body.
fn operation(request: &HttpRequest) -> Option<String> {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.split('.').nth(1).map(str::to_owned);
    }
    let body = std::str::from_utf8(request.body().bytes()?).ok()?;
    let action = body
        .split('&')
        .find_map(|pair| pair.strip_prefix("Action="))?;
    Some(action.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_at_the_quota() {
        let lanes = Lanes::default();
        let began = Instant::now();
        let after: Vec<u128> = (0..15)
            .map(|_| (lanes.take(Lane::ListAccounts) - began).as_millis())
            .collect();
        assert_eq!(after.get(12), Some(&0), "{after:?}");
        assert_eq!(after.get(13), Some(&126), "{after:?}");
        assert_eq!(after.get(14), Some(&253), "{after:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn many_share_room_and_lend_it_while_they_wait() {
        let pace = Pace::default();
        assert!(room().await.is_none(), "of one alone nobody waits");
        let all_but_one = u32::try_from(MADE_AT_ONCE - 1).unwrap();
        let _taken = pace.room.acquire_many(all_but_one).await.unwrap();
        let soon = Duration::from_millis(1);
        let is_free = async || tokio::time::timeout(soon, pace.room()).await.is_ok();
        let request = pace.one_of_many(async {
            let _last = room().await;
            assert!(!is_free().await, "there is no more room");
            let others = async {
                assert!(is_free().await, "it is lent");
                let place = pace.room.acquire().await.unwrap();
                tokio::time::sleep(Duration::from_secs(3)).await;
                drop(place);
            };
            let began = Instant::now();
            let rate = lending_room(tokio::time::sleep(Duration::from_secs(1)));
            let came_back = async {
                rate.await;
                Instant::now() - began
            };
            let (came_back, ()) = futures::join!(came_back, others);
            assert_eq!(came_back.as_secs(), 3, "whoever it was lent to comes first");
            assert!(!is_free().await, "it is taken back");
        });
        request.await;
        assert!(is_free().await);
        assert_eq!(pace.room.available_permits(), 1);
    }

    #[test]
    fn the_signature_tells_what_a_request_counts_as() {
        let request = |service: &str, target: Option<&str>, body: &str| {
            let mut request = HttpRequest::new(body.to_owned().into());
            request.headers_mut().insert(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential=AKID/20260105/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"),
            );
            if let Some(target) = target {
                request
                    .headers_mut()
                    .insert("x-amz-target", target.to_owned());
            }
            request
        };
        let here = || "eu-west-1".to_owned();
        for (service, target, body, wanted) in [
            (
                "events",
                Some("AWSEvents.PutRule"),
                "{}",
                Some(Lane::Events(here())),
            ),
            (
                "iam",
                None,
                "Action=GetRole&RoleName=a",
                Some(Lane::IamReads),
            ),
            (
                "iam",
                None,
                "Action=CreateRole&RoleName=a",
                Some(Lane::IamWrites),
            ),
            (
                "organizations",
                Some("AWSOrganizationsV20161128.ListAccounts"),
                "{}",
                Some(Lane::ListAccounts),
            ),
            ("sts", None, "Action=AssumeRole", Some(Lane::AssumeRole)),
            ("sqs", Some("AmazonSQS.CreateQueue"), "{}", None),
        ] {
            assert_eq!(lane(&request(service, target, body)), wanted);
        }
    }
}
