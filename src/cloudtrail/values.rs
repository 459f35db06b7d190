//! What stands in the fields of CloudTrail's records.

use serde_json::Value as Json;

use super::api_names::{self, recorded_service, without_domain};
use crate::diagnostic::nearest;
use crate::place::Region;
use crate::wildcard::matches_star;

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
/// The type of the root user.
pub(crate) const ROOT: &str = "Root";
/// Whether a second factor was asked for, in sign-ins.
pub(crate) const MFA_USED: &str = "additionalEventData.MFAUsed";

/// What is wrong with a value that CloudTrail writes otherwise into a field.
pub(crate) enum OtherValue<'v> {
    /// `Yes` or `No` of a second factor: of the root user CloudTrail writes `YES`.
    SecondFactor(&'v str),
    /// A block of addresses where one address stands.
    Block(&'v str),
    /// Text where a boolean stands.
    Text(bool),
    /// A boolean where text stands; of a second factor that is `Yes` or `No`.
    Boolean { value: bool, is_answer: bool },
    /// A service that is not written with its domain.
    Service {
        text: &'v str,
        service: &'v str,
        certain: bool,
    },
    /// A service under another name than CloudTrail's.
    OtherName {
        text: &'v str,
        service: &'static str,
    },
    /// A typo of the code of denied calls.
    Denial { text: &'v str, meant: &'static str },
    /// A typo of one of the few values of a field.
    Word {
        text: &'v str,
        meant: &'static str,
        certain: bool,
    },
}

impl OtherValue<'_> {
    /// Whether no event holds the value.
    pub(crate) fn is_certain(&self) -> bool {
        match self {
            Self::SecondFactor(_) | Self::Denial { .. } => false,
            Self::Block(_) | Self::Text(_) | Self::Boolean { .. } | Self::OtherName { .. } => true,
            Self::Service { certain, .. } | Self::Word { certain, .. } => *certain,
        }
    }
}

/// Whether a value is written so for all but the root user, of whose second factor CloudTrail writes `YES`.
pub(crate) fn is_as_users_have_it(path: &str, value: &Json) -> bool {
    path == MFA_USED && (value == "Yes" || value == "No")
}

/// Whether a text is one of the few values of a field under `detail`.
pub(crate) fn is_value_of(path: &str, text: &str) -> bool {
    let mut fields = VALUES.iter().filter(|(field, _)| *field == path);
    fields.any(|(_, values)| values.contains(&text))
}

/// Whether no event holds a value in a field under `detail`.
pub(crate) fn is_nowhere_written(path: &str, value: &Json) -> bool {
    other_value(path, value).is_some_and(|other| other.is_certain())
}

/// What is wrong with a value of a field under `detail`.
pub(crate) fn other_value<'v>(path: &str, value: &'v Json) -> Option<OtherValue<'v>> {
    let is_flag = |text: &str, words: [&str; 2]| words.contains(&text.to_lowercase().as_str());
    match value {
        Json::String(text) if path == MFA_USED && is_flag(text, ["yes", "no"]) => {
            Some(OtherValue::SecondFactor(text))
        }
        Json::String(text) if path == "sourceIPAddress" && is_block(text) => {
            Some(OtherValue::Block(text))
        }
        Json::String(text) if BOOLEANS.contains(&path) && is_flag(text, ["true", "false"]) => {
            Some(OtherValue::Text(text.eq_ignore_ascii_case("true")))
        }
        Json::String(text) if path == MFA_USED && is_flag(text, ["true", "false"]) => {
            Some(OtherValue::Boolean {
                value: text.eq_ignore_ascii_case("true"),
                is_answer: true,
            })
        }
        Json::Bool(value) if path.ends_with(".mfaAuthenticated") || path == MFA_USED => {
            Some(OtherValue::Boolean {
                value: *value,
                is_answer: path == MFA_USED,
            })
        }
        Json::String(text) if DOMAINS.contains(&path) => {
            let service = text.strip_prefix("aws.").unwrap_or(text);
            if api_names::services().contains_key(service) {
                return Some(OtherValue::Service {
                    text,
                    service,
                    certain: path == "eventSource",
                });
            }
            // A principal may have that name.
            let other = recorded_service(without_domain(text).unwrap_or(service))
                .filter(|_| path == "eventSource")?;
            Some(OtherValue::OtherName {
                text,
                service: other,
            })
        }
        Json::String(text) if path == "errorCode" => {
            let meant = denial(text)?;
            Some(OtherValue::Denial { text, meant })
        }
        Json::String(text) => {
            let (_, values) = VALUES
                .iter()
                .find(|(field, values)| *field == path && !values.contains(&text.as_str()))?;
            let meant = nearest(text, values.iter().copied())?;
            Some(OtherValue::Word {
                text,
                meant,
                certain: meant.eq_ignore_ascii_case(text),
            })
        }
        _ => None,
    }
}

