//! A rule as lints look at it.

use serde_json::{Value, json};

use crate::cloudtrail::{self, Identity, Setting, parameters, record_fields};
pub(in crate::check) use crate::compile::services;
use crate::compile::{Compiled, Each, RuleState};
use crate::diagnostic::codes::Code;
use crate::diagnostic::{Diagnostic, Level, Span};
use crate::pattern::{Branch, EventPattern};
use crate::place::AccountId;
use crate::rules::{Rule, RulesFile};

/// A rule that is enabled, with its patterns.
pub(in crate::check) struct CheckedRule<'a> {
    pub(in crate::check) rule: &'a Rule,
    pub(in crate::check) parts: Vec<Part<'a>>,
}

/// One pattern of a rule.
pub(in crate::check) struct Part<'a> {
    pub(in crate::check) compiled: &'a Compiled,
    pub(in crate::check) pattern: &'a EventPattern,
    /// The source of the file's synthetic events.
    test_source: &'a str,
}

impl<'a> Part<'a> {
    /// Every combination of its tests but those that let synthetic events in.
    pub(in crate::check) fn branches(&self) -> impl Iterator<Item = Branch<'a>> + use<'a> {
        let test_source = self.test_source;
        let pattern = self.pattern;
        let real =
            move |branch: &Branch<'_>| branch.texts("source").is_none_or(|s| s != [test_source]);
        pattern.branches().filter(real)
    }
}

impl<'a> CheckedRule<'a> {
    /// Every rule that compiled.
    pub(in crate::check) fn all(
        file: &'a RulesFile,
        each: &'a Each,
        test_source: &'a str,
    ) -> Vec<Self> {
        let mut checked: Vec<Self> = Vec::new();
        let mut rules = file.rules.iter();
        // The patterns stand in the order of the rules.
        for (compiled, pattern) in each.compiled.iter().zip(&each.patterns) {
            let part = Part {
                compiled,
                pattern,
                test_source,
            };
            match checked.last_mut() {
                Some(last) if last.rule.id == compiled.rule => last.parts.push(part),
                _ => {
                    let Some(rule) = rules.find(|rule| rule.id == compiled.rule) else {
                        continue;
                    };
                    checked.push(Self {
                        rule,
                        parts: vec![part],
                    });
                }
            }
        }
        checked
    }

    /// Every combination of tests that fires the rule on events of AWS.
    pub(in crate::check) fn branches(&self) -> impl Iterator<Item = Branch<'a>> + '_ {
        self.parts.iter().flat_map(Part::branches)
    }

    /// A warning at the rule.
    pub(in crate::check) fn warning(
        &self,
        code: Code,
        message: String,
        label: &str,
        help: String,
    ) -> Diagnostic {
        warning(code, self.rule.span, message, label, help)
    }
}

/// A warning at a place.
pub(in crate::check) fn warning(
    code: Code,
    span: Span,
    message: String,
    label: &str,
    help: String,
) -> Diagnostic {
    Diagnostic {
        code: code.id,
        level: Level::Warning,
        message,
        label: label.to_owned(),
        help: Some(help),
        span,
    }
}

/// Whether tests are about what CloudTrail records.
pub(in crate::check) fn is_about_cloudtrail(branch: &Branch<'_>) -> bool {
    match branch.texts("detail-type") {
        Some(types) => types
            .iter()
            .all(|kind| kind.ends_with("via CloudTrail") && !kind.contains("Insight")),
        None => branch.tests("detail.eventSource") || branch.tests("detail.eventName"),
    }
}

/// A realistic event of an API.
pub(in crate::check) fn like(
    service: &str,
    name: &str,
    identity: Identity,
    file: &RulesFile,
) -> Option<Value> {
    let fallback: Option<AccountId> = "111122223333".parse().ok();
    let setting = Setting {
        account: file.home.account.as_ref().or(fallback.as_ref())?,
        region: &file.home.region,
        time: "2026-01-05T08:30:00Z",
        id: "00000000-0000-4000-8000-000000000001",
    };
    Some(cloudtrail::like(service, name, identity, &setting))
}

/// Whether CloudTrail could have written the record of an event: no field at a place where it has none, no
/// parameter that the call does not take.
pub(in crate::check) fn is_recordable(event: &Value) -> bool {
    let record = event.get("detail").and_then(Value::as_object);
    record.is_some_and(|record| {
        record_fields::places_are_good(record) && parameters::are_possible(record)
    })
}

/// Whether a part hears of read-only events.
pub(in crate::check) fn hears_reads(part: &Part<'_>) -> bool {
    part.compiled.state == RuleState::EnabledWithAll
}

/// Whether tests let events of a Region through, by the envelope and by the record.
pub(super) fn takes(branch: &Branch<'_>, region: &str) -> bool {
    let region = json!(region);
    branch.accepts("region", &region) && branch.accepts("detail.awsRegion", &region)
}

/// The first few of some rules.
pub(super) fn listed(rules: &[&str]) -> Option<String> {
    let shown: Vec<String> = rules
        .iter()
        .take(3)
        .map(|rule| format!("`{rule}`"))
        .collect();
    let (last, first) = shown.split_last()?;
    Some(match (first, rules.len().saturating_sub(3)) {
        (_, more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        ([], 0) => last.clone(),
        (first, 0) => format!("{} and {last}", first.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_rules_are_named_and_the_others_counted() {
        assert_eq!(listed(&[]), None);
        assert_eq!(listed(&["a"]).as_deref(), Some("`a`"));
        assert_eq!(listed(&["a", "b"]).as_deref(), Some("`a` and `b`"));
        let many = ["a", "b", "c", "d", "e"];
        assert_eq!(listed(&many).as_deref(), Some("`a`, `b`, `c` and 2 more"));
    }
}
