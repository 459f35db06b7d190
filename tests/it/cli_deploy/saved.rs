//! Saved plans.

mod narrowed;
mod strangers;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Folder, RULES};

fn planned() -> Folder {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan", "--out", "plan.json"]);
    folder
}

/// Writes the file again, changed, with a checksum or without a new one.
fn rewrite(folder: &Folder, change: impl FnOnce(&mut Value)) {
    let path = folder.path("plan.json");
    let mut plan: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut plan);
    std::fs::write(&path, plan.to_string()).unwrap();
}

#[test]
fn a_saved_plan_is_applied_without_a_question_and_once() {
    let folder = planned();
    let out = folder.succeed(&["apply", "plan.json"]);
    assert!(out.contains("security@example.com"), "{out}");
    let out = folder.succeed(&["plan", "--detailed-exitcode"]);
    assert!(out.contains("No changes"), "{out}");
    let err = folder.fail(&["apply", "plan.json"]);
    assert!(
        err.contains("stale") && err.contains("topic") && err.contains("is there now"),
        "{err}"
    );
}

#[test]
fn a_plan_takes_the_place_of_a_plan_and_of_nothing_else() {
    let folder = planned();
    folder.succeed(&["plan", "--out", "plan.json"]);
    let before = std::fs::read_to_string(folder.path("iamwatch.yaml")).unwrap();
    let err = folder.fail(&["plan", "--out", "iamwatch.yaml"]);
    assert!(err.contains("stays as it is"), "{err}");
    let after = std::fs::read_to_string(folder.path("iamwatch.yaml")).unwrap();
    assert_eq!(before, after);
}

#[test]
fn an_empty_plan_can_be_saved_and_applied() {
    let folder = planned();
    folder.succeed(&["apply", "plan.json"]);
    folder.succeed(&["plan", "--out", "empty.json"]);
    let out = folder.succeed(&["apply", "empty.json"]);
    assert!(out.contains("No changes"), "{out}");
}

#[cfg(unix)]
#[test]
fn a_saved_plan_is_for_its_owner_alone_and_leaves_nothing_beside_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = planned();
    let mode = std::fs::metadata(folder.path("plan.json")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    let beside = std::fs::read_dir(folder.path(".")).unwrap();
    let names: Vec<String> = beside
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".new"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
    let err = folder.fail(&["plan", "--out", "no-such-folder/plan.json"]);
    assert!(err.contains("cannot write"), "{err}");
}

#[test]
fn a_stale_plan_says_what_was_and_what_is() {
    let folder = planned();
    folder.succeed(&["apply", "plan.json"]);
    folder.rules(&RULES.replace("security@example.com", "soc@example.com"));
    folder.succeed(&["plan", "--out", "plan.json"]);
    // Somebody shortens the queue's memory: the plan did not see that.
    drift_of_the_queue(&folder, "60");
    let err = folder.fail(&["apply", "plan.json"]);
    assert!(
        err.contains("queue iamwatch-acme-dead-letters at 111122223333/us-east-1")
            && err.contains("differs now"),
        "{err}"
    );
    // And once more, after a plan that saw the first change.
    folder.succeed(&["plan", "--out", "plan.json"]);
    drift_of_the_queue(&folder, "120");
    let err = folder.fail(&["apply", "plan.json"]);
    assert!(err.contains("retention_seconds: 60 → 120"), "{err}");
    let (_, out, _) = folder.run(&["apply", "plan.json", "--json"]);
    let mut said = out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let stale = said.find(|said| said["event"] == "stale").unwrap();
    assert_eq!(stale["moved"][0]["live"][0]["before"], 60);
    // What is looked at again can be applied.
    folder.succeed(&["plan", "--out", "plan.json"]);
    folder.succeed(&["apply", "plan.json"]);
}

