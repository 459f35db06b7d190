//! Every API call that iamwatch makes, with the IAM actions that it needs.
//!
//! The actions are the real ones, which are not always named like the operation.
//! Source: Service Authorization Reference, which also says what kinds of resources an action takes.

use std::fmt;
use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Serialize, Serializer};

use super::{CallError, pace};

/// One API operation as we use it.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// The IAM prefix of the service.
    pub service: &'static str,
    /// The name of the API operation, such as `PutRule`.
    pub operation: &'static str,
    /// What the caller must be allowed to do; nothing for what everybody may.
    pub needs: &'static [Need],
    /// Whether it changes anything.
    pub write: bool,
    /// From which step on it is made.
    pub step: Step,
}

/// An IAM action, and on what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The action, such as `events:PutRule`.
    pub action: &'static str,
    /// The resources that the policy of a caller must name.
    pub on: On,
}

/// What a call is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// To look: `plan` does nothing else, and everything else begins with it.
    Look,
    /// To change something, or to look again right before that.
    Change,
    /// To prove a deployment with a test event.
    Prove,
    /// To look into dead-letter queues, and to send again what is in them.
    Redrive,
    /// To take over what somebody else has made: a permission for that one moment, which no printed policy
    /// holds. A refusal names it.
    Adopt,
}

/// On what an action is allowed. Where the Service Authorization Reference names no resource type for
/// an action, AWS takes `*` only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// Nothing in particular: lists.
    Any,
    /// The account as such.
    Account,
    /// A rule of ours.
    Rule,
    /// The home bus, which takes the events that forwarders send.
    Bus,
    /// The default bus, which is the account's: it is looked at.
    DefaultBus,
    /// Every bus: `PutPermission` has no resource type.
    AllBuses,
    /// The bus on which the detectors sit, which may be the default bus.
    EventBus,
    /// A topic of ours. SNS decides about a subscription by its topic's ARN, whatever the reference
    /// says. Source: AWS's refusals, `SNS:Unsubscribe on resource: arn:aws:sns:REGION:ACCOUNT:TOPIC`.
    Topic,
    /// Somebody's topic that rules of ours publish to.
    GivenTopic,
    /// A topic of ours that a temporary queue of `test-event` listens to.
    ProbeSubscription,
    /// A queue of ours.
    Queue,
    /// Somebody's queue that receives alerts.
    Receiver,
    /// A key that encrypts somebody's queue or topic that receives alerts: that names it.
    ReceiverKey,
    /// A key that encrypts somebody's topic, used by SNS for whoever publishes to it.
    GivenTopicKey,
    /// A temporary queue of `test-event`.
    Probe,
    /// The queue of ours in which the dispatcher answers to probes.
    DispatcherProbes,
    /// A temporary rule of `test-event`.
    ProbeRule,
    /// A temporary rule of `test-event` that a run that was killed left on the home bus: it must go before the bus can.
    LeftProbeRule,
    /// A temporary queue of `test-event` that a run that was killed may have left.
    LeftProbe,
    /// A role of ours.
    Role,
    /// A role of ours, whose boundary counts where there is one.
    BoundedRole,
    /// The managed policy of the user's that bounds our roles.
    BoundaryPolicy,
    /// A role of ours that gets its boundary.
    BoundaryOfRole,
    /// A role of ours whose boundary is taken away, where none is wanted.
    UnboundedRole,
    /// A role of ours, or none: IAM knows no path of a role that is not there.
    NamedRole,
    /// A role of ours that is handed to EventBridge.
    PassedRole,
    /// Every key: `ListKeys` has no resource type.
    AllKeys,
    /// A key whose owner must still be found out.
    AnyKey,
    /// A key of ours, known by its tag: its id is AWS's choice.
    Key,
    /// A key of the user's own that the rules file names: it carries no tag of ours.
    GivenKey,
    /// A key that gets our alias, or got it a moment ago: it takes up to five minutes until KMS decides by
    /// a tag. Source: KMS developer guide, ABAC.
    FreshKey,
    /// A key that is to be made, with our tag.
    NewKey,
    /// Our tag on a key that is being made.
    NewKeyTag,
    /// The alias of our key.
    Alias,
    /// The bucket that our trail writes its log files to.
    Bucket,
    /// A bucket with logs that are read.
    LogBucket,
    /// The logs in it.
    LogObject,
    /// A trail of ours.
    Trail,
    /// A trail whose owner must still be found out; an organization's is its management account's.
    AnyTrail,
    /// The organization as such: its lists have no narrower resource.
    Organization,
    /// The organization as the maker of its trail needs it.
    OrganizationTrail,
    /// The role with which CloudTrail looks at an organization's accounts.
    TrailRole,
    /// The role to take on in member accounts.
    MemberRole,
    /// The state machine of ours.
    Machine,
    /// Its runs.
    Execution,
    /// The role of the state machine, which is handed to Step Functions.
    MachineRole,
    /// The table of ours that keeps what was told.
    Table,
    /// A connection of ours.
    Connection,
    /// The secret that EventBridge keeps for a connection of ours, in the caller's name.
    ConnectionSecret,
    /// The role with which EventBridge keeps the secrets of connections.
    ConnectionsRole,
}

