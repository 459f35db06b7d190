//! What EventBridge keeps: buses, rules and their targets.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pattern::Pattern;
use crate::place::AccountId;
use crate::sandbox::common::Strings;
use crate::sandbox::delivery::Arrival;
use crate::sandbox::site::PerSite;

/// The part of the world that EventBridge keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) local: PerSite<Local>,
    pub(crate) lost: Vec<Lost>,
    /// By rule ARN: when EventBridge last assumed the role of its target.
    pub(crate) assumed: BTreeMap<String, i64>,
    /// Events on their way while others are delivered; none at rest.
    #[serde(skip)]
    pub(crate) waiting: Option<VecDeque<Arrival>>,
}

/// What one account has in one Region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Local {
    /// By name. The default bus exists before it stands here.
    pub(crate) buses: BTreeMap<String, Bus>,
    /// By bus name, then rule name.
    pub(crate) rules: BTreeMap<String, BTreeMap<String, Rule>>,
    /// By name.
    #[serde(default)]
    pub(crate) connections: BTreeMap<String, super::connections::Connection>,
}

/// An EventBridge event bus.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bus {
    pub(crate) description: Option<String>,
    pub(crate) dead_letter_config: Option<DeadLetterConfig>,
    pub(crate) kms_key: Option<String>,
    /// The resource policy of the bus.
    pub(crate) policy: Option<String>,
    pub(crate) tags: Strings,
    pub(crate) created: i64,
    pub(crate) modified: i64,
}

/// A rule with its targets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) pattern: Pattern,
    pub(crate) state: RuleState,
    pub(crate) description: Option<String>,
    pub(crate) role_arn: Option<String>,
    pub(crate) tags: Strings,
    pub(crate) targets: Vec<Target>,
    pub(crate) created_by: AccountId,
}

/// Which events a rule sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RuleState {
    Enabled,
    Disabled,
    EnabledWithAllCloudtrailManagementEvents,
}

/// A target, in the form of the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Target {
    pub(crate) id: String,
    pub(crate) arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input_path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input_transformer: Option<InputTransformer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dead_letter_config: Option<DeadLetterConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_policy: Option<RetryPolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sqs_parameters: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct InputTransformer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input_paths_map: Option<Strings>,
    pub(crate) input_template: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeadLetterConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) arn: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct RetryPolicy {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) maximum_retry_attempts: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) maximum_event_age_in_seconds: Option<i64>,
}

/// An event that a rule matched and nobody received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lost {
    /// The ARN of the rule.
    pub rule: String,
    /// The ARN of the target.
    pub target: String,
    /// Why the target did not get it, such as `NO_PERMISSIONS`.
    pub code: String,
    /// The reason in words, and why no dead-letter queue got the event.
    pub message: String,
    /// The event that was lost.
    pub event: Value,
}