fn drift_of_the_queue(folder: &Folder, seconds: &str) {
    folder.aws(|clients| async move {
        let sqs = clients.sqs;
        let queue = sqs.get_queue_url().queue_name("iamwatch-acme-dead-letters");
        let url = queue.send().await.unwrap().queue_url.unwrap();
        let name = aws_sdk_sqs::types::QueueAttributeName::MessageRetentionPeriod;
        let change = sqs.set_queue_attributes().queue_url(url);
        change.attributes(name, seconds).send().await.unwrap();
    });
}

#[test]
fn a_plan_edited_by_hand_is_refused() {
    let folder = planned();
    rewrite(&folder, |plan| {
        plan["contents"]["plan"]["changes"] = json!([]);
    });
    let err = folder.fail(&["apply", "plan.json"]);
    assert!(err.contains("changed after it was made"), "{err}");
}

#[test]
fn a_plan_of_another_form_or_release_is_refused() {
    let folder = planned();
    rewrite(&folder, |plan| plan["format_version"] = json!(7));
    let err = folder.fail(&["apply", "plan.json"]);
    assert!(err.contains("format 7"), "{err}");
    let folder = planned();
    rewrite(&folder, |plan| plan["iamwatch"] = json!("9.9.9"));
    let err = folder.fail(&["apply", "plan.json"]);
    assert!(err.contains("changed after it was made"), "{err}");
}

#[test]
fn a_plan_of_another_rules_file_is_refused() {
    let folder = planned();
    folder.rules(&RULES.replace("name: acme", "name: other"));
    let err = folder.fail(&["apply", "plan.json"]);
    assert!(err.contains("`acme`") && err.contains("`other`"), "{err}");
    folder.rules(&format!("{RULES}  - use: root/activity\n"));
    let err = folder.fail(&["apply", "plan.json"]);
    assert!(err.contains("was changed after the plan was made"), "{err}");
}

#[test]
fn an_included_file_counts_as_the_rules_file() {
    let rules = format!("{RULES}include: [more.yaml]\n");
    let folder = Folder::with(&rules);
    let more = "version: 1\nrules:\n  - use: root/activity\n";
    std::fs::write(folder.path("more.yaml"), more).unwrap();
    folder.succeed(&["plan", "--out", "plan.json"]);
    let changed = format!("{more}    severity: low\n");
    std::fs::write(folder.path("more.yaml"), changed).unwrap();
    let err = folder.fail(&["apply", "plan.json"]);
    assert!(err.contains("a file that it includes"), "{err}");
    std::fs::write(folder.path("more.yaml"), more).unwrap();
    folder.succeed(&["apply", "plan.json"]);
}

#[test]
fn a_plan_for_another_account_is_refused() {
    let folder = planned();
    let elsewhere = RULES.replace("us-east-1 }", "us-east-1, account: \"444455556666\" }");
    let other = Folder::with(&elsewhere);
    other.succeed(&["plan"]);
    // The same rules file in another account's AWS.
    std::fs::copy(
        other.path(".iamwatch-sandbox.json"),
        folder.path(".iamwatch-sandbox.json"),
    )
    .unwrap();
    let err = folder.fail(&["apply", "plan.json"]);
    assert!(
        err.contains("111122223333") && err.contains("444455556666"),
        "{err}"
    );
}

