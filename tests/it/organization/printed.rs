//! The policies that `permissions` prints are enough for an organization, and hold nothing that is not needed.

use iamwatch::engine::InProcessAws;
use serde_json::Value;

use super::kit::{Kit, empty_role};
use super::{MANAGEMENT, RULES};

const MEMBER: (&str, &str) = ("333344445555", "payments");
const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const TRUSTED: &str = "arn:aws:iam::111122223333:role/iamwatch";

/// Gives the role of the member a policy, and no other.
fn set(kit: &Kit, policy: &Value) {
    kit.act(MEMBER.0, "us-east-1", async |config| {
        empty_role(&config).await;
        let request = aws_sdk_iam::Client::new(&config).put_role_policy();
        let request = request.role_name("OrganizationAccountAccessRole");
        let request = request.policy_name("iamwatch");
        let request = request.policy_document(policy.to_string());
        request.send().await.unwrap();
    });
}

/// What CloudFormation makes of a document in an account.
fn filled_in(document: &Value, account: &str) -> Value {
    match document {
        Value::Object(fields) => match fields.get("Fn::Sub").and_then(Value::as_str) {
            Some(text) => text.replace("${AWS::AccountId}", account).into(),
            None => {
                let fields = fields.iter();
                fields
                    .map(|(name, value)| (name.clone(), filled_in(value, account)))
                    .collect()
            }
        },
        Value::Array(list) => list.iter().map(|value| filled_in(value, account)).collect(),
        other => other.clone(),
    }
}

fn without(policy: &Value, statement: usize) -> Value {
    let mut fewer = policy.clone();
    fewer["Statement"].as_array_mut().unwrap().remove(statement);
    fewer
}

#[test]
fn the_printed_role_is_enough_in_members_and_not_more_than_it_says() {
    let kit = Kit::with(RULES, &[MEMBER]);
    let printed = kit.json(&["permissions", "--for", "member", "--trusted", TRUSTED]);
    let policy = &printed["policy"];
    let text = policy.to_string();
    // IAM takes no variable in the account of an ARN.
    assert!(
        text.contains("arn:aws:events:*:*:rule/") && !text.contains("000000000000"),
        "{text}"
    );
    let whole = kit.fork();
    set(&whole, policy);
    whole.succeed(&APPLY);
    whole.succeed(&["test-event", "--all-accounts"]);
    whole.succeed(&["destroy", "--auto-approve"]);

    let statements = policy["Statement"].as_array().unwrap();
    for (left_out, statement) in statements.iter().enumerate() {
        let sid = statement["Sid"].as_str().unwrap();
        let kit = kit.fork();
        set(&kit, &without(policy, left_out));
        let applied = kit.run(&APPLY);
        let good = applied.code == 0 && kit.run(&["test-event", "--all-accounts"]).code == 0;
        // `regions` is a list: which ones are enabled is not asked.
        let unused = sid == "EnabledRegions";
        assert_eq!(good, unused, "{sid}\n{}{}", applied.out, applied.err);
    }

    let template = [
        "permissions",
        "--for",
        "member",
        "--trusted",
        TRUSTED,
        "--template",
    ];
    let said = kit.run(&template);
    for hint in ["CAPABILITY_NAMED_IAM", "write another `member_role`"] {
        assert!(said.err.contains(hint), "{}", said.err);
    }
    let template: Value = serde_json::from_str(&said.out).unwrap();
    let role = &template["Resources"]["IamwatchRole"]["Properties"];
    assert_eq!(role["RoleName"], "OrganizationAccountAccessRole");
    // CloudFormation fills in the account, where the JSON form names any.
    let document = &role["Policies"][0]["PolicyDocument"];
    let filled = filled_in(document, "333344445555");
    assert!(!filled.to_string().contains("::*:") && !filled.to_string().contains("${AWS"));
    let whole = kit.fork();
    set(&whole, &filled);
    whole.succeed(&APPLY);
    whole.succeed(&["test-event", "--all-accounts"]);
}

