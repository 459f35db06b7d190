//! Proof that an alert arrives: synthetic events, sent through what is really deployed.

mod path;
mod probe;
mod synthetic;

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde::Serialize;

use crate::aws::{CallError, Clients, calls};
use crate::compile::Compiled;
use crate::place::{Arn, Place, StackName};
use crate::placement::Desired;
use crate::plan::Plan;
use crate::resources::{Key, Kind, Live, Resource, names};
use crate::rules::{Format, RuleId};

pub use path::BrokenLink;
pub use synthetic::{Setting, Synthetic, synthetic};

/// How long to wait before the same event is sent again: a new rule or subscription takes a while to act.
const RESEND_AFTER_MS: i64 = 15_000;

/// A pause between looks into a queue that was empty.
const PAUSE: Duration = Duration::from_millis(200);

/// The deployment under test.
#[derive(Debug, Clone, Copy)]
pub struct Deployment<'a> {
    /// The rules file's name.
    pub stack: &'a StackName,
    /// What the rules file asks for.
    pub desired: &'a Desired,
    /// What AWS has.
    pub live: &'a [Live],
    /// The difference.
    pub plan: &'a Plan,
}

/// How to test.
pub struct Options<'a> {
    /// Wait for the alerts, this long at most; `None`: only send.
    pub wait: Option<Duration>,
    /// The time in Unix milliseconds.
    pub clock: &'a (dyn Fn() -> i64 + Sync),
    /// A new id each time: lower-case letters, digits and `-`, unique among all runs.
    pub new_id: &'a (dyn Fn() -> String + Sync),
}

/// What a test event of one detector did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proof {
    /// The rule.
    pub rule: RuleId,
    /// The detector, by its name in AWS.
    pub detector: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Readers who would not get it, because they have not confirmed yet.
    pub unconfirmed: Vec<String>,
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// AWS took the event; nobody waited for the alert.
    Sent,
    /// The alert was received.
    Arrived {
        /// From the first send to the alert, in milliseconds.
        after_ms: i64,
        /// The alert as its readers get it.
        alert: String,
    },
    /// The way is broken; nothing was sent.
    Broken {
        /// Every link that is wrong.
        links: Vec<BrokenLink>,
    },
    /// Sent, and nothing came in time.
    Lost {
        /// How long we waited, in milliseconds.
        after_ms: i64,
        /// The forms of the alert that did not come.
        missing: Vec<Format>,
    },
    /// No event was found that the pattern matches.
    NoEvent,
    /// A call failed.
    Failed {
        /// Why.
        error: CallError,
    },
    /// Stopped before it was known.
    Stopped,
}

impl Proof {
    /// Whether the alert path is proved as far as was asked for, to every reader.
    pub fn is_good(&self) -> bool {
        matches!(self.outcome, Outcome::Sent | Outcome::Arrived { .. })
            && self.unconfirmed.is_empty()
    }
}

/// A test under way.
struct Test<'a> {
    compiled: &'a Compiled,
    detector: Key,
    event: Option<Synthetic>,
    id: String,
    /// First and last time of sending.
    sent: Option<(i64, i64)>,
    /// Forms in which the alert has not arrived yet: a rule has a topic for each.
    missing: BTreeSet<Format>,
    /// The alert, once one has arrived.
    alert: Option<String>,
    outcome: Option<Outcome>,
}

impl Test<'_> {
    fn last_sent(&self, start: i64) -> i64 {
        self.sent.map_or(start, |(_, last)| last)
    }
}

/// Sends the synthetic event of each pattern through what is deployed, and waits for the alerts.
///
/// The temporary queue is removed whatever happens, `stop` included.
///
/// # Errors
/// When the temporary queue cannot be made, read or removed.
pub async fn prove(
    clients: &Clients,
    deployment: Deployment<'_>,
    patterns: &[Compiled],
    options: &Options<'_>,
    stop: impl Future<Output = ()>,
) -> Result<Vec<Proof>, CallError> {
    let mut tests: Vec<Test<'_>> = Vec::new();
    for compiled in patterns {
        tests.push(prepare(clients, deployment, compiled, options).await);
    }
    let open = tests.iter().any(|test| test.outcome.is_none());
    if let (true, Some(limit)) = (open, options.wait) {
        let home = &deployment.desired.home;
        let topics = topics(deployment.desired, &tests);
        let now = (options.clock)();
        // Probes of killed runs go first, so that they do not pile up.
        probe::sweep(clients, deployment.stack, home, deployment.live, now / 1000).await?;
        let limit_ms = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX / 2);
        let until = (now + limit_ms) / 1000 + 60;
        let id = (options.new_id)();
        let probe =
            probe::Probe::open(clients, deployment.stack, home, &topics, &id, until).await?;
        let watched = {
            let stop = std::pin::pin!(stop);
            let watch = std::pin::pin!(watch(clients, &probe, &mut tests, options, limit_ms));
            match futures::future::select(stop, watch).await {
                futures::future::Either::Left(_) => Ok(()),
                futures::future::Either::Right((result, _)) => result,
            }
        };
        let closed = probe.close(clients).await;
        watched.and(closed)?;
    } else {
        send(clients, &mut tests, options).await?;
        for test in &mut tests {
            test.outcome.get_or_insert(Outcome::Sent);
        }
    }
    Ok(tests
        .into_iter()
        .map(|test| Proof {
            rule: test.compiled.rule.clone(),
            unconfirmed: path::unconfirmed(deployment, &test.detector),
            detector: test.detector.name,
            outcome: test.outcome.unwrap_or(Outcome::Stopped),
        })
        .collect())
}

