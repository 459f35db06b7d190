//! Every alert that is known to be detectable from CloudTrail's events is a rule, or there is a reason.

use std::collections::BTreeSet;

use iamwatch::compile::RuleState;
use iamwatch::rules::not_expressible;
use serde_json::Value;

use super::{compiled, entry};
use crate::shared;

/// Where an alert went.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// It is told by these rules together.
    Rules(&'static [&'static str]),
    /// No pattern can express it.
    No(&'static str),
}
use Answer::{No, Rules};

/// The alert's id, and the answer.
#[rustfmt::skip]
pub(crate) const ALERTS: &[(&str, Answer)] = &[
    ("root-console-login", Rules(&["root/sign-in"])),
    ("root-console-login-failed", Rules(&["root/sign-in"])),
    ("root-api-activity", Rules(&["root/activity"])),
    ("root-password-or-email-change", Rules(&["root/credentials"])),
    ("root-access-key", Rules(&["root/access-key"])),
    ("root-mfa-change", Rules(&["root/mfa"])),
    ("sts-assume-root", Rules(&["root/session-taken", "root/session-here"])),
    ("primary-email-update", Rules(&["account/email-changed"])),
    ("console-login-failed", Rules(&["signin/failed"])),
    ("console-login-no-mfa", Rules(&["signin/no-mfa"])),
    ("console-login-iam-user", Rules(&["signin/iam-user"])),
    ("console-login-federated", Rules(&["signin/federated", "signin/federated-failed"])),
    ("console-login-off-hours", No("signin/off-hours")),
    ("console-login-unapproved-ip", No("signin/unknown-address")),
    ("signin-token", Rules(&["signin/token"])),
    ("switch-role", Rules(&["signin/switch-role"])),
    ("idc-signin-failure", Rules(&["identity-center/sign-in-failed"])),
    ("iam-user-created", Rules(&["iam/user-created"])),
    ("iam-user-deleted", Rules(&["iam/user-deleted"])),
    ("iam-access-key-created", Rules(&["iam/access-key-created"])),
    ("iam-login-profile", Rules(&["iam/console-password"])),
    ("iam-mfa-disabled", Rules(&["iam/mfa-removed"])),
    ("iam-mfa-added", Rules(&["iam/mfa-added"])),
    ("iam-policy-change", Rules(&["iam/policy-changed"])),
    ("iam-admin-attached", Rules(&["iam/admin-attached"])),
    ("iam-default-policy-version", Rules(&["iam/default-version"])),
    ("iam-trust-policy-change", Rules(&["iam/trust-changed"])),
    ("iam-role-created", Rules(&["iam/role-created"])),
    ("iam-group-membership", Rules(&["iam/group-membership"])),
    ("iam-permissions-boundary", Rules(&["iam/permissions-boundary"])),
    ("iam-federation-provider", Rules(&["iam/federation-provider"])),
    ("iam-password-policy", Rules(&["iam/password-policy"])),
    ("iam-service-credentials", Rules(&["iam/service-credentials"])),
    ("iam-key-quarantine", Rules(&["iam/key-quarantined"])),
    ("iam-account-enumeration", Rules(&["iam/read-out"])),
    ("rolesanywhere-trust", Rules(&["rolesanywhere/trust"])),
    ("sts-federation-token", Rules(&["sts/federation-token"])),
    ("sts-session-token", Rules(&["sts/session-token"])),
    ("unauthorized-api", Rules(&["calls/denied"])),
    ("idc-config-change", Rules(&["identity-center/source-changed"])),
    ("idc-assignment", Rules(&["identity-center/access-changed"])),
    ("org-leave", Rules(&["organizations/left"])),
    ("org-policy-change", Rules(&["organizations/policy-changed"])),
    ("org-account-created", Rules(&["organizations/account-added"])),
    ("org-delegated-admin", Rules(&["organizations/delegated-admin"])),
    ("account-contact-change", Rules(&["account/contacts-changed"])),
    ("account-region-enabled", Rules(&["account/region-enabled"])),
    ("cloudtrail-stopped", Rules(&["cloudtrail/stopped"])),
    ("cloudtrail-changed", Rules(&["cloudtrail/changed"])),
    ("cloudtrail-selectors", Rules(&["cloudtrail/selectors"])),
    ("config-tamper", Rules(&["config/changed"])),
    ("guardduty-tamper", Rules(&["guardduty/tampered"])),
    ("securityhub-tamper", Rules(&["securityhub/tampered"])),
    ("access-analyzer-tamper", Rules(&["access-analyzer/tampered"])),
    ("macie-tamper", Rules(&["macie/tampered"])),
    ("flow-logs-deleted", Rules(&["network/flow-logs-deleted"])),
    ("dns-query-logs-deleted", Rules(&["network/dns-query-logs-deleted"])),
    ("logs-deleted", Rules(&["logs/deleted"])),
    ("alerting-tamper", Rules(&["pipeline/tamper", "pipeline/tamper-watch", "monitoring/alarms-disabled"])),
    ("kms-disable-delete", Rules(&["kms/key-disabled"])),
    ("kms-policy", Rules(&["kms/key-policy"])),
    ("s3-policy-change", Rules(&["s3/bucket-policy-changed"])),
    ("s3-public-block", Rules(&["s3/public-access-block"])),
    ("secrets-batch-read", Rules(&["secrets/batch-read", "secrets/read"])),
    ("snapshot-image-shared", Rules(&["ec2/image-shared"])),
    ("ec2-password-data", Rules(&["ec2/password-data"])),
    ("sg-change", Rules(&["network/security-group-changed"])),
    ("sg-open-world", Rules(&["network/open-to-world"])),
    ("nacl-change", Rules(&["network/acl-changed"])),
    ("gateway-change", Rules(&["network/gateway-changed"])),
    ("route-change", Rules(&["network/route-changed"])),
    ("vpc-change", Rules(&["network/vpc-changed"])),
    ("lambda-public", Rules(&["lambda/public"])),
    ("ebs-encryption-off", Rules(&["ec2/encryption-off"])),
    ("domain-transfer", Rules(&["domains/transferred"])),
    ("org-membership", Rules(&["organizations/account-joined", "organizations/account-departed"])),
];

