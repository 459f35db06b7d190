//! Files for their owner's eyes, and kept lists that are not believed blindly.

mod kept_lists;

use serde_json::{Value, json};

use super::{HOSTILE, assert_tame};
use crate::organization::kit::{Kit, Said};
use crate::organization::{MEMBERS, RULES};

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[test]
fn what_the_program_writes_is_for_its_owner_alone() {
    use crate::backtest::command::made;
    use crate::cli_deploy::Folder;
    use iamwatch::cloudtrail::Identity;
    let folder = Folder::with(crate::cli_deploy::RULES);
    folder.succeed(&["plan", "--out", "plan.json"]);
    let time = "2026-03-01T08:00:00Z";
    let record = made("iam:CreateUser", Identity::IamUser, "us-east-1", time);
    std::fs::write(folder.path("logs.jsonl"), record.to_string()).unwrap();
    // What is there already is replaced, whoever could read it before.
    std::fs::write(folder.path("page.html"), "old").unwrap();
    folder.succeed(&["backtest", "--html", "page.html", "logs.jsonl"]);
    for name in ["plan.json", "page.html", ".iamwatch-sandbox.json"] {
        assert_eq!(mode(&folder.path(name)), 0o600, "{name}");
    }
    let kit = Kit::with(RULES, &MEMBERS);
    kit.succeed(&["plan", "--accounts-cache", &kit.path("accounts.json")]);
    assert_eq!(mode(kit.path("accounts.json").as_ref()), 0o600);
}

/// An organization in which one account has lost its forwarder.
fn broken() -> Kit {
    let kit = Kit::with(RULES, &MEMBERS);
    kit.succeed(&["apply", "--auto-approve"]);
    kit.act("444455556666", "us-east-1", async |config| {
        let events = aws_sdk_eventbridge::Client::new(&config);
        let rules = events
            .list_rules()
            .name_prefix("iamwatch-acme-forwarder")
            .send();
        for rule in rules.await.unwrap().rules() {
            let disable = events.disable_rule().name(rule.name().unwrap());
            disable.send().await.unwrap();
        }
    });
    kit
}

fn change(kit: &Kit, change: impl FnOnce(&mut Value)) {
    let path = kit.path("accounts.json");
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut kept);
    // In place, so that its mode stays.
    std::fs::write(&path, kept.to_string()).unwrap();
}

fn without_the_broken_one(kept: &mut Value) {
    let accounts = kept["accounts"].as_array_mut().unwrap();
    accounts.retain(|account| account["account"] != "444455556666");
}

fn uncovered(said: &Said) -> bool {
    said.code == 2 && said.out.contains("444455556666")
}

#[test]
fn a_poisoned_list_cannot_make_coverage_say_covered() {
    let kit = broken();
    let path = kit.path("accounts.json");
    let coverage = ["coverage", "--accounts-cache", &path];
    let said = kit.run(&coverage);
    assert!(uncovered(&said), "{said:?}");
    change(&kit, without_the_broken_one);
    for args in [
        &coverage[..],
        &["coverage", "--accounts-cache", &path, "--json"],
    ] {
        let said = kit.run(args);
        assert!(uncovered(&said), "{said:?}");
    }
    // What was listed anew takes its place.
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept.contains("444455556666"), "{kept}");
    change(&kit, |kept| kept["accounts"] = json!([]));
    assert!(uncovered(&kit.run(&coverage)));
}

#[test]
fn a_list_that_somebody_wrote_is_said_to_be_the_list() {
    let kit = broken();
    kit.write("accounts.txt", "111122223333\n222233334444\n");
    let path = kit.path("accounts.txt");
    let said = kit.run(&["coverage", "--accounts-file", &path]);
    assert!(
        said.out.contains("only the accounts that") && said.out.contains("accounts.txt"),
        "{said:?}"
    );
    let document = kit.json(&["coverage", "--accounts-file", &path]);
    assert_eq!(document["accounts_file"], json!(path));
    assert_eq!(kit.json(&["coverage"])["accounts_file"], Value::Null);
}

