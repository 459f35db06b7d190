//! The key that encrypts a trail's log files.

use std::collections::BTreeMap;

use super::error::error;
use crate::sandbox::kms::find::told;
use crate::sandbox::policy::{Decision, Policy, Request, Who};
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// The key's ARN, if it is there, enabled, and lets CloudTrail encrypt for this trail.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html>
pub(super) fn check(
    world: &World,
    site: &Site,
    trail: &str,
    given: &str,
) -> Result<String, ApiError> {
    // The key can be another account's.
    let there = locate(given).map_or_else(|| site.clone(), |(there, _)| there);
    let (arn, key) = told(world, &there, given).map_err(|_| {
        let message = format!("KMS key {given} is not found.");
        error("KmsKeyNotFoundException", message)
    })?;
    if !key.enabled || key.deletion.is_some() {
        let message = format!("KMS key {given} is disabled.");
        return Err(error("KmsKeyDisabledException", message));
    }
    let request = Request {
        who: Who::Service("cloudtrail.amazonaws.com"),
        action: "kms:GenerateDataKey",
        resource: &arn,
        context: BTreeMap::from([
            ("aws:sourcearn", trail.to_owned()),
            ("aws:sourceaccount", site.account.to_string()),
            ("kms:encryptioncontext:aws:cloudtrail:arn", trail.to_owned()),
        ]),
    };
    let policy = Policy::parse(&key.policy).map_err(ApiError::unsupported)?;
    if policy.decide(&request) == Decision::Allow {
        return Ok(arn);
    }
    let message = format!("Insufficient permissions to access the KMS key {given}.");
    Err(error("InsufficientEncryptionPolicyException", message))
}
