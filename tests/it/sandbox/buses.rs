//! Event buses: their life, their policies, their rules.

use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::types::{Condition, DeadLetterConfig, PutEventsRequestEntry, Tag};
use serde_json::{Value, json};

use super::{Aws, aws, clients, queue_arn, target};

const PATTERN: &str = r#"{"source":["app"]}"#;

fn arn(name: &str) -> String {
    format!("arn:aws:events:us-east-1:111122223333:event-bus/{name}")
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

async fn create(aws: &Aws, name: &str) -> String {
    let create = aws.events.create_event_bus().name(name).send().await;
    create.unwrap().event_bus_arn.unwrap()
}

/// The statements of a bus's policy.
async fn statements(aws: &Aws, name: &str) -> Vec<Value> {
    let bus = aws.events.describe_event_bus().name(name).send().await;
    let Some(policy) = bus.unwrap().policy else {
        return Vec::new();
    };
    let policy: Value = serde_json::from_str(&policy).unwrap();
    policy["Statement"].as_array().unwrap().clone()
}

async fn permit(aws: &Aws, bus: &str, sid: &str, principal: &str) {
    let put = aws.events.put_permission().event_bus_name(bus);
    let put = put.action("events:PutEvents").statement_id(sid);
    put.principal(principal).send().await.unwrap();
}

fn whole(sid: &str, bus: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Sid": sid, "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::222233334444:root"}, "Action": "events:PutEvents",
        "Resource": arn(bus)}]})
    .to_string()
}

#[tokio::test(start_paused = true)]
async fn a_bus_is_made_described_changed_and_deleted() {
    let aws = aws();
    let letters = DeadLetterConfig::builder().arn(queue_arn("dead")).build();
    let make = aws.events.create_event_bus().name("home").description("d");
    let make = make.dead_letter_config(letters.clone()).tags(tag("a", "1"));
    let made = make.send().await.unwrap();
    assert_eq!(made.event_bus_arn, Some(arn("home")));

    // By ARN as well as by name.
    let describe = || aws.events.describe_event_bus().name(arn("home")).send();
    let bus = describe().await.unwrap();
    assert_eq!(bus.name.as_deref(), Some("home"));
    assert_eq!(bus.arn, Some(arn("home")));
    assert_eq!(bus.description.as_deref(), Some("d"));
    assert_eq!(bus.dead_letter_config, Some(letters));
    assert_eq!(bus.policy, None);
    let born = bus.creation_time.unwrap();
    assert_eq!(bus.last_modified_time, Some(born));

    aws.sandbox.advance(std::time::Duration::from_secs(60));
    let update = aws.events.update_event_bus().name("home").description("e");
    let update = update.dead_letter_config(DeadLetterConfig::builder().build());
    update.send().await.unwrap();
    let bus = describe().await.unwrap();
    assert_eq!(bus.description.as_deref(), Some("e"));
    assert_eq!(bus.dead_letter_config, None);
    assert_eq!(bus.creation_time, Some(born));
    assert!(bus.last_modified_time.unwrap() > born);

    let delete = || aws.events.delete_event_bus().name("home").send();
    delete().await.unwrap();
    // Deleting what is gone succeeds.
    delete().await.unwrap();
    let error = describe().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception());
}

#[tokio::test(start_paused = true)]
async fn buses_are_refused_as_aws_refuses_them() {
    let aws = aws();
    create(&aws, "home").await;
    for (name, code) in [
        ("home", "ResourceAlreadyExistsException"),
        ("default", "ResourceAlreadyExistsException"),
        ("aws.partner/x", "ValidationException"),
        ("a b", "ValidationException"),
    ] {
        let error = aws.events.create_event_bus().name(name).send().await;
        assert_eq!(error.unwrap_err().code(), Some(code), "{name}");
    }
    let error = aws.events.delete_event_bus().name("default").send().await;
    assert_eq!(error.unwrap_err().code(), Some("ValidationException"));

    let put = aws.events.put_rule().name("r").event_bus_name("home");
    put.event_pattern(PATTERN).send().await.unwrap();
    let error = aws.events.delete_event_bus().name("home").send().await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
    assert!(error.message().unwrap().contains("it has rules"));

    let put = aws.events.put_rule().name("r").event_bus_name("gone");
    let error = put.event_pattern(PATTERN).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
}

