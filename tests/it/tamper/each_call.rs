//! Every call by which a link is broken, made against a fresh deployment, one by one: whichever of the two watchers does
//! not need that link tells of the call. Which calls those are the facts of each kind say.

use std::collections::BTreeSet;

use aws_sdk_cloudtrail::types::{EventSelector, ReadWriteType};
use aws_sdk_eventbridge::types::{RuleState, Target};
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketVersioningStatus, ExpirationStatus, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};
use aws_sdk_sqs::types::QueueAttributeName;
use iamwatch::aws::Clients;
use iamwatch::place::{Place, Region};
use iamwatch::resources::{Kind, Live, ResourceKey};
use iamwatch::rules::RuleId;
use serde_json::json;

use super::{RULES, count, told};
use crate::stage::{Stage, Wanted};

/// Which watcher is which, and on which protocol it speaks.
const WATCHERS: [(&str, &str); 2] = [
    ("pipeline/tamper", "email"),
    ("pipeline/tamper-watch", "sms"),
];

/// Calls that the sandbox does not play, or only an hour later: that each watcher's pattern has them, `catalogue/tampering.rs` shows.
const NOT_PLAYED: &[(Kind, &[&str])] = &[
    (
        Kind::Topic,
        &[
            "AddPermission",
            "PutDataProtectionPolicy",
            "RemovePermission",
        ],
    ),
    (
        Kind::Queue,
        &["AddPermission", "RemovePermission", "StartMessageMoveTask"],
    ),
    (
        Kind::Bucket,
        &["PutBucketAcl", "PutBucketReplication", "UntagResource"],
    ),
    (Kind::Table, &["PutResourcePolicy", "UpdateTimeToLive"]),
];

fn is_played(kind: Kind, name: &str) -> bool {
    let mut left = NOT_PLAYED.iter();
    !left.any(|(other, names)| *other == kind && names.contains(&name))
}

const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;
const NO_ROLE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#;
const NO_POWER: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

/// Makes one call that breaks a resource of ours, after what AWS wants before it.
async fn broken_by(stage: &Stage, live: &Live, name: &str) {
    let region: Region = match &live.key.place {
        Place::Regional { region, .. } => region.clone(),
        Place::Global { .. } => "us-east-1".parse().unwrap(),
    };
    let clients = stage.cloud.at(&region);
    let key = &live.key;
    match key.kind {
        Kind::EncryptionKey => key_by(&clients, live, name).await,
        Kind::Topic => topic_by(&clients, live.handle.as_deref().unwrap(), name).await,
        Kind::Subscription => {
            subscription_by(&clients, live.handle.as_deref().unwrap(), name).await
        }
        Kind::Queue => queue_by(&clients, live.handle.as_deref().unwrap(), name).await,
        Kind::Rule => rule_by(&clients, live, name).await,
        Kind::Bus => bus_by(&clients, stage, live, name).await,
        Kind::Role => role_by(&clients, &key.name, name).await,
        Kind::Connection => connection_by(&clients, &key.name, name).await,
        Kind::Machine => machine_by(&clients, live, name).await,
        Kind::Table => table_by(&clients, live, name).await,
        Kind::Trail => trail_by(&clients, live.handle.as_deref().unwrap(), name).await,
        Kind::Bucket => bucket_by(stage, &clients, &key.name, name).await,
    }
}

fn unknown(kind: Kind, name: &str) -> ! {
    panic!("say how {name} breaks a {kind}, or that the sandbox does not play it")
}

