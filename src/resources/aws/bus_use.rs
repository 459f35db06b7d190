//! How much of a bus and its policy is in use, by us and by others.

use serde_json::{Value, json};

use crate::aws::{CallError, Cause, Clients, all_pages, calls};
use crate::pattern::EventPattern;
use crate::resources::bus;
use crate::resources::model::DEFAULT_BUS;

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
    let listed = all_pages(|token| async move {
        let request = clients.events.list_rules().event_bus_name(bus);
        let request = request.set_next_token(token);
        let page = calls::LIST_RULES.send("*", request.send()).await?;
        Ok((page.rules.unwrap_or_default(), page.next_token))
    });
    let listed = match listed.await {
        Err(error) if error.cause == Cause::NotFound => return Ok(BusUse::default()),
        listed => listed?,
    };
    let rules = listed.iter().map(|rule| {
        let pattern = EventPattern::parse(rule.event_pattern().unwrap_or_default());
        let wildcard = pattern.is_ok_and(|pattern| pattern.uses_wildcard());
        (rule.name().unwrap_or_default().to_owned(), wildcard)
    });
    let rules = rules.collect();
    let foreign = if bus == DEFAULT_BUS {
        Vec::new()
    } else {
        bus::aws::foreign(&clients.events, bus).await?
    };
    Ok(BusUse { rules, foreign })
}
