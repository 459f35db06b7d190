//! Whether an event that a pattern matches reaches the rule at all.

use crate::diagnostic;
use serde::Serialize;
use serde_json::Value;

use crate::cloudtrail::{self, Fields};
use crate::compile::{Compiled, RuleState, Where};
use crate::place::Region;
use crate::rules::RulesFile;

/// Why an event does not reach a rule, and what would let it through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What keeps the event from the rule.
    pub reason: Reason,
    /// The Region in which somebody would have had to listen.
    pub region: String,
}

/// Why an event does not reach a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nobody listens in the Region of the event.
    Region,
    /// The rule stands apart, and hears of home alone.
    Apart,
    /// No forwarder of that Region is made for this rule: AWS records such events in us-east-1 only.
    Elsewhere,
    /// The event is larger than those that CloudTrail sends to EventBridge.
    TooLarge,
    /// The event is read-only, and the rule is made for events that change something, so that its state keeps
    /// such events out.
    ReadOnly,
}

impl Obstacle {
    /// What is the matter: a sentence without its end.
    pub fn problem(&self) -> String {
        let region = diagnostic::printable(&self.region);
        match self.reason {
            Reason::Region => format!("it would match, but nobody listens in {region}"),
            Reason::Apart => "it would match, but the rule stands apart: it hears of the home account alone, in the \
                              home Region and in that of global services"
                .to_owned(),
            Reason::Elsewhere => {
                let global = self.region.parse::<Region>().map(|region| region.global());
                let global = global.map_or_else(|_| "us-east-1".to_owned(), String::from);
                format!(
                    "it would match, but the rule does not listen in {region}: AWS records such events in {global} only"
                )
            }
            Reason::TooLarge => {
                "it would match, but no event of more than 256 KB comes to EventBridge".to_owned()
            }
            Reason::ReadOnly => {
                "it would match, but the event is read-only: the rule is made for calls that \
                 change something, and its state keeps all others out"
                    .to_owned()
            }
        }
    }

    /// What to do about it, if there is something to do.
    pub fn remedy(&self) -> Option<String> {
        if self.reason != Reason::Region {
            return None;
        }
        // Recorded events are often made anonymous, and `watch.regions` takes what it is given.
        let region = self.region.parse::<Region>().ok()?;
        region
            .is_known()
            .then(|| format!("add {region} to `watch.regions`"))
    }
}

/// What keeps the event from EventBridge, wherever it appears.
pub(super) fn by_size(event: &Value) -> Option<Obstacle> {
    (event.to_string().len() > cloudtrail::MAX_EVENT).then(|| Obstacle {
        reason: Reason::TooLarge,
        region: event.text(&["region"]).unwrap_or_default().to_owned(),
    })
}

/// What keeps the event from the rule's state. `part` is one that matches.
pub(super) fn by_state(part: &Compiled, event: &impl Fields) -> Option<Obstacle> {
    let wide = part.state == RuleState::EnabledWithAll;
    (!wide && cloudtrail::needs_wider_state(event)).then(|| Obstacle {
        reason: Reason::ReadOnly,
        region: event.text(&["region"]).unwrap_or_default().to_owned(),
    })
}

/// What keeps the event from a rule apart: it hears of the home account, in the home Region and in that of global services.
pub(super) fn by_seat(part: &Compiled, event: &impl Fields, file: &RulesFile) -> Option<Obstacle> {
    if !part.apart {
        return None;
    }
    let home = &file.home;
    let region = event.text(&["region"])?;
    let is_there = region == home.region.as_str() || region == home.region.global().as_str();
    let mut account = home.account.iter().zip(event.text(&["account"]));
    let is_at_home = account.all(|(home, account)| account == home.as_str());
    (!is_there || !is_at_home).then(|| Obstacle {
        reason: Reason::Apart,
        region: region.to_owned(),
    })
}

/// What keeps the event in its Region. `is_wanted` says whether forwarders of such a Region pass what matches.
pub(super) fn by_region(
    is_wanted: impl Fn(Where) -> bool,
    event: &impl Fields,
    file: &RulesFile,
) -> Option<Obstacle> {
    let name = event.text(&["region"])?;
    let obstacle = |reason| {
        Some(Obstacle {
            reason,
            region: name.to_owned(),
        })
    };
    // What is no Region is listened to by nobody.
    let Ok(region) = name.parse::<Region>() else {
        return obstacle(Reason::Region);
    };
    if !is_wanted(Where::of(&region)) {
        return obstacle(Reason::Elsewhere);
    }
    if !file.listens_in(&region) {
        return obstacle(Reason::Region);
    }
    None
}