/// Alerts whose rules have another severity, and why.
const OTHER_SEVERITY: &[(&str, &str)] = &[
    (
        "root-console-login-failed",
        "one rule tells of root's sign-ins: who tries root's password is as bad as who has it",
    ),
    (
        "console-login-failed",
        "one failure is a slip; the many that matter are a rate, which no pattern sees",
    ),
    (
        "sg-open-world",
        "one rule hears of rules that are edited as well, whose direction CloudTrail does not record",
    ),
    (
        "org-membership",
        "joining is medium as there; who departs is beyond every policy, as in `org-leave`",
    ),
];

/// Event names that no rule of the alert listens to, and why.
const OTHER_EVENTS: &[(&str, &str)] = &[];

pub(crate) fn alerts() -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(shared::data()?.join("catalogue.json")).unwrap();
    let catalogue: Value = serde_json::from_str(&text).unwrap();
    catalogue["alerts"].as_array().cloned()
}

pub(crate) fn texts<'v>(alert: &'v Value, key: &str) -> Vec<&'v str> {
    let list = alert[key].as_array().map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(Value::as_str).collect()
}

fn rules_of(alert: &Value) -> &'static [&'static str] {
    let id = alert["id"].as_str().unwrap();
    match ALERTS.iter().find(|(known, _)| *known == id) {
        Some((_, Rules(rules))) => rules,
        _ => &[],
    }
}

#[test]
fn every_known_alert_is_a_rule_or_has_a_reason() {
    for (alert, answer) in ALERTS {
        match answer {
            Rules(rules) => {
                assert!(!rules.is_empty(), "{alert}");
                for rule in *rules {
                    assert!(!entry(rule).is_pack());
                }
            }
            No(id) => assert!(
                not_expressible().iter().any(|other| other.id.0 == *id),
                "{alert}: {id}"
            ),
        }
    }
    let Some(alerts) = alerts() else { return };
    let known: BTreeSet<&str> = alerts.iter().filter_map(|a| a["id"].as_str()).collect();
    let answered: BTreeSet<&str> = ALERTS.iter().map(|(id, _)| *id).collect();
    assert_eq!(answered.len(), ALERTS.len());
    assert_eq!(answered, known);
}

#[test]
fn severities_are_those_of_the_alerts_or_there_is_a_reason() {
    let Some(alerts) = alerts() else { return };
    let mut differing = Vec::new();
    for alert in &alerts {
        let ours = rules_of(alert)
            .iter()
            .filter_map(|rule| entry(rule).severity);
        let Some(worst) = ours.min() else { continue };
        if alert["severity"] != worst.to_string() {
            differing.push(alert["id"].as_str().unwrap());
        }
    }
    let explained: Vec<&str> = OTHER_SEVERITY.iter().map(|(id, _)| *id).collect();
    assert_eq!(differing, explained);
}

#[test]
fn techniques_and_benchmark_numbers_are_those_of_the_alerts() {
    let Some(alerts) = alerts() else { return };
    for alert in &alerts {
        let rules = rules_of(alert);
        if rules.is_empty() {
            continue;
        }
        let has = |list: fn(&'static str) -> &'static [String], wanted: &str| {
            rules
                .iter()
                .any(|rule| list(rule).iter().any(|own| own == wanted))
        };
        for technique in texts(alert, "mitre") {
            assert!(
                has(|rule| &entry(rule).mitre, technique),
                "{} is {technique}",
                alert["id"]
            );
        }
        // "4.3 (1.7)", and "4.16 (v3)", which is of another version.
        let number = alert["cis_v1_4"].as_str().unwrap();
        let first = number.split(' ').next().filter(|n| !n.is_empty());
        if let Some(first) = first.filter(|_| !number.contains("v3")) {
            assert!(
                has(|rule| &entry(rule).cis, first),
                "{} is {first}",
                alert["id"]
            );
        }
    }
}

/// By event name; of several services one is enough.
#[test]
fn the_rules_of_an_alert_listen_to_all_its_events() {
    let Some(alerts) = alerts() else { return };
    let mut missing = Vec::new();
    for alert in &alerts {
        let rules = rules_of(alert);
        for name in texts(alert, "eventNames") {
            let listens = |rule: &&str| {
                let entry = entry(rule);
                // A raw pattern has the names in its text.
                (entry.events.is_empty() && entry.yaml.contains(name))
                    || entry.events.iter().any(|event| {
                        let glob = event.split(':').nth(1).unwrap();
                        glob == name || glob.strip_suffix('*').is_some_and(|g| name.starts_with(g))
                    })
            };
            if !rules.is_empty() && !rules.iter().any(listens) {
                missing.push(name);
            }
        }
    }
    let explained: Vec<&str> = OTHER_EVENTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(missing, explained);
}

#[test]
fn rules_about_read_only_events_hear_of_them() {
    let Some(alerts) = alerts() else { return };
    let compiled = compiled();
    let mut count = 0;
    for alert in alerts
        .iter()
        .filter(|a| a["needsReadOnlyRuleState"] == true)
    {
        for rule in rules_of(alert) {
            for part in &compiled[*rule] {
                assert_eq!(part.state, RuleState::EnabledWithAll, "{rule}");
                count += 1;
            }
        }
    }
    assert!(count >= 4);
}