/// Finds the event and looks at every link before anything is sent.
async fn prepare<'a>(
    clients: &Clients,
    deployment: Deployment<'_>,
    compiled: &'a Compiled,
    options: &Options<'_>,
) -> Test<'a> {
    let home = &deployment.desired.home;
    let detector = Key {
        place: home.clone(),
        kind: Kind::Rule,
        name: names::detector(deployment.stack, &compiled.rule, compiled.part),
    };
    let now = (options.clock)();
    let time = jiff::Timestamp::from_second(now / 1000).unwrap_or_default();
    let id = (options.new_id)();
    let event = match home {
        Place::Regional { account, region } => synthetic(
            compiled,
            &Setting {
                stack: deployment.stack,
                account,
                region,
                time: &time.to_string(),
                id: &id,
            },
        ),
        Place::Global { .. } => None,
    };
    let outcome = match &event {
        None => Some(Outcome::NoEvent),
        Some(event) => {
            let links = path::broken_links(clients, deployment, &detector, event).await;
            (!links.is_empty()).then_some(Outcome::Broken { links })
        }
    };
    Test {
        compiled,
        event,
        id,
        sent: None,
        missing: formats(deployment.desired, &detector),
        alert: None,
        detector,
        outcome,
    }
}

/// The forms in which a detector alerts, by the ids of its targets.
fn formats(desired: &Desired, detector: &Key) -> BTreeSet<Format> {
    let targets = match desired.resources.get(detector) {
        Some(Resource::Rule(rule)) => rule.targets.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    [(Format::Text, "text"), (Format::Json, "json")]
        .into_iter()
        .filter(|(_, id)| targets.contains(id))
        .map(|(format, _)| format)
        .collect()
}

/// The form of an alert: only the one for machines is an object.
fn format_of(body: &str) -> Format {
    match serde_json::from_str::<serde_json::Value>(body) {
        Ok(value) if value.is_object() => Format::Json,
        _ => Format::Text,
    }
}

/// Every topic on the way of a test that is still open.
fn topics(desired: &Desired, tests: &[Test<'_>]) -> Vec<Arn> {
    let mut topics: Vec<Arn> = tests
        .iter()
        .filter(|test| test.outcome.is_none())
        .filter_map(|test| match desired.resources.get(&test.detector) {
            Some(Resource::Rule(rule)) => Some(rule.targets.values().map(|t| t.arn.clone())),
            _ => None,
        })
        .flatten()
        .collect();
    topics.sort();
    topics.dedup();
    topics
}

/// Sends, looks, sends again, until every alert is here or the time is up.
async fn watch(
    clients: &Clients,
    probe: &probe::Probe,
    tests: &mut [Test<'_>],
    options: &Options<'_>,
    limit_ms: i64,
) -> Result<(), CallError> {
    let start = (options.clock)();
    send(clients, tests, options).await?;
    loop {
        let bodies = probe.receive(clients, 1).await?;
        let now = (options.clock)();
        let nothing = bodies.is_empty();
        for body in bodies {
            let test = tests
                .iter_mut()
                .find(|test| test.outcome.is_none() && body.contains(&test.id));
            let Some(test) = test else { continue };
            let format = format_of(&body);
            test.missing.remove(&format);
            if format == Format::Text || test.alert.is_none() {
                test.alert = Some(body);
            }
            if test.missing.is_empty() {
                test.outcome = Some(Outcome::Arrived {
                    after_ms: now - test.sent.map_or(start, |(first, _)| first),
                    alert: test.alert.clone().unwrap_or_default(),
                });
            }
        }
        if tests.iter().all(|test| test.outcome.is_some()) {
            return Ok(());
        }
        if now - start > limit_ms {
            for test in tests.iter_mut() {
                let missing = test.missing.iter().copied().collect();
                test.outcome.get_or_insert(Outcome::Lost {
                    after_ms: now - start,
                    missing,
                });
            }
            return Ok(());
        }
        if tests
            .iter()
            .any(|test| test.outcome.is_none() && now - test.last_sent(start) > RESEND_AFTER_MS)
        {
            send(clients, tests, options).await?;
        } else if nothing {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Sends the events of all open tests, as many at once as PutEvents takes.
async fn send(
    clients: &Clients,
    tests: &mut [Test<'_>],
    options: &Options<'_>,
) -> Result<(), CallError> {
    let mut open: Vec<&mut Test<'_>> = tests
        .iter_mut()
        .filter(|test| test.outcome.is_none())
        .collect();
    for batch in open.chunks_mut(10) {
        let entries: Vec<PutEventsRequestEntry> = batch
            .iter()
            .filter_map(|test| test.event.as_ref())
            .map(|event| {
                PutEventsRequestEntry::builder()
                    .source(&event.source)
                    .detail_type(&event.detail_type)
                    .detail(event.detail.to_string())
                    .build()
            })
            .collect();
        let now = (options.clock)();
        let request = clients.events.put_events().set_entries(Some(entries));
        let answer = calls::PUT_EVENTS.send("*", request.send()).await?;
        for (test, entry) in batch.iter_mut().zip(answer.entries()) {
            let first = test.sent.map_or(now, |(first, _)| first);
            test.sent = Some((first, now));
            // Refused entries come inside a success.
            if let Some(code) = entry.error_code() {
                test.outcome = Some(Outcome::Failed {
                    error: CallError::inside_success(
                        &calls::PUT_EVENTS,
                        test.detector.name.clone(),
                        code,
                        entry.error_message().unwrap_or_default(),
                    ),
                });
            }
        }
    }
    Ok(())
}
