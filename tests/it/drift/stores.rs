//! One field of a key, bucket, trail, role or bus, changed behind iamwatch's back.

use aws_sdk_cloudtrail::types::{EventSelector, ReadWriteType};
use aws_sdk_s3::types;
use iamwatch::aws::Clients;
use iamwatch::resources::{Live, Resource};
use serde_json::json;

use crate::everything;
use crate::stage::Stage;

/// An unknown field is a new one, for which a case is missing here.
pub(crate) async fn change(stage: &Stage, clients: &Clients, live: &Live, field: &str) {
    match &live.resource {
        Resource::EncryptionKey(_) => key(stage, clients, live, field).await,
        Resource::Bucket(_) => bucket(clients, live, field).await,
        Resource::Trail(_) => trail(stage, clients, live, field).await,
        Resource::Role(_) => role(stage, clients, live, field).await,
        Resource::Bus(_) => bus(stage, clients, live, field).await,
        _ => panic!("no case changes `{field}`"),
    }
}

/// A role that EventBridge may assume, made if it is not there: its ARN.
pub(crate) async fn open_role(stage: &Stage, name: &str) -> String {
    let iam = stage.cloud.global().iam;
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sts:AssumeRole",
    }] });
    let request = iam.create_role().role_name(name);
    let request = request.assume_role_policy_document(trust.to_string());
    // Another step of the walk may have made it.
    let _ = request.send().await;
    let role = iam.get_role().role_name(name).send().await.unwrap();
    role.role.unwrap().arn
}

async fn key(stage: &Stage, clients: &Clients, live: &Live, field: &str) {
    let kms = &clients.kms;
    let id = live.handle.clone().unwrap();
    match field {
        "encryption_key.description" => {
            let request = kms.update_key_description().key_id(id);
            request.description("somebody").send().await.unwrap();
        }
        "encryption_key.policy" => {
            let root = format!("arn:aws:iam::{}:root", stage.account);
            let policy = json!({ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*",
            }] });
            let request = kms.put_key_policy().key_id(id).policy_name("default");
            request.policy(policy.to_string()).send().await.unwrap();
        }
        "encryption_key.rotated" => {
            let request = kms.disable_key_rotation().key_id(id);
            request.send().await.unwrap();
        }
        "encryption_key.enabled" => {
            kms.disable_key().key_id(id).send().await.unwrap();
        }
        unknown => panic!("no case changes `{unknown}`"),
    }
}

async fn bucket(clients: &Clients, live: &Live, field: &str) {
    let (s3, name) = (&clients.s3, live.key.name.as_str());
    match field {
        "bucket.policy" => {
            let policy = everything::log_policy(name).to_string();
            let request = s3.put_bucket_policy().bucket(name).policy(policy);
            request.send().await.unwrap();
        }
        "bucket.public_access_blocked" => {
            let request = s3.delete_public_access_block().bucket(name);
            request.send().await.unwrap();
        }
        "bucket.encryption" => {
            let default = types::ServerSideEncryptionByDefault::builder()
                .sse_algorithm(types::ServerSideEncryption::AwsKms);
            let rule = types::ServerSideEncryptionRule::builder()
                .apply_server_side_encryption_by_default(default.build().unwrap());
            let all = types::ServerSideEncryptionConfiguration::builder().rules(rule.build());
            let request = s3.put_bucket_encryption().bucket(name);
            let request = request.server_side_encryption_configuration(all.build().unwrap());
            request.send().await.unwrap();
        }
        "bucket.ownership" => {
            let rule = types::OwnershipControlsRule::builder()
                .object_ownership(types::ObjectOwnership::ObjectWriter);
            let all = types::OwnershipControls::builder().rules(rule.build().unwrap());
            let request = s3.put_bucket_ownership_controls().bucket(name);
            let request = request.ownership_controls(all.build().unwrap());
            request.send().await.unwrap();
        }
        "bucket.versioned" => {
            let all = types::VersioningConfiguration::builder()
                .status(types::BucketVersioningStatus::Suspended);
            let request = s3.put_bucket_versioning().bucket(name);
            let request = request.versioning_configuration(all.build());
            request.send().await.unwrap();
        }
        "bucket.lifecycle" => {
            let request = s3.delete_bucket_lifecycle().bucket(name);
            request.send().await.unwrap();
        }
        unknown => panic!("no case changes `{unknown}`"),
    }
}