/// The role that EventBridge keeps the secrets of connections with, behind `role/`; it is made with the first one.
/// Source: EventBridge, `using-service-linked-roles`.
pub const CONNECTIONS_ROLE: &str = "aws-service-role/apidestinations.events.amazonaws.com/\
     AWSServiceRoleForAmazonEventBridgeApiDestinations";

/// The role of CloudTrail in whoever owns an organization's trail, behind `role/`.
/// Source: CloudTrail, `using-service-linked-roles`.
pub const TRAIL_ROLE: &str =
    "aws-service-role/cloudtrail.amazonaws.com/AWSServiceRoleForCloudTrail";

impl On {
    /// The ARN of something of which only the name is known: the account and the Region may be any.
    pub(super) fn arn(self, partition: &str, name: &str) -> String {
        match self {
            Self::Any
            | Self::AllBuses
            | Self::AllKeys
            | Self::NewKey
            | Self::Organization
            | Self::OrganizationTrail => "*".to_owned(),
            Self::TrailRole => format!("arn:{partition}:iam::*:role/{TRAIL_ROLE}"),
            Self::ConnectionsRole => format!("arn:{partition}:iam::*:role/{CONNECTIONS_ROLE}"),
            Self::Machine => format!("arn:{partition}:states:*:*:stateMachine:{name}"),
            Self::Execution => format!("arn:{partition}:states:*:*:execution:{name}"),
            Self::Table => format!("arn:{partition}:dynamodb:*:*:table/{name}"),
            Self::Connection => format!("arn:{partition}:events:*:*:connection/{name}"),
            Self::ConnectionSecret => {
                format!("arn:{partition}:secretsmanager:*:*:secret:events!connection/{name}/*")
            }
            Self::PassedRole | Self::MachineRole => {
                format!("arn:{partition}:iam::*:role/iamwatch/*")
            }
            Self::LogBucket | Self::LogObject => format!("arn:{partition}:s3:::{name}"),
            Self::Account => format!("arn:{partition}:account::*:account"),
            Self::Rule | Self::ProbeRule | Self::LeftProbeRule => {
                format!("arn:{partition}:events:*:*:rule/{name}")
            }
            Self::Bus | Self::DefaultBus | Self::EventBus => {
                format!("arn:{partition}:events:*:*:event-bus/{name}")
            }
            Self::Topic | Self::GivenTopic | Self::ProbeSubscription => {
                format!("arn:{partition}:sns:*:*:{name}")
            }
            Self::Queue
            | Self::Receiver
            | Self::Probe
            | Self::DispatcherProbes
            | Self::LeftProbe => {
                format!("arn:{partition}:sqs:*:*:{name}")
            }
            Self::Role
            | Self::BoundedRole
            | Self::BoundaryOfRole
            | Self::UnboundedRole
            | Self::NamedRole => format!("arn:{partition}:iam::*:role/{name}"),
            Self::ReceiverKey
            | Self::GivenTopicKey
            | Self::Key
            | Self::FreshKey
            | Self::AnyKey
            | Self::GivenKey
            | Self::NewKeyTag => {
                format!("arn:{partition}:kms:*:*:key/*")
            }
            Self::BoundaryPolicy => format!("arn:{partition}:iam::*:policy/{name}"),
            Self::Alias => format!("arn:{partition}:kms:*:*:alias/{name}"),
            Self::Bucket => format!("arn:{partition}:s3:::{name}"),
            Self::MemberRole => format!("arn:{partition}:iam::*:role/{name}"),
            Self::Trail | Self::AnyTrail => format!("arn:{partition}:cloudtrail:*:*:trail/{name}"),
        }
    }
}

