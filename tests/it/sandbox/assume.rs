//! Becoming a role, and what the role may do then.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_sts::error::ProvideErrorMetadata;
use iamwatch::sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use super::callers::{records, watch};
use super::members::{
    Acme, PAYMENTS, SECURITY, STRANGER, access_role, acme, credentials, id, inside,
};
use super::{ACCOUNT, Aws, aws, clients, target};

/// The code of a call that must be refused.
macro_rules! code {
    ($call:expr) => {
        $call.send().await.unwrap_err().code().unwrap().to_owned()
    };
}

const ADMIN: &str = "arn:aws:iam::111122223333:user/admin";

#[tokio::test(start_paused = true)]
async fn the_role_of_a_member_acts_in_the_member() {
    let acme = acme();
    let payments = acme.visit(PAYMENTS).await;
    let me = payments.sts.get_caller_identity().send().await.unwrap();
    assert_eq!(me.account(), Some(PAYMENTS));
    let session =
        format!("arn:aws:sts::{PAYMENTS}:assumed-role/OrganizationAccountAccessRole/test");
    assert_eq!(me.arn(), Some(session.as_str()));
    let user = me.user_id().unwrap();
    assert!(
        user.starts_with("AROA") && user.ends_with(":test"),
        "{user}"
    );

    let topic = payments.sns.create_topic().name("t").send().await.unwrap();
    let arn = format!("arn:aws:sns:us-east-1:{PAYMENTS}:t");
    assert_eq!(topic.topic_arn(), Some(arn.as_str()));
    let ours = acme.aws.sns.list_topics().send().await.unwrap();
    assert!(ours.topics().is_empty());
    let theirs = acme
        .inside(PAYMENTS)
        .sns
        .list_topics()
        .send()
        .await
        .unwrap();
    assert_eq!(theirs.topics().len(), 1);
    let calls = acme.aws.sandbox.calls();
    let made = calls.iter().find(|call| call.operation == "CreateTopic");
    assert_eq!(made.unwrap().account, id(PAYMENTS));
    // What the management account has, its visitor in a member has not.
    let foreign = payments.sns.get_topic_attributes();
    let foreign = foreign.topic_arn(super::topic_arn("ours"));
    assert_eq!(code!(foreign), "AuthorizationError");
    assert_eq!(
        code!(payments.iam.get_user()),
        "ValidationError",
        "a role is no user"
    );
}

