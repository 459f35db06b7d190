//! Trails: what CloudTrail takes, refuses and answers.

use aws_sdk_cloudtrail::error::ProvideErrorMetadata;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType, Tag,
};
use serde_json::json;

use super::{ACCOUNT, Aws, aws, clients, log_bucket_policy, trail_arn};

/// The same world from another Region.
fn from(aws: &Aws, region: &str) -> Aws {
    clients(aws.sandbox.clone(), aws.sandbox.admin(), region)
}

/// The code of a call that must be refused.
macro_rules! code {
    ($call:expr) => {
        $call.send().await.unwrap_err().code().unwrap().to_owned()
    };
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_trail_is_answered_as_it_was_made_and_changed() {
    let aws = aws();
    aws.bucket(
        "logs",
        Some(&log_bucket_policy("logs", &trail_arn("main")).replace("logs/AWS", "logs/us/AWS")),
    )
    .await;
    let create = aws.trail.create_trail().name("main").s3_bucket_name("logs");
    let create = create.s3_key_prefix("us").enable_log_file_validation(true);
    let made = create.tags_list(tag("a", "b")).send().await.unwrap();
    assert_eq!(made.trail_arn(), Some(trail_arn("main").as_str()));
    assert_eq!(made.is_multi_region_trail(), Some(false));

    let get = || aws.trail.get_trail().name("main").send();
    let trail = get().await.unwrap().trail.unwrap();
    assert_eq!(trail.s3_bucket_name(), Some("logs"));
    assert_eq!(trail.s3_key_prefix(), Some("us"));
    assert_eq!(trail.home_region(), Some("us-east-1"));
    assert_eq!(trail.log_file_validation_enabled(), Some(true));
    assert_eq!(trail.include_global_service_events(), Some(true));
    assert_eq!(trail.has_custom_event_selectors(), Some(false));

    let update = aws.trail.update_trail().name(trail_arn("main"));
    let update = update.is_multi_region_trail(true).send().await.unwrap();
    assert_eq!(
        update.s3_key_prefix(),
        Some("us"),
        "what is not given stays"
    );
    let trail = get().await.unwrap().trail.unwrap();
    assert_eq!(trail.is_multi_region_trail(), Some(true));
    assert_eq!(trail.log_file_validation_enabled(), Some(true));

    aws.trail.delete_trail().name("main").send().await.unwrap();
    assert_eq!(
        code!(aws.trail.get_trail().name("main")),
        "TrailNotFoundException"
    );
}

#[tokio::test(start_paused = true)]
async fn names_arns_and_combinations_that_aws_refuses_are_refused() {
    let aws = aws().with_trail().await;
    let too_long = "a".repeat(129);
    for name in [
        "ab",
        "a_-b",
        "-abc",
        "abc.",
        "a b c",
        "192.168.5.4",
        &too_long,
    ] {
        let create = aws.trail.create_trail().name(name).s3_bucket_name("b");
        assert_eq!(code!(create), "InvalidTrailNameException", "{name}");
    }
    for arn in [
        "arn:aws:sns:us-east-1:111122223333:trail/main",
        "arn:aws:cloudtrail:x",
    ] {
        let get = aws.trail.get_trail().name(arn);
        assert_eq!(code!(get), "CloudTrailARNInvalidException", "{arn}");
    }
    assert_eq!(
        code!(aws.new_trail("main").await),
        "TrailAlreadyExistsException"
    );
    let elsewhere = from(&aws, "eu-central-1");
    assert_eq!(
        code!(elsewhere.new_trail("main").await),
        "TrailAlreadyExistsException"
    );
    let alone = aws
        .trail
        .update_trail()
        .name("main")
        .include_global_service_events(false);
    assert_eq!(code!(alone), "InvalidParameterCombinationException");
    let prefix = aws
        .trail
        .update_trail()
        .name("main")
        .s3_key_prefix("p".repeat(201));
    assert_eq!(code!(prefix), "InvalidS3PrefixException");
    let organization = aws
        .trail
        .update_trail()
        .name("main")
        .is_organization_trail(true);
    assert_eq!(code!(organization), "OrganizationsNotInUseException");
    let key = aws
        .trail
        .update_trail()
        .name("main")
        .kms_key_id("alias/none");
    assert_eq!(code!(key), "KmsKeyNotFoundException");
    let unknown = aws.trail.start_logging().name("other");
    assert_eq!(code!(unknown), "TrailNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn a_region_takes_five_trails_and_counts_those_that_reach_into_it() {
    let aws = aws().with_trail().await;
    let far = from(&aws, "eu-central-1");
    for n in 0..4 {
        far.new_trail(&format!("far{n}"))
            .await
            .send()
            .await
            .unwrap();
    }
    let full = "MaximumNumberOfTrailsExceededException";
    assert_eq!(code!(far.new_trail("far4").await), full);
    // A trail for all Regions has no room in one of them.
    let wide = aws.new_trail("wide").await.is_multi_region_trail(true);
    assert_eq!(code!(wide), full);
    aws.new_trail("near").await.send().await.unwrap();
    let widen = aws
        .trail
        .update_trail()
        .name("near")
        .is_multi_region_trail(true);
    assert_eq!(code!(widen), full);
    far.trail.delete_trail().name("far0").send().await.unwrap();
    let widen = aws
        .trail
        .update_trail()
        .name("near")
        .is_multi_region_trail(true);
    widen.send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_bucket_must_be_there_and_let_the_trail_in() {
    let aws = aws();
    let create = || aws.trail.create_trail().name("main").s3_bucket_name("logs");
    assert_eq!(code!(create()), "S3BucketDoesNotExistException");
    let right = log_bucket_policy("logs", &trail_arn("main"));
    let without = |sid: &str| {
        let mut policy: serde_json::Value = serde_json::from_str(&right).unwrap();
        let statements = policy["Statement"].as_array_mut().unwrap();
        statements.retain(|statement| statement["Sid"] != sid);
        policy.to_string()
    };
    let insufficient = [
        None,
        Some(without("acl")),
        Some(without("write")),
        Some(right.replace("s3:PutObject", "s3:GetObject")),
        Some(right.replace("/AWSLogs/", "/Logs/")),
        Some(right.replace("trail/main", "trail/other")),
        Some(right.replace("\"false\"", "\"true\"").replace(
            r#""Principal":"*""#,
            r#""Principal":{"Service":"cloudtrail.amazonaws.com"}"#,
        )),
        Some(right.replace("bucket-owner-full-control", "private")),
        Some(right.replace(
            &format!("\"aws:SourceAccount\":\"{ACCOUNT}\""),
            r#""aws:SourceAccount":"1""#,
        )),
    ];
    for policy in insufficient {
        aws.bucket("logs", policy.as_deref()).await;
        let refused = code!(create());
        assert_eq!(refused, "InsufficientS3BucketPolicyException", "{policy:?}");
    }
    aws.bucket("logs", Some(&right)).await;
    // A prefix is part of the path that the policy must open.
    let prefixed = create().s3_key_prefix("us");
    assert_eq!(code!(prefixed), "InsufficientS3BucketPolicyException");
    create().send().await.unwrap();
    let update = aws.trail.update_trail().name("main").s3_key_prefix("us");
    assert_eq!(code!(update), "InsufficientS3BucketPolicyException");
}

#[tokio::test(start_paused = true)]
async fn a_multi_region_trail_is_seen_from_every_region_and_changed_at_home() {
    let aws = aws().with_trail().await;
    aws.new_trail("local").await.send().await.unwrap();
    let far = from(&aws, "eu-central-1");
    let describe = |aws: &Aws| aws.trail.describe_trails();
    let names = |answer: aws_sdk_cloudtrail::operation::describe_trails::DescribeTrailsOutput| {
        let trails = answer.trail_list().iter();
        trails
            .map(|t| t.name().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(describe(&aws).send().await.unwrap()),
        ["local", "main"]
    );
    let shadows = describe(&far).send().await.unwrap();
    assert_eq!(shadows.trail_list()[0].home_region(), Some("us-east-1"));
    assert_eq!(names(shadows), ["main"]);
    let own = describe(&far).include_shadow_trails(false);
    assert!(names(own.send().await.unwrap()).is_empty());
    // Names mean trails of the Region; those that are not there are left out.
    let asked = describe(&far)
        .trail_name_list("main")
        .trail_name_list(trail_arn("local"));
    assert_eq!(names(asked.send().await.unwrap()), ["local"]);

    let status = |given: &str| far.trail.get_trail_status().name(given);
    assert_eq!(code!(status("main")), "TrailNotFoundException");
    let seen = status(&trail_arn("main")).send().await.unwrap();
    assert_eq!(seen.is_logging(), Some(true));
    far.trail
        .get_event_selectors()
        .trail_name(trail_arn("main"))
        .send()
        .await
        .unwrap();

    let home = "InvalidHomeRegionException";
    let select = far.trail.put_event_selectors().trail_name("main");
    assert_eq!(
        code!(select.event_selectors(EventSelector::builder().build())),
        home
    );
    assert_eq!(
        code!(far.trail.stop_logging().name(trail_arn("main"))),
        home
    );
    assert_eq!(code!(far.trail.update_trail().name("main")), home);
    assert_eq!(code!(far.trail.delete_trail().name("main")), home);
}

#[tokio::test(start_paused = true)]
async fn trails_are_listed_page_by_page_whatever_their_region() {
    let aws = aws();
    from(&aws, "eu-central-1")
        .new_trail("far")
        .await
        .send()
        .await
        .unwrap();
    for n in 0..4 {
        aws.new_trail(&format!("near{n}"))
            .await
            .send()
            .await
            .unwrap();
    }
    let first = aws.trail.list_trails().send().await.unwrap();
    assert!(first.next_token().is_some() && first.trails().len() < 5);
    let all = aws.trail.list_trails().into_paginator().items().send();
    let all: Vec<_> = all.collect::<Result<_, _>>().await.unwrap();
    let found: Vec<_> = all
        .iter()
        .map(|t| (t.home_region().unwrap(), t.name().unwrap()))
        .collect();
    let near = ["near0", "near1", "near2", "near3"].map(|name| ("us-east-1", name));
    assert_eq!(found[0], ("eu-central-1", "far"));
    assert_eq!(found[1..], near);
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_since_when_a_trail_logs_or_does_not() {
    let aws = aws();
    aws.new_trail("main").await.send().await.unwrap();
    let status = || aws.trail.get_trail_status().name("main").send();
    let fresh = status().await.unwrap();
    assert_eq!(fresh.is_logging(), Some(false));
    assert!(fresh.start_logging_time().is_none() && fresh.latest_delivery_time().is_none());
    aws.logging("main").await;
    let now = aws.sandbox.now() / 1000;
    let started = status().await.unwrap();
    assert_eq!(started.is_logging(), Some(true));
    assert_eq!(started.start_logging_time().unwrap().secs(), now);
    aws.trail.stop_logging().name("main").send().await.unwrap();
    let stopped = status().await.unwrap();
    assert_eq!(stopped.is_logging(), Some(false));
    assert!(stopped.stop_logging_time().unwrap().secs() >= now);
}

fn field(name: &str) -> aws_sdk_cloudtrail::types::builders::AdvancedFieldSelectorBuilder {
    AdvancedFieldSelector::builder().field(name)
}

/// An advanced selector of these fields.
fn advanced(
    fields: Vec<aws_sdk_cloudtrail::types::builders::AdvancedFieldSelectorBuilder>,
) -> AdvancedEventSelector {
    let fields = fields.into_iter().map(|field| field.build().unwrap());
    let selector = AdvancedEventSelector::builder();
    selector
        .set_field_selectors(Some(fields.collect()))
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_trail_has_selectors_of_one_kind_and_begins_with_all_management_events() {
    let aws = aws().with_trail().await;
    let get = || aws.trail.get_event_selectors().trail_name("main").send();
    let put = || aws.trail.put_event_selectors().trail_name("main");
    let first = get().await.unwrap();
    assert_eq!(first.trail_arn(), Some(trail_arn("main").as_str()));
    let default = &first.event_selectors()[0];
    assert_eq!(default.read_write_type(), Some(&ReadWriteType::All));
    assert_eq!(default.include_management_events(), Some(true));
    assert!(default.exclude_management_event_sources().is_empty());

    let quiet = EventSelector::builder().exclude_management_event_sources("kms.amazonaws.com");
    put().event_selectors(quiet.build()).send().await.unwrap();
    let excluded = get().await.unwrap().event_selectors()[0].clone();
    assert_eq!(
        excluded.exclude_management_event_sources(),
        ["kms.amazonaws.com"]
    );
    assert_eq!(excluded.read_write_type(), Some(&ReadWriteType::All));

    let writes = advanced(vec![
        field("eventCategory").equals("Management"),
        field("readOnly").equals("false"),
    ]);
    put()
        .advanced_event_selectors(writes.clone())
        .send()
        .await
        .unwrap();
    let replaced = get().await.unwrap();
    assert!(replaced.event_selectors().is_empty());
    assert_eq!(replaced.advanced_event_selectors(), [writes]);
    let trail = aws.trail.get_trail().name("main").send().await.unwrap();
    assert_eq!(
        trail.trail.unwrap().has_custom_event_selectors(),
        Some(true)
    );
}

#[tokio::test(start_paused = true)]
async fn selectors_that_aws_refuses_are_refused() {
    let aws = aws().with_trail().await;
    let put = || aws.trail.put_event_selectors().trail_name("main");
    let basic = || EventSelector::builder();
    let management = || field("eventCategory").equals("Management");
    let refused = "InvalidEventSelectorsException";
    let kind = basic().read_write_type(ReadWriteType::from("read-only"));
    let six = (0..6).map(|_| basic().build()).collect();
    let calls = [
        put(),
        put().event_selectors(kind.build()),
        put().event_selectors(
            basic()
                .exclude_management_event_sources("iam.amazonaws.com")
                .build(),
        ),
        put().set_event_selectors(Some(six)),
        put().set_event_selectors(Some(Vec::new())),
        put()
            .event_selectors(basic().build())
            .advanced_event_selectors(advanced(vec![management()])),
        put().advanced_event_selectors(advanced(vec![field("readOnly").equals("true")])),
        put().advanced_event_selectors(advanced(vec![field("eventCategory").equals("Insight")])),
        put().advanced_event_selectors(advanced(vec![field("eventCategory").starts_with("M")])),
        put()
            .advanced_event_selectors(advanced(vec![management(), field("readOnly").equals("no")])),
        put().advanced_event_selectors(advanced(vec![management(), field("readOnly")])),
        put()
            .advanced_event_selectors(advanced(vec![management(), field("eventName").equals("A")])),
        put().advanced_event_selectors(advanced(vec![
            management(),
            field("eventSource").equals("a.amazonaws.com"),
            field("eventSource").equals("b.amazonaws.com"),
        ])),
        put().advanced_event_selectors(advanced(vec![field("eventCategory").equals("Data")])),
    ];
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(code!(call), refused, "case {n}");
    }
    let many = (0..500).map(|n| format!("s{n}.amazonaws.com")).collect();
    let many = field("eventSource").set_not_equals(Some(many));
    let call = put().advanced_event_selectors(advanced(vec![management(), many]));
    assert_eq!(code!(call), refused);
}

#[tokio::test(start_paused = true)]
async fn tags_come_go_and_are_listed_by_arn() {
    let aws = aws();
    let create = aws.new_trail("main").await.tags_list(tag("a", "1"));
    create.send().await.unwrap();
    aws.new_trail("other").await.send().await.unwrap();
    let add = || aws.trail.add_tags().resource_id(trail_arn("main"));
    add()
        .tags_list(tag("a", "2"))
        .tags_list(tag("b", "3"))
        .send()
        .await
        .unwrap();
    let remove = aws.trail.remove_tags().resource_id(trail_arn("main"));
    remove
        .tags_list(Tag::builder().key("a").build().unwrap())
        .send()
        .await
        .unwrap();
    let list = || aws.trail.list_tags();
    let listed = list()
        .resource_id_list(trail_arn("main"))
        .resource_id_list(trail_arn("other"));
    let listed = listed.send().await.unwrap();
    let listed = listed.resource_tag_list();
    assert_eq!(listed[0].resource_id(), Some(trail_arn("main").as_str()));
    assert_eq!(listed[0].tags_list(), [tag("b", "3")]);
    assert!(listed[1].tags_list().is_empty());

    assert_eq!(
        code!(list().resource_id_list("main")),
        "CloudTrailARNInvalidException"
    );
    assert_eq!(
        code!(list().resource_id_list(trail_arn("none"))),
        "ResourceNotFoundException"
    );
    let twice = add().tags_list(tag("c", "1")).tags_list(tag("c", "2"));
    assert_eq!(code!(twice), "InvalidTagParameterException");
    assert_eq!(
        code!(add().tags_list(tag("aws:x", "1"))),
        "InvalidTagParameterException"
    );
    let many = (0..50).map(|n| tag(&format!("k{n}"), "v")).collect();
    assert_eq!(
        code!(add().set_tags_list(Some(many))),
        "TagsLimitExceededException"
    );
    let far = from(&aws, "eu-central-1")
        .trail
        .add_tags()
        .resource_id(trail_arn("main"));
    assert_eq!(
        code!(far.tags_list(tag("c", "1"))),
        "ResourceNotFoundException"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_caller_may_do_with_trails_is_decided_by_trail() {
    let admin = aws().with_trail().await;
    let policy = log_bucket_policy("logs-mine", &trail_arn("mine"));
    admin.bucket("logs-mine", Some(&policy)).await;
    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": "cloudtrail:*", "Resource": trail_arn("mine")},
        {"Effect": "Deny", "Action": "cloudtrail:AddTags", "Resource": "*"},
    ]});
    let caller = admin.sandbox.caller("ann", &policy.to_string());
    let ann = clients(admin.sandbox.clone(), caller, "us-east-1");
    let create = || {
        ann.trail
            .create_trail()
            .name("mine")
            .s3_bucket_name("logs-mine")
    };
    let refused = create().tags_list(tag("a", "b")).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDeniedException"));
    assert!(refused.message().unwrap().contains(
        "cloudtrail:AddTags on resource: arn:aws:cloudtrail:us-east-1:111122223333:trail/mine"
    ));
    create().send().await.unwrap();
    ann.trail.start_logging().name("mine").send().await.unwrap();
    ann.trail
        .get_event_selectors()
        .trail_name(trail_arn("mine"))
        .send()
        .await
        .unwrap();
    ann.trail
        .list_tags()
        .resource_id_list(trail_arn("mine"))
        .send()
        .await
        .unwrap();
    let denied = "AccessDeniedException";
    assert_eq!(code!(ann.trail.stop_logging().name("main")), denied);
    assert_eq!(
        code!(ann.trail.list_tags().resource_id_list(trail_arn("main"))),
        denied
    );
    assert_eq!(code!(ann.trail.describe_trails()), denied);
    assert_eq!(code!(ann.trail.list_trails()), denied);
    let role = format!("arn:aws:iam::{ACCOUNT}:role/logs");
    let update = ann
        .trail
        .update_trail()
        .name("mine")
        .cloud_watch_logs_role_arn(role);
    let refused = update.send().await.unwrap_err();
    assert!(refused.message().unwrap().contains("iam:PassRole"));
}
