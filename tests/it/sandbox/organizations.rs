//! What Organizations shows, to whom, and in how many pages.

use aws_sdk_organizations::error::ProvideErrorMetadata;
use aws_sdk_organizations::types::{AccountState, AccountStatus, ParentType};
use iamwatch::sandbox::{self, Clock, Options, OrganizationError, Sandbox};
use serde_json::{Value, json};

use super::members::{Acme, PAYMENTS, SECURITY, STRANGER, acme, id};
use super::{ACCOUNT, Aws, aws, clients, queue_arn, target};

/// The code of a call that must be refused.
macro_rules! code {
    ($call:expr) => {
        $call.send().await.unwrap_err().code().unwrap().to_owned()
    };
}

#[tokio::test(start_paused = true)]
async fn an_account_without_an_organization_is_told_so() {
    let aws = aws();
    let alone = "AWSOrganizationsNotInUseException";
    assert_eq!(code!(aws.organizations.describe_organization()), alone);
    assert_eq!(code!(aws.organizations.list_accounts()), alone);
    let stranger = acme().inside(STRANGER);
    assert_eq!(code!(stranger.organizations.list_accounts()), alone);
}

#[tokio::test(start_paused = true)]
async fn members_see_the_organization_and_only_its_administrators_see_into_it() {
    let Acme { aws, org, .. } = &acme();
    let security = super::members::inside(&aws.sandbox, SECURITY, "eu-central-1");
    let describe = security.organizations.describe_organization();
    let shown = describe.send().await.unwrap().organization.unwrap();
    assert_eq!(shown.id(), Some(org.id().as_str()));
    assert_eq!(shown.master_account_id(), Some(ACCOUNT));

    let refused = "AccessDeniedException";
    assert_eq!(code!(security.organizations.list_accounts()), refused);
    let enable = || {
        let enable = security.organizations.enable_aws_service_access();
        enable.service_principal("cloudtrail.amazonaws.com")
    };
    org.delegate(&id(SECURITY), "guardduty.amazonaws.com")
        .unwrap();
    let list = security.organizations.list_accounts().send().await.unwrap();
    assert_eq!(list.accounts().len(), 3);
    assert_eq!(code!(enable()), refused);
    assert!(org.delegate(&id(ACCOUNT), "x.amazonaws.com").is_err());
}

#[tokio::test(start_paused = true)]
async fn accounts_come_twenty_a_page_whatever_their_state() {
    let acme = acme();
    let states = [
        sandbox::AccountState::Suspended,
        sandbox::AccountState::PendingClosure,
        sandbox::AccountState::Closed,
        sandbox::AccountState::PendingActivation,
    ];
    let mut ended = Vec::new();
    for n in 0..42 {
        let made = acme.org.create_account(&acme.prod, &format!("n{n}"));
        let made = made.unwrap();
        if let Some(state) = states.get(n) {
            acme.org.set_state(&made, *state).unwrap();
            ended.push(made.to_string());
        }
    }
    let list = || acme.aws.organizations.list_accounts();
    let pages = list().into_paginator().send();
    let pages: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    let sizes: Vec<_> = pages.iter().map(|page| page.accounts().len()).collect();
    assert_eq!(sizes, [20, 20, 5]);
    assert_eq!(code!(list().max_results(21)), "InvalidInputException");
    assert_eq!(
        list().max_results(3).send().await.unwrap().accounts().len(),
        3
    );
    let accounts: Vec<_> = pages.iter().flat_map(|page| page.accounts()).collect();
    let of = |wanted: &String| {
        let found = accounts.iter().find(|a| a.id() == Some(wanted)).unwrap();
        (found.state().cloned(), found.status().cloned())
    };
    let states: Vec<_> = ended.iter().map(of).collect();
    let gone = Some(AccountStatus::Suspended);
    assert_eq!(
        states,
        [
            (Some(AccountState::Suspended), gone.clone()),
            (
                Some(AccountState::PendingClosure),
                Some(AccountStatus::PendingClosure)
            ),
            (Some(AccountState::Closed), gone.clone()),
            (Some(AccountState::PendingActivation), gone),
        ]
    );
    let active = |a: &&&aws_sdk_organizations::types::Account| {
        a.state() == Some(&AccountState::Active) && a.status() == Some(&AccountStatus::Active)
    };
    assert_eq!(accounts.iter().filter(active).count(), 41);
}

#[tokio::test(start_paused = true)]
async fn accounts_that_join_between_two_pages_shift_nobody() {
    let acme = acme();
    let first = acme.aws.organizations.list_accounts().max_results(2);
    let first = first.send().await.unwrap();
    assert_eq!(first.accounts()[1].id(), Some(SECURITY));
    let early = id("100000000001");
    acme.org
        .create_account_as(&early, &acme.core, "early")
        .unwrap();
    let second = acme.aws.organizations.list_accounts();
    let second = second.set_next_token(first.next_token).send();
    assert_eq!(second.await.unwrap().accounts()[0].id(), Some(PAYMENTS));
}