impl Call {
    const fn read(service: &'static str, operation: &'static str, needs: &'static [Need]) -> Self {
        Self {
            service,
            operation,
            needs,
            write: false,
            step: Step::Look,
        }
    }

    /// A read right before a write.
    const fn check(service: &'static str, operation: &'static str, needs: &'static [Need]) -> Self {
        Self {
            step: Step::Change,
            ..Self::read(service, operation, needs)
        }
    }

    const fn write(service: &'static str, operation: &'static str, needs: &'static [Need]) -> Self {
        Self {
            write: true,
            ..Self::check(service, operation, needs)
        }
    }

    const fn prove(service: &'static str, operation: &'static str, needs: &'static [Need]) -> Self {
        Self {
            step: Step::Prove,
            ..Self::write(service, operation, needs)
        }
    }

    /// A look that neither plan nor apply needs: what a run said, what was told.
    const fn ask_back(
        service: &'static str,
        operation: &'static str,
        needs: &'static [Need],
    ) -> Self {
        Self {
            step: Step::Prove,
            ..Self::read(service, operation, needs)
        }
    }

    const fn redrive(
        service: &'static str,
        operation: &'static str,
        needs: &'static [Need],
    ) -> Self {
        Self {
            step: Step::Redrive,
            ..Self::write(service, operation, needs)
        }
    }

    const fn adopt(service: &'static str, operation: &'static str, needs: &'static [Need]) -> Self {
        Self {
            step: Step::Adopt,
            ..Self::write(service, operation, needs)
        }
    }

    /// Makes the call; a failure names the operation and the resource.
    ///
    /// # Errors
    /// Whatever AWS or the way to it says, classified.
    pub fn send<T, E>(
        &'static self,
        resource: impl Into<String>,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> impl Future<Output = Result<T, CallError>>
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let answer = self.ask(request);
        async move {
            let answer = answer.await;
            answer.map_err(|error| CallError::new(self, resource.into(), &error))
        }
    }

    /// Makes the call and hands back the answer as the SDK gives it, for those who read the headers of a refusal.
    pub fn ask<T, E>(
        &'static self,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> impl Future<Output = Result<T, SdkError<E, HttpResponse>>> {
        // On the heap, for as long as it is on its way: it is some kilobytes, and whoever waits for it would
        // hold them from beginning to end, hundreds of accounts at once.
        let request = Box::pin(request);
        async move {
            let _room = pace::room().await;
            request.await
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)
    }
}

