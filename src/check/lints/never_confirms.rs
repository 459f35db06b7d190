//! A URL under `https` of a service that never confirms a subscription of SNS (W0727).

use super::speaker::Speaker;
use crate::check::lint::{Finding, Lint};
use crate::rules::{ChannelName, Endpoint, RulesFile};

pub(in crate::check) const NEVER_CONFIRMS: Lint = Lint {
    id: "W0727",
    explanation: "`https` is a subscription of SNS: SNS first sends a confirmation, whose link the receiver must follow, and then messages in a form of its own. Chats and ticket systems take neither at the URLs that they give out for messages, so that no alert ever arrives there. A mail address of theirs works, and so does a function of yours that posts there.",
    wrong: r#"channels: { chat: { https: "https://hooks.slack.com/services/T0/B0/x" } }
notify: { default: [chat] }"#,
    right: r#"channels: { chat: { email: soc-alerts@example.slack.com } }
notify: { default: [chat] }"#,
    is_fatal: false,
};

/// A service, by its hosts.
struct Service {
    name: &'static str,
    /// Its hosts, or what they end in behind a dot.
    hosts: &'static [&'static str],
    /// Whether it takes mail.
    by_mail: bool,
}

/// Source: the services' own pages on incoming messages. PagerDuty has URLs that do confirm, see [`of_pagerduty`].
const SERVICES: &[Service] = &[
    Service {
        name: "Slack",
        hosts: &["slack.com", "slack-gov.com"],
        by_mail: true,
    },
    Service {
        name: "Microsoft Teams",
        hosts: &[
            "webhook.office.com",
            "outlook.office.com",
            "outlook.office365.com",
            "logic.azure.com",
            "logic.azure.us",
            "powerautomate.com",
            "powerplatform.com",
        ],
        by_mail: true,
    },
    Service {
        name: "PagerDuty",
        hosts: &["pagerduty.com"],
        by_mail: true,
    },
    Service {
        name: "Google Chat",
        hosts: &["chat.googleapis.com"],
        by_mail: false,
    },
    Service {
        name: "Discord",
        hosts: &["discord.com", "discordapp.com"],
        by_mail: false,
    },
    Service {
        name: "Telegram",
        hosts: &["api.telegram.org"],
        by_mail: false,
    },
    Service {
        name: "Webex",
        hosts: &["webexapis.com"],
        by_mail: false,
    },
    Service {
        name: "Jira",
        hosts: &["atlassian.net", "api.atlassian.com"],
        by_mail: true,
    },
    Service {
        name: "ServiceNow",
        hosts: &["service-now.com"],
        by_mail: true,
    },
    Service {
        name: "Zendesk",
        hosts: &["zendesk.com"],
        by_mail: true,
    },
];

/// Warns of the channels of a file.
pub(super) fn look(file: &RulesFile, speaker: &mut Speaker<'_>) {
    for (name, channel) in &file.channels {
        let Endpoint::Https(url) = &channel.endpoint else {
            continue;
        };
        if let Some(finding) = problem(name, url) {
            speaker.warn(finding, channel.span);
        }
    }
}

fn problem(name: &ChannelName, url: &str) -> Option<Finding> {
    let rest = url.get("https://".len()..)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let path = rest.get(host.len()..).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().to_lowercase();
    let is_of = |end: &&str| {
        let before = host.strip_suffix(*end);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    let service = SERVICES
        .iter()
        .find(|service| service.hosts.iter().any(is_of))?;
    let mut label = "it never confirms the subscription, so that no alert arrives";
    if service.name == "PagerDuty" {
        label = of_pagerduty(path)?;
    }
    let function = "post there from a function of yours, under `lambda`";
    let help = match (service.name, service.by_mail) {
        ("PagerDuty", _) => format!(
            "give the mail address of the service under `email`, or the URL of an event orchestration, `https://events.pagerduty.com/x-ere/…`, which confirms by itself; or {function}"
        ),
        (_, true) => {
            format!("give its mail address for the channel or queue under `email`, or {function}")
        }
        (_, false) => function.to_owned(),
    };
    Some(Finding {
        lint: &NEVER_CONFIRMS,
        message: format!(
            "the channel `{name}` sends to {}, which does not speak SNS at this URL",
            service.name
        ),
        label: label.to_owned(),
        help,
        certain: false,
    })
}

/// What becomes of alerts at a URL of PagerDuty. An event orchestration confirms and takes any message; an integration
/// confirms, and drops what is no alarm of CloudWatch.
fn of_pagerduty(path: &str) -> Option<&'static str> {
    if path.starts_with("/x-ere/") {
        None
    } else if path.starts_with("/integration/") {
        Some("it confirms, and drops every message that is no alarm of CloudWatch")
    } else {
        Some("it never confirms the subscription, so that no alert arrives")
    }
}
