//! State machines: what is taken, what is refused, and what becomes of them.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{ACCOUNT, aws};
use super::asked::{Sfn, asked, definition, failing, passing, role, runner, waiting};

#[tokio::test(start_paused = true)]
async fn a_state_machine_comes_back_as_it_was_made() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let arn = sfn.create("m", &role, &passing());
    assert_eq!(
        arn,
        format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m")
    );
    let found = sfn.ask("DescribeStateMachine", json!({"stateMachineArn": arn}));
    let found = found.unwrap();
    assert_eq!(found["name"], "m");
    assert_eq!(found["status"], "ACTIVE");
    assert_eq!(found["type"], "STANDARD");
    assert_eq!(found["roleArn"], role);
    assert_eq!(found["definition"], passing().to_string());
    assert_eq!(found["loggingConfiguration"]["level"], "OFF");
    assert!(found.get("revisionId").is_none());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_work_is_refused_when_it_is_made() {
    let aws = aws();
    let (sfn, good) = (Sfn::admin(&aws), runner(&aws, None).await);
    let other = role(&aws, "other", "events.amazonaws.com", None).await;
    let gone = format!("arn:aws:iam::{ACCOUNT}:role/gone");
    let foreign = "arn:aws:iam::999988887777:role/runner";
    let endless = definition(json!({"A": {"Type": "Pass", "Next": "B"}}));
    let (good, other, gone) = (good.as_str(), other.as_str(), gone.as_str());
    for (name, role, definition, code) in [
        ("a b", good, passing(), "InvalidName"),
        ("", good, passing(), "InvalidName"),
        ("m", "runner", passing(), "InvalidArn"),
        ("m", gone, passing(), "AccessDeniedException"),
        ("m", other, passing(), "AccessDeniedException"),
        ("m", foreign, passing(), "AccessDeniedException"),
        ("m", good, endless, "InvalidDefinition"),
        ("m", good, json!({"StartAt": "A"}), "InvalidDefinition"),
    ] {
        let refused = sfn.code("CreateStateMachine", asked(name, role, &definition));
        assert_eq!(refused, code, "{name} {role} {definition}");
    }
    let (_, why) = sfn
        .ask("CreateStateMachine", asked("m", other, &passing()))
        .unwrap_err();
    assert_eq!(
        why,
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role."
    );
    let broken = json!({"name": "m", "roleArn": good, "definition": "{"});
    let (code, why) = sfn.ask("CreateStateMachine", broken).unwrap_err();
    assert_eq!(code, "InvalidDefinition");
    let begins = "Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: ";
    assert!(why.starts_with(begins), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_role_may_trust_the_service_of_a_region() {
    let aws = aws();
    let sfn = Sfn::admin(&aws);
    let role = role(&aws, "r", "states.us-east-1.amazonaws.com", None).await;
    sfn.create("m", &role, &passing());
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_a_role_must_be_allowed_to_pass_it() {
    let aws = aws();
    let role = runner(&aws, None).await;
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "states:*", "Resource": "*"}]});
    let caller = aws.sandbox.caller("ann", &policy.to_string());
    let ann = Sfn::of(&aws.sandbox, caller, "us-east-1");
    let (code, why) = ann
        .ask("CreateStateMachine", asked("m", &role, &passing()))
        .unwrap_err();
    assert_eq!(code, "AccessDeniedException");
    assert!(why.contains("iam:PassRole"), "{why}");
    assert!(ann.ask("ListStateMachines", json!({})).is_ok());
}

