//! Why a rule fires on an event, or does not.

use serde_json::Value;

use crate::cloudtrail;
use crate::compile::{Compiled, RuleState};
use crate::pattern::{Event, EventPattern, FieldFailure, PatternError};

/// What becomes of an event at one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// An alert.
    Fires,
    /// The pattern matches, but the event is read-only and the rule's state does not let such events in.
    Unheard,
    /// The pattern does not match: the fields that fail, of the part and combination that comes closest.
    Misses(Vec<FieldFailure>),
}

/// A rule as its detectors judge events.
#[derive(Debug)]
pub struct Judge {
    parts: Vec<(EventPattern, RuleState)>,
}

impl Judge {
    /// The judge of the patterns of one rule.
    ///
    /// # Errors
    /// A pattern that EventBridge would refuse; none that comes from the compiler.
    pub fn new<'c>(parts: impl IntoIterator<Item = &'c Compiled>) -> Result<Self, PatternError> {
        let parts = parts
            .into_iter()
            .map(|part| Ok((EventPattern::from_value(&part.pattern)?, part.state)));
        Ok(Self {
            parts: parts.collect::<Result<_, _>>()?,
        })
    }

    /// What becomes of an event. `value` and `event` are the same one.
    pub fn verdict(&self, value: &Value, event: &Event) -> Verdict {
        let matching: Vec<RuleState> = self
            .parts
            .iter()
            .filter(|(pattern, _)| pattern.matches(event))
            .map(|(_, state)| *state)
            .collect();
        if matching.is_empty() {
            let failures = self
                .parts
                .iter()
                .map(|(pattern, _)| pattern.explain(event).failures);
            return Verdict::Misses(failures.min_by_key(Vec::len).unwrap_or_default());
        }
        let wide = matching.contains(&RuleState::EnabledWithAll);
        if wide || !cloudtrail::needs_wider_state(value) {
            Verdict::Fires
        } else {
            Verdict::Unheard
        }
    }
}
