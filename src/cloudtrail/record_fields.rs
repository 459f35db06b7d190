//! The fields of CloudTrail's records and of the envelope around them.

use serde_json::{Map, Value as Json};

use crate::diagnostic::nearest;

/// Source: CloudTrail user guide, "CloudTrail record contents", and the sign-in event reference.
const TOP: &[&str] = &[
    "additionalEventData",
    "addendum",
    "annotation",
    "apiVersion",
    "awsRegion",
    "edgeDeviceDetails",
    "errorCode",
    "errorMessage",
    "eventCategory",
    "eventContext",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "insightDetails",
    "managementEvent",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "resources",
    "responseElements",
    "serviceEventDetails",
    "sessionCredentialFromConsole",
    "sharedEventID",
    "sourceIPAddress",
    "tlsDetails",
    "userAgent",
    "userIdentity",
    "vpcEndpointAccountId",
    "vpcEndpointId",
];

/// Source: CloudTrail user guide, "CloudTrail userIdentity element".
const USER: &[&str] = &[
    "accessKeyId",
    "accountId",
    "arn",
    "credentialId",
    "identityProvider",
    "identityStoreArn",
    "inScopeOf",
    "invokedBy",
    "onBehalfOf",
    "principalId",
    "sessionContext",
    "type",
    "userId",
    "userName",
];
const SESSION: &[&str] = &[
    "assumedRoot",
    "attributes",
    "ec2RoleDelivery",
    "sessionIssuer",
    "sourceIdentity",
    "webIdFederationData",
];

const ISSUER: &[&str] = &["accountId", "arn", "principalId", "type", "userName"];
const ATTRIBUTES: &[&str] = &["creationDate", "mfaAuthenticated"];
const FEDERATION: &[&str] = &["attributes", "federatedProvider"];
const ON_BEHALF_OF: &[&str] = &["identityStoreArn", "userId"];
const IN_SCOPE_OF: &[&str] = &[
    "credentialsIssuedTo",
    "issuerType",
    "sourceAccount",
    "sourceArn",
];
/// Source: CloudTrail user guide, "CloudTrail record contents", as what follows.
const TLS: &[&str] = &["cipherSuite", "clientProvidedHostHeader", "tlsVersion"];
const RESOURCES: &[&str] = &["ARN", "ARNPrefix", "accountId", "type"];
const ADDENDUM: &[&str] = &[
    "originalEventID",
    "originalRequestID",
    "reason",
    "updatedFields",
];
/// Fields that hold others of which each service writes its own.
const OPEN: &[&str] = &[
    "additionalEventData",
    "eventContext",
    "insightDetails",
    "requestParameters",
    "responseElements",
];
/// Fields whose values are no text, or not in every record: recorded events have both text and booleans in the last
/// one, and text and objects in the one before it.
const NO_TEXT: &[&str] = &[
    "edgeDeviceDetails",
    "managementEvent",
    "readOnly",
    "serviceEventDetails",
    "sessionCredentialFromConsole",
];
/// What sign-ins have under `additionalEventData`. Source: CloudTrail user guide, "AWS Management Console sign-in
/// events".
const OF_SIGN_INS: &[&str] = &[
    "LoginTo",
    "MFAIdentifier",
    "MFAUsed",
    "MobileVersion",
    "SamlProviderArn",
];

/// What the event's envelope calls a thing, and what CloudTrail calls it.
const OF_ENVELOPE: &[(&str, &str)] = &[
    ("account", "recipientAccountId"),
    ("region", "awsRegion"),
    ("source", "eventSource"),
    ("time", "eventTime"),
];

