//! The rules about tampering hear of every call by which a resource of ours is broken, and of every call by which it
//! is put back or made anew. Which those are the facts of each kind say.

use iamwatch::aws::{Call, Step, calls};
use iamwatch::cloudtrail::{self, Identity, Setting};
use iamwatch::pattern::{Event, EventPattern};
use iamwatch::place::{AccountId, Place, Region};
use iamwatch::resources::{Kind, ResourceKey, Subject};
use serde_json::{Value, json};

use super::compiled;

const WATCHES: [&str; 2] = ["pipeline/tamper", "pipeline/tamper-watch"];

/// What tells of the dispatcher's own kinds: it stands apart from what it watches.
const OF_DISPATCHER: [&str; 1] = ["pipeline/dispatcher"];

/// The rules that must hear of what breaks a kind.
fn watches_of(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Connection | Kind::Machine | Kind::Table => &OF_DISPATCHER,
        _ => &WATCHES,
    }
}

/// A resource of each kind under a name that we give, and what AWS calls it where the name does not say.
fn example(kind: Kind) -> (&'static str, Option<&'static str>) {
    match kind {
        Kind::EncryptionKey => (
            "iamwatch-acme",
            Some("arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
        ),
        Kind::Bucket => ("iamwatch-acme-logs-111122223333-us-east-1", None),
        Kind::Trail | Kind::Bus | Kind::Machine | Kind::Table => ("iamwatch-acme", None),
        Kind::Connection => ("iamwatch-acme-channel_soc", None),
        Kind::Role => ("iamwatch-acme-forwarder-us-east-1", None),
        Kind::Queue => ("iamwatch-acme-dead-letters", None),
        Kind::Topic => ("iamwatch-acme-text_mail", None),
        Kind::Subscription => (
            "iamwatch-acme-text_mail/email/a@example.com",
            Some(
                "arn:aws:sns:us-east-1:111122223333:iamwatch-acme-text_mail:6f2b9bf6-e58a-47f4-a762-7231ef7ee9fe",
            ),
        ),
        Kind::Rule => ("iamwatch-acme/iamwatch-acme-root.sign-in", None),
    }
}

/// The parameter by which a call says what it is about.
fn parameter(service: &str, name: &str) -> &'static str {
    match (service, name) {
        ("cloudtrail", "AddTags" | "RemoveTags") => "resourceId",
        ("cloudtrail", "PutEventSelectors") => "trailName",
        ("cloudtrail", _) => "name",
        (
            "dynamodb",
            "DeleteResourcePolicy" | "PutResourcePolicy" | "TagResource" | "UntagResource",
        ) => "resourceArn",
        ("dynamodb", "RestoreTableFromBackup" | "RestoreTableToPointInTime") => "targetTableName",
        ("dynamodb", _) => "tableName",
        ("events", "PutPermission" | "RemovePermission") => "eventBusName",
        ("events", "PutTargets" | "RemoveTargets") => "rule",
        ("events", "TagResource" | "UntagResource") => "resourceARN",
        ("events", _) => "name",
        ("iam", _) => "roleName",
        ("kms", "CreateAlias" | "DeleteAlias" | "UpdateAlias") => "aliasName",
        ("kms", "TagResource") => "tags",
        ("kms", "UntagResource") => "tagKeys",
        ("kms", _) => "keyId",
        ("s3", "TagResource" | "UntagResource") => "resourceArn",
        ("s3", _) => "bucketName",
        ("sns", "CreateTopic") => "name",
        ("sns", "PutDataProtectionPolicy" | "TagResource" | "UntagResource") => "resourceArn",
        ("sns", "SetSubscriptionAttributes" | "Unsubscribe") => "subscriptionArn",
        ("sns", _) => "topicArn",
        ("states", "CreateStateMachine") => "name",
        ("states", "StopExecution") => "executionArn",
        ("states", "TagResource" | "UntagResource") => "resourceArn",
        ("states", _) => "stateMachineArn",
        ("sqs", "CreateQueue") => "queueName",
        ("sqs", "StartMessageMoveTask") => "sourceArn",
        ("sqs", _) => "queueUrl",
        _ => panic!("say by which parameter {service}:{name} tells what it is about"),
    }
}

/// The event of a call about a resource, with nothing but the parameter that says so.
fn event(kind: Kind, name: &str, foreign: bool) -> Value {
    let (resource, handle) = example(kind);
    event_about(kind, resource, handle, name, foreign)
}

