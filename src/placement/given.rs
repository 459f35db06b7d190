//! Topics of others that rules publish to: which of them cannot be, once the account is known.

use crate::diagnostic::{Diagnostic, Level, codes, shown};
use crate::place::AccountId;
use crate::resources::names;
use crate::rules::{Endpoint, RulesFile, elsewhere};

/// Why a topic that a channel names cannot be one of somebody else's at home: it is in another account, or ours.
pub fn unfit_topic(file: &RulesFile, home: &AccountId) -> Option<Diagnostic> {
    let problem = |message: String, label: &str, help: String, span| Diagnostic {
        code: codes::TOPIC.id,
        level: Level::Error,
        message,
        label: label.to_owned(),
        help: Some(help),
        span,
    };
    file.channels.values().find_map(|channel| {
        let Endpoint::Sns(topic) = &channel.endpoint else {
            return None;
        };
        if topic.account() != home.as_str() {
            let found = elsewhere(topic, home.as_str());
            return Some(problem(
                found.message,
                found.label,
                found.help,
                channel.address,
            ));
        }
        // Its policy, and whether it stays, is ours to decide: one that a run makes another would take away.
        names::is_topic(&file.name, topic.resource()).then(|| {
            problem(
                format!(
                    "{} is a topic that iamwatch makes for this rules file",
                    shown(topic.resource())
                ),
                "not a topic of somebody else's",
                "write the address of its reader, such as `email:`, or name a topic of your own"
                    .to_owned(),
                channel.address,
            )
        })
    })
}
