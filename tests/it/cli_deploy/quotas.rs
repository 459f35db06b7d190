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

/// What a call is about decides whether a rule tells of it.
#[test]
fn the_alerts_of_pipeline_tamper_are_told_before() {
    let rules = format!("{RULES}  - use: pack/pipeline\n");
    let folder = Folder::with(&rules);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.rules(&rules.replace(
        "  - use: root/sign-in\n",
        "  - use: root/sign-in\n    severity: low\n  - use: root/activity\n",
    ));
    let out = folder.succeed(&["plan"]);
    assert!(
        out.contains("apply itself alerts: pipeline/tamper (PutRule ×2, PutTargets ×2)"),
        "{out}"
    );
    assert!(
        out.contains("apply itself alerts: pipeline/tamper-watch ("),
        "{out}"
    );
}

#[test]
fn that_plans_themselves_are_heard_of_is_said_with_the_exception() {
    let read = "  - { id: reads, title: Reads, events: [\"events:List*\"] }\n";
    let folder = Folder::with(&format!("{RULES}{read}"));
    let out = folder.succeed(&["plan"]);
    let said = "each plan, apply and status reads, and these rules alert on it: reads (some 2)";
    assert!(out.contains(said), "{out}");
    let unless = "`unless: { userIdentity.arn: \"arn:aws:iam::111122223333:user/";
    assert!(
        out.contains(unless) && out.contains("readOnly: true }`"),
        "{out}"
    );
    // Once there is something to look at, there is more to hear of.
    folder.succeed(&["apply", "--auto-approve"]);
    let out = folder.succeed(&["plan"]);
    assert_eq!(out.matches("alert on it").count(), 1, "{out}");
    assert!(out.contains("reads (some 8)"), "{out}");
    // The exception that is offered is one.
    let admin = out.split("userIdentity.arn: \"").nth(1).unwrap();
    let admin = admin.split('"').next().unwrap();
    let unless = format!("unless: {{ userIdentity.arn: \"{admin}\", readOnly: true }} }}");
    folder.rules(&format!(
        "{RULES}{}",
        read.replace("] }\n", &format!("], {unless}\n"))
    ));
    let out = folder.succeed(&["plan"]);
    assert!(!out.contains("alert on it"), "{out}");
}