impl Serialize for Call {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A line is `NAME = KIND "service" "Operation" [On "action" …] …;`.
macro_rules! calls {
    ($($name:ident = $kind:ident $service:literal $operation:literal $([$on:ident $($action:literal)+])*;)*) => {
        $(#[doc = concat!("`", $service, ":", $operation, "`")]
        pub static $name: Call = Call::$kind(
            $service,
            $operation,
            &[$($(Need { action: $action, on: On::$on },)+)*],
        );)*
        /// All of them.
        pub static ALL: &[&Call] = &[$(&$name),*];
    };
}

calls! {
    GET_CALLER_IDENTITY = read "sts" "GetCallerIdentity";
    ASSUME_ROLE = read "sts" "AssumeRole" [MemberRole "sts:AssumeRole"];

    DESCRIBE_ORGANIZATION = read "organizations" "DescribeOrganization" [Organization "organizations:DescribeOrganization"];
    LIST_ACCOUNTS = read "organizations" "ListAccounts" [Organization "organizations:ListAccounts"];
    LIST_ACCOUNTS_FOR_PARENT = read "organizations" "ListAccountsForParent" [Organization "organizations:ListAccountsForParent"];
    LIST_UNITS = read "organizations" "ListOrganizationalUnitsForParent" [Organization "organizations:ListOrganizationalUnitsForParent"];
    LIST_ROOTS = read "organizations" "ListRoots" [Organization "organizations:ListRoots"];
    LIST_ACCOUNT_TAGS = read "organizations" "ListTagsForResource" [Organization "organizations:ListTagsForResource"];
    LIST_SERVICE_ACCESS = read "organizations" "ListAWSServiceAccessForOrganization" [Organization "organizations:ListAWSServiceAccessForOrganization"];

    LIST_RULES = read "events" "ListRules" [Any "events:ListRules"];
    LIST_TARGETS = read "events" "ListTargetsByRule" [Rule "events:ListTargetsByRule"]
        [LeftProbeRule "events:ListTargetsByRule"];
    LIST_RULE_TAGS = read "events" "ListTagsForResource" [Rule "events:ListTagsForResource"]
        [LeftProbeRule "events:ListTagsForResource"];
    PUT_RULE = write "events" "PutRule" [Rule "events:PutRule" "events:TagResource"];
    PUT_TARGETS = write "events" "PutTargets" [Rule "events:PutTargets"] [PassedRole "iam:PassRole"];
    REMOVE_TARGETS = write "events" "RemoveTargets" [Rule "events:RemoveTargets"]
        [LeftProbeRule "events:RemoveTargets"];
    DELETE_RULE = write "events" "DeleteRule" [Rule "events:DeleteRule"] [LeftProbeRule "events:DeleteRule"];
    DESCRIBE_BUS = read "events" "DescribeEventBus" [Bus "events:DescribeEventBus"];
    DESCRIBE_DEFAULT_BUS = read "events" "DescribeEventBus" [DefaultBus "events:DescribeEventBus"];
    LIST_BUS_TAGS = read "events" "ListTagsForResource" [Bus "events:ListTagsForResource"];
    CREATE_BUS = write "events" "CreateEventBus" [Bus "events:CreateEventBus" "events:TagResource"];
    UPDATE_BUS = write "events" "UpdateEventBus" [Bus "events:UpdateEventBus"];
    PUT_PERMISSION = write "events" "PutPermission" [AllBuses "events:PutPermission"];
    DELETE_BUS = write "events" "DeleteEventBus" [Bus "events:DeleteEventBus"];
    PUT_EVENTS = prove "events" "PutEvents" [EventBus "events:PutEvents"];
    TAG_RULE_OR_BUS = adopt "events" "TagResource" [Rule "events:TagResource"];

    LIST_CONNECTIONS = read "events" "ListConnections" [Any "events:ListConnections"];
    DESCRIBE_CONNECTION = read "events" "DescribeConnection" [Connection "events:DescribeConnection"];
    // EventBridge keeps the secret with the caller's rights. Source: AmazonEventBridgeFullAccess, which lists them.
    CREATE_CONNECTION = write "events" "CreateConnection" [Connection "events:CreateConnection"]
        [ConnectionSecret "secretsmanager:CreateSecret" "secretsmanager:GetSecretValue" "secretsmanager:PutSecretValue"]
        [ConnectionsRole "iam:CreateServiceLinkedRole"];
    UPDATE_CONNECTION = write "events" "UpdateConnection" [Connection "events:UpdateConnection"]
        [ConnectionSecret "secretsmanager:UpdateSecret" "secretsmanager:GetSecretValue" "secretsmanager:PutSecretValue"];
    DELETE_CONNECTION = write "events" "DeleteConnection" [Connection "events:DeleteConnection"]
        [ConnectionSecret "secretsmanager:DeleteSecret"];

    GET_MACHINE = read "states" "DescribeStateMachine" [Machine "states:DescribeStateMachine"];
    LIST_MACHINE_TAGS = read "states" "ListTagsForResource" [Machine "states:ListTagsForResource"];
    LIST_EXECUTIONS = ask_back "states" "ListExecutions" [Machine "states:ListExecutions"];
    GET_EXECUTION = ask_back "states" "DescribeExecution" [Execution "states:DescribeExecution"];
    VALIDATE_MACHINE = check "states" "ValidateStateMachineDefinition" [Any "states:ValidateStateMachineDefinition"];
    CREATE_MACHINE = write "states" "CreateStateMachine" [Machine "states:CreateStateMachine" "states:TagResource"]
        [MachineRole "iam:PassRole"];
    UPDATE_MACHINE = write "states" "UpdateStateMachine" [Machine "states:UpdateStateMachine"]
        [MachineRole "iam:PassRole"];
    DELETE_MACHINE = write "states" "DeleteStateMachine" [Machine "states:DeleteStateMachine"];
    START_EXECUTION = redrive "states" "StartExecution" [Machine "states:StartExecution"];
    TAG_MACHINE = adopt "states" "TagResource" [Machine "states:TagResource"];

    GET_TABLE = read "dynamodb" "DescribeTable" [Table "dynamodb:DescribeTable"];
    GET_TABLE_TTL = read "dynamodb" "DescribeTimeToLive" [Table "dynamodb:DescribeTimeToLive"];
    LIST_TABLE_TAGS = read "dynamodb" "ListTagsOfResource" [Table "dynamodb:ListTagsOfResource"];
    QUERY_LEDGER = ask_back "dynamodb" "Query" [Table "dynamodb:Query"];
    CREATE_TABLE = write "dynamodb" "CreateTable" [Table "dynamodb:CreateTable" "dynamodb:TagResource"];
    UPDATE_TABLE = write "dynamodb" "UpdateTable" [Table "dynamodb:UpdateTable"];
    UPDATE_TABLE_TTL = write "dynamodb" "UpdateTimeToLive" [Table "dynamodb:UpdateTimeToLive"];
    DELETE_TABLE = write "dynamodb" "DeleteTable" [Table "dynamodb:DeleteTable"];
    TAG_TABLE = adopt "dynamodb" "TagResource" [Table "dynamodb:TagResource"];

    LIST_TOPICS = read "sns" "ListTopics" [Any "sns:ListTopics"];
    GET_TOPIC = read "sns" "GetTopicAttributes" [Topic "sns:GetTopicAttributes"];
    GET_GIVEN_TOPIC = read "sns" "GetTopicAttributes" [GivenTopic "sns:GetTopicAttributes"];
    LIST_TOPIC_TAGS = read "sns" "ListTagsForResource" [Topic "sns:ListTagsForResource"];
    LIST_SUBSCRIPTIONS = read "sns" "ListSubscriptionsByTopic" [Topic "sns:ListSubscriptionsByTopic"];
    GET_SUBSCRIPTION = read "sns" "GetSubscriptionAttributes" [Topic "sns:GetSubscriptionAttributes"];
    CREATE_TOPIC = write "sns" "CreateTopic" [Topic "sns:CreateTopic" "sns:TagResource"];
    SET_TOPIC = write "sns" "SetTopicAttributes" [Topic "sns:SetTopicAttributes"];
    DELETE_TOPIC = write "sns" "DeleteTopic" [Topic "sns:DeleteTopic"];
    SUBSCRIBE = write "sns" "Subscribe" [Topic "sns:Subscribe"];
    SET_SUBSCRIPTION = write "sns" "SetSubscriptionAttributes" [Topic "sns:SetSubscriptionAttributes"];
    UNSUBSCRIBE = write "sns" "Unsubscribe" [Topic "sns:Unsubscribe"];
    // Under a key the publisher needs it as well. Source: SNS, `sns-key-management`.
    PUBLISH = redrive "sns" "Publish" [Topic "sns:Publish"] [GivenTopic "sns:Publish"] [Key "kms:GenerateDataKey" "kms:Decrypt"]
        [GivenKey "kms:GenerateDataKey" "kms:Decrypt"] [GivenTopicKey "kms:GenerateDataKey" "kms:Decrypt"];
    TAG_TOPIC = adopt "sns" "TagResource" [Topic "sns:TagResource"];

    LIST_QUEUES = read "sqs" "ListQueues" [Any "sqs:ListQueues"];
    GET_QUEUE_URL = read "sqs" "GetQueueUrl" [Receiver "sqs:GetQueueUrl"];
    GET_QUEUE = read "sqs" "GetQueueAttributes" [Queue "sqs:GetQueueAttributes"];
    GET_RECEIVER = read "sqs" "GetQueueAttributes" [Receiver "sqs:GetQueueAttributes"];
    LIST_QUEUE_TAGS = read "sqs" "ListQueueTags" [Queue "sqs:ListQueueTags"] [LeftProbe "sqs:ListQueueTags"];
    CREATE_QUEUE = write "sqs" "CreateQueue" [Queue "sqs:CreateQueue" "sqs:TagQueue"];
    SET_QUEUE = write "sqs" "SetQueueAttributes" [Queue "sqs:SetQueueAttributes"];
    DELETE_QUEUE = write "sqs" "DeleteQueue" [Queue "sqs:DeleteQueue"];
    RECEIVE = prove "sqs" "ReceiveMessage" [Probe "sqs:ReceiveMessage"] [DispatcherProbes "sqs:ReceiveMessage"];
    RELEASE = redrive "sqs" "ChangeMessageVisibilityBatch" [Queue "sqs:ChangeMessageVisibility"];
    DELETE_MESSAGE = prove "sqs" "DeleteMessage" [Probe "sqs:DeleteMessage"] [DispatcherProbes "sqs:DeleteMessage"];
    TAG_QUEUE = adopt "sqs" "TagQueue" [Queue "sqs:TagQueue"];

    LIST_REGIONS = read "account" "ListRegions" [Account "account:ListRegions"];

    LIST_ROLES = read "iam" "ListRoles" [Any "iam:ListRoles"];
    GET_ROLE = read "iam" "GetRole" [NamedRole "iam:GetRole"];
    LIST_ROLE_POLICIES = read "iam" "ListRolePolicies" [Role "iam:ListRolePolicies"];
    GET_ROLE_POLICY = read "iam" "GetRolePolicy" [Role "iam:GetRolePolicy"];
    LIST_ATTACHED = read "iam" "ListAttachedRolePolicies" [Role "iam:ListAttachedRolePolicies"];
    GET_POLICY = read "iam" "GetPolicy" [BoundaryPolicy "iam:GetPolicy"];
    CREATE_ROLE = write "iam" "CreateRole" [BoundedRole "iam:CreateRole"] [Role "iam:TagRole"];
    UPDATE_ROLE = write "iam" "UpdateRole" [Role "iam:UpdateRole"];
    UPDATE_TRUST = write "iam" "UpdateAssumeRolePolicy" [Role "iam:UpdateAssumeRolePolicy"];
    PUT_ROLE_POLICY = write "iam" "PutRolePolicy" [BoundedRole "iam:PutRolePolicy"];
    DELETE_ROLE_POLICY = write "iam" "DeleteRolePolicy" [Role "iam:DeleteRolePolicy"];
    PUT_ROLE_BOUNDARY = write "iam" "PutRolePermissionsBoundary" [BoundaryOfRole "iam:PutRolePermissionsBoundary"];
    DELETE_ROLE_BOUNDARY = write "iam" "DeleteRolePermissionsBoundary" [UnboundedRole "iam:DeleteRolePermissionsBoundary"];
    DETACH_ROLE_POLICY = write "iam" "DetachRolePolicy" [Role "iam:DetachRolePolicy"];
    DELETE_ROLE = write "iam" "DeleteRole" [Role "iam:DeleteRole"];
    // Of a user that does not exist, and a refusal proves as much: nobody needs the permission for it.
    DELETE_USER = prove "iam" "DeleteUser";
    TAG_ROLE = adopt "iam" "TagRole" [Role "iam:TagRole"];

    LIST_ALIASES = read "kms" "ListAliases" [Any "kms:ListAliases"];
    LIST_KEYS = check "kms" "ListKeys" [AllKeys "kms:ListKeys"];
    DESCRIBE_KEY = read "kms" "DescribeKey" [AnyKey "kms:DescribeKey"] [GivenKey "kms:DescribeKey"];
    GET_KEY_POLICY = read "kms" "GetKeyPolicy" [Key "kms:GetKeyPolicy"] [GivenKey "kms:GetKeyPolicy"]
        [ReceiverKey "kms:GetKeyPolicy"];
    KEY_ROTATION = read "kms" "GetKeyRotationStatus" [Key "kms:GetKeyRotationStatus"];
    LIST_KEY_TAGS = read "kms" "ListResourceTags" [AnyKey "kms:ListResourceTags"];
    CREATE_KEY = write "kms" "CreateKey" [NewKey "kms:CreateKey"] [NewKeyTag "kms:TagResource"];
    PUT_KEY_POLICY = write "kms" "PutKeyPolicy" [Key "kms:PutKeyPolicy"];
    UPDATE_KEY_DESCRIPTION = write "kms" "UpdateKeyDescription" [Key "kms:UpdateKeyDescription"];
    ENABLE_ROTATION = write "kms" "EnableKeyRotation" [FreshKey "kms:EnableKeyRotation"];
    ENABLE_KEY = write "kms" "EnableKey" [Key "kms:EnableKey"];
    CANCEL_KEY_DELETION = write "kms" "CancelKeyDeletion" [Key "kms:CancelKeyDeletion"];
    SCHEDULE_KEY_DELETION = write "kms" "ScheduleKeyDeletion" [Key "kms:ScheduleKeyDeletion"];
    CREATE_ALIAS = write "kms" "CreateAlias" [Alias "kms:CreateAlias"] [FreshKey "kms:CreateAlias"];
    DELETE_ALIAS = write "kms" "DeleteAlias" [Alias "kms:DeleteAlias"] [FreshKey "kms:DeleteAlias"];
    TAG_KEY = adopt "kms" "TagResource" [AnyKey "kms:TagResource"];

    LIST_BUCKETS = read "s3" "ListBuckets" [Any "s3:ListAllMyBuckets"];
    HEAD_BUCKET = read "s3" "HeadBucket" [Bucket "s3:ListBucket"];
    GET_BUCKET_TAGS = read "s3" "GetBucketTagging" [Bucket "s3:GetBucketTagging"];
    GET_BUCKET_POLICY = read "s3" "GetBucketPolicy" [Bucket "s3:GetBucketPolicy"];
    GET_PUBLIC_ACCESS = read "s3" "GetPublicAccessBlock" [Bucket "s3:GetBucketPublicAccessBlock"];
    GET_BUCKET_ENCRYPTION = read "s3" "GetBucketEncryption" [Bucket "s3:GetEncryptionConfiguration"];
    GET_BUCKET_OWNERSHIP = read "s3" "GetBucketOwnershipControls" [Bucket "s3:GetBucketOwnershipControls"];
    GET_BUCKET_VERSIONING = read "s3" "GetBucketVersioning" [Bucket "s3:GetBucketVersioning"];
    GET_BUCKET_LIFECYCLE = read "s3" "GetBucketLifecycleConfiguration" [Bucket "s3:GetLifecycleConfiguration"];
    CREATE_BUCKET = write "s3" "CreateBucket" [Bucket "s3:CreateBucket" "s3:PutBucketOwnershipControls" "s3:TagResource"];
    PUT_BUCKET_POLICY = write "s3" "PutBucketPolicy" [Bucket "s3:PutBucketPolicy"];
    PUT_PUBLIC_ACCESS = write "s3" "PutPublicAccessBlock" [Bucket "s3:PutBucketPublicAccessBlock"];
    PUT_BUCKET_ENCRYPTION = write "s3" "PutBucketEncryption" [Bucket "s3:PutEncryptionConfiguration"];
    PUT_BUCKET_OWNERSHIP = write "s3" "PutBucketOwnershipControls" [Bucket "s3:PutBucketOwnershipControls"];
    PUT_BUCKET_VERSIONING = write "s3" "PutBucketVersioning" [Bucket "s3:PutBucketVersioning"];
    PUT_BUCKET_LIFECYCLE = write "s3" "PutBucketLifecycleConfiguration" [Bucket "s3:PutLifecycleConfiguration"];
    DELETE_BUCKET = write "s3" "DeleteBucket" [Bucket "s3:DeleteBucket"];
    LIST_VERSIONS = check "s3" "ListObjectVersions" [Bucket "s3:ListBucketVersions"];
    PUT_BUCKET_TAGS = adopt "s3" "PutBucketTagging" [Bucket "s3:PutBucketTagging"];

    DESCRIBE_TRAILS = read "cloudtrail" "DescribeTrails" [Any "cloudtrail:DescribeTrails"];
    TRAIL_STATUS = read "cloudtrail" "GetTrailStatus" [AnyTrail "cloudtrail:GetTrailStatus"];
    GET_SELECTORS = read "cloudtrail" "GetEventSelectors" [AnyTrail "cloudtrail:GetEventSelectors"];
    LIST_TRAIL_TAGS = read "cloudtrail" "ListTags" [AnyTrail "cloudtrail:ListTags"];
    CREATE_TRAIL = write "cloudtrail" "CreateTrail" [Trail "cloudtrail:CreateTrail" "cloudtrail:AddTags"]
        [OrganizationTrail "organizations:DescribeOrganization" "organizations:ListAWSServiceAccessForOrganization"]
        [TrailRole "iam:GetRole" "iam:CreateServiceLinkedRole"];
    UPDATE_TRAIL = write "cloudtrail" "UpdateTrail" [Trail "cloudtrail:UpdateTrail"]
        [OrganizationTrail "organizations:DescribeOrganization" "organizations:ListAWSServiceAccessForOrganization"]
        [TrailRole "iam:GetRole" "iam:CreateServiceLinkedRole"];
    PUT_SELECTORS = write "cloudtrail" "PutEventSelectors" [Trail "cloudtrail:PutEventSelectors"];
    START_LOGGING = write "cloudtrail" "StartLogging" [Trail "cloudtrail:StartLogging"];
    DELETE_TRAIL = write "cloudtrail" "DeleteTrail" [Trail "cloudtrail:DeleteTrail"];
    TAG_TRAIL = adopt "cloudtrail" "AddTags" [Trail "cloudtrail:AddTags"];
}
