//! Rules apart that stand in a Region which a topic of somebody else's is not in (W0816).

use std::collections::BTreeSet;

use crate::check::checked_rule::{CheckedRule, takes};
use crate::check::lint::Lint;
use crate::compile;
use crate::diagnostic::{Diagnostic, Level, codes, listed, shown};
use crate::place::Region;
use crate::rules::{ChannelName, Endpoint, RulesFile};

pub(in crate::check) const ONE_REGION: Lint = Lint {
    id: "W0816",
    explanation: "A rule apart stands in the home Region and in that of global services, and a rule of EventBridge publishes to topics of its own Region alone: an existing topic does not hear what the rule is told of in the other one.",
    wrong: r#"home: { region: eu-central-1 }
channels:
  desk: { sns: "arn:aws:sns:eu-central-1:111122223333:security" }
  mail: { email: a@example.com }
rules:
  - { id: a, events: ["iam:CreateUser", "kms:DisableKey"], apart: true, channels: [desk, mail] }"#,
    right: r#"home: { region: eu-central-1 }
channels:
  desk: { email: desk@example.com }
  mail: { email: a@example.com }
rules:
  - { id: a, events: ["iam:CreateUser", "kms:DisableKey"], apart: true, channels: [desk, mail] }"#,
    is_fatal: false,
};

/// A rule apart whose alerts of some Region do not come to one of its channels, or to none.
pub(in crate::check) fn look(checked: &CheckedRule<'_>, file: &RulesFile) -> Option<Diagnostic> {
    if !checked.rule.apart {
        return None;
    }
    let parts = checked.parts.iter();
    let stands: BTreeSet<Region> = parts
        .flat_map(|part| compile::stands_apart_in(part.compiled, &file.home.region))
        // Where its conditions let no event of a Region through, nothing is lost there.
        .filter(|region| {
            let mut branches = checked.branches();
            branches.any(|branch| takes(&branch, region.as_str()))
        })
        .collect();
    let is_deaf = |name: &&ChannelName, region: &Region| {
        let channel = file.channels.get(name);
        channel.is_some_and(|channel| !channel.is_reached_from(region.as_str()))
    };
    let channels = || checked.rule.channels.iter();
    let (region, deaf) = stands.iter().find_map(|region| {
        let deaf: Vec<_> = channels().filter(|name| is_deaf(name, region)).collect();
        // That a service hears nothing of rules apart is so for each of them: it matters where nobody else does.
        let is_said = |name: &&&ChannelName| {
            let channel = file.channels.get(**name);
            channel.is_some_and(|channel| matches!(channel.endpoint, Endpoint::Sns(_)))
        };
        let is_worth_it =
            deaf.iter().any(|name| is_said(&name)) || deaf.len() == channels().count();
        (is_worth_it && !deaf.is_empty()).then_some((region, deaf))
    })?;
    let nobody = deaf.len() == checked.rule.channels.len();
    let names: Vec<String> = deaf.iter().map(|name| shown(&name.0)).collect();
    let whom = match nobody {
        true => "nobody".to_owned(),
        false => listed(&names),
    };
    let found = checked.warning(
        ONE_REGION.code(),
        format!(
            "what `{}`, which stands apart, is told of in {region} reaches {}{whom}",
            checked.rule.id,
            if nobody { "" } else { "all channels but " },
        ),
        &format!("neither a topic elsewhere nor a service hears of {region}"),
        format!(
            "a rule apart publishes to topics of its own Region alone, without the dispatcher: name a channel of another kind, such as \
             `email`, {} {}, or take `apart` away",
            if nobody { "beside" } else { "instead of" },
            listed(&names)
        ),
    );
    Some(match nobody {
        true => Diagnostic {
            code: codes::NOBODY_HEARS.id,
            level: Level::Error,
            ..found
        },
        false => found,
    })
}
