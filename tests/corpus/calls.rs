//! Which calls there are, how often each comes, and what its members look like.

/// A call: the service, its name, and what its members look like.
pub(super) struct Call {
    /// Of 100,000.
    pub(super) weight: usize,
    pub(super) service: &'static str,
    pub(super) name: &'static str,
    pub(super) form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Reads something that is named.
    Read,
    /// Lists with filters.
    List,
    /// Writes a nested thing.
    Write,
    /// Writes a policy, which is JSON inside a text.
    Policy,
    /// Takes on a role.
    Assume,
    /// Starts machines, with a long answer.
    Launch,
    /// Opens a port.
    Port,
    /// Decrypts or encrypts, with the key in `resources`.
    Key,
    /// A sign-in at the console.
    SignIn,
    /// A sign-in at Identity Center.
    Center,
}

const fn call(weight: usize, service: &'static str, name: &'static str, form: Form) -> Call {
    Call {
        weight,
        service,
        name,
        form,
    }
}

/// What happens often.
pub(super) const COMMON: &[Call] = &[
    call(15_000, "sts", "AssumeRole", Form::Assume),
    call(12_000, "kms", "Decrypt", Form::Key),
    call(5_000, "kms", "GenerateDataKey", Form::Key),
    call(9_000, "ec2", "DescribeInstances", Form::List),
    call(6_000, "ec2", "DescribeNetworkInterfaces", Form::List),
    call(4_000, "ec2", "DescribeSecurityGroups", Form::List),
    call(6_000, "s3", "GetBucketAcl", Form::Read),
    call(5_000, "s3", "GetBucketPolicy", Form::Read),
    call(4_000, "s3", "ListBuckets", Form::Read),
    call(4_000, "iam", "GetRole", Form::Read),
    call(3_000, "iam", "ListAttachedRolePolicies", Form::Read),
    call(2_000, "iam", "ListUsers", Form::Read),
    call(1_500, "iam", "GetAccountSummary", Form::Read),
    call(4_000, "sts", "GetCallerIdentity", Form::Read),
    call(3_000, "logs", "DescribeLogGroups", Form::Read),
    call(3_000, "monitoring", "DescribeAlarms", Form::List),
    call(3_000, "lambda", "ListFunctions20150331", Form::Read),
    call(2_000, "secretsmanager", "GetSecretValue", Form::Read),
    call(2_000, "ssm", "GetParameter", Form::Read),
    call(2_000, "ecr", "GetAuthorizationToken", Form::Read),
    call(1_000, "cloudtrail", "DescribeTrails", Form::Read),
    call(1_000, "config", "DescribeConfigRules", Form::Read),
    call(800, "ec2", "CreateTags", Form::Write),
    call(500, "ec2", "RunInstances", Form::Launch),
    call(300, "ec2", "TerminateInstances", Form::Write),
    call(300, "logs", "CreateLogStream", Form::Write),
    call(200, "lambda", "UpdateFunctionCode20150331v2", Form::Write),
    call(150, "signin", "ConsoleLogin", Form::SignIn),
    call(150, "signin", "UserAuthentication", Form::Center),
    call(100, "sso", "Federate", Form::Center),
    call(150, "s3", "PutBucketPolicy", Form::Policy),
    call(100, "iam", "PutRolePolicy", Form::Policy),
    call(100, "ec2", "AuthorizeSecurityGroupIngress", Form::Port),
    call(60, "iam", "CreateRole", Form::Policy),
];

