//! Who decides what stands in a field of a record: AWS, or whoever makes the call.
//!
//! A name is not an identity: every account can have a role of that name. An ARN is one from its account on. IAM's paths
//! take colons and slashes, so that a `*` in front of the account also stands for the account and path of a forged role:
//! `*:role/ci` fits `arn:aws:iam::999999999999:role/x:role/ci`. Source: IAM API reference, `path` of `CreateRole`;
//! CloudTrail user guide, "CloudTrail userIdentity element" and "CloudTrail record contents".

use std::net::IpAddr;

use super::arns;
use super::values::is_block;

/// What one test asks of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test<'t> {
    /// A text, in which `*` stands for any text.
    Text(&'t str),
    /// Any value.
    There,
    /// An address in a block.
    Block,
    /// Something else.
    Other,
}

/// Whether an attacker can make an event meet a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Only whoever is named can: the test says who acts, or from where.
    Firm,
    /// Whoever calls decides it.
    Chosen(Choice),
    /// The test says which events are meant, and nothing of who acts.
    Open,
}

/// What it is that a caller decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The name of a role without its account.
    Role { name: String },
    /// The name of an IAM user without its account.
    User { name: String },
    /// An ARN whose account is not written out: what stands behind the account, if that can be told.
    Arn { resource: Option<String> },
    /// The name of a session, of this role if it is named with its account.
    Session { role: Option<String> },
    /// What the caller's program says of itself.
    Client,
    /// An address, or a service, as text.
    Address { block: Option<String> },
    /// The AWS service that makes the call for somebody.
    Service { name: Option<String> },
    /// What a call is about.
    Thing,
    /// That the call fails.
    Failure,
}

impl Choice {
    /// Whether it is the name of somebody, who is known where the account is known.
    pub(crate) fn is_a_name(&self) -> bool {
        matches!(
            self,
            Self::Role { .. } | Self::User { .. } | Self::Arn { .. }
        )
    }
}

/// Whether an attacker can meet a test of a field under `detail`.
pub(crate) fn standing(path: &[&str], test: Test<'_>) -> Standing {
    match test {
        Test::Text(glob) if !glob.trim_matches('*').is_empty() => of_text(path, glob),
        Test::Text(_) | Test::There => of_presence(path),
        Test::Block if path == ["sourceIPAddress"] => Standing::Firm,
        Test::Block | Test::Other => Standing::Open,
    }
}

/// Fields of which AWS makes the values, each its own: whoever has one is known.
const IDS: [&[&str]; 7] = [
    &["userIdentity", "accessKeyId"],
    &["userIdentity", "credentialId"],
    &["userIdentity", "onBehalfOf", "userId"],
    &[
        "userIdentity",
        "sessionContext",
        "sessionIssuer",
        "principalId",
    ],
    &["userIdentity", "userId"],
    &["vpcEndpointAccountId"],
    &["vpcEndpointId"],
];

/// Fields that hold the account of whoever acts, or in which he acts.
const ACCOUNTS: [&[&str]; 3] = [
    &["recipientAccountId"],
    &["userIdentity", "accountId"],
    &[
        "userIdentity",
        "sessionContext",
        "sessionIssuer",
        "accountId",
    ],
];

