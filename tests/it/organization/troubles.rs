//! What goes wrong in organizations: the one account is named, the others end as they should.

use super::{Folder, RULES, id};

fn in_member(folder: &Folder, account: &str, act: impl AsyncFnOnce(aws_types::SdkConfig)) {
    folder.meanwhile(|sandbox, _| {
        let region = "us-east-1".parse().unwrap();
        let config = sandbox.sdk_config(&region, sandbox.admin_in(&id(account)));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(act(config));
    });
}

#[test]
fn an_account_without_the_role_is_named_and_the_others_are_covered() {
    let folder = Folder::with(RULES);
    in_member(&folder, "444455556666", async |config| {
        let iam = aws_sdk_iam::Client::new(&config);
        let role = "OrganizationAccountAccessRole";
        let listed = iam
            .list_role_policies()
            .role_name(role)
            .send()
            .await
            .unwrap();
        for policy in listed.policy_names() {
            let request = iam.delete_role_policy().role_name(role);
            request.policy_name(policy).send().await.unwrap();
        }
        let attached = iam.list_attached_role_policies().role_name(role);
        for policy in attached.send().await.unwrap().attached_policies() {
            let request = iam.detach_role_policy().role_name(role);
            let request = request.policy_arn(policy.policy_arn().unwrap());
            request.send().await.unwrap();
        }
        iam.delete_role().role_name(role).send().await.unwrap();
    });
    let (code, out, err) = folder.run(&["apply", "--auto-approve"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("444455556666 (shop): sts:AssumeRole"), "{out}");
    assert!(out.contains("permissions --for member"), "{out}");
    assert!(out.contains("Applied to 3 of 4 accounts"), "{out}");
    let (code, out, _) = folder.run(&["coverage"]);
    assert_eq!(code, 2);
    assert!(out.contains("4 of 5 accounts"), "{out}");
    assert!(out.contains("role cannot be taken on"), "{out}");
}

#[test]
fn a_policy_that_denies_rules_in_one_account_stops_that_account_alone() {
    let folder = Folder::with(RULES);
    folder.meanwhile(|_, organization| {
        let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"events:PutRule","Resource":"*"}]}"#;
        organization.attach_policy("333344445555", deny).unwrap();
    });
    let (code, out, err) = folder.run(&["apply", "--auto-approve"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(
        out.contains("333344445555 (payments): events:PutRule"),
        "{out}"
    );
    assert!(out.contains("service control policy"), "{out}");
    assert!(out.contains("Applied to 3 of 4 accounts"), "{out}");
    let (code, out, _) = folder.run(&["coverage"]);
    assert_eq!(code, 2);
    assert!(out.contains("4 of 5 accounts"), "{out}");
    // The account is as a plain run makes it, once the policy is gone.
    folder.meanwhile(|_, organization| {
        organization.set_policies("333344445555", &[]).unwrap();
    });
    folder.succeed(&["apply", "--auto-approve"]);
    folder.succeed(&["coverage"]);
}

#[test]
fn accounts_that_are_closed_or_excluded_are_left_out_by_name() {
    let rules = RULES.replace(
        "organization: {}",
        "organization: { exclude: { accounts: [\"555566667777\"] } }",
    );
    let folder = Folder::with(&rules);
    folder.meanwhile(|_, organization| organization.suspend(&id("444455556666")).unwrap());
    let out = folder.succeed(&["plan"]);
    assert!(
        out.contains("suspended or closed: 444455556666 (shop)"),
        "{out}"
    );
    assert!(out.contains("under `exclude`: 555566667777 (lab)"), "{out}");
    folder.succeed(&["apply", "--auto-approve"]);
    let out = folder.succeed(&["coverage"]);
    assert!(out.contains("3 of 3 accounts"), "{out}");
}

#[test]
fn a_unit_includes_what_is_below_it_and_a_slip_is_asked_about() {
    let folder = Folder::with(RULES);
    let unit = folder.meanwhile(|_, organization| {
        let root = organization.root();
        let outer = organization.create_unit(&root, "outer").unwrap();
        let inner = organization.create_unit(&outer, "inner").unwrap();
        organization
            .move_account(&id("555566667777"), &inner)
            .unwrap();
        outer
    });
    let including = |unit: &str| {
        RULES.replace(
            "organization: {}",
            &format!("organization: {{ include: {{ ous: [{unit}] }} }}"),
        )
    };
    folder.rules(&including(&unit));
    let out = folder.succeed(&["plan"]);
    assert!(out.contains("Plan for 1 other account "), "{out}");
    let mut slip = unit.clone();
    let last = if slip.ends_with('0') { '1' } else { '0' };
    slip.pop();
    slip.push(last);
    folder.rules(&including(&slip));
    let (code, _, err) = folder.run(&["plan"]);
    assert_eq!(code, 1);
    assert!(err.contains(&format!("has no unit `{slip}`")), "{err}");
    assert!(err.contains(&format!("did you mean `{unit}`")), "{err}");
}

#[test]
fn a_file_of_accounts_takes_the_place_of_listing() {
    let folder = Folder::with(RULES);
    folder.write("accounts.txt", "222233334444 security\n333344445555\n");
    let out = folder.succeed(&["plan", "--accounts-file", "accounts.txt"]);
    assert!(out.contains("Plan for 2 other accounts"), "{out}");
    folder.write("accounts.txt", "222233334444\n22223333444\n222233334444\n");
    let (code, _, err) = folder.run(&["plan", "--accounts-file", "accounts.txt"]);
    assert_eq!(code, 1);
    assert!(err.contains("line 2") && err.contains("line 3"), "{err}");
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
    let folder = Folder::with(RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.meanwhile(|sandbox, _| {
        let region = "eu-west-1".parse().unwrap();
        let admin = sandbox.admin_in(&id("333344445555"));
        let events = aws_sdk_eventbridge::Client::new(&sandbox.sdk_config(&region, admin));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let disable = events.disable_rule().name("iamwatch-acme-forwarder_events");
            disable.send().await.unwrap();
        });
    });
    let (code, out, _) = folder.run(&["coverage"]);
    assert_eq!(code, 2);
    assert!(out.contains("333344445555 (payments) eu-west-1"), "{out}");
    assert!(out.contains("unheard: key-disabled\n"), "{out}");
    let (code, out, _) = folder.run(&["test-event", "--all-accounts"]);
    assert_eq!(code, 1);
    assert!(out.contains("14 of 15 ways home good"), "{out}");
    folder.succeed(&["apply", "--auto-approve"]);
    folder.succeed(&["coverage"]);
}

