//! The bucket of a trail: may CloudTrail write there, and the log files it writes.

use std::collections::BTreeMap;

use super::error::error;
use super::state::TrailSettings;
use crate::place::Region;
use crate::sandbox::clock::iso;
use crate::sandbox::s3::policies::bucket_lets;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// CloudTrail puts what happens within five minutes into one file.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html>
const FILE: i64 = 5 * 60 * 1000;

/// Refuses a bucket that is not there, or whose policy lacks what CloudTrail needs. An organization
/// trail needs the folder of the organization, with all accounts in it, besides that of its owner.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-create-and-update-an-organizational-trail-by-using-the-aws-cli.html>
pub(super) fn check(
    world: &World,
    site: &Site,
    arn: &str,
    settings: &TrailSettings,
) -> Result<(), ApiError> {
    let bucket = &settings.bucket;
    if !world.s3.buckets.contains_key(bucket) {
        let message = format!("S3 bucket {bucket} does not exist!");
        return Err(error("S3BucketDoesNotExistException", message));
    }
    let folders: &[&str] = if settings.validation {
        &["CloudTrail", "CloudTrail-Digest"]
    } else {
        &["CloudTrail"]
    };
    let own = site.account.to_string();
    let mut owners = vec![own.clone()];
    if let Some(organization) = organization(world, site, settings) {
        let members = [own.as_str(), "000000000000"];
        owners.extend(members.map(|account| format!("{organization}/{account}")));
    }
    let prefix = settings.prefix.as_deref();
    let mut keys = owners.iter().flat_map(|owner| {
        let key = |folder: &&str| key(owner, prefix, &site.region, folder, world.now());
        folders.iter().map(key).collect::<Vec<_>>()
    });
    let lets = may_list(world, site, arn, bucket)
        && keys.all(|key| may_write(world, site, arn, bucket, &key));
    if lets {
        return Ok(());
    }
    let message = format!("Incorrect S3 bucket policy is detected for bucket: {bucket}");
    Err(error("InsufficientS3BucketPolicyException", message))
}

/// The id of the organization that a trail is for.
fn organization<'w>(
    world: &'w World,
    owner: &Site,
    settings: &TrailSettings,
) -> Option<&'w String> {
    let organization = world.organizations.of(&owner.account);
    organization
        .filter(|_| settings.organization)
        .map(|organization| &organization.id)
}

/// Writes the log file that holds a record of now at `place`, or notes why it cannot.
pub(crate) fn deliver(world: &mut World, arn: &str, place: &Site) {
    let Some(trail) = world.cloudtrail.trails.get(arn) else {
        return;
    };
    let now = world.now();
    let site = Site {
        account: trail.account.clone(),
        region: trail.home.clone(),
    };
    let bucket = trail.settings.bucket.clone();
    let owner = match organization(world, &site, &trail.settings) {
        Some(organization) => format!("{organization}/{}", place.account),
        None => site.account.to_string(),
    };
    let prefix = trail.settings.prefix.as_deref();
    let key = key(&owner, prefix, &place.region, "CloudTrail", now);
    let error = if !world.s3.buckets.contains_key(&bucket) {
        Some("NoSuchBucket")
    } else if !may_write(world, &site, arn, &bucket, &key) {
        Some("AccessDenied")
    } else {
        None
    };
    if let (None, Some(bucket)) = (error, world.s3.buckets.get_mut(&bucket)) {
        bucket.objects.insert(key);
    }
    if let Some(trail) = world.cloudtrail.trails.get_mut(arn) {
        trail.attempted = Some(now);
        trail.delivery_error = error.map(str::to_owned);
        if error.is_none() {
            trail.delivered = Some(now);
        }
    }
}

fn context(world: &World, site: &Site, arn: &str) -> BTreeMap<&'static str, String> {
    let mut context = BTreeMap::from([
        ("aws:sourcearn", arn.to_owned()),
        ("aws:sourceaccount", site.account.to_string()),
    ]);
    if let Some(organization) = world.organizations.of(&site.account) {
        context.insert("aws:sourceorgid", organization.id.clone());
    }
    context
}

