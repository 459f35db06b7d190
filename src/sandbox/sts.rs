//! STS: who am I, and who may I become.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::clock::iso;
use super::iam;
use super::policy::Policy;
use super::principal::{Principal, Session, token_of};
use super::wire::{ApiError, input};
use super::world::World;

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const SHORTEST: u32 = 900;
/// Whoever is a role already becomes another for an hour at most.
const CHAINED: u32 = 3600;

pub(crate) fn handle(
    world: &mut World,
    caller: &Principal,
    operation: &str,
    value: Value,
) -> Result<Value, ApiError> {
    match operation {
        "GetCallerIdentity" => Ok(json!({
            "Arn": caller.arn(),
            "UserId": caller.user_id(),
            "Account": caller.account,
        })),
        "AssumeRole" => assume(world, caller, input(operation, value)?),
        _ => Err(ApiError::unsupported(operation)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Assume {
    role_arn: String,
    role_session_name: String,
    #[serde(rename = "ExternalId")]
    _external_id: Option<String>,
    duration_seconds: Option<String>,
    policy: Option<String>,
}

/// What trust policies and identity policies see of the request.
pub(crate) fn context(input: &Value) -> BTreeMap<&'static str, String> {
    let keys = [
        ("sts:externalid", "ExternalId"),
        ("sts:rolesessionname", "RoleSessionName"),
    ];
    let given = keys.into_iter().filter_map(|(key, field)| {
        let value = input.get(field)?.as_str()?;
        Some((key, value.to_owned()))
    });
    given.collect()
}

/// The trust policy of a role, if the role is there and its account works.
pub(crate) fn trust(world: &World, arn: &str) -> Option<String> {
    let account = arn.split(':').nth(4)?.parse().ok()?;
    let (_, trust) = iam::trust_of(world, arn).filter(|_| world.is_usable(&account))?;
    Some(trust)
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

/// Policies have been asked already, the role's own included.
fn assume(world: &mut World, caller: &Principal, asked: Assume) -> Result<Value, ApiError> {
    let name = asked.role_session_name;
    let fits = (2..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
    if !fits {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]* and have length between 2 and 64"
        )));
    }
    if let Some(policy) = &asked.policy {
        let malformed = |reason| ApiError::new("MalformedPolicyDocument", reason);
        Policy::parse(policy).map_err(malformed)?;
    }
    let gone = || ApiError::unsupported(format_args!("the role {}", asked.role_arn));
    let role = iam::role_at(world, &asked.role_arn).ok_or_else(gone)?;
    let seconds = duration(caller, role.max_session, asked.duration_seconds.as_deref())?;
    let id = role.id.clone();
    let account = asked.role_arn.split(':').nth(4);
    let account = account.and_then(|account| account.parse().ok());
    let now = world.now();
    let ends = now.saturating_add(i64::from(seconds) * 1000);
    let session = Principal {
        name: asked
            .role_arn
            .rsplit('/')
            .next()
            .map(str::to_owned)
            .ok_or_else(gone)?,
        id,
        account: account.ok_or_else(gone)?,
        policies: Vec::new(),
        session: Some(Session {
            name,
            role: asked.role_arn.clone(),
            begun: now,
            ends,
            policy: asked.policy,
        }),
    };
    let (key, secret) = (world.key_id("ASIA"), world.key_id("sandbox/"));
    let answer = json!({
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": secret,
            "SessionToken": token_of(&key),
            "Expiration": iso(ends),
        },
        "AssumedRoleUser": {"AssumedRoleId": session.user_id(), "Arn": session.arn()},
    });
    world.principals.insert(key, session);
    Ok(answer)
}

/// How long the session lives, in seconds.
fn duration(caller: &Principal, most: Option<u32>, asked: Option<&str>) -> Result<u32, ApiError> {
    let Some(asked) = asked else {
        return Ok(CHAINED);
    };
    let seconds = asked.parse().ok().filter(|seconds| *seconds >= SHORTEST);
    let seconds = seconds.ok_or_else(|| {
        invalid(format!(
            "1 validation error detected: Value '{asked}' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to {SHORTEST}"
        ))
    })?;
    if caller.session.is_some() && seconds > CHAINED {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if seconds > most.unwrap_or(CHAINED) {
        return Err(invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(seconds)
}