async fn key_by(clients: &Clients, live: &Live, name: &str) {
    let kms = &clients.kms;
    let (id, alias) = (live.handle.clone().unwrap(), "alias/iamwatch-acme");
    match name {
        "DeleteAlias" => drop(kms.delete_alias().alias_name(alias).send().await.unwrap()),
        "DisableKey" => drop(kms.disable_key().key_id(id).send().await.unwrap()),
        "ScheduleKeyDeletion" => {
            drop(kms.schedule_key_deletion().key_id(id).send().await.unwrap());
        }
        "PutKeyPolicy" => {
            let ours = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "kms:*",
                "Resource": "*", "Principal": { "AWS": "arn:aws:iam::111122223333:root" } }] });
            let put = kms.put_key_policy().key_id(id).policy_name("default");
            put.policy(ours.to_string()).send().await.unwrap();
        }
        "UntagResource" => {
            let untag = kms.untag_resource().key_id(id);
            untag.tag_keys("iamwatch:stack").send().await.unwrap();
        }
        "UpdateAlias" => {
            let other = kms.create_key().send().await.unwrap().key_metadata.unwrap();
            let moved = kms.update_alias().alias_name(alias);
            moved.target_key_id(other.key_id).send().await.unwrap();
        }
        name => unknown(Kind::EncryptionKey, name),
    }
}

async fn topic_by(clients: &Clients, arn: &str, name: &str) {
    let sns = &clients.sns;
    match name {
        "DeleteTopic" => drop(sns.delete_topic().topic_arn(arn).send().await.unwrap()),
        "SetTopicAttributes" => {
            let set = sns.set_topic_attributes().topic_arn(arn);
            let set = set.attribute_name("Policy").attribute_value(DENY.replace(
                r#""Action":"*","Resource":"*""#,
                &format!(r#""Action":"sns:Publish","Resource":"{arn}""#),
            ));
            set.send().await.unwrap();
        }
        "UntagResource" => {
            let untag = sns.untag_resource().resource_arn(arn);
            untag.tag_keys("iamwatch:stack").send().await.unwrap();
        }
        name => unknown(Kind::Topic, name),
    }
}

async fn subscription_by(clients: &Clients, arn: &str, name: &str) {
    let sns = &clients.sns;
    match name {
        "Unsubscribe" => drop(
            sns.unsubscribe()
                .subscription_arn(arn)
                .send()
                .await
                .unwrap(),
        ),
        "SetSubscriptionAttributes" => {
            let set = sns.set_subscription_attributes().subscription_arn(arn);
            let set = set.attribute_name("FilterPolicy");
            let set = set.attribute_value(r#"{"none":["such"]}"#);
            set.send().await.unwrap();
        }
        name => unknown(Kind::Subscription, name),
    }
}

async fn queue_by(clients: &Clients, url: &str, name: &str) {
    let sqs = &clients.sqs;
    match name {
        "DeleteQueue" => drop(sqs.delete_queue().queue_url(url).send().await.unwrap()),
        "PurgeQueue" => drop(sqs.purge_queue().queue_url(url).send().await.unwrap()),
        "SetQueueAttributes" => {
            let set = sqs.set_queue_attributes().queue_url(url);
            let set = set.attributes(QueueAttributeName::Policy, "");
            set.send().await.unwrap();
        }
        "UntagQueue" => {
            let untag = sqs.untag_queue().queue_url(url);
            untag.tag_keys("iamwatch:stack").send().await.unwrap();
        }
        name => unknown(Kind::Queue, name),
    }
}

async fn rule_by(clients: &Clients, live: &Live, name: &str) {
    let events = &clients.events;
    let name_of_key = live.key.name.as_str();
    let (bus, rule) = name_of_key
        .split_once('/')
        .unwrap_or(("default", name_of_key));
    let targets = events.list_targets_by_rule().event_bus_name(bus).rule(rule);
    let targets = targets.send().await.unwrap().targets.unwrap();
    let ids: Vec<String> = targets.iter().map(|target| target.id.clone()).collect();
    let without_targets = || {
        let request = events.remove_targets().event_bus_name(bus).rule(rule);
        request.set_ids(Some(ids.clone())).send()
    };
    match name {
        "DeleteRule" => {
            without_targets().await.unwrap();
            let gone = events.delete_rule().event_bus_name(bus).name(rule);
            gone.send().await.unwrap();
        }
        "DisableRule" => {
            let off = events.disable_rule().event_bus_name(bus).name(rule);
            off.send().await.unwrap();
        }
        "PutRule" => {
            let put = events.put_rule().event_bus_name(bus).name(rule);
            let put = put.state(RuleState::Enabled);
            put.event_pattern(r#"{"source":["none"]}"#)
                .send()
                .await
                .unwrap();
        }
        "PutTargets" => {
            let Place::Regional { account, region } = &live.key.place else {
                panic!("{}", live.key)
            };
            let queue = format!("arn:aws:sqs:{region}:{account}:iamwatch-acme-dead-letters");
            let others = ids.iter().map(|id| {
                let other = Target::builder().id(id).arn(&queue);
                other.build().unwrap()
            });
            let put = events.put_targets().event_bus_name(bus).rule(rule);
            let put = put.set_targets(Some(others.collect()));
            put.send().await.unwrap();
        }
        "RemoveTargets" => drop(without_targets().await.unwrap()),
        "UntagResource" => untagged(clients, live.handle.as_deref().unwrap()).await,
        name => unknown(Kind::Rule, name),
    }
}

async fn untagged(clients: &Clients, arn: &str) {
    let untag = clients.events.untag_resource().resource_arn(arn);
    untag.tag_keys("iamwatch:stack").send().await.unwrap();
}

async fn bus_by(clients: &Clients, stage: &Stage, live: &Live, name: &str) {
    let (events, bus) = (&clients.events, live.key.name.as_str());
    match name {
        "DeleteEventBus" => {
            let rules = events
                .list_rules()
                .event_bus_name(bus)
                .send()
                .await
                .unwrap();
            for rule in rules.rules() {
                let mut there = live.clone();
                let name = format!("{bus}/{}", rule.name().unwrap());
                (there.key.kind, there.key.name) = (Kind::Rule, name);
                Box::pin(broken_by(stage, &there, "DeleteRule")).await;
            }
            events.delete_event_bus().name(bus).send().await.unwrap();
        }
        "PutPermission" => {
            let arn = live.handle.as_deref().unwrap();
            let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "closed", "Effect": "Deny",
                "Principal": "*", "Action": "events:PutEvents", "Resource": arn }] });
            let put = events.put_permission().event_bus_name(bus);
            put.policy(policy.to_string()).send().await.unwrap();
        }
        "RemovePermission" => {
            let gone = events.remove_permission().event_bus_name(bus);
            gone.remove_all_permissions(true).send().await.unwrap();
        }
        "UntagResource" => untagged(clients, live.handle.as_deref().unwrap()).await,
        "UpdateEventBus" => {
            let set = events.update_event_bus().name(bus);
            set.kms_key_identifier("alias/somebodys")
                .send()
                .await
                .unwrap();
        }
        name => unknown(Kind::Bus, name),
    }
}