#[tokio::test(start_paused = true)]
async fn a_role_that_cannot_be_assumed_does_not_say_why() {
    let acme = acme();
    let sandbox = &acme.aws.sandbox;
    let security = acme.inside(SECURITY);
    let ours = |name, condition| security.role(name, ADMIN, condition);
    let outsider = format!("arn:aws:iam::{STRANGER}:root");
    let tight = security.role("tight", &outsider, json!({})).await;
    let wrong = ours(
        "wrong",
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-other"}}),
    )
    .await;
    acme.org.suspend(&id(PAYMENTS)).unwrap();
    for role in [
        access_role(STRANGER),
        access_role(PAYMENTS),
        tight,
        wrong,
        "arn:aws:organizations::111122223333:account/o-1/222233334444".to_owned(),
    ] {
        let error = acme.aws.assume(&role).send().await.unwrap_err();
        assert_eq!(error.code(), Some("AccessDenied"));
        let said = format!(
            "User: {ADMIN} is not authorized to perform: sts:AssumeRole on resource: {role}"
        );
        assert_eq!(error.message(), Some(said.as_str()));
    }
    // Both sides must agree: a caller without the permission is refused whoever trusts him.
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    let open = security.role("open", &root, json!({})).await;
    let statement = |effect: &str, resource: &str| json!({"Effect": effect, "Action": "sts:AssumeRole", "Resource": resource});
    for (statements, allowed) in [
        (json!([]), false),
        (json!([statement("Allow", "arn:aws:iam::*:role/x*")]), false),
        (
            json!([statement("Allow", "arn:aws:iam::*:role/open")]),
            true,
        ),
        (
            json!([statement("Allow", "*"), statement("Deny", &open)]),
            false,
        ),
    ] {
        let policy = json!({"Statement": statements}).to_string();
        let ann = clients(sandbox.clone(), sandbox.caller("ann", &policy), "us-east-1");
        let became = ann.become_role(&open).await;
        assert_eq!(became.is_ok(), allowed, "{policy}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_trust_policy_asks_for_the_external_id_and_the_organization() {
    let acme = acme();
    let security = acme.inside(SECURITY);
    let condition = json!({"StringEquals": {"sts:ExternalId": "secret",
        "aws:PrincipalOrgID": acme.org.id()}});
    let role = security.role("guarded", "*", condition).await;
    let assume = |aws: &Aws, external: Option<&str>| {
        let assume = aws.assume(&role);
        assume.set_external_id(external.map(str::to_owned)).send()
    };
    assume(&acme.aws, Some("secret")).await.unwrap();
    assume(&acme.aws, Some("guess")).await.unwrap_err();
    assume(&acme.aws, None).await.unwrap_err();
    assume(&acme.inside(PAYMENTS), Some("secret"))
        .await
        .unwrap();
    let stranger = acme.inside(STRANGER);
    assume(&stranger, Some("secret")).await.unwrap_err();
    acme.org.remove_account(&id(PAYMENTS)).unwrap();
    let left = acme.inside(PAYMENTS);
    assume(&left, Some("secret")).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn inside_an_account_a_role_trusts_a_name_or_leaves_it_to_iam() {
    let aws = aws();
    let ann = |statements: Value| {
        let policy = json!({"Statement": statements}).to_string();
        let ann = aws.sandbox.caller("ann", &policy);
        clients(aws.sandbox.clone(), ann, "us-east-1")
    };
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    let by_root = aws.role("by-root", &root, json!({})).await;
    let user = format!("arn:aws:iam::{ACCOUNT}:user/ann");
    let by_name = aws.role("by-name", &user, json!({})).await;
    let nobody = ann(json!([]));
    nobody.become_role(&by_name).await.unwrap();
    let error = nobody.become_role(&by_root).await.err().unwrap();
    assert!(
        error
            .message()
            .unwrap()
            .contains("no identity-based policy allows the sts:AssumeRole action")
    );
    let allowed = ann(json!([{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]));
    allowed.become_role(&by_root).await.unwrap();
    let by_service = aws.iam.create_role().role_name("by-service");
    let trust = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let by_service = by_service.assume_role_policy_document(trust);
    let by_service = by_service.send().await.unwrap().role.unwrap();
    assert!(aws.become_role(by_service.arn()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn roles_lead_on_to_roles() {
    let acme = acme();
    let security = acme.visit(SECURITY).await;
    let here = access_role(SECURITY);
    let payments = acme.inside(PAYMENTS);
    let deployer = payments.role("deployer", &here, json!({})).await;
    assert!(acme.aws.become_role(&deployer).await.is_err());
    let there = security.become_role(&deployer).await.unwrap();
    let arn = format!("arn:aws:sts::{PAYMENTS}:assumed-role/deployer/test");
    assert_eq!(there.who().await, arn);
    // One session of a role can be trusted alone.
    let session = security.who().await;
    let narrow = payments.role("narrow", &session, json!({})).await;
    security.become_role(&narrow).await.unwrap();
    let other = security.sts.assume_role().role_arn(&here);
    let other = other.role_session_name("other").send().await;
    assert!(other.is_err(), "the role does not trust itself");

    let long = |aws: &Aws, seconds| aws.assume(&deployer).duration_seconds(seconds);
    let update = payments.iam.update_role().role_name("deployer");
    update.max_session_duration(7200).send().await.unwrap();
    let error = long(&security, 7200).send().await.unwrap_err();
    assert!(
        error.message().unwrap().contains("role chaining"),
        "{error:?}"
    );
    long(&security, 3600).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn names_and_durations_that_aws_refuses_are_refused() {
    let acme = acme();
    let role = access_role(PAYMENTS);
    let assume = || acme.aws.sts.assume_role().role_arn(&role);
    for name in ["a", "with space", "a/b", &"n".repeat(65)] {
        let code = code!(assume().role_session_name(name));
        assert_eq!(code, "ValidationError", "{name}");
    }
    for seconds in [899, 3601] {
        let assume = acme.aws.assume(&role).duration_seconds(seconds);
        assert_eq!(code!(assume), "ValidationError", "{seconds}");
    }
    let malformed = acme.aws.assume(&role).policy("{}");
    assert_eq!(code!(malformed), "MalformedPolicyDocument");
    let tags = aws_sdk_sts::types::Tag::builder().key("a").value("b");
    let tagged = acme.aws.assume(&role).tags(tags.build().unwrap());
    assert_eq!(code!(tagged), "SandboxUnsupported");
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_in_its_time_and_with_its_role() {
    let acme = acme();
    let payments = acme.visit(PAYMENTS).await;
    let list = |aws: &Aws| aws.events.list_rules();
    list(&payments).send().await.unwrap();
    let answer = acme
        .aws
        .assume(&access_role(PAYMENTS))
        .duration_seconds(900);
    let given = answer.send().await.unwrap().credentials.unwrap();
    let sandbox = &acme.aws.sandbox;
    let short = clients(sandbox.clone(), credentials(&given), "us-east-1");
    let untold = Credentials::new(given.access_key_id(), "x", None, None, "t");
    let untold = clients(sandbox.clone(), untold, "us-east-1");
    assert_eq!(code!(list(&untold)), "UnrecognizedClientException");
    list(&short).send().await.unwrap();
    sandbox.advance(Duration::from_secs(900));
    assert_eq!(code!(list(&short)), "ExpiredTokenException");
    assert_eq!(code!(short.sns.list_topics()), "ExpiredToken");
    list(&payments).send().await.unwrap();

    let inner = acme.inside(PAYMENTS);
    let name = "OrganizationAccountAccessRole";
    let detach = inner.iam.detach_role_policy().role_name(name);
    let detach = detach.policy_arn("arn:aws:iam::aws:policy/AdministratorAccess");
    detach.send().await.unwrap();
    assert_eq!(code!(list(&payments)), "AccessDeniedException");
    let delete = inner.iam.delete_role().role_name(name);
    delete.send().await.unwrap();
    inner.role(name, ADMIN, json!({})).await;
    assert_eq!(
        code!(list(&payments)),
        "AccessDeniedException",
        "a new role of that name is another role"
    );
    acme.visit(PAYMENTS)
        .await
        .events
        .list_rules()
        .send()
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_works_in_an_account_that_is_suspended_meanwhile() {
    let acme = acme();
    let payments = acme.visit(PAYMENTS).await;
    acme.org.suspend(&id(PAYMENTS)).unwrap();
    let list = payments.events.list_rules();
    assert_eq!(code!(list), "UnrecognizedClientException");
    let list = payments.iam.list_roles();
    assert_eq!(code!(list), "InvalidClientTokenId");
}

#[tokio::test(start_paused = true)]
async fn a_session_policy_leaves_less_than_the_role_has() {
    let acme = acme();
    let policy = r#"{"Statement":[{"Effect":"Allow","Action":"events:List*","Resource":"*"}]}"#;
    let narrow = acme.aws.assume(&access_role(PAYMENTS)).policy(policy);
    let given = narrow.send().await.unwrap().credentials.unwrap();
    let narrow = clients(acme.aws.sandbox.clone(), credentials(&given), "us-east-1");
    narrow.events.list_rules().send().await.unwrap();
    let error = narrow.sns.list_topics().send().await.unwrap_err();
    assert!(
        error
            .message()
            .unwrap()
            .contains("no session policy allows")
    );
}

#[tokio::test(start_paused = true)]
async fn regions_are_enabled_account_by_account() {
    let acme = acme();
    let far = "eu-south-2";
    let sandbox = &acme.aws.sandbox;
    let listed = |account: &str| {
        let there = inside(sandbox, account, far);
        async move { there.events.list_rules().send().await.is_ok() }
    };
    assert!(!listed(PAYMENTS).await && !listed(SECURITY).await);
    let regions = ["us-east-1", far].map(|region| region.parse().unwrap());
    sandbox.set_regions_of(&id(PAYMENTS), &regions);
    assert!(listed(PAYMENTS).await && !listed(SECURITY).await);
    sandbox.disable_region_of(&id(PAYMENTS), &far.parse().unwrap());
    let refused = inside(sandbox, PAYMENTS, far)
        .sns
        .list_topics()
        .send()
        .await;
    assert_eq!(refused.unwrap_err().code(), Some("InvalidClientTokenId"));
}

#[tokio::test(start_paused = true)]
async fn cloudtrail_records_on_both_sides_who_became_whom() {
    let Acme { aws, .. } = acme();
    let aws = aws.with_trail().await;
    let all = aws_sdk_eventbridge::types::RuleState::EnabledWithAllCloudtrailManagementEvents;
    watch(&aws).await;
    aws.rule_in("trail", r#"{"source":["aws.sts"]}"#, all.clone())
        .await;
    let payments = inside(&aws.sandbox, PAYMENTS, "us-east-1");
    let trailed = format!("arn:aws:cloudtrail:us-east-1:{PAYMENTS}:trail/own");
    let policy = super::log_bucket_policy("own-logs", &trailed).replace(ACCOUNT, PAYMENTS);
    payments.bucket("own-logs", Some(&policy)).await;
    let own = payments.trail.create_trail().name("own");
    own.s3_bucket_name("own-logs").send().await.unwrap();
    payments.logging("own").await;
    payments
        .rule_in("trail", r#"{"source":["aws.sts","aws.sns"]}"#, all)
        .await;
    let queue = format!("arn:aws:sqs:us-east-1:{PAYMENTS}:trail");
    let open = super::letting("events.amazonaws.com", "sqs:SendMessage", &queue, "*");
    let open = open.replace(r#""*""#, r#""arn:aws:events:*:*:rule/*""#);
    let create = payments.sqs.create_queue().queue_name("trail");
    create
        .attributes("Policy".into(), open)
        .send()
        .await
        .unwrap();
    payments
        .target("trail", target("q", &queue).build().unwrap())
        .await;

    let session = aws.become_role(&access_role(PAYMENTS)).await.unwrap();
    session.sns.create_topic().name("t").send().await.unwrap();
    let ours = records(&aws).await.remove(0);
    let ours = &ours["detail"];
    assert_eq!(ours["userIdentity"]["userName"], "admin");
    assert_eq!(ours["requestParameters"]["roleArn"], access_role(PAYMENTS));
    let key = &ours["responseElements"]["credentials"];
    assert!(key["accessKeyId"].as_str().unwrap().starts_with("ASIA"));
    assert_eq!(key["secretAccessKey"], Value::Null);
    assert_eq!(ours["resources"][0]["accountId"], PAYMENTS);

    let theirs = bodies_in(&payments).await;
    let became = &theirs[0]["detail"];
    assert_eq!(theirs[0]["account"], PAYMENTS);
    assert_eq!(became["eventName"], "AssumeRole");
    assert_eq!(became["userIdentity"]["type"], "AWSAccount");
    assert_eq!(became["userIdentity"]["accountId"], ACCOUNT);
    assert_eq!(became["recipientAccountId"], PAYMENTS);
    assert_eq!(became["sharedEventID"], ours["sharedEventID"]);
    let acted = &theirs[1]["detail"]["userIdentity"];
    assert_eq!(acted["type"], "AssumedRole");
    assert_eq!(
        acted["sessionContext"]["sessionIssuer"]["arn"],
        access_role(PAYMENTS)
    );
}

/// The messages in the queue `trail` of another account than the one that tests begin in.
async fn bodies_in(aws: &Aws) -> Vec<Value> {
    let url = aws.sqs.get_queue_url().queue_name("trail").send().await;
    let receive = aws.sqs.receive_message().max_number_of_messages(10);
    let receive = receive.queue_url(url.unwrap().queue_url.unwrap());
    let messages = receive.send().await.unwrap().messages.unwrap_or_default();
    let bodies = messages.iter().map(|message| message.body().unwrap());
    bodies.map(|b| serde_json::from_str(b).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_fault_can_strike_one_account_from_some_call_on() {
    let acme = acme();
    let refuse = || FaultKind::Refuse {
        code: "InternalFailure".to_owned(),
        status: 400,
    };
    let fault = Fault::from_call(1, refuse()).in_account(&id(PAYMENTS));
    acme.aws.sandbox.fault(fault);
    // Becoming its role is the first call that concerns the account.
    let payments = acme.visit(PAYMENTS).await;
    let security = acme.visit(SECURITY).await;
    security.events.list_rules().send().await.unwrap();
    acme.aws.events.list_rules().send().await.unwrap();
    payments.events.list_rules().send().await.unwrap_err();
    assert!(acme.aws.become_role(&access_role(PAYMENTS)).await.is_err());

    acme.aws.sandbox.clear_faults();
    let fault = Fault::of_call(0, refuse()).in_account(&id(PAYMENTS));
    acme.aws.sandbox.fault(fault);
    let create = |aws: &Aws| aws.sns.create_topic().name("same").send();
    create(&payments).await.unwrap_err();
    create(&security).await.unwrap();
    create(&payments).await.unwrap_err();
    payments.sns.list_topics().send().await.unwrap();
}
