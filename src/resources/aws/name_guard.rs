//! The names of rules that stand on a bus. PutRule overwrites a same-named rule in silence, so that a name must
//! be free right before it is used, and rules that are made together are looked for together.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::{CallError, Cause, calls};
use crate::place::{Place, StackName};
use crate::resources::names::prefix;
use crate::resources::rule::{self, EventRule};

/// For so long what was seen counts as what is there.
const FRESH: Duration = Duration::from_secs(1);

/// What was seen on the buses that rules are made on: one for each run of apply.
#[derive(Debug, Default)]
pub struct NameGuard(Mutex<HashMap<(Place, String), Arc<Seen>>>);

/// The names on one bus, or why they could not be seen, and when that was. Whoever looks keeps the others waiting for
/// it, and speaks for them: what AWS refuses once it need not refuse for each rule.
type Seen = tokio::sync::Mutex<Option<(Instant, Result<BTreeSet<String>, CallError>)>>;

impl NameGuard {
    /// Refuses a name that is not free.
    ///
    /// # Errors
    /// When a rule of that name stands there, and whatever AWS says.
    pub(crate) async fn refuse(
        &self,
        client: &aws_sdk_eventbridge::Client,
        stack: &StackName,
        place: &Place,
        rule: &EventRule,
    ) -> Result<(), CallError> {
        let seen = {
            let mut buses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let bus = buses.entry((place.clone(), rule.bus.clone()));
            Arc::clone(bus.or_default())
        };
        let mut seen = seen.lock().await;
        let known = seen.take().filter(|(at, _)| at.elapsed() < FRESH);
        let (at, names) = match known {
            Some(known) => known,
            None => (Instant::now(), names(client, stack, &rule.bus).await),
        };
        let (_, names) = seen.insert((at, names));
        if !names
            .as_ref()
            .map_err(CallError::clone)?
            .contains(&rule.name)
        {
            return Ok(());
        }
        Err(CallError::inside_success(
            &calls::PUT_RULE,
            rule.name.clone(),
            "NameTaken",
            "a rule of this name has appeared since the plan was made; run plan again",
        ))
    }
}

async fn names(
    client: &aws_sdk_eventbridge::Client,
    stack: &StackName,
    bus: &str,
) -> Result<BTreeSet<String>, CallError> {
    let listed = rule::aws::list(client, bus, &prefix(stack)).await;
    match listed {
        Ok(rules) => Ok(rules.into_iter().filter_map(|rule| rule.name).collect()),
        // PutRule says it better.
        Err(error) if error.cause == Cause::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}
