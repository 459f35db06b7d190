//! Sending test events and watching for their alerts.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::path::Suspect;
use super::runs::{End, Run, Runs};
use super::way::targets;
use super::{BrokenLink, Options, Outcome, Synthetic, default_bus, leg, probe};
use crate::aws::{CallError, Clients, Cloud, calls};
use crate::ledger::Answer;
use crate::place::{Arn, Region};
use crate::placement::Desired;
use crate::resources::{PLACES_AT_ONCE, ResourceKey};
use crate::rules::{Format, RuleId};

/// How long to wait before the same event is sent again: a new rule or subscription takes a while to act.
const RESEND_AFTER_MS: i64 = 15_000;

/// PutEvents takes no more.
const MOST_ENTRIES: usize = 10;

/// A pause between looks into a queue that was empty.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// A test under way.
pub(super) struct Test {
    /// The detector or forwarder under test.
    pub(super) key: ResourceKey,
    /// The rule whose detector it is.
    pub(super) rule: Option<RuleId>,
    pub(super) event: Option<Synthetic>,
    pub(super) id: String,
    /// The Region whose bus takes the event.
    pub(super) from: Region,
    /// Who sends it, if the event is another account's.
    pub(super) sender: Option<Cloud>,
    /// First and last time of sending.
    pub(super) sent: Option<(i64, i64)>,
    /// The ways on which it has not arrived yet: a rule has a topic for each of its channels.
    pub(super) missing: BTreeSet<Way>,
    /// The alert, once one has arrived.
    pub(super) alert: Option<String>,
    /// What each channel of the dispatcher answered.
    pub(super) answers: Vec<Answer>,
    /// Whether a run of the dispatcher was seen that followed another definition than the one that stands there now.
    pub(super) is_outdated: bool,
    /// Whether a run of the dispatcher that it started goes on: sent again, people would be told twice.
    pub(super) is_running: bool,
    /// What would lose real events.
    pub(super) weak: Vec<BrokenLink>,
    pub(super) outcome: Option<Outcome>,
}

impl Test {
    fn last_sent(&self, start: i64) -> i64 {
        self.sent.map_or(start, |(_, last)| last)
    }

    /// A test of which nothing was sent yet.
    pub(super) fn new(key: ResourceKey, from: Region, id: String, ways: BTreeSet<Way>) -> Self {
        Self {
            key,
            rule: None,
            event: None,
            id,
            from,
            sender: None,
            sent: None,
            missing: ways,
            alert: None,
            answers: Vec::new(),
            is_outdated: false,
            is_running: false,
            weak: Vec::new(),
            outcome: None,
        }
    }

    /// Whether a run of the dispatcher was started by it.
    fn started(&self, run: &Run) -> bool {
        let rule = self.rule.as_ref();
        self.id == run.event && rule.is_some_and(|rule| rule.0 == run.rule)
    }

    /// Takes note of a run of its own. `digest`: that of the definition that AWS was given last. A run that follows
    /// another one proves nothing: for some seconds after an update there are such.
    fn heard(&mut self, end: Option<End>, digest: Option<&str>) {
        self.is_running = end.is_none();
        match end {
            None => {}
            Some(End::Failed(run)) => self.outcome = Some(Outcome::RunFailed { run }),
            Some(End::Told(told)) if digest.is_some_and(|digest| digest != told.digest) => {
                self.is_outdated = true;
            }
            Some(End::Told(told)) => {
                self.is_outdated = false;
                self.missing.remove(&Way::Dispatcher);
                self.answers = told.answers;
                self.alert = Some(told.subject);
            }
        }
    }

    /// Ends the test if all came that was to come.
    fn settle(&mut self, after_ms: i64) {
        if !self.missing.is_empty() || self.outcome.is_some() {
            return;
        }
        let alert = self.alert.clone().unwrap_or_default();
        self.outcome = Some(if self.answers.iter().all(Answer::took) {
            Outcome::Arrived { after_ms, alert }
        } else {
            Outcome::Refused { after_ms, alert }
        });
    }

    /// The ways on which nothing came, for people.
    pub(super) fn missed(&self) -> Vec<String> {
        let name = |way: &Way| match way {
            Way::Dispatcher if self.is_running => "the dispatcher, whose run goes on".to_owned(),
            Way::Dispatcher if self.is_outdated => {
                "the dispatcher, whose runs still follow an earlier definition".to_owned()
            }
            way => way.name(),
        };
        self.missing.iter().map(name).collect()
    }

