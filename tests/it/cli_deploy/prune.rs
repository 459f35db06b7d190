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
    let err = folder.fail(&["apply", "plan.json", "--prune"]);
    assert!(err.contains("--prune-most"), "{err}");
    folder.succeed(&["apply", "plan.json", "--prune", "--prune-most"]);
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

/// What `--delete` names and a plan leaves is not passed over in silence.
#[test]
fn a_plan_says_what_becomes_of_each_kind_that_it_is_told_to_delete() {
    let folder = deployed(RULES);
    let plan = |rest: &[&str]| {
        let args: Vec<&str> = ["plan", "--prune", "--delete"]
            .iter()
            .chain(rest)
            .copied()
            .collect();
        folder.succeed(&args)
    };
    // The rules file asks for it.
    let out = plan(&["trail"]);
    assert!(
        out.contains(
            "`--delete trail` deletes nothing: the rules file asks for trail iamwatch-acme"
        ),
        "{out}"
    );
    assert!(out.contains("write `trail: none`"), "{out}");
    let out = plan(&["trail,log-bucket,key"]);
    assert!(
        out.contains("`--delete log-bucket` deletes nothing: the rules file asks for bucket"),
        "{out}"
    );
    assert!(
        out.contains("`--delete key` deletes nothing: `acme` has no key here"),
        "{out}"
    );
    // It asks for none, and nothing else brings the events.
    folder.rules(&RULES.replace("existing-or-create", "none"));
    let out = folder.succeed(&["plan", "--prune"]);
    assert!(
        out.contains("apply --prune --delete trail` deletes it"),
        "{out}"
    );
    let out = plan(&["trail"]);
    assert!(out.contains("- trail iamwatch-acme"), "{out}");
    assert!(out.contains("its log files stay in their bucket"), "{out}");
    assert!(out.contains("after that no alert can come"), "{out}");
    assert!(!out.contains("events come from"), "{out}");
    let out = plan(&["trail", "--rule", "root/sign-in"]);
    assert!(
        out.contains("is outside of what the plan is narrowed to"),
        "{out}"
    );
    folder.succeed(&["apply", "--prune", "--delete", "trail", "--auto-approve"]);
    let out = plan(&["trail"]);
    assert!(out.contains("`acme` has no trail here"), "{out}");
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
