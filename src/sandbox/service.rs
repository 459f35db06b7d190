//! What every service of AWS is here: a name and a protocol, what its calls need, what they do, and,
//! where it has them, resources with policies, owners and tags, that other services send to.

use std::fmt;

use serde_json::Value;

use super::access::{Access, Needs, Refused};
use super::common::Strings;
use super::delivery::Deliver;
use super::principal::Principal;
use super::site::{Site, account_in};
use super::wire::{ApiError, Protocol};
use super::world::World;
use crate::place::AccountId;

/// A service of AWS. What it keeps is its part of the [`World`].
pub(crate) trait Service: Sync {
    /// What is always true of it.
    fn facts(&self) -> &'static Facts;

    /// What a call needs. An operation that the sandbox does not know is an error that names it.
    fn needs(
        &self,
        world: &World,
        site: &Site,
        operation: &str,
        input: &Value,
    ) -> Result<Needs, ApiError>;

    /// Does what a caller asks who may do it.
    fn handle(
        &self,
        world: &mut World,
        site: &Site,
        caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ApiError>;

    /// The limit on the rate of requests that a call falls under, if there is one.
    fn limit(&self, _operation: &str, _access: Access) -> Option<&'static Limit> {
        None
    }

    /// The refusal of a caller who may not do something.
    fn denied(&self, refused: &Refused<'_>) -> ApiError {
        refused.error(self.facts().errors.denied, refused.action)
    }

    /// The condition keys, in lower case, that policies see of an input.
    fn context(&self, _world: &World, _site: &Site, _input: &Value) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The condition keys, in lower case, that have lists of values, with those of an input.
    fn lists(&self, _input: &Value) -> Vec<(&'static str, Vec<String>)> {
        Vec::new()
    }

    /// What CloudTrail calls an operation.
    fn event_name<'o>(&self, operation: &'o str) -> &'o str {
        operation
    }

    /// The fields of inputs, as CloudTrail spells them, whose contents it does not write down.
    fn hides(&self) -> &'static [&'static str] {
        &[]
    }

    /// The type of what an operation looks into or changes, and how its ARN begins, where CloudTrail has data events of
    /// it. `arn`: of the resource that the call is on.
    fn data(&self, _operation: &str, _arn: &str) -> Option<(&'static str, String)> {
        None
    }

    /// The ARN of the role that a call takes on: CloudTrail tells the role's account of it too.
    fn assumes<'i>(&self, _operation: &str, _input: &'i Value) -> Option<&'i str> {
        None
    }

    /// The policy of the resource that an ARN names, if it has one.
    fn policy(&self, _world: &World, _arn: &str) -> Option<String> {
        None
    }

    /// Whether nobody uses a resource of it that has a policy without that policy's word.
    fn is_ruled_by_policy(&self) -> bool {
        false
    }

    /// The account that owns what an ARN names; `None` for what is not there or is always the
    /// caller's.
    fn owner(&self, _world: &World, arn: &str) -> Option<AccountId> {
        account_in(arn)
    }

    /// The tags of the resource that an ARN names, where AWS lets policies see them.
    fn tags<'w>(&self, _world: &'w World, _arn: &str) -> Option<&'w Strings> {
        None
    }

    /// What takes messages and events from other services for its resources, if anything does.
    fn receiver(&self) -> Option<&'static dyn Deliver> {
        None
    }
}

impl fmt::Debug for dyn Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().name)
    }
}

/// What is always true of a service.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The name in a SigV4 credential scope, which is also the prefix of IAM actions and, before
    /// `.amazonaws.com`, the source of its events.
    pub(crate) name: &'static str,
    pub(crate) protocol: Protocol,
    pub(crate) reach: Reach,
    pub(crate) errors: Errors,
}

/// In which Regions a service answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// In those that the account has enabled.
    Regional,
    /// In all: it has one endpoint for the partition, or finds the Region itself.
    Anywhere,
    /// In all, and CloudTrail records its calls in us-east-1 alone.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>
    Global,
}

/// The errors that every service has, in its own words: HTTP status, code and message.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html> and its like.
#[derive(Debug)]
pub(crate) struct Errors {
    /// There were too many requests.
    pub(crate) throttled: (u16, &'static str, &'static str),
    /// The key does not exist, or not in this Region: one that is not enabled knows no
    /// credentials.
    /// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
    pub(crate) unknown_key: (u16, &'static str, &'static str),
    /// The session is over.
    pub(crate) expired: (u16, &'static str, &'static str),
    /// The caller may not do this; [`Refused`] makes the message.
    pub(crate) denied: (u16, &'static str),
}

const RATE: &str = "Rate exceeded";
const INVALID: &str = "The security token included in the request is invalid.";
const EXPIRED: &str = "The security token included in the request is expired";

impl Errors {
    /// Those of most services that speak AWS JSON.
    pub(crate) const JSON: Self = Self {
        throttled: (400, "ThrottlingException", RATE),
        unknown_key: (400, "UnrecognizedClientException", INVALID),
        expired: (400, "ExpiredTokenException", EXPIRED),
        denied: (400, "AccessDeniedException"),
    };
    /// Those of services that speak AWS query.
    pub(crate) const QUERY: Self = Self {
        throttled: (400, "Throttling", RATE),
        unknown_key: (403, "InvalidClientTokenId", INVALID),
        expired: (403, "ExpiredToken", EXPIRED),
        denied: (403, "AccessDenied"),
    };
    /// Those of services that speak REST with JSON bodies.
    pub(crate) const REST_JSON: Self = Self {
        throttled: (429, "TooManyRequestsException", RATE),
        unknown_key: (403, "UnrecognizedClientException", INVALID),
        expired: (403, "ExpiredTokenException", EXPIRED),
        denied: (403, "AccessDeniedException"),
    };
    /// Those of services that speak REST with XML bodies: S3.
    pub(crate) const REST_XML: Self = Self {
        throttled: (503, "SlowDown", "Please reduce your request rate."),
        unknown_key: (
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        expired: (400, "ExpiredToken", EXPIRED),
        denied: (403, "AccessDenied"),
    };
}

/// A limit on the rate of requests: a bucket of tokens, of which a request takes one, and `rate`
/// come back every second up to `burst`.
#[derive(Debug)]
pub(crate) struct Limit {
    /// The name of what is counted together.
    pub(crate) name: &'static str,
    pub(crate) rate: f64,
    pub(crate) burst: f64,
    /// Whether each Region has a limit of its own.
    pub(crate) regional: bool,
}

/// The services that answer in a world.
#[derive(Clone, Copy, Default)]
pub(crate) struct Services(pub(super) &'static [&'static dyn Service]);

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0).finish()
    }
}

impl Services {
    /// The service of that name.
    pub(crate) fn named(self, name: &str) -> Option<&'static dyn Service> {
        let mut all = self.0.iter().copied();
        all.find(|service| service.facts().name == name)
    }

    /// The service that an ARN belongs to.
    pub(crate) fn of_arn(self, arn: &str) -> Option<&'static dyn Service> {
        self.named(arn.split(':').nth(2)?)
    }
}
