//! An administrator who breaks every kind of resource in every way that has a repair of its own.

use aws_sdk_eventbridge::types::Target;
use aws_sdk_sqs::types::QueueAttributeName;
use iamwatch::resources::{Kind, Live};
use serde_json::json;

use crate::stage::Stage;

fn first(live: &[Live], kind: Kind) -> &Live {
    live.iter().find(|live| live.key.kind == kind).unwrap()
}

fn handle(live: &[Live], kind: Kind) -> String {
    first(live, kind).handle.clone().unwrap()
}

/// Breaks what is live at home and in IAM.
pub(crate) async fn breaks_everything(stage: &Stage, live: &[Live]) {
    rule(stage, live).await;
    topic(stage, live).await;
    queue(stage, live).await;
    role(stage, live).await;
    bus(stage, live).await;
    key(stage, live).await;
    trail(stage, live).await;
    bucket(stage, live).await;
    dispatcher(stage, live).await;
}

/// The machine, what it remembers in, and what it calls by.
async fn dispatcher(stage: &Stage, live: &[Live]) {
    let nothing = json!({ "QueryLanguage": "JSONata", "StartAt": "A",
        "States": { "A": { "Type": "Pass", "End": true } } });
    let set = stage.clients.sfn.update_state_machine();
    let set = set.state_machine_arn(handle(live, Kind::Machine));
    set.definition(nothing.to_string()).send().await.unwrap();
    let connection = &first(live, Kind::Connection).key.name;
    let set = stage.clients.events.update_connection().name(connection);
    set.description("iamwatch:acme 00000000.00000000")
        .send()
        .await
        .unwrap();
    let dynamodb = &stage.clients.dynamodb;
    let table = &first(live, Kind::Table).key.name;
    let set = dynamodb.update_table().table_name(table);
    set.deletion_protection_enabled(true).send().await.unwrap();
    // AWS changes it once an hour at most.
    let hour = std::time::Duration::from_secs(3_700);
    stage.sandbox.as_ref().unwrap().advance(hour);
    let never = aws_sdk_dynamodb::types::TimeToLiveSpecification::builder()
        .enabled(false)
        .attribute_name("expires")
        .build()
        .unwrap();
    let set = dynamodb.update_time_to_live().table_name(table);
    let set = set.time_to_live_specification(never);
    set.send().await.unwrap();
    stage.sandbox.as_ref().unwrap().advance(hour);
}

async fn rule(stage: &Stage, live: &[Live]) {
    let name = live.iter().map(|live| live.key.name.as_str());
    let name = name
        .clone()
        .find(|name| name.starts_with("iamwatch-acme/"))
        .unwrap();
    let (bus, rule) = name.split_once('/').unwrap();
    let events = &stage.clients.events;
    let found = events.describe_rule().name(rule).event_bus_name(bus);
    let found = found.send().await.unwrap();
    let put = events.put_rule().name(rule).event_bus_name(bus);
    let put = put.set_event_pattern(found.event_pattern);
    put.description("somebody").send().await.unwrap();
    let queue = format!("arn:aws:sqs:eu-central-1:{}:alerts", stage.account);
    let extra = Target::builder().id("extra").arn(queue).build().unwrap();
    let put = events.put_targets().rule(rule).event_bus_name(bus);
    put.targets(extra).send().await.unwrap();
}

async fn topic(stage: &Stage, live: &[Live]) {
    let sns = &stage.clients.sns;
    let topic = handle(live, Kind::Topic);
    let set = sns.set_topic_attributes().topic_arn(&topic);
    let set = set
        .attribute_name("DisplayName")
        .attribute_value("somebody");
    set.send().await.unwrap();
    let queue = live.iter().find(|live| live.key.name.contains("/sqs/"));
    let set = sns.set_subscription_attributes();
    let set = set.set_subscription_arn(queue.unwrap().handle.clone());
    let set = set
        .attribute_name("RawMessageDelivery")
        .attribute_value("false");
    set.send().await.unwrap();
    let extra = sns.subscribe().topic_arn(&topic).protocol("email");
    extra.endpoint("somebody@example.com").send().await.unwrap();
    stage.confirm_all();
}

async fn queue(stage: &Stage, live: &[Live]) {
    let queue = live
        .iter()
        .find(|live| live.key.kind == Kind::Queue && live.key.place == stage.home);
    let set = stage.clients.sqs.set_queue_attributes();
    let set = set.set_queue_url(queue.unwrap().handle.clone());
    let set = set.attributes(QueueAttributeName::MessageRetentionPeriod, "60");
    set.send().await.unwrap();
}

async fn role(stage: &Stage, live: &[Live]) {
    let iam = &stage.clients.iam;
    let name = first(live, Kind::Role).key.name.as_str();
    let set = iam.update_role().role_name(name).description("somebody");
    set.send().await.unwrap();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole",
    }]});
    let set = iam.update_assume_role_policy().role_name(name);
    set.policy_document(trust.to_string()).send().await.unwrap();
    let more = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
    }]});
    let put = iam.put_role_policy().role_name(name).policy_name("more");
    put.policy_document(more.to_string()).send().await.unwrap();
    let attach = iam.attach_role_policy().role_name(name);
    let attach = attach.policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess");
    attach.send().await.unwrap();
    let limit = iam.put_role_permissions_boundary().role_name(name);
    let limit = limit.permissions_boundary("arn:aws:iam::aws:policy/ReadOnlyAccess");
    limit.send().await.unwrap();
}

async fn bus(stage: &Stage, live: &[Live]) {
    let name = &first(live, Kind::Bus).key.name;
    let set = stage.clients.events.update_event_bus().name(name);
    let set = set.kms_key_identifier("alias/somebodys");
    set.send().await.unwrap();
}

async fn key(stage: &Stage, live: &[Live]) {
    let kms = &stage.clients.kms;
    let id = handle(live, Kind::EncryptionKey);
    let set = kms.update_key_description().key_id(&id);
    set.description("somebody").send().await.unwrap();
    let all = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Principal": { "AWS": format!("arn:aws:iam::{}:root", stage.account) },
    }]});
    let put = kms.put_key_policy().key_id(&id).policy_name("default");
    put.policy(all.to_string()).send().await.unwrap();
    kms.disable_key_rotation().key_id(&id).send().await.unwrap();
    kms.schedule_key_deletion()
        .key_id(&id)
        .send()
        .await
        .unwrap();
}

async fn trail(stage: &Stage, live: &[Live]) {
    let cloudtrail = &stage.clients.cloudtrail;
    let name = handle(live, Kind::Trail);
    let set = cloudtrail.update_trail().name(&name);
    set.enable_log_file_validation(false).send().await.unwrap();
    cloudtrail.stop_logging().name(&name).send().await.unwrap();
}

async fn bucket(stage: &Stage, live: &[Live]) {
    use aws_sdk_s3::types::{
        ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
        ServerSideEncryptionRule,
    };
    // Every bucket is encrypted from its beginning; a repair is needed only after a change.
    let by_default = ServerSideEncryptionByDefault::builder();
    let by_default = by_default.sse_algorithm(ServerSideEncryption::AwsKms);
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(by_default.build().unwrap());
    let encryption = ServerSideEncryptionConfiguration::builder().rules(rule.build());
    let set = stage.clients.s3.put_bucket_encryption();
    let set = set.bucket(&first(live, Kind::Bucket).key.name);
    let set = set.server_side_encryption_configuration(encryption.build().unwrap());
    set.send().await.unwrap();
}