/// Fields that people look for at the top of the record, and where they are.
const DEEPER: &[(&str, &str)] = &[
    ("ConsoleLogin", "responseElements.ConsoleLogin"),
    ("MFAUsed", "additionalEventData.MFAUsed"),
    ("accessKeyId", "userIdentity.accessKeyId"),
    ("accountId", "userIdentity.accountId"),
    ("arn", "userIdentity.arn"),
    ("invokedBy", "userIdentity.invokedBy"),
    (
        "mfaAuthenticated",
        "userIdentity.sessionContext.attributes.mfaAuthenticated",
    ),
    ("policyArn", "requestParameters.policyArn"),
    ("principalId", "userIdentity.principalId"),
    ("roleName", "requestParameters.roleName"),
    ("sessionContext", "userIdentity.sessionContext"),
    ("sessionIssuer", "userIdentity.sessionContext.sessionIssuer"),
    ("type", "userIdentity.type"),
    ("userName", "userIdentity.userName"),
];

/// Fields that people look for in `userIdentity`, and where they are.
const DEEPER_IN_USER: &[(&str, &str)] = &[
    (
        "mfaAuthenticated",
        "userIdentity.sessionContext.attributes.mfaAuthenticated",
    ),
    (
        "roleName",
        "userIdentity.sessionContext.sessionIssuer.userName",
    ),
    ("sessionIssuer", "userIdentity.sessionContext.sessionIssuer"),
];

/// Fields that people look for in `userIdentity.sessionContext`, and where they are.
const DEEPER_IN_SESSION: &[(&str, &str)] = &[
    ("arn", "userIdentity.sessionContext.sessionIssuer.arn"),
    (
        "mfaAuthenticated",
        "userIdentity.sessionContext.attributes.mfaAuthenticated",
    ),
    (
        "userName",
        "userIdentity.sessionContext.sessionIssuer.userName",
    ),
];

/// Fields that every record has. Source: CloudTrail user guide, "CloudTrail record contents".
pub(crate) const ALWAYS: [&str; 8] = [
    "awsRegion",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "sourceIPAddress",
];

/// Fields of the record that other events are not likely to have.
pub(crate) const TELLING: [&str; 5] = [
    "eventName",
    "eventSource",
    "requestParameters",
    "responseElements",
    "userIdentity",
];

/// The fields of an event's envelope. Source: EventBridge user guide, "Event structure reference"; `replay-name`
/// is on events of a replay.
pub(crate) const ENVELOPE: [&str; 10] = [
    "account",
    "detail",
    "detail-type",
    "id",
    "region",
    "replay-name",
    "resources",
    "source",
    "time",
    "version",
];
/// Fields of the envelope that CloudTrail's records do not have.
pub(crate) const NOT_IN_DETAIL: [&str; 4] = ["detail", "detail-type", "id", "source"];

/// Whether CloudTrail's records have a field of that name at their top.
pub(crate) fn is_top(name: &str) -> bool {
    TOP.contains(&name)
}

/// The field at the top of records that has this name in letters of any case.
pub(super) fn top_in_any_case(name: &str) -> Option<&'static str> {
    in_any_case(&[TOP], name)
}

/// The field of `userIdentity`, or of what is in it, that has this name in letters of any case.
pub(super) fn in_user_in_any_case(name: &str) -> Option<&'static str> {
    in_any_case(&[USER, SESSION, ISSUER, ATTRIBUTES], name)
}

