//! What goes wrong in organizations: the one account is named, the others end as they should.

use iamwatch::engine::InProcessAws;
use iamwatch::sandbox::{Fault, FaultKind};

use super::kit::{Kit, empty_role};
use super::{MANAGEMENT, MEMBERS, RULES, id};

#[test]
fn an_account_without_the_role_is_named_and_the_others_are_covered() {
    let kit = Kit::with(RULES, &MEMBERS);
    without_role(&kit, "444455556666");
    let out = kit.fail(&["apply", "--auto-approve"]);
    assert!(out.contains("444455556666 (shop): sts:AssumeRole"), "{out}");
    assert!(out.contains("permissions --for member"), "{out}");
    assert!(out.contains("Applied to 3 of 4 accounts"), "{out}");
    let out = uncovered(&kit);
    assert!(out.contains("4 of 5 accounts"), "{out}");
    assert!(out.contains("role cannot be taken on"), "{out}");
}

#[test]
fn a_policy_that_denies_rules_in_one_account_stops_that_account_alone() {
    let kit = Kit::with(RULES, &MEMBERS);
    {
        let organization = kit.organization();
        let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"events:PutRule","Resource":"*"}]}"#;
        organization.attach_policy("333344445555", deny).unwrap();
    }
    let out = kit.fail(&["apply", "--auto-approve"]);
    assert!(
        out.contains("333344445555 (payments): events:PutRule"),
        "{out}"
    );
    assert!(out.contains("service control policy"), "{out}");
    assert!(out.contains("Applied to 3 of 4 accounts"), "{out}");
    let out = uncovered(&kit);
    assert!(out.contains("4 of 5 accounts"), "{out}");
    // The account is as a plain run makes it, once the policy is gone.
    kit.organization()
        .set_policies("333344445555", &[])
        .unwrap();
    kit.succeed(&["apply", "--auto-approve"]);
    kit.sandbox.confirm(None).unwrap();
    kit.succeed(&["coverage"]);
}

#[test]
fn accounts_that_are_closed_or_excluded_are_left_out_by_name() {
    let rules = RULES.replace(
        "organization: {}",
        "organization: { exclude: { accounts: [\"555566667777\"] } }",
    );
    let kit = Kit::with(&rules, &MEMBERS);
    kit.organization().suspend(&id("444455556666")).unwrap();
    let out = kit.succeed(&["plan"]);
    assert!(
        out.contains("suspended or closed: 444455556666 (shop)"),
        "{out}"
    );
    assert!(out.contains("under `exclude`: 555566667777 (lab)"), "{out}");
    kit.succeed(&["apply", "--auto-approve"]);
    kit.sandbox.confirm(None).unwrap();
    let out = kit.succeed(&["coverage"]);
    assert!(out.contains("3 of 3 accounts"), "{out}");
}

#[test]
fn a_unit_includes_what_is_below_it_and_a_slip_is_asked_about() {
    let kit = Kit::with(RULES, &MEMBERS);
    let organization = kit.organization();
    let root = organization.root();
    let unit = organization.create_unit(&root, "outer").unwrap();
    let inner = organization.create_unit(&unit, "inner").unwrap();
    organization
        .move_account(&id("555566667777"), &inner)
        .unwrap();
    let including = |unit: &str| {
        RULES.replace(
            "organization: {}",
            &format!("organization: {{ include: {{ ous: [{unit}] }} }}"),
        )
    };
    kit.rules(&including(&unit));
    let out = kit.succeed(&["plan"]);
    assert!(out.contains("Plan for 1 other account "), "{out}");
    let mut slip = unit.clone();
    let last = if slip.ends_with('0') { '1' } else { '0' };
    slip.pop();
    slip.push(last);
    kit.rules(&including(&slip));
    let err = kit.fail(&["plan"]);
    assert!(err.contains(&format!("has no unit `{slip}`")), "{err}");
    assert!(err.contains(&format!("did you mean `{unit}`")), "{err}");
}