#[tokio::test(start_paused = true)]
async fn made_again_it_is_the_same_one_unless_it_does_something_else() {
    let aws = aws();
    let (sfn, first) = (Sfn::admin(&aws), runner(&aws, None).await);
    let second = role(&aws, "second", "states.amazonaws.com", None).await;
    let arn = sfn.create("m", &first, &passing());
    assert_eq!(sfn.create("m", &second, &passing()), arn);
    let found = sfn.ask("DescribeStateMachine", json!({"stateMachineArn": arn}));
    assert_eq!(found.unwrap()["roleArn"], first);
    let other = asked("m", &first, &failing());
    assert_eq!(
        sfn.code("CreateStateMachine", other),
        "StateMachineAlreadyExists"
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_counts_for_executions_only_after_a_while() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let arn = sfn.create("m", &role, &passing());
    let update = json!({"stateMachineArn": arn, "definition": failing().to_string()});
    let updated = sfn.ask("UpdateStateMachine", update).unwrap();
    let found = sfn.ask("DescribeStateMachine", json!({"stateMachineArn": arn}));
    let found = found.unwrap();
    assert_eq!(found["definition"], failing().to_string());
    assert_eq!(found["revisionId"], updated["revisionId"]);
    let status = |execution: String| sfn.describe(&execution)["status"].clone();
    assert_eq!(status(sfn.start(&arn, &json!({}))), "SUCCEEDED");
    aws.sandbox.advance(Duration::from_secs(1));
    assert_eq!(status(sfn.start(&arn, &json!({}))), "FAILED");
    let nothing = json!({"stateMachineArn": arn});
    assert_eq!(
        sfn.code("UpdateStateMachine", nothing),
        "MissingRequiredParameter"
    );
}

#[tokio::test(start_paused = true)]
async fn it_is_deleted_when_nothing_runs() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let arn = sfn.create("m", &role, &waiting());
    let named = json!({"stateMachineArn": arn});
    sfn.start(&arn, &json!({}));
    sfn.ask("DeleteStateMachine", named.clone()).unwrap();
    let found = sfn.ask("DescribeStateMachine", named.clone()).unwrap();
    assert_eq!(found["status"], "DELETING");
    assert_eq!(
        sfn.code("StartExecution", named.clone()),
        "StateMachineDeleting"
    );
    let again = asked("m", &role, &waiting());
    assert_eq!(
        sfn.code("CreateStateMachine", again),
        "StateMachineDeleting"
    );
    aws.sandbox.advance(Duration::from_secs(60));
    assert_eq!(
        sfn.code("DescribeStateMachine", named.clone()),
        "StateMachineDoesNotExist"
    );
    sfn.ask("DeleteStateMachine", named).unwrap();
    sfn.create("m", &role, &passing());
}

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    for name in ["a", "b", "c"] {
        sfn.create(name, &role, &passing());
    }
    let mut names = Vec::new();
    let mut asked = json!({"maxResults": 2});
    loop {
        let page = sfn.ask("ListStateMachines", asked.clone()).unwrap();
        let machines = page["stateMachines"].as_array().unwrap();
        names.extend(machines.iter().map(|machine| machine["name"].clone()));
        let Some(token) = page.get("nextToken") else {
            break;
        };
        asked["nextToken"] = token.clone();
    }
    assert_eq!(names, ["a", "b", "c"]);
    let bad = json!({"nextToken": "x"});
    assert_eq!(sfn.code("ListStateMachines", bad), "InvalidToken");
}

#[tokio::test(start_paused = true)]
async fn tags_are_given_and_taken_and_decide() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let mut create = asked("m", &role, &passing());
    create["tags"] = json!([{"key": "team", "value": "red"}]);
    let made = sfn.ask("CreateStateMachine", create).unwrap();
    let arn = made["stateMachineArn"].clone();
    let more = json!({"resourceArn": arn, "tags": [{"key": "a", "value": "1"}]});
    sfn.ask("TagResource", more).unwrap();
    let fewer = json!({"resourceArn": arn, "tagKeys": ["a"]});
    sfn.ask("UntagResource", fewer).unwrap();
    let tags = sfn.ask("ListTagsForResource", json!({"resourceArn": arn}));
    assert_eq!(
        tags.unwrap()["tags"],
        json!([{"key": "team", "value": "red"}])
    );
    let start = |team: &str| {
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Action": "states:StartExecution", "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": team}}}]});
        let caller = aws.sandbox.caller("ann", &policy.to_string());
        let ann = Sfn::of(&aws.sandbox, caller, "us-east-1");
        ann.ask("StartExecution", json!({"stateMachineArn": arn}))
    };
    assert_eq!(start("blue").unwrap_err().0, "AccessDeniedException");
    start("red").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_definition_can_be_tried() {
    let aws = aws();
    let sfn = Sfn::admin(&aws);
    let validate = |definition: &Value| {
        let input = json!({"definition": definition.to_string()});
        sfn.ask("ValidateStateMachineDefinition", input).unwrap()
    };
    assert_eq!(validate(&passing())["result"], "OK");
    let endless = definition(json!({"A": {"Type": "Pass", "Next": "B"}}));
    let found = validate(&endless);
    assert_eq!(found["result"], "FAIL");
    assert_eq!(found["truncated"], false);
    let first = &found["diagnostics"][0];
    assert_eq!(first["severity"], "ERROR");
    assert_eq!(first["code"], "MISSING_TRANSITION_TARGET");
}

#[tokio::test(start_paused = true)]
async fn accounts_and_regions_have_machines_of_their_own() {
    let aws = aws();
    let (sfn, role) = (Sfn::admin(&aws), runner(&aws, None).await);
    let them = "222233334444";
    let admin = aws.sandbox.admin_in(&them.parse().unwrap());
    let there = super::super::clients(aws.sandbox.clone(), admin.clone(), "eu-west-1");
    let their_role = runner(&there, None).await;
    let theirs = Sfn::of(&aws.sandbox, admin, "eu-west-1");
    let ours = sfn.create("m", &role, &passing());
    let other = theirs.create("m", &their_role, &failing());
    assert_eq!(
        other,
        format!("arn:aws:states:eu-west-1:{them}:stateMachine:m")
    );
    let status = |sfn: &Sfn, arn: &str| {
        let execution = sfn.start(arn, &json!({}));
        sfn.describe(&execution)["status"].clone()
    };
    assert_eq!(status(&sfn, &ours), "SUCCEEDED");
    assert_eq!(status(&theirs, &other), "FAILED");
    let foreign = json!({"stateMachineArn": ours});
    assert_eq!(
        theirs.code("StartExecution", foreign),
        "AccessDeniedException"
    );
    let far = Sfn::of(&aws.sandbox, aws.sandbox.admin(), "eu-west-1");
    let listed = far.ask("ListStateMachines", json!({})).unwrap();
    assert_eq!(listed["stateMachines"], json!([]));
}
