//! Which calls of other services does a Task make, and what are their errors called in a state machine?

use serde_json::Value;

use crate::sandbox::wire::ApiError;
use crate::states::Failure;

/// A call that Step Functions makes for a Task.
pub(super) struct Integration {
    /// What stands behind `arn:aws:states:::`.
    pub(super) name: &'static str,
    /// The name of the service, and its operation.
    pub(super) service: &'static str,
    pub(super) operation: &'static str,
    /// The arguments that a service takes as text alone: other values become their JSON.
    texts: &'static [&'static str],
    errors: &'static Errors,
}

/// How the errors of a service are called. Step Functions names an error after the class that the AWS SDK for Java 1
/// has for it; all others have the class of the service, as recorded on AWS in localstack's
/// `tests/aws/services/stepfunctions/v2/error_handling/test_task_service_{dynamodb,sqs}.snapshot.json`.
struct Errors {
    /// What stands before the names of errors.
    before: &'static str,
    /// The service in the SDK's words.
    sdk: &'static str,
    /// The codes that have a class, each with its name.
    classes: &'static [(&'static str, &'static str)],
    other: &'static str,
}

const SNS: &Errors = &Errors {
    before: "SNS",
    sdk: "AmazonSNS",
    classes: &[
        ("AuthorizationError", "AuthorizationErrorException"),
        ("EndpointDisabled", "EndpointDisabledException"),
        ("InternalError", "InternalErrorException"),
        ("InvalidParameter", "InvalidParameterException"),
        ("KMSAccessDenied", "KMSAccessDeniedException"),
        ("KMSDisabled", "KMSDisabledException"),
        ("KMSInvalidState", "KMSInvalidStateException"),
        ("KMSNotFound", "KMSNotFoundException"),
        ("KMSThrottling", "KMSThrottlingException"),
        ("NotFound", "NotFoundException"),
    ],
    other: "AmazonSNSException",
};

const SQS: &Errors = &Errors {
    before: "SQS",
    sdk: "AmazonSQS",
    classes: &[
        (
            "AWS.SimpleQueueService.NonExistentQueue",
            "QueueDoesNotExistException",
        ),
        ("InvalidMessageContents", "InvalidMessageContentsException"),
    ],
    other: "AmazonSQSException",
};

const DYNAMODB: &Errors = &Errors {
    before: "DynamoDB",
    sdk: "AmazonDynamoDBv2",
    classes: &[
        (
            "ConditionalCheckFailedException",
            "ConditionalCheckFailedException",
        ),
        ("InternalServerError", "InternalServerErrorException"),
        (
            "ItemCollectionSizeLimitExceededException",
            "ItemCollectionSizeLimitExceededException",
        ),
        (
            "ProvisionedThroughputExceededException",
            "ProvisionedThroughputExceededException",
        ),
        ("RequestLimitExceeded", "RequestLimitExceededException"),
        ("ResourceNotFoundException", "ResourceNotFoundException"),
        (
            "TransactionConflictException",
            "TransactionConflictException",
        ),
    ],
    other: "AmazonDynamoDBException",
};

const fn dynamodb(name: &'static str, operation: &'static str) -> Integration {
    Integration {
        name,
        service: "dynamodb",
        operation,
        texts: &[],
        errors: DYNAMODB,
    }
}

pub(super) static INTEGRATIONS: [Integration; 6] = [
    Integration {
        name: "sns:publish",
        service: "sns",
        operation: "Publish",
        texts: &["Message"],
        errors: SNS,
    },
    Integration {
        name: "sqs:sendMessage",
        service: "sqs",
        operation: "SendMessage",
        texts: &["MessageBody"],
        errors: SQS,
    },
    dynamodb("dynamodb:putItem", "PutItem"),
    dynamodb("dynamodb:getItem", "GetItem"),
    dynamodb("dynamodb:updateItem", "UpdateItem"),
    dynamodb("dynamodb:deleteItem", "DeleteItem"),
];

impl Integration {
    /// What the service is sent.
    pub(super) fn input(&self, arguments: &Value) -> Value {
        let mut input = arguments.clone();
        for name in self.texts {
            if let Some(value) = input.get_mut(*name)
                && !value.is_string()
            {
                *value = Value::String(value.to_string());
            }
        }
        input
    }

    /// The failure that an error of the service is; `id` of the request.
    pub(super) fn failure(&self, error: &ApiError, id: &str) -> Failure {
        // What the sandbox lacks must not be caught like an answer of AWS.
        if error.code == ApiError::UNSUPPORTED {
            return Failure::new("States.Runtime", &error.message);
        }
        let Errors {
            before,
            sdk,
            classes,
            other,
        } = self.errors;
        let class = classes.iter().find(|(code, _)| *code == error.code);
        let class = class.map_or(*other, |(_, class)| *class);
        let (message, status, code) = (&error.message, error.status, &error.code);
        let cause = format!(
            "{message} (Service: {sdk}; Status Code: {status}; Error Code: {code}; Request ID: {id}; Proxy: null)"
        );
        Failure::new(format!("{before}.{class}"), cause)
    }
}