/// How denied calls are recorded. Any service may have codes of its own, so that only a typo is told from these.
const DENIALS: [&str; 4] = [
    "AccessDenied",
    "AccessDeniedException",
    "Client.UnauthorizedOperation",
    "UnauthorizedOperation",
];

/// The code of denied calls of which a text is a typo.
fn denial(text: &str) -> Option<&'static str> {
    if DENIALS.contains(&text) {
        return None;
    }
    let lower = text.to_lowercase();
    let near = |code: &&str| strsim::osa_distance(&lower, &code.to_lowercase()) <= 2;
    DENIALS.into_iter().find(near)
}

/// Whether a text is a block of addresses in CIDR notation.
pub(crate) fn is_block(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, bits)| {
        address.parse::<std::net::IpAddr>().is_ok()
            && !bits.is_empty()
            && bits.bytes().all(|b| b.is_ascii_digit())
    })
}

/// How the names of Regions begin in partitions of which this release knows no more.
const OTHER_PARTITIONS: [&str; 3] = ["eu-isoe-", "eusc-", "us-iso"];

/// A name that no Region has, as far as this release knows.
pub(crate) struct NoRegion {
    /// The Region that was probably meant.
    pub(crate) near: Option<String>,
    /// Whether it is one but for its case; else AWS may have opened it since.
    pub(crate) certain: bool,
}

/// What is wrong with the name of a Region, in which `*` stands for any text.
pub(crate) fn no_region(glob: &str) -> Option<NoRegion> {
    let known: Vec<String> = Region::all_known().collect();
    let fits = |text: &str| known.iter().any(|region| matches_star(text, region));
    if fits(glob) || OTHER_PARTITIONS.iter().any(|start| glob.starts_with(start)) {
        return None;
    }
    let lower = glob.to_lowercase();
    if fits(&lower) {
        return Some(NoRegion {
            near: Some(lower),
            certain: true,
        });
    }
    let near = match glob.parse::<Region>() {
        Ok(region) => region.beyond().or_else(|| region.misspelt()),
        Err(_) => nearest(glob, known.iter().map(String::as_str)).map(str::to_owned),
    };
    Some(NoRegion {
        near,
        certain: false,
    })
}

/// The envelope's types of CloudTrail's events; sign-ins have had both spellings.
const DETAIL_TYPES: &[&str] = &[
    "AWS API Call via CloudTrail",
    "AWS Console Action via CloudTrail",
    "AWS Console Sign In via CloudTrail",
    "AWS Console Signin via CloudTrail",
    "AWS Insight via CloudTrail",
    "AWS Network Activity Event via CloudTrail",
    "AWS Service Event via CloudTrail",
];

/// The types of sign-ins: AWS spells it in two ways.
pub(crate) const SIGN_INS: [&str; 2] = [
    "AWS Console Sign In via CloudTrail",
    "AWS Console Signin via CloudTrail",
];

/// The type that was meant by one which no event has.
pub(crate) fn misspelt_detail_type(text: &str) -> Option<&'static str> {
    if DETAIL_TYPES.contains(&text) {
        return None;
    }
    nearest(text, DETAIL_TYPES.iter().copied())
}
