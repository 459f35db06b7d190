//! SNS: topics, and who listens to them.
//!
//! | question | room |
//! |---|---|
//! | what can be asked of topics and subscriptions? | `topics`, `subscriptions` |
//! | who may send to a topic, and what becomes of it? | `policy`, `publish`, then `fanout` |

mod common;
mod fanout;
mod needs;
mod policy;
mod publish;
mod state;
pub(crate) mod subscriptions;
mod topics;

use serde_json::Value;

pub use state::Delivery;
pub(crate) use state::State;

use self::common::read;
use super::access::{Needs, Refused};
use super::common::Strings;
use super::delivery::{Deliver, Parcel, Refusal};
use super::principal::Principal;
use super::service::{Errors, Facts, Reach, Service};
use super::site::{Site, locate};
use super::wire::{ApiError, Protocol};
use super::world::World;

/// The Simple Notification Service.
pub(crate) struct Sns;

impl Service for Sns {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "sns",
            protocol: Protocol::Query("http://sns.amazonaws.com/doc/2010-03-31/"),
            reach: Reach::Regional,
            errors: Errors {
                throttled: Errors::JSON.throttled,
                denied: (403, "AuthorizationError"),
                ..Errors::QUERY
            },
        }
    }

    fn needs(
        &self,
        world: &World,
        site: &Site,
        operation: &str,
        input: &Value,
    ) -> Result<Needs, ApiError> {
        needs::needs(world, site, operation, input)
    }

    fn handle(
        &self,
        world: &mut World,
        site: &Site,
        _: &Principal,
        operation: &str,
        value: Value,
    ) -> Result<Value, ApiError> {
        common::expire(world, site);
        match operation {
            "CreateTopic" => topics::create(world, site, read(operation, value)?),
            "DeleteTopic" => topics::delete(world, site, &read(operation, value)?),
            "GetTopicAttributes" => topics::attributes(world, site, &read(operation, value)?),
            "SetTopicAttributes" => topics::set_attribute(world, site, read(operation, value)?),
            "ListTopics" => topics::list(world, site, &read(operation, value)?),
            "TagResource" => topics::tag(world, site, read(operation, value)?),
            "UntagResource" => topics::untag(world, site, &read(operation, value)?),
            "ListTagsForResource" => topics::tags(world, site, &read(operation, value)?),
            "Subscribe" => subscriptions::subscribe(world, site, read(operation, value)?),
            "Unsubscribe" => subscriptions::unsubscribe(world, site, &read(operation, value)?),
            "ListSubscriptionsByTopic" => {
                subscriptions::list(world, site, &read(operation, value)?)
            }
            "GetSubscriptionAttributes" => {
                subscriptions::attributes(world, site, &read(operation, value)?)
            }
            "SetSubscriptionAttributes" => {
                subscriptions::set_attribute(world, site, read(operation, value)?)
            }
            "Publish" => publish::publish(world, site, &read(operation, value)?),
            _ => Err(ApiError::unsupported(operation)),
        }
    }

    fn context(&self, _: &World, site: &Site, input: &Value) -> Vec<(&'static str, String)> {
        needs::context(site, input)
    }

    fn data(&self, operation: &str, arn: &str) -> Option<(&'static str, String)> {
        (operation == "Publish").then(|| ("AWS::SNS::Topic", arn.to_owned()))
    }

    fn denied(&self, refused: &Refused<'_>) -> ApiError {
        if refused.action.starts_with("kms:") {
            return refused.error((400, "KMSAccessDenied"), refused.action);
        }
        let action = refused.action.replacen("sns:", "SNS:", 1);
        refused.error(self.facts().errors.denied, &action)
    }

    fn policy(&self, world: &World, arn: &str) -> Option<String> {
        let (site, name) = locate(arn)?;
        let topic = world.sns.topics.look(&site)?.get(&name)?;
        let policy = topic.attributes.get("Policy");
        policy.filter(|policy| !policy.is_empty()).cloned()
    }

    fn tags<'w>(&self, world: &'w World, arn: &str) -> Option<&'w Strings> {
        let (site, name) = locate(arn)?;
        let topic = world.sns.topics.look(&site)?.get(&name)?;
        Some(&topic.tags)
    }

    fn receiver(&self) -> Option<&'static dyn Deliver> {
        Some(&Self)
    }
}

impl Deliver for Sns {
    fn deliver(&self, world: &mut World, to: &str, parcel: Parcel<'_>) -> Result<(), Refusal> {
        publish::take(world, to, &parcel.from, &parcel.content.text())
    }
}
