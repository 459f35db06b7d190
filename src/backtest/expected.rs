//! What is to be expected of some rules, by logs of the past.

use serde::Serialize;

/// What is to be expected of the rules that a plan changes.
#[derive(Debug, Serialize)]
pub struct Expected {
    /// The days that the logs span.
    pub days: f64,
    /// Whether all of them were read.
    pub complete: bool,
    /// Each rule that is created or changed.
    pub rules: Vec<Rate>,
}

/// How often a rule is to be expected to alert.
#[derive(Debug, Serialize)]
pub struct Rate {
    /// The id of the rule.
    pub rule: String,
    /// How many alerts the logs would have raised.
    pub alerts: u64,
    /// How many that makes a day.
    pub per_day: f64,
}
