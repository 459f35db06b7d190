//! From bus to bus, and what stops an event between them.

use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::types::{DeadLetterConfig, InputTransformer, RuleState, Target};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use super::{ACCOUNT, Aws, aws, clients, target};

const HOME: &str = "us-east-1";
const FAR: &str = "eu-central-1";
const THEM: &str = "222233334444";
const PATTERN: &str = r#"{"source":["app"]}"#;

fn bus_arn(region: &str, name: &str) -> String {
    format!("arn:aws:events:{region}:{ACCOUNT}:event-bus/{name}")
}

fn role_arn() -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/forward/forwarder")
}

fn at(aws: &Aws, region: &str) -> Aws {
    clients(aws.sandbox.clone(), aws.sandbox.admin(), region)
}

/// A queue of that Region that rules may send to.
async fn open(aws: &Aws, region: &str, name: &str) -> String {
    let arn = format!("arn:aws:sqs:{region}:{ACCOUNT}:{name}");
    let policy = json!({"Statement": [{"Effect": "Allow", "Resource": arn,
        "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}]});
    let make = at(aws, region).sqs.create_queue().queue_name(name);
    let make = make.attributes(QueueAttributeName::Policy, policy.to_string());
    make.send().await.unwrap();
    arn
}

/// What a role of EventBridge trusts: the rules of this account.
fn trust() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "events.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": format!("arn:aws:events:*:{ACCOUNT}:rule/*")}}}]})
}

fn may_put(resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "events:PutEvents", "Resource": resource}]})
}

async fn role(aws: &Aws, trust: Value, policy: Option<Value>) {
    let create = aws.iam.create_role().role_name("forwarder");
    let create = create.path("/forward/");
    let create = create.assume_role_policy_document(trust.to_string());
    create.send().await.unwrap();
    if let Some(policy) = policy {
        let put = aws.iam.put_role_policy().role_name("forwarder");
        let put = put.policy_name("put").policy_document(policy.to_string());
        put.send().await.unwrap();
    }
}

/// A target that is a bus, with a role and a dead-letter queue in the rule's Region.
fn to_bus(bus: &str, region: &str, role: Option<String>) -> Target {
    let queue = format!("arn:aws:sqs:{region}:{ACCOUNT}:dead");
    let letters = DeadLetterConfig::builder().arn(queue).build();
    let target = target("bus", bus).dead_letter_config(letters);
    target.set_role_arn(role).build().unwrap()
}

async fn rule(aws: &Aws, bus: &str, pattern: &str, state: RuleState, target: Target) {
    let put = aws.events.put_rule().name("r").event_bus_name(bus);
    put.event_pattern(pattern)
        .state(state)
        .send()
        .await
        .unwrap();
    let put = aws.events.put_targets().rule("r").event_bus_name(bus);
    let put = put.targets(target).send().await.unwrap();
    assert_eq!(put.failed_entry_count, 0);
}

/// A home bus whose rule fills the queue `got`, and a forwarder to it on the default bus of `FAR`
/// with the dead-letter queue `dead`.
async fn hub(aws: &Aws, pattern: &str, state: RuleState, forwarder: Target) {
    aws.events
        .create_event_bus()
        .name("home")
        .send()
        .await
        .unwrap();
    let got = open(aws, HOME, "got").await;
    let got = target("q", &got).build().unwrap();
    rule(aws, "home", pattern, state.clone(), got).await;
    open(aws, FAR, "dead").await;
    rule(&at(aws, FAR), "default", pattern, state, forwarder).await;
}

fn home() -> String {
    bus_arn(HOME, "home")
}

/// The hub with a forwarder as it should be.
async fn sound() -> Aws {
    let aws = aws();
    role(&aws, trust(), Some(may_put(&home()))).await;
    let forwarder = to_bus(&home(), FAR, Some(role_arn()));
    hub(&aws, PATTERN, RuleState::Enabled, forwarder).await;
    aws
}

fn parse(bodies: Vec<String>) -> Vec<Value> {
    let bodies = bodies.iter();
    bodies.map(|b| serde_json::from_str(b).unwrap()).collect()
}

