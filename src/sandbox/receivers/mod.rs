//! Who is there beyond AWS? Models of the services that HTTP tasks call, each as it answers by its documentation, and
//! real receivers on this machine. Nothing leaves the machine.
//!
//! | question | room |
//! |---|---|
//! | what is a request, and its answer? | `exchange`, written as `encode` says |
//! | what does a service answer? | `slack`, `teams`, `google_chat`, `pagerduty`, `jira_service_management`, `jira`, `servicenow`, `zendesk`, `webhook`; tokens `oauth` |
//! | what have they in common? | `desk` |
//! | what is known of them, and what did they take? | `state`, told by `hand` |
//! | how is a real receiver asked? | `loopback` |

mod desk;
pub(crate) mod encode;
mod exchange;
mod google_chat;
mod hand;
mod jira;
mod jira_service_management;
mod loopback;
mod oauth;
mod pagerduty;
mod servicenow;
mod slack;
mod state;
mod teams;
#[cfg(test)]
mod tests;
mod webhook;
mod zendesk;

use serde_json::json;

use desk::Desk;
pub(crate) use exchange::{Reached, Request, Response};
pub(crate) use state::State;
pub use state::{Room, Taken, Trouble};

/// A model: its name, and what it answers.
type Model = (&'static str, fn(&mut Desk<'_>) -> Response);

/// Asks whoever is behind the host of a request.
pub(crate) fn reach(state: &mut State, request: &Request, now: i64) -> Reached {
    let host = request.host.as_str();
    if let Some(trouble) = trouble(state, host) {
        return trouble;
    }
    let said = state.hosts.get(host);
    if let Some(address) = said.and_then(|said| said.address) {
        return match loopback::ask(address, request) {
            Ok(answer) => Reached::Answer(answer),
            Err(why) => Reached::Nobody(why),
        };
    }
    let is_webhook = said.is_some_and(|said| said.webhook);
    let Some((service, answer)) = model(host, &request.path, is_webhook) else {
        return Reached::Nobody(format!("{host}: Name or service not known"));
    };
    let mut desk = Desk {
        service,
        request,
        state,
        now,
    };
    Reached::Answer(answer(&mut desk))
}

/// The model of the service that a host belongs to.
fn model(host: &str, path: &str, is_webhook: bool) -> Option<Model> {
    const WITHIN: [(&str, Model); 5] = [
        (".logic.azure.com", ("Teams", teams::answer)),
        (".powerplatform.com", ("Teams", teams::answer)),
        (".service-now.com", ("ServiceNow", servicenow::answer)),
        (".zendesk.com", ("Zendesk", zendesk::answer)),
        (".atlassian.net", ("Jira", jira::answer)),
    ];
    if is_webhook {
        return Some(("Webhook", webhook::answer));
    }
    match host {
        "slack.com" => Some(("Slack", slack::answer)),
        "chat.googleapis.com" => Some(("Google Chat", google_chat::answer)),
        "events.pagerduty.com" | "events.eu.pagerduty.com" => {
            Some(("PagerDuty", pagerduty::answer))
        }
        "api.opsgenie.com" | "api.eu.opsgenie.com" => {
            Some(("Jira Service Management", jira_service_management::answer))
        }
        "api.atlassian.com" if path.starts_with("/ex/jira/") => Some(("Jira", jira::answer)),
        "api.atlassian.com" => Some(("Jira Service Management", jira_service_management::answer)),
        _ => {
            let name = host.split(':').next().unwrap_or_default();
            let found = WITHIN.iter().find(|(end, _)| name.ends_with(end));
            found.map(|(_, model)| *model)
        }
    }
}

/// What goes wrong instead of an answer, if anything was said to.
fn trouble(state: &mut State, host: &str) -> Option<Reached> {
    let said = state.hosts.get_mut(host)?;
    match said.trouble.as_mut()? {
        Trouble::Hangs => Some(Reached::Nobody(format!("{host}: Read timed out"))),
        Trouble::Unreachable => Some(Reached::Nobody(format!("{host}: Connection refused"))),
        Trouble::TooMany { times, retry_after } => {
            let seconds = retry_after.to_string();
            let body = json!({"ok": false, "error": "ratelimited"});
            let answer = Response::json(429, &body).with("Retry-After", &seconds);
            spend(times).then_some(Reached::Answer(answer))
        }
        Trouble::Answers { times, status } => {
            let answer = Response::text(*status, "This answer was asked for.");
            spend(times).then_some(Reached::Answer(answer))
        }
    }
}

/// Whether there is one more time.
fn spend(times: &mut u32) -> bool {
    let left = *times > 0;
    if *times < u32::MAX {
        *times = times.saturating_sub(1);
    }
    left
}