async fn role_by(clients: &Clients, role: &str, name: &str) {
    const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let iam = &clients.iam;
    let without_policy = || {
        let gone = iam.delete_role_policy().role_name(role);
        gone.policy_name("forward").send()
    };
    let attached = || {
        let attach = iam.attach_role_policy().role_name(role);
        attach.policy_arn(READ_ONLY).send()
    };
    match name {
        "AttachRolePolicy" => drop(attached().await.unwrap()),
        "DeleteRole" => {
            without_policy().await.unwrap();
            iam.delete_role().role_name(role).send().await.unwrap();
        }
        "DeleteRolePolicy" => drop(without_policy().await.unwrap()),
        "DetachRolePolicy" => {
            attached().await.unwrap();
            let detach = iam.detach_role_policy().role_name(role);
            detach.policy_arn(READ_ONLY).send().await.unwrap();
        }
        "PutRolePermissionsBoundary" => {
            let bound = iam.put_role_permissions_boundary().role_name(role);
            bound.permissions_boundary(READ_ONLY).send().await.unwrap();
        }
        "PutRolePolicy" => {
            let put = iam.put_role_policy().role_name(role).policy_name("forward");
            put.policy_document(NO_POWER).send().await.unwrap();
        }
        "UntagRole" => {
            let untag = iam.untag_role().role_name(role);
            untag.tag_keys("iamwatch:stack").send().await.unwrap();
        }
        "UpdateAssumeRolePolicy" => {
            let set = iam.update_assume_role_policy().role_name(role);
            set.policy_document(NO_ROLE).send().await.unwrap();
        }
        "UpdateRole" => {
            let set = iam.update_role().role_name(role);
            set.description("somebody's").send().await.unwrap();
        }
        name => unknown(Kind::Role, name),
    }
}

