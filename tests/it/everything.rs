//! An account with four Regions, a rules file that needs every kind of resource, and what others have there.

use iamwatch::place::Region;
use serde_json::{Value, json};

use crate::stage::Stage;

/// Every kind of resource, listening everywhere, home neither first nor global.
pub(crate) const RULES: &str = r#"
version: 1
name: whole
home: { region: eu-central-1 }
watch: { regions: all }
trail: create
topics: { kms_key: create }
channels:
  mail: { email: security@example.com }
  siem: { sqs: alerts, format: json }
notify: { default: [mail, siem] }
rules:
  - use: root/sign-in
  - id: key-disabled
    title: A key was disabled
    events: ["kms:DisableKey"]
"#;

/// The same for an emulator that knows neither which Regions are enabled nor rules of a custom bus with
/// a `.` in their name.
pub(crate) fn rules_for_the_emulator() -> String {
    let all: Vec<String> = regions().iter().map(Region::to_string).collect();
    let own = r#"- id: root-sign-in
    title: The root user signed in
    events: ["signin:ConsoleLogin"]
    when: { userIdentity.type: Root }"#;
    RULES
        .replace("regions: all", &format!("regions: [{}]", all.join(", ")))
        .replace("- use: root/sign-in", own)
}

/// The queue that the channel `siem` names. It is somebody's.
pub(crate) const QUEUE: &str = "alerts";

pub(crate) fn home() -> Region {
    "eu-central-1".parse().unwrap()
}

pub(crate) fn regions() -> Vec<Region> {
    ["us-east-1", "eu-central-1", "eu-west-1", "ap-southeast-2"]
        .map(|region| region.parse().unwrap())
        .to_vec()
}

/// The sandbox with these Regions, a queue for alerts, and what others have.
pub(crate) async fn sandbox() -> Stage {
    let stage = Stage::sandbox_in(&home()).await;
    stage.sandbox.clone().unwrap().set_regions(&regions());
    furnish(&stage).await;
    stage
}

/// Makes the queue for alerts and things of others, some under names that begin as ours do.
pub(crate) async fn furnish(stage: &Stage) {
    let account = &stage.account;
    let here = &stage.clients;
    let arn = format!("arn:aws:sqs:{}:{account}:{QUEUE}", home());
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": { "ArnLike": {
            "aws:SourceArn": format!("arn:aws:sns:{}:{account}:iamwatch-*", home()),
        } },
    }] });
    let queue = here.sqs.create_queue().queue_name(QUEUE);
    let policy_name = aws_sdk_sqs::types::QueueAttributeName::Policy;
    queue
        .attributes(policy_name, policy.to_string())
        .send()
        .await
        .unwrap();
    for region in regions() {
        let clients = stage.cloud.at(&region);
        let named = "iamwatch-whole-not-ours";
        let topic = clients.sns.create_topic().name(named);
        let topic = topic.send().await.unwrap().topic_arn.unwrap();
        let queue = clients.sqs.create_queue().queue_name(named);
        queue.send().await.unwrap();
        let rule = clients.events.put_rule().name(named);
        let rule = rule.event_pattern(r#"{"source":["aws.ec2"]}"#);
        rule.send().await.unwrap();
        let target = aws_sdk_eventbridge::types::Target::builder()
            .id("theirs")
            .arn(topic);
        let put = clients.events.put_targets().rule(named);
        put.targets(target.build().unwrap()).send().await.unwrap();
    }
    let bus = here.events.create_event_bus().name("somebodys");
    bus.send().await.unwrap();
    let key = here.kms.create_key().description("somebody's");
    let key = key.send().await.unwrap().key_metadata.unwrap();
    let alias = here.kms.create_alias().alias_name("alias/somebodys");
    alias.target_key_id(key.key_id()).send().await.unwrap();
    role(stage, "/iamwatch/", "iamwatch-whole-not-ours").await;
    role(stage, "/", "somebodys").await;
    trail(stage, false).await;
}

async fn role(stage: &Stage, path: &str, name: &str) {
    let iam = stage.cloud.global().iam;
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let request = iam.create_role().role_name(name).path(path);
    let request = request.assume_role_policy_document(trust);
    request.send().await.unwrap();
    let request = iam.put_role_policy().role_name(name).policy_name("theirs");
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}"#;
    request.policy_document(policy).send().await.unwrap();
}

