//! What is sent, by whom, and why it was not taken.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::sandbox::policy::{Decision, Policy, Request, Who};
use crate::sandbox::site::Site;

/// Why something was not delivered: a code and a sentence.
pub(crate) type Refusal = (&'static str, String);

/// What one service sends to a resource of another.
pub(crate) struct Parcel<'a> {
    pub(crate) from: Source<'a>,
    /// The ARN of the role with which the sender acts, where it has been given one.
    pub(crate) role: Option<&'a str>,
    pub(crate) content: Content<'a>,
}

/// What is in a parcel.
pub(crate) enum Content<'a> {
    /// A text, with attributes beside it where the resource takes any.
    Text(&'a str, &'a [(&'a str, &'a str)]),
    /// An event as it came to a bus.
    Event(&'a Arrival),
}

impl Content<'_> {
    /// What a reader of texts reads.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text, _) => Cow::Borrowed(text),
            Self::Event(arrival) => Cow::Owned(arrival.event.to_string()),
        }
    }

    /// The attributes beside a text.
    pub(crate) fn attributes(&self) -> &[(&str, &str)] {
        match self {
            Self::Text(_, attributes) => attributes,
            Self::Event(_) => &[],
        }
    }
}

/// An event that comes to a bus.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) site: Site,
    /// The name of the bus.
    pub(crate) bus: String,
    pub(crate) event: Value,
    /// Whether it came from another bus.
    pub(crate) forwarded: bool,
}

/// An AWS service that acts for a resource: who a resource policy sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) service: &'a str,
    pub(crate) arn: &'a str,
    pub(crate) account: &'a str,
}

impl Source<'_> {
    /// The refusal of a key whose policy does not let the service in.
    pub(crate) fn no_key(&self, action: &str, key: &str) -> String {
        format!(
            "{} is not authorized to perform: {action} on resource: {key} because no resource-based policy allows the {action} action",
            self.service
        )
    }

    /// Whether a resource policy lets the service do this; no policy lets nobody.
    pub(crate) fn may(&self, policy: Option<&String>, action: &str, resource: &str) -> bool {
        let context = BTreeMap::from([
            ("aws:sourcearn", self.arn.to_owned()),
            ("aws:sourceaccount", self.account.to_owned()),
            // Services call each other over TLS.
            ("aws:securetransport", "true".to_owned()),
        ]);
        let request = Request {
            who: Who::Service(self.service),
            action,
            resource,
            context,
        };
        policy
            .and_then(|text| Policy::parse(text).ok())
            .is_some_and(|policy| policy.decide(&request) == Decision::Allow)
    }
}
