//! What plan and apply say about the trail that feeds the rules.

use iamwatch::aws::{Clients, Cloud};
use iamwatch::place::Region;

use super::{Folder, RULES};
use crate::everything::log_policy;

/// Trails of somebody's, with their bucket.
async fn trails(clients: Clients, names: &[&str], multi_region: bool, logging: bool) {
    let request = clients.s3.create_bucket().bucket("theirs");
    request.send().await.unwrap();
    let request = clients.s3.put_bucket_policy().bucket("theirs");
    let policy = log_policy("theirs").to_string();
    request.policy(policy).send().await.unwrap();
    for name in names {
        let request = clients.cloudtrail.create_trail().name(*name);
        let request = request.s3_bucket_name("theirs");
        let request = request.is_multi_region_trail(multi_region);
        request.send().await.unwrap();
        if logging {
            let request = clients.cloudtrail.start_logging().name(*name);
            request.send().await.unwrap();
        }
    }
}

#[test]
fn a_trail_that_is_adopted_is_named_by_plan_and_apply() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan"]);
    folder.aws(|clients| trails(clients, &["theirs"], true, true));
    let said = "events come from your trail arn:aws:cloudtrail:us-east-1:111122223333:trail/theirs, \
                which stays as it is";
    let out = folder.succeed(&["plan"]);
    assert!(out.contains(said), "{out}");
    let out = folder.succeed(&["apply", "--auto-approve"]);
    assert!(out.contains(said), "{out}");
}

#[test]
fn why_a_second_trail_is_made_is_said_with_what_would_spare_it() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan"]);
    folder.aws(|clients| trails(clients, &["theirs"], true, false));
    let out = folder.succeed(&["plan"]);
    assert!(out.contains("+ trail iamwatch-acme"), "{out}");
    assert!(out.contains("`theirs` does not log"), "{out}");
    assert!(
        out.contains("aws cloudtrail start-logging --name arn:aws:cloudtrail:us-east-1:111122223333:trail/theirs --region us-east-1"),
        "{out}"
    );
    // Once it is there, its reason is history.
    folder.succeed(&["apply", "--auto-approve"]);
    let out = folder.succeed(&["plan"]);
    assert!(!out.contains("does not log"), "{out}");
}

/// A trail of all Regions counts in each of them.
#[test]
fn trails_that_fill_another_region_are_counted_before_the_first_write() {
    let folder = Folder::with(&RULES.replace("us-east-1", "eu-central-1"));
    folder.succeed(&["plan"]);
    let names = ["a1", "a2", "a3", "a4", "a5"].map(|name| format!("theirs-{name}"));
    folder.meanwhile(|sandbox| {
        let config = sandbox.sdk_config(&sandbox.region(), sandbox.admin());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let cloud = Cloud::with_config(config).await.unwrap();
            let there: Region = "us-east-1".parse().unwrap();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            trails(cloud.at(&there), &names, false, false).await;
        });
    });
    let err = folder.fail(&["apply", "--auto-approve"]);
    assert!(
        err.contains("trails in us-east-1: there are 5, there would be 6, and 5 is the limit"),
        "{err}"
    );
}