/// What happens rarely, each as often as the others: one call in a hundred is one of them.
pub(super) const RARE: &[(&str, &[&str])] = &[
    (
        "iam",
        &[
            "AddUserToGroup",
            "AttachGroupPolicy",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "CreateAccessKey",
            "CreateInstanceProfile",
            "CreateLoginProfile",
            "CreateOpenIDConnectProvider",
            "CreatePolicy",
            "CreatePolicyVersion",
            "CreateSAMLProvider",
            "CreateUser",
            "CreateVirtualMFADevice",
            "DeactivateMFADevice",
            "DeleteAccountPasswordPolicy",
            "DeleteRolePermissionsBoundary",
            "DeleteUser",
            "DeleteUserPermissionsBoundary",
            "DeleteVirtualMFADevice",
            "EnableMFADevice",
            "PutUserPolicy",
            "SetDefaultPolicyVersion",
            "UpdateAccessKey",
            "UpdateAccountPasswordPolicy",
            "UpdateAssumeRolePolicy",
            "UpdateLoginProfile",
            "UpdateSAMLProvider",
            "UploadSigningCertificate",
        ],
    ),
    (
        "sts",
        &[
            "AssumeRoot",
            "GetFederationToken",
            "GetSessionToken",
            "AssumeRoleWithSAML",
        ],
    ),
    (
        "ec2",
        &[
            "AuthorizeSecurityGroupEgress",
            "CreateNetworkAclEntry",
            "CreateRoute",
            "CreateVpcPeeringConnection",
            "DeleteFlowLogs",
            "DisableEbsEncryptionByDefault",
            "GetPasswordData",
            "ModifyImageAttribute",
            "ModifyInstanceAttribute",
            "ModifySnapshotAttribute",
            "ModifyInstanceMetadataOptions",
            "RevokeSecurityGroupIngress",
            "SendSerialConsoleSSHPublicKey",
        ],
    ),
    (
        "s3",
        &[
            "DeleteBucket",
            "DeleteBucketEncryption",
            "DeleteBucketPolicy",
            "PutBucketAcl",
            "PutBucketLifecycle",
            "PutBucketPublicAccessBlock",
            "PutBucketReplication",
            "PutBucketVersioning",
        ],
    ),
    (
        "kms",
        &[
            "CreateGrant",
            "DisableKey",
            "DisableKeyRotation",
            "PutKeyPolicy",
            "ScheduleKeyDeletion",
        ],
    ),
    (
        "cloudtrail",
        &[
            "DeleteTrail",
            "PutEventSelectors",
            "StopLogging",
            "UpdateTrail",
        ],
    ),
    (
        "config",
        &[
            "DeleteConfigurationRecorder",
            "DeleteDeliveryChannel",
            "StopConfigurationRecorder",
        ],
    ),
    (
        "guardduty",
        &[
            "CreateFilter",
            "DeleteDetector",
            "DisassociateFromMasterAccount",
            "UpdateDetector",
        ],
    ),
    (
        "securityhub",
        &["DisableSecurityHub", "BatchDisableStandards"],
    ),
    (
        "organizations",
        &[
            "AttachPolicy",
            "CreateAccount",
            "DetachPolicy",
            "LeaveOrganization",
            "DisableAWSServiceAccess",
        ],
    ),
    (
        "events",
        &[
            "DeleteRule",
            "DisableRule",
            "PutRule",
            "PutTargets",
            "RemoveTargets",
        ],
    ),
    ("sns", &["DeleteTopic", "SetTopicAttributes", "Unsubscribe"]),
    (
        "sso",
        &[
            "AttachManagedPolicyToPermissionSet",
            "CreateAccountAssignment",
            "CreatePermissionSet",
        ],
    ),
    (
        "sso-directory",
        &["AddMemberToGroup", "CreateUser", "UpdatePassword"],
    ),
    ("secretsmanager", &["DeleteSecret", "PutResourcePolicy"]),
    (
        "lambda",
        &[
            "AddPermission20150331v2",
            "CreateFunctionUrlConfig",
            "UpdateFunctionConfiguration20150331v2",
        ],
    ),
    (
        "rds",
        &[
            "DeleteDBInstance",
            "ModifyDBSnapshotAttribute",
            "ModifyDBInstance",
        ],
    ),
    (
        "ssm",
        &["SendCommand", "StartSession", "ModifyDocumentPermission"],
    ),
    (
        "signin",
        &[
            "PasswordRecoveryRequested",
            "PasswordRecoveryCompleted",
            "SwitchRole",
            "GetSigninToken",
        ],
    ),
    (
        "account",
        &["PutAlternateContact", "EnableRegion", "DisableRegion"],
    ),
    (
        "logs",
        &["DeleteLogGroup", "DeleteLogStream", "PutRetentionPolicy"],
    ),
    ("wafv2", &["DeleteWebACL", "DisassociateWebACL"]),
    ("ses", &["GetSendQuota", "VerifyEmailIdentity"]),
];
