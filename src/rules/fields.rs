//! The fields of CloudTrail's records and what stands in them, to warn of names and values that no event has.

use serde_json::Value as Json;

use super::codes;
use super::events::Tongue;
use super::names;
use super::report::{Report, nearest, shown};
use super::source::Span;

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

/// What the event's envelope calls a thing, and what CloudTrail calls it.
const ENVELOPE: &[(&str, &str)] = &[
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

/// The same for those looked for in `userIdentity`.
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

/// The same for those looked for in `userIdentity.sessionContext`.
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

/// Whether CloudTrail's records have a field of that name at their top.
pub(super) fn is_top(name: &str) -> bool {
    TOP.contains(&name)
}

/// Fields of the record that no call has among its parameters or answers, and no sign-in beside them.
/// Source: the API models, of all services.
const NOWHERE_ELSE: &[&str] = &["recipientAccountId", "sourceIPAddress", "userIdentity"];

/// Warns of a path under `detail` that leads to no field: at the top of the record, where all are known, below
/// `userIdentity` of one that is nearly there or stands elsewhere, and of the record's own fields below others.
pub(super) fn warn_of_path(path: &[&str], span: Span, report: &mut Report) {
    let Some((depth, meant)) = misplaced(path) else {
        return;
    };
    let (asked, rest) = path.split_at_checked(depth).unwrap_or((path, &[]));
    let help = match meant {
        // What follows goes with it.
        Some(meant) => {
            let whole: Vec<&str> = std::iter::once(meant.as_str())
                .chain(rest.iter().copied())
                .collect();
            format!("did you mean `{}`?", whole.join("."))
        }
        None => "look at such an event in CloudTrail's event history: a call's own fields stand under `requestParameters` and `responseElements`, the caller's under `userIdentity`".to_owned(),
    };
    report
        .warning(codes::FIELD_NAME, span)
        .message(format!(
            "CloudTrail's events have no field {}",
            shown(&asked.join("."))
        ))
        .label("no event has it")
        .help(help);
}

/// Whether the fields of a record stand where CloudTrail has some of their names.
pub(crate) fn places_are_good(record: &serde_json::Map<String, Json>) -> bool {
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

/// How much of a path leads nowhere, and what was probably meant by it.
fn misplaced(path: &[&str]) -> Option<(usize, Option<String>)> {
    let find = |table: &[(&str, &'static str)], name: &str| {
        let found = table.iter().find(|(other, _)| *other == name);
        found.map(|(_, field)| (*field).to_owned())
    };
    let within = |prefix: &str, known: &[&'static str], name: &str| {
        nearest(name, known.iter().copied()).map(|near| format!("{prefix}{near}"))
    };
    // Below these there may be fields that nobody has told us of.
    let certain = |depth, meant: Option<String>| meant.map(|meant| (depth, Some(meant)));
    match path {
        ["userIdentity", "sessionContext", third, ..] if !SESSION.contains(third) => certain(
            3,
            find(DEEPER_IN_SESSION, third)
                .or_else(|| within("userIdentity.sessionContext.", SESSION, third)),
        ),
        ["userIdentity", second, ..] if !USER.contains(second) => certain(
            2,
            find(DEEPER_IN_USER, second)
                .or_else(|| TOP.contains(second).then(|| (*second).to_owned()))
                .or_else(|| within("userIdentity.", USER, second)),
        ),
        [
            "additionalEventData" | "requestParameters" | "responseElements",
            second,
            ..,
        ] if NOWHERE_ELSE.contains(second) => Some((2, Some((*second).to_owned()))),
        [first, ..] if !TOP.contains(first) => Some((
            1,
            find(ENVELOPE, first)
                .or_else(|| find(DEEPER, first))
                .or_else(|| within("", TOP, first)),
        )),
        _ => None,
    }
}

/// Fields with few values. Source: CloudTrail user guide, "userIdentity element", "record contents", and the
/// sign-in event reference.
const VALUES: &[(&str, &[&str])] = &[
    (
        "eventCategory",
        &["Data", "Insight", "Management", "NetworkActivity"],
    ),
    (
        "eventType",
        &[
            "AwsApiCall",
            "AwsCloudTrailInsight",
            "AwsConsoleAction",
            "AwsConsoleSignIn",
            "AwsConsoleSignin",
            "AwsServiceEvent",
            "AwsVpceEvents",
        ],
    ),
    ("responseElements.ConsoleLogin", &["Failure", "Success"]),
    (
        "userIdentity.sessionContext.attributes.mfaAuthenticated",
        &["false", "true"],
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.type",
        &["IAMUser", "Role", "Root"],
    ),
    (
        "userIdentity.type",
        &[
            "AWSAccount",
            "AWSService",
            "AssumedRole",
            "Directory",
            "FederatedUser",
            "IAMUser",
            "IdentityCenterUser",
            "Role",
            "Root",
            "SAMLUser",
            "Unknown",
            "WebIdentityUser",
        ],
    ),
];
/// Fields that hold a boolean; `mfaAuthenticated`, which looks like one, holds text.
const BOOLEANS: &[&str] = &["managementEvent", "readOnly"];
/// Fields that hold a service with its domain.
const DOMAINS: &[&str] = &["eventSource", "userIdentity.invokedBy"];
const MFA_USED: &str = "additionalEventData.MFAUsed";

/// Warns of a value that CloudTrail writes otherwise. `exact`: the value is compared as it is.
pub(super) fn warn_of_value(
    path: &str,
    value: &Json,
    tongue: Tongue,
    span: Span,
    report: &mut Report,
) {
    let quoted = |value: &str| match tongue {
        Tongue::Rules | Tongue::Test => format!("{value:?}"),
        Tongue::Raw => format!("[{value:?}]"),
    };
    if path == MFA_USED
        && let Json::String(text) = value
        && ["yes", "no"].contains(&text.to_lowercase().as_str())
    {
        let operator = match tongue {
            Tongue::Rules | Tongue::Test => "any-case",
            Tongue::Raw => "equals-ignore-case",
        };
        report
            .warning(codes::MFA_CASE, span)
            .message(format!("{} is compared case-sensitively", shown(text)))
            .label("CloudTrail writes `Yes`, `No`, and for the root user `YES`")
            .help(format!(
                "write {}",
                shown(&format!("{{ {operator}: {text:?} }}"))
            ));
        return;
    }
    if let ("sourceIPAddress", Json::String(text)) = (path, value)
        && is_block(text)
    {
        report
            .warning(codes::OTHER_VALUE, span)
            .message(format!("{} is a block of addresses", shown(text)))
            .label("compared as text: an event has one address")
            .help(format!("write {}", shown(&format!("{{ cidr: {text:?} }}"))));
        return;
    }
    let meant = match value {
        Json::String(text)
            if BOOLEANS.contains(&path)
                && ["true", "false"].contains(&text.to_lowercase().as_str()) =>
        {
            Some((
                format!("`{path}` is a boolean, not text"),
                format!("write `{}`, without quotes", text.to_lowercase()),
            ))
        }
        Json::Bool(flag) if path.ends_with(".mfaAuthenticated") || path == MFA_USED => {
            let help = if path == MFA_USED {
                format!("write `any-case: {:?}`", if *flag { "Yes" } else { "No" })
            } else {
                format!("write {}", quoted(&flag.to_string()))
            };
            Some((format!("`{path}` is text, not a boolean"), help))
        }
        Json::String(text) if DOMAINS.contains(&path) => names::services()
            .contains_key(text.strip_prefix("aws.").unwrap_or(text))
            .then(|| {
                let service = text.strip_prefix("aws.").unwrap_or(text);
                (
                    format!(
                        "`{path}` holds a service with its domain, not {}",
                        shown(text)
                    ),
                    format!("write {}", quoted(&format!("{service}.amazonaws.com"))),
                )
            }),
        Json::String(text) if path == "errorCode" => denial(text).map(|meant| {
            (
                format!("{} is no code of a denied call", shown(text)),
                format!("did you mean `{meant}`?"),
            )
        }),
        Json::String(text) => VALUES
            .iter()
            .find(|(field, values)| *field == path && !values.contains(&text.as_str()))
            .and_then(|(_, values)| nearest(text, values.iter().copied()))
            .map(|near| {
                (
                    format!(
                        "{} is no value that CloudTrail writes into `{path}`",
                        shown(text)
                    ),
                    format!("did you mean `{near}`?"),
                )
            }),
        _ => None,
    };
    if let Some((message, help)) = meant {
        report
            .warning(codes::OTHER_VALUE, span)
            .message(message)
            .label("the condition may never hold")
            .help(help);
    }
}

/// How denied calls are recorded. Any service may have codes of its own, so that only a slip is told from these.
const DENIALS: [&str; 4] = [
    "AccessDenied",
    "AccessDeniedException",
    "Client.UnauthorizedOperation",
    "UnauthorizedOperation",
];

/// The code of denied calls of which a text is a slip.
fn denial(text: &str) -> Option<&'static str> {
    if DENIALS.contains(&text) {
        return None;
    }
    let lower = text.to_lowercase();
    let near = |code: &&str| strsim::osa_distance(&lower, &code.to_lowercase()) <= 2;
    DENIALS.into_iter().find(near)
}

/// Whether a text is a block of addresses in CIDR notation.
pub(super) fn is_block(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, bits)| {
        address.parse::<std::net::IpAddr>().is_ok()
            && !bits.is_empty()
            && bits.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Fields of `userIdentity` that every caller of a type has. Source: CloudTrail, "userIdentity element".
pub(super) fn has_always(kind: &str, field: &str) -> bool {
    let fields: &[&str] = match kind {
        "IAMUser" => &["accountId", "arn", "principalId", "userName"],
        "AssumedRole" | "Root" | "FederatedUser" => &["accountId", "arn", "principalId"],
        _ => &[],
    };
    fields.contains(&field)
}

/// Whether callers of a type have no `userIdentity.userName`: a role's name stands under `sessionIssuer`.
pub(super) fn is_nameless(kind: &str) -> bool {
    ["AWSAccount", "AWSService", "AssumedRole", "FederatedUser"].contains(&kind)
}

/// The envelope's types of CloudTrail's events; sign-ins have had both spellings.
const DETAIL_TYPES: &[&str] = &[
    "AWS API Call via CloudTrail",
    "AWS Console Action via CloudTrail",
    "AWS Console Sign In via CloudTrail",
    "AWS Console Signin via CloudTrail",
    "AWS Insight via CloudTrail",
    "AWS Service Event via CloudTrail",
];

/// Warns of a `detail-type` that is nearly one of CloudTrail's.
pub(super) fn warn_of_detail_type(text: &str, span: Span, report: &mut Report) {
    if DETAIL_TYPES.contains(&text) {
        return;
    }
    let Some(meant) = nearest(text, DETAIL_TYPES.iter().copied()) else {
        return;
    };
    report
        .warning(codes::DETAIL_TYPE, span)
        .message(format!("no event has the detail type {}", shown(text)))
        .label("this would never be heard of")
        .help(format!("did you mean `{meant}`?"));
}