fn in_any_case(lists: &[&[&'static str]], name: &str) -> Option<&'static str> {
    let mut fields = lists.iter().copied().flatten().copied();
    fields.find(|field| field.eq_ignore_ascii_case(name))
}

/// The fields in one that holds others; none where each service writes its own.
pub(crate) fn fields_in(path: &[&str]) -> Option<&'static [&'static str]> {
    Some(match path {
        ["userIdentity"] => USER,
        ["userIdentity", "inScopeOf"] => IN_SCOPE_OF,
        ["userIdentity", "onBehalfOf"] => ON_BEHALF_OF,
        ["userIdentity", "sessionContext"] => SESSION,
        ["userIdentity", "sessionContext", "attributes"] => ATTRIBUTES,
        ["userIdentity", "sessionContext", "sessionIssuer"] => ISSUER,
        ["userIdentity", "sessionContext", "webIdFederationData"] => FEDERATION,
        [
            "userIdentity",
            "sessionContext",
            "webIdFederationData",
            "attributes",
        ] => &[],
        ["addendum"] => ADDENDUM,
        ["resources"] => RESOURCES,
        ["tlsDetails"] => TLS,
        [open] if OPEN.contains(open) => &[],
        _ => return None,
    })
}

/// Whether CloudTrail writes `null` into a field where there is nothing to say, as into the answer of a refused call.
pub(crate) fn may_be_null(path: &[&str]) -> bool {
    matches!(path, [field] if OPEN.contains(field) || *field == "resources")
}

/// Whether a field is one that holds text in every record that has it.
pub(crate) fn holds_text(path: &[&str]) -> bool {
    let Some((last, outer)) = path.split_last() else {
        return false;
    };
    let known = match outer {
        [] => TOP.contains(last) && !NO_TEXT.contains(last),
        outer => fields_in(outer).is_some_and(|fields| fields.contains(last)),
    };
    known && fields_in(path).is_none()
}

/// Fields of the record that no call has among its parameters or answers, and no sign-in beside them.
/// Source: the API models, of all services.
const NOWHERE_ELSE: &[&str] = &["recipientAccountId", "sourceIPAddress", "userIdentity"];

/// Whether a path leads to a field that no event has.
pub(crate) fn is_nowhere(path: &[&str]) -> bool {
    misplaced(path).is_some_and(|misplaced| misplaced.certain)
}

/// Whether the last of some names leads nowhere, or probably does.
pub(crate) fn is_misplaced(path: &[&str]) -> bool {
    misplaced(path).is_some_and(|misplaced| misplaced.depth == path.len())
}

/// Whether the fields of a record stand where CloudTrail has some of their names.
pub(crate) fn places_are_good(record: &Map<String, Json>) -> bool {
    record.iter().all(|(name, value)| {
        let inner = value.as_object().into_iter().flatten();
        let mut inner = inner.map(|(second, _)| second.as_str());
        TOP.contains(&name.as_str())
            && inner.all(|second| {
                let path = [name.as_str(), second];
                misplaced(&path).is_none()
            })
    })
}

/// A path that leads nowhere.
pub(crate) struct Misplaced {
    /// So many of its names lead nowhere.
    pub(crate) depth: usize,
    /// What was probably meant by these.
    pub(crate) meant: Option<String>,
    /// The name is one of another place, or one of this place but for its case: CloudTrail will not come to write it.
    pub(crate) certain: bool,
}

/// What is wrong with a path under `detail` that leads to no field: at the top of the record, where all are known, below
/// `userIdentity` with one that is nearly there or stands elsewhere, and with the record's own fields below others.
pub(crate) fn misplaced(path: &[&str]) -> Option<Misplaced> {
    let elsewhere = |table: &[(&str, &'static str)], name: &str| {
        let found = table.iter().find(|(other, _)| *other == name);
        found.map(|(_, field)| ((*field).to_owned(), true))
    };
    let near = |prefix: &str, known: &[&'static str], name: &str| {
        let near = nearest(name, known.iter().copied())?;
        Some((format!("{prefix}{near}"), near.eq_ignore_ascii_case(name)))
    };
    // Below these there may be fields that nobody has told us of.
    let known = |depth, meant: Option<(String, bool)>| {
        meant.map(|(meant, certain)| Misplaced {
            depth,
            meant: Some(meant),
            certain,
        })
    };
    // What follows may be new, but not a known name in another case.
    let cased = |prefix: &str, known: &[&'static str], name: &str| {
        let same = known
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name))?;
        (*same != name).then(|| format!("{prefix}{same}"))
    };
    match path {
        [
            "userIdentity",
            "sessionContext",
            "sessionIssuer",
            fourth,
            ..,
        ] => known(
            4,
            cased("userIdentity.sessionContext.sessionIssuer.", ISSUER, fourth)
                .map(|meant| (meant, true)),
        ),
        ["userIdentity", "sessionContext", "attributes", fourth, ..] => known(
            4,
            cased(
                "userIdentity.sessionContext.attributes.",
                ATTRIBUTES,
                fourth,
            )
            .map(|meant| (meant, true)),
        ),
        // Services write what they like there.
        ["additionalEventData", second, ..] if !NOWHERE_ELSE.contains(second) => known(
            2,
            cased("additionalEventData.", OF_SIGN_INS, second).map(|meant| (meant, false)),
        ),
        ["userIdentity", "sessionContext", third, ..] if !SESSION.contains(third) => known(
            3,
            elsewhere(DEEPER_IN_SESSION, third)
                .or_else(|| near("userIdentity.sessionContext.", SESSION, third)),
        ),
        ["userIdentity", second, ..] if !USER.contains(second) => known(
            2,
            elsewhere(DEEPER_IN_USER, second)
                .or_else(|| TOP.contains(second).then(|| ((*second).to_owned(), true)))
                .or_else(|| near("userIdentity.", USER, second)),
        ),
        [
            "additionalEventData" | "requestParameters" | "responseElements",
            second,
            ..,
        ] if NOWHERE_ELSE.contains(second) => known(2, Some(((*second).to_owned(), false))),
        [first, ..] if !TOP.contains(first) => known(
            1,
            elsewhere(OF_ENVELOPE, first)
                .or_else(|| elsewhere(DEEPER, first))
                .or_else(|| near("", TOP, first)),
        )
        .or(Some(Misplaced {
            depth: 1,
            meant: None,
            certain: false,
        })),
        _ => None,
    }
}

/// The other field of those that only failures have.
pub(crate) fn of_failures(path: &[&str]) -> Option<&'static str> {
    match path {
        ["errorCode"] => Some("errorMessage"),
        ["errorMessage"] => Some("errorCode"),
        _ => None,
    }
}