#[tokio::test(start_paused = true)]
async fn a_hundred_buses_fit_in_a_region_and_are_listed_in_small_pages() {
    let aws = aws();
    for n in 0..99 {
        create(&aws, &format!("b{n:02}")).await;
    }
    let error = aws.events.create_event_bus().name("more").send().await;
    assert_eq!(error.unwrap_err().code(), Some("LimitExceededException"));
    let (mut names, mut token, mut pages) = (Vec::new(), None, 0);
    loop {
        let list = aws.events.list_event_buses().set_next_token(token);
        let page = list.send().await.unwrap();
        let buses = page.event_buses.unwrap();
        names.extend(buses.into_iter().map(|bus| bus.name.unwrap()));
        pages += 1;
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!((names.len(), pages), (100, 10));
    assert!(names.iter().any(|name| name == "default"));
    let list = aws.events.list_event_buses().name_prefix("b1").send().await;
    assert_eq!(list.unwrap().event_buses.unwrap().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn tags_of_a_bus_come_and_go() {
    let aws = aws();
    let make = aws.events.create_event_bus().name("home");
    make.tags(tag("a", "1")).send().await.unwrap();
    let add = aws.events.tag_resource().resource_arn(arn("home"));
    add.tags(tag("b", "2")).send().await.unwrap();
    let remove = aws.events.untag_resource().resource_arn(arn("home"));
    remove.tag_keys("a").send().await.unwrap();
    let list = |arn| {
        let list = aws.events.list_tags_for_resource().resource_arn(arn);
        list.send()
    };
    assert_eq!(
        list(arn("home")).await.unwrap().tags.unwrap(),
        [tag("b", "2")]
    );
    let error = list(arn("gone")).await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));

    let put = aws.events.put_rule().name("r").event_bus_name("home");
    let put = put.event_pattern(PATTERN).tags(tag("c", "3"));
    let rule = put.send().await.unwrap().rule_arn.unwrap();
    assert!(rule.ends_with(":rule/home/r"), "{rule}");
    assert_eq!(list(rule).await.unwrap().tags.unwrap(), [tag("c", "3")]);
}

#[tokio::test(start_paused = true)]
async fn single_statements_join_each_other_and_leave_one_by_one() {
    let aws = aws();
    create(&aws, "home").await;
    // Two writers at once: the merge is AWS's, so neither is lost here.
    tokio::join!(
        permit(&aws, "home", "one", "222233334444"),
        permit(&aws, "home", "two", "333344445555"),
    );
    let organization = Condition::builder()
        .r#type("StringEquals")
        .key("aws:PrincipalOrgID")
        .value("o-abcdefghij")
        .build()
        .unwrap();
    let put = aws.events.put_permission().event_bus_name("home");
    let put = put.action("events:PutEvents").statement_id("all");
    let put = put.principal("*").condition(organization);
    put.send().await.unwrap();
    let mut found = statements(&aws, "home").await;
    let all = found.pop().unwrap();
    assert_eq!(
        all,
        json!({"Sid": "all", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents",
            "Resource": arn("home"),
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}})
    );
    assert_eq!(
        found[0]["Principal"],
        json!({"AWS": "arn:aws:iam::222233334444:root"})
    );
    // The same id again replaces its statement.
    permit(&aws, "home", "one", "444455556666").await;
    assert_eq!(statements(&aws, "home").await.len(), 3);

    let remove = |sid: &'static str| {
        let remove = aws.events.remove_permission().event_bus_name("home");
        remove.statement_id(sid).send()
    };
    remove("two").await.unwrap();
    let error = remove("two").await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception());
    assert_eq!(statements(&aws, "home").await.len(), 2);
    let remove = aws.events.remove_permission().event_bus_name("home");
    let remove = remove.remove_all_permissions(true).send().await;
    remove.unwrap();
    assert!(statements(&aws, "home").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn of_two_whole_policies_the_last_wins() {
    let aws = aws();
    create(&aws, "home").await;
    for sid in ["first", "second"] {
        let put = aws.events.put_permission().event_bus_name("home");
        put.policy(whole(sid, "home")).send().await.unwrap();
    }
    let found = statements(&aws, "home").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["Sid"], "second");
}