#[test]
fn the_trust_of_members_names_a_principal_that_iam_takes() {
    let kit = Kit::with(RULES, &[MEMBER]);
    let member = ["permissions", "--for", "member", "--trusted"];
    let trusting = |arn: &str, more: &[&str]| kit.run(&[&member[..], &[arn], more].concat());
    let said = trusting(
        "arn:aws:sts::111122223333:assumed-role/iamwatch/me",
        &["--org-id", "o-abcdefghij"],
    );
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.err.contains("does not tell its role's path"),
        "{}",
        said.err
    );
    let printed: Value = serde_json::from_str(&said.out).unwrap();
    let statement = &printed["trust_policy"]["Statement"][0];
    assert_eq!(statement["Principal"]["AWS"], TRUSTED);
    let inside = &statement["Condition"]["StringEquals"]["aws:PrincipalOrgID"];
    assert_eq!(inside, "o-abcdefghij");
    for wrong in [
        "iamwatch",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:s3:::logs",
    ] {
        let said = trusting(wrong, &[]);
        assert_eq!(said.code, 1, "{wrong}\n{}", said.out);
        assert!(
            said.err.contains("the ARN of a role or a user"),
            "{}",
            said.err
        );
    }
    let said = trusting(TRUSTED, &["--org-id", "acme"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("`o-` and 10 to 32"), "{}", said.err);
}

#[test]
fn the_printed_policy_of_the_deployer_makes_the_organizations_trail() {
    let kit = Kit::with(RULES, &[MEMBER]);
    let print = ["permissions", "--for", "apply", "--account", MANAGEMENT];
    let policy: Value = serde_json::from_str(&kit.succeed(&print)).unwrap();
    let apply = |kit: &Kit, policy: &Value| {
        let within = InProcessAws {
            caller: kit.sandbox.caller("deployer", &policy.to_string()),
            sandbox: kit.sandbox.clone(),
        };
        kit.run_as(&APPLY, within)
    };
    let said = apply(&kit.fork(), &policy);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let statements = policy["Statement"].as_array().unwrap();
    let trail = statements
        .iter()
        .position(|statement| statement["Sid"] == "OrganizationTrail");
    let said = apply(&kit.fork(), &without(&policy, trail.unwrap()));
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(
        said.out.contains("iam:CreateServiceLinkedRole"),
        "{}",
        said.out
    );
}

#[test]
fn access_analyzer_reads_each_accounts_own_log_files_where_that_is_asked_for() {
    let wanted = |trail: &str| RULES.replace("trail: existing-or-create", trail);
    let kit = Kit::with(&wanted("trail: { access_analyzer: true }"), &[MEMBER]);
    kit.succeed(&APPLY);
    kit.succeed(&["plan", "--detailed-exitcode"]);
    let policy = kit.act(MANAGEMENT, "eu-central-1", async |config| {
        let bucket = "iamwatch-acme-logs-111122223333-eu-central-1";
        let s3 = aws_sdk_s3::Client::new(&config);
        let policy = s3.get_bucket_policy().bucket(bucket).send().await;
        policy.unwrap().policy.unwrap()
    });
    let policy: Value = serde_json::from_str(&policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let reads = statements
        .iter()
        .find(|statement| statement["Sid"] == "IamwatchAccessAnalyzer")
        .unwrap_or_else(|| panic!("{policy:#}"));
    let organization = kit.organization().id();
    let own = format!("/AWSLogs/{organization}/${{aws:PrincipalAccount}}/*");
    assert!(reads["Resource"].to_string().contains(&own), "{reads:#}");
    let inside = reads["Condition"].to_string();
    assert!(inside.contains(&organization) && inside.contains("AccessAnalyzerMonitorServiceRole*"));

    kit.rules(&wanted(
        "trail: { access_analyzer: true, kms_key: \"arn:aws:kms:eu-central-1:111122223333:key/abc\" }",
    ));
    let out = kit.succeed(&["plan"]);
    assert!(
        out.contains("only if arn:aws:kms:eu-central-1:111122223333:key/abc lets it decrypt"),
        "{out}"
    );
}