/// What has no field of a path, if not everything has it that these types of callers record. A call that succeeds has
/// no `errorCode`. Source: CloudTrail user guide, "CloudTrail record contents".
pub(crate) fn lacking(path: &[&str], kinds: Option<&[&str]>) -> Option<&'static str> {
    match path {
        ["errorCode" | "errorMessage"] => Some("successful calls"),
        ["userIdentity", inner @ ..] if !matches!(inner, [] | ["type"]) => {
            let always =
                kinds.is_some_and(|kinds| kinds.iter().all(|kind| has_always(kind, inner)));
            (!always).then_some("callers")
        }
        _ => None,
    }
}

/// Fields of `userIdentity` that every caller of a type has. Source: CloudTrail, "userIdentity element".
fn has_always(kind: &str, path: &[&str]) -> bool {
    let field = match path {
        [field] => field,
        // A session of a role is issued by the role.
        ["sessionContext", "sessionIssuer", field] => {
            return kind == "AssumedRole" && OF_ISSUERS.contains(field);
        }
        _ => return false,
    };
    let fields: &[&str] = match kind {
        "AWSAccount" => &["accountId", "principalId"],
        "IAMUser" => &["accountId", "arn", "principalId", "userName"],
        "AssumedRole" | "Root" | "FederatedUser" => &["accountId", "arn", "principalId"],
        _ => &[],
    };
    fields.contains(field)
}

/// Whether callers of a type have no `userIdentity.userName`: a role's name stands under `sessionIssuer`.
pub(crate) fn is_nameless(kind: &str) -> bool {
    ["AWSAccount", "AWSService", "AssumedRole", "FederatedUser"].contains(&kind)
}

/// Whether callers of a type come through no role, so that their sessions have no issuer with [`OF_ISSUERS`].
pub(crate) fn is_roleless(kind: &str) -> bool {
    ["IAMUser", "Root"].contains(&kind)
}

/// What `sessionIssuer` says of the role that issued a session.
pub(crate) const OF_ISSUERS: [&str; 4] = ["accountId", "arn", "principalId", "userName"];