#[test]
fn a_file_of_accounts_takes_the_place_of_listing() {
    let kit = Kit::with(RULES, &MEMBERS);
    let path = kit.path("accounts.txt");
    let plan = ["plan", "--accounts-file", &path];
    kit.write(
        "accounts.txt",
        "\u{feff}Account ID,Name\n222233334444,security\n333344445555\n",
    );
    let out = kit.succeed(&plan);
    assert!(out.contains("Plan for 2 other accounts"), "{out}");
    // Known beforehand, they are entered while home is looked at: each once, and nobody who is left out.
    let entered = |plan: &[&str]| {
        let before = kit.sandbox.calls().len();
        kit.succeed(plan);
        let calls = kit.sandbox.calls().split_off(before);
        let entered = calls.iter().filter(|call| call.operation == "AssumeRole");
        entered.count()
    };
    assert_eq!(entered(&plan), 2);
    assert_eq!(
        entered(&[&plan[..], &["--exclude-account", "333344445555"]].concat()),
        1
    );
    kit.write(
        "accounts.txt",
        "222233334444\n22223333444\n222233334444\nshop\n",
    );
    let err = kit.fail(&plan);
    for slip in [
        "line 2: `22223333444` has 11 digits and not 12",
        "line 3: account 222233334444 stands in line 1 already",
        "line 4: `shop` is not an account id",
    ] {
        assert!(err.contains(slip), "{err}");
    }
}

#[test]
fn a_kept_list_of_accounts_serves_until_it_is_old() {
    let kit = Kit::with(RULES, &MEMBERS);
    let path = kit.path("accounts.json");
    let plan = ["plan", "--accounts-cache", &path];
    let listings = |kit: &Kit| {
        let calls = kit.sandbox.calls();
        let listed = calls.iter().filter(|call| call.operation == "ListAccounts");
        listed.count()
    };
    let out = kit.succeed(&plan);
    assert!(out.contains("Plan for 4 other accounts"), "{out}");
    let once = listings(&kit);
    assert!(once > 0);
    let said = kit.run(&plan);
    assert!(
        said.out.contains("Plan for 4 other accounts"),
        "{}",
        said.out
    );
    assert!(
        said.err.contains("5 accounts as they were listed"),
        "{}",
        said.err
    );
    assert_eq!(listings(&kit), once);

    let mut kept: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let then = kept["listed_at"].as_i64().unwrap();
    kept["listed_at"] = (then - 61 * 60).into();
    kit.write("accounts.json", &kept.to_string());
    kit.succeed(&plan);
    assert!(listings(&kit) > once, "an old list is made anew");
}

#[test]
fn whoever_is_in_no_organization_is_told_so() {
    let folder = crate::cli_deploy::Folder::with(RULES);
    let (code, _, err) = folder.run(&["plan"]);
    assert_eq!(code, 1);
    assert!(err.contains("is in no organization"), "{err}");
    assert!(err.contains("remove `watch.organization`"), "{err}");
}

#[test]
fn an_account_that_is_broken_by_hand_is_named_with_the_region() {
    let kit = Kit::with(RULES, &MEMBERS);
    kit.succeed(&["apply", "--auto-approve"]);
    kit.act("333344445555", "eu-west-1", async |config| {
        let events = aws_sdk_eventbridge::Client::new(&config);
        let disable = events.disable_rule().name("iamwatch-acme-forwarder_events");
        disable.send().await.unwrap();
    });
    let out = uncovered(&kit);
    assert!(out.contains("333344445555 (payments) eu-west-1"), "{out}");
    assert!(out.contains("unheard: key-disabled\n"), "{out}");
    let out = kit.fail(&["test-event", "--all-accounts"]);
    assert!(out.contains("14 of 15 ways home good"), "{out}");
    kit.succeed(&["apply", "--auto-approve"]);
    kit.sandbox.confirm(None).unwrap();
    kit.succeed(&["coverage"]);
}