    /// Notes a link behind some topics that is broken or may be, if the alert goes to one of them.
    pub(super) fn suspects(&mut self, desired: &Desired, suspect: &Suspect) {
        let Suspect {
            topics,
            link,
            is_certain,
        } = suspect;
        let targets = targets(desired, &self.key);
        if !targets.iter().any(|target| topics.contains(target)) {
            return;
        }
        self.note(link, *is_certain);
    }

    /// Notes a link on the way that is broken for certain, or may be.
    pub(super) fn note(&mut self, link: &BrokenLink, is_certain: bool) {
        if !is_certain {
            self.weak.push(link.clone());
            return;
        }
        match &mut self.outcome {
            Some(Outcome::Broken { links }) => links.push(link.clone()),
            None => {
                let links = vec![link.clone()];
                self.outcome = Some(Outcome::Broken { links });
            }
            Some(_) => {}
        }
    }
}

/// Notes the key of each default bus at home that a test's event comes to, where somebody has put one there.
pub(super) async fn look_at_buses(cloud: &Cloud, desired: &Desired, tests: &mut [Test]) {
    let sent = tests.iter().filter(|test| test.event.is_some());
    let regions: BTreeSet<Region> = sent.map(|test| test.from.clone()).collect();
    let found = default_bus::look(cloud, desired, regions).await;
    for test in tests.iter_mut().filter(|test| test.event.is_some()) {
        if let Some(found) = found.get(&test.from) {
            test.note(&found.link, found.is_certain);
        }
    }
}

/// A way into a probe.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Through a topic: an alert.
    Topic(Arn),
    /// Straight from a bus: the event itself.
    Bus,
    /// Not into a probe at all: the dispatcher's own run says who took the alert.
    Dispatcher,
}

impl Way {
    pub(super) fn of(arrival: &probe::Arrival) -> Self {
        arrival.topic.clone().map_or(Self::Bus, Self::Topic)
    }

    /// Its name for people.
    fn name(&self) -> String {
        match self {
            Self::Topic(topic) => topic.resource().to_owned(),
            Self::Bus => "the home bus".to_owned(),
            Self::Dispatcher => "the dispatcher".to_owned(),
        }
    }
}

/// The ways on which a detector's alert arrives, as far as it can be waited for: nothing listens to topics of others.
pub(super) fn ways(desired: &Desired, detector: &ResourceKey) -> BTreeSet<Way> {
    let topics = targets(desired, detector).into_iter();
    topics
        .filter(|topic| desired.is_own_topic(topic))
        .cloned()
        .map(Way::Topic)
        .chain(leg::starts_dispatcher(desired, detector).then_some(Way::Dispatcher))
        .collect()
}

/// The form of an alert: only the one for machines is an object.
pub(super) fn format_of(body: &str) -> Format {
    match serde_json::from_str::<serde_json::Value>(body) {
        Ok(value) if value.is_object() => Format::Json,
        _ => Format::Text,
    }
}

/// Those topics of these detectors that are ours: a temporary queue may listen to them.
pub(super) fn own_topics<'a>(
    desired: &Desired,
    detectors: impl Iterator<Item = &'a ResourceKey>,
) -> Vec<Arn> {
    let mut topics = topics(desired, detectors);
    topics.retain(|topic| desired.is_own_topic(topic));
    topics
}

/// Every topic of these detectors.
pub(super) fn topics<'a>(
    desired: &Desired,
    detectors: impl Iterator<Item = &'a ResourceKey>,
) -> Vec<Arn> {
    let mut topics: Vec<Arn> = detectors
        .flat_map(|detector| targets(desired, detector))
        .cloned()
        .collect();
    topics.sort();
    topics.dedup();
    topics
}

/// What is listened with at one place.
pub(super) struct Ears<'a> {
    pub(super) clients: &'a Clients,
    /// The temporary queue, where something comes by topics of ours or by a bus.
    pub(super) probe: Option<&'a probe::Probe>,
    /// The dispatcher, and the digest of its definition.
    pub(super) dispatcher: Option<(Arn, Option<String>)>,
}

