//! Recorded events that fire rules of the catalogue.

use std::sync::OnceLock;

use iamwatch::check;
use iamwatch::compile::{PATTERN_QUOTA, compile};
use iamwatch::dispatcher::Constants;
use iamwatch::pattern::{Event, EventPattern};
use iamwatch::rules::{CatalogueEntry, catalogue};
use serde_json::{Value, json};

use super::event;
use crate::shared;

/// An event, and the worst of the rules that fire on it; of equals the one that listens to least.
pub(crate) struct Fired {
    pub(crate) event: Value,
    pub(crate) rule: &'static CatalogueEntry,
}

impl Fired {
    /// What is the same of many records: the kind of identity, the call, and its error.
    pub(crate) fn sort(&self) -> [&str; 3] {
        let record = &self.event["detail"];
        let text = |field: &'static str| record[field].as_str().unwrap_or_default();
        [self.kind(), text("eventName"), text("errorCode")]
    }

    pub(crate) fn kind(&self) -> &str {
        let user = &self.event["detail"]["userIdentity"];
        let issuer = &user["sessionContext"]["sessionIssuer"]["arn"];
        let kind = user["type"].as_str().unwrap_or("none");
        match issuer.as_str() {
            Some(issuer) if issuer.contains(":role/aws-reserved/sso.amazonaws.com/") => {
                "AssumedRole of Identity Center"
            }
            _ => kind,
        }
    }

    /// What the rule's target hands over.
    pub(crate) fn constants(&self) -> Value {
        json!(constants(self.rule))
    }
}

/// What the target of a rule of the catalogue hands over.
pub(crate) fn constants(rule: &CatalogueEntry) -> Constants {
    Constants {
        id: rule.id.0.clone(),
        title: rule.title.clone(),
        severity: rule.severity.unwrap_or_default().to_string(),
        channels: vec!["mail".to_owned()],
        todo: Some(rule.description.clone()),
        ..Constants::default()
    }
}

/// All of them, in the order of the files. `None`: there are no recorded events.
pub(crate) fn fired() -> Option<&'static [Fired]> {
    static FIRED: OnceLock<Option<Vec<Fired>>> = OnceLock::new();
    FIRED.get_or_init(read).as_deref()
}

fn read() -> Option<Vec<Fired>> {
    let files = shared::records()?;
    let catalogue_file = check::whole_catalogue().file.unwrap();
    let compiled = compile(&catalogue_file, PATTERN_QUOTA).unwrap();
    let rule = |id| catalogue().iter().find(|entry| entry.id == id).unwrap();
    let mut patterns: Vec<(&CatalogueEntry, EventPattern)> = compiled
        .into_iter()
        .map(|part| {
            let pattern = EventPattern::from_value(&part.pattern).unwrap();
            (rule(part.rule), pattern)
        })
        .collect();
    patterns.sort_by(|(a, _), (b, _)| {
        let rank = |entry: &CatalogueEntry| (entry.severity, entry.events.len());
        rank(a).cmp(&rank(b)).then_with(|| a.id.cmp(&b.id))
    });
    let mut all = Vec::new();
    for line in files.iter().flat_map(|(_, text)| text.lines()) {
        let event = event(&serde_json::from_str(line).unwrap());
        let seen = Event::from_value(&event).unwrap();
        let worst = patterns.iter().find(|(_, pattern)| pattern.matches(&seen));
        if let Some((rule, _)) = worst {
            all.push(Fired { event, rule });
        }
    }
    Some(all)
}