async fn connection_by(clients: &Clients, connection: &str, name: &str) {
    let events = &clients.events;
    match name {
        "DeauthorizeConnection" => {
            let request = events.deauthorize_connection().name(connection);
            request.send().await.unwrap();
        }
        "DeleteConnection" => {
            let request = events.delete_connection().name(connection);
            request.send().await.unwrap();
        }
        "UpdateConnection" => {
            let request = events.update_connection().name(connection);
            request.description("another").send().await.unwrap();
        }
        name => unknown(Kind::Connection, name),
    }
}

async fn machine_by(clients: &Clients, live: &Live, name: &str) {
    let (sfn, arn) = (&clients.sfn, live.handle.clone().unwrap());
    match name {
        "DeleteStateMachine" => {
            let request = sfn.delete_state_machine().state_machine_arn(arn);
            request.send().await.unwrap();
        }
        "StopExecution" => {
            let started = sfn.start_execution().state_machine_arn(arn).input("{}");
            let run = started.send().await.unwrap().execution_arn;
            sfn.stop_execution()
                .execution_arn(run)
                .send()
                .await
                .unwrap();
        }
        "UntagResource" => {
            let untag = sfn.untag_resource().resource_arn(arn);
            untag.tag_keys("iamwatch:stack").send().await.unwrap();
        }
        "UpdateStateMachine" => {
            let nothing = json!({ "QueryLanguage": "JSONata", "StartAt": "A",
                "States": { "A": { "Type": "Pass", "End": true } } });
            let update = sfn.update_state_machine().state_machine_arn(arn);
            update.definition(nothing.to_string()).send().await.unwrap();
        }
        name => unknown(Kind::Machine, name),
    }
}

async fn table_by(clients: &Clients, live: &Live, name: &str) {
    let (dynamodb, table) = (&clients.dynamodb, &live.key.name);
    match name {
        "DeleteTable" => drop(
            dynamodb
                .delete_table()
                .table_name(table)
                .send()
                .await
                .unwrap(),
        ),
        "UntagResource" => {
            let untag = dynamodb.untag_resource();
            let untag = untag.resource_arn(live.handle.clone().unwrap());
            untag.tag_keys("iamwatch:stack").send().await.unwrap();
        }
        "UpdateTable" => {
            let update = dynamodb.update_table().table_name(table);
            let update = update.deletion_protection_enabled(true);
            update.send().await.unwrap();
        }
        name => unknown(Kind::Table, name),
    }
}

async fn trail_by(clients: &Clients, arn: &str, name: &str) {
    let cloudtrail = &clients.cloudtrail;
    match name {
        "DeleteTrail" => drop(cloudtrail.delete_trail().name(arn).send().await.unwrap()),
        "PutEventSelectors" => {
            let none = EventSelector::builder()
                .include_management_events(true)
                .read_write_type(ReadWriteType::ReadOnly)
                .build();
            let put = cloudtrail.put_event_selectors().trail_name(arn);
            put.event_selectors(none).send().await.unwrap();
        }
        "RemoveTags" => {
            let tag = aws_sdk_cloudtrail::types::Tag::builder();
            let tag = tag.key("iamwatch:stack").build().unwrap();
            let untag = cloudtrail.remove_tags().resource_id(arn);
            untag.tags_list(tag).send().await.unwrap();
        }
        "StopLogging" => drop(cloudtrail.stop_logging().name(arn).send().await.unwrap()),
        "UpdateTrail" => {
            let set = cloudtrail.update_trail().name(arn);
            set.is_multi_region_trail(false).send().await.unwrap();
        }
        name => unknown(Kind::Trail, name),
    }
}

