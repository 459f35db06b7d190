//! Every API call that iamwatch makes, with the IAM actions that it needs.
//!
//! The actions are the real ones, which are not always named like the operation.
//! Source: Service Authorization Reference.

use std::fmt;
use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Serialize, Serializer};

use super::CallError;

/// One API operation as we use it.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// The IAM prefix of the service.
    pub service: &'static str,
    /// The operation.
    pub operation: &'static str,
    /// What the caller must be allowed to do.
    pub actions: &'static [&'static str],
    /// Whether it changes anything.
    pub write: bool,
}

impl Call {
    const fn read(
        service: &'static str,
        operation: &'static str,
        actions: &'static [&'static str],
    ) -> Self {
        Self {
            service,
            operation,
            actions,
            write: false,
        }
    }

    const fn write(
        service: &'static str,
        operation: &'static str,
        actions: &'static [&'static str],
    ) -> Self {
        Self {
            service,
            operation,
            actions,
            write: true,
        }
    }

    /// Makes the call; a failure names the operation and the resource.
    ///
    /// # Errors
    /// Whatever AWS or the way to it says, classified.
    pub async fn send<T, E>(
        &'static self,
        resource: impl Into<String>,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, CallError>
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        request
            .await
            .map_err(|error| CallError::new(self, resource.into(), &error))
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

macro_rules! calls {
    ($($name:ident = $kind:ident $service:literal $operation:literal $actions:expr;)*) => {
        $(#[doc = concat!("`", $service, ":", $operation, "`")]
        pub static $name: Call = Call::$kind($service, $operation, &$actions);)*
        /// All of them.
        pub static ALL: &[&Call] = &[$(&$name),*];
    };
}

calls! {
    GET_CALLER_IDENTITY = read "sts" "GetCallerIdentity" ["sts:GetCallerIdentity"];

    LIST_RULES = read "events" "ListRules" ["events:ListRules"];
    DESCRIBE_RULE = read "events" "DescribeRule" ["events:DescribeRule"];
    LIST_TARGETS = read "events" "ListTargetsByRule" ["events:ListTargetsByRule"];
    LIST_RULE_TAGS = read "events" "ListTagsForResource" ["events:ListTagsForResource"];
    PUT_RULE = write "events" "PutRule" ["events:PutRule", "events:TagResource"];
    PUT_TARGETS = write "events" "PutTargets" ["events:PutTargets"];
    REMOVE_TARGETS = write "events" "RemoveTargets" ["events:RemoveTargets"];
    DELETE_RULE = write "events" "DeleteRule" ["events:DeleteRule"];
    PUT_EVENTS = write "events" "PutEvents" ["events:PutEvents"];

    LIST_TOPICS = read "sns" "ListTopics" ["sns:ListTopics"];
    GET_TOPIC = read "sns" "GetTopicAttributes" ["sns:GetTopicAttributes"];
    LIST_TOPIC_TAGS = read "sns" "ListTagsForResource" ["sns:ListTagsForResource"];
    LIST_SUBSCRIPTIONS = read "sns" "ListSubscriptionsByTopic" ["sns:ListSubscriptionsByTopic"];
    GET_SUBSCRIPTION = read "sns" "GetSubscriptionAttributes" ["sns:GetSubscriptionAttributes"];
    CREATE_TOPIC = write "sns" "CreateTopic" ["sns:CreateTopic", "sns:SetTopicAttributes", "sns:TagResource"];
    SET_TOPIC = write "sns" "SetTopicAttributes" ["sns:SetTopicAttributes"];
    DELETE_TOPIC = write "sns" "DeleteTopic" ["sns:DeleteTopic"];
    SUBSCRIBE = write "sns" "Subscribe" ["sns:Subscribe"];
    SET_SUBSCRIPTION = write "sns" "SetSubscriptionAttributes" ["sns:SetSubscriptionAttributes"];
    UNSUBSCRIBE = write "sns" "Unsubscribe" ["sns:Unsubscribe"];

    LIST_QUEUES = read "sqs" "ListQueues" ["sqs:ListQueues"];
    GET_QUEUE_URL = read "sqs" "GetQueueUrl" ["sqs:GetQueueUrl"];
    GET_QUEUE = read "sqs" "GetQueueAttributes" ["sqs:GetQueueAttributes"];
    LIST_QUEUE_TAGS = read "sqs" "ListQueueTags" ["sqs:ListQueueTags"];
    CREATE_QUEUE = write "sqs" "CreateQueue" ["sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:TagQueue"];
    SET_QUEUE = write "sqs" "SetQueueAttributes" ["sqs:SetQueueAttributes"];
    DELETE_QUEUE = write "sqs" "DeleteQueue" ["sqs:DeleteQueue"];
    RECEIVE = write "sqs" "ReceiveMessage" ["sqs:ReceiveMessage"];
    DELETE_MESSAGE = write "sqs" "DeleteMessage" ["sqs:DeleteMessage"];
}
