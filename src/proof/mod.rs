//! Does an alert really arrive? Synthetic events, sent through what is really deployed, answer that.

mod accounts;
mod caller;
mod candidates;
mod default_bus;
mod leg;
mod path;
mod probe;
mod quiet;
mod real;
mod runs;
mod spread;
mod synthetic;
mod watch;
mod way;

use std::future::Future;
use std::time::Duration;

use serde::Serialize;

use crate::aws::{CallError, Clients, Cloud};
use crate::compile::{Compiled, Where, is_wanted};
use crate::ledger::Answer;
use crate::place::{Place, Region};
use crate::plan::Deployment;
use crate::resources::{DEFAULT_BUS, Kind, ResourceKey, names};
use crate::rules::RuleId;
use watch::Test;

pub use accounts::{AccountProof, Route, prove_accounts};
pub use path::{BrokenLink, of_others};
pub(crate) use probe::{left_over, rules_of_probes};
pub use quiet::prove_quietly;
pub use real::{RealOutcome, RealProof, alerted_by_real, prove_real};
pub use runs::FailedRun;
pub use spread::{PROBE_MARK, RegionProof, prove_regions};
pub use synthetic::{Setting, Synthetic, synthetic};

/// How test events are sent and waited for.
pub struct Options<'a> {
    /// Wait for the alerts, this long at most; `None`: only send.
    pub wait: Option<Duration>,
    /// The Region whose bus takes the events; `None`: for each rule one where its events appear.
    pub from: Option<Region>,
    /// The time in Unix milliseconds.
    pub clock: &'a (dyn Fn() -> i64 + Sync),
    /// A new id each time: lower-case letters, digits and `-`, unique among all runs.
    pub new_id: &'a (dyn Fn() -> String + Sync),
}

/// What a test event of one detector did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proof {
    /// The id of the rule that the detector belongs to.
    pub rule: RuleId,
    /// The detector, by its name in AWS.
    pub detector: String,
    /// The Region whose bus took the event.
    pub from: Region,
    /// How the test ended.
    pub outcome: Outcome,
    /// What each channel answered that the dispatcher tells; none where detectors publish by themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// What let the test event pass and would lose real events or dead letters.
    pub weak: Vec<BrokenLink>,
    /// Readers who would not get it, because they have not confirmed yet.
    pub unconfirmed: Vec<String>,
    /// Readers that AWS hands it over to: mailboxes, telephones, programs behind a URL, functions, whoever reads topics of
    /// others. That they get it cannot be seen.
    pub handed_over: Vec<String>,
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// AWS took the event; nobody waited for the alert.
    Sent,
    /// AWS took the event, and the alert goes to topics of others alone, where nobody of ours listens.
    HandedOver,
    /// The alert was received.
    Arrived {
        /// From the first send to the alert, in milliseconds.
        after_ms: i64,
        /// The alert as its readers get it.
        alert: String,
    },
    /// The dispatcher made the alert, and some channel did not take it: the proof's answers say which, and why.
    Refused {
        /// From the first send until that was known, in milliseconds.
        after_ms: i64,
        /// The alert's subject.
        alert: String,
    },
    /// A run of the dispatcher did not tell the alert as it should.
    RunFailed {
        /// The run.
        run: FailedRun,
    },
    /// A probe passed, and nobody was woken: the event came to the bus of the detector, and what the detector would have
    /// started the dispatcher with became an alert there. The links behind were judged, not tried.
    Probed {
        /// From the first send, in milliseconds.
        after_ms: i64,
        /// The alert's subject; none, where the detector publishes by itself.
        alert: Option<String>,
        /// The channels that the dispatcher would have told.
        channels: Vec<String>,
    },
    /// Every link was judged, and none tried: no probe hears what stands apart.
    Judged,
    /// The way is broken; nothing was sent.
    Broken {
        /// Every link that is wrong.
        links: Vec<BrokenLink>,
    },
    /// Sent, and nothing came in time.
    Lost {
        /// How long we waited, in milliseconds.
        after_ms: i64,
        /// What it did not come by: topics, the dispatcher, the home bus.
        missing: Vec<String>,
    },
    /// No event was found that the pattern matches.
    NoEvent,
    /// Nothing of the rule appears in the Region that was asked for.
    Elsewhere {
        /// The Region where its events appear.
        natural: Region,
    },
    /// A call failed, so nothing is known of the alert.
    Failed {
        /// The call that failed, and why.
        error: CallError,
    },
    /// Stopped before it was known.
    Stopped,
}

impl Proof {
    /// Whether the alert path is proved as far as was asked for, to every reader. A rule that has nothing
    /// to do with the Region is no failure.
    pub fn is_good(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Sent
                | Outcome::HandedOver
                | Outcome::Arrived { .. }
                | Outcome::Probed { .. }
                | Outcome::Judged
                | Outcome::Elsewhere { .. }
        ) && self.answers.iter().all(Answer::took)
            && self.unconfirmed.is_empty()
            && self.weak.is_empty()
    }

    /// Whether the alert was received.
    pub fn has_arrived(&self) -> bool {
        matches!(self.outcome, Outcome::Arrived { .. })
    }
}

