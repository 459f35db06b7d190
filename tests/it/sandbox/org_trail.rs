//! Trails that log a whole organization.

use aws_sdk_cloudtrail::error::ProvideErrorMetadata;
use aws_sdk_cloudtrail::operation::create_trail::builders::CreateTrailFluentBuilder;
use aws_sdk_cloudtrail::types::{EventSelector, ReadWriteType};
use serde_json::{Value, json};

use super::callers::{records, watch};
use super::members::{Acme, PAYMENTS, SECURITY, STRANGER, acme, id, inside};
use super::{ACCOUNT, Aws, trail_arn};

const SERVICE: &str = "cloudtrail.amazonaws.com";

/// The code of a call that must be refused.
macro_rules! code {
    ($call:expr) => {
        $call.send().await.unwrap_err().code().unwrap().to_owned()
    };
}

/// A bucket policy as AWS documents it for organization trails; `folders` are those that may be
/// written to.
fn bucket_policy(folders: &[&str]) -> String {
    let principal = json!({"Service": SERVICE});
    let source = json!({"StringEquals": {"aws:SourceArn": trail_arn("org")}});
    let mut statements = vec![json!({"Effect": "Allow", "Principal": principal,
        "Action": "s3:GetBucketAcl", "Resource": "arn:aws:s3:::org-logs", "Condition": source})];
    for folder in folders {
        statements.push(json!({"Effect": "Allow", "Principal": principal,
            "Action": "s3:PutObject",
            "Resource": format!("arn:aws:s3:::org-logs/AWSLogs/{folder}/*"),
            "Condition": {"StringEquals": {"aws:SourceArn": trail_arn("org"),
                "s3:x-amz-acl": "bucket-owner-full-control"}}}));
    }
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn new_trail(aws: &Aws) -> CreateTrailFluentBuilder {
    let create = aws.trail.create_trail().name("org");
    let create = create.s3_bucket_name("org-logs");
    create
        .is_multi_region_trail(true)
        .is_organization_trail(true)
}

async fn with_bucket(acme: &Acme) {
    let policy = bucket_policy(&[ACCOUNT, &acme.org.id()]);
    acme.aws.bucket("org-logs", Some(&policy)).await;
}

/// With a logging organization trail of the management account.
async fn trailed() -> Acme {
    let acme = acme();
    acme.org.trust(SERVICE).unwrap();
    with_bucket(&acme).await;
    new_trail(&acme.aws).send().await.unwrap();
    acme.aws.logging("org").await;
    acme
}

#[tokio::test(start_paused = true)]
async fn an_organization_trail_takes_trusted_access_a_fitting_bucket_and_the_right_account() {
    let acme = acme();
    let aws = &acme.aws;
    with_bucket(&acme).await;
    let off = "CloudTrailAccessNotEnabledException";
    assert_eq!(code!(new_trail(aws)), off);
    let enable = aws.organizations.enable_aws_service_access();
    let enable = enable.service_principal(SERVICE);
    enable.send().await.unwrap();
    let member = acme.inside(PAYMENTS);
    let not_theirs = "NotOrganizationMasterAccountException";
    assert_eq!(code!(new_trail(&member)), not_theirs);
    let alone = "OrganizationsNotInUseException";
    assert_eq!(code!(new_trail(&acme.inside(STRANGER))), alone);
    for folders in [
        vec![ACCOUNT.to_owned()],
        vec![acme.org.id()],
        vec![ACCOUNT.to_owned(), format!("{}/{ACCOUNT}", acme.org.id())],
        vec![ACCOUNT.to_owned(), "o-other".to_owned()],
    ] {
        let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
        aws.bucket("org-logs", Some(&bucket_policy(&folders))).await;
        let refused = code!(new_trail(aws));
        assert_eq!(
            refused, "InsufficientS3BucketPolicyException",
            "{folders:?}"
        );
    }
    with_bucket(&acme).await;
    let made = new_trail(aws).send().await.unwrap();
    assert_eq!(made.is_organization_trail(), Some(true));
}

#[tokio::test(start_paused = true)]
async fn whoever_makes_an_organization_trail_may_look_at_the_organization() {
    let acme = acme();
    acme.org.trust(SERVICE).unwrap();
    with_bucket(&acme).await;
    let needed = [
        "cloudtrail:CreateTrail",
        "organizations:DescribeOrganization",
        "organizations:ListAWSServiceAccessForOrganization",
        "iam:GetRole",
        "iam:CreateServiceLinkedRole",
    ];
    for left_out in (0..needed.len()).rev() {
        let mut actions = needed.to_vec();
        let action = actions.remove(left_out);
        let policy = |actions: &[&str]| {
            json!({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
                .to_string()
        };
        let sandbox = &acme.aws.sandbox;
        let ann = |actions: &[&str]| {
            let ann = sandbox.caller("ann", &policy(actions));
            super::clients(sandbox.clone(), ann, "us-east-1")
        };
        let code = code!(new_trail(&ann(&actions)));
        let expected = match left_out {
            0 => "AccessDeniedException",
            _ => "InsufficientDependencyServiceAccessPermissionException",
        };
        assert_eq!(code, expected, "{action}");
        if left_out == 0 {
            new_trail(&ann(&needed)).send().await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_delegated_administrator_makes_the_trail_and_the_management_account_owns_it() {
    let acme = acme();
    acme.org.trust(SERVICE).unwrap();
    with_bucket(&acme).await;
    acme.org
        .delegate(&id(SECURITY), "guardduty.amazonaws.com")
        .unwrap();
    let security = acme.inside(SECURITY);
    let not_theirs = "NotOrganizationMasterAccountException";
    assert_eq!(code!(new_trail(&security)), not_theirs);
    acme.org.delegate(&id(SECURITY), SERVICE).unwrap();
    let made = new_trail(&security).send().await.unwrap();
    let arn = trail_arn("org");
    assert_eq!(made.trail_arn(), Some(arn.as_str()));
    // There it is known by ARN, at home by name as well.
    let start = |aws: &Aws, given: &str| aws.trail.start_logging().name(given);
    assert_eq!(code!(start(&security, "org")), "TrailNotFoundException");
    start(&security, &arn).send().await.unwrap();
    let status = acme.aws.trail.get_trail_status().name("org");
    assert_eq!(status.send().await.unwrap().is_logging(), Some(true));
    let tags = security.trail.list_tags().resource_id_list(&arn);
    tags.send().await.unwrap();
    // Only the management account turns it back into a trail of its own.
    let back = |aws: &Aws| {
        let update = aws.trail.update_trail().name(&arn);
        update.is_organization_trail(false)
    };
    assert_eq!(code!(back(&security)), not_theirs);
    back(&acme.aws).send().await.unwrap();
    let seen = security.trail.describe_trails().send().await.unwrap();
    assert!(seen.trail_list().is_empty());
}

#[tokio::test(start_paused = true)]
async fn members_see_the_trail_and_cannot_touch_it() {
    let acme = trailed().await;
    let arn = trail_arn("org");
    for region in ["us-east-1", "eu-west-1"] {
        let member = inside(&acme.aws.sandbox, PAYMENTS, region);
        let seen = member.trail.describe_trails().send().await.unwrap();
        let trail = &seen.trail_list()[0];
        assert_eq!(trail.trail_arn(), Some(arn.as_str()));
        assert_eq!(trail.is_organization_trail(), Some(true));
        assert_eq!(trail.home_region(), Some("us-east-1"));
        let own = member.trail.describe_trails().include_shadow_trails(false);
        assert!(own.send().await.unwrap().trail_list().is_empty());
    }
    let member = acme.inside(PAYMENTS).trail;
    let status = |given: &str| member.get_trail_status().name(given);
    assert_eq!(code!(status("org")), "TrailNotFoundException");
    let status = status(&arn).send().await.unwrap();
    assert_eq!(status.is_logging(), Some(true));
    let select = || {
        let select = EventSelector::builder().read_write_type(ReadWriteType::ReadOnly);
        let put = member.put_event_selectors().trail_name(&arn);
        put.event_selectors(select.build())
    };
    let not_theirs = "NotOrganizationMasterAccountException";
    assert_eq!(code!(member.stop_logging().name(&arn)), not_theirs);
    assert_eq!(code!(member.delete_trail().name(&arn)), not_theirs);
    assert_eq!(code!(member.update_trail().name(&arn)), not_theirs);
    assert_eq!(code!(select()), not_theirs);
    let tags = member.list_tags().resource_id_list(&arn);
    assert_eq!(code!(tags), "CloudTrailARNInvalidException");

    let selectors = || member.get_event_selectors().trail_name(&arn);
    selectors().send().await.unwrap();
    acme.org.hide_selectors(true).unwrap();
    assert_eq!(code!(selectors()), "CloudTrailARNInvalidException");
    let owner = acme.aws.trail.get_event_selectors().trail_name("org");
    owner.send().await.unwrap();
    let stranger = acme.inside(STRANGER).trail.get_trail().name(&arn).send();
    let stranger = stranger.await.unwrap_err();
    assert_eq!(stranger.code(), Some("CloudTrailARNInvalidException"));
}

/// Sends the records on the default bus of a member to its queue `trail`.
async fn watch_member(acme: &Acme, account: &str) -> Aws {
    let member = acme.inside(account);
    let queue = format!("arn:aws:sqs:us-east-1:{account}:trail");
    let policy = json!({"Statement": [{"Effect": "Allow", "Resource": queue,
        "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}]});
    let create = member.sqs.create_queue().queue_name("trail");
    let create = create.attributes("Policy".into(), policy.to_string());
    create.send().await.unwrap();
    member
        .rule("trail", r#"{"source":["aws.iam","aws.sns"]}"#)
        .await;
    let target = super::target("q", &queue).build().unwrap();
    member.target("trail", target).await;
    member
}

/// What the queue `trail` of a member has got: names and Regions.
async fn seen(member: &Aws) -> Vec<(String, String)> {
    let url = member.sqs.get_queue_url().queue_name("trail").send().await;
    let url = url.unwrap().queue_url.unwrap();
    let receive = member.sqs.receive_message().queue_url(&url);
    let got = receive.max_number_of_messages(10).send().await.unwrap();
    member
        .sqs
        .purge_queue()
        .queue_url(url)
        .send()
        .await
        .unwrap();
    let got = got.messages.unwrap_or_default();
    let events = got.iter().map(|message| {
        let event: Value = serde_json::from_str(message.body().unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&event["detail"]["eventName"]), text(&event["region"]))
    });
    events.collect()
}

#[tokio::test(start_paused = true)]
async fn what_happens_in_a_member_is_seen_there_if_a_trail_covers_it() {
    let acme = trailed().await;
    let member = watch_member(&acme, PAYMENTS).await;
    watch(&acme.aws).await;
    let far = inside(&acme.aws.sandbox, PAYMENTS, "eu-west-1");
    let user = |name: &str| far.iam.create_user().user_name(name).send();
    user("a").await.unwrap();
    let iam = |name: &str| vec![(name.to_owned(), "us-east-1".to_owned())];
    assert_eq!(seen(&member).await, iam("CreateUser"));
    assert!(records(&acme.aws).await.is_empty());

    let stop = acme.aws.trail.stop_logging().name("org");
    stop.send().await.unwrap();
    user("b").await.unwrap();
    assert!(seen(&member).await.is_empty());
    acme.aws.logging("org").await;
    user("c").await.unwrap();
    assert_eq!(seen(&member).await, iam("CreateUser"));
    acme.org.distrust(SERVICE).unwrap();
    user("d").await.unwrap();
    assert!(seen(&member).await.is_empty());
    acme.org.trust(SERVICE).unwrap();
    acme.org.remove_account(&id(PAYMENTS)).unwrap();
    user("e").await.unwrap();
    assert!(seen(&member).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_account_that_joins_is_covered_from_then_on() {
    let acme = trailed().await;
    let new = acme.org.create_account(&acme.prod, "new").unwrap();
    let member = watch_member(&acme, new.as_str()).await;
    let create = member.sns.create_topic().name("t");
    create.send().await.unwrap();
    let topic = vec![("CreateTopic".to_owned(), "us-east-1".to_owned())];
    assert_eq!(seen(&member).await, topic);
}

#[tokio::test(start_paused = true)]
async fn log_files_lie_in_the_folder_of_the_organization_by_account() {
    let acme = trailed().await;
    let member = inside(&acme.aws.sandbox, PAYMENTS, "eu-west-1");
    member.sns.create_topic().name("t").send().await.unwrap();
    acme.aws.sns.create_topic().name("t").send().await.unwrap();
    let prefix = |account: &str, region: &str| {
        format!(
            "AWSLogs/{}/{account}/CloudTrail/{region}/2026/03/02/",
            acme.org.id()
        )
    };
    let list = acme.aws.s3.list_objects_v2().bucket("org-logs");
    let objects = list.send().await.unwrap().contents.unwrap();
    let keys: Vec<_> = objects.iter().map(|o| o.key().unwrap()).collect();
    for (account, region) in [(PAYMENTS, "eu-west-1"), (ACCOUNT, "us-east-1")] {
        let prefix = prefix(account, region);
        let file = format!("{prefix}{account}_CloudTrail_{region}_20260302T0900Z.json.gz");
        assert!(keys.contains(&file.as_str()), "{keys:?}");
    }
    let policy = bucket_policy(&[ACCOUNT]);
    acme.aws.bucket("org-logs", Some(&policy)).await;
    member.sns.create_topic().name("u").send().await.unwrap();
    let status = acme.aws.trail.get_trail_status().name("org");
    let status = status.send().await.unwrap();
    assert_eq!(status.latest_delivery_error(), Some("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn roles_of_the_organization_read_their_own_folder_where_the_policy_says_so() {
    let acme = trailed().await;
    let org = acme.org.id();
    let mut policy: Value = serde_json::from_str(&bucket_policy(&[ACCOUNT, &org])).unwrap();
    let own = format!("arn:aws:s3:::org-logs/AWSLogs/{org}/${{aws:PrincipalAccount}}/*");
    let analyzer = json!({"Effect": "Allow", "Principal": {"AWS": "*"},
        "Action": "s3:ListBucket", "Resource": ["arn:aws:s3:::org-logs", own],
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": org},
            "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/analyzer*"}}});
    policy["Statement"].as_array_mut().unwrap().push(analyzer);
    acme.aws.bucket("org-logs", Some(&policy.to_string())).await;
    let member = acme.inside(PAYMENTS);
    let root = format!("arn:aws:iam::{PAYMENTS}:root");
    for (name, allowed) in [("analyzer-1", true), ("reader", false)] {
        let role = member.role(name, &root, json!({})).await;
        let role = member.become_role(&role).await.unwrap();
        let list = role.s3.list_objects_v2().bucket("org-logs").send().await;
        assert_eq!(list.is_ok(), allowed, "{name}");
    }
}