/// A plan with a list that was kept: the organization must be asked, and the note says why.
#[track_caller]
fn refused(kit: &Kit, why: &str) {
    let listings = |kit: &Kit| {
        let calls = kit.sandbox.calls();
        calls
            .iter()
            .filter(|call| call.operation == "ListAccounts")
            .count()
    };
    let before = listings(kit);
    let said = kit.run(&["plan", "--accounts-cache", &kit.path("accounts.json")]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.err.contains("is not used") && said.err.contains(why),
        "{why}: {said:?}"
    );
    assert!(said.out.contains("4 other accounts"), "{said:?}");
    assert!(listings(kit) > before, "{why}");
    assert_tame(why, &format!("{}{}", said.out, said.err));
}

#[test]
fn a_list_that_does_not_fit_is_not_believed() {
    let kit = Kit::with(RULES, &MEMBERS);
    let path = kit.path("accounts.json");
    kit.succeed(&["plan", "--accounts-cache", &path]);
    let other = format!("o-{HOSTILE}");
    change(&kit, |kept| kept["organization"] = json!(other));
    refused(&kit, "it lists the organization");
    change(&kit, |kept| {
        kept["accounts"]
            .as_array_mut()
            .unwrap()
            .retain(|one| one["account"] != "111122223333")
    });
    refused(&kit, "account 111122223333 is not in it");
    change(&kit, |kept| {
        let accounts = kept["accounts"].as_array_mut().unwrap();
        accounts.push(accounts[1].clone());
    });
    refused(&kit, "is in it twice");
    change(&kit, |kept| kept["listed_at"] = json!(i64::MAX));
    refused(&kit, "in the future");
    change(&kit, |kept| kept["format_version"] = json!(7));
    refused(&kit, "format 7");
    std::fs::write(kit.path("accounts.json"), format!("no JSON {HOSTILE}")).unwrap();
    refused(&kit, "no list that iamwatch has kept");
    // An account that is asked for and that it does not know may have joined since.
    change(&kit, without_the_broken_one);
    let said = kit.run(&[
        "plan",
        "--accounts-cache",
        &path,
        "--account",
        "444455556666",
    ]);
    assert!(
        said.code == 0 && said.err.contains("account 444455556666 is not in it"),
        "{said:?}"
    );
}

#[cfg(unix)]
#[test]
fn a_list_that_others_could_have_written_is_not_believed() {
    use std::os::unix::fs::PermissionsExt;
    let kit = Kit::with(RULES, &MEMBERS);
    let path = kit.path("accounts.json");
    kit.succeed(&["plan", "--accounts-cache", &path]);
    for (mode, shown) in [(0o666, "666"), (0o620, "620"), (0o644, "644")] {
        change(&kit, without_the_broken_one);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        refused(&kit, shown);
        // It was made anew, and serves again.
        let said = kit.run(&["plan", "--accounts-cache", &path]);
        assert!(
            said.err.contains("5 accounts as they were listed"),
            "{said:?}"
        );
    }
    // A folder, and a pipe that would be waited for, hold no list.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let said = kit.run(&["plan", "--accounts-cache", &path]);
    assert!(
        said.code == 0 && said.err.contains("no regular file"),
        "{said:?}"
    );
}

#[test]
fn names_in_a_kept_list_are_text() {
    let kit = Kit::with(RULES, &MEMBERS);
    let path = kit.path("accounts.json");
    kit.succeed(&["plan", "--accounts-cache", &path]);
    change(&kit, |kept| {
        for account in kept["accounts"].as_array_mut().unwrap() {
            account["name"] = json!(HOSTILE);
        }
        let accounts = kept["accounts"].as_array_mut().unwrap();
        let mut stranger = accounts[1].clone();
        stranger["account"] = json!("999988887777");
        stranger["state"] = json!({ "other": HOSTILE });
        accounts.push(stranger);
    });
    for more in [&[][..], &["--json"]] {
        let args: Vec<&str> = ["plan", "--accounts-cache", &path]
            .iter()
            .chain(more)
            .copied()
            .collect();
        let said = kit.run(&args);
        assert!(
            said.err.contains("6 accounts as they were listed"),
            "{said:?}"
        );
        assert_tame("plan", &format!("{}{}", said.out, said.err));
        assert!(said.out.contains("EVIL"), "{said:?}");
    }
}
