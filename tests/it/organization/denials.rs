//! Denials of others on the home bus that name an organization: what is said of each, held against what comes of an
//! event of each account.

use serde_json::{Value, json};

use super::kit::Kit;
use super::{MANAGEMENT, MEMBERS, RULES, id};

/// Members in a unit, and members right below the root.
fn organized() -> Kit {
    let kit = Kit::with(RULES, &MEMBERS);
    let organization = kit.organization();
    let unit = organization.create_unit(&organization.root(), "prod");
    organization
        .move_account(&id(MEMBERS[0].0), &unit.unwrap())
        .unwrap();
    kit.succeed(&["apply", "--auto-approve"]);
    kit.sandbox.confirm(None).unwrap();
    kit
}

/// Whether nobody hears of a call in some account.
fn is_kept_out(kit: &Kit) -> bool {
    let accounts = MEMBERS.iter().map(|(account, _)| *account);
    accounts.chain([MANAGEMENT]).any(|account| {
        let before = kit.sandbox.outbox().len();
        kit.act(account, "eu-west-1", async |config| {
            let kms = aws_sdk_kms::Client::new(&config);
            let key = kms.create_key().send().await.unwrap();
            let key = key.key_metadata.unwrap().key_id;
            kms.disable_key().key_id(key).send().await.unwrap();
        });
        kit.sandbox.outbox().len() == before
    })
}

/// Each denial, whether it is said to close the bus, and whether it does.
fn hold(kit: &Kit, denials: Vec<(Value, bool, bool)>) {
    for (more, said_to, does) in denials {
        let kit = kit.fork();
        kit.deny(MANAGEMENT, &more);
        let status = kit.run(&["status"]);
        let code = if said_to { 2 } else { 0 };
        let named = status.out.contains("the statement `x`");
        assert_eq!((status.code, named), (code, said_to), "{more} {status:?}");
        assert_eq!(is_kept_out(&kit), does, "{more}");
        assert!(said_to || !does, "{more}");
    }
}

#[test]
fn denials_by_the_organization_are_judged_by_which_it_is() {
    let kit = organized();
    let ours = kit.organization().id();
    let when = |operator: &str, key: &str, value: &str| json!({ "Condition": { operator: { key: value } } });
    let org = "aws:PrincipalOrgID";
    let source = "aws:SourceOrgID";
    hold(
        &kit,
        vec![
            // What many have: nobody from outside.
            (when("StringNotEquals", org, &ours), false, false),
            (when("StringNotEqualsIfExists", org, &ours), false, false),
            (when("StringNotLike", org, &ours), false, false),
            (when("ForAnyValue:StringNotLike", org, "o-*"), false, false),
            (
                when("StringNotEqualsIgnoreCase", org, &ours.to_uppercase()),
                false,
                false,
            ),
            (when("StringEquals", org, "o-zzzzzzzzzz"), false, false),
            (when("Null", org, "true"), false, false),
            (when("StringEquals", org, &ours), true, true),
            (when("StringEqualsIfExists", org, &ours), true, true),
            (when("StringLike", org, "o-*"), true, true),
            (when("StringNotEquals", org, "o-zzzzzzzzzz"), true, true),
            // A star is a star where texts are equal.
            (when("StringNotEquals", org, "o-*"), true, true),
            (when("Null", org, "false"), true, true),
            // Nobody but a service of AWS comes on behalf of another's organization: whoever has a role is kept out.
            (when("StringNotEquals", source, &ours), true, true),
            (when("StringNotEqualsIfExists", source, &ours), true, true),
            (when("StringNotLike", source, "o-*"), true, true),
            // What is not known is taken to hold.
            (when("StringEquals", source, &ours), true, false),
        ],
    );
}

#[test]
fn denials_by_a_place_in_the_organization_are_taken_to_hold_unless_they_are_about_all_of_it() {
    let kit = organized();
    let organization = kit.organization();
    let (ours, root) = (organization.id(), organization.root());
    let when = |operator: &str, value: &str| json!({ "Condition": { operator: { "aws:PrincipalOrgPaths": value } } });
    let all = format!("{ours}/*");
    let below = format!("{ours}/{root}/*");
    let root_itself = format!("{ours}/{root}/");
    let elsewhere = format!("{ours}/{root}/ou-none-00000000/*");
    hold(
        &kit,
        vec![
            (when("ForAnyValue:StringNotLike", &all), false, false),
            (when("ForAllValues:StringNotLike", &all), false, false),
            (
                when("ForAnyValue:StringNotLikeIfExists", &all),
                false,
                false,
            ),
            (
                when("ForAnyValue:StringLike", "o-zzzzzzzzzz/*"),
                false,
                false,
            ),
            (
                when("ForAnyValue:StringEquals", "o-zzzzzzzzzz/r-aaaa/"),
                false,
                false,
            ),
            (when("ForAnyValue:StringLike", &all), true, true),
            (when("ForAllValues:StringLike", &all), true, true),
            (
                when("ForAnyValue:StringNotLike", "o-zzzzzzzzzz/*"),
                true,
                true,
            ),
            // A part of it: some members are kept out, or may be.
            (when("ForAnyValue:StringEquals", &root_itself), true, true),
            (
                when("ForAnyValue:StringNotEquals", &root_itself),
                true,
                true,
            ),
            (when("ForAnyValue:StringLike", &below), true, true),
            (when("ForAnyValue:StringNotLike", &below), true, false),
            (when("ForAnyValue:StringLike", &elsewhere), true, false),
        ],
    );
}

/// Numbers with wildcards stand for accounts that the statement does not name.
#[test]
fn denials_by_a_part_of_a_number_are_held_against_every_account() {
    let kit = organized();
    let when = |operator: &str, key: &str, value: Value| json!({ "Condition": { operator: { key: value } } });
    let account = "aws:PrincipalAccount";
    let role = |number: &str| json!(format!("arn:aws:iam::{number}:role/iamwatch/*"));
    hold(
        &kit,
        vec![
            (when("StringLike", account, json!("4444*")), true, true),
            (
                when("StringLike", account, json!("44445555666?")),
                true,
                true,
            ),
            (
                when("StringNotLike", account, json!(["1111*", "0*"])),
                true,
                true,
            ),
            (when("StringNotEquals", account, json!("*")), true, true),
            (when("ArnLike", "aws:PrincipalArn", role("33*")), true, true),
            (
                when("ArnNotLike", "aws:PrincipalArn", role("0*")),
                true,
                true,
            ),
            (when("StringNotLike", account, json!("*")), false, false),
            (
                when("ArnNotLikeIfExists", "aws:PrincipalArn", role("*")),
                false,
                false,
            ),
        ],
    );
}
