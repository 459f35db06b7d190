//! The channels of services beyond AWS, and how alerts get to people at all.

use super::model::ChannelName;
use crate::diagnostic::Span;

/// How alerts get to people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Delivery {
    /// Detectors publish to topics themselves.
    #[default]
    Direct,
    /// Detectors start a state machine, which writes the alert and hands it to each channel.
    Dispatcher {
        /// The channel that hears of what another one did not take: mail, SMS, or a topic of somebody else's.
        fallback: ChannelName,
    },
}

/// A secret: the name of the environment variable that holds it when a command runs. Its value is read at `apply` alone,
/// and stands in no structure that can be printed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    /// The name of the variable.
    pub variable: String,
    /// Where `${env:NAME}` stands.
    pub span: Span,
}

/// A channel of a service that the dispatcher calls by HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// Slack, by a bot.
    Slack {
        /// The channel's id, such as `C0123456789`.
        channel: String,
        /// The bot's token, `xoxb-…`.
        token: Secret,
    },
    /// Microsoft Teams, by a flow of Workflows.
    Teams {
        /// The flow's address without `sig`.
        url: String,
        /// The query parameter `sig` of the flow's address.
        sig: Secret,
        /// Whether the flow wants the card alone, without the message around it.
        bare_card: bool,
    },
    /// Google Chat, by a webhook of a space.
    GoogleChat {
        /// The webhook's address without `key` and `token`.
        url: String,
        /// The query parameter `key`.
        key: Secret,
        /// The query parameter `token`.
        token: Secret,
    },
    /// PagerDuty, Events API v2.
    PagerDuty {
        /// The integration key.
        routing_key: Secret,
        /// Whether the account is in PagerDuty's service region of the European Union.
        eu: bool,
    },
    /// Alerts of Jira Service Management, or of Opsgenie.
    JiraServiceManagement {
        /// The API key of an integration.
        key: Secret,
        /// Which of the services that take this request.
        api: AlertService,
    },
    /// ServiceNow.
    ServiceNow {
        /// The instance, such as `https://example.service-now.com`.
        url: String,
        /// Who calls.
        login: Login,
        /// Whether each alert becomes an incident. Else it is an event of Event Management.
        incidents: bool,
    },
    /// Zendesk Support.
    Zendesk {
        /// The account, such as `https://example.zendesk.com`.
        url: String,
        /// The OAuth client.
        client: OAuthClient,
    },
    /// Jira Cloud.
    Jira {
        /// The site, such as `https://example.atlassian.net`.
        url: String,
        /// The project's key, such as `SEC`.
        project: String,
        /// The name of the type of issue, such as `Task`.
        issue_type: String,
        /// The account's e-mail address.
        user: String,
        /// Its API token.
        token: Secret,
    },
    /// Whoever takes JSON by https.
    Webhook {
        /// The receiver's address.
        url: String,
        /// Who calls.
        login: Login,
    },
}

/// Which service takes alerts of the kind that Opsgenie had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertService {
    /// Jira Service Management.
    JiraServiceManagement,
    /// Opsgenie.
    Opsgenie,
    /// Opsgenie in the European Union.
    OpsgenieEu,
}

/// Who a receiver takes a request from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// User name and password. A colon in the user name would end it early.
    Basic {
        /// The user name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A header with a key.
    Header {
        /// The header's name.
        name: String,
        /// What it holds.
        value: Secret,
    },
    /// An OAuth client.
    OAuth(OAuthClient),
}

/// A client that gets a token by its own credentials. Source: RFC 6749, section 4.4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthClient {
    /// Where tokens are given out.
    pub token_url: String,
    /// The client's id, which is no secret.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Secret,
    /// What the token is for, if the receiver asks for it.
    pub scope: Option<String>,
}

impl Service {
    /// The key that names it in the rules file.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Slack { .. } => "slack",
            Self::Teams { .. } => "teams",
            Self::GoogleChat { .. } => "google_chat",
            Self::PagerDuty { .. } => "pagerduty",
            Self::JiraServiceManagement { .. } => "jira_service_management",
            Self::ServiceNow { .. } => "servicenow",
            Self::Zendesk { .. } => "zendesk",
            Self::Jira { .. } => "jira",
            Self::Webhook { .. } => "webhook",
        }
    }

    /// The secrets that it needs, each with the name that a connection gives it.
    pub fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::Slack { token, .. } | Self::Jira { token, .. } => vec![token],
            Self::Teams { sig, .. } => vec![sig],
            Self::GoogleChat { key, token, .. } => vec![key, token],
            Self::PagerDuty { routing_key, .. } => vec![routing_key],
            Self::JiraServiceManagement { key, .. } => vec![key],
            Self::ServiceNow { login, .. } | Self::Webhook { login, .. } => vec![login.secret()],
            Self::Zendesk { client, .. } => vec![&client.client_secret],
        }
    }
}

impl Login {
    /// The secret behind it.
    pub fn secret(&self) -> &Secret {
        match self {
            Self::Basic { password, .. } => password,
            Self::Header { value, .. } => value,
            Self::OAuth(client) => &client.client_secret,
        }
    }
}
