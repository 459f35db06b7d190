//! What a month of such alerts would cost, by AWS's prices of a day.

use std::collections::BTreeMap;

use serde::Serialize;

use super::report::RuleReport;
use crate::rules::{Endpoint, RulesFile};

/// Of when the prices are.
pub(crate) const DATE: &str = "2026-06";
/// Which prices are taken, and what they leave out.
pub(crate) const SOURCE: &str = "list prices of us-east-1 as guides quote them, without free tiers";
/// US dollars for a message that is published to a topic.
const PUBLISH: f64 = 0.50 / 1e6;
/// US dollars for an event that another Region or account sends to the bus at home. Events of AWS are free.
const FORWARD: f64 = 1.00 / 1e6;
/// US dollars for a delivery by mail. SQS and Lambda are free but for the transfer.
const EMAIL: f64 = 2.00 / 1e5;
/// US dollars for a delivery by HTTPS.
const HTTPS: f64 = 0.60 / 1e6;
/// Shorter logs do not tell what a month is like.
const LEAST_DAYS: f64 = 1.0;
/// Days of a month.
const MONTH: f64 = 365.25 / 12.0;

/// A month like the one that was counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Month {
    /// Deliveries by the kind of channel.
    pub messages: BTreeMap<&'static str, f64>,
    /// Text messages: they are counted and not priced.
    pub unpriced_sms: f64,
    /// US dollars for everything that is priced.
    pub dollars: f64,
    /// Of when the prices are.
    pub prices_of: &'static str,
    /// Which prices were taken, and what they leave out.
    pub prices_from: &'static str,
}

impl Month {
    /// What rules cost whose alerts were counted over so many days. `None` where that is too short to tell.
    pub fn of(file: &RulesFile, rules: &[RuleReport], days: f64) -> Option<Self> {
        if days < LEAST_DAYS {
            return None;
        }
        let mut month = Self {
            messages: BTreeMap::new(),
            unpriced_sms: 0.0,
            dollars: 0.0,
            prices_of: DATE,
            prices_from: SOURCE,
        };
        for report in rules {
            let Some(rule) = file.rules.iter().find(|rule| rule.id.0 == report.rule) else {
                continue;
            };
            let alerts = report.alerts as f64 / days * MONTH;
            if alerts == 0.0 {
                continue;
            }
            // One topic for the channels of each format, each with a message of its own. That the event came from
            // elsewhere is not known here: as if all had.
            let mut formats = Vec::new();
            month.dollars += alerts * FORWARD;
            for channel in rule
                .channels
                .iter()
                .filter_map(|name| file.channels.get(name))
            {
                if !formats.contains(&channel.format) {
                    formats.push(channel.format);
                    month.dollars += alerts * PUBLISH;
                }
                let (kind, price) = match &channel.endpoint {
                    Endpoint::Email(_) => ("email", EMAIL),
                    // Every country and carrier has a price of its own, which changes often.
                    Endpoint::Sms(_) => {
                        month.unpriced_sms += alerts;
                        ("sms", 0.0)
                    }
                    Endpoint::Https(_) => ("https", HTTPS),
                    Endpoint::Sqs(_) => ("sqs", 0.0),
                    Endpoint::Lambda(_) => ("lambda", 0.0),
                    // What its own readers cost is not known here.
                    Endpoint::Sns(_) => ("sns", 0.0),
                    Endpoint::AmazonQ => ("amazon_q", 0.0),
                    Endpoint::Service(service) => (service.kind(), 0.0),
                };
                *month.messages.entry(kind).or_default() += alerts;
                month.dollars += alerts * price;
            }
        }
        Some(month)
    }
}
