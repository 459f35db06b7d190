//! The way home of other accounts of an organization, proved for all of them at once and without a message
//! to anybody.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use serde::Serialize;

use super::spread::{PROBE_MARK, alerts, on_the_home_bus};
use super::watch::{Test, Way};
use super::{BrokenLink, Deployment, Options, Outcome, Setting, synthetic};
use crate::aws::{CallError, Cloud};
use crate::organization::Member;
use crate::pattern::EventPattern;
use crate::place::{Place, Region};
use crate::resources::ResourceKey;

/// One forwarder of an account, and who sends through it.
#[derive(Debug)]
pub struct Route {
    /// The account that sends.
    pub member: Member,
    /// The caller in the account, who sends the event.
    pub cloud: Cloud,
    /// The Region whose bus takes the event.
    pub region: Region,
    /// The forwarder that passes the event home.
    pub forwarder: ResourceKey,
    /// The pattern of the events that the forwarder passes.
    pub pattern: Arc<serde_json::Value>,
    /// What is known to be broken: then nothing is sent.
    pub broken: Vec<BrokenLink>,
}

/// What a probing event of an account did.
#[derive(Debug, Clone, Serialize)]
pub struct AccountProof {
    /// The account that sent the event.
    pub member: Member,
    /// The Region whose bus took the event.
    pub region: Region,
    /// The forwarder that passes it, by its name in AWS.
    pub forwarder: String,
    /// How it ended; `alert` is the event as it came to the home bus.
    pub outcome: Outcome,
}

impl AccountProof {
    /// Whether real events reach the home bus that way.
    pub fn is_good(&self) -> bool {
        matches!(self.outcome, Outcome::Arrived { .. })
    }
}

/// Sends an event down each way, and waits until it is on the home bus, `options.wait` or 90 seconds.
///
/// # Errors
/// When the temporary queue or rule at home cannot be made, read or removed.
pub async fn prove_accounts(
    home: &Cloud,
    deployment: Deployment<'_>,
    ways: Vec<Route>,
    options: &Options<'_>,
    stop: impl Future<Output = ()>,
) -> Result<Vec<AccountProof>, CallError> {
    let run = (options.new_id)();
    let mut members = Vec::new();
    let mut tests = Vec::new();
    for way in ways {
        members.push(way.member.clone());
        tests.push(prepare(deployment, way, &run, options));
    }
    on_the_home_bus(home, deployment, &mut tests, &run, options, stop).await?;
    Ok(tests
        .into_iter()
        .zip(members)
        .map(|(test, member)| AccountProof {
            member,
            region: test.from,
            forwarder: test.key.name,
            outcome: test.outcome.unwrap_or(Outcome::Stopped),
        })
        .collect())
}

fn prepare(deployment: Deployment<'_>, way: Route, run: &str, options: &Options<'_>) -> Test {
    let now = (options.clock)();
    let time = jiff::Timestamp::from_second(now / 1000).unwrap_or_default();
    let id = (options.new_id)();
    let account = &way.member.account;
    let setting = Setting {
        stack: deployment.stack,
        account,
        region: &way.region,
        time: &time.to_string(),
        id: &id,
    };
    let place = Place::Regional {
        account: account.clone(),
        region: way.region.clone(),
    };
    let event = EventPattern::from_value(&way.pattern)
        .ok()
        .and_then(|pattern| synthetic::probing(&pattern, PROBE_MARK, run, &setting))
        .filter(|event| !alerts(deployment, event, &place));
    let outcome = match (&event, way.broken.is_empty()) {
        (_, false) => Some(Outcome::Broken { links: way.broken }),
        (None, _) => Some(Outcome::NoEvent),
        (Some(_), true) => None,
    };
    Test {
        event,
        sender: Some(way.cloud),
        outcome,
        ..Test::new(way.forwarder, way.region, id, BTreeSet::from([Way::Bus]))
    }
}
