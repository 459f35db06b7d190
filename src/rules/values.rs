//! What stands in the fields of CloudTrail's records, to warn of values that no event has.

use serde_json::Value as Json;

use super::events::Tongue;
use super::names;
use crate::diagnostic::Span;
use crate::diagnostic::codes::{self, Code};
use crate::diagnostic::{Problem, Report, listed, nearest, shown};

/// Fields with few values. Source: CloudTrail user guide, "userIdentity element", "record contents", and the
/// sign-in event reference. Recorded events of VPC endpoints say `AwsVpceEvent`, the guide also `AwsVpceEvents`.
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
            "AwsVpceEvent",
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
pub(super) const ROOT: &str = "Root";
const MFA_USED: &str = "additionalEventData.MFAUsed";

/// Warns of a value that CloudTrail writes otherwise. `fatal`: the code of an error, where nothing can match for it.
pub(super) fn warn_of_value(
    path: &str,
    value: &Json,
    tongue: Tongue,
    fatal: Option<Code>,
    span: Span,
    report: &mut Report,
) {
    if let Some(problem) = problem_of_value(path, value, tongue) {
        report.say(problem, fatal, span);
    }
}

/// Whether a value is written so for all but the root user, of whose second factor CloudTrail writes `YES`.
pub(super) fn is_as_users_have_it(path: &str, value: &Json) -> bool {
    path == MFA_USED && (value == "Yes" || value == "No")
}

/// Whether no event holds a value.
pub(super) fn is_nowhere_written(path: &str, value: &Json) -> bool {
    problem_of_value(path, value, Tongue::Rules).is_some_and(|problem| problem.certain)
}

fn problem_of_value(path: &str, value: &Json, tongue: Tongue) -> Option<Problem> {
    let quoted = |value: &str| match tongue {
        Tongue::Rules | Tongue::Test => format!("{value:?}"),
        Tongue::Raw => format!("[{value:?}]"),
        Tongue::Except => format!("[{{ anything-but: {value:?} }}]"),
    };
    if path == MFA_USED
        && let Json::String(text) = value
        && ["yes", "no"].contains(&text.to_lowercase().as_str())
    {
        let test = match tongue {
            Tongue::Rules | Tongue::Test => format!("{{ any-case: {text:?} }}"),
            Tongue::Raw => format!("{{ equals-ignore-case: {text:?} }}"),
            Tongue::Except => format!("{{ anything-but: {{ equals-ignore-case: {text:?} }} }}"),
        };
        return Some(Problem {
            code: codes::MFA_CASE,
            message: format!("{} is compared case-sensitively", shown(text)),
            label: "CloudTrail writes `Yes`, `No`, and for the root user `YES`".to_owned(),
            help: format!("write {}", shown(&test)),
            certain: false,
        });
    }
    if let ("sourceIPAddress", Json::String(text)) = (path, value)
        && is_block(text)
    {
        return Some(blocks(&[text]));
    }
    let (message, help, certain) = match value {
        Json::String(text)
            if BOOLEANS.contains(&path)
                && ["true", "false"].contains(&text.to_lowercase().as_str()) =>
        {
            (
                format!("`{path}` is a boolean, not text"),
                format!("write `{}`, without quotes", text.to_lowercase()),
                true,
            )
        }
        Json::Bool(flag) if path.ends_with(".mfaAuthenticated") || path == MFA_USED => {
            let help = if path == MFA_USED {
                format!("write `any-case: {:?}`", if *flag { "Yes" } else { "No" })
            } else {
                format!("write {}", quoted(&flag.to_string()))
            };
            (format!("`{path}` is text, not a boolean"), help, true)
        }
        Json::String(text) if DOMAINS.contains(&path) => {
            let service = text.strip_prefix("aws.").unwrap_or(text);
            names::services().contains_key(service).then(|| {
                (
                    format!(
                        "`{path}` holds a service with its domain, not {}",
                        shown(text)
                    ),
                    format!("write {}", quoted(&format!("{service}.amazonaws.com"))),
                    path == "eventSource",
                )
            })?
        }
        Json::String(text) if path == "errorCode" => {
            let meant = denial(text)?;
            (
                format!("{} is no code of a denied call", shown(text)),
                format!("did you mean `{meant}`?"),
                false,
            )
        }
        Json::String(text) => {
            let (_, values) = VALUES
                .iter()
                .find(|(field, values)| *field == path && !values.contains(&text.as_str()))?;
            let near = nearest(text, values.iter().copied())?;
            (
                format!(
                    "{} is no value that CloudTrail writes into `{path}`",
                    shown(text)
                ),
                format!("did you mean `{near}`?"),
                near.eq_ignore_ascii_case(text),
            )
        }
        _ => return None,
    };
    let label = if certain {
        "no event holds it"
    } else {
        "the condition may never hold"
    };
    Some(Problem {
        code: codes::OTHER_VALUE,
        message,
        label: label.to_owned(),
        help,
        certain,
    })
}

/// Blocks of addresses, compared with an address as text.
pub(super) fn blocks(blocks: &[&str]) -> Problem {
    let shown: Vec<String> = blocks.iter().map(|block| shown(block)).collect();
    let (message, cidr) = match (shown.as_slice(), blocks) {
        ([one], [block]) => (
            format!("{one} is a block of addresses"),
            format!("{block:?}"),
        ),
        (shown, blocks) => (
            format!("{} are blocks of addresses", listed(shown)),
            format!("{blocks:?}"),
        ),
    };
    Problem {
        code: codes::OTHER_VALUE,
        message,
        label: "compared as text: an event has one address".to_owned(),
        help: format!("write `{{ cidr: {cidr} }}`"),
        certain: true,
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

/// The envelope's types of CloudTrail's events; sign-ins have had both spellings.
const DETAIL_TYPES: &[&str] = &[
    "AWS API Call via CloudTrail",
    "AWS Console Action via CloudTrail",
    "AWS Console Sign In via CloudTrail",
    "AWS Console Signin via CloudTrail",
    "AWS Insight via CloudTrail",
    "AWS Service Event via CloudTrail",
];

const SIGN_INS: [&str; 2] = [
    "AWS Console Sign In via CloudTrail",
    "AWS Console Signin via CloudTrail",
];

/// Warns of a `detail-type` that is nearly one of CloudTrail's. `fatal`: the code of an error, where there is no other.
pub(super) fn warn_of_detail_type(
    text: &str,
    fatal: Option<Code>,
    span: Span,
    report: &mut Report,
) {
    let Some(meant) = misspelt_detail_type(text) else {
        return;
    };
    let problem = Problem {
        code: codes::DETAIL_TYPE,
        message: format!("no event has the detail type {}", shown(text)),
        label: "this would never be heard of".to_owned(),
        help: if SIGN_INS.contains(&meant) {
            let [one, other] = SIGN_INS.map(|text| format!("`{text}`"));
            format!("AWS spells it in two ways: write both, {one} and {other}")
        } else {
            format!("did you mean `{meant}`?")
        },
        certain: true,
    };
    report.say(problem, fatal, span);
}

/// The type that was meant by one which no event has.
pub(super) fn misspelt_detail_type(text: &str) -> Option<&'static str> {
    if DETAIL_TYPES.contains(&text) {
        return None;
    }
    nearest(text, DETAIL_TYPES.iter().copied())
}