#[tokio::test(start_paused = true)]
async fn policies_that_aws_refuses_change_nothing() {
    let aws = aws();
    create(&aws, "home").await;
    let policy = whole("kept", "home");
    let put = |policy: String, bus: &str| {
        let put = aws.events.put_permission().event_bus_name(bus);
        put.policy(policy).send()
    };
    put(policy.clone(), "home").await.unwrap();
    let no_principal = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    for (policy, bus, code) in [
        (policy.clone(), "gone", "ResourceNotFoundException"),
        ("{".to_owned(), "home", "ValidationException"),
        (no_principal.to_owned(), "home", "ValidationException"),
        (
            whole(&"x".repeat(10_241), "home"),
            "home",
            "PolicyLengthExceededException",
        ),
    ] {
        let error = put(policy, bus).await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{bus}");
    }
    let both = aws.events.put_permission().event_bus_name("home");
    let both = both.policy(&policy).statement_id("s").send().await;
    assert_eq!(both.unwrap_err().code(), Some("ValidationException"));
    assert_eq!(statements(&aws, "home").await[0]["Sid"], "kept");
    // Single statements stop at the same length.
    let mut n = 0;
    let error = loop {
        n += 1;
        let put = aws.events.put_permission().event_bus_name("home");
        let put = put.action("events:PutEvents").principal("222233334444");
        if let Err(error) = put.statement_id(format!("s{n}")).send().await {
            break error;
        }
    };
    assert_eq!(error.code(), Some("PolicyLengthExceededException"));
    assert!(statements(&aws, "home").await.len() == n && n > 30);
}

fn entry(bus: &str) -> PutEventsRequestEntry {
    let entry = PutEventsRequestEntry::builder().source("app").detail("{}");
    entry.detail_type("t").event_bus_name(bus).build()
}

#[tokio::test(start_paused = true)]
async fn an_event_is_seen_by_the_rules_of_its_bus_alone() {
    let aws = aws();
    create(&aws, "home").await;
    for (bus, queue) in [("home", "here"), ("default", "there")] {
        aws.open_queue(queue).await;
        let put = aws.events.put_rule().name("r").event_bus_name(bus);
        put.event_pattern(PATTERN).send().await.unwrap();
        let put = aws.events.put_targets().rule("r").event_bus_name(bus);
        let put = put.targets(target("q", &queue_arn(queue)).build().unwrap());
        assert_eq!(put.send().await.unwrap().failed_entry_count, 0);
    }
    let put = aws.events.put_events().entries(entry("home"));
    let put = put.entries(entry(&arn("home"))).entries(entry("gone"));
    // What goes to a bus that does not exist is taken, and lost.
    assert_eq!(put.send().await.unwrap().failed_entry_count, 0);
    assert_eq!(aws.bodies("here").await.len(), 2);
    assert!(aws.bodies("there").await.is_empty());

    let list = aws.events.list_rules().event_bus_name("home").send().await;
    let rules = list.unwrap().rules.unwrap();
    assert_eq!(rules.len(), 1);
    assert_eq!(rules[0].event_bus_name.as_deref(), Some("home"));
}

#[tokio::test(start_paused = true)]
async fn putting_events_is_allowed_bus_by_bus_and_denied_by_the_bus() {
    let aws = aws();
    for name in ["home", "other"] {
        create(&aws, name).await;
    }
    let policy = json!({"Statement": {"Effect": "Allow", "Action": "events:PutEvents",
        "Resource": arn("home")}});
    let ann = aws.sandbox.caller("ann", &policy.to_string());
    let ann = clients(aws.sandbox.clone(), ann, "us-east-1");
    let put = |bus: &str| ann.events.put_events().entries(entry(bus)).send();
    put("home").await.unwrap();
    let error = put("other").await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDeniedException"));
    assert!(error.message().unwrap().contains(&arn("other")));

    let deny = json!({"Statement": [{"Sid": "no", "Effect": "Deny", "Principal": "*",
        "Action": "events:PutEvents", "Resource": arn("home")}]});
    let set = aws.events.put_permission().event_bus_name("home");
    set.policy(deny.to_string()).send().await.unwrap();
    let error = put("home").await.unwrap_err();
    let message = error.message().unwrap();
    assert!(message.ends_with("a resource-based policy"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_tagged_bus_needs_the_permission_to_tag() {
    let aws = aws();
    let policy = json!({"Statement": {"Effect": "Allow", "Action": "events:CreateEventBus",
        "Resource": arn("*")}});
    let ann = aws.sandbox.caller("ann", &policy.to_string());
    let ann = clients(aws.sandbox, ann, "us-east-1");
    create(&ann, "plain").await;
    let tagged = ann.events.create_event_bus().name("tagged");
    let error = tagged.tags(tag("a", "1")).send().await.unwrap_err();
    assert!(error.message().unwrap().contains("events:TagResource"));
}
