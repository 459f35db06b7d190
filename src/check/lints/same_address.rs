//! Two channels with one address (W0728): their reader hears of an alert twice.

use std::collections::BTreeMap;

use super::speaker::Speaker;
use crate::check::lint::{Finding, Lint};
use crate::rules::{Channel, ChannelName, Endpoint, Home, QueueRef, RulesFile, Service};

pub(in crate::check) const SAME_ADDRESS: Lint = Lint {
    id: "W0728",
    explanation: "Two channels have the same address, perhaps in two spellings. Each is a subscription of its own, which its reader has to confirm, and an alert that goes to both comes twice.",
    wrong: r#"channels: { mail: { email: security@example.com }, soc: { email: Security@Example.com } }
notify: { critical: [mail, soc], default: [mail] }"#,
    right: r#"channels: { mail: { email: security@example.com } }
notify: { critical: [mail], default: [mail] }"#,
    is_fatal: false,
};

/// Warns of the later one of two channels.
pub(super) fn look(file: &RulesFile, speaker: &mut Speaker<'_>) {
    let mut channels: Vec<(&ChannelName, &Channel)> = file.channels.iter().collect();
    channels.sort_by_key(|(_, channel)| channel.span);
    let mut seen: BTreeMap<String, &ChannelName> = BTreeMap::new();
    for (name, channel) in channels {
        // Each has a topic of its own, and a chat of its own may listen there.
        if matches!(channel.endpoint, Endpoint::AmazonQ) {
            continue;
        }
        let address = address(&channel.endpoint, &file.home);
        let Some(first) = seen.get(&address).copied() else {
            seen.insert(address, name);
            continue;
        };
        let both = file.rules.iter().any(|rule| {
            rule.enabled && rule.channels.contains(name) && rule.channels.contains(first)
        });
        let finding = Finding {
            lint: &SAME_ADDRESS,
            message: format!("the channels `{first}` and `{name}` have one address"),
            label: if both {
                "whoever reads there is told twice of each alert"
            } else if matches!(channel.endpoint, Endpoint::Sns(_)) {
                "one topic under two names"
            } else if matches!(channel.endpoint, Endpoint::Service(_)) {
                "one place under two names"
            } else {
                "whoever reads there has to confirm twice"
            }
            .to_owned(),
            help: format!("remove one of the two, and name `{first}` wherever `{name}` is named"),
            certain: false,
        };
        speaker.warn(finding, channel.span);
    }
}

/// An address, the same for each of its spellings.
fn address(endpoint: &Endpoint, home: &Home) -> String {
    match endpoint {
        // Mailboxes whose names differ by case only are none of two people.
        Endpoint::Email(address) => format!("mail {}", address.to_lowercase()),
        Endpoint::Sms(number) => {
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            format!("sms {digits}")
        }
        Endpoint::Https(url) => format!("https {}", of_url(url)),
        Endpoint::Sqs(QueueRef::Arn(arn)) => format!("sqs {}", arn.as_str()),
        Endpoint::Sqs(QueueRef::Name(name)) => {
            let (region, account) = (&home.region, home.account.as_ref());
            let account = account.map_or("", |account| account.as_str());
            let partition = region.partition();
            format!("sqs arn:{partition}:sqs:{region}:{account}:{name}")
        }
        Endpoint::Lambda(arn) => {
            let arn = arn.as_str();
            format!("lambda {}", arn.strip_suffix(":$LATEST").unwrap_or(arn))
        }
        Endpoint::Sns(arn) => format!("sns {}", arn.as_str()),
        Endpoint::AmazonQ => "amazon_q".to_owned(),
        Endpoint::Service(service) => of_service(service),
    }
}

/// Service, place and variables: two channels of a place with one secret are one. What an alert becomes there is no part
/// of it, since its reader is the same.
fn of_service(service: &Service) -> String {
    let place = match service {
        Service::Slack { channel, .. } => channel.clone(),
        Service::Teams { url, .. }
        | Service::GoogleChat { url, .. }
        | Service::ServiceNow { url, .. }
        | Service::Zendesk { url, .. }
        | Service::Webhook { url, .. } => of_url(url),
        Service::PagerDuty { eu, .. } => format!("eu: {eu}"),
        Service::JiraServiceManagement { api, .. } => format!("{api:?}"),
        Service::Jira { url, project, .. } => format!("{} {project}", of_url(url)),
    };
    let secrets = service.secrets();
    let variables: Vec<&str> = secrets.iter().map(|s| s.variable.as_str()).collect();
    format!("{} {place} {}", service.kind(), variables.join(" "))
}

/// A URL without what makes no difference: the case of its host, the usual port, a slash at the end of its path, and what
/// is not sent at all.
fn of_url(url: &str) -> String {
    let rest = url.get("https://".len()..).unwrap_or(url);
    let rest = rest.split('#').next().unwrap_or_default();
    let (place, query) = rest
        .split_once('?')
        .map_or((rest, None), |(place, query)| (place, Some(query)));
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let host = host.to_lowercase();
    let host = host.strip_suffix(":443").unwrap_or(&host);
    let host = host.strip_suffix('.').unwrap_or(host);
    let path = path.trim_end_matches('/');
    match query {
        Some(query) => format!("{host}/{path}?{query}"),
        None => format!("{host}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_url_are_one() {
        let same = [
            "https://alerts.example.com/sns",
            "https://Alerts.Example.com/sns/",
            "https://alerts.example.com:443/sns#top",
        ];
        for url in same {
            assert_eq!(of_url(url), "alerts.example.com/sns", "{url}");
        }
        assert_ne!(
            of_url("https://a.example.com/x?k=1"),
            of_url("https://a.example.com/x?k=2")
        );
        assert_ne!(
            of_url("https://a.example.com/X"),
            of_url("https://a.example.com/x")
        );
    }
}