/// Somebody's trail with the bucket of its log files, recording one Region or all.
pub(crate) async fn trail(stage: &Stage, is_multi_region: bool) {
    let clients = stage.cloud.at(&"us-east-1".parse().unwrap());
    let bucket = somebodys_bucket(stage);
    let policy = log_policy(&bucket);
    let request = clients.s3.create_bucket().bucket(&bucket);
    request.send().await.unwrap();
    let request = clients.s3.put_bucket_policy().bucket(&bucket);
    request.policy(policy.to_string()).send().await.unwrap();
    let request = clients.cloudtrail.create_trail().name("somebodys");
    let request = request.s3_bucket_name(&bucket);
    let request = request.is_multi_region_trail(is_multi_region);
    request.send().await.unwrap();
    let request = clients.cloudtrail.start_logging().name("somebodys");
    request.send().await.unwrap();
}

pub(crate) fn somebodys_bucket(stage: &Stage) -> String {
    format!("somebodys-logs-{}", stage.account)
}

pub(crate) fn log_policy(bucket: &str) -> Value {
    let service = json!({ "Service": "cloudtrail.amazonaws.com" });
    let arn = format!("arn:aws:s3:::{bucket}");
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": service, "Action": "s3:GetBucketAcl", "Resource": arn },
        { "Effect": "Allow", "Principal": service, "Action": "s3:PutObject",
          "Resource": format!("{arn}/*"),
          "Condition": { "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } } },
    ] })
}

/// All that others have, to the last field; with every alias and bus, so that nothing of ours hides there.
pub(crate) async fn theirs(stage: &Stage) -> Vec<String> {
    let mut all = Vec::new();
    for region in regions() {
        let clients = stage.cloud.at(&region);
        let found = [
            queues(&clients.sqs).await,
            topics(&clients.sns).await,
            rules(&clients.events).await,
            keys(&clients.kms).await,
        ]
        .concat();
        all.extend(found.into_iter().map(|line| format!("{region} {line}")));
    }
    all.extend(roles(&stage.cloud.global().iam).await);
    all.extend(trails(stage).await);
    all.sort();
    all
}

fn is_ours(name: &str) -> bool {
    name.contains("iamwatch-whole") && !name.contains("not-ours")
}

/// What SDK maps hold, in an order that does not change.
fn sorted(map: impl IntoIterator<Item = (impl std::fmt::Debug, impl std::fmt::Debug)>) -> String {
    let pairs = map.into_iter().map(|(k, v)| format!("{k:?}={v:?}"));
    let mut pairs: Vec<String> = pairs.filter(|pair| !pair.contains("Approximate")).collect();
    pairs.sort();
    pairs.join(" ")
}

async fn queues(sqs: &aws_sdk_sqs::Client) -> Vec<String> {
    let mut lines = Vec::new();
    for url in sqs.list_queues().send().await.unwrap().queue_urls() {
        if is_ours(url) {
            continue;
        }
        let request = sqs.get_queue_attributes().queue_url(url);
        let all = aws_sdk_sqs::types::QueueAttributeName::All;
        let answer = request.attribute_names(all).send().await.unwrap();
        let tags = sqs.list_queue_tags().queue_url(url).send().await.unwrap();
        let attributes = sorted(answer.attributes.unwrap_or_default());
        let tags = sorted(tags.tags.unwrap_or_default());
        lines.push(format!("queue {url} {attributes} {tags}"));
    }
    lines
}

async fn topics(sns: &aws_sdk_sns::Client) -> Vec<String> {
    let mut lines = Vec::new();
    for topic in sns.list_topics().send().await.unwrap().topics() {
        let arn = topic.topic_arn().unwrap();
        if is_ours(arn) {
            continue;
        }
        let answer = sns.get_topic_attributes().topic_arn(arn);
        let answer = answer.send().await.unwrap();
        let tags = sns.list_tags_for_resource().resource_arn(arn);
        let tags = tags.send().await.unwrap();
        let attributes = sorted(answer.attributes.unwrap_or_default());
        lines.push(format!("topic {arn} {attributes} {:?}", tags.tags()));
    }
    lines
}