#[test]
fn what_is_broken_on_homes_own_way_is_named_with_what_mends_it() {
    let kit = Kit::with(RULES, &MEMBERS);
    kit.succeed(&["apply", "--auto-approve"]);
    kit.act(MANAGEMENT, "eu-west-1", async |config| {
        let events = aws_sdk_eventbridge::Client::new(&config);
        let disable = events.disable_rule().name("iamwatch-acme-forwarder_events");
        disable.send().await.unwrap();
    });
    let out = kit.fail(&["test-event", "--all-accounts"]);
    let said = "failed home eu-west-1: nothing was sent: rule iamwatch-acme-forwarder_events in eu-west-1: it is disabled\n    run `iamwatch apply`\n";
    assert!(out.contains(said), "{out}");
}

#[test]
fn an_account_that_is_no_longer_watched_is_destroyed_with_the_rest() {
    let kit = Kit::with(RULES, &MEMBERS);
    kit.succeed(&["apply", "--auto-approve"]);
    kit.rules(&RULES.replace(
        "organization: {}",
        "organization: { exclude: { accounts: [\"555566667777\"] } }",
    ));
    let out = kit.succeed(&["destroy", "--auto-approve"]);
    assert!(out.contains("Applied to 4 of 4 accounts"), "{out}");
}

#[test]
fn an_account_that_is_not_in_the_organization_is_a_slip() {
    let kit = Kit::with(RULES, &MEMBERS);
    for command in ["plan", "coverage"] {
        let err = kit.fail(&[command, "--account", "999999999999"]);
        assert!(err.contains("has no account 999999999999"), "{err}");
    }
}

/// The role of members is gone in an account.
fn without_role(kit: &Kit, account: &str) {
    kit.act(account, "us-east-1", async |config| {
        empty_role(&config).await;
        let iam = aws_sdk_iam::Client::new(&config);
        let request = iam.delete_role().role_name("OrganizationAccountAccessRole");
        request.send().await.unwrap();
    });
}

