//! Each Region's way to the home bus, proved without a message to anybody.
//!
//! The event's mark is one that forwarders pass, because they leave the mark to the detectors, and that
//! every detector refuses. A temporary rule on the home bus sends it to a temporary queue.

use std::collections::BTreeSet;
use std::future::Future;

use serde::Serialize;
use serde_json::{Value, json};

use super::watch::{self, Test, Way};
use super::{BrokenLink, Deployment, Options, Outcome, Setting, Synthetic, opened, path, probe};
use crate::aws::{CallError, Cloud};
use crate::compile::test_source;
use crate::pattern::{Event, EventPattern};
use crate::place::{Place, Region};
use crate::resources::{Resource, ResourceKey};

/// What a probing event carries under `detail.iamwatch`: no detector's mark.
pub const PROBE_MARK: &str = "PROBE ";

/// What a probing event through one forwarder did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegionProof {
    /// The Region whose bus took the event.
    pub region: Region,
    /// The forwarder that passes it, by its name in AWS.
    pub forwarder: String,
    /// How it ended; `alert` is the event as it came to the home bus.
    pub outcome: Outcome,
    /// What let the event pass and would lose real ones or dead letters.
    pub weak: Vec<BrokenLink>,
}

impl RegionProof {
    /// Whether real events of the Region reach the home bus.
    pub fn is_good(&self) -> bool {
        matches!(self.outcome, Outcome::Arrived { .. }) && self.weak.is_empty()
    }
}

/// Sends an event through each forwarder of some Regions, and waits until it is on the home bus,
/// `options.wait` or 90 seconds. No detector alerts. Where there are no forwarders nothing is sent.
///
/// # Errors
/// When the temporary queue or rule cannot be made, read or removed.
pub async fn prove_regions(
    cloud: &Cloud,
    deployment: Deployment<'_>,
    regions: &BTreeSet<Region>,
    options: &Options<'_>,
    stop: impl Future<Output = ()>,
) -> Result<Vec<RegionProof>, CallError> {
    let desired = deployment.desired;
    let run = (options.new_id)();
    let mut tests: Vec<Test> = Vec::new();
    for (key, resource) in &desired.resources {
        let Resource::Rule(rule) = resource else {
            continue;
        };
        let Place::Regional { region, .. } = &key.place else {
            continue;
        };
        if desired.is_forwarder(key) && regions.contains(region) {
            tests.push(prepare(
                deployment,
                key,
                region,
                &rule.pattern,
                &run,
                options,
            ));
        }
    }
    watch::look_at_buses(cloud, desired, &mut tests).await;
    on_the_home_bus(cloud, deployment, &mut tests, &run, options, stop).await?;
    Ok(tests
        .into_iter()
        .map(|test| RegionProof {
            region: test.from,
            forwarder: test.key.name,
            outcome: test.outcome.unwrap_or(Outcome::Stopped),
            weak: test.weak,
        })
        .collect())
}

/// Sends what is open of one run, and waits for it on the home bus.
pub(super) async fn on_the_home_bus(
    cloud: &Cloud,
    deployment: Deployment<'_>,
    tests: &mut [Test],
    run: &str,
    options: &Options<'_>,
    stop: impl Future<Output = ()>,
) -> Result<(), CallError> {
    let desired = deployment.desired;
    if tests.iter().any(|test| test.outcome.is_none()) {
        let limit = options.wait.unwrap_or(std::time::Duration::from_secs(90));
        let limit_ms = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX / 2);
        let clients = cloud.at_place(&desired.home);
        let pattern = json!({
            "source": [test_source(deployment.stack)],
            "detail": { "iamwatch": [PROBE_MARK], "requestID": [run] },
        });
        let sources = probe::Sources {
            topics: &[],
            bus: Some((&desired.topology.bus, pattern)),
        };
        let home = &desired.home;
        let probe = opened(&clients, home, deployment, options, limit_ms, sources).await?;
        let watched = {
            let ears = watch::Ears {
                clients: &clients,
                probe: Some(&probe),
                dispatcher: None,
            };
            let watch = watch::watch(cloud, &ears, tests, options, limit_ms);
            match futures::future::select(std::pin::pin!(stop), std::pin::pin!(watch)).await {
                futures::future::Either::Left(_) => Ok(()),
                futures::future::Either::Right((result, _)) => result,
            }
        };
        let closed = probe.close(&clients).await;
        watched.and(closed)?;
    }
    Ok(())
}

fn prepare(
    deployment: Deployment<'_>,
    forwarder: &ResourceKey,
    region: &Region,
    pattern: &Value,
    run: &str,
    options: &Options<'_>,
) -> Test {
    let now = (options.clock)();
    let time = jiff::Timestamp::from_second(now / 1000).unwrap_or_default();
    let id = (options.new_id)();
    let setting = Setting {
        stack: deployment.stack,
        account: deployment.desired.home.account(),
        region,
        time: &time.to_string(),
        id: &id,
    };
    let place = Place::Regional {
        account: setting.account.clone(),
        region: region.clone(),
    };
    let event = EventPattern::from_value(pattern)
        .ok()
        .and_then(|pattern| super::synthetic::probing(&pattern, PROBE_MARK, run, &setting))
        .filter(|event| !alerts(deployment, event, &place));
    let mut weak = Vec::new();
    let outcome = match &event {
        None => Some(Outcome::NoEvent),
        Some(event) => {
            let condition = path::forwarder_condition(deployment, forwarder, region, event);
            weak = condition.weak;
            let links = condition.broken;
            (!links.is_empty()).then_some(Outcome::Broken { links })
        }
    };
    Test {
        event,
        weak,
        outcome,
        ..Test::new(
            forwarder.clone(),
            region.clone(),
            id,
            BTreeSet::from([Way::Bus]),
        )
    }
}

/// Whether a detector, wanted or deployed, would alert: then nothing is sent.
pub(super) fn alerts(deployment: Deployment<'_>, event: &Synthetic, place: &Place) -> bool {
    let envelope = event.envelope(place);
    let Ok(event) = Event::from_value(&envelope) else {
        return true;
    };
    let wanted = deployment.patterns.iter().map(|compiled| &compiled.pattern);
    let deployed = deployment
        .live
        .iter()
        .filter_map(|live| match &live.resource {
            // Forwarders must pass it; they carry no text of an alert.
            Resource::Rule(rule) if rule.targets.values().any(|target| target.input.is_some()) => {
                Some(&*rule.pattern)
            }
            _ => None,
        });
    let mut patterns = wanted.chain(deployed);
    patterns.any(|pattern| {
        EventPattern::from_value(pattern).is_ok_and(|pattern| pattern.matches(&event))
    })
}