#[tokio::test(start_paused = true)]
async fn the_units_form_a_tree_with_accounts_in_it() {
    let Acme {
        aws,
        org,
        workloads,
        prod,
        ..
    } = &acme();
    let organizations = &aws.organizations;
    let roots = organizations.list_roots().send().await.unwrap().roots;
    let root = roots.unwrap().remove(0).id.unwrap();
    assert_eq!(root, org.root());
    let units = organizations.list_organizational_units_for_parent();
    let units = units.parent_id(&root).send().await.unwrap();
    let mut names: Vec<_> = units
        .organizational_units()
        .iter()
        .map(|unit| unit.name().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["core", "workloads"]);
    let below = organizations.list_organizational_units_for_parent();
    let below = below.parent_id(workloads).send().await.unwrap();
    let below = &below.organizational_units()[0];
    assert_eq!(below.id(), Some(prod.as_str()));
    let path = format!("{}/{root}/{workloads}/{prod}/", org.id());
    assert_eq!(below.path(), Some(path.as_str()));

    let accounts = organizations.list_accounts_for_parent();
    let accounts = accounts.parent_id(prod).send().await.unwrap();
    let payments = &accounts.accounts()[0];
    assert_eq!(
        (payments.id(), payments.name()),
        (Some(PAYMENTS), Some("payments"))
    );
    assert_eq!(payments.paths(), [format!("{path}{PAYMENTS}/")]);
    let only_its_own = organizations
        .list_accounts_for_parent()
        .parent_id(workloads);
    let only_its_own = only_its_own.send().await.unwrap();
    assert!(only_its_own.accounts().is_empty());
    for (child, parent, kind) in [
        (PAYMENTS, prod, ParentType::OrganizationalUnit),
        (prod, workloads, ParentType::OrganizationalUnit),
        (workloads, &root, ParentType::Root),
        (ACCOUNT, &root, ParentType::Root),
    ] {
        let parents = organizations.list_parents().child_id(child);
        let parents = parents.send().await.unwrap().parents.unwrap();
        assert_eq!(parents[0].id(), Some(parent.as_str()));
        assert_eq!(parents[0].r#type(), Some(&kind));
    }
    org.move_account(&id(PAYMENTS), workloads).unwrap();
    let moved = organizations
        .list_accounts_for_parent()
        .parent_id(workloads);
    assert_eq!(moved.send().await.unwrap().accounts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_in_the_organization_is_named_by_its_kind() {
    let Acme { aws, org, .. } = &acme();
    let organizations = &aws.organizations;
    let (unit, root) = ("ou-abcd-11111111", "r-zzzz");
    let cases = [
        (
            code!(organizations.describe_account().account_id(STRANGER)),
            "AccountNotFoundException",
        ),
        (
            code!(organizations.describe_account().account_id("payments")),
            "InvalidInputException",
        ),
        (
            code!(
                organizations
                    .describe_organizational_unit()
                    .organizational_unit_id(unit)
            ),
            "OrganizationalUnitNotFoundException",
        ),
        (
            code!(organizations.list_accounts_for_parent().parent_id(unit)),
            "ParentNotFoundException",
        ),
        (
            code!(
                organizations
                    .list_organizational_units_for_parent()
                    .parent_id(root)
            ),
            "ParentNotFoundException",
        ),
        (
            code!(organizations.list_parents().child_id(STRANGER)),
            "ChildNotFoundException",
        ),
        (
            code!(organizations.list_tags_for_resource().resource_id(unit)),
            "TargetNotFoundException",
        ),
    ];
    for (code, expected) in cases {
        assert_eq!(code, expected);
    }
    let unknown = |made: Result<(), OrganizationError>| made.unwrap_err().to_string();
    assert!(unknown(org.move_account(&id(PAYMENTS), unit)).contains(unit));
    assert!(unknown(org.suspend(&id(STRANGER))).contains(STRANGER));
    assert!(unknown(org.close_account(&id(ACCOUNT))).contains("management"));
    let again = org.create_account_as(&id(PAYMENTS), &org.root(), "again");
    assert!(unknown(again).contains("already"));
}

#[tokio::test(start_paused = true)]
async fn tags_services_and_delegated_administrators_are_listed_page_by_page() {
    let Acme { aws, org, .. } = &acme();
    for n in 0..7 {
        org.tag(PAYMENTS, &format!("key{n}"), "v").unwrap();
        org.trust(&format!("s{n}.amazonaws.com")).unwrap();
    }
    let enable = aws.organizations.enable_aws_service_access();
    let enable = enable.service_principal("cloudtrail.amazonaws.com");
    enable.send().await.unwrap();
    org.delegate(&id(SECURITY), "s1.amazonaws.com").unwrap();
    org.delegate(&id(PAYMENTS), "s2.amazonaws.com").unwrap();

    let tags = aws.organizations.list_tags_for_resource();
    let tags = tags.resource_id(PAYMENTS).into_paginator().items().send();
    let tags: Vec<_> = tags.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(tags.len(), 7);
    assert_eq!((tags[6].key(), tags[6].value()), ("key6", "v"));
    let pages = aws.organizations.list_aws_service_access_for_organization();
    let pages = pages.into_paginator().send();
    let pages: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    let pages = pages.iter().flat_map(|p| p.enabled_service_principals());
    let trusted: Vec<_> = pages.collect();
    assert_eq!(trusted.len(), 8);
    assert_eq!(
        trusted[0].service_principal(),
        Some("cloudtrail.amazonaws.com")
    );
    let delegated = |service: Option<&str>| {
        let list = aws.organizations.list_delegated_administrators();
        list.set_service_principal(service.map(str::to_owned))
            .send()
    };
    let all = delegated(None).await.unwrap().delegated_administrators;
    assert_eq!(all.unwrap().len(), 2);
    let one = delegated(Some("s1.amazonaws.com")).await.unwrap();
    let one = one.delegated_administrators();
    assert_eq!((one.len(), one[0].id()), (1, Some(SECURITY)));
    assert_eq!(one[0].state(), Some(&AccountState::Active));
}

#[tokio::test(start_paused = true)]
async fn looking_at_the_organization_needs_permissions_by_unit_and_account() {
    let acme = acme();
    let org = acme.org.id();
    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": "organizations:DescribeAccount",
            "Resource": format!("arn:aws:organizations::{ACCOUNT}:account/{org}/{PAYMENTS}")},
        {"Effect": "Allow", "Action": "organizations:List*",
            "Resource": format!("arn:aws:organizations::{ACCOUNT}:ou/{org}/ou-*")},
    ]});
    let ann = acme.aws.sandbox.caller("ann", &policy.to_string());
    let ann = clients(acme.aws.sandbox.clone(), ann, "us-east-1").organizations;
    let describe = |account: &str| ann.describe_account().account_id(account);
    describe(PAYMENTS).send().await.unwrap();
    assert_eq!(code!(describe(SECURITY)), "AccessDeniedException");
    let below = |parent: &str| ann.list_accounts_for_parent().parent_id(parent);
    below(&acme.prod).send().await.unwrap();
    assert_eq!(code!(below(&acme.org.root())), "AccessDeniedException");
    let error = ann.list_accounts().send().await.unwrap_err();
    assert!(
        error
            .message()
            .unwrap()
            .contains("organizations:ListAccounts on resource: * because no identity-based policy")
    );
}

