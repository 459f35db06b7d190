//! The service control policy that guards a deployment: nobody but the roles that are excepted may touch
//! what is ours.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Phase, Scope, needs, resources};
use crate::aws::On;
use crate::resources::STACK_TAG;

/// Characters of a service control policy, white space included. Source: Organizations quotas.
pub const GUARD_LIMIT: usize = 5_120;

/// What breaks a deployment and iamwatch never does itself.
const TAMPERING: &[(&str, On)] = &[
    ("events:DisableRule", On::Rule),
    ("events:EnableRule", On::Rule),
    ("events:UntagResource", On::Rule),
    ("events:UpdateEventBus", On::Bus),
    ("events:UntagResource", On::Bus),
    ("events:RemovePermission", On::AllBuses),
    ("sns:AddPermission", On::Topic),
    ("sns:RemovePermission", On::Topic),
    ("sns:PutDataProtectionPolicy", On::Topic),
    ("sns:UntagResource", On::Topic),
    ("sqs:AddPermission", On::Queue),
    ("sqs:RemovePermission", On::Queue),
    ("sqs:PurgeQueue", On::Queue),
    ("sqs:UntagQueue", On::Queue),
    ("iam:AttachRolePolicy", On::Role),
    ("iam:PutRolePermissionsBoundary", On::Role),
    ("iam:UntagRole", On::Role),
    ("cloudtrail:StopLogging", On::Trail),
    ("cloudtrail:RemoveTags", On::Trail),
    ("s3:DeleteBucketPolicy", On::Bucket),
    ("s3:PutBucketTagging", On::Bucket),
    ("s3:UntagResource", On::Bucket),
    ("kms:DisableKey", On::Key),
    ("kms:DisableKeyRotation", On::Key),
    ("kms:UntagResource", On::Key),
    ("kms:UpdateAlias", On::Alias),
];

/// What takes log files out of the bucket.
const TAMPERING_WITH_LOGS: &[&str] = &["s3:DeleteObject", "s3:DeleteObjectVersion"];

/// The service control policy. `except` are the ARNs of roles, wildcards allowed, that keep their powers.
///
/// It denies every write that `apply` makes, and what breaks the same things in other ways. A trail that
/// is not ours is not guarded.
pub fn guard(scope: &Scope, except: &[String]) -> Value {
    let applied = needs(Phase::Apply);
    let written = applied.iter().filter(|(_, write)| *write);
    let written = written.map(|(need, _)| (need.action, need.on));
    // What is named by a tag or by nothing needs statements of its own.
    let (mut named, mut keys, mut buses) =
        (Denied::default(), Denied::default(), Denied::default());
    for (action, on) in written.chain(TAMPERING.iter().copied()) {
        let Some(granted) = resources::of(on, true, scope) else {
            continue;
        };
        let denied = match on {
            On::Key => &mut keys,
            On::AllBuses => &mut buses,
            // New keys, roles that are handed on, and what tests leave are not what is guarded.
            On::NewKey
            | On::NewKeyTag
            | On::FreshKey
            | On::PassedRole
            | On::LeftProbeRule
            | On::GivenKey => continue,
            _ => &mut named,
        };
        denied.actions.insert(action);
        denied.resources.extend(granted.resources);
    }
    if let Some(bucket) = scope.buckets() {
        named.actions.extend(TAMPERING_WITH_LOGS);
        let partition = scope.home.partition();
        named
            .resources
            .insert(format!("arn:{partition}:s3:::{bucket}/*"));
    }
    let others = json!({ "ArnNotLike": { "aws:PrincipalArn": except } });
    let mut tagged = serde_json::Map::new();
    tagged.insert(format!("aws:ResourceTag/{STACK_TAG}"), json!(scope.stack));
    let mut others_and_ours = others.clone();
    if let Some(tests) = others_and_ours.as_object_mut() {
        tests.insert("StringEquals".to_owned(), Value::Object(tagged));
    }
    let statements: Vec<Value> = [
        named.json("IamwatchGuard", &others),
        keys.json("IamwatchGuardKey", &others_and_ours),
        buses.json("IamwatchGuardEveryBusPolicy", &others),
    ]
    .into_iter()
    .flatten()
    .collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

#[derive(Default)]
struct Denied {
    actions: BTreeSet<&'static str>,
    resources: BTreeSet<String>,
}

impl Denied {
    fn json(self, sid: &str, condition: &Value) -> Option<Value> {
        (!self.actions.is_empty()).then(|| {
            json!({
                "Sid": sid,
                "Effect": "Deny",
                "Action": self.actions,
                "Resource": super::one_or_many(self.resources),
                "Condition": condition,
            })
        })
    }
}
