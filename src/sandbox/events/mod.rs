//! EventBridge: events come to buses, and rules send them on.
//!
//! | question | room |
//! |---|---|
//! | what can be asked of rules, buses, targets, tags? | `rules`, `buses`, `permissions`, `targets`, `tags`, `put` |
//! | where does an event on a bus go? | `arrivals`, then `routing`; to another bus `forward` |
//! | what does a target get? | `transform` |
//! | what does a pattern match? | `pattern` |
//! | with which credentials does an HTTP task speak? | `connections` |

pub(crate) mod arrivals;
mod buses;
pub(crate) mod connections;
mod error;
mod forward;
mod names;
mod needs;
mod pattern;
mod permissions;
mod put;
mod routing;
mod rules;
mod state;
mod tags;
mod targets;
mod transform;

use serde_json::Value;

pub use state::Lost;
pub(crate) use state::State;

use super::access::{Access, Needs, Refused};
use super::common::Strings;
use super::delivery::{Content, Deliver, Parcel, Refusal};
use super::principal::Principal;
use super::service::{Errors, Facts, Limit, Reach, Service};
use super::site::{Site, locate};
use super::wire::{ApiError, JSON_1_1, Protocol, input};
use super::world::World;
use state::RuleState;

/// EventBridge: buses, rules, targets, events.
pub(crate) struct Events;

/// How often an account may call EventBridge in a Region, data calls aside: 50 times a second.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
static LIMIT: Limit = Limit {
    name: "events",
    rate: 50.0,
    burst: 50.0,
    regional: true,
};

impl Service for Events {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "events",
            protocol: Protocol::Json(JSON_1_1),
            reach: Reach::Regional,
            errors: Errors::JSON,
        }
    }

    fn needs(
        &self,
        world: &World,
        site: &Site,
        operation: &str,
        input: &Value,
    ) -> Result<Needs, ApiError> {
        if let Some(needs) = connections::needs(world, site, operation, input) {
            return Ok(needs);
        }
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
            "CreateEventBus" => buses::create(world, site, input(operation, value)?),
            "DescribeEventBus" => buses::describe(world, site, &input(operation, value)?),
            "UpdateEventBus" => buses::update(world, site, input(operation, value)?),
            "DeleteEventBus" => buses::delete(world, site, &input(operation, value)?),
            "ListEventBuses" => buses::list(world, site, &input(operation, value)?),
            "PutPermission" => permissions::put(world, site, input(operation, value)?),
            "RemovePermission" => permissions::remove(world, site, &input(operation, value)?),
            "PutRule" => rules::put(world, site, input(operation, value)?),
            "DescribeRule" => rules::describe(world, site, &input(operation, value)?),
            "ListRules" => rules::list(world, site, &input(operation, value)?),
            "DeleteRule" => rules::delete(world, site, &input(operation, value)?),
            "EnableRule" => {
                rules::set_state(world, site, &input(operation, value)?, RuleState::Enabled)
            }
            "DisableRule" => {
                rules::set_state(world, site, &input(operation, value)?, RuleState::Disabled)
            }
            "PutTargets" => targets::put(world, site, input(operation, value)?),
            "RemoveTargets" => targets::remove(world, site, &input(operation, value)?),
            "ListTargetsByRule" => targets::list(world, site, &input(operation, value)?),
            "ListRuleNamesByTarget" => targets::rules_of(world, site, &input(operation, value)?),
            "TagResource" => tags::tag(world, site, input(operation, value)?),
            "UntagResource" => tags::untag(world, site, &input(operation, value)?),
            "ListTagsForResource" => tags::tags(world, site, &input(operation, value)?),
            "PutEvents" => put::put_events(world, site, input(operation, value)?),
            "TestEventPattern" => put::test_pattern(&input(operation, value)?),
            "CreateConnection"
            | "UpdateConnection"
            | "DescribeConnection"
            | "DeleteConnection"
            | "DeauthorizeConnection"
            | "ListConnections" => connections::handle(world, site, operation, value),
            _ => Err(ApiError::unsupported(operation)),
        }
    }

    fn limit(&self, _: &str, access: Access) -> Option<&'static Limit> {
        // Events have limits of their own, thousands in a second.
        (!access.is_data()).then_some(&LIMIT)
    }

    fn denied(&self, refused: &Refused<'_>) -> ApiError {
        connections::denied(refused)
            .unwrap_or_else(|| refused.error(self.facts().errors.denied, refused.action))
    }

    fn context(&self, _: &World, _: &Site, _: &Value) -> Vec<(&'static str, String)> {
        connections::context()
    }

    fn hides(&self) -> &'static [&'static str] {
        &["authParameters"]
    }

    fn lists(&self, input: &Value) -> Vec<(&'static str, Vec<String>)> {
        needs::lists(input)
    }

    fn policy(&self, world: &World, arn: &str) -> Option<String> {
        let (site, name) = locate(arn)?;
        let bus = name.strip_prefix("event-bus/")?;
        let local = world.events.local.look(&site)?;
        local.buses.get(bus)?.policy.clone()
    }

    fn tags<'w>(&self, world: &'w World, arn: &str) -> Option<&'w Strings> {
        tags::at(world, arn)
    }

    fn receiver(&self) -> Option<&'static dyn Deliver> {
        Some(&Self)
    }
}

impl Deliver for Events {
    fn takes(&self, arn: &str) -> bool {
        names::is_bus(arn)
    }

    fn deliver(&self, world: &mut World, to: &str, parcel: Parcel<'_>) -> Result<(), Refusal> {
        match parcel.content {
            Content::Event(event) => {
                forward::forward(world, event, parcel.from.arn, parcel.role, to)
            }
            Content::Text(..) => Err(("NO_RESOURCE", format!("{to} takes events alone."))),
        }
    }
}
