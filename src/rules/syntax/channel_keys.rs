//! Which kinds of channels there are, and which keys the map of each knows.

use super::keys::{Form, MapKey, may, need};

const SECRET: Form = Form::Like(r"^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$");
const URL: Form = Form::Like("^https://[^/?#@]+([/?][^#]*)?$");

/// The kinds of channels. The value of a kind with a map is a service.
pub(crate) const CHANNEL_KINDS: &[MapKey] = &[
    may(
        "email",
        Form::Text,
        "A mail address; its owner must confirm.",
    ),
    may(
        "sms",
        Form::Text,
        "A telephone number in quotes, with `+` and country code.",
    ),
    may(
        "https",
        Form::Text,
        "An `https://` URL that confirms SNS subscriptions.",
    ),
    may("sqs", Form::Text, "An existing queue, by name or ARN."),
    may("lambda", Form::Text, "An existing function, by ARN."),
    may(
        "sns",
        Form::Text,
        "An existing topic of home's account and Region, by ARN; it is never edited.",
    ),
    may(
        "amazon_q",
        Form::MaybeMap(&[]),
        "A topic that a chat of Amazon Q Developer listens to: `{}`.",
    ),
    may("slack", Form::Map(SLACK), "A channel of Slack, by a bot."),
    may(
        "teams",
        Form::Map(TEAMS),
        "A channel or chat of Microsoft Teams, by a flow of Workflows.",
    ),
    may(
        "google_chat",
        Form::Map(GOOGLE_CHAT),
        "A space of Google Chat, by a webhook.",
    ),
    may(
        "pagerduty",
        Form::Map(PAGERDUTY),
        "A service of PagerDuty, by Events API v2.",
    ),
    may(
        "jira_service_management",
        Form::Map(JIRA_SERVICE_MANAGEMENT),
        "Alerts of Jira Service Management or of Opsgenie.",
    ),
    may(
        "servicenow",
        Form::MapWithOne(SERVICENOW, SERVICENOW_LOGINS),
        "An instance of ServiceNow.",
    ),
    may(
        "zendesk",
        Form::Map(ZENDESK),
        "Tickets of Zendesk Support, by an OAuth client.",
    ),
    may(
        "jira",
        Form::Map(JIRA),
        "Issues of a project of Jira Cloud.",
    ),
    may(
        "webhook",
        Form::MapWithOne(WEBHOOK, WEBHOOK_LOGINS),
        "Whoever takes JSON by https.",
    ),
];

pub(crate) const SLACK: &[MapKey] = &[
    need(
        "channel",
        Form::Like("^[CGD][A-Z0-9]{8,}$"),
        "The channel's id, such as `C0123456789`.",
    ),
    need(
        "token",
        SECRET,
        "The bot's token, as `\"${env:SLACK_TOKEN}\"`.",
    ),
];

pub(crate) const CARDS: &[&str] = &["message", "bare"];

pub(crate) const TEAMS: &[MapKey] = &[
    need("url", URL, "The flow's address without `sig=…`."),
    need(
        "sig",
        SECRET,
        "What stands behind `sig=` in the flow's address, as `\"${env:TEAMS_SIG}\"`.",
    ),
    may(
        "card",
        Form::Words(CARDS),
        "Whether the flow wants a `message` with the card (the default), or the card alone: `bare`.",
    ),
];

pub(crate) const GOOGLE_CHAT: &[MapKey] = &[
    need(
        "url",
        URL,
        "The webhook's address without `key=…` and `token=…`.",
    ),
    need(
        "key",
        SECRET,
        "What stands behind `key=` in the webhook's address, as `\"${env:CHAT_KEY}\"`.",
    ),
    need(
        "token",
        SECRET,
        "What stands behind `token=` in the webhook's address, as `\"${env:CHAT_TOKEN}\"`.",
    ),
];

pub(crate) const PAGERDUTY_REGIONS: &[&str] = &["us", "eu"];

