//! What does a channel of a service say: where alerts go there, and which secrets open it?

use super::channels::is_mail;
use super::logins::login;
use super::service_values::{Map, Query, wrong};
use crate::diagnostic::{Report, Span, shown};
use crate::rules::model::{AlertService, Endpoint, OAuthClient, Service};
use crate::rules::syntax::channel_keys::{
    ALERT_APIS, CARDS, GOOGLE_CHAT, JIRA, JIRA_SERVICE_MANAGEMENT, PAGERDUTY, PAGERDUTY_REGIONS,
    SERVICENOW, SERVICENOW_LOGINS, SERVICENOW_RECORDS, SLACK, TEAMS, WEBHOOK, WEBHOOK_LOGINS,
    ZENDESK,
};
use crate::rules::syntax::yaml::{Node, Plain};

/// Reads what stands behind a kind of channel that is a service. `None` when something is wrong, which is reported.
pub(super) fn service(kind: &str, node: &Node, report: &mut Report) -> Option<Endpoint> {
    let keys = match kind {
        "amazon_q" => return amazon_q(node, report),
        "slack" => SLACK,
        "teams" => TEAMS,
        "google_chat" => GOOGLE_CHAT,
        "pagerduty" => PAGERDUTY,
        "jira_service_management" => JIRA_SERVICE_MANAGEMENT,
        "servicenow" => SERVICENOW,
        "zendesk" => ZENDESK,
        "jira" => JIRA,
        _ => WEBHOOK,
    };
    let what = format!("a `{kind}` channel");
    let map = Map::read(node, keys, &what, example(kind), report)?;
    let service = match kind {
        "slack" => slack(&map, report),
        "teams" => teams(&map, report),
        "google_chat" => google_chat(&map, report),
        "pagerduty" => pagerduty(&map, report),
        "jira_service_management" => jira_service_management(&map, report),
        "servicenow" => servicenow(&map, report),
        "zendesk" => zendesk(&map, report),
        "jira" => jira(&map, report),
        _ => webhook(&map, report),
    }?;
    map.is_good.then_some(Endpoint::Service(service))
}

/// What to write for a service, if no map stands there.
fn example(kind: &str) -> &'static str {
    match kind {
        "slack" => "slack: { channel: C0123456789, token: \"${env:SLACK_TOKEN}\" }",
        "teams" => "teams: { url: \"https://…\", sig: \"${env:TEAMS_SIG}\" }",
        "google_chat" => {
            "google_chat: { url: \"https://chat.googleapis.com/v1/spaces/…/messages\", key: \"${env:CHAT_KEY}\", token: \"${env:CHAT_TOKEN}\" }"
        }
        "pagerduty" => "pagerduty: { routing_key: \"${env:PAGERDUTY_KEY}\" }",
        "jira_service_management" => "jira_service_management: { key: \"${env:JSM_KEY}\" }",
        "servicenow" => {
            "servicenow: { url: \"https://example.service-now.com\", basic: { user: iamwatch, password: \"${env:PASSWORD}\" } }"
        }
        "zendesk" => {
            "zendesk: { url: \"https://example.zendesk.com\", client_id: iamwatch, client_secret: \"${env:ZENDESK_SECRET}\" }"
        }
        "jira" => {
            "jira: { url: \"https://example.atlassian.net\", project: SEC, user: bot@example.com, token: \"${env:JIRA_TOKEN}\" }"
        }
        _ => {
            "webhook: { url: \"https://example.com/alerts\", header: { name: X-Api-Key, value: \"${env:API_KEY}\" } }"
        }
    }
}

/// Who listens is set in AWS's console, so that there is nothing to say.
fn amazon_q(node: &Node, report: &mut Report) -> Option<Endpoint> {
    if matches!(node.scalar(), Some((_, Plain::Null))) {
        return Some(Endpoint::AmazonQ);
    }
    let what = "an `amazon_q` channel";
    let map = Map::read(node, &[], what, "amazon_q: {}", report)?;
    map.is_good.then_some(Endpoint::AmazonQ)
}

fn slack(map: &Map<'_>, report: &mut Report) -> Option<Service> {
    let channel = map.text("channel", "a channel's id", report);
    let channel = channel.and_then(|(text, span)| {
        let good = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        if text.len() >= 9 && text.starts_with(['C', 'G', 'D']) && text.bytes().all(good) {
            return Some(text.to_owned());
        }
        let message = if text.starts_with('#') {
            format!("{} is the name of a channel, which can change", shown(text))
        } else {
            format!("{} is not the id of a channel of Slack", shown(text))
        };
        wrong(
            span,
            message,
            "expected an id such as `C0123456789`",
            "copy the id: in Slack, open the channel's details by its name; it stands at the end of \"About\"",
            report,
        )
    });
    let token = map.secret("token", report);
    Some(Service::Slack {
        channel: channel?,
        token: token?,
    })
}

