//! A permissions boundary is the user's to make: who has not made it is told how, before and after.

use super::Folder;

const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
watch: { regions: [us-east-1, eu-west-1] }
roles: { boundary: iamwatch-boundary }
trail: existing-or-create
channels:
  phone: { sms: "+4915112345678" }
notify: { default: [phone] }
rules:
  - id: key-disabled
    title: A key was disabled
    events: ["kms:DisableKey"]
"#;

const MISSING: &str = "policy/iamwatch-boundary does not exist";
const HOW: &str = "`iamwatch permissions --for boundary` prints it";

#[test]
fn a_boundary_that_is_missing_is_said_by_plan_and_no_remedy_leads_in_a_circle() {
    let folder = Folder::with(RULES);
    let out = folder.succeed(&["plan"]);
    let line = out.lines().find(|line| line.contains(MISSING));
    assert!(
        line.is_some_and(|line| line.contains("! arn:aws:iam::")),
        "{out}"
    );
    assert!(out.contains(HOW), "{out}");
    let (code, out, err) = folder.run(&["apply", "--auto-approve"]);
    assert_eq!(code, 1, "{out}{err}");
    let said = format!("{out}{err}");
    assert!(said.matches(HOW).count() > 1, "plan and failure: {said}");
    for args in [
        &["status"][..],
        &["test-event", "--all", "--region", "eu-west-1"],
    ] {
        let (_, out, err) = folder.run(args);
        let said = format!("{out}{err}");
        assert!(said.contains(HOW), "{args:?}: {said}");
    }
    folder.aws(|clients| async move {
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"events:PutEvents","Resource":"*"}]}"#;
        let made = clients.iam.create_policy().policy_name("iamwatch-boundary");
        made.policy_document(document).send().await.unwrap();
    });
    let out = folder.succeed(&["plan"]);
    assert!(!out.contains(MISSING), "{out}");
    folder.succeed(&["apply", "--auto-approve"]);
    folder.succeed(&["plan", "--detailed-exitcode"]);
}
