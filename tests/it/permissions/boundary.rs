//! Roles within a permissions boundary: whoever deploys them cannot make an administrator of itself.

use iamwatch::permissions::{self, Phase, Power};
use iamwatch::resources::{Kind, Resource, role};
use serde_json::{Value, json};

use super::{EVERYTHING, account, scope, statements, under};
use crate::stage::{Stage, Wanted};

const ROLE: &str = "iamwatch-acme-forwarder-us-east-1";
const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/guard/iamwatch";

/// The rules file with a boundary, the account that has it, and a deployer under the printed policy.
async fn bounded() -> (Stage, Wanted, Stage) {
    let rules = EVERYTHING.replace(
        "trail: create",
        "roles: { boundary: guard/iamwatch }\ntrail: create",
    );
    let admin = account().await;
    let wanted = admin.wanted(&rules).await;
    let scope = scope(&wanted, &admin);
    let document = permissions::boundary(&scope).to_string();
    let made = admin
        .clients
        .iam
        .create_policy()
        .policy_name("iamwatch")
        .path("/guard/");
    made.policy_document(document).send().await.unwrap();
    let deployer = under(&admin, &permissions::policy(&scope, Phase::Apply)).await;
    (admin, wanted, deployer)
}

async fn applied(stage: &Stage, wanted: &Wanted) {
    let plan = stage.plan(wanted).await;
    let report = stage.apply(&plan).await;
    assert!(report.is_complete(), "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn every_role_is_made_within_the_boundary_and_works() {
    let (admin, wanted, deployer) = bounded().await;
    applied(&deployer, &wanted).await;
    admin.confirm_all();
    let live = admin.live(&wanted).await;
    let roles = live.iter().filter_map(|live| match &live.resource {
        Resource::Role(role) => Some(role),
        _ => None,
    });
    let boundaries: Vec<String> = roles
        .map(|role| role.boundary.as_ref().unwrap().to_string())
        .collect();
    // Of the forwarders, of the dispatcher, and of what starts it.
    assert_eq!(boundaries, [BOUNDARY; 3]);
    assert_eq!(deployer.plan(&wanted).await.changes, []);
    let sandbox = admin.sandbox.as_ref().unwrap();
    let before = sandbox.outbox().len();
    let event = json!({ "source": "aws.signin", "detail-type": "AWS Console Sign In via CloudTrail",
        "detail": { "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
            "userIdentity": { "type": "Root" }, "readOnly": false } });
    sandbox.emit(&"us-east-1".parse().unwrap(), event);
    assert!(sandbox.outbox().len() > before, "{:?}", sandbox.lost());
}

#[tokio::test(start_paused = true)]
async fn the_deployer_gives_no_role_more_than_the_boundary() {
    let (admin, wanted, deployer) = bounded().await;
    let printed = permissions::policy(&scope(&wanted, &admin), Phase::Apply);
    let writes = |powers: &[Power]| powers.iter().any(|p| matches!(p, Power::WritesRoles(_)));
    assert!(!writes(&permissions::powers(&printed)));
    applied(&deployer, &wanted).await;
    let everything =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}"#;
    let iam = &deployer.clients.iam;
    let lifted = iam.delete_role_permissions_boundary().role_name(ROLE);
    lifted.send().await.unwrap_err();
    let other = iam.put_role_permissions_boundary().role_name(ROLE);
    let other = other.permissions_boundary("arn:aws:iam::aws:policy/AdministratorAccess");
    other.send().await.unwrap_err();
    let made = iam
        .create_role()
        .role_name("iamwatch-acme-forwarder-mine")
        .path("/iamwatch/");
    made.assume_role_policy_document(trust)
        .send()
        .await
        .unwrap_err();
    // Where an administrator has taken the boundary away, it must come back first.
    let lifted = admin.clients.iam.delete_role_permissions_boundary();
    lifted.role_name(ROLE).send().await.unwrap();
    let put = iam.put_role_policy().role_name(ROLE).policy_name("more");
    put.policy_document(everything).send().await.unwrap_err();
    applied(&deployer, &wanted).await;
    assert_eq!(deployer.plan(&wanted).await.changes, []);
}

/// Whether the policy is there is looked at by whoever plans, with what is printed for that.
#[tokio::test(start_paused = true)]
async fn whoever_plans_may_look_whether_the_boundary_is_there() {
    let (admin, wanted, _) = bounded().await;
    let policy = BOUNDARY.parse().unwrap();
    let printed = permissions::policy(&scope(&wanted, &admin), Phase::Plan);
    let planner = under(&admin, &printed).await;
    let found = role::has_policy(&planner.clients.iam, &policy).await;
    assert!(found.unwrap());
    let gone = admin.clients.iam.delete_policy().policy_arn(BOUNDARY);
    gone.send().await.unwrap();
    let found = role::has_policy(&planner.clients.iam, &policy).await;
    assert!(!found.unwrap());
}

