//! Buckets of others under the trail.

use super::{Folder, RULES};

#[test]
fn a_bucket_name_that_someone_else_has_stops_the_plan() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan"]);
    let name = "iamwatch-acme-logs-111122223333-us-east-1";
    folder.meanwhile(|sandbox| sandbox.foreign_bucket(name));
    let err = folder.fail(&["apply", "--auto-approve"]);
    assert!(
        err.contains(name) && err.contains("who owns it is unknown"),
        "{err}"
    );
    assert!(
        err.contains("trail: { bucket: NAME }") && !err.contains("--adopt"),
        "{err}"
    );
    // Naming another one helps.
    let named = RULES.replace("existing-or-create", "{ bucket: acme-trail-logs }");
    folder.rules(&named);
    let out = folder.succeed(&["apply", "--auto-approve"]);
    assert!(out.contains("+ bucket acme-trail-logs"), "{out}");
}

#[test]
fn a_bucket_of_the_users_own_is_used_as_it_is() {
    let folder = Folder::with(&RULES.replace("existing-or-create", "{ bucket: company-logs }"));
    folder.succeed(&["plan"]);
    folder.aws(|clients| async move {
        clients
            .s3
            .create_bucket()
            .bucket("company-logs")
            .send()
            .await
            .unwrap();
    });
    let out = folder.succeed(&["plan"]);
    assert!(
        out.contains("company-logs does not let the trail write"),
        "{out}"
    );
    assert!(
        out.contains("IamwatchTrailWrite") && !out.contains("+ bucket"),
        "{out}"
    );
    let plan: serde_json::Value =
        serde_json::from_str(&folder.succeed(&["plan", "--json"])).unwrap();
    let notes = plan["notes"].as_array().unwrap();
    let statements = notes.iter().find_map(|note| note["document"].as_array());
    let statements =
        serde_json::json!({ "Version": "2012-10-17", "Statement": statements.unwrap() });
    folder.aws(|clients| async move {
        let put = clients.s3.put_bucket_policy().bucket("company-logs");
        put.policy(statements.to_string()).send().await.unwrap();
    });
    let out = folder.succeed(&["plan"]);
    assert!(!out.contains("does not let"), "{out}");
    folder.succeed(&["apply", "--auto-approve"]);
    folder.succeed(&["plan", "--detailed-exitcode"]);
    folder.aws(|clients| async move {
        let tags = clients
            .s3
            .get_bucket_tagging()
            .bucket("company-logs")
            .send()
            .await;
        assert!(tags.is_err(), "it carries no tag of ours");
    });
    folder.succeed(&["destroy", "--auto-approve", "--delete", "trail,log-bucket"]);
    folder.aws(|clients| async move {
        clients
            .s3
            .head_bucket()
            .bucket("company-logs")
            .send()
            .await
            .unwrap();
    });
}

#[test]
fn a_trail_of_somebody_under_our_name_is_a_conflict() {
    let folder = Folder::with(&RULES.replace("existing-or-create", "create"));
    folder.succeed(&["plan"]);
    folder.aws(|clients| async move {
        clients.s3.create_bucket().bucket("theirs").send().await.unwrap();
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:*","Resource":["arn:aws:s3:::theirs","arn:aws:s3:::theirs/*"]}]}"#;
        clients.s3.put_bucket_policy().bucket("theirs").policy(policy).send().await.unwrap();
        let trail = clients.cloudtrail.create_trail().name("iamwatch-acme");
        trail.s3_bucket_name("theirs").send().await.unwrap();
    });
    let err = folder.fail(&["apply", "--auto-approve"]);
    assert!(
        err.contains("trail iamwatch-acme")
            && err.contains("--adopt trail:iamwatch-acme@us-east-1"),
        "{err}"
    );
}
