//! Resources that stand under a name of ours and are not ours.

use std::collections::BTreeMap;

use aws_sdk_s3::types as s3;
use iamwatch::aws::Clients;

use super::Folder;

/// Every kind of resource, in two Regions.
const RULES: &str = r#"version: 1
name: acme
home: { region: eu-central-1 }
watch: { regions: [eu-central-1, us-east-1] }
trail: create
topics: { kms_key: create }
channels:
  security-mail: { email: security@example.com }
notify: { default: [security-mail] }
rules:
  - use: root/sign-in
  - use: signin/failed
"#;

const BUCKET: &str = "iamwatch-acme-logs-111122223333-eu-central-1";
const TOPIC: &str = "iamwatch-acme-text_security-mail";
const QUEUE: &str = "iamwatch-acme-dead-letters";
const ROLE: &str = "iamwatch-acme-forwarder-eu-central-1";

/// Somebody has made one of each kind, with tags of their own.
async fn foreign(clients: Clients, role_path: &str) {
    let Clients {
        iam,
        kms,
        s3,
        events,
        sns,
        sqs,
        cloudtrail,
        ..
    } = clients;
    let key = kms.create_key().tags(
        aws_sdk_kms::types::Tag::builder()
            .tag_key("team")
            .tag_value("x")
            .build()
            .unwrap(),
    );
    let key = key.send().await.unwrap().key_metadata.unwrap();
    let alias = kms.create_alias().alias_name("alias/iamwatch-acme");
    alias.target_key_id(key.key_id()).send().await.unwrap();
    let region = s3::CreateBucketConfiguration::builder()
        .location_constraint(s3::BucketLocationConstraint::EuCentral1)
        .build();
    let bucket = s3
        .create_bucket()
        .bucket(BUCKET)
        .create_bucket_configuration(region);
    bucket.send().await.unwrap();
    let tags = s3::Tagging::builder()
        .tag_set(s3::Tag::builder().key("team").value("x").build().unwrap())
        .build()
        .unwrap();
    s3.put_bucket_tagging()
        .bucket(BUCKET)
        .tagging(tags)
        .send()
        .await
        .unwrap();
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":"s3:*","Resource":["arn:aws:s3:::{BUCKET}","arn:aws:s3:::{BUCKET}/*"]}}]}}"#
    );
    s3.put_bucket_policy()
        .bucket(BUCKET)
        .policy(policy)
        .send()
        .await
        .unwrap();
    let trail = cloudtrail
        .create_trail()
        .name("iamwatch-acme")
        .s3_bucket_name(BUCKET);
    trail.send().await.unwrap();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let role = iam.create_role().role_name(ROLE).path(role_path);
    role.assume_role_policy_document(trust)
        .send()
        .await
        .unwrap();
    let grant = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let grant = iam
        .put_role_policy()
        .role_name(ROLE)
        .policy_name("theirs")
        .policy_document(grant);
    grant.send().await.unwrap();
    sqs.create_queue()
        .queue_name(QUEUE)
        .tags("team", "x")
        .send()
        .await
        .unwrap();
    let topic = sns.create_topic().name(TOPIC).send().await.unwrap();
    let reader = sns.subscribe().topic_arn(topic.topic_arn().unwrap());
    reader
        .protocol("email")
        .endpoint("old@example.com")
        .send()
        .await
        .unwrap();
    events
        .create_event_bus()
        .name("iamwatch-acme")
        .send()
        .await
        .unwrap();
    let rule = events.put_rule().event_bus_name("iamwatch-acme");
    let rule = rule
        .name("iamwatch-acme-root.sign-in")
        .event_pattern(r#"{"source":["their.own"]}"#);
    rule.send().await.unwrap();
}

/// The flags that a refusal prints.
fn flags(err: &str) -> Vec<String> {
    let parts = err.split("--adopt ").skip(1);
    let mut flags: Vec<String> = parts
        .map(|p| p.split([' ', '`']).next().unwrap().to_owned())
        .collect();
    flags.sort();
    flags
}

#[test]
fn what_is_not_ours_is_taken_over_only_by_name_and_then_made_right() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan"]);
    folder.aws(|clients| foreign(clients, "/iamwatch/"));
    let err = folder.fail(&["plan"]);
    let flags = flags(&err);
    assert_eq!(
        flags,
        [
            format!("bucket:{BUCKET}@eu-central-1"),
            "bus:iamwatch-acme@eu-central-1".to_owned(),
            "key:iamwatch-acme@eu-central-1".to_owned(),
            format!("queue:{QUEUE}@eu-central-1"),
            format!("role:{ROLE}"),
            "rule:iamwatch-acme/iamwatch-acme-root.sign-in@eu-central-1".to_owned(),
            format!("topic:{TOPIC}@eu-central-1"),
            "trail:iamwatch-acme@eu-central-1".to_owned(),
        ],
        "{err}"
    );
    // All but one is not enough.
    let some: Vec<&str> = flags.iter().skip(1).flat_map(|f| ["--adopt", f]).collect();
    let err = folder.fail(&[&["apply", "--auto-approve"][..], &some].concat());
    assert!(err.contains("bucket iamwatch-acme-logs"), "{err}");
    assert!(!err.contains("topic"), "{err}");

    let all: Vec<&str> = flags.iter().flat_map(|f| ["--adopt", f]).collect();
    let out = folder.succeed(&[&["plan", "--out", "plan.json"][..], &all].concat());
    assert!(
        out.contains("tags.iamwatch:stack: null → \"acme\""),
        "{out}"
    );
    assert!(out.contains("8 to change"), "{out}");
    let err = folder.fail(&[&["apply", "plan.json"][..], &some].concat());
    assert!(
        err.contains(&format!("add `--adopt bucket:{BUCKET}@eu-central-1`")),
        "{err}"
    );
    let out = folder.succeed(&[&["apply", "plan.json"][..], &all].concat());
    assert!(out.contains("security@example.com"), "{out}");
    let out = folder.succeed(&["plan"]);
    assert!(out.contains("No changes:"), "{out}");
    assert!(!out.contains("→"), "{out}");
    folder.aws(|clients| async move {
        let tags = clients
            .s3
            .get_bucket_tagging()
            .bucket(BUCKET)
            .send()
            .await
            .unwrap();
        let tags: BTreeMap<&str, &str> = tags
            .tag_set()
            .iter()
            .map(|tag| (tag.key(), tag.value()))
            .collect();
        assert_eq!(
            tags,
            BTreeMap::from([("iamwatch:stack", "acme"), ("team", "x")])
        );
        let policies = clients
            .iam
            .list_role_policies()
            .role_name(ROLE)
            .send()
            .await
            .unwrap();
        assert!(!policies.policy_names().contains(&"theirs".to_owned()));
        let url = clients
            .sqs
            .get_queue_url()
            .queue_name(QUEUE)
            .send()
            .await
            .unwrap();
        let tags = clients
            .sqs
            .list_queue_tags()
            .queue_url(url.queue_url().unwrap());
        assert_eq!(tags.send().await.unwrap().tags().unwrap().len(), 2);
    });
    // Named again, it is ours already: nothing to do.
    let again = [&["plan", "--detailed-exitcode"][..], &all].concat();
    assert!(!folder.run(&again).1.contains("tags.iamwatch"));
}

#[test]
fn what_aws_cannot_change_is_not_deleted_to_be_adopted() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan"]);
    folder.aws(|clients| foreign(clients, "/somewhere/"));
    let flags = flags(&folder.fail(&["plan"]));
    let all: Vec<&str> = flags.iter().flat_map(|f| ["--adopt", f]).collect();
    let err = folder.fail(&[&["apply", "--auto-approve"][..], &all].concat());
    assert!(
        err.contains(ROLE) && err.contains("/somewhere/") && err.contains("cannot be adopted"),
        "{err}"
    );
}

#[test]
fn another_rules_files_resources_are_never_adopted() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan"]);
    folder.aws(|clients| async move {
        let queue = clients.sqs.create_queue().queue_name(QUEUE);
        queue.tags("iamwatch:stack", "other").send().await.unwrap();
    });
    let flag = format!("queue:{QUEUE}@eu-central-1");
    let err = folder.fail(&["apply", "--auto-approve", "--adopt", &flag]);
    assert!(
        err.contains("rules file named `other`") && !err.contains("--adopt"),
        "{err}"
    );
}

#[test]
fn adopting_asks_for_a_name_that_can_be_only_one() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan"]);
    let err = folder.fail(&["plan", "--adopt", &format!("queue:{QUEUE}")]);
    assert!(
        err.contains("@eu-central-1`") && err.contains("@us-east-1`"),
        "{err}"
    );
    let err = folder.fail(&["plan", "--adopt", "queue:of-somebody"]);
    assert!(
        err.contains("asks for no resource `queue:of-somebody`"),
        "{err}"
    );
    folder.succeed(&["plan", "--adopt", &format!("topic:{TOPIC}")]);
}