/// Sends the synthetic event of each pattern through what is deployed, and waits for the alerts.
///
/// The temporary queue is removed whatever happens, `stop` included.
///
/// # Errors
/// When the temporary queue cannot be made, read or removed.
pub async fn prove(
    cloud: &Cloud,
    deployment: Deployment<'_>,
    patterns: &[Compiled],
    options: &Options<'_>,
    stop: impl Future<Output = ()>,
) -> Result<Vec<Proof>, CallError> {
    let (patterns, mut tests) = judged(cloud, deployment, patterns, options).await;
    if let Some(limit) = options.wait {
        let limit_ms = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX / 2);
        let mut stop = std::pin::pin!(stop);
        for tests in tests.chunk_by_mut(|a, b| a.key.place == b.key.place) {
            if !received(cloud, deployment, tests, options, limit_ms, &mut stop).await? {
                break;
            }
        }
    } else {
        watch::send(cloud, &mut tests, options).await?;
        for test in &mut tests {
            test.outcome.get_or_insert(Outcome::Sent);
        }
    }
    Ok(proofs(deployment, tests, &patterns))
}

/// A test of each pattern from each of its Regions, with every link judged that can be looked at before anything is sent.
async fn judged<'a>(
    cloud: &Cloud,
    deployment: Deployment<'_>,
    patterns: &'a [Compiled],
    options: &Options<'_>,
) -> (Vec<&'a Compiled>, Vec<Test>) {
    let mut both: Vec<(&Compiled, Test)> = Vec::new();
    for compiled in patterns {
        for from in regions(deployment, compiled, options) {
            both.push((compiled, prepare(deployment, compiled, from, options)));
        }
    }
    // What is raised at one place is heard by one temporary queue there: home first.
    both.sort_by_key(|(_, test)| {
        (
            test.key.place != deployment.desired.home,
            test.key.place.clone(),
        )
    });
    let (patterns, mut tests): (Vec<&Compiled>, Vec<Test>) = both.into_iter().unzip();
    let sent = tests.iter().filter(|test| test.event.is_some());
    let topics = watch::topics(deployment.desired, sent.map(|test| &test.key));
    for suspect in path::suspects(cloud, deployment.desired, &topics).await {
        for test in &mut tests {
            test.suspects(deployment.desired, &suspect);
        }
    }
    watch::look_at_buses(cloud, deployment.desired, &mut tests).await;
    (patterns, tests)
}

fn proofs(deployment: Deployment<'_>, tests: Vec<Test>, patterns: &[&Compiled]) -> Vec<Proof> {
    let tests = tests.into_iter().zip(patterns);
    let proofs = tests.map(|(test, compiled)| Proof {
        rule: compiled.rule.clone(),
        unconfirmed: way::unconfirmed(deployment, &test.key, &test.from),
        handed_over: way::handed_over(deployment, &test.key, &test.from),
        detector: names::detector(deployment.stack, &compiled.rule, compiled.part),
        from: test.from,
        weak: test.weak,
        answers: test.answers,
        outcome: test.outcome.unwrap_or(Outcome::Stopped),
    });
    proofs.collect()
}

/// Sends what is open of tests whose alerts are raised at one place, and waits for them there. `false`: it was stopped.
async fn received(
    cloud: &Cloud,
    deployment: Deployment<'_>,
    tests: &mut [Test],
    options: &Options<'_>,
    limit_ms: i64,
    stop: &mut (impl Future<Output = ()> + Unpin),
) -> Result<bool, CallError> {
    let open = || tests.iter().filter(|test| test.outcome.is_none());
    let topics = watch::own_topics(deployment.desired, open().map(|test| &test.key));
    let Some(place) = open().next().map(|test| test.key.place.clone()) else {
        return Ok(true);
    };
    let dispatched = open().any(|test| test.missing.contains(&watch::Way::Dispatcher));
    if topics.is_empty() && !dispatched {
        watch::send(cloud, tests, options).await?;
        watch::hand_over(tests);
        return Ok(true);
    }
    let clients = cloud.at_place(&place);
    let sources = probe::Sources {
        topics: &topics,
        bus: None,
    };
    let probe = match topics.is_empty() {
        true => None,
        false => Some(opened(&clients, &place, deployment, options, limit_ms, sources).await?),
    };
    let (watched, goes_on) = {
        let ears = watch::Ears {
            clients: &clients,
            probe: probe.as_ref(),
            dispatcher: leg::deployed(deployment).filter(|_| dispatched),
        };
        let watch = watch::watch(cloud, &ears, tests, options, limit_ms);
        match futures::future::select(stop, std::pin::pin!(watch)).await {
            futures::future::Either::Left(_) => (Ok(()), false),
            futures::future::Either::Right((result, _)) => (result, true),
        }
    };
    let closed = match probe {
        Some(probe) => probe.close(&clients).await,
        None => Ok(()),
    };
    watched.and(closed).map(|()| goes_on)
}

