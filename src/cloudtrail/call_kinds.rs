//! What follows from an event's service and name alone.

use super::fields::Fields;
use crate::place::Region;

/// Services whose events appear in us-east-1 only, whatever Region is used.
/// Source: CloudTrail, global service events; Route 53 Domains, which has one endpoint.
pub const GLOBAL_SERVICES: &[&str] = &[
    "account",
    "cloudfront",
    "iam",
    "organizations",
    "route53",
    "route53domains",
];

/// The Region in which CloudTrail records an event. Sign-ins are recorded at the endpoint that was used,
/// which is the global one unless somebody chose another.
pub(super) fn recorded_in(service: &str, region: &Region) -> Region {
    if GLOBAL_SERVICES.contains(&service) || service == "signin" {
        region.global()
    } else {
        region.clone()
    }
}

/// How the names of operations that only read begin, by AWS's convention.
const READS: &[&str] = &[
    "BatchGet", "Describe", "Download", "Estimate", "Get", "Head", "List", "Lookup", "Preview",
    "Query", "Scan", "Search", "Select", "Simulate", "Validate",
];

/// Operations that CloudTrail records as read-only although their names do not say so, and in spite of
/// theirs the one that it does not. Source: records of these operations; Service Authorization Reference.
const READS_BY_SERVICE: &[(&str, &[&str])] = &[
    ("bedrock", &["Converse", "InvokeModel"]),
    (
        "iam",
        &[
            "GenerateCredentialReport",
            "GenerateServiceLastAccessedDetails",
        ],
    ),
    (
        "kms",
        &[
            "Decrypt",
            "DeriveSharedSecret",
            "Encrypt",
            "Generate",
            "ReEncrypt",
            "Sign",
            "Verify",
        ],
    ),
    ("sts", &["AssumeRole", "DecodeAuthorizationMessage"]),
];

/// Whether CloudTrail records the call as one that only reads.
pub fn is_read_only(service: &str, name: &str) -> bool {
    if (service, name) == ("sts", "GetFederationToken") {
        return false;
    }
    let begins = |verbs: &[&str]| verbs.iter().any(|verb| name.starts_with(verb));
    let by_service = |(of, verbs): &(&str, &[&str])| *of == service && begins(verbs);
    begins(READS) || READS_BY_SERVICE.iter().any(by_service)
}

/// Those that EventBridge lets through all the same. Source: `eb-service-event-cloudtrail-management`.
const READS_THAT_PASS: &[&str] = &["GetFederationToken", "GetSessionToken"];

/// Whether an event of EventBridge is one that only rules in the state
/// `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS` hear of.
pub fn needs_wider_state(event: &impl Fields) -> bool {
    let text = |name: &str| event.text(&["detail", name]).unwrap_or_default();
    let name = text("eventName");
    let source = text("eventSource");
    // Old records do not say.
    let read_only = event.truth(&["detail", "readOnly"]).unwrap_or_else(|| {
        is_read_only(
            source.strip_suffix(".amazonaws.com").unwrap_or(source),
            name,
        )
    });
    // Data events and network activity are not management events, and come to every rule.
    let category = event.text(&["detail", "eventCategory"]);
    let management = event.truth(&["detail", "managementEvent"]) != Some(false)
        && category.is_none_or(|category| category.eq_ignore_ascii_case("Management"));
    read_only && management && !name.is_empty() && !READS_THAT_PASS.contains(&name)
}

/// Operations of Lambda whose events carry the version of the API behind their name, and that version.
/// Source: AWS Lambda developer guide, "Logging Lambda API calls using CloudTrail"; records.
const LAMBDA_VERSIONS: &[(&str, &str)] = &[
    ("AddLayerVersionPermission", "20181031"),
    ("AddPermission", "20150331v2"),
    ("CreateAlias", "20150331"),
    ("CreateEventSourceMapping", "20150331"),
    ("CreateFunction", "20150331"),
    ("DeleteAlias", "20150331"),
    ("DeleteEventSourceMapping", "20150331"),
    ("DeleteFunction", "20150331"),
    ("DeleteFunctionConcurrency", "20171031"),
    ("GetFunction", "20150331v2"),
    ("GetFunctionConfiguration", "20150331v2"),
    ("GetPolicy", "20150331v2"),
    ("ListFunctions", "20150331"),
    ("PublishLayerVersion", "20181031"),
    ("PublishVersion", "20150331"),
    ("PutFunctionConcurrency", "20171031"),
    ("RemovePermission", "20150331v2"),
    ("TagResource", "20170331v2"),
    ("UntagResource", "20170331v2"),
    ("UpdateAlias", "20150331"),
    ("UpdateEventSourceMapping", "20150331"),
    ("UpdateFunctionCode", "20150331v2"),
    ("UpdateFunctionConfiguration", "20150331v2"),
];

/// The name that CloudTrail records for the name of an operation.
pub fn as_recorded(service: &str, name: &str) -> String {
    let version = LAMBDA_VERSIONS
        .iter()
        .find(|(operation, _)| service == "lambda" && *operation == name);
    version.map_or_else(
        || name.to_owned(),
        |(operation, version)| format!("{operation}{version}"),
    )
}
