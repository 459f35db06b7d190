//! Where nobody is asked: each account is read once, and changed as it is found.

use iamwatch::sandbox::{CallRecord, Fault, FaultKind, Outcome};

use super::kit::Kit;
use super::{MANAGEMENT, MEMBERS, RULES, id};

const APPLY: [&str; 2] = ["apply", "--auto-approve"];

/// Writes that took effect, those that take on a role aside.
fn writes(kit: &Kit) -> Vec<CallRecord> {
    let mut calls = kit.sandbox.calls();
    calls.retain(|call| {
        call.write && call.outcome == Outcome::Done && call.operation != "AssumeRole"
    });
    calls
}

#[test]
fn each_account_is_read_once_and_written_to_when_homes_bus_stands() {
    let kit = Kit::with(RULES, &MEMBERS);
    kit.sandbox.clear_calls();
    kit.succeed(&APPLY);
    let calls = kit.sandbox.calls();
    let count = |operation: &str| {
        let calls = calls.iter().filter(|call| call.operation == operation);
        calls.count()
    };
    assert_eq!(count("AssumeRole"), MEMBERS.len());
    assert_eq!(count("ListRoles"), MEMBERS.len() + 1);
    let writes = writes(&kit);
    let home = id(MANAGEMENT);
    let open = writes
        .iter()
        .position(|call| call.account == home && call.operation == "PutPermission");
    let first = writes.iter().position(|call| call.account != home);
    assert!(open.is_some() && open < first, "{writes:#?}");
}

#[test]
fn no_account_sends_to_a_bus_that_could_not_be_made() {
    let kit = Kit::with(RULES, &MEMBERS);
    let refused = FaultKind::Refuse {
        code: "AccessDeniedException".to_owned(),
        status: 400,
    };
    kit.sandbox
        .fault(Fault::on("events", "PutPermission", refused));
    kit.sandbox.clear_calls();
    let out = kit.fail(&APPLY);
    assert!(out.contains("failed not tried (4):"), "{out}");
    // To run it again alone would end the same way.
    assert!(
        out.contains("mend what failed in the home account"),
        "{out}"
    );
    assert!(!out.contains("    run the same command again"), "{out}");
    assert!(out.contains("4 to change"), "{out}");
    let home = id(MANAGEMENT);
    assert!(writes(&kit).iter().all(|call| call.account == home));
    kit.sandbox.clear_faults();
    kit.succeed(&APPLY);
    kit.sandbox.confirm(None).unwrap();
    kit.succeed(&["coverage"]);
}

#[test]
fn what_would_be_deleted_waits_until_all_accounts_are_known() {
    let kit = Kit::with(RULES, &MEMBERS);
    kit.succeed(&APPLY);
    // Much is deleted in one account, and another lacks something.
    kit.rules(&RULES.replace(
        "organization: {}",
        "organization: { exclude: { accounts: [\"222233334444\", \"555566667777\"] } }",
    ));
    kit.act("333344445555", "eu-west-1", async |config| {
        let events = aws_sdk_eventbridge::Client::new(&config);
        let disable = events.disable_rule().name("iamwatch-acme-forwarder_events");
        disable.send().await.unwrap();
    });
    kit.sandbox.clear_calls();
    let out = kit.fail(&["apply", "--auto-approve", "--prune"]);
    assert!(out.contains("give --prune-most"), "{out}");
    assert!(out.contains("Applied to 1 of 3 accounts"), "{out}");
    assert!(out.contains("failed not tried (2):"), "{out}");
    assert!(out.contains("nobody agreed to it"), "{out}");
    assert!(
        out.contains("if all of that is to go, give --prune-most"),
        "{out}"
    );
    assert!(!out.contains("run the same command again"), "{out}");
    let written: Vec<(String, String)> = writes(&kit)
        .into_iter()
        .map(|call| (call.account.to_string(), call.operation))
        .collect();
    let repaired = ("333344445555".to_owned(), "PutRule".to_owned());
    assert_eq!(written, [repaired]);
    kit.succeed(&["apply", "--auto-approve", "--prune", "--prune-most"]);
    let gone = ["222233334444", "555566667777"];
    for account in gone {
        assert_eq!(kit.end()[&id(account)], Vec::new(), "{account}");
    }
}

#[test]
fn a_slip_in_the_name_of_an_account_changes_nothing() {
    let kit = Kit::with(RULES, &MEMBERS);
    kit.sandbox.clear_calls();
    for flag in ["--account", "--exclude-account"] {
        let err = kit.fail(&["apply", "--auto-approve", flag, "999999999999"]);
        assert!(err.contains("has no account 999999999999"), "{err}");
    }
    assert_eq!(writes(&kit).len(), 0);
}

#[test]
fn in_json_the_plan_comes_before_what_was_done() {
    let kit = Kit::with(RULES, &MEMBERS[..1]);
    let out = kit.succeed(&["apply", "--auto-approve", "--json"]);
    let lines = out.lines().map(serde_json::from_str);
    let lines: Vec<serde_json::Value> = lines.map(Result::unwrap).collect();
    let plan = &lines[0]["accounts"]["outcomes"][0]["result"]["standing"];
    assert_eq!(plan["changes"].as_array().unwrap().len(), 9, "{plan:#}");
    assert_eq!(plan["done"], 0, "{plan:#}");
    assert_eq!(lines[1]["event"], "started");
    let done = &lines[lines.len() - 1]["outcomes"][0]["result"]["standing"];
    assert_eq!(done["done"], 9, "{done:#}");
}