#[test]
fn the_printed_role_is_enough_in_members_and_not_more_than_it_says() {
    let folder = Folder::with(RULES);
    let caller = folder.meanwhile(|sandbox, _| {
        let config = sandbox.sdk_config(&sandbox.region(), sandbox.admin());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let cloud = runtime.block_on(iamwatch::aws::Cloud::with_config(config));
        cloud.unwrap().caller
    });
    let args = ["permissions", "--for", "member", "--trusted", &caller];
    let printed = folder.json(&args);
    let text = printed["policy"].to_string();
    assert!(
        text.contains("${aws:PrincipalAccount}") && !text.contains("000000000000"),
        "{text}"
    );
    let set = |policy: String| {
        for (account, _) in super::MEMBERS {
            let policy = policy.clone();
            in_member(&folder, account, async move |config| {
                let iam = aws_sdk_iam::Client::new(&config);
                let role = "OrganizationAccountAccessRole";
                let listed = iam
                    .list_role_policies()
                    .role_name(role)
                    .send()
                    .await
                    .unwrap();
                for name in listed.policy_names() {
                    let request = iam.delete_role_policy().role_name(role);
                    request.policy_name(name).send().await.unwrap();
                }
                let attached = iam.list_attached_role_policies().role_name(role);
                for attached in attached.send().await.unwrap().attached_policies() {
                    let request = iam.detach_role_policy().role_name(role);
                    let request = request.policy_arn(attached.policy_arn().unwrap());
                    request.send().await.unwrap();
                }
                let request = iam
                    .put_role_policy()
                    .role_name(role)
                    .policy_name("iamwatch");
                request.policy_document(policy).send().await.unwrap();
            });
        }
    };
    set(text);
    let out = folder.succeed(&["apply", "--auto-approve"]);
    assert!(out.contains("Applied to 4 of 4 accounts"), "{out}");
    folder.succeed(&["coverage"]);
    folder.succeed(&["test-event", "--all-accounts"]);
    folder.succeed(&["destroy", "--auto-approve"]);

    let statements = printed["policy"]["Statement"].as_array().unwrap();
    for (left_out, statement) in statements.iter().enumerate() {
        let sid = statement["Sid"].as_str().unwrap().to_owned();
        let mut fewer = printed["policy"].clone();
        fewer["Statement"].as_array_mut().unwrap().remove(left_out);
        set(fewer.to_string());
        let (applied, out, err) = folder.run(&["apply", "--auto-approve"]);
        let (proved, more, _) = folder.run(&["test-event", "--all-accounts"]);
        // `regions` is a list: which ones are enabled is not asked.
        let unused = sid == "EnabledRegions";
        assert_eq!(
            applied == 0 && proved == 0,
            unused,
            "{sid}\n{out}{err}{more}"
        );
        set(printed["policy"].to_string());
        folder.succeed(&["destroy", "--auto-approve"]);
    }

    let args = [&args[..], &["--template"]].concat();
    let template = folder.json(&args);
    let role = &template["Resources"]["IamwatchRole"]["Properties"];
    assert_eq!(role["RoleName"], "OrganizationAccountAccessRole");
    assert_eq!(role["Policies"][0]["PolicyDocument"], printed["policy"]);
}

#[test]
fn an_account_that_is_no_longer_watched_is_destroyed_with_the_rest() {
    let folder = Folder::with(RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.rules(&RULES.replace(
        "organization: {}",
        "organization: { exclude: { accounts: [\"555566667777\"] } }",
    ));
    let out = folder.succeed(&["destroy", "--auto-approve"]);
    assert!(out.contains("Applied to 4 of 4 accounts"), "{out}");
}

#[test]
fn an_account_that_is_not_in_the_organization_is_a_slip() {
    let folder = Folder::with(RULES);
    for command in ["plan", "coverage"] {
        let (code, out, err) = folder.run(&[command, "--account", "999999999999"]);
        assert_eq!(code, 1, "{command}\n{out}{err}");
        assert!(err.contains("has no account 999999999999"), "{err}");
    }
}
