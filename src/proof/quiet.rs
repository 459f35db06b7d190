//! Would a rule's alert be told? Probes answer that as far as they can without waking anybody.
//!
//! No event that a detector takes stays quiet, so the way is proved in two pieces. The rule's own event, with the mark of
//! probes, goes through bus and forwarder to the bus of its detector, where a temporary rule hears it. What came there is
//! put into the template of the detector as it is deployed, and starts the dispatcher as the detector would; only the
//! event's source says that it is a probe. The dispatcher makes the alert and hands it to the queue of probes, with the
//! names of the channels. That the detector matches and may start the dispatcher, and what stands behind it, is judged.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use futures::future::{Either, select};
use serde_json::{Value, json};

use super::runs::{self, Echo, End};
use super::spread::{PROBE_MARK, alerts, on_the_home_bus};
use super::watch::{Test, Way};
use super::{BrokenLink, Deployment, Options, Outcome, Proof, Synthetic, judged, leg, proofs};
use crate::aws::{CallError, Clients, Cloud};
use crate::compile::Compiled;
use crate::pattern::{Event, EventPattern};
use crate::place::{Arn, Place, StackName};
use crate::resources::{Kind, names};

/// How long to wait before the dispatcher is started again: after an update some runs still follow the definition before.
const START_AGAIN_AFTER_MS: i64 = 15_000;

/// Probes the way of each pattern's alert, for `options.wait` or 90 seconds. Nobody is told of anything.
///
/// # Errors
/// When the temporary queue or rule, the dispatcher or its queue cannot be made, read or removed.
pub async fn prove_quietly(
    cloud: &Cloud,
    deployment: Deployment<'_>,
    patterns: &[Compiled],
    options: &Options<'_>,
    stop: impl Future<Output = ()> + Clone,
) -> Result<Vec<Proof>, CallError> {
    let (patterns, mut tests) = judged(cloud, deployment, patterns, options).await;
    let run = (options.new_id)();
    for (test, compiled) in tests.iter_mut().zip(&patterns) {
        hush(deployment, compiled, test, &run);
    }
    on_the_home_bus(cloud, deployment, &mut tests, &run, options, stop.clone()).await?;
    // What the bus brought becomes an alert, where the dispatcher makes one.
    let mut asked: Vec<Asked<'_>> = Vec::new();
    for test in &mut tests {
        let Some(Outcome::Arrived { after_ms, alert }) = &test.outcome else {
            continue;
        };
        let (after_ms, event) = (*after_ms, alert.clone());
        if leg::starts_dispatcher(deployment.desired, &test.key) {
            asked.extend(Asked::of(deployment, test, &event, after_ms));
        } else {
            test.outcome = Some(Outcome::Probed {
                after_ms,
                alert: None,
                channels: Vec::new(),
            });
        }
    }
    if let Some(dispatcher) = Dispatcher::of(deployment).filter(|_| !asked.is_empty()) {
        let clients = cloud.at_place(&deployment.desired.home);
        let told = dispatcher.ask(&clients, &mut asked, options);
        match select(std::pin::pin!(stop), std::pin::pin!(told)).await {
            Either::Left(_) => {}
            Either::Right((result, _)) => result?,
        }
    }
    Ok(proofs(deployment, tests, &patterns))
}

/// Turns a test of which nothing was sent yet into one that alerts nobody.
fn hush(deployment: Deployment<'_>, compiled: &Compiled, test: &mut Test, run: &str) {
    if test.outcome.is_some() {
        return;
    }
    if compiled.apart {
        test.outcome = Some(Outcome::Judged);
        return;
    }
    let links = unprobed(deployment, test);
    if !links.is_empty() {
        test.outcome = Some(Outcome::Broken { links });
        return;
    }
    test.missing = BTreeSet::from([Way::Bus]);
    let place = Place::Regional {
        account: deployment.desired.home.account().clone(),
        region: test.from.clone(),
    };
    let event = test.event.take().and_then(|event| marked(event, run));
    let passes = |event: &Synthetic| is_passed(deployment, test, &event.envelope(&place));
    test.event = event.filter(|event| !alerts(deployment, event, &place) && passes(event));
    if test.event.is_none() {
        test.outcome = Some(Outcome::NoEvent);
    }
}

