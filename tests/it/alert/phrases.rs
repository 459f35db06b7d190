//! Every call that a rule of the catalogue names has words of its own, and they fit the call.

use std::collections::BTreeSet;

use iamwatch::cloudtrail::{self, Identity, Piece, Setting, phrases};
use iamwatch::rules::catalogue;
use serde_json::Value;

use super::{reader, rule};

/// Events that rules name and that no phrase says, since a sentence of their own says how they ended.
const SIGN_INS: [&str; 8] = [
    "signin:ConsoleLogin",
    "signin:CredentialChallenge",
    "signin:CredentialVerification",
    "signin:ExternalIdPDirectoryLogin",
    "signin:UserAuthentication",
    "sso:CredentialChallenge",
    "sso:CredentialVerification",
    "sso:UserAuthentication",
];

/// The events that rules of the catalogue name in full.
fn named() -> BTreeSet<&'static str> {
    let events = catalogue().iter().flat_map(|entry| &entry.events);
    let events = events.map(String::as_str);
    events.filter(|event| !event.contains('*')).collect()
}

#[test]
fn whatever_rules_name_has_words() {
    let named = named();
    assert!(named.len() > 250);
    let phrases = phrases();
    let without = |event: &&str| !phrases.contains_key(event);
    let without: Vec<&str> = named.into_iter().filter(without).collect();
    assert_eq!(without, SIGN_INS);
}

#[test]
fn sign_ins_are_said_without_the_names_of_their_events() {
    let reader = reader();
    let (account, region) = (
        "222233334444".parse().unwrap(),
        "us-east-1".parse().unwrap(),
    );
    let setting = Setting::unsaid(&account, &region);
    for event in SIGN_INS {
        let (service, name) = event.split_once(':').unwrap();
        let event = cloudtrail::like(service, name, Identity::IamUser, &setting);
        let headline = reader.headline(&event).unwrap();
        assert!(!headline.contains(name), "{headline}");
        assert!(!headline.contains(" called "), "{headline}");
    }
}

/// On the event that we make of a call its phrase is whole: the words stand in the headline.
#[test]
fn the_words_of_a_call_fit_what_is_recorded_of_it() {
    let reader = reader();
    let (account, region) = (
        "222233334444".parse().unwrap(),
        "us-east-1".parse().unwrap(),
    );
    let (mut said, mut unsaid) = (0, Vec::new());
    for (call, pieces) in phrases() {
        // Of other calls no parameters are known.
        if !cloudtrail::table().contains_key(*call) {
            continue;
        }
        let (service, name) = call.split_once(':').unwrap();
        let setting = Setting::unsaid(&account, &region);
        let event = cloudtrail::like(service, name, Identity::IamUser, &setting);
        let alert = reader.alert(&rule(), &event).unwrap();
        let headline = alert["headline"].as_str().unwrap();
        let mut words = pieces.iter().filter_map(|piece| match piece {
            Piece::Words(words) => Some(words),
            Piece::Value(_) => None,
        });
        if !words.all(|words| headline.contains(words.as_str())) {
            unsaid.push(format!("{call}: {headline}"));
        }
        assert!(headline.contains(" in prod (222233334444)"), "{headline}");
        said += 1;
    }
    assert_eq!(unsaid, [""; 0]);
    assert!(said > 60, "{said}");
}

/// Of several things the first is named, and that there are others.
#[test]
fn several_things_do_not_read_as_one() {
    let (account, region) = (
        "222233334444".parse().unwrap(),
        "us-east-1".parse().unwrap(),
    );
    let setting = Setting::unsaid(&account, &region);
    let mut event = cloudtrail::like("ec2", "RunInstances", Identity::IamUser, &setting);
    let said = |event: &Value| reader().headline(event).unwrap();
    assert!(said(&event).contains(" started i-0123456789abcdef0 from the image "));
    let items = &mut event["detail"]["responseElements"]["instancesSet"]["items"];
    let items = items.as_array_mut().unwrap();
    items.push(items[0].clone());
    assert!(said(&event).contains(" started i-0123456789abcdef0 and others from the image "));
    event["detail"]["responseElements"]["instancesSet"]["items"] = Value::Array(Vec::new());
    assert!(said(&event).contains(" called ec2:RunInstances"));
}

/// Refused and failed calls never read as gone through.
#[test]
fn what_did_not_happen_is_not_said_to_have() {
    let reader = reader();
    let (account, region) = (
        "222233334444".parse().unwrap(),
        "us-east-1".parse().unwrap(),
    );
    let setting = Setting::unsaid(&account, &region);
    let headline = |event: &Value| reader.headline(event).unwrap();
    let mut event = cloudtrail::like("iam", "AttachRolePolicy", Identity::IamUser, &setting);
    assert!(headline(&event).contains(" attached "));
    for (code, words) in [
        ("AccessDenied", "was refused iam:AttachRolePolicy on role"),
        (
            "Client.UnauthorizedOperation",
            "was refused iam:AttachRolePolicy on role",
        ),
        (
            "NoSuchEntityException",
            "tried iam:AttachRolePolicy on role",
        ),
        (
            "DryRunOperation",
            "tried in a dry run iam:AttachRolePolicy on role",
        ),
    ] {
        event["detail"]["errorCode"] = code.into();
        assert!(headline(&event).contains(words), "{}", headline(&event));
    }
    let mut event = cloudtrail::like("signin", "ConsoleLogin", Identity::Root, &setting);
    event["detail"]["responseElements"]["ConsoleLogin"] = "Failure".into();
    assert!(headline(&event).starts_with("the root user failed to sign in to the console"));
}
