//! Saved plans that somebody else changes between plan and apply, checksum and all: what is done is what a plan made now
//! does, or nothing.

use serde_json::{Value, json};

use super::{contents, forge, planned};
use crate::cli_deploy::RULES;

#[test]
fn a_plan_that_is_made_to_say_something_else_is_refused() {
    let folder = planned();
    let saved = contents(&folder, "plan.json");
    let other = |change: fn(&mut Value)| {
        let mut other = saved.clone();
        change(&mut other);
        other
    };
    let open = saved.to_string().replace("events.amazonaws.com", "*");
    let elsewhere = saved.to_string().replace("111122223333", "444455556666");
    for (name, forged, words) in [
        (
            "another account",
            other(|plan| plan["account"] = json!("444455556666")),
            "the plan was made for account 444455556666",
        ),
        (
            "another account everywhere",
            serde_json::from_str(&elsewhere).unwrap(),
            "the plan was made for account 444455556666",
        ),
        (
            "another file",
            other(|plan| plan["rules"] = json!("0".repeat(64))),
            "was changed after the plan was made",
        ),
        (
            "another stack",
            other(|plan| plan["plan"]["name"] = json!("other")),
            "a rules file named `other`",
        ),
        (
            "an open policy",
            serde_json::from_str(&open).unwrap(),
            "stale",
        ),
        (
            "a step less",
            other(|plan| drop(plan["plan"]["changes"].as_array_mut().unwrap().pop())),
            "stale",
        ),
        (
            "no step",
            other(|plan| plan["plan"]["changes"] = json!([])),
            "stale",
        ),
    ] {
        assert_ne!(forged, saved, "{name}");
        forge(&folder, "forged.json", &forged);
        let err = folder.fail(&["apply", "forged.json"]);
        assert!(err.contains(words), "{name}: {err}");
    }
    folder.succeed(&["apply", "plan.json"]);
}

/// The steps in the file are compared and not carried out: twice, or in another order, they are done once and in ours.
#[test]
fn steps_that_stand_there_twice_are_done_once() {
    let changes: [fn(&mut Vec<Value>); 2] =
        [|steps| steps.extend(steps.clone()), |steps| steps.reverse()];
    for change in changes {
        let folder = planned();
        let mut saved = contents(&folder, "plan.json");
        change(saved["plan"]["changes"].as_array_mut().unwrap());
        forge(&folder, "forged.json", &saved);
        folder.succeed(&["apply", "forged.json"]);
        let out = folder.succeed(&["plan", "--detailed-exitcode"]);
        assert!(out.contains("No changes"), "{out}");
    }
}

#[cfg(unix)]
#[test]
fn what_takes_the_place_of_a_plan_is_looked_at_first() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = planned();
    let pipe = folder.path("pipe.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    std::fs::create_dir(folder.path("folder.json")).unwrap();
    symlink(&pipe, folder.path("to-pipe.json")).unwrap();
    symlink("/dev/zero", folder.path("to-zero.json")).unwrap();
    symlink(folder.path("iamwatch.yaml"), folder.path("to-rules.json")).unwrap();
    symlink("nowhere", folder.path("to-nothing.json")).unwrap();
    for (name, words) in [
        ("pipe.json", "it is a named pipe and not a file"),
        ("to-pipe.json", "it is a named pipe and not a file"),
        ("folder.json", "it is a folder and not a file"),
        ("to-zero.json", "it is a device and not a file"),
        ("to-rules.json", "it is not a plan"),
        ("to-nothing.json", "No such file"),
    ] {
        let err = folder.fail(&["apply", name]);
        assert!(err.contains(words), "{name}: {err}");
    }
    // A new plan takes the place of none of these, and of a link without touching what it points at.
    for name in ["pipe.json", "folder.json", "to-zero.json", "to-rules.json"] {
        let err = folder.fail(&["plan", "--out", name]);
        assert!(err.contains("stays as it is"), "{name}: {err}");
    }
    let before = std::fs::read_to_string(folder.path("plan.json")).unwrap();
    symlink(folder.path("plan.json"), folder.path("to-plan.json")).unwrap();
    folder.succeed(&["plan", "--rule", "root/sign-in", "--out", "to-plan.json"]);
    let after = std::fs::read_to_string(folder.path("plan.json")).unwrap();
    assert_eq!(before, after);
    let link = std::fs::symlink_metadata(folder.path("to-plan.json")).unwrap();
    assert!(link.is_file());
    // Plans are handed on, so that a group may write one: it decides nothing that the command line does not.
    let group = std::fs::Permissions::from_mode(0o660);
    std::fs::set_permissions(folder.path("plan.json"), group).unwrap();
    folder.succeed(&["apply", "plan.json"]);
}

/// A stranger who can write the file cannot have anything deleted or taken over that was not agreed to, whichever of the
/// two plans his contents come from.
#[test]
fn an_order_of_somebody_elses_deletes_nothing() {
    let folder = planned();
    folder.succeed(&["apply", "plan.json"]);
    folder.rules(&RULES.replace("  - use: signin/failed\n", ""));
    folder.succeed(&["plan", "--out", "reviewed.json"]);
    folder.succeed(&["plan", "--prune", "--out", "pruning.json"]);
    let pruning = contents(&folder, "pruning.json");
    forge(&folder, "reviewed.json", &pruning);
    let err = folder.fail(&["apply", "reviewed.json"]);
    assert!(err.contains("add `--prune`"), "{err}");
    // That the order hides it makes it another plan.
    let mut hidden = pruning;
    hidden["order"]["wishes"]["prune"] = json!(false);
    forge(&folder, "reviewed.json", &hidden);
    let err = folder.fail(&["apply", "reviewed.json"]);
    assert!(err.contains("stale"), "{err}");
    let untouched = planned();
    std::fs::copy(folder.path("pruning.json"), untouched.path("pruning.json")).unwrap();
    let err = untouched.fail(&["apply", "pruning.json", "--prune"]);
    assert!(err.contains("was changed after the plan was made"), "{err}");
}
