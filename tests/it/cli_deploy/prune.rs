//! What is deleted, and what is asked before.

use super::{Folder, RULES};

const MANY: &str = "  - use: pack/aws-blog\n  - use: root/activity\n";

fn deployed(rules: &str) -> Folder {
    let folder = Folder::with(rules);
    folder.succeed(&["apply", "--auto-approve"]);
    folder
}

#[test]
fn a_pruning_that_would_take_much_is_asked_for_twice() {
    let folder = deployed(&format!("{RULES}{MANY}"));
    folder.rules(RULES);
    let err = folder.fail(&["apply", "--prune", "--auto-approve"]);
    assert!(
        err.contains("would delete") && err.contains("resources of `acme`"),
        "{err}"
    );
    assert!(err.contains("--prune-most"), "{err}");
    folder.succeed(&["plan", "--prune", "--out", "plan.json"]);
    let err = folder.fail(&["apply", "plan.json"]);
    assert!(err.contains("--prune-most"), "{err}");
    folder.succeed(&["apply", "plan.json", "--prune-most"]);
    folder.succeed(&["plan", "--detailed-exitcode"]);
}

#[test]
fn a_pruning_of_little_is_asked_for_once() {
    let folder = deployed(&format!("{RULES}  - use: root/activity\n"));
    folder.rules(RULES);
    let out = folder.succeed(&["apply", "--prune", "--auto-approve"]);
    assert!(out.contains("1 to delete"), "{out}");
}

#[test]
fn what_holds_evidence_goes_only_by_its_own_name() {
    let folder = deployed(RULES);
    let err = folder.fail(&["destroy", "--auto-approve", "--delete", "log-bucket"]);
    assert!(err.contains("--delete log-bucket,trail"), "{err}");
    let err = folder.fail(&["destroy", "--auto-approve", "--delete", "log-bucket,trail"]);
    assert!(
        err.contains("not empty") && err.contains("such as `AWSLogs/"),
        "{err}"
    );
    let out = folder.succeed(&["destroy", "--auto-approve"]);
    assert!(
        out.contains("--delete trail") && out.contains("--delete log-bucket"),
        "{out}"
    );
    // Nothing else is left, and it still says what is.
    let out = folder.succeed(&["destroy", "--auto-approve"]);
    assert!(out.contains("--delete trail"), "{out}");
    let out = folder.succeed(&["destroy", "--auto-approve", "--delete", "trail"]);
    assert!(out.contains("- trail iamwatch-acme"), "{out}");
    let out = folder.succeed(&["plan", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(plan["ours"], 1, "the bucket alone");
}

#[test]
fn a_key_is_scheduled_and_the_plan_says_so() {
    let with_key = format!("topics: {{ kms_key: create }}\n{RULES}");
    let with_key = with_key.replacen(
        "topics: { kms_key: create }\nversion: 1\n",
        "version: 1\ntopics: { kms_key: create }\n",
        1,
    );
    let folder = deployed(&with_key);
    folder.rules(RULES);
    let out = folder.succeed(&["plan", "--prune"]);
    assert!(
        out.contains("only `destroy --delete key` or `apply --prune --delete key` deletes it"),
        "{out}"
    );
    let out = folder.succeed(&["plan", "--prune", "--delete", "key"]);
    assert!(
        out.contains("- key iamwatch-acme") && out.contains("gone in 30 days"),
        "{out}"
    );
    folder.succeed(&["apply", "--prune", "--delete", "key", "--auto-approve"]);
    let (code, _, err) = folder.run(&["plan", "--delete", "key"]);
    assert!(code == 1 && err.contains("--prune"), "{err}");
}