/// A boundary that an account does not have is AWS's refusal, and nothing is made without it.
#[tokio::test(start_paused = true)]
async fn a_boundary_that_is_not_there_makes_no_role() {
    let (admin, wanted, deployer) = bounded().await;
    let gone = admin.clients.iam.delete_policy().policy_arn(BOUNDARY);
    gone.send().await.unwrap();
    let plan = deployer.plan(&wanted).await;
    let report = deployer.apply(&plan).await;
    let failed = report
        .failed
        .iter()
        .find(|failed| failed.error.to_string().contains(BOUNDARY));
    let remedy = failed.and_then(|failed| failed.remedy.as_deref());
    assert!(
        remedy.is_some_and(|remedy| remedy.contains("`iamwatch permissions --for boundary`")),
        "{report:#?}"
    );
    let live = admin.live(&wanted).await;
    assert!(live.iter().all(|live| live.key.kind != Kind::Role));
}

#[tokio::test(start_paused = true)]
async fn without_a_boundary_the_policy_amounts_to_an_administrator() {
    let stage = account().await;
    let wanted = stage.wanted(EVERYTHING).await;
    let scope = scope(&wanted, &stage);
    let powers = permissions::powers(&permissions::policy(&scope, Phase::Apply));
    let [Power::WritesRoles(roles)] = powers.as_slice() else {
        panic!("{powers:?}");
    };
    assert_eq!(
        roles,
        &[
            "arn:aws:iam::111122223333:role/iamwatch/iamwatch-acme-dispatcher",
            "arn:aws:iam::111122223333:role/iamwatch/iamwatch-acme-forwarder-*",
            "arn:aws:iam::111122223333:role/iamwatch/iamwatch-acme-starter",
        ]
    );
    assert_eq!(
        permissions::powers(&permissions::policy(&scope, Phase::Plan)),
        []
    );
    assert_eq!(
        permissions::powers(&permissions::policy(&scope, Phase::TestEvent)),
        []
    );
}

/// What `test-event` may do with topics and buses is what a test needs.
#[tokio::test(start_paused = true)]
async fn a_prover_subscribes_its_own_queues_and_sends_tests_alone() {
    let stage = account().await;
    let wanted = stage.wanted(EVERYTHING).await;
    stage.deploy(&wanted).await;
    let policy = permissions::policy(&scope(&wanted, &stage), Phase::TestEvent);
    let prover = under(&stage, &policy).await;
    let live = stage.live(&wanted).await;
    let topic = live
        .iter()
        .find(|live| live.key.kind == Kind::Topic)
        .unwrap();
    let topic = topic.handle.clone().unwrap();
    for (protocol, endpoint) in [
        ("email", "mallory@example.com"),
        ("https", "https://example.com/mallory"),
        (
            "sqs",
            "arn:aws:sqs:eu-central-1:444455556666:iamwatch-test-acme-12345678123456789012",
        ),
        ("sqs", "arn:aws:sqs:eu-central-1:111122223333:mallory"),
        (
            "sqs",
            "arn:aws:sqs:eu-central-1:111122223333:iamwatch-test-acme-eu-12345678123456789012",
        ),
    ] {
        let subscribe = prover
            .clients
            .sns
            .subscribe()
            .topic_arn(&topic)
            .protocol(protocol);
        subscribe.endpoint(endpoint).send().await.unwrap_err();
    }
    let entry = |source: &str| {
        let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder();
        entry.source(source).detail_type("t").detail("{}").build()
    };
    let put = async |sources: &[&str]| {
        let entries = sources.iter().map(|source| entry(source)).collect();
        let put = prover
            .clients
            .events
            .put_events()
            .set_entries(Some(entries));
        put.send().await.is_ok()
    };
    assert!(put(&["iamwatch.test.acme"]).await);
    for others in [
        &["app"][..],
        &["iamwatch.test.other"],
        &["iamwatch.test.acme", "app"],
    ] {
        assert!(!put(others).await, "{others:?}");
    }
}

/// A role of that name in an account of somebody else's organization is not taken on.
#[tokio::test(start_paused = true)]
async fn roles_are_taken_on_inside_the_callers_organization() {
    let rules = EVERYTHING.replace(
        "watch: { regions: [us-east-1] }",
        "watch: { regions: [us-east-1], organization: {} }",
    );
    let stage = account().await;
    let wanted = stage.wanted(&rules).await;
    let policy = permissions::policy(&scope(&wanted, &stage), Phase::Plan);
    let all: &Vec<Value> = statements(&policy);
    let work = all.iter().find(|s| s["Sid"] == "WorkInMembers").unwrap();
    let inside = &work["Condition"]["StringEquals"]["aws:ResourceOrgID"];
    assert_eq!(inside, "${aws:PrincipalOrgID}");
}

/// A new version of the boundary would silence every forwarder of an account.
#[tokio::test(start_paused = true)]
async fn the_guard_keeps_the_boundary_as_it_is() {
    let (admin, wanted, _) = bounded().await;
    let except = ["arn:aws:iam::111122223333:role/deployer".to_owned()];
    let guard = permissions::guard(&scope(&wanted, &admin), &except, false);
    let all: Vec<&Value> = guard.iter().flat_map(statements).collect();
    let forwarding = all
        .iter()
        .find(|s| s["Sid"] == "IamwatchGuardForwarding")
        .unwrap();
    let (actions, resources) = (
        forwarding["Action"].to_string(),
        forwarding["Resource"].to_string(),
    );
    assert!(
        actions.contains("iam:CreatePolicyVersion")
            && actions.contains("iam:SetDefaultPolicyVersion")
    );
    assert!(resources.contains(BOUNDARY), "{resources}");
}
