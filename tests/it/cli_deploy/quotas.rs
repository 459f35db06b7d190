//! What AWS would refuse half way, and the alerts that apply itself causes.

use iamwatch::aws::Clients;

use super::{Folder, RULES};

async fn foreign_rules(clients: Clients, count: usize, pattern: &str) {
    for n in 0..count {
        let rule = clients.events.put_rule().name(format!("theirs-{n}"));
        rule.event_pattern(pattern).send().await.unwrap();
    }
}

#[test]
fn a_full_bus_stops_the_plan_before_the_first_write() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan"]);
    folder.aws(|clients| foreign_rules(clients, 298, r#"{"source":["their.own"]}"#));
    folder.succeed(&["plan"]);
    folder.rules(&format!("{RULES}  - use: root/activity\n"));
    let err = folder.fail(&["apply", "--auto-approve"]);
    assert!(
        err.contains("there are 298, there would be 301, and 300 is the limit"),
        "{err}"
    );
    folder.succeed(&["plan", "--raised-quotas"]);
}

#[test]
fn rules_with_wildcards_are_counted_for_themselves() {
    let folder = Folder::with(&format!(
        "{RULES}  - id: attached\n    title: Attached\n    events: [\"iam:Attach*Policy\"]\n"
    ));
    folder.succeed(&["plan"]);
    folder.aws(|clients| foreign_rules(clients, 30, r#"{"source":[{"wildcard":"a*b*c"}]}"#));
    let err = folder.fail(&["apply", "--auto-approve", "--raised-quotas"]);
    assert!(
        err.contains("wildcards") && err.contains("there would be 31, and 30 is the limit"),
        "{err}"
    );
}

#[test]
fn a_sixth_trail_is_not_tried() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan"]);
    folder.aws(|clients| async move {
        clients.s3.create_bucket().bucket("theirs").send().await.unwrap();
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:*","Resource":["arn:aws:s3:::theirs","arn:aws:s3:::theirs/*"]}]}"#;
        clients.s3.put_bucket_policy().bucket("theirs").policy(policy).send().await.unwrap();
        for n in 0..5 {
            let trail = clients.cloudtrail.create_trail().name(format!("theirs-{n}"));
            trail.s3_bucket_name("theirs").send().await.unwrap();
        }
    });
    let err = folder.fail(&["apply", "--auto-approve"]);
    assert!(
        err.contains("trails") && err.contains("and 5 is the limit"),
        "{err}"
    );
    assert!(err.contains("existing-or-create"), "{err}");
}

#[test]
fn the_alerts_that_apply_causes_are_told_before() {
    let rules = format!("{RULES}  - use: iam/changes\n");
    let folder = Folder::with(&rules);
    let first: serde_json::Value =
        serde_json::from_str(&folder.succeed(&["plan", "--json"])).unwrap();
    assert_eq!(
        first["own_alerts"],
        serde_json::json!([]),
        "nothing of IAM is made"
    );
    folder.succeed(&["apply", "--auto-approve"]);
    // Other Regions need roles.
    folder.rules(&rules.replace(
        "trail:",
        "watch: { regions: [us-east-1, eu-west-1] }\ntrail:",
    ));
    let out = folder.succeed(&["plan"]);
    assert!(
        out.contains("apply itself alerts: iam/changes (CreateRole ×2, PutRolePolicy ×2)"),
        "{out}"
    );
    assert!(!out.contains("alerts: root/sign-in"), "{out}");
}