/// A probe at a place that is in use for `limit_ms`, after those of killed runs have gone, so that they do not
/// pile up.
async fn opened(
    clients: &Clients,
    place: &Place,
    deployment: Deployment<'_>,
    options: &Options<'_>,
    limit_ms: i64,
    sources: probe::Sources<'_>,
) -> Result<probe::Probe, CallError> {
    let Deployment {
        stack,
        desired,
        live,
        ..
    } = deployment;
    // Only probes at home listen to a bus.
    let bus = Some(desired.topology.bus.as_str()).filter(|_| *place == desired.home);
    let now = (options.clock)();
    probe::sweep(clients, stack, place, bus, live, now / 1000).await?;
    let naming = probe::Naming {
        stack,
        place,
        id: &(options.new_id)(),
        until: (now + limit_ms) / 1000 + 60,
    };
    probe::Probe::open(clients, naming, sources).await
}

/// The Regions whose buses a pattern is tested from: the one that was asked for, or where its events appear. A rule apart
/// is tested wherever it stands.
pub fn regions(
    deployment: Deployment<'_>,
    compiled: &Compiled,
    options: &Options<'_>,
) -> Vec<Region> {
    if let Some(from) = &options.from {
        return vec![from.clone()];
    }
    let stands: Vec<Region> = if compiled.apart {
        let places = deployment.desired.raised_at().into_iter();
        let regions = places.filter_map(|place| match place {
            Place::Regional { region, .. } => Some(region),
            Place::Global { .. } => None,
        });
        let is_there = |region: &Region| {
            let key = detector(deployment, compiled, region);
            deployment.desired.resources.contains_key(&key)
        };
        regions.filter(is_there).collect()
    } else {
        Vec::new()
    };
    match stands.is_empty() {
        true => vec![natural_region(deployment, compiled)],
        false => stands,
    }
}

/// The Region whose bus a rule is tested from: home, or where global services are recorded if its events
/// appear only there.
pub fn natural_region(deployment: Deployment<'_>, compiled: &Compiled) -> Region {
    let home = deployment.home;
    let hears_home_alone = !deployment.desired.topology.is_hub() && !compiled.apart;
    if hears_home_alone || is_wanted(compiled, Where::of(home)) {
        home.clone()
    } else {
        home.global()
    }
}

/// The detector of a pattern that hears of a Region.
fn detector(deployment: Deployment<'_>, compiled: &Compiled, from: &Region) -> ResourceKey {
    let name = names::detector(deployment.stack, &compiled.rule, compiled.part);
    let desired = deployment.desired;
    let (place, bus) = if compiled.apart {
        let place = Place::Regional {
            account: desired.home.account().clone(),
            region: from.clone(),
        };
        (place, DEFAULT_BUS)
    } else {
        (desired.home.clone(), desired.topology.bus.as_str())
    };
    ResourceKey {
        place,
        kind: Kind::Rule,
        name: names::rule(bus, &name),
    }
}

/// Finds the event and looks at every link before anything is sent.
fn prepare(
    deployment: Deployment<'_>,
    compiled: &Compiled,
    from: Region,
    options: &Options<'_>,
) -> Test {
    let desired = deployment.desired;
    let detector = detector(deployment, compiled, &from);
    let natural = natural_region(deployment, compiled);
    let now = (options.clock)();
    let time = jiff::Timestamp::from_second(now / 1000).unwrap_or_default();
    let id = (options.new_id)();
    let forwarders = desired.topology.forwarders.get(&from);
    let forwarders = forwarders.filter(|_| !compiled.apart);
    let setting = Setting {
        stack: deployment.stack,
        account: desired.home.account(),
        region: &from,
        time: &time.to_string(),
        id: &id,
    };
    let listens = if compiled.apart {
        desired.resources.contains_key(&detector)
    } else if desired.topology.is_hub() {
        forwarders.is_some() && is_wanted(compiled, Where::of(&from))
    } else {
        from == natural
    };
    let forwarders = forwarders.map_or(&[][..], Vec::as_slice);
    let event = synthetic(compiled, forwarders, &setting).filter(|_| listens);
    let mut weak = Vec::new();
    let outcome = match &event {
        None if !listens => Some(Outcome::Elsewhere { natural }),
        None => Some(Outcome::NoEvent),
        Some(event) => {
            let condition = path::condition(deployment, &detector, &from, event);
            weak = condition.weak;
            weak.extend(path::unrecorded(deployment, &compiled.rule));
            let links = condition.broken;
            (!links.is_empty()).then_some(Outcome::Broken { links })
        }
    };
    let missing = watch::ways(desired, &detector);
    Test {
        rule: Some(compiled.rule.clone()),
        event,
        weak,
        outcome,
        ..Test::new(detector, from, id, missing)
    }
}