fn teams(map: &Map<'_>, report: &mut Report) -> Option<Service> {
    let url = map.url("url", Query::May, report);
    let url = without_secrets(url, &["sig"], report);
    let sig = map.secret("sig", report);
    let card = map.choice("card", "a form of card", CARDS, report);
    Some(Service::Teams {
        url: url?,
        sig: sig?,
        bare_card: card? == "bare",
    })
}

fn google_chat(map: &Map<'_>, report: &mut Report) -> Option<Service> {
    let url = map.url("url", Query::May, report);
    let url = without_secrets(url, &["key", "token"], report);
    let key = map.secret("key", report);
    let token = map.secret("token", report);
    Some(Service::GoogleChat {
        url: url?,
        key: key?,
        token: token?,
    })
}

/// A URL none of whose query parameters is a secret.
fn without_secrets(
    url: Option<(String, Span)>,
    secrets: &[&str],
    report: &mut Report,
) -> Option<String> {
    let (url, span) = url?;
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut names = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default());
    let found = names.find_map(|name| {
        let mut secrets = secrets.iter();
        secrets.find(|secret| secret.eq_ignore_ascii_case(name))
    });
    let Some(secret) = found else {
        return Some(url);
    };
    wrong(
        span,
        format!("`url` holds `{secret}=…`, which is a secret"),
        format!("`{secret}=…` does not stand in the file"),
        format!(
            "remove `{secret}=…` from `url`, put its value into a variable of the environment, and write `{secret}: \
             \"${{env:NAME}}\"`"
        ),
        report,
    )
}

fn pagerduty(map: &Map<'_>, report: &mut Report) -> Option<Service> {
    let routing_key = map.secret("routing_key", report);
    let what = "a service region of PagerDuty";
    let region = map.choice("region", what, PAGERDUTY_REGIONS, report);
    Some(Service::PagerDuty {
        routing_key: routing_key?,
        eu: region? == "eu",
    })
}

fn jira_service_management(map: &Map<'_>, report: &mut Report) -> Option<Service> {
    let key = map.secret("key", report);
    let api = map.choice("api", "a service that takes alerts", ALERT_APIS, report);
    Some(Service::JiraServiceManagement {
        key: key?,
        api: match api? {
            "opsgenie" => AlertService::Opsgenie,
            "opsgenie-eu" => AlertService::OpsgenieEu,
            _ => AlertService::JiraServiceManagement,
        },
    })
}

fn servicenow(map: &Map<'_>, report: &mut Report) -> Option<Service> {
    let url = map.url("url", Query::Never, report);
    let login = login(map, SERVICENOW_LOGINS, report);
    let what = "a kind of record";
    let record = map.choice("as", what, SERVICENOW_RECORDS, report);
    Some(Service::ServiceNow {
        url: url?.0,
        login: login?,
        incidents: record? == "incidents",
    })
}

/// Source: Zendesk, "Client credentials grant": tokens come of `/oauth/tokens`, and tickets need the scope `tickets:write`.
fn zendesk(map: &Map<'_>, report: &mut Report) -> Option<Service> {
    let url = map.url("url", Query::Never, report);
    let client_id = map.text("client_id", "a client's identifier", report);
    let client_secret = map.secret("client_secret", report);
    let (url, _) = url?;
    Some(Service::Zendesk {
        client: OAuthClient {
            token_url: format!("{url}/oauth/tokens"),
            client_id: client_id?.0.to_owned(),
            client_secret: client_secret?,
            scope: Some("tickets:write".to_owned()),
        },
        url,
    })
}

fn jira(map: &Map<'_>, report: &mut Report) -> Option<Service> {
    let url = map.url("url", Query::Never, report);
    let project = map.text("project", "a project's key", report);
    let project = project.and_then(|(text, span)| {
        let good = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        let begins = text.starts_with(|c: char| c.is_ascii_uppercase());
        if text.len() >= 2 && begins && text.bytes().all(good) {
            return Some(text.to_owned());
        }
        wrong(
            span,
            format!("{} is not the key of a project", shown(text)),
            "expected capital letters, digits and `_`, such as `SEC`",
            "copy the key: issues of the project begin with it, as in `SEC-123`",
            report,
        )
    });
    let issue_type = match map.fields.get("issue_type") {
        None => Some("Task"),
        Some(_) => map
            .text("issue_type", "a type of issue", report)
            .map(|(text, _)| text),
    };
    let user = map.text("user", "an e-mail address", report);
    let user = user.and_then(|(text, span)| {
        if is_mail(text) && !text.contains(':') {
            return Some(text.to_owned());
        }
        wrong(
            span,
            format!("{} is not an e-mail address", shown(text)),
            "expected the e-mail address of the account",
            "write the address with which the account that has the token signs in to Atlassian",
            report,
        )
    });
    let token = map.secret("token", report);
    Some(Service::Jira {
        url: url?.0,
        project: project?,
        issue_type: issue_type?.to_owned(),
        user: user?,
        token: token?,
    })
}

fn webhook(map: &Map<'_>, report: &mut Report) -> Option<Service> {
    let url = map.url("url", Query::May, report);
    let login = login(map, WEBHOOK_LOGINS, report);
    Some(Service::Webhook {
        url: url?.0,
        login: login?,
    })
}