fn may_list(world: &World, site: &Site, arn: &str, bucket: &str) -> bool {
    let resource = format!("arn:{}:s3:::{bucket}", site.region.partition());
    let (service, action) = ("cloudtrail.amazonaws.com", "s3:GetBucketAcl");
    bucket_lets(
        world,
        bucket,
        service,
        action,
        &resource,
        context(world, site, arn),
    )
}

fn may_write(world: &World, site: &Site, arn: &str, bucket: &str, key: &str) -> bool {
    let resource = format!("arn:{}:s3:::{bucket}/{key}", site.region.partition());
    let mut context = context(world, site, arn);
    context.insert("s3:x-amz-acl", "bucket-owner-full-control".to_owned());
    let (service, action) = ("cloudtrail.amazonaws.com", "s3:PutObject");
    bucket_lets(world, bucket, service, action, &resource, context)
}

/// `PREFIX/AWSLogs/ACCOUNT/CloudTrail/REGION/2026/03/02/ACCOUNT_CloudTrail_REGION_20260302T0900Z.json.gz`;
/// with the organization before the account if the trail is for all of it. `owner` is either.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>
fn key(owner: &str, prefix: Option<&str>, region: &Region, folder: &str, now: i64) -> String {
    let account = owner.rsplit('/').next().unwrap_or_default();
    let begun = iso(now - now.rem_euclid(FILE));
    let day: String = begun.chars().take(10).collect();
    let minute: String = begun
        .chars()
        .take(16)
        .filter(|c| !"-:".contains(*c))
        .collect();
    let prefix = match prefix {
        Some(prefix) => format!("{prefix}/"),
        None => String::new(),
    };
    format!(
        "{prefix}AWSLogs/{owner}/{folder}/{region}/{}/{account}_{folder}_{region}_{minute}Z.json.gz",
        day.replace('-', "/")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sandbox::clock::Clock;
    use crate::sandbox::cloudtrail::trails::create;
    use crate::sandbox::s3::state::Bucket;

    #[test]
    fn log_files_lie_by_account_region_and_day_until_the_bucket_is_gone() {
        let site = Site {
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        let mut world = World::new(site.account.clone(), site.region.clone(), Clock::FIXED);
        let policy = json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*",
            "Principal": {"Service": "cloudtrail.amazonaws.com"}}});
        let bucket = Bucket {
            account: site.account.clone(),
            region: site.region.clone(),
            created: 0,
            policy: Some(policy.to_string()),
            public_access_block: None,
            encryption: None,
            ownership: None,
            versioning: None,
            lifecycle: None,
            tags: BTreeMap::new(),
            objects: std::collections::BTreeSet::new(),
        };
        world.s3.buckets.insert("logs".to_owned(), bucket);
        let given = json!({"Name": "main", "S3BucketName": "logs", "S3KeyPrefix": "us"});
        create(&mut world, &site, serde_json::from_value(given).unwrap()).unwrap();
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main";
        let place = Site {
            region: "eu-west-1".parse().unwrap(),
            ..site.clone()
        };
        deliver(&mut world, arn, &place);
        // Another record of the same five minutes is in the same file.
        deliver(&mut world, arn, &place);
        assert_eq!(
            Vec::from_iter(&world.s3.buckets["logs"].objects),
            [
                "us/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/02/111122223333_CloudTrail_eu-west-1_20260302T0900Z.json.gz"
            ]
        );
        assert_eq!(world.cloudtrail.trails[arn].delivery_error, None);
        let delivered = world.cloudtrail.trails[arn].delivered;
        world.s3.buckets.clear();
        world.clock.tick();
        deliver(&mut world, arn, &place);
        let trail = &world.cloudtrail.trails[arn];
        assert_eq!(trail.delivery_error.as_deref(), Some("NoSuchBucket"));
        assert_eq!(trail.delivered, delivered);
        assert!(trail.attempted > delivered);
    }
}