/// The event with the mark of probes, which every detector refuses, and what is common to a run.
fn marked(mut event: Synthetic, run: &str) -> Option<Synthetic> {
    let fields = event.detail.as_object_mut()?;
    fields.insert("iamwatch".to_owned(), json!(PROBE_MARK));
    fields.insert("requestID".to_owned(), json!(run));
    Some(event)
}

/// Whether a forwarder still passes the event with its new mark, where there are forwarders.
fn is_passed(deployment: Deployment<'_>, test: &Test, envelope: &Value) -> bool {
    let Some(forwarders) = deployment.desired.topology.forwarders.get(&test.from) else {
        return true;
    };
    let Ok(event) = Event::from_value(envelope) else {
        return false;
    };
    forwarders.iter().any(|forwarder| {
        EventPattern::parse(&forwarder.pattern.to_string())
            .is_ok_and(|pattern| pattern.matches(&event))
    })
}

/// What a probe needs besides the alert's own way: the queue of probes, and a dispatcher that knows a probe when it sees
/// one. Another definition might tell people.
fn unprobed(deployment: Deployment<'_>, test: &Test) -> Vec<BrokenLink> {
    let desired = deployment.desired;
    if !leg::starts_dispatcher(desired, &test.key) {
        return Vec::new();
    }
    let link = |link: String, problem: &str| BrokenLink {
        link,
        problem: problem.to_owned(),
        remedy: "run `iamwatch apply`".to_owned(),
    };
    let mut links = Vec::new();
    if queue(deployment).is_none() {
        let name = names::probe_queue_of_dispatcher(deployment.stack);
        let problem = "it does not exist, so that nothing would hear of a probe";
        links.push(link(format!("{} {name}", Kind::Queue), problem));
    }
    let digest = leg::deployed(deployment).and_then(|(_, digest)| digest);
    if digest.is_none() || digest != leg::wanted_digest(desired) {
        let name = names::whole(deployment.stack);
        let problem = "it has another definition, which a probe might wake people by";
        links.push(link(format!("{} {name}", Kind::Machine), problem));
    }
    links
}

/// The URL of the queue of probes.
fn queue(deployment: Deployment<'_>) -> Option<String> {
    let name = names::probe_queue_of_dispatcher(deployment.stack);
    let mut live = deployment.live.iter();
    let found = live.find(|live| {
        let key = &live.key;
        key.kind == Kind::Queue && key.name == name && key.place == deployment.desired.home
    });
    found?.handle.clone()
}

/// The source of an event that is a probe, whatever else it says.
fn probe_source(stack: &StackName) -> String {
    format!("iamwatch.probe.{stack}")
}

/// A test whose event waits for the dispatcher.
struct Asked<'t> {
    test: &'t mut Test,
    /// What the dispatcher is started with.
    input: String,
    /// How long the event took to the bus, in milliseconds.
    to_the_bus_ms: i64,
    /// The last run, and when it was started.
    run: Option<(String, i64)>,
}

impl<'t> Asked<'t> {
    /// `None` where the detector's template cannot be filled in, which is said.
    fn of(
        deployment: Deployment<'_>,
        test: &'t mut Test,
        came: &str,
        to_the_bus_ms: i64,
    ) -> Option<Self> {
        let event = serde_json::from_str(came).ok().map(|mut event: Value| {
            if let Some(event) = event.as_object_mut() {
                event.insert("source".to_owned(), json!(probe_source(deployment.stack)));
            }
            event
        });
        let input = event.and_then(|event| leg::input(deployment, &test.key, &event));
        let Some(input) = input else {
            let link = BrokenLink {
                link: test.key.to_string(),
                problem: "what it hands to the dispatcher is not what iamwatch wrote".to_owned(),
                remedy: "run `iamwatch apply`".to_owned(),
            };
            test.outcome = Some(Outcome::Broken { links: vec![link] });
            return None;
        };
        test.outcome = None;
        test.missing = BTreeSet::from([Way::Dispatcher]);
        Some(Self {
            test,
            input,
            to_the_bus_ms,
            run: None,
        })
    }

