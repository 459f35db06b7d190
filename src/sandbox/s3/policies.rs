//! Whose a bucket is, and whom its policy lets in.

use std::collections::BTreeMap;

use super::state::Bucket;
use crate::sandbox::policy::{Decision, Policy, Request, Who};
use crate::sandbox::world::World;

/// The bucket that an ARN is about: its own, or an object's.
pub(super) fn at_arn<'w>(world: &'w World, arn: &str) -> Option<&'w Bucket> {
    let (_, path) = arn.split_once(":s3:::")?;
    world.s3.buckets.get(path.split('/').next()?)
}

/// Whether a bucket's policy lets an AWS service do this, as CloudTrail asks before it writes.
/// `context` holds condition keys in lower case; that services talk TLS is filled in. A bucket
/// that does not exist, or has no policy, lets nobody in.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
pub(crate) fn bucket_lets(
    world: &World,
    bucket: &str,
    service: &str,
    action: &str,
    resource: &str,
    mut context: BTreeMap<&'static str, String>,
) -> bool {
    context
        .entry("aws:securetransport")
        .or_insert_with(|| "true".to_owned());
    let request = Request {
        who: Who::Service(service),
        action,
        resource,
        context,
    };
    let policy = world.s3.buckets.get(bucket).and_then(|b| b.policy.as_ref());
    policy
        .and_then(|text| Policy::parse(text).ok())
        .is_some_and(|policy| policy.decide(&request) == Decision::Allow)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::place::{AccountId, Region};
    use crate::sandbox::clock::Clock;

    #[test]
    fn a_bucket_lets_the_trail_in_that_its_policy_names_and_no_other() {
        let account: AccountId = "111122223333".parse().unwrap();
        let region: Region = "us-east-1".parse().unwrap();
        let mut world = World::new(account.clone(), region.clone(), Clock::FIXED);
        let trail = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t";
        let object = "arn:aws:s3:::logs/AWSLogs/111122223333/*";
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": "s3:PutObject", "Resource": object,
                "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control",
                    "aws:SourceArn": trail}}},
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ]});
        let mut bucket = Bucket::new(account, region, 0);
        bucket.policy = Some(policy.to_string());
        world.s3.buckets.insert("logs".to_owned(), bucket);
        let asks = |bucket: &str, trail: &str| {
            let context = BTreeMap::from([
                ("aws:sourcearn", trail.to_owned()),
                ("s3:x-amz-acl", "bucket-owner-full-control".to_owned()),
            ]);
            let service = "cloudtrail.amazonaws.com";
            bucket_lets(&world, bucket, service, "s3:PutObject", object, context)
        };
        assert!(asks("logs", trail));
        assert!(!asks(
            "logs",
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/other"
        ));
        assert!(!asks("elsewhere", trail));
    }
}