/// The error code of each dead letter of a Region.
async fn dead(aws: &Aws, region: &str) -> Vec<String> {
    dead_letters(&at(aws, region)).await
}

async fn dead_letters(aws: &Aws) -> Vec<String> {
    let letters = aws.drain("dead").await;
    let code = |letter: &aws_sdk_sqs::types::Message| {
        let attributes = letter.message_attributes().unwrap();
        attributes["ERROR_CODE"].string_value().unwrap().to_owned()
    };
    letters.iter().map(code).collect()
}

#[tokio::test(start_paused = true)]
async fn a_forwarded_event_arrives_as_it_was() {
    let aws = sound().await;
    at(&aws, FAR).put(json!({"k": "v"})).await;
    let got = parse(aws.bodies("got").await);
    assert_eq!(got.len(), 1);
    assert_eq!(got[0]["region"], FAR);
    assert_eq!(got[0]["account"], ACCOUNT);
    assert_eq!(got[0]["source"], "app");
    assert_eq!(got[0]["detail"], json!({"k": "v"}));
    assert!(dead(&aws, FAR).await.is_empty());
    assert!(aws.sandbox.lost().is_empty());
}

/// What becomes of an event for that role: error codes of dead letters, and how many arrived.
async fn outcome(trust: Value, policy: Option<Value>) -> (Vec<String>, usize) {
    let aws = aws();
    role(&aws, trust, policy).await;
    let forwarder = to_bus(&home(), FAR, Some(role_arn()));
    hub(&aws, PATTERN, RuleState::Enabled, forwarder).await;
    at(&aws, FAR).put(json!({})).await;
    (dead(&aws, FAR).await, aws.bodies("got").await.len())
}

#[tokio::test(start_paused = true)]
async fn the_role_decides_inside_an_account() {
    let refused = |code: &str| (vec![code.to_owned()], 0);
    let allowed = may_put(&home());
    assert_eq!(outcome(trust(), Some(allowed.clone())).await, (vec![], 1));
    assert_eq!(outcome(trust(), None).await, refused("NO_PERMISSIONS"));
    let other = may_put(&bus_arn(HOME, "other"));
    assert_eq!(
        outcome(trust(), Some(other)).await,
        refused("NO_PERMISSIONS")
    );
    for (key, value) in [
        ("aws:SourceAccount", "999999999999"),
        (
            "aws:SourceArn",
            "arn:aws:events:us-west-2:111122223333:rule/r",
        ),
    ] {
        let mut foreign = trust();
        foreign["Statement"][0]["Condition"] = json!({"StringEquals": {key: value}});
        assert_eq!(
            outcome(foreign, Some(allowed.clone())).await,
            refused("FAILED_TO_ASSUME_ROLE")
        );
    }
    let mut scheduler = trust();
    scheduler["Statement"][0]["Principal"] = json!({"Service": "scheduler.amazonaws.com"});
    assert_eq!(
        outcome(scheduler, Some(allowed)).await,
        refused("FAILED_TO_ASSUME_ROLE")
    );
}

