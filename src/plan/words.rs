//! A difference in words: what is wrong with a resource as it stands.

use serde_json::Value;

use super::AttributeChange;
use crate::resources::Kind;

/// One difference, as a clause about the resource.
pub fn describe(kind: Kind, change: &AttributeChange) -> String {
    let AttributeChange { path, before, .. } = change;
    let target = path
        .strip_prefix("targets.")
        .and_then(|rest| rest.split('.').next());
    match (kind, path.as_str(), before) {
        (Kind::Rule, "state", before) if before == "DISABLED" => "it is disabled".to_owned(),
        (Kind::Rule, "state", before) => {
            format!("its state is {}", before.as_str().unwrap_or("unknown"))
        }
        (Kind::Rule, "pattern", _) => {
            "its deployed pattern is not the one of the rules file".to_owned()
        }
        (Kind::Rule, _, Value::Null) if path.matches('.').count() == 1 => {
            format!("its target `{}` is missing", target.unwrap_or_default())
        }
        (Kind::Rule, _, _) if path.matches('.').count() == 1 && change.after.is_null() => {
            format!("it has the target `{}` besides", target.unwrap_or_default())
        }
        (Kind::Rule, _, _) if target.is_some() => format!(
            "its target `{}` was changed ({})",
            target.unwrap_or_default(),
            path.splitn(3, '.').nth(2).unwrap_or(path)
        ),
        (_, "policy", Value::Null) => "it has no policy".to_owned(),
        (kind, "policy", _) => format!("its policy is not the one that {}", purpose(kind)),
        (Kind::Role, "trust", _) => "its trust policy was changed".to_owned(),
        (Kind::Role, "attached", _) => "managed policies are attached to it".to_owned(),
        (Kind::Role, "boundary", _) => "a permissions boundary limits it".to_owned(),
        (Kind::Bus, "kms_key", key) => {
            format!("it is encrypted with {key}, which EventBridge may not be able to use")
        }
        (Kind::Queue, "max_message_bytes", bytes) => {
            format!("it takes no message of more than {bytes} bytes")
        }
        (Kind::Queue, "delay_seconds", seconds) => {
            format!("it holds each message back for {seconds} seconds")
        }
        (Kind::Role, _, Value::Null) if path.starts_with("policies") => {
            "the policy that lets it send is missing".to_owned()
        }
        (Kind::Role, _, _) if path.starts_with("policies") => {
            "the policy that lets it send was changed".to_owned()
        }
        (Kind::EncryptionKey, "enabled", _) => "it is disabled, or waits to be deleted".to_owned(),
        (Kind::Topic, "kms_key", Value::Null) => "it is not encrypted".to_owned(),
        (Kind::Topic, "kms_key", key) => format!("it is encrypted with {key}"),
        (Kind::Subscription, "filter", filter) => format!("it lets through only {filter}"),
        (Kind::Trail, "logging", _) => "it does not log".to_owned(),
        (Kind::Trail, "selectors", _) => "it does not record all management events".to_owned(),
        (Kind::Trail, "multi_region", _) => "it records one Region only".to_owned(),
        (Kind::Trail, "global_events", _) => "it leaves out global services".to_owned(),
        (Kind::Trail, "validated", _) => "log file validation is off".to_owned(),
        (_, path, Value::Null) => format!("`{path}` is missing"),
        (_, path, _) => format!("`{path}` was changed"),
    }
}

/// What a resource's policy is for.
fn purpose(kind: Kind) -> &'static str {
    match kind {
        Kind::Topic => "lets our rules publish",
        Kind::EncryptionKey => "lets EventBridge encrypt",
        Kind::Bus => "admits our forwarders",
        Kind::Queue => "lets our rules leave dead letters",
        Kind::Bucket => "lets CloudTrail write, and nobody else",
        Kind::Trail | Kind::Role | Kind::Subscription | Kind::Rule => "the rules file asks for",
    }
}
