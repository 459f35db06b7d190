//! Secrets Manager, as far as other services keep secrets in it: a secret is described, read and deleted.
//!
//! | question | room |
//! |---|---|
//! | what can be asked of secrets? | `operations` |
//! | what do services do with secrets that they manage? | `managed` |

pub(crate) mod managed;
mod operations;
mod state;

use serde_json::Value;

pub(crate) use state::State;

use super::access::{Access, Needs, text, unknown};
use super::principal::Principal;
use super::service::{Errors, Facts, Reach, Service};
use super::site::Site;
use super::wire::{ApiError, JSON_1_1, Protocol, input};
use super::world::World;

/// Secrets Manager.
pub(crate) struct SecretsManager;

impl Service for SecretsManager {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "secretsmanager",
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
        let access = match operation {
            "DescribeSecret" | "GetSecretValue" => Access::Read,
            "DeleteSecret" => Access::Write,
            _ => return Err(unknown("secretsmanager", operation)),
        };
        let id = text(input, "SecretId");
        let arn = operations::arn_of(world, site, id);
        let arn = arn.unwrap_or_else(|| match id.starts_with("arn:") {
            true => id.to_owned(),
            false => site.arn("secretsmanager", &format!("secret:{id}")),
        });
        let action = format!("secretsmanager:{operation}");
        Ok(Needs::one(access, action, arn))
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
            "DescribeSecret" => operations::describe(world, site, &input(operation, value)?),
            "GetSecretValue" => operations::get(world, site, &input(operation, value)?),
            "DeleteSecret" => operations::delete(world, site, &input(operation, value)?),
            _ => Err(ApiError::unsupported(operation)),
        }
    }
}