async fn trail(stage: &Stage, clients: &Clients, live: &Live, field: &str) {
    let (client, name) = (&clients.cloudtrail, live.key.name.as_str());
    let update = client.update_trail().name(name);
    let update = match field {
        "trail.bucket" => update.s3_bucket_name(everything::somebodys_bucket(stage)),
        // Our bucket's policy admits no prefix.
        "trail.key_prefix" => update
            .s3_bucket_name(everything::somebodys_bucket(stage))
            .s3_key_prefix("somebody"),
        "trail.multi_region" => update.is_multi_region_trail(false),
        // CloudTrail refuses a trail of all Regions without them.
        "trail.global_events" => update
            .is_multi_region_trail(false)
            .include_global_service_events(false),
        "trail.validated" => update.enable_log_file_validation(false),
        "trail.kms_key" => update.kms_key_id(log_key(stage, clients).await),
        "trail.logging" => {
            client.stop_logging().name(name).send().await.unwrap();
            return;
        }
        "trail.selectors" => {
            let selector = EventSelector::builder()
                .read_write_type(ReadWriteType::WriteOnly)
                .include_management_events(true)
                .exclude_management_event_sources("kms.amazonaws.com");
            let request = client.put_event_selectors().trail_name(name);
            let request = request.event_selectors(selector.build());
            request.send().await.unwrap();
            return;
        }
        unknown => panic!("no case changes `{unknown}`"),
    };
    update.send().await.unwrap();
}

/// A key that CloudTrail may use.
async fn log_key(stage: &Stage, clients: &Clients) -> String {
    let root = format!("arn:aws:iam::{}:root", stage.account);
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" },
        { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
          "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "*" },
    ] });
    let request = clients.kms.create_key().policy(policy.to_string());
    let key = request.send().await.unwrap().key_metadata.unwrap();
    key.arn.unwrap()
}

async fn role(stage: &Stage, clients: &Clients, live: &Live, field: &str) {
    let (iam, name) = (&clients.iam, live.key.name.as_str());
    match field {
        "role.description" => {
            let request = iam.update_role().role_name(name);
            request.description("somebody").send().await.unwrap();
        }
        "role.trust" => {
            let trust = json!({ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sts:AssumeRole",
            }] });
            let request = iam.update_assume_role_policy().role_name(name);
            let request = request.policy_document(trust.to_string());
            request.send().await.unwrap();
        }
        // One policy of ours changed, and one too many.
        "role.policies" => {
            for policy in ["forward", "somebodys"] {
                let all = json!({ "Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Action": "events:*", "Resource": "*",
                }] });
                let request = iam.put_role_policy().role_name(name).policy_name(policy);
                let request = request.policy_document(all.to_string());
                request.send().await.unwrap();
            }
        }
        "role.attached" => {
            let request = iam.attach_role_policy().role_name(name);
            let request = request.policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess");
            request.send().await.unwrap();
        }
        "role.boundary" => {
            let request = iam.put_role_permissions_boundary().role_name(name);
            let request = request.permissions_boundary("arn:aws:iam::aws:policy/ReadOnlyAccess");
            request.send().await.unwrap();
        }
        "role.path" => moved(stage, live).await,
        unknown => panic!("no case changes `{unknown}`"),
    }
}

/// The same role under another path: IAM cannot move one, so somebody made it anew.
async fn moved(stage: &Stage, live: &Live) {
    let Resource::Role(role) = &live.resource else {
        panic!("{live:?} is no role");
    };
    let iam = stage.cloud.global().iam;
    for policy in role.policies.keys() {
        let request = iam.delete_role_policy().role_name(&role.name);
        request.policy_name(policy).send().await.unwrap();
    }
    iam.delete_role()
        .role_name(&role.name)
        .send()
        .await
        .unwrap();
    let tag = aws_sdk_iam::types::Tag::builder()
        .key(iamwatch::resources::STACK_TAG)
        .value("whole");
    let request = iam.create_role().role_name(&role.name).path("/elsewhere/");
    let request = request
        .description(&role.description)
        .assume_role_policy_document(role.trust.to_string())
        .tags(tag.build().unwrap());
    request.send().await.unwrap();
    for (policy, document) in &role.policies {
        let request = iam.put_role_policy().role_name(&role.name);
        let request = request.policy_name(policy);
        let request = request.policy_document(document.to_string());
        request.send().await.unwrap();
    }
}

async fn bus(stage: &Stage, clients: &Clients, live: &Live, field: &str) {
    let name = &live.key.name;
    match field {
        "bus.policy" => {
            let request = clients.events.remove_permission().event_bus_name(name);
            let request = request.statement_id("IamwatchForwarders");
            request.send().await.unwrap();
        }
        "bus.kms_key" => {
            let request = clients.events.update_event_bus().name(name);
            let request = request.kms_key_identifier(log_key(stage, clients).await);
            request.send().await.unwrap();
        }
        unknown => panic!("no case changes `{unknown}`"),
    }
}
