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

/// Whether CloudTrail's records have a field of that name at their top.
pub(super) fn is_top(name: &str) -> bool {
    TOP.contains(&name)
}

/// Warns of a path under `detail` that leads to no field: at the top of the record, where all are known, and
/// below `userIdentity` of one that is nearly there.
pub(super) fn warn_of_path(path: &[&str], span: Span, report: &mut Report) {
    let find = |table: &[(&str, &'static str)], name: &str| {
        let found = table.iter().find(|(other, _)| *other == name);
        found.map(|(_, field)| (*field).to_owned())
    };
    let within = |prefix: &str, known: &[&'static str], name: &str| {
        nearest(name, known.iter().copied()).map(|near| format!("{prefix}{near}"))
    };
    let meant = match path {
        ["userIdentity", "sessionContext", third, ..] if !SESSION.contains(third) => {
            within("userIdentity.sessionContext.", SESSION, third)
        }
        ["userIdentity", second, ..] if !USER.contains(second) => {
            find(DEEPER_IN_USER, second).or_else(|| within("userIdentity.", USER, second))
        }
        [first, ..] if !TOP.contains(first) => find(ENVELOPE, first)
            .or_else(|| find(DEEPER, first))
            .or_else(|| within("", TOP, first)),
        _ => None,
    };
    let unknown_top = path.first().is_some_and(|first| !TOP.contains(first));
    if meant.is_none() && !unknown_top {
        return;
    }
    let depth = match path {
        ["userIdentity", "sessionContext", third, ..] if !SESSION.contains(third) => 3,
        ["userIdentity", ..] => 2,
        _ => 1,
    };
    let asked = path.get(..depth).unwrap_or(path).join(".");
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "look at such an event in CloudTrail's event history: a call's own fields stand under `requestParameters` and `responseElements`, the caller's under `userIdentity`".to_owned(),
    };
    report
        .warning(codes::FIELD_NAME, span)
        .message(format!(
            "CloudTrail's events have no field {}",
            shown(&asked)
        ))
        .label("no event has it")
        .help(help);
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
