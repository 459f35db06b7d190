//! Kept lists of accounts that a second person could have written, in more ways: none is believed, the note says why, and
//! nothing is changed by it.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use serde_json::json;

use super::{broken, change, mode, refused, uncovered, without_the_broken_one};
use crate::organization::kit::Kit;
use crate::organization::{MEMBERS, RULES};

fn kept() -> (Kit, String) {
    let kit = Kit::with(RULES, &MEMBERS);
    let path = kit.path("accounts.json");
    kit.succeed(&["plan", "--accounts-cache", &path]);
    (kit, path)
}

#[test]
fn a_list_that_was_cut_off_or_is_none_at_all_is_not_believed() {
    let (kit, path) = kept();
    let before = kit.end();
    let whole = fs::read(&path).unwrap();
    for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
        // In place, so that its mode stays.
        fs::write(&path, &whole[..cut]).unwrap();
        refused(&kit, "no list that iamwatch has kept");
    }
    fs::write(&path, "[".repeat(100_000)).unwrap();
    refused(&kit, "no list that iamwatch has kept");
    for (field, value) in [
        ("listed_at", json!("now")),
        ("accounts", json!(null)),
        ("accounts", json!([{ "account": "4444" }])),
        ("organization", json!(["o-abcdefghij"])),
    ] {
        change(&kit, |kept| kept[field] = value);
        refused(&kit, "no list that iamwatch has kept");
    }
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(65 * 1024 * 1024).unwrap();
    refused(&kit, "it has more than");
    assert!(kit.end() == before, "a list changed something");
}

#[test]
fn a_list_behind_a_link_is_believed_as_little_as_what_it_points_at() {
    let (kit, path) = kept();
    let theirs = kit.path("theirs.json");
    change(&kit, without_the_broken_one);
    for others in [0o666, 0o660, 0o604] {
        fs::copy(&path, &theirs).unwrap();
        fs::set_permissions(&theirs, Permissions::from_mode(others)).unwrap();
        let before = fs::read(&theirs).unwrap();
        fs::remove_file(&path).unwrap();
        symlink(&theirs, &path).unwrap();
        refused(&kit, &format!("its mode is {others:o}"));
        // A list of ours has taken the place of the link, and what it pointed at stays as it is.
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        assert_eq!(mode(path.as_ref()), 0o600);
        assert_eq!(fs::read(&theirs).unwrap(), before);
    }
    // To what is no file, and to nothing.
    let pipe = kit.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for target in [pipe.as_str(), "/dev/zero"] {
        fs::remove_file(&path).unwrap();
        symlink(target, &path).unwrap();
        refused(&kit, "no regular file");
    }
    fs::remove_file(&path).unwrap();
    symlink(kit.path("nowhere"), &path).unwrap();
    kit.succeed(&["plan", "--accounts-cache", &path]);
    assert!(!fs::exists(kit.path("nowhere")).unwrap());
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
}

/// Only root can give a file away.
#[test]
fn a_list_of_another_user_is_not_believed() {
    let (kit, path) = kept();
    change(&kit, without_the_broken_one);
    if chown(&path, Some(65_534), Some(65_534)).is_err() {
        eprintln!("skipped: only root can give a file away");
        return;
    }
    refused(&kit, "it belongs to another user");
}

/// Whatever stands under the name: what is judged is the organization.
#[test]
fn coverage_believes_no_list_at_all() {
    let kit = broken();
    let path = kit.path("accounts.json");
    let coverage = ["coverage", "--accounts-cache", &path];
    assert!(uncovered(&kit.run(&coverage)));
    let poison = |why: &str, poisoned: &dyn Fn()| {
        change(&kit, without_the_broken_one);
        poisoned();
        let said = kit.run(&coverage);
        assert!(uncovered(&said), "{why}: {said:?}");
    };
    poison("good but for an account", &|| {});
    poison("of tomorrow", &|| {
        change(&kit, |kept| {
            let listed = kept["listed_at"].as_i64().unwrap();
            kept["listed_at"] = json!(listed + 86_400);
        });
    });
    poison("of another organization", &|| {
        change(&kit, |kept| kept["organization"] = json!("o-zzzzzzzzzz"));
    });
    poison("of others", &|| {
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    });
    poison("behind a link", &|| {
        let theirs = kit.path("theirs.json");
        fs::rename(&path, &theirs).unwrap();
        symlink(theirs, &path).unwrap();
    });
    poison("cut off", &|| fs::write(&path, "{").unwrap());
    let kept = fs::read_to_string(&path).unwrap();
    assert!(kept.contains("444455556666"), "{kept}");
}
