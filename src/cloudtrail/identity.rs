//! Who acts, as `userIdentity` records it.
//!
//! Source: CloudTrail user guide, "CloudTrail userIdentity element"; ids and keys are AWS's own examples.

use serde_json::{Map, Value, json};

use super::setting::Setting;

/// A kind of actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Identity {
    /// An IAM user with an access key.
    #[default]
    IamUser,
    /// The root user, in the console.
    Root,
    /// A session of a role.
    AssumedRole,
    /// A session that came through a SAML provider.
    Federated,
    /// A session of a permission set of IAM Identity Center.
    IdentityCenter,
    /// An AWS service that acts by itself.
    Service,
}

/// The words for them.
pub const IDENTITY_WORDS: &[&str] = &[
    "iam-user",
    "root",
    "assumed-role",
    "federated",
    "identity-center",
    "service",
];

/// The service that acts as [`Identity::Service`].
const SERVICE: &str = "lambda.amazonaws.com";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

impl Identity {
    /// The one that a word of [`IDENTITY_WORDS`] means.
    pub fn named(word: &str) -> Option<Self> {
        Some(match word {
            "iam-user" => Self::IamUser,
            "root" => Self::Root,
            "assumed-role" => Self::AssumedRole,
            "federated" => Self::Federated,
            "identity-center" => Self::IdentityCenter,
            "service" => Self::Service,
            _ => return None,
        })
    }

    /// The one of [`IDENTITY_WORDS`] that means it.
    pub fn word(self) -> &'static str {
        match self {
            Self::IamUser => "iam-user",
            Self::Root => "root",
            Self::AssumedRole => "assumed-role",
            Self::Federated => "federated",
            Self::IdentityCenter => "identity-center",
            Self::Service => "service",
        }
    }

    /// What `userIdentity.type` says of it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::IamUser => "IAMUser",
            Self::Root => "Root",
            Self::AssumedRole | Self::Federated | Self::IdentityCenter => "AssumedRole",
            Self::Service => "AWSService",
        }
    }

    /// The `userIdentity` of a call, or of a sign-in to the console.
    pub(super) fn recorded(self, sign_in: bool, setting: &Setting<'_>) -> Value {
        let account = setting.account;
        let partition = setting.region.partition();
        let attributes =
            |mfa: &str| json!({ "creationDate": setting.time, "mfaAuthenticated": mfa });
        match self {
            Self::IamUser => {
                let mut user = json!({
                    "type": "IAMUser",
                    "principalId": "AIDACKCEVSQ6C2EXAMPLE",
                    "arn": format!("arn:{partition}:iam::{account}:user/alice"),
                    "accountId": account,
                    "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
                    "userName": "alice",
                });
                if sign_in && let Some(user) = user.as_object_mut() {
                    user.remove("accessKeyId");
                }
                user
            }
            Self::Root => {
                let mut root = json!({
                    "type": "Root",
                    "principalId": account,
                    "arn": format!("arn:{partition}:iam::{account}:root"),
                    "accountId": account,
                    "accessKeyId": if sign_in { "" } else { "ASIAIOSFODNN7EXAMPLE" },
                });
                if !sign_in && let Some(root) = root.as_object_mut() {
                    let session = json!({ "attributes": attributes("true") });
                    root.insert("sessionContext".to_owned(), session);
                }
                root
            }
            Self::AssumedRole => role(
                "Deployer",
                "role/Deployer",
                "deployment",
                attributes("false"),
                setting,
            ),
            Self::Federated => role(
                "Engineer",
                "role/Engineer",
                "carol@example.com",
                attributes("false"),
                setting,
            ),
            Self::IdentityCenter => role(
                "AWSReservedSSO_AdministratorAccess_0123456789abcdef",
                &format!(
                    "role/aws-reserved/sso.amazonaws.com/{}/AWSReservedSSO_AdministratorAccess_0123456789abcdef",
                    setting.region
                ),
                "dave@example.com",
                attributes("false"),
                setting,
            ),
            Self::Service => json!({ "type": "AWSService", "invokedBy": SERVICE }),
        }
    }

    /// The `sourceIPAddress` of its calls: an address, or the name of a service.
    pub(super) fn address(self) -> &'static str {
        match self {
            Self::Service => SERVICE,
            _ => "203.0.113.10",
        }
    }

    /// With what it acts.
    pub(super) fn agent(self, sign_in: bool) -> &'static str {
        match self {
            Self::Service => SERVICE,
            Self::Root | Self::Federated => BROWSER,
            _ if sign_in => BROWSER,
            Self::AssumedRole => "Boto3/1.35.71 md/Botocore#1.35.71 lang/python#3.12.7",
            _ => "aws-cli/2.22.7 md/awscrt#0.22.0 lang/python#3.12.6 md/command#",
        }
    }

    /// What a successful sign-in to the console adds. A second factor that an identity provider has asked
    /// for is not seen by AWS. Source: CloudTrail user guide, "AWS Management Console sign-in events".
    pub(super) fn signs_in(self, record: &mut Map<String, Value>, setting: &Setting<'_>) {
        let (account, partition) = (setting.account, setting.region.partition());
        let mut more = json!({
            "LoginTo": format!("https://console.aws.amazon.com/console/home?region={}", setting.region),
            "MobileVersion": "No",
            "MFAUsed": "No",
        });
        if let Some(more) = more.as_object_mut() {
            let mut put = |key: &str, value: String| more.insert(key.to_owned(), json!(value));
            match self {
                Self::IamUser => {
                    put("MFAUsed", "Yes".to_owned());
                    put(
                        "MFAIdentifier",
                        format!("arn:{partition}:iam::{account}:mfa/alice"),
                    );
                }
                Self::Root => {
                    put("MFAUsed", "Yes".to_owned());
                    put(
                        "MFAIdentifier",
                        format!("arn:{partition}:iam::{account}:mfa/root-account-mfa-device"),
                    );
                }
                Self::Federated => {
                    put(
                        "SamlProviderArn",
                        format!("arn:{partition}:iam::{account}:saml-provider/example"),
                    );
                }
                _ => {}
            }
        }
        record.insert("additionalEventData".to_owned(), more);
    }
}

fn role(
    name: &str,
    resource: &str,
    session: &str,
    attributes: Value,
    setting: &Setting<'_>,
) -> Value {
    let (account, partition) = (setting.account, setting.region.partition());
    let id = "AROACKCEVSQ6C2EXAMPLE";
    json!({
        "type": "AssumedRole",
        "principalId": format!("{id}:{session}"),
        "arn": format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}"),
        "accountId": account,
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": id,
                "arn": format!("arn:{partition}:iam::{account}:{resource}"),
                "accountId": account,
                "userName": name,
            },
            "attributes": attributes,
        },
    })
}