async fn rules(events: &aws_sdk_eventbridge::Client) -> Vec<String> {
    let mut lines = Vec::new();
    for bus in events
        .list_event_buses()
        .send()
        .await
        .unwrap()
        .event_buses()
    {
        let name = bus.name().unwrap();
        if is_ours(name) {
            continue;
        }
        lines.push(format!("bus {name} {:?}", bus.policy()));
        let request = events.list_rules().event_bus_name(name);
        for rule in request.send().await.unwrap().rules() {
            if is_ours(rule.name().unwrap()) {
                continue;
            }
            let request = events.list_targets_by_rule().event_bus_name(name);
            let targets = request.rule(rule.name().unwrap()).send().await.unwrap();
            let tags = events.list_tags_for_resource();
            let tags = tags.resource_arn(rule.arn().unwrap()).send().await.unwrap();
            lines.push(format!(
                "{rule:?} {:?} {:?}",
                targets.targets(),
                tags.tags()
            ));
        }
    }
    lines
}

async fn keys(kms: &aws_sdk_kms::Client) -> Vec<String> {
    let mut lines = Vec::new();
    for alias in kms.list_aliases().send().await.unwrap().aliases() {
        let name = alias.alias_name().unwrap();
        let Some(id) = alias.target_key_id() else {
            continue;
        };
        if is_ours(name) {
            continue;
        }
        let key = kms.describe_key().key_id(id).send().await.unwrap();
        let policy = kms.get_key_policy().key_id(id).policy_name("default");
        let policy = policy.send().await.unwrap();
        let tags = kms.list_resource_tags().key_id(id).send().await.unwrap();
        lines.push(format!(
            "{name} {:?} {:?} {:?}",
            key.key_metadata,
            policy.policy(),
            tags.tags()
        ));
    }
    lines
}

async fn roles(iam: &aws_sdk_iam::Client) -> Vec<String> {
    let mut lines = Vec::new();
    for role in iam.list_roles().send().await.unwrap().roles() {
        let name = role.role_name();
        if is_ours(name) {
            continue;
        }
        let role = iam.get_role().role_name(name).send().await.unwrap().role;
        let policies = iam.list_role_policies().role_name(name);
        let policies = policies.send().await.unwrap();
        let mut documents = Vec::new();
        for policy in policies.policy_names() {
            let request = iam.get_role_policy().role_name(name).policy_name(policy);
            let answer = request.send().await.unwrap();
            documents.push(answer.policy_document().to_owned());
        }
        lines.push(format!("{role:?} {documents:?}"));
    }
    lines
}

async fn trails(stage: &Stage) -> Vec<String> {
    let clients = stage.cloud.at(&"us-east-1".parse().unwrap());
    let mut lines = Vec::new();
    let listed = clients.cloudtrail.describe_trails().send().await.unwrap();
    for trail in listed.trail_list() {
        if is_ours(trail.name().unwrap()) {
            continue;
        }
        let arn = trail.trail_arn().unwrap();
        let at: Region = trail.home_region().unwrap().parse().unwrap();
        let client = stage.cloud.at(&at).cloudtrail;
        let status = client.get_trail_status().name(arn).send().await.unwrap();
        let selectors = client.get_event_selectors().trail_name(arn);
        let selectors = selectors.send().await.unwrap();
        let tags = client.list_tags().resource_id_list(arn);
        let tags = tags.send().await.unwrap();
        lines.push(format!(
            "{trail:?} {:?} {:?} {:?}",
            status.is_logging(),
            selectors.event_selectors(),
            tags.resource_tag_list()
        ));
    }
    for bucket in clients.s3.list_buckets().send().await.unwrap().buckets() {
        let name = bucket.name().unwrap();
        if is_ours(name) {
            continue;
        }
        let policy = clients.s3.get_bucket_policy().bucket(name);
        let policy = policy.send().await.unwrap();
        // Without tags S3 answers with an error.
        let tags = clients.s3.get_bucket_tagging().bucket(name).send().await;
        let tags = tags.map_or_else(|_| String::new(), |tags| format!("{:?}", tags.tag_set()));
        lines.push(format!("{bucket:?} {:?} {tags}", policy.policy()));
    }
    lines
}
