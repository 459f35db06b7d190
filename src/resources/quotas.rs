//! How much of a bus and its policy is in use, by us and by others.

use serde_json::{Value, json};

use super::{DEFAULT_BUS, buses};
use crate::aws::{CallError, Cause, Clients, calls};
use crate::pattern::EventPattern;

/// What stands on a bus.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BusUse {
    /// The names of all rules, and whether each has a wildcard.
    pub rules: Vec<(String, bool)>,
    /// The policy statements of others.
    pub foreign: Vec<Value>,
}

impl BusUse {
    /// Characters of the policy with these statements of ours.
    pub fn policy_length(&self, ours: &Value) -> usize {
        let ours = ours.get("Statement").and_then(Value::as_array);
        let all: Vec<&Value> = self
            .foreign
            .iter()
            .chain(ours.into_iter().flatten())
            .collect();
        let whole = json!({ "Version": "2012-10-17", "Statement": all });
        whole.to_string().chars().count()
    }
}

/// Looks at a bus; one that is not there is empty.
///
/// # Errors
/// What AWS says.
pub async fn bus_use(clients: &Clients, bus: &str) -> Result<BusUse, CallError> {
    let mut found = BusUse::default();
    let mut token = None;
    loop {
        let request = clients.events.list_rules().event_bus_name(bus);
        let request = request.set_next_token(token);
        let page = match calls::LIST_RULES.send("*", request.send()).await {
            Err(error) if error.cause == Cause::NotFound => return Ok(found),
            page => page?,
        };
        found.rules.extend(page.rules().iter().map(|rule| {
            let pattern = EventPattern::parse(rule.event_pattern().unwrap_or_default());
            let wildcard = pattern.is_ok_and(|pattern| pattern.uses_wildcard());
            (rule.name().unwrap_or_default().to_owned(), wildcard)
        }));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    if bus != DEFAULT_BUS {
        found.foreign = buses::foreign(&clients.events, bus).await?;
    }
    Ok(found)
}
