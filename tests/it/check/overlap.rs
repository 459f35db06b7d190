//! Two rules that tell the same readers of the same event are reported with an event that both match.

use iamwatch::check::Checked;

use super::checked;

fn told_twice(part: &str) -> Vec<String> {
    let Checked { diagnostics, .. } = checked(part);
    let found = diagnostics
        .into_iter()
        .filter(|found| found.code == "W0802");
    found
        .map(|found| format!("{}; {}", found.message, found.help.unwrap_or_default()))
        .collect()
}

#[test]
fn an_event_that_cloudtrail_cannot_write_is_no_witness() {
    for part in [
        "- { id: a, events: [\"iam:CreateUser\"], when: { userIdentity.sourceIPAddress: 192.0.2.1 } }\n- { id: b, events: [\"iam:CreateUser\"] }\n",
        "- { id: a, events: [\"iam:CreateUser\"], when: { userIdentity.type: IAMUser, userIdentity.arn: \"*:root\" } }\n- { id: b, events: [\"iam:CreateUser\"] }\n",
        "- { id: a, events: [\"iam:AttachUserPolicy\"], when: { requestParameters.policyArn: \"*:policy/AdministratorAccess\" } }\n- { id: b, events: [\"iam:AttachUserPolicy\", \"iam:PutUserPolicy\"], when: [{ requestParameters.policyArn: \"*:policy/Quarantine\" }, { requestParameters.policyName: Quarantine }] }\n",
    ] {
        assert_eq!(told_twice(part), Vec::<String>::new(), "{part}");
    }
}

#[test]
fn a_shared_event_is_found_whatever_form_the_rules_have() {
    for (what, rules, event) in [
        (
            "literal names",
            "- { id: a, events: [\"iam:CreateUser\", \"iam:CreateRole\"] }\n- { id: b, events: [\"iam:CreateRole\"] }\n",
            "iam:CreateRole",
        ),
        (
            "a prefix and a suffix",
            "- { id: a, events: [\"iam:Put*\"] }\n- { id: b, events: [\"iam:*RolePolicy\"] }\n",
            "iam:PutRolePolicy",
        ),
        (
            "any service, and one",
            "- { id: a, events: [\"*:Delete*\"] }\n- { id: b, events: [\"kms:DeleteAlias\"] }\n",
            "kms:DeleteAlias",
        ),
        (
            "any event at all, and one",
            "- { id: a, events: [\"*:*\"], unless: { userIdentity.arn: \"*:user/scanner\" } }\n- { id: b, events: [\"iam:DeleteUser\"] }\n",
            "iam:DeleteUser",
        ),
        (
            "conditions that go together",
            "- { id: a, events: [\"iam:CreateUser\"], when: { userIdentity.type: Root } }\n- { id: b, events: [\"iam:CreateUser\"], when: { errorCode: AccessDenied } }\n",
            "iam:CreateUser` by root",
        ),
        (
            "conditions on one field that share a value",
            "- { id: a, events: [\"iam:CreateUser\"], when: { requestParameters.userName: \"svc-*\" } }\n- { id: b, events: [\"iam:CreateUser\"], when: { requestParameters.userName: [svc-a, bob] } }\n",
            "iam:CreateUser",
        ),
        (
            "a raw pattern",
            "- { id: a, pattern: { source: [aws.iam], detail: { eventName: [CreateUser] } } }\n- { id: b, events: [\"iam:CreateUser\"] }\n",
            "iam:CreateUser",
        ),
        (
            "a rule of the catalogue with the same severity",
            "- use: iam/changes\n- { id: b, events: [\"iam:CreateUser\"] }\n",
            "iam:CreateUser",
        ),
    ] {
        let found = told_twice(rules);
        assert_eq!(found.len(), 1, "{what}: {found:?}");
        assert!(found[0].contains(event), "{what}: {found:?}");
    }
}

#[test]
fn rules_without_a_shared_event_and_intended_pairs_are_not_reported() {
    for (what, rules) in [
        (
            "other names",
            "- { id: a, events: [\"iam:CreateUser\"] }\n- { id: b, events: [\"iam:CreateRole\"] }\n",
        ),
        (
            "globs without a name in common",
            "- { id: a, events: [\"iam:Attach*\"] }\n- { id: b, events: [\"iam:*Key\"] }\n",
        ),
        (
            "conditions that exclude each other",
            "- { id: a, events: [\"iam:CreateUser\"], when: { userIdentity.type: Root } }\n- { id: b, events: [\"iam:CreateUser\"], when: { userIdentity.type: IAMUser } }\n",
        ),
        (
            "an exception",
            "- { id: a, events: [\"iam:CreateUser\", \"iam:CreateRole\"], unless: { eventName: CreateUser } }\n- { id: b, events: [\"iam:CreateUser\"] }\n",
        ),
        (
            "another severity: the narrow one says that it is worse",
            "- { id: a, events: [\"iam:Create*\"] }\n- { id: b, severity: high, events: [\"iam:CreateUser\"] }\n",
        ),
        (
            "a rule about a caller, across those about events",
            "- { id: a, events: [\"iam:CreateUser\"] }\n- { id: b, events: [\"*:*\"], when: { userIdentity.type: Root } }\n",
        ),
        (
            "a rule that is turned off",
            "- { id: a, events: [\"iam:Create*\"], enabled: false }\n- { id: b, events: [\"iam:CreateUser\"] }\n",
        ),
        (
            "the catalogue's own",
            "- use: root/sign-in\n- { use: root/activity, severity: critical }\n",
        ),
        (
            "other readers",
            "channels: { mail: { email: a@example.com }, desk: { email: b@example.com } }\nnotify: { default: [mail] }\nrules:\n- { id: a, events: [\"iam:Create*\"] }\n- { id: b, channels: [desk], events: [\"iam:CreateUser\"] }\n",
        ),
    ] {
        assert_eq!(told_twice(rules), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn a_rule_is_reported_once_with_all_its_partners() {
    let mut rules = String::new();
    for id in ["a", "b", "c", "d", "e", "f"] {
        rules.push_str(&format!("- {{ id: {id}, events: [\"iam:CreateUser\"] }}\n"));
    }
    let found = told_twice(&rules);
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(
        found[0].starts_with("`b` alerts on the same event as `a`;"),
        "{found:?}"
    );
    assert!(found[4].contains("`a`, `b`, `c` and 1 more"), "{found:?}");
}