async fn bucket_by(stage: &Stage, clients: &Clients, bucket: &str, name: &str) {
    let s3 = &clients.s3;
    match name {
        "DeleteBucket" => {
            stage.empty_bucket(bucket).await;
            s3.delete_bucket().bucket(bucket).send().await.unwrap();
        }
        "DeleteBucketEncryption" => {
            let gone = s3.delete_bucket_encryption().bucket(bucket);
            gone.send().await.unwrap();
        }
        "DeleteBucketLifecycle" => {
            let gone = s3.delete_bucket_lifecycle().bucket(bucket);
            gone.send().await.unwrap();
        }
        "DeleteBucketOwnershipControls" => {
            let gone = s3.delete_bucket_ownership_controls().bucket(bucket);
            gone.send().await.unwrap();
        }
        "DeleteBucketPolicy" => {
            drop(
                s3.delete_bucket_policy()
                    .bucket(bucket)
                    .send()
                    .await
                    .unwrap(),
            );
        }
        "DeleteBucketPublicAccessBlock" => {
            let gone = s3.delete_public_access_block().bucket(bucket);
            gone.send().await.unwrap();
        }
        "DeleteBucketTagging" => {
            drop(
                s3.delete_bucket_tagging()
                    .bucket(bucket)
                    .send()
                    .await
                    .unwrap(),
            );
        }
        "PutBucketEncryption" => {
            let by_default = ServerSideEncryptionByDefault::builder();
            let by_default = by_default.sse_algorithm(ServerSideEncryption::AwsKms);
            let rule = ServerSideEncryptionRule::builder()
                .apply_server_side_encryption_by_default(by_default.build().unwrap());
            let encryption = ServerSideEncryptionConfiguration::builder().rules(rule.build());
            let put = s3.put_bucket_encryption().bucket(bucket);
            put.server_side_encryption_configuration(encryption.build().unwrap())
                .send()
                .await
                .unwrap();
        }
        "PutBucketLifecycle" => {
            let rule = LifecycleRule::builder()
                .id("soon")
                .filter(LifecycleRuleFilter::builder().prefix("").build())
                .expiration(LifecycleExpiration::builder().days(1).build())
                .status(ExpirationStatus::Enabled);
            let all = BucketLifecycleConfiguration::builder().rules(rule.build().unwrap());
            let put = s3.put_bucket_lifecycle_configuration().bucket(bucket);
            put.lifecycle_configuration(all.build().unwrap())
                .send()
                .await
                .unwrap();
        }
        "PutBucketOwnershipControls" => {
            let rule = OwnershipControlsRule::builder();
            let rule = rule.object_ownership(ObjectOwnership::ObjectWriter);
            let controls = OwnershipControls::builder().rules(rule.build().unwrap());
            let put = s3.put_bucket_ownership_controls().bucket(bucket);
            put.ownership_controls(controls.build().unwrap())
                .send()
                .await
                .unwrap();
        }
        "PutBucketPolicy" => {
            let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Principal": "*",
                "Action": "s3:PutObject", "Resource": format!("arn:aws:s3:::{bucket}/*") }] });
            let put = s3.put_bucket_policy().bucket(bucket);
            put.policy(policy.to_string()).send().await.unwrap();
        }
        "PutBucketPublicAccessBlock" => {
            let open = PublicAccessBlockConfiguration::builder();
            let open = open.block_public_policy(false).build();
            let put = s3.put_public_access_block().bucket(bucket);
            put.public_access_block_configuration(open)
                .send()
                .await
                .unwrap();
        }
        "PutBucketTagging" => {
            let tag = aws_sdk_s3::types::Tag::builder().key("other").value("tag");
            let tags = aws_sdk_s3::types::Tagging::builder().tag_set(tag.build().unwrap());
            let put = s3.put_bucket_tagging().bucket(bucket);
            put.tagging(tags.build().unwrap()).send().await.unwrap();
        }
        "PutBucketVersioning" => {
            let off = VersioningConfiguration::builder();
            let off = off.status(BucketVersioningStatus::Suspended).build();
            let put = s3.put_bucket_versioning().bucket(bucket);
            put.versioning_configuration(off).send().await.unwrap();
        }
        name => unknown(Kind::Bucket, name),
    }
}

