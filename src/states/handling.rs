//! Are the `Retry` and the `Catch` of a state such as Step Functions takes?

use serde_json::{Map, Value};

use super::checked::Moment;
use super::failure::{has_crowded_wildcard, is_wildcard};
use super::fields::{self, unknown};
use super::machine::{Catcher, Retrier, Then};
use super::parse::{MOST_SECONDS, Names, Parser};

/// What a retrier does where it does not say. <https://states-language.net/spec.html#retrying-after-error>
const INTERVAL: u64 = 1;
const ATTEMPTS: u64 = 3;
const BACKOFF: f64 = 2.0;
/// The most seconds of `MaxDelaySeconds`: a year.
const MOST_DELAY: u64 = 31_622_400;

impl Parser {
    pub(super) fn retry(&mut self, object: &Map<String, Value>, at: &str) -> Vec<Retrier> {
        if !object.contains_key("Retry") {
            return Vec::new();
        }
        let retriers = self.objects(object, at, "Retry");
        let last = retriers.len();
        let mut read = Vec::new();
        for (index, (at, retrier)) in retriers.into_iter().enumerate() {
            read.push(self.retrier(retrier, &at, index + 1 == last));
        }
        read
    }

    fn retrier(&mut self, object: &Map<String, Value>, at: &str, is_last: bool) -> Retrier {
        self.faults.extend(unknown(object, at, fields::RETRIER));
        let errors = self.errors(object, at, is_last);
        let interval = self.whole(object, at, "IntervalSeconds", 1..=MOST_SECONDS);
        let attempts = self.whole(object, at, "MaxAttempts", 0..=MOST_SECONDS);
        let most_delay = self.whole(object, at, "MaxDelaySeconds", 1..=MOST_DELAY);
        let interval = interval.unwrap_or(INTERVAL);
        if most_delay.is_some_and(|most| most <= interval) {
            let at = format!("{at}/MaxDelaySeconds");
            self.schema(&at, "Value should be larger than IntervalSeconds");
        }
        let backoff = match object.get("BackoffRate") {
            None => BACKOFF,
            Some(rate) => rate.as_f64().unwrap_or_default(),
        };
        if backoff < 1.0 {
            self.schema(
                &format!("{at}/BackoffRate"),
                "Expected a number of at least 1.0",
            );
        }
        let jitter = object.get("JitterStrategy").map(Value::as_str);
        if !matches!(jitter, None | Some(Some("FULL" | "NONE"))) {
            let at = format!("{at}/JitterStrategy");
            self.schema(&at, "Value should be one of the following: [FULL, NONE]");
        }
        Retrier {
            errors,
            interval,
            most_attempts: attempts.unwrap_or(ATTEMPTS),
            backoff,
            most_delay,
        }
    }

    pub(super) fn catch(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        outer: &Names,
    ) -> Vec<Catcher> {
        if !object.contains_key("Catch") {
            return Vec::new();
        }
        let catchers = self.objects(object, at, "Catch");
        let last = catchers.len();
        let mut read = Vec::new();
        for (index, (at, catcher)) in catchers.into_iter().enumerate() {
            self.faults.extend(unknown(catcher, &at, fields::CATCHER));
            let errors = self.errors(catcher, &at, index + 1 == last);
            let then = Then::Next(self.text(catcher, &at, "Next"));
            let exit = self.exit(catcher, &at, Moment::Caught, outer, then);
            read.push(Catcher { errors, exit });
        }
        read
    }

    /// The `ErrorEquals` of a retrier or catcher. `States.ALL` must stand alone there, and in the last one.
    /// <https://states-language.net/spec.html#errors>
    fn errors(&mut self, object: &Map<String, Value>, at: &str, is_last: bool) -> Vec<String> {
        let names = match object.get("ErrorEquals") {
            Some(Value::Array(names)) => names.as_slice(),
            _ => &[],
        };
        let errors: Vec<String> = names
            .iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        let at = format!("{at}/ErrorEquals");
        if errors.is_empty() || errors.len() < names.len() {
            self.schema(&at, "Expected a list of error names that is not empty");
        }
        if has_crowded_wildcard(&errors) {
            self.schema(&at, "States.ALL must be the only name");
        }
        if is_wildcard(&errors) && !is_last {
            self.schema(&at, "States.ALL must be in the last of its list");
        }
        errors
    }
}
