//! SQS: queues, and the messages in them.
//!
//! | question | room |
//! |---|---|
//! | what is a queue? | `queue` |
//! | what can be asked of queues and messages? | `queues`, `messages` |

mod messages;
mod needs;
mod queue;
mod queues;
mod state;

use serde_json::Value;

pub(crate) use state::State;

use super::access::{Needs, Refused};
use super::common::Strings;
use super::delivery::{Deliver, Parcel, Refusal};
use super::principal::Principal;
use super::service::{Errors, Facts, Reach, Service};
use super::site::{Site, locate};
use super::wire::{ApiError, Protocol, input};
use super::world::World;

/// The Simple Queue Service.
pub(crate) struct Sqs;

impl Service for Sqs {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "sqs",
            protocol: Protocol::JsonAfterQuery(shape),
            reach: Reach::Regional,
            errors: Errors {
                throttled: Errors::JSON.throttled,
                ..Errors::QUERY
            },
        }
    }

    fn needs(
        &self,
        _: &World,
        site: &Site,
        operation: &str,
        input: &Value,
    ) -> Result<Needs, ApiError> {
        needs::needs(site, operation, input)
    }

    fn handle(
        &self,
        world: &mut World,
        site: &Site,
        _: &Principal,
        operation: &str,
        value: Value,
    ) -> Result<Value, ApiError> {
        match operation {
            "CreateQueue" => queues::create(world, site, input(operation, value)?),
            "GetQueueUrl" => queues::url_of(world, site, &input(operation, value)?),
            "GetQueueAttributes" => queues::attributes(world, site, &input(operation, value)?),
            "SetQueueAttributes" => queues::set_attributes(world, site, input(operation, value)?),
            "DeleteQueue" => queues::delete(world, site, &input(operation, value)?),
            "ListQueues" => queues::list(world, site, &input(operation, value)?),
            "TagQueue" => queues::tag(world, site, input(operation, value)?),
            "UntagQueue" => queues::untag(world, site, &input(operation, value)?),
            "ListQueueTags" => queues::tags(world, site, &input(operation, value)?),
            "PurgeQueue" => queues::purge(world, site, &input(operation, value)?),
            "SendMessage" => messages::send(world, site, input(operation, value)?),
            "ReceiveMessage" => messages::receive(world, site, &input(operation, value)?),
            "DeleteMessage" => messages::delete(world, site, &input(operation, value)?),
            "ChangeMessageVisibilityBatch" => {
                messages::change_visibility(world, site, &input(operation, value)?)
            }
            _ => Err(ApiError::unsupported(operation)),
        }
    }

    fn data(&self, _: &str, arn: &str) -> Option<(&'static str, String)> {
        Some(("AWS::SQS::Queue", arn.to_owned()))
    }

    fn denied(&self, refused: &Refused<'_>) -> ApiError {
        let action = refused.action.to_ascii_lowercase();
        refused.error(self.facts().errors.denied, &action)
    }

    fn policy(&self, world: &World, arn: &str) -> Option<String> {
        let (site, name) = locate(arn)?;
        let queue = world.sqs.queues.look(&site)?.get(&name)?;
        let policy = queue.attributes.get("Policy");
        policy.filter(|policy| !policy.is_empty()).cloned()
    }

    fn tags<'w>(&self, world: &'w World, arn: &str) -> Option<&'w Strings> {
        let (site, name) = locate(arn)?;
        let queue = world.sqs.queues.look(&site)?.get(&name)?;
        Some(&queue.tags)
    }

    fn receiver(&self) -> Option<&'static dyn Deliver> {
        Some(&Self)
    }
}

/// The shapes of errors whose codes were others in the query protocol.
fn shape(code: &str) -> Option<&'static str> {
    match code {
        "AWS.SimpleQueueService.NonExistentQueue" => Some("com.amazonaws.sqs#QueueDoesNotExist"),
        "QueueAlreadyExists" => Some("com.amazonaws.sqs#QueueNameExists"),
        "AccessDenied" => Some("com.amazon.coral.service#AccessDeniedException"),
        _ => None,
    }
}

impl Deliver for Sqs {
    fn deliver(&self, world: &mut World, to: &str, parcel: Parcel<'_>) -> Result<(), Refusal> {
        messages::take(world, to, &parcel)
    }
}