/// What a watcher's alerts need to come about and to arrive: dead letters only save what did not.
fn needed(wanted: &Wanted, watcher: &str) -> BTreeSet<ResourceKey> {
    let narrowed = wanted.desired.narrowed_to(&[RuleId(watcher.to_owned())]);
    let keys = narrowed.resources.into_keys();
    keys.filter(|key| key.kind != Kind::Queue).collect()
}

/// Whether the calls about a resource are recorded where home listens by itself.
fn is_heard_at_home(wanted: &Wanted, key: &ResourceKey) -> bool {
    let home = &wanted.file.home.region;
    match &key.place {
        Place::Regional { region, .. } => region == home || *region == home.global(),
        Place::Global { .. } => true,
    }
}

/// Makes each call against a fork of the deployment. Returns how many calls silenced one watcher for good.
async fn each_call_is_told_of(home: &str, rules: &str) -> usize {
    let stage = Stage::sandbox_in(&home.parse().unwrap()).await;
    let wanted = stage.wanted(rules).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    let live = stage.live(&wanted).await;
    let ways = WATCHERS.map(|(watcher, protocol)| (needed(&wanted, watcher), protocol));
    // Nothing but what makes AWS tell of calls at all is on both ways.
    let [(first, _), (second, _)] = &ways;
    for shared in first.intersection(second) {
        let feeds = [Kind::Trail, Kind::Bucket].contains(&shared.kind);
        assert!(feeds, "both need {shared}");
    }
    let mut silenced = 0;
    let heard = live
        .iter()
        .filter(|live| is_heard_at_home(&wanted, &live.key));
    for live in heard {
        for name in live.key.kind.facts().breaks {
            if !is_played(live.key.kind, name) {
                continue;
            }
            let fork = stage.fork().await;
            let before = count(&fork);
            broken_by(&fork, live, name).await;
            let told = told(&fork, before, name);
            for (way, protocol) in &ways {
                let is_its_own = way.contains(&live.key);
                let stands_alone = ways.iter().all(|(way, _)| way.contains(&live.key));
                let hears = told.iter().any(|other| other == protocol);
                assert!(
                    hears || (is_its_own && !stands_alone),
                    "{name} of {}: nobody on {protocol} was told, but {told:?}",
                    live.key
                );
                silenced += usize::from(!hears);
            }
        }
    }
    silenced
}

#[tokio::test(start_paused = true)]
async fn in_a_hub() {
    let rules = RULES.replace(
        "home: { region: us-east-1 }",
        "home: { region: us-east-1 }\nwatch: { regions: [eu-west-1] }",
    );
    let silenced = each_call_is_told_of("us-east-1", &rules).await;
    assert!(silenced > 20, "{silenced}");
}

#[tokio::test(start_paused = true)]
async fn with_a_home_elsewhere() {
    let rules = RULES.replace("us-east-1", "eu-central-1");
    let silenced = each_call_is_told_of("eu-central-1", &rules).await;
    assert!(silenced > 20, "{silenced}");
}

#[tokio::test(start_paused = true)]
async fn on_one_bus() {
    let silenced = each_call_is_told_of("us-east-1", RULES).await;
    assert!(silenced > 8, "{silenced}");
}
