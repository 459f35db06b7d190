//! One Region at a time.

use super::Folder;

const RULES: &str = r#"version: 1
name: acme
home: { region: eu-central-1 }
watch: { regions: [eu-central-1, us-east-1, eu-west-1] }
trail: existing-or-create
channels:
  security-mail: { email: security@example.com }
notify: { default: [security-mail] }
rules:
  - use: signin/failed
"#;

#[test]
fn a_region_that_nothing_stands_in_is_refused_with_those_that_are() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan"]);
    let err = folder.fail(&["plan", "--region", "sa-east-1"]);
    assert!(
        err.contains("choose one of eu-central-1, eu-west-1, us-east-1"),
        "{err}"
    );
    let (code, _, err) = folder.run(&["plan", "--region", "Frankfurt"]);
    assert!(code == 1 && err.contains("not a Region name"), "{err}");
}

#[test]
fn a_run_for_one_region_leaves_the_others_alone() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan"]);
    folder.succeed(&["apply", "--auto-approve", "--region", "eu-west-1"]);
    let queues = |region: &'static str| {
        folder.meanwhile(|sandbox| {
            let config = sandbox.sdk_config(&region.parse().unwrap(), sandbox.admin());
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                let listed = aws_sdk_sqs::Client::new(&config).list_queues().send();
                listed.await.unwrap().queue_urls().len()
            })
        })
    };
    assert_eq!((queues("eu-west-1"), queues("us-east-1")), (1, 0));
    folder.succeed(&["apply", "--auto-approve"]);
    // A Region goes from the file: only a run that looks at it may prune there.
    folder.rules(&RULES.replace(", eu-west-1]", "]"));
    let out = folder.succeed(&[
        "apply",
        "--auto-approve",
        "--prune",
        "--region",
        "us-east-1",
    ]);
    assert!(
        out.contains("No changes") || out.contains("0 to delete"),
        "{out}"
    );
    assert_eq!(queues("eu-west-1"), 1);
    folder.succeed(&["apply", "--auto-approve", "--prune"]);
    assert_eq!(queues("eu-west-1"), 0);
}
