//! CloudTrail. What it writes down of calls is made in the recorder.
//!
//! | question | room |
//! |---|---|
//! | which trail is meant, and who sees it? | `names`, `find`, `organization` |
//! | what is it given, and how is it made and shown? | `settings`, `trails`, `show`, `tags` |
//! | which events does it log? | `selectors`, set by `select` |
//! | may it write to its bucket, with its key? | `bucket`, `key` |
//! | what is remembered without a trail? | `history` |

pub(crate) mod bucket;
mod error;
pub(crate) mod find;
pub(crate) mod history;
mod key;
mod names;
mod needs;
mod organization;
mod page;
mod select;
pub(crate) mod selectors;
mod settings;
mod show;
mod state;
mod tags;
mod trails;

use serde_json::Value;

pub(crate) use state::{Recorded, State};

use super::access::{Access, Needs, Refused};
use super::principal::Principal;
use super::service::{Errors, Facts, Limit, Reach, Service};
use super::site::Site;
use super::wire::{ApiError, JSON_1_1, Protocol, input};
use super::world::World;
use crate::place::AccountId;

/// CloudTrail: trails and the event history.
pub(crate) struct CloudTrail;

/// How often an account may look up events in a Region: twice a second.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>
static LOOK_UP: Limit = Limit {
    name: "LookupEvents",
    rate: 2.0,
    burst: 2.0,
    regional: true,
};

impl Service for CloudTrail {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "cloudtrail",
            protocol: Protocol::Json(JSON_1_1),
            reach: Reach::Regional,
            errors: Errors::JSON,
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
            "CreateTrail" => trails::create(world, site, input(operation, value)?),
            "UpdateTrail" => trails::update(world, site, input(operation, value)?),
            "DeleteTrail" => trails::delete(world, site, &input(operation, value)?),
            "StartLogging" => trails::set_logging(world, site, &input(operation, value)?, true),
            "StopLogging" => trails::set_logging(world, site, &input(operation, value)?, false),
            "GetTrail" => show::get(world, site, &input(operation, value)?),
            "DescribeTrails" => show::describe(world, site, &input(operation, value)?),
            "ListTrails" => show::list(world, site, &input(operation, value)?),
            "GetTrailStatus" => show::status(world, site, &input(operation, value)?),
            "PutEventSelectors" => select::put(world, site, input(operation, value)?),
            "GetEventSelectors" => select::get(world, site, &input(operation, value)?),
            "LookupEvents" => history::look_up(world, site, &input(operation, value)?),
            "AddTags" => tags::add(world, site, input(operation, value)?),
            "RemoveTags" => tags::remove(world, site, &input(operation, value)?),
            "ListTags" => tags::list(world, site, &input(operation, value)?),
            _ => Err(ApiError::unsupported(operation)),
        }
    }

    fn limit(&self, operation: &str, _: Access) -> Option<&'static Limit> {
        (operation == "LookupEvents").then_some(&LOOK_UP)
    }

    /// CloudTrail does not say which permission of another service it lacks.
    fn denied(&self, refused: &Refused<'_>) -> ApiError {
        let another = [
            "organizations:",
            "iam:GetRole",
            "iam:CreateServiceLinkedRole",
        ];
        if another.iter().any(|of| refused.action.starts_with(of)) {
            let message = "AWS CloudTrail cannot create resources for your organization because access to one or more required APIs has been denied.";
            let code = "InsufficientDependencyServiceAccessPermissionException";
            return ApiError::new(code, message);
        }
        refused.error(self.facts().errors.denied, refused.action)
    }

    /// Trails have rules of their own.
    fn owner(&self, _: &World, _: &str) -> Option<AccountId> {
        None
    }
}
