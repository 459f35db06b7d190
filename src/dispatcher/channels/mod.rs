//! Where does an alert go, and in which form?

mod amazon_q;
mod google_chat;
mod jira;
mod jira_service_management;
mod pagerduty;
mod servicenow;
mod slack;
mod sns;
mod teams;
mod webhook;
mod zendesk;

use std::collections::BTreeMap;

pub use jira_service_management::AlertApi;

use super::task::{Post, Task};
use crate::place::Arn;

/// A channel of the dispatcher. Secrets are in its connection alone: addresses here are without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// Mail, SMS, and topics of somebody else's: people read what it says.
    Sns {
        /// The topic of the channel.
        topic: Arn,
    },
    /// Slack, by a bot.
    Slack {
        /// It holds the header `Authorization`, `Bearer xoxb-…`.
        connection: Arn,
        /// The channel's id, such as `C0123456789`.
        channel: String,
    },
    /// Microsoft Teams, by a flow of Workflows.
    Teams {
        /// It holds the query parameter `sig`.
        connection: Arn,
        /// The flow's address without `sig`.
        url: String,
        /// Whether the flow wants the card alone, without the message around it.
        bare_card: bool,
    },
    /// Google Chat, by a webhook of a space.
    GoogleChat {
        /// It holds the query parameters `key` and `token`.
        connection: Arn,
        /// The webhook's address without them.
        url: String,
    },
    /// Amazon Q Developer in chat applications, which posts what a topic of its own brings.
    AmazonQ {
        /// The topic that a chat of Amazon Q listens to.
        topic: Arn,
    },
    /// PagerDuty, Events API v2.
    PagerDuty {
        /// It holds the body parameter `routing_key`.
        connection: Arn,
        /// Whether the account is in PagerDuty's service region of the European Union.
        eu: bool,
    },
    /// Alerts of Jira Service Management, or of Opsgenie.
    JiraServiceManagement {
        /// It holds the header `Authorization`, `GenieKey …`.
        connection: Arn,
        /// Which of the services that take this request.
        api: AlertApi,
    },
    /// ServiceNow.
    ServiceNow {
        /// It holds user name and password, or an OAuth client.
        connection: Arn,
        /// The instance, such as `https://example.service-now.com`.
        url: String,
        /// Whether each alert becomes an incident. Else it is an event of Event Management, which knows equal ones.
        incidents: bool,
    },
    /// Zendesk Support.
    Zendesk {
        /// It holds an OAuth client.
        connection: Arn,
        /// The account, such as `https://example.zendesk.com`.
        url: String,
    },
    /// Jira Cloud.
    Jira {
        /// It holds an e-mail address and an API token.
        connection: Arn,
        /// The site, such as `https://example.atlassian.net`.
        url: String,
        /// The project's key, such as `SEC`.
        project: String,
        /// The name of the type of issue, such as `Task`.
        issue_type: String,
    },
    /// Whoever takes JSON by https.
    Webhook {
        /// It holds what the receiver asks for.
        connection: Arn,
        /// The receiver's address.
        url: String,
    },
}

/// The call that all channels share that are topics. `of_channels`: theirs, by the channels' names.
pub(super) fn topics(of_channels: &BTreeMap<&str, &Arn>) -> Task {
    sns::topics(of_channels)
}

impl Channel {
    /// The call that says an alert to this channel. Channels that are topics share one, which finds the topic by
    /// name.
    pub(super) fn task(&self) -> Option<Task> {
        match self {
            Self::AmazonQ { topic } => Some(amazon_q::task(topic)),
            _ => self.post().map(Post::task),
        }
    }

    /// The topic that it publishes to.
    pub fn topic(&self) -> Option<&Arn> {
        match self {
            Self::Sns { topic } | Self::AmazonQ { topic } => Some(topic),
            _ => None,
        }
    }

    /// The connection whose secret it needs, and the address that it calls, for the policy of the machine's role.
    pub fn called(&self) -> Option<(Arn, String)> {
        self.post().map(|post| (post.connection.clone(), post.url))
    }

    /// The request to a service beyond AWS.
    fn post(&self) -> Option<Post<'_>> {
        Some(match self {
            Self::Sns { .. } | Self::AmazonQ { .. } => return None,
            Self::Slack {
                connection,
                channel,
            } => slack::post(connection, channel),
            Self::Teams {
                connection,
                url,
                bare_card,
            } => teams::post(connection, url, *bare_card),
            Self::GoogleChat { connection, url } => google_chat::post(connection, url),
            Self::PagerDuty { connection, eu } => pagerduty::post(connection, *eu),
            Self::JiraServiceManagement { connection, api } => {
                jira_service_management::post(connection, *api)
            }
            Self::ServiceNow {
                connection,
                url,
                incidents: true,
            } => servicenow::incident(connection, url),
            Self::ServiceNow {
                connection, url, ..
            } => servicenow::event(connection, url),
            Self::Zendesk { connection, url } => zendesk::post(connection, url),
            Self::Jira {
                connection,
                url,
                project,
                issue_type,
            } => jira::post(connection, url, project, issue_type),
            Self::Webhook { connection, url } => webhook::post(connection, url),
        })
    }
}