#[tokio::test(start_paused = true)]
async fn an_organization_is_kept_in_the_file_with_everything_in_its_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.json");
    let options = Options {
        account: id(ACCOUNT),
        region: "us-east-1".parse().unwrap(),
        clock: Clock::FIXED,
    };
    let sandbox = Sandbox::open(&file, options).unwrap();
    assert!(sandbox.organization().is_none());
    let org = sandbox.organize().unwrap();
    let unit = org.create_unit(&org.root(), "u").unwrap();
    let member = org.create_account(&unit, "m").unwrap();
    org.close_account(&member).unwrap();
    let deny = r#"{"Statement":[{"Effect":"Deny","Action":"events:PutRule","Resource":"*"}]}"#;
    org.attach_policy(&unit, deny).unwrap();
    let again = Sandbox::load(&file).unwrap();
    let aws = clients(again.clone(), again.admin(), "us-east-1");
    let shown = aws.organizations.describe_account();
    let shown = shown.account_id(member.as_str()).send().await.unwrap();
    let state = shown.account.unwrap().state;
    assert_eq!(state, Some(AccountState::PendingClosure));
    assert_eq!(again.organization().unwrap().id(), org.id());
    assert_eq!(again.organize().unwrap().accounts().len(), 2);
}

/// What the default bus of the management account in us-east-1 has got.
async fn told(aws: &Aws) -> Vec<Value> {
    let bodies = aws.bodies("told").await;
    let bodies = bodies.iter();
    bodies.map(|b| serde_json::from_str(b).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn accounts_that_join_and_leave_are_announced_to_the_management_account() {
    let acme = acme();
    let aws = acme.aws.with_trail().await;
    aws.open_queue("told").await;
    aws.rule("told", r#"{"source":["aws.organizations"]}"#)
        .await;
    let queue = target("q", &queue_arn("told")).build().unwrap();
    aws.target("told", queue).await;
    let made = acme.org.create_account(&acme.prod, "new").unwrap();
    let seen = told(&aws).await;
    let names: Vec<_> = seen.iter().map(|e| &e["detail"]["eventName"]).collect();
    assert_eq!(names, ["CreateAccountResult", "AccountJoinedOrganization"]);
    let created = &seen[0];
    assert_eq!(created["detail-type"], "AWS Service Event via CloudTrail");
    let status = &created["detail"]["serviceEventDetails"]["createAccountStatus"];
    assert_eq!(status["state"], "SUCCEEDED");
    assert_eq!(status["accountId"], made.as_str());
    acme.org
        .invite_account(&id(STRANGER), &acme.prod, "old")
        .unwrap();
    acme.org.remove_account(&id(STRANGER)).unwrap();
    let seen = told(&aws).await;
    let names: Vec<_> = seen.iter().map(|e| &e["detail"]["eventName"]).collect();
    assert_eq!(
        names,
        ["AccountJoinedOrganization", "AccountDepartedOrganization"]
    );
}