    fn is_open(&self) -> bool {
        self.test.outcome.is_none()
    }

    fn waits_for(&self, echo: &Echo) -> bool {
        let rule = self.test.rule.as_ref();
        self.is_open() && self.test.id == echo.id && rule.is_some_and(|rule| rule.0 == echo.rule)
    }
}

/// The dispatcher as it is deployed.
struct Dispatcher {
    machine: Arn,
    digest: Option<String>,
    queue: String,
}

impl Dispatcher {
    fn of(deployment: Deployment<'_>) -> Option<Self> {
        let (machine, digest) = leg::deployed(deployment)?;
        Some(Self {
            machine,
            digest,
            queue: queue(deployment)?,
        })
    }

    /// Starts a run for each test, and waits for what it says.
    async fn ask(
        &self,
        clients: &Clients,
        asked: &mut [Asked<'_>],
        options: &Options<'_>,
    ) -> Result<(), CallError> {
        let limit = options.wait.unwrap_or(Duration::from_secs(90));
        let limit_ms = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX / 2);
        let start = (options.clock)();
        loop {
            let now = (options.clock)();
            let open = asked.iter_mut().filter(|asked| asked.is_open());
            for asked in open {
                let started = asked.run.as_ref().map(|(_, at)| *at);
                if started.is_none_or(|at| now - at > START_AGAIN_AFTER_MS) {
                    match runs::start(clients, &self.machine, &asked.input).await {
                        Ok(run) => asked.run = Some((run, now)),
                        // Whoever may start it could tell people anything: a prover need not be allowed to.
                        Err(error) => asked.test.outcome = Some(Outcome::Failed { error }),
                    }
                }
            }
            let is_waited_for = |echo: &Echo| asked.iter().any(|asked| asked.waits_for(echo));
            let echoes = runs::echoes(clients, &self.queue, is_waited_for).await?;
            let after = (options.clock)() - start;
            let nothing = echoes.is_empty();
            for echo in echoes {
                let waiting = asked.iter_mut().find(|asked| asked.waits_for(&echo));
                if let Some(asked) = waiting {
                    self.heard(asked, echo, after);
                }
            }
            if nothing {
                self.look(clients, asked).await?;
            }
            if asked.iter().all(|asked| !asked.is_open()) {
                return Ok(());
            }
            if after > limit_ms {
                for asked in asked.iter_mut().filter(|asked| asked.is_open()) {
                    asked.test.outcome = Some(Outcome::Lost {
                        after_ms: after + asked.to_the_bus_ms,
                        missing: asked.test.missed(),
                    });
                }
                return Ok(());
            }
            if nothing {
                tokio::time::sleep(super::watch::PAUSE).await;
            }
        }
    }

    /// Takes what a run said for a proof, if it follows the definition that stands there now.
    fn heard(&self, asked: &mut Asked<'_>, echo: Echo, after_ms: i64) {
        asked.test.is_outdated = self.digest.as_deref() != Some(echo.digest.as_str());
        if asked.test.is_outdated {
            return;
        }
        asked.test.outcome = Some(Outcome::Probed {
            after_ms: after_ms + asked.to_the_bus_ms,
            alert: Some(echo.subject),
            channels: echo.channels,
        });
    }

    /// Asks for runs of which nothing was heard: one that failed says nothing more.
    async fn look(&self, clients: &Clients, asked: &mut [Asked<'_>]) -> Result<(), CallError> {
        for asked in asked.iter_mut().filter(|asked| asked.is_open()) {
            let Some((run, _)) = &asked.run else { continue };
            let end = runs::look(clients, run).await?.and_then(|run| run.end);
            match end {
                Some(End::Failed(run)) => asked.test.outcome = Some(Outcome::RunFailed { run }),
                Some(End::Told(told)) if told.answers.iter().any(|answer| !answer.took()) => {
                    asked.test.answers = told.answers;
                    asked.test.outcome = Some(Outcome::Refused {
                        after_ms: asked.to_the_bus_ms,
                        alert: told.subject,
                    });
                }
                // It was said, and is on its way through the queue.
                _ => {}
            }
        }
        Ok(())
    }
}