/// Sends, looks, sends again, until every alert is here or the time is up.
pub(super) async fn watch(
    cloud: &Cloud,
    ears: &Ears<'_>,
    tests: &mut [Test],
    options: &Options<'_>,
    limit_ms: i64,
) -> Result<(), CallError> {
    let start = (options.clock)();
    send(cloud, tests, options).await?;
    hand_over(tests);
    let dispatcher = ears.dispatcher.clone();
    let mut runs = dispatcher.map(|(machine, digest)| (Runs::since(machine, start), digest));
    loop {
        let arrivals = match ears.probe {
            Some(probe) => probe.receive(ears.clients, 1).await?,
            None => Vec::new(),
        };
        let news = match &mut runs {
            Some((runs, _)) if tests.iter().any(waits_for_dispatcher) => {
                runs.news(ears.clients).await?
            }
            _ => Vec::new(),
        };
        let now = (options.clock)();
        let nothing = arrivals.is_empty() && news.is_empty();
        for arrival in arrivals {
            let test = tests
                .iter_mut()
                .find(|test| test.outcome.is_none() && arrival.body.contains(&test.id));
            let Some(test) = test else { continue };
            test.missing.remove(&Way::of(&arrival));
            if format_of(&arrival.body) == Format::Text || test.alert.is_none() {
                test.alert = Some(arrival.body);
            }
        }
        for run in news {
            let test = tests.iter_mut().find(|test| test.started(&run));
            if let Some(test) = test.filter(|test| waits_for_dispatcher(test)) {
                let digest = runs.as_ref().and_then(|(_, digest)| digest.as_deref());
                test.heard(run.end, digest);
            }
        }
        for test in tests.iter_mut() {
            test.settle(now - test.sent.map_or(start, |(first, _)| first));
        }
        if tests.iter().all(|test| test.outcome.is_some()) {
            return Ok(());
        }
        if now - start > limit_ms {
            for test in tests.iter_mut() {
                let missing = test.missed();
                test.outcome.get_or_insert(Outcome::Lost {
                    after_ms: now - start,
                    missing,
                });
            }
            return Ok(());
        }
        let is_due = |test: &Test| now - test.last_sent(start) > RESEND_AFTER_MS;
        if tests.iter().any(|test| is_sent(test) && is_due(test)) {
            send(cloud, tests, options).await?;
        } else if nothing {
            tokio::time::sleep(pause(ears.probe.is_some())).await;
        }
    }
}

/// Whether its event is sent with the next ones.
fn is_sent(test: &Test) -> bool {
    test.outcome.is_none() && !test.is_running
}

fn waits_for_dispatcher(test: &Test) -> bool {
    test.outcome.is_none() && test.missing.contains(&Way::Dispatcher)
}

/// A pause between two looks. A queue that is asked waits by itself.
fn pause(asks_queue: bool) -> Duration {
    match asks_queue {
        true => PAUSE,
        false => Duration::from_secs(1),
    }
}

/// Ends the tests of detectors that alert to topics of others alone: there is nothing to wait for.
pub(super) fn hand_over(tests: &mut [Test]) {
    let sent = tests.iter_mut().filter(|test| test.missing.is_empty());
    for test in sent {
        test.outcome.get_or_insert(Outcome::HandedOver);
    }
}

/// Sends the events of all open tests, as many at once as PutEvents takes. An account that refuses fails
/// its own tests alone.
pub(super) async fn send(
    cloud: &Cloud,
    tests: &mut [Test],
    options: &Options<'_>,
) -> Result<(), CallError> {
    let mut open: Vec<&mut Test> = tests.iter_mut().filter(|test| is_sent(test)).collect();
    // A request reaches the bus of one Region of one account.
    let account = |test: &Test| test.sender.as_ref().map(|cloud| cloud.account.clone());
    open.sort_by_key(|test| (account(test), test.from.clone()));
    let places = open.chunk_by_mut(|a, b| (account(a), &a.from) == (account(b), &b.from));
    stream::iter(places)
        .map(Ok)
        .try_for_each_concurrent(PLACES_AT_ONCE, |of_place| async move {
            let Some(first) = of_place.first() else {
                return Ok(());
            };
            let clients = first.sender.as_ref().unwrap_or(cloud).at(&first.from);
            for batch in of_place.chunks_mut(MOST_ENTRIES) {
                let sent = send_batch(&clients, batch, options).await;
                match sent {
                    Err(error) if batch.iter().all(|test| test.sender.is_some()) => {
                        for test in batch.iter_mut() {
                            test.outcome = Some(Outcome::Failed {
                                error: error.clone(),
                            });
                        }
                    }
                    other => other?,
                }
            }
            Ok(())
        })
        .await
}

async fn send_batch(
    clients: &Clients,
    batch: &mut [&mut Test],
    options: &Options<'_>,
) -> Result<(), CallError> {
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
                    test.key.name.clone(),
                    code,
                    entry.error_message().unwrap_or_default(),
                ),
            });
        }
    }
    Ok(())
}