fn event_about(
    kind: Kind,
    resource: &str,
    handle: Option<&str>,
    name: &str,
    foreign: bool,
) -> Value {
    let account: AccountId = "111122223333".parse().unwrap();
    let region: Region = "us-east-1".parse().unwrap();
    let place = match kind {
        Kind::Role => Place::Global {
            account: account.clone(),
        },
        _ => Place::Regional {
            account: account.clone(),
            region: region.clone(),
        },
    };
    let key = ResourceKey {
        place,
        kind,
        name: resource.to_owned(),
    };
    let facts = kind.facts();
    let subject = (facts.subject)(&Subject {
        key: &key,
        region: &region,
        handle,
    });
    let parameter = parameter(facts.service, name);
    let value = subject.get(parameter);
    let value = value.unwrap_or_else(|| panic!("the subject of a {kind} has no {parameter}"));
    let setting = Setting::unsaid(&account, &region);
    let mut record = cloudtrail::record(facts.service, name, Identity::default(), &setting);
    record["requestParameters"] = json!({ parameter: value });
    let event = cloudtrail::wrap(record, &setting);
    if foreign {
        let text = event.to_string().replace("iamwatch", "orders");
        return serde_json::from_str(&text).unwrap();
    }
    event
}

fn watches() -> Vec<(&'static str, EventPattern)> {
    patterns(&WATCHES)
}

fn patterns(ids: &'static [&'static str]) -> Vec<(&'static str, EventPattern)> {
    let compiled = compiled();
    let patterns = ids.iter().map(|id| {
        assert_eq!(compiled[*id].len(), 1, "{id}");
        let part = &compiled[*id][0];
        // Its own state keeps nothing of this from it.
        assert_eq!(part.state, iamwatch::compile::RuleState::Enabled, "{id}");
        (*id, EventPattern::from_value(&part.pattern).unwrap())
    });
    patterns.collect()
}

fn told_of(kind: Kind) -> impl Iterator<Item = &'static str> {
    let facts = kind.facts();
    facts.breaks.iter().chain(facts.restores).copied()
}

#[test]
fn each_watch_hears_of_whatever_breaks_or_restores_a_link() {
    let mut count = 0;
    for kind in Kind::ALL {
        let watches = patterns(watches_of(kind));
        let facts = kind.facts();
        assert!(
            !facts.breaks.is_empty() && !facts.restores.is_empty(),
            "{kind}"
        );
        for list in [facts.breaks, facts.restores] {
            assert!(
                list.is_sorted() && list.windows(2).all(|two| two[0] != two[1]),
                "{list:?}"
            );
        }
        for name in told_of(kind) {
            let event = event(kind, name, false);
            for (id, pattern) in &watches {
                let heard = pattern.matches(&Event::from_value(&event).unwrap());
                assert!(heard, "{id} does not hear of {kind} {name}: {event}");
            }
            assert_eq!(event["detail"]["readOnly"], false, "{name}");
            count += 1;
        }
    }
    assert!(count > 80);
}

/// Topics have queues of their own, whose names say so.
#[test]
fn each_watch_hears_of_the_queues_of_topics() {
    let name = "iamwatch-acme-json_siem-dead-letters";
    for call in told_of(Kind::Queue) {
        let event = event_about(Kind::Queue, name, None, call, false);
        for (id, pattern) in &watches() {
            let heard = pattern.matches(&Event::from_value(&event).unwrap());
            assert!(heard, "{id} does not hear of {call}: {event}");
        }
    }
}

/// Trails and keys are told of whosever they are: nobody knows which of them the alerting depends on.
#[test]
fn what_has_another_name_is_left_alone() {
    for kind in Kind::ALL {
        let watches = patterns(watches_of(kind));
        for name in told_of(kind) {
            let event = event(kind, name, true);
            let whosever = kind == Kind::Trail
                || (kind == Kind::EncryptionKey
                    && !["CreateAlias", "TagResource", "UntagResource"].contains(&name));
            for (id, pattern) in &watches {
                let heard = pattern.matches(&Event::from_value(&event).unwrap());
                assert_eq!(heard, whosever, "{id} {kind} {name}: {event}");
            }
        }
    }
}

/// Calls of ours by which no link is broken or mended, and why.
const HARMLESS: &[(&str, &str, &str)] = &[
    (
        "kms",
        "CreateKey",
        "it is nothing to anybody before it has our alias",
    ),
    (
        "kms",
        "EnableKeyRotation",
        "an old key encrypts as well as a new one",
    ),
    (
        "kms",
        "UpdateKeyDescription",
        "the description is for people",
    ),
];

/// What we write ourselves changes a link, and so would the same call by anybody else.
#[test]
fn the_facts_name_every_write_that_we_make() {
    let written = |call: &&&Call| call.write && [Step::Change, Step::Adopt].contains(&call.step);
    let mut count = 0;
    for call in calls::ALL.iter().filter(written) {
        let kinds = || {
            Kind::ALL
                .into_iter()
                .filter(|kind| kind.facts().service == call.service)
        };
        let names: Vec<&str> = kinds()
            .map(|kind| kind.facts().recorded_name(call))
            .collect();
        let named = kinds().any(|kind| told_of(kind).any(|name| names.contains(&name)));
        let mut harmless = HARMLESS.iter();
        let harmless =
            harmless.any(|(service, name, _)| (*service, *name) == (call.service, call.operation));
        assert!(named != harmless, "{call}: {names:?}");
        count += 1;
    }
    assert!(count > 35, "{count}");
}
