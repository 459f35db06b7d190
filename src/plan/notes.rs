//! What a plan says besides its changes: alerts that would not arrive although every change succeeds.

use super::{Note, Plan};
use crate::place::Arn;
use crate::placement::Desired;
use crate::resources::{Key, Live, Resource};
use crate::rules::{Rule, RulesFile, Trigger};

/// Rules that are heard by somebody today, and after apply by nobody who has confirmed: a changed
/// address or set of channels does that.
pub fn silenced(desired: &Desired, live: &[Live], prune: bool) -> Option<Note> {
    let now = |key: &Key| {
        live.iter()
            .find(|live| live.key == *key)
            .map(|live| &live.resource)
    };
    // Topics with a receiver that hears them; those to be created count if nobody need confirm.
    let mut heard: Vec<&Arn> = Vec::new();
    let mut heard_today: Vec<&Arn> = Vec::new();
    for (key, resource) in &desired.resources {
        if let Resource::Subscription(wanted) = resource {
            let asks = ["email", "https"].contains(&wanted.protocol.as_str());
            match now(key) {
                Some(Resource::Subscription(s)) if s.confirmed => heard.push(&wanted.topic),
                None if !asks => heard.push(&wanted.topic),
                _ => {}
            }
        }
    }
    for live in live {
        if let Resource::Subscription(s) = &live.resource
            && s.confirmed
        {
            heard_today.push(&s.topic);
        }
    }
    if !prune {
        // What is no longer wanted stays, and hears what still goes to its topic.
        heard.extend(&heard_today);
    }
    let reaches = |resource: Option<&Resource>, topics: &[&Arn]| match resource {
        Some(Resource::Rule(rule)) => rule.targets.values().any(|t| topics.contains(&&t.arn)),
        _ => false,
    };
    let silent: Vec<&str> = desired
        .detectors
        .iter()
        .filter(|(_, keys)| {
            keys.iter().any(|key| {
                reaches(now(key), &heard_today) && !reaches(desired.resources.get(key), &heard)
            })
        })
        .map(|(rule, _)| rule.0.as_str())
        .collect();
    (!silent.is_empty()).then(|| Note {
        message: format!(
            "heard today, and by nobody until a new receiver confirms: {}",
            silent.join(", ")
        ),
        help: "add the new channel first, let it be confirmed, and only then remove the old one"
            .to_owned(),
        document: None,
        loses_alerts: true,
    })
}

/// What the owner of a function must do before alerts reach it: iamwatch does not edit functions.
pub fn unchecked_function(plan: &Plan) -> Option<Note> {
    let created = plan.changes.iter().find_map(|change| match &change.after {
        Some(Resource::Subscription(s)) if s.protocol == "lambda" => Some(s),
        _ => None,
    })?;
    Some(Note {
        message: format!(
            "{} must let our topic invoke it; that is not checked",
            created.endpoint
        ),
        help: format!(
            "aws lambda add-permission --function-name {} --statement-id iamwatch --action lambda:InvokeFunction \
             --principal sns.amazonaws.com --source-arn {}",
            created.endpoint, created.topic
        ),
        document: None,
        loses_alerts: false,
    })
}

/// One Region is listened to, and that must not be learnt in an incident.
pub fn listening_in_one_region(file: &RulesFile) -> Option<Note> {
    let region = &file.home.region;
    let regional = |rule: &&Rule| match &rule.trigger {
        Trigger::Events(events) => events.globs.iter().any(|glob| !events.is_global(glob)),
        Trigger::Raw { .. } => true,
    };
    let mut enabled = file.rules.iter().filter(|rule| rule.enabled);
    let rule = enabled.find(regional)?;
    Some(Note {
        message: format!("only {region} is listened to, and events of `{}` can appear elsewhere", rule.id),
        help: "calls to regional services, and sign-ins of IAM users at another endpoint, are recorded in \
               their own Region: there they need a rules file of their own, with another `name`"
            .to_owned(),
        document: None,
        loses_alerts: false,
    })
}