/// What `coverage` says of an organization that has a hole.
fn uncovered(kit: &Kit) -> String {
    kit.sandbox.confirm(None).unwrap();
    let said = kit.run(&["coverage"]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    said.out
}

#[test]
fn half_of_the_members_that_deny_us_are_told_together() {
    let kit = Kit::with(RULES, &MEMBERS);
    for account in ["333344445555", "555566667777"] {
        without_role(&kit, account);
    }
    let out = kit.fail(&["apply", "--auto-approve"]);
    assert!(out.contains("failed to enter (2):"), "{out}");
    assert!(
        out.contains("333344445555 (payments): sts:AssumeRole"),
        "{out}"
    );
    assert!(out.contains("555566667777 (lab): sts:AssumeRole"), "{out}");
    assert!(out.contains("Applied to 2 of 4 accounts"), "{out}");
}

#[test]
fn whoever_may_not_list_the_organization_is_told_where_to_run() {
    let kit = Kit::with(RULES, &MEMBERS);
    let within = InProcessAws {
        caller: kit.sandbox.admin_in(&id("222233334444")),
        sandbox: kit.sandbox.clone(),
    };
    let said = kit.run_as(&["plan"], within);
    assert_eq!(said.code, 1, "{}", said.out);
    let wanted = "222233334444 is neither the management account (111122223333) nor a delegated administrator";
    assert!(said.err.contains(wanted), "{}", said.err);
    assert!(said.err.contains("--accounts-file"), "{}", said.err);
}

#[test]
fn a_delegated_administrator_covers_the_members_that_trust_it() {
    let rules = RULES
        .replace("trail: existing-or-create", "trail: none")
        .replace(
            "organization: {}",
            "organization: { exclude: { accounts: [\"111122223333\"] } }",
        );
    let kit = Kit::with(&rules, &MEMBERS);
    let delegate = "222233334444";
    kit.organization()
        .delegate(&id(delegate), "cloudtrail.amazonaws.com")
        .unwrap();
    for (account, _) in &MEMBERS[1..] {
        kit.act(account, "us-east-1", async |config| {
            let iam = aws_sdk_iam::Client::new(&config);
            let trust = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow",
                "Principal": { "AWS": format!("arn:aws:iam::{delegate}:root") },
                "Action": "sts:AssumeRole",
            }] });
            let request = iam.update_assume_role_policy();
            let request = request.role_name("OrganizationAccountAccessRole");
            let request = request.policy_document(trust.to_string());
            request.send().await.unwrap();
        });
    }
    let run = |args: &[&str]| {
        let within = InProcessAws {
            caller: kit.sandbox.admin_in(&id(delegate)),
            sandbox: kit.sandbox.clone(),
        };
        kit.run_as(args, within)
    };
    let said = run(&["apply", "--auto-approve"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(
        said.out.contains("Applied to 3 of 3 accounts"),
        "{}",
        said.out
    );
    let left = "under `exclude`: 111122223333 (management) (nobody could look";
    assert!(said.out.contains(left), "{}", said.out);
    let said = run(&["plan", "--detailed-exitcode"]);
    assert!(
        said.out.contains("No changes: 3 other accounts"),
        "{}",
        said.out
    );
}

#[test]
fn trusted_access_that_is_off_is_named_before_the_first_write() {
    let kit = Kit::with(RULES, &MEMBERS);
    let organization = kit.organization();
    organization.distrust("cloudtrail.amazonaws.com").unwrap();
    kit.sandbox.clear_calls();
    let err = kit.fail(&["apply", "--auto-approve"]);
    assert!(err.contains("no trusted access"), "{err}");
    assert!(err.contains("enable-aws-service-access"), "{err}");
    let calls = kit.sandbox.calls();
    let writes = calls.iter().filter(|call| call.write);
    assert_eq!(writes.count(), 0, "{calls:#?}");
    organization.trust("cloudtrail.amazonaws.com").unwrap();
    kit.succeed(&["apply", "--auto-approve"]);
}

#[test]
fn a_home_that_the_organization_does_not_have_is_a_slip() {
    let with = |account: &str| {
        RULES.replace(
            "home: { region: eu-central-1 }",
            &format!("home: {{ region: eu-central-1, account: \"{account}\" }}"),
        )
    };
    let kit = Kit::with(&with("222233334445"), &MEMBERS);
    let err = kit.fail(&["plan"]);
    assert!(err.contains("has no account 222233334445"), "{err}");
    assert!(
        err.contains("did you mean 222233334444 (security)?"),
        "{err}"
    );
    kit.rules(&with("222233334444"));
    kit.organization().suspend(&id("222233334444")).unwrap();
    let err = kit.fail(&["plan"]);
    assert!(err.contains("(security) is not active: suspended"), "{err}");
}

#[test]
fn a_home_outside_of_the_filter_is_watched_and_said() {
    let rules = RULES.replace(
        "organization: {}",
        "organization: { exclude: { accounts: [\"111122223333\"] } }",
    );
    let out = Kit::with(&rules, &MEMBERS).succeed(&["plan"]);
    let note = "the home account would be left out, under `exclude`: it is watched all the same";
    assert!(out.contains(note), "{out}");
}

#[test]
fn a_bus_policy_without_room_is_named_and_nothing_of_others_goes() {
    let kit = Kit::with(RULES, &MEMBERS[..1]);
    kit.succeed(&["apply", "--auto-approve"]);
    let ours = kit.bus_policy(MANAGEMENT);
    let statement = |n: usize| {
        serde_json::json!({
            "Sid": format!("Somebody{n:03}"),
            "Effect": "Allow",
            "Principal": { "AWS": "arn:aws:iam::222233334444:root" },
            "Action": "events:PutEvents",
            "Resource": ours["Statement"][0]["Resource"],
        })
    };
    let of = |count: usize| {
        let statements: Vec<serde_json::Value> = (0..count).map(statement).collect();
        serde_json::json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
    };
    // As many as fit without ours.
    let count = (1..).take_while(|count| of(*count).len() <= 10_240).last();
    let count = count.unwrap();
    let policy = of(count);
    kit.act(MANAGEMENT, "eu-central-1", async |config| {
        let events = aws_sdk_eventbridge::Client::new(&config);
        let request = events.put_permission().event_bus_name("iamwatch-acme");
        request.policy(&policy).send().await.unwrap();
    });
    let out = kit.fail(&["apply", "--auto-approve"]);
    assert!(out.contains("10240"), "{out}");
    let stays = kit.bus_policy(MANAGEMENT);
    assert_eq!(stays["Statement"].as_array().unwrap().len(), count);
}

fn denied(service: &str, operation: &str) -> Fault {
    let kind = FaultKind::Refuse {
        code: "AccessDeniedException".to_owned(),
        status: 400,
    };
    Fault {
        times: usize::MAX,
        ..Fault::on(service, operation, kind)
    }
}

#[test]
fn an_account_that_hides_its_regions_listens_where_aws_does_by_itself() {
    let rules = RULES.replace(
        "regions: [us-east-1, eu-central-1, eu-west-1]",
        "regions: all",
    );
    let kit = Kit::with(&rules, &MEMBERS[..2]);
    let account = id("333344445555");
    let refused = denied("account", "ListRegions").in_account(&account);
    kit.sandbox.fault(refused);
    let out = kit.succeed(&["plan"]);
    let warning = "enables by itself are taken: 333344445555 (payments)";
    assert!(out.contains(warning), "{out}");
    assert!(out.contains("let the role call ListRegions"), "{out}");
    let plan = kit.json(&["plan"]);
    let outcomes = plan["accounts"]["outcomes"].as_array().unwrap();
    let hidden = outcomes
        .iter()
        .find(|o| o["member"]["account"] == account.as_str());
    let listening = &hidden.unwrap()["result"]["standing"]["listening"];
    assert_eq!(listening.as_array().unwrap().len(), 17, "{listening:#}");
    let out = uncovered(&kit);
    assert!(out.contains("whose Regions are not known"), "{out}");
}

#[test]
fn tags_are_asked_for_where_they_decide_and_one_refusal_stops_one_account() {
    let rules = RULES.replace(
        "organization: {}",
        "organization: { include: { tags: { env: prod }, accounts: [\"222233334444\"] } }",
    );
    let kit = Kit::with(&rules, &MEMBERS);
    kit.organization()
        .tag("333344445555", "env", "prod")
        .unwrap();
    kit.organization().suspend(&id("555566667777")).unwrap();
    kit.sandbox.clear_calls();
    let out = kit.succeed(&["plan"]);
    assert!(out.contains("Plan for 2 other accounts"), "{out}");
    assert!(
        out.contains("not under `include`: 444455556666 (shop)"),
        "{out}"
    );
    let calls = kit.sandbox.calls();
    let asked = calls.iter().filter(|call| call.service == "organizations");
    let asked = asked.filter(|call| call.operation == "ListTagsForResource");
    // Home, payments and shop: neither what is named by its id, nor what is suspended.
    assert_eq!(asked.count(), 3);

    let mut refused = denied("organizations", "ListTagsForResource");
    refused.times = 1;
    refused.after = 1;
    kit.sandbox.fault(refused);
    let out = kit.fail(&["plan"]);
    assert_eq!(
        out.matches("organizations:ListTagsForResource").count(),
        2,
        "{out}"
    );
    assert!(out.contains("other accounts"), "{out}");
}