#[tokio::test(start_paused = true)]
async fn conditions_of_the_role_see_the_rule_and_the_event() {
    let with = |operator: &str, key: &str, value: &str| {
        let mut policy = may_put(&home());
        policy["Statement"][0]["Condition"] = json!({operator: {key: value}});
        policy
    };
    let rule = format!("arn:aws:events:{FAR}:{ACCOUNT}:rule/r");
    for (policy, arrived) in [
        (with("ArnEquals", "aws:SourceArn", &rule), 1),
        (with("ArnEquals", "aws:SourceArn", &role_arn()), 0),
        (with("StringEquals", "events:source", "app"), 1),
        (with("StringEquals", "events:detail-type", "other"), 0),
        (with("StringEquals", "aws:RequestedRegion", HOME), 1),
    ] {
        let (_, got) = outcome(trust(), Some(policy.clone())).await;
        assert_eq!(got, arrived, "{policy}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_role_or_with_one_that_is_gone_nothing_is_forwarded() {
    for (role, code) in [
        (None, "NO_PERMISSIONS"),
        (Some(role_arn()), "FAILED_TO_ASSUME_ROLE"),
    ] {
        let aws = aws();
        let forwarder = to_bus(&home(), FAR, role);
        hub(&aws, PATTERN, RuleState::Enabled, forwarder).await;
        at(&aws, FAR).put(json!({})).await;
        assert_eq!(dead(&aws, FAR).await, [code]);
        assert!(aws.bodies("got").await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_bus_can_refuse_what_the_role_allows() {
    let aws = sound().await;
    let admit = |effect: &str, condition: Value| {
        let policy = json!({"Statement": [{"Sid": "s", "Effect": effect, "Principal": "*",
            "Action": "events:PutEvents", "Resource": home(), "Condition": condition}]});
        let put = aws.events.put_permission().event_bus_name("home");
        put.policy(policy.to_string()).send()
    };
    let other_roles = json!({"ArnNotLike": {"aws:PrincipalArn": role_arn()}});
    admit("Deny", other_roles).await.unwrap();
    at(&aws, FAR).put(json!({})).await;
    assert_eq!(aws.bodies("got").await.len(), 1);
    let this_role = json!({"ArnLike": {"aws:PrincipalArn": role_arn()}});
    admit("Deny", this_role).await.unwrap();
    at(&aws, FAR).put(json!({})).await;
    assert_eq!(dead(&aws, FAR).await, ["NO_PERMISSIONS"]);
    assert!(aws.bodies("got").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_dead_letter_says_which_forwarder_failed_and_why() {
    let aws = sound().await;
    let remove = aws.events.remove_targets().rule("r").event_bus_name("home");
    remove.ids("q").send().await.unwrap();
    let delete = aws.events.delete_rule().name("r").event_bus_name("home");
    delete.send().await.unwrap();
    let delete = aws.events.delete_event_bus().name("home").send().await;
    delete.unwrap();
    at(&aws, FAR).put(json!({"k": "v"})).await;

    let letter = at(&aws, FAR).drain("dead").await.pop().unwrap();
    let event: Value = serde_json::from_str(letter.body().unwrap()).unwrap();
    assert_eq!(event["detail"], json!({"k": "v"}));
    let attributes = letter.message_attributes().unwrap();
    let attribute = |name: &str| attributes[name].string_value().unwrap();
    assert_eq!(
        attribute("RULE_ARN"),
        format!("arn:aws:events:{FAR}:{ACCOUNT}:rule/r")
    );
    assert_eq!(attribute("TARGET_ARN"), home());
    assert_eq!(attribute("ERROR_CODE"), "NO_RESOURCE");
    assert!(attribute("ERROR_MESSAGE").contains("does not exist"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_forwarded_twice() {
    for (to, code) in [
        (bus_arn("us-west-2", "default"), "THIRD_REGION_HOP_DETECTED"),
        // Back to where it came from: a loop.
        (bus_arn(FAR, "default"), "THIRD_REGION_HOP_DETECTED"),
        (bus_arn(HOME, "default"), "UNKNOWN"),
        (home().replace(ACCOUNT, THEM), "THIRD_ACCOUNT_HOP_DETECTED"),
    ] {
        let aws = aws();
        role(&aws, trust(), Some(may_put("*"))).await;
        let forwarder = to_bus(&home(), FAR, Some(role_arn()));
        hub(&aws, PATTERN, RuleState::Enabled, forwarder).await;
        open(&aws, HOME, "dead").await;
        let on = to_bus(&to, HOME, Some(role_arn()));
        let put = aws.events.put_targets().rule("r").event_bus_name("home");
        let put = put.targets(on).send().await.unwrap();
        assert_eq!(put.failed_entry_count, 0);
        at(&aws, FAR).put(json!({})).await;
        assert_eq!(aws.bodies("got").await.len(), 1);
        assert_eq!(dead(&aws, HOME).await, [code], "{to}");
        assert!(dead(&aws, FAR).await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn the_bus_of_another_account_must_let_the_sender_in() {
    let theirs = home().replace(ACCOUNT, THEM);
    let account = format!("arn:aws:iam::{ACCOUNT}:root");
    let from_role = json!({"ArnEquals": {"aws:PrincipalArn": role_arn()}});
    let from_organization = json!({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}});
    for (role_of_target, principal, condition, code) in [
        (Some(role_arn()), Some(account.clone()), json!({}), None),
        (Some(role_arn()), Some("*".to_owned()), from_role, None),
        (Some(role_arn()), None, json!({}), Some("NO_PERMISSIONS")),
        (
            Some(role_arn()),
            Some("arn:aws:iam::999999999999:root".to_owned()),
            json!({}),
            Some("NO_PERMISSIONS"),
        ),
        // An account that is let in by its number needs no role, one of an organization does.
        (None, Some(account), json!({}), None),
        (
            None,
            Some("*".to_owned()),
            from_organization,
            Some("NO_PERMISSIONS"),
        ),
    ] {
        let aws = aws();
        role(&aws, trust(), Some(may_put(&theirs))).await;
        open(&aws, FAR, "dead").await;
        let forwarder = to_bus(&theirs, FAR, role_of_target);
        let enabled = RuleState::Enabled;
        rule(&at(&aws, FAR), "default", PATTERN, enabled, forwarder).await;
        let them = aws.sandbox.admin_in(&THEM.parse().unwrap());
        let them = clients(aws.sandbox.clone(), them, HOME);
        let create = them.events.create_event_bus().name("home").send().await;
        create.unwrap();
        if let Some(principal) = &principal {
            let policy = json!({"Statement": [{"Effect": "Allow", "Resource": theirs,
                "Principal": {"AWS": principal}, "Action": "events:PutEvents",
                "Condition": condition}]});
            let put = them.events.put_permission().event_bus_name("home");
            put.policy(policy.to_string()).send().await.unwrap();
        }
        let far = at(&aws, FAR);
        far.put(json!({})).await;
        let codes = dead_letters(&far).await;
        assert_eq!(codes, Vec::from_iter(code), "{principal:?} {condition}");
    }
}

#[tokio::test(start_paused = true)]
async fn targets_that_are_buses_take_no_input() {
    let aws = aws();
    aws.rule("r", PATTERN).await;
    let transformer = InputTransformer::builder().input_template("\"x\"");
    let transformer = transformer.build().unwrap();
    let plain = || target("bus", "arn:aws:events:us-west-2:111122223333:event-bus/b");
    for target in [
        plain().input("{}"),
        plain().input_path("$.detail"),
        plain().input_transformer(transformer),
    ] {
        let put = aws.events.put_targets().rule("r");
        let put = put.targets(target.build().unwrap()).send().await;
        assert_eq!(put.unwrap_err().code(), Some("ValidationException"));
    }
    // Dead letters stay in the Region of the rule.
    let far = "arn:aws:sqs:us-west-2:111122223333:dead";
    let far = DeadLetterConfig::builder().arn(far).build();
    let put = aws.events.put_targets().rule("r");
    let put = put.targets(plain().dead_letter_config(far).build().unwrap());
    let error = put.send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
}

#[tokio::test(start_paused = true)]
async fn a_target_keeps_its_role_only_where_the_bus_is_another_accounts() {
    let aws = aws();
    aws.rule("r", PATTERN).await;
    for (bus, kept) in [
        (home().replace(ACCOUNT, THEM), Some(role_arn())),
        (home(), None),
    ] {
        for role in [Some(role_arn()), None] {
            aws.target("r", to_bus(&bus, HOME, role)).await;
        }
        let list = aws.events.list_targets_by_rule().rule("r").send().await;
        assert_eq!(list.unwrap().targets.unwrap()[0].role_arn, kept);
    }
}

#[tokio::test(start_paused = true)]
async fn read_only_events_pass_only_where_both_rules_let_them() {
    let all = RuleState::EnabledWithAllCloudtrailManagementEvents;
    let event = json!({"source": "aws.kms", "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventName": "Decrypt", "readOnly": true, "managementEvent": true}});
    for (at_home, arrived) in [(all.clone(), 1), (RuleState::Enabled, 0)] {
        let aws = aws();
        role(&aws, trust(), Some(may_put(&home()))).await;
        let forwarder = to_bus(&home(), FAR, Some(role_arn()));
        let pattern = r#"{"source":["aws.kms"]}"#;
        hub(&aws, pattern, all.clone(), forwarder).await;
        let put = aws.events.put_rule().name("r").event_bus_name("home");
        let put = put.event_pattern(pattern).state(at_home);
        put.send().await.unwrap();
        aws.sandbox.emit(&FAR.parse().unwrap(), event.clone());
        assert_eq!(aws.bodies("got").await.len(), arrived);
    }
}

#[tokio::test(start_paused = true)]
async fn forwarding_assumes_its_role_once_an_hour_and_cloudtrail_says_so() {
    let all = RuleState::EnabledWithAllCloudtrailManagementEvents;
    let aws = aws().with_trail().await;
    role(&aws, trust(), Some(may_put(&home()))).await;
    let forwarder = to_bus(&home(), FAR, Some(role_arn()));
    // The forwarder sees the record of its own role being assumed: a feedback loop.
    let pattern = r#"{"source":["app","aws.sts"],"detail-type":[{"exists":true}]}"#;
    hub(&aws, pattern, all, forwarder).await;
    let far = at(&aws, FAR);
    far.put(json!({})).await;
    far.put(json!({})).await;
    let got = parse(aws.bodies("got").await);
    let assumed: Vec<_> = got.iter().filter(|e| e["source"] == "aws.sts").collect();
    assert_eq!((got.len(), assumed.len()), (3, 1));
    let detail = &assumed[0]["detail"];
    assert_eq!(detail["eventName"], "AssumeRole");
    assert_eq!(detail["readOnly"], true);
    assert_eq!(detail["awsRegion"], FAR);
    assert_eq!(
        detail["userIdentity"],
        json!({"type": "AWSService", "invokedBy": "events.amazonaws.com"})
    );
    assert_eq!(detail["requestParameters"]["roleArn"], role_arn());

    aws.sandbox.advance(std::time::Duration::from_secs(3600));
    far.put(json!({})).await;
    assert_eq!(aws.bodies("got").await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn many_forwarders_that_see_each_other_come_to_an_end() {
    let aws = aws().with_trail().await;
    role(&aws, trust(), Some(may_put("*"))).await;
    let create = aws.events.create_event_bus().name("home");
    create.send().await.unwrap();
    let got = open(&aws, HOME, "got").await;
    let got = target("q", &got).build().unwrap();
    rule(
        &aws,
        "home",
        r#"{"source":["app","aws.sts"]}"#,
        RuleState::EnabledWithAllCloudtrailManagementEvents,
        got,
    )
    .await;
    for n in 0..40 {
        let name = format!("r{n}");
        let put = aws.events.put_rule().name(&name);
        let put = put.state(RuleState::EnabledWithAllCloudtrailManagementEvents);
        let put = put.event_pattern(r#"{"source":["app","aws.sts"]}"#);
        put.send().await.unwrap();
        let target = target("bus", &home()).role_arn(role_arn());
        aws.target(&name, target.build().unwrap()).await;
    }
    aws.put(json!({})).await;
    assert!(aws.sandbox.lost().is_empty());
    // Every forwarder sends the event on, and the record of every forwarder's role.
    let count = aws.sqs.get_queue_attributes();
    let count = count.queue_url(super::queue_url("got"));
    let count = count.attribute_names(QueueAttributeName::ApproximateNumberOfMessages);
    let count = count.send().await.unwrap().attributes.unwrap();
    let count = &count[&QueueAttributeName::ApproximateNumberOfMessages];
    assert_eq!(*count, (40 * 41).to_string());
}
