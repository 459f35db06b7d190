//! What does a detector hand to the dispatcher, beside the event?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::transformer::InputTransformer;
use crate::diagnostic::{Diagnostic, Level, codes};
use crate::dispatcher::{Constants, LONGEST_TEMPLATE, fits, input_template};
use crate::rules::{Delivery, HeadlinePiece, Rule, RulesFile};

/// The template's text before and behind the rule's constants.
const FRAME: (&str, &str) = ("{\"rule\":", ",\"event\":<aws.events.event.json>}");

/// What a detector of a rule hands to the dispatcher. `channels`: those that the dispatcher is to tell.
pub fn dispatched(rule: &Rule, channels: Vec<String>) -> InputTransformer {
    InputTransformer {
        paths: BTreeMap::new(),
        template: input_template(&constants(rule, channels)),
    }
}

/// What an event of a rule's detector starts the dispatcher with, by hand.
pub fn input(rule: &Rule, channels: Vec<String>, event: &Value) -> Value {
    json!({ "rule": constants(rule, channels), "event": event })
}

fn constants(rule: &Rule, channels: Vec<String>) -> Constants {
    let piece = |piece: &HeadlinePiece| match piece {
        HeadlinePiece::Words(words) => json!(words),
        HeadlinePiece::Value(paths) => json!({ "of": paths }),
    };
    Constants {
        id: rule.id.0.clone(),
        title: rule.title.clone(),
        severity: rule.severity.to_string(),
        channels,
        todo: rule.description.clone(),
        runbook: rule.runbook.clone(),
        headline: rule
            .headline
            .as_ref()
            .map(|pieces| pieces.iter().map(piece).collect()),
    }
}

/// The names of a rule's channels that the dispatcher tells; none where detectors publish themselves.
pub fn told_by_dispatcher(file: &RulesFile, rule: &Rule) -> Vec<String> {
    if file.delivery == Delivery::Direct || rule.apart {
        return Vec::new();
    }
    let channels = rule.channels.iter();
    let told = channels.filter(|name| {
        let channel = file.channels.get(name);
        channel.is_some_and(crate::rules::Channel::is_for_dispatcher)
    });
    told.map(|name| name.0.clone()).collect()
}

/// The channels that a template of the dispatcher's names; `None` if it is none of ours.
pub fn told_channels(template: &str) -> Option<BTreeSet<String>> {
    head(template).map(|(_, channels)| channels)
}

/// That a rule says more than EventBridge can hand on.
pub(super) fn too_long(file: &RulesFile, rule: &Rule) -> Option<Diagnostic> {
    let told = told_by_dispatcher(file, rule);
    if told.is_empty() {
        return None;
    }
    let template = dispatched(rule, told).template;
    (!fits(&template)).then(|| Diagnostic {
        code: codes::LONG_WORDS.id,
        level: Level::Error,
        message: format!(
            "what `{}` says takes {} characters of the {LONGEST_TEMPLATE} that EventBridge hands on with an event",
            rule.id,
            template.chars().count()
        ),
        label: "too long for an alert".to_owned(),
        help: Some("shorten its `description`, and write the rest behind `runbook`".to_owned()),
        span: rule.span,
    })
}

/// Which rule a template of the dispatcher's is of, and which channels it names; `None` if it is none of ours. Words may
/// differ, as those of another version of the rules file do.
pub(crate) fn head(template: &str) -> Option<(String, BTreeSet<String>)> {
    let (before, behind) = FRAME;
    let rule = template.strip_prefix(before)?.strip_suffix(behind)?;
    // A variable there would be inserted as it comes.
    let rule = (!rule.contains(['<', '>'])).then_some(rule)?;
    let rule: Value = serde_json::from_str(rule).ok()?;
    let id = rule.get("id")?.as_str()?.to_owned();
    let channels = rule.get("channels")?.as_array()?;
    let channels = channels
        .iter()
        .map(|name| name.as_str().map(str::to_owned))
        .collect::<Option<_>>()?;
    Some((id, channels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_may_differ_and_neither_rule_nor_channels() {
        let template = |title: &str, channels: &[&str]| {
            input_template(&Constants {
                id: "a/b".to_owned(),
                title: title.to_owned(),
                channels: channels.iter().map(|name| (*name).to_owned()).collect(),
                ..Constants::default()
            })
        };
        let one = head(&template("One <title>", &["mail", "soc"]));
        assert!(one.is_some());
        assert_eq!(one, head(&template("Another", &["soc", "mail"])));
        assert_ne!(one, head(&template("One <title>", &["mail"])));
        assert_eq!(
            head(
                "{\"rule\":{\"id\":\"a\",\"channels\":[],\"x\":<y>},\"event\":<aws.events.event.json>}"
            ),
            None
        );
    }
}