#[test]
fn what_is_no_plan_is_refused() {
    let folder = planned();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let whole = std::fs::read_to_string(folder.path("plan.json")).unwrap();
    let (half, _) = whole.split_at(whole.len() / 2);
    let inside =
        format!(r#"{{"format_version":1,"iamwatch":"0","checksum":"","contents":{deep}}}"#);
    let plan_json = folder.succeed(&["plan", "--json"]);
    for (text, words) in [
        ("", "not a plan"),
        ("no JSON at all", "not a plan"),
        ("null", "not a plan"),
        (&deep, "not a plan"),
        (half, "not a plan"),
        (&inside, "changed after"),
        (&plan_json, "not a plan"),
        (RULES, "not a plan"),
    ] {
        std::fs::write(folder.path("bad.json"), text).unwrap();
        let err = folder.fail(&["apply", "bad.json"]);
        assert!(
            err.contains(words),
            "{}: {err}",
            &text[..text.len().min(40)]
        );
    }
    std::fs::write(folder.path("bad.json"), [0xff, 0xfe, 0x00]).unwrap();
    assert!(folder.fail(&["apply", "bad.json"]).contains("not a plan"));
    let huge = std::fs::File::create(folder.path("bad.json")).unwrap();
    huge.set_len(65 * 1024 * 1024).unwrap();
    assert!(folder.fail(&["apply", "bad.json"]).contains("64 MiB"));
    assert!(folder.fail(&["apply", "gone.json"]).contains("gone.json"));
    assert!(folder.fail(&["apply", "."]).contains("cannot apply"));
}

#[test]
fn a_saved_plan_has_the_flags_it_was_made_with() {
    let folder = Folder::with(RULES);
    folder.succeed(&["plan", "--rule", "root/sign-in", "--out", "plan.json"]);
    for flags in [
        &["apply", "plan.json", "--rule", "root/sign-in"][..],
        &["apply", "plan.json", "--region", "us-east-1"],
    ] {
        let err = folder.fail(flags);
        assert!(err.contains("cannot be used with"), "{err}");
    }
    for (flags, named) in [
        (&["--prune"][..], "without `--prune`"),
        (
            &["--prune", "--delete", "trail"],
            "without `--prune --delete trail`",
        ),
        (
            &[
                "--adopt",
                "topic:iamwatch-acme-text_security-mail@us-east-1",
            ],
            "without `--adopt topic:",
        ),
    ] {
        let args: Vec<&str> = ["apply", "plan.json"]
            .iter()
            .chain(flags)
            .copied()
            .collect();
        let err = folder.fail(&args);
        assert!(err.contains(named), "{err}");
    }
    folder.succeed(&["apply", "plan.json"]);
    let out = folder.succeed(&["plan"]);
    assert!(
        out.contains("signin.failed") && !out.contains("root.sign-in"),
        "{out}"
    );
}

/// Writes contents under a name as the program would, the checksum made anew.
fn forge(folder: &Folder, name: &str, contents: &Value) {
    let (version, text) = (env!("CARGO_PKG_VERSION"), contents.to_string());
    let digest = Sha256::digest(format!("{version}\n{text}"));
    let checksum: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let file = format!(
        r#"{{"format_version":1,"iamwatch":"{version}","checksum":"{checksum}","contents":{text}}}"#
    );
    std::fs::write(folder.path(name), file).unwrap();
}

fn contents(folder: &Folder, name: &str) -> Value {
    let text = std::fs::read_to_string(folder.path(name)).unwrap();
    let plan: Value = serde_json::from_str(&text).unwrap();
    plan["contents"].clone()
}

/// A trail and a key of ours that the rules file no longer wants.
fn kept() -> Folder {
    let folder = Folder::with(&RULES.replace("trail: ", "topics: { kms_key: create }\ntrail: "));
    folder.succeed(&["apply", "--auto-approve"]);
    folder.rules(&RULES.replace("existing-or-create", "none"));
    folder
}

#[test]
fn a_plan_that_deletes_wants_the_flags_again() {
    let folder = kept();
    let flags = ["--prune", "--delete", "trail,key"];
    let plan = ["plan", "--out", "plan.json"].iter().chain(&flags);
    let out = folder.succeed(&plan.copied().collect::<Vec<_>>());
    let command = "`iamwatch apply plan.json --prune --delete ";
    assert!(out.contains(command), "{out}");
    for (given, named) in [
        (&[][..], "add `--prune --delete "),
        (&["--prune"], "add `--delete "),
        (&["--prune", "--delete", "key"], "add `--delete trail`"),
        (&["--prune", "--delete", "trail"], "add `--delete key`"),
    ] {
        let args: Vec<&str> = ["apply", "plan.json", "--prune-most"]
            .iter()
            .chain(given)
            .copied()
            .collect();
        let err = folder.fail(&args);
        assert!(
            err.contains(named) && err.contains("deletes resources"),
            "{err}"
        );
    }
    let args = ["apply", "plan.json", "--prune-most"].iter().chain(&flags);
    folder.succeed(&args.copied().collect::<Vec<_>>());
}

#[test]
fn a_file_cannot_add_deletions_to_what_was_agreed_to() {
    let folder = kept();
    folder.succeed(&["plan", "--out", "reviewed.json"]);
    folder.succeed(&["plan", "--prune", "--out", "pruning.json"]);
    folder.succeed(&[
        "plan",
        "--prune",
        "--delete",
        "trail,key",
        "--out",
        "all.json",
    ]);
    let all = contents(&folder, "all.json");
    // The whole of another plan, and its order alone.
    let mut order = contents(&folder, "reviewed.json");
    order["order"] = all["order"].clone();
    // Deletions without the order, so that what was read looks like another plan.
    let mut silent = all.clone();
    silent["order"] = contents(&folder, "reviewed.json")["order"].clone();
    for (name, forged, words) in [
        ("all", &all, "add `--prune --delete "),
        ("order", &order, "stale"),
        ("silent", &silent, "stale"),
    ] {
        forge(&folder, "forged.json", forged);
        let err = folder.fail(&["apply", "forged.json", "--prune-most"]);
        assert!(err.contains(words), "{name}: {err}");
    }
    // Who agrees to prune has not agreed to lose the trail.
    forge(&folder, "forged.json", &all);
    let err = folder.fail(&["apply", "forged.json", "--prune", "--prune-most"]);
    assert!(err.contains("add `--delete "), "{err}");
    // A plan that deletes nothing needs no flag, whatever it was made with.
    folder.succeed(&["apply", "reviewed.json"]);
    folder.rules(
        &RULES
            .replace("existing-or-create", "none")
            .replace("  - use: signin/failed\n", ""),
    );
    folder.succeed(&[
        "plan",
        "--rule",
        "root/sign-in",
        "--prune",
        "--out",
        "nothing.json",
    ]);
    folder.succeed(&["apply", "nothing.json"]);
}

#[test]
fn a_plan_that_takes_over_wants_to_hear_it_again() {
    let folder = Folder::with(&RULES.replace("existing-or-create", "none"));
    folder.succeed(&["plan"]);
    folder.aws(async |aws| {
        let topic = aws
            .sns
            .create_topic()
            .name("iamwatch-acme-text_security-mail");
        topic.send().await.unwrap();
    });
    let key = "topic:iamwatch-acme-text_security-mail@us-east-1";
    let out = folder.succeed(&["plan", "--adopt", key, "--out", "plan.json"]);
    assert!(
        out.contains(&format!("`iamwatch apply plan.json --adopt {key}`")),
        "{out}"
    );
    let err = folder.fail(&["apply", "plan.json"]);
    assert!(
        err.contains("takes over") && err.contains(&format!("`--adopt {key}`")),
        "{err}"
    );
    folder.succeed(&["apply", "plan.json", "--adopt", key]);
}

/// What a plan leaves out it says, since the sentence at its end would else be about everything.
#[test]
fn a_narrow_plan_says_how_narrow_it_is() {
    let folder = Folder::with(RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    let words = "is as the rules file asks, as far as `--rule root/sign-in` goes.";
    let out = folder.succeed(&["plan", "--rule", "root/sign-in", "--out", "plan.json"]);
    assert!(out.contains(words), "{out}");
    assert!(folder.succeed(&["apply", "plan.json"]).contains(words));
    let reviewed = contents(&folder, "plan.json");
    for (field, value, said) in [
        (
            "region",
            json!("us-west-2"),
            "where nothing of the rules file stands",
        ),
        (
            "rules",
            json!(["signin/faild"]),
            "which the rules file does not have",
        ),
    ] {
        let mut other = reviewed.clone();
        other["order"][field] = value;
        forge(&folder, "forged.json", &other);
        let err = folder.fail(&["apply", "forged.json"]);
        assert!(err.contains(said), "{err}");
    }
}