/// Whether a test names one account.
pub(crate) fn names_account(path: &[&str], test: Test<'_>) -> bool {
    ACCOUNTS.contains(&path) && matches!(test, Test::Text(text) if is_account(text))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn of_presence(path: &[&str]) -> Standing {
    match path {
        ["userIdentity", "invokedBy"] => Standing::Chosen(Choice::Service { name: None }),
        ["userIdentity", "sessionContext", "sourceIdentity"] => {
            Standing::Chosen(Choice::Session { role: None })
        }
        ["errorCode" | "errorMessage"] => Standing::Chosen(Choice::Failure),
        _ => Standing::Open,
    }
}

fn of_text(path: &[&str], glob: &str) -> Standing {
    let is_open = glob.contains('*');
    match path {
        ["userIdentity", "arn"] => of_arn(glob, arns::CALLER),
        ["userIdentity", "sessionContext", "sessionIssuer", "arn"] => of_arn(glob, arns::ISSUER),
        [
            "userIdentity",
            "sessionContext",
            "sessionIssuer",
            "userName",
        ] => Standing::Chosen(Choice::Role {
            name: glob.to_owned(),
        }),
        ["userIdentity", "userName"] => Standing::Chosen(Choice::User {
            name: glob.to_owned(),
        }),
        ["userIdentity", "principalId"] => of_principal(glob),
        id if IDS.contains(&id) => {
            if is_open {
                Standing::Open
            } else {
                Standing::Firm
            }
        }
        ["userIdentity", "sessionContext", "sourceIdentity"] => {
            Standing::Chosen(Choice::Session { role: None })
        }
        ["userIdentity", "invokedBy"] => Standing::Chosen(Choice::Service {
            name: (!is_open).then(|| glob.to_owned()),
        }),
        // Nobody but AWS acts as that.
        ["userIdentity", "type"] if glob == "AWSService" => Standing::Firm,
        ["sourceIPAddress"] => of_address(glob),
        ["userAgent"] | ["tlsDetails", ..] => Standing::Chosen(Choice::Client),
        ["errorCode" | "errorMessage"] => Standing::Chosen(Choice::Failure),
        ["resources", _] => Standing::Chosen(Choice::Thing),
        ["requestParameters" | "responseElements", .., last] if names_a_thing(last, glob) => {
            Standing::Chosen(Choice::Thing)
        }
        _ => Standing::Open,
    }
}

/// An address as text. CloudTrail writes the name of a service there when that calls for somebody.
fn of_address(glob: &str) -> Standing {
    if glob.parse::<IpAddr>().is_ok() || is_block(glob) {
        return Standing::Firm;
    }
    let numbers: Option<Vec<&str>> = glob
        .strip_suffix(".*")
        .map(|start| start.split('.').collect());
    let block = numbers.filter(|numbers| {
        numbers.len() < 4 && numbers.iter().all(|number| number.parse::<u8>().is_ok())
    });
    Standing::Chosen(Choice::Address {
        block: block.map(|numbers| {
            let zeros = ".0".repeat(4 - numbers.len());
            format!("{}{zeros}/{}", numbers.join("."), 8 * numbers.len())
        }),
    })
}

/// The id of a user or role, behind which that of a session holds the session's name.
fn of_principal(glob: &str) -> Standing {
    match glob.split_once(':') {
        None | Some((_, "*")) if glob.trim_end_matches(":*").contains('*') => Standing::Open,
        None | Some((_, "*")) => Standing::Firm,
        Some(_) => Standing::Chosen(Choice::Session { role: None }),
    }
}

/// Names of roles that Identity Center makes, whose sessions it names after the person.
const OF_IDENTITY_CENTER: &str = "AWSReservedSSO_";

fn of_arn(glob: &str, field: &str) -> Standing {
    let parts: Vec<&str> = glob.splitn(6, ':').collect();
    let [_, _, _, _, account, resource] = parts.as_slice() else {
        return unpinned(glob, field);
    };
    let before = glob.strip_suffix(*resource).unwrap_or_default();
    if before.contains('*') || !is_account(account) {
        return unpinned(glob, field);
    }
    let session = resource
        .strip_prefix("assumed-role/")
        .and_then(|rest| rest.split_once('/'));
    match session {
        _ if resource.starts_with("federated-user/") => {
            Standing::Chosen(Choice::Session { role: None })
        }
        _ if name_in(resource).is_empty() && *resource != "root" => Standing::Open,
        Some((role, session))
            if session.trim_matches('*').is_empty() || role.starts_with(OF_IDENTITY_CENTER) =>
        {
            Standing::Firm
        }
        Some((role, _)) => Standing::Chosen(Choice::Session {
            role: (!role.trim_matches('*').is_empty())
                .then(|| format!("{before}assumed-role/{role}/*")),
        }),
        None => Standing::Firm,
    }
}

/// An ARN whose account is not written out.
fn unpinned(glob: &str, field: &str) -> Standing {
    // The root user, of whichever account; no other ARN ends so.
    if glob.ends_with(":root") {
        return Standing::Open;
    }
    if glob.contains("federated-user/") {
        return Standing::Chosen(Choice::Session { role: None });
    }
    let from = |kind: &str| glob.find(kind).and_then(|at| glob.get(at..));
    let resource = from("assumed-role/")
        .or_else(|| from("role/"))
        .or_else(|| from("user/"));
    if let Some(resource) = resource {
        if name_in(resource).is_empty() {
            return Standing::Open;
        }
        let session = resource
            .strip_prefix("assumed-role/")
            .and_then(|rest| rest.split_once('/'));
        return Standing::Chosen(match session {
            Some((role, _)) if role.trim_matches('*').is_empty() => Choice::Session { role: None },
            Some((role, _)) => Choice::Arn {
                resource: Some(format!("assumed-role/{role}/*")),
            },
            None => Choice::Arn {
                resource: Some(resource.to_owned()),
            },
        });
    }
    let name = glob.rsplit(':').next().unwrap_or_default();
    if name.trim_matches('*').is_empty() {
        return Standing::Open;
    }
    // A path of a role stands in front of its name.
    let name = name.trim_start_matches("*/").trim_start_matches('/');
    Standing::Chosen(Choice::Arn {
        resource: (field == arns::ISSUER).then(|| format!("role/{name}")),
    })
}

/// What a resource of IAM or STS says beside its kind.
fn name_in(resource: &str) -> &str {
    let name = resource.split_once('/').map_or("", |(_, name)| name);
    name.trim_matches(['*', '/'])
}

/// How the names of parameters end that hold the name of a thing, or other text of the caller's choice.
const NAMES: [&str; 19] = [
    "alias",
    "arn",
    "bucket",
    "comment",
    "description",
    "document",
    "group",
    "id",
    "key",
    "name",
    "path",
    "policy",
    "prefix",
    "role",
    "tag",
    "tags",
    "url",
    "user",
    "value",
];

/// Whether a text of a parameter, or of an answer, which repeats those, is a name: whoever calls chooses the thing. A
/// word such as a status says what is done to it.
fn names_a_thing(parameter: &str, glob: &str) -> bool {
    let parameter = parameter.to_lowercase();
    // What AWS made is what it is.
    let of_aws = glob
        .split_once("::aws:")
        .is_some_and(|(before, _)| before.starts_with("arn:") && !before.contains('*'));
    let is_name = glob.contains('*') || NAMES.iter().any(|end| parameter.ends_with(end));
    is_name && !of_aws && !parameter.contains("cidr")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, glob: &str) -> Standing {
        let path: Vec<&str> = path.split('.').collect();
        standing(&path, Test::Text(glob))
    }

    #[test]
    fn whoever_is_named_with_the_account_is_nobody_else() {
        for (path, glob) in [
            ("userIdentity.arn", "arn:aws:iam::111122223333:user/scanner"),
            (
                "userIdentity.arn",
                "arn:aws:sts::111122223333:assumed-role/deployer/*",
            ),
            (
                "userIdentity.arn",
                "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0/alice@example.com",
            ),
            (
                "userIdentity.sessionContext.sessionIssuer.arn",
                "arn:aws:iam::111122223333:role/ci/*",
            ),
            ("userIdentity.principalId", "AROACKCEVSQ6C2EXAMPLE:*"),
            ("userIdentity.principalId", "AIDACKCEVSQ6C2EXAMPLE"),
            ("userIdentity.type", "AWSService"),
            ("sourceIPAddress", "198.51.100.7"),
            ("vpcEndpointId", "vpce-0123456789abcdef0"),
        ] {
            assert_eq!(of(path, glob), Standing::Firm, "{path}: {glob}");
        }
        assert_eq!(standing(&["sourceIPAddress"], Test::Block), Standing::Firm);
    }

    #[test]
    fn what_callers_decide_is_told() {
        let issuer = "userIdentity.sessionContext.sessionIssuer.arn";
        let resource = |resource: &str| Choice::Arn {
            resource: Some(resource.to_owned()),
        };
        for (path, glob, choice) in [
            (issuer, "*:role/scanner*", resource("role/scanner*")),
            (issuer, "arn:aws:iam::*:role/ci/x", resource("role/ci/x")),
            (issuer, "arn:*:iam::111122223333:role/x", resource("role/x")),
            (issuer, "*deployer", resource("role/*deployer")),
            (
                "userIdentity.arn",
                "*:assumed-role/deployer/*",
                resource("assumed-role/deployer/*"),
            ),
            (
                "userIdentity.arn",
                "*:user/scanner",
                resource("user/scanner"),
            ),
            (
                "userIdentity.arn",
                "*scanner*",
                Choice::Arn { resource: None },
            ),
            (
                "userIdentity.arn",
                "arn:aws:sts::111122223333:assumed-role/Admin/alice*",
                Choice::Session {
                    role: Some("arn:aws:sts::111122223333:assumed-role/Admin/*".to_owned()),
                },
            ),
            (
                "userIdentity.arn",
                "*:assumed-role/*/alice",
                Choice::Session { role: None },
            ),
            (
                "userIdentity.principalId",
                "*:ci",
                Choice::Session { role: None },
            ),
            ("userAgent", "*terraform*", Choice::Client),
            (
                "sourceIPAddress",
                "AWS Internal",
                Choice::Address { block: None },
            ),
            (
                "sourceIPAddress",
                "10.1.*",
                Choice::Address {
                    block: Some("10.1.0.0/16".to_owned()),
                },
            ),
            (
                "userIdentity.invokedBy",
                "config.amazonaws.com",
                Choice::Service {
                    name: Some("config.amazonaws.com".to_owned()),
                },
            ),
            ("requestParameters.roleName", "tmp-role", Choice::Thing),
            (
                "requestParameters.policyArn",
                "*:policy/ReadOnlyAccess",
                Choice::Thing,
            ),
            ("errorCode", "AccessDenied", Choice::Failure),
        ] {
            assert_eq!(of(path, glob), Standing::Chosen(choice), "{path}: {glob}");
        }
    }

    #[test]
    fn what_says_which_events_are_meant_says_nothing_of_who_acts() {
        for (path, glob) in [
            ("eventName", "HeadBucket"),
            ("awsRegion", "eu-*"),
            ("userIdentity.type", "IAMUser"),
            ("userIdentity.arn", "*:root"),
            ("userIdentity.arn", "arn:aws:sts::*:assumed-role/*"),
            ("userIdentity.arn", "arn:aws:iam::111122223333:user/*"),
            ("requestParameters.status", "Inactive"),
            (
                "requestParameters.policyArn",
                "arn:aws:iam::aws:policy/ReadOnlyAccess",
            ),
            ("requestParameters.cidrIp", "10.*"),
            ("responseElements.ConsoleLogin", "Failure"),
        ] {
            assert_eq!(of(path, glob), Standing::Open, "{path}: {glob}");
        }
    }
}