pub(crate) const PAGERDUTY: &[MapKey] = &[
    need(
        "routing_key",
        SECRET,
        "The integration key, as `\"${env:PAGERDUTY_KEY}\"`.",
    ),
    may(
        "region",
        Form::Words(PAGERDUTY_REGIONS),
        "The account's service region: `us` (the default) or `eu`.",
    ),
];

pub(crate) const ALERT_APIS: &[&str] = &["jira_service_management", "opsgenie", "opsgenie-eu"];

pub(crate) const JIRA_SERVICE_MANAGEMENT: &[MapKey] = &[
    need(
        "key",
        SECRET,
        "The API key of an integration, as `\"${env:JSM_KEY}\"`.",
    ),
    may(
        "api",
        Form::Words(ALERT_APIS),
        "Who takes the alerts: `jira_service_management` (the default), `opsgenie` or `opsgenie-eu`.",
    ),
];

pub(crate) const SERVICENOW_RECORDS: &[&str] = &["events", "incidents"];
pub(crate) const SERVICENOW_LOGINS: &[&str] = &["basic", "oauth"];

pub(crate) const SERVICENOW: &[MapKey] = &[
    need(
        "url",
        URL,
        "The instance, such as `https://example.service-now.com`.",
    ),
    may("basic", Form::Map(BASIC), "User name and password."),
    may("oauth", Form::Map(OAUTH), "An OAuth client."),
    may(
        "as",
        Form::Words(SERVICENOW_RECORDS),
        "What an alert becomes: one of the `events` of Event Management (the default), or of the `incidents`.",
    ),
];

pub(crate) const ZENDESK: &[MapKey] = &[
    need(
        "url",
        URL,
        "The account, such as `https://example.zendesk.com`.",
    ),
    need("client_id", Form::Text, "The OAuth client's identifier."),
    need(
        "client_secret",
        SECRET,
        "The OAuth client's secret, as `\"${env:ZENDESK_SECRET}\"`.",
    ),
];

pub(crate) const JIRA: &[MapKey] = &[
    need(
        "url",
        URL,
        "The site, such as `https://example.atlassian.net`.",
    ),
    need(
        "project",
        Form::Like("^[A-Z][A-Z0-9_]+$"),
        "The project's key, such as `SEC`.",
    ),
    may(
        "issue_type",
        Form::Text,
        "The name of the type of issue. Default `Task`.",
    ),
    need("user", Form::Text, "The account's e-mail address."),
    need(
        "token",
        SECRET,
        "The account's API token, as `\"${env:JIRA_TOKEN}\"`.",
    ),
];

pub(crate) const WEBHOOK_LOGINS: &[&str] = &["basic", "header", "oauth"];

pub(crate) const WEBHOOK: &[MapKey] = &[
    need("url", URL, "The receiver's address."),
    may("basic", Form::Map(BASIC), "User name and password."),
    may("header", Form::Map(HEADER), "A header with a key."),
    may("oauth", Form::Map(OAUTH), "An OAuth client."),
];

pub(crate) const BASIC: &[MapKey] = &[
    need("user", Form::Like("^[^:]+$"), "The user name."),
    need(
        "password",
        SECRET,
        "The password, as `\"${env:PASSWORD}\"`.",
    ),
];

pub(crate) const HEADER: &[MapKey] = &[
    need(
        "name",
        Form::Like(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"),
        "The header's name, such as `X-Api-Key`.",
    ),
    need("value", SECRET, "What it holds, as `\"${env:API_KEY}\"`."),
];

pub(crate) const OAUTH: &[MapKey] = &[
    need("token_url", URL, "Where tokens are given out."),
    need("client_id", Form::Text, "The client's identifier."),
    need(
        "client_secret",
        SECRET,
        "The client's secret, as `\"${env:CLIENT_SECRET}\"`.",
    ),
    may("scope", Form::Text, "What the token is for."),
];
