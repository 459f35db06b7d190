//! Taking a role on.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::clock::iso;
use crate::sandbox::iam::policies::role_at;
use crate::sandbox::policy::Policy;
use crate::sandbox::principal::{Principal, Session, token_of};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// The shortest session that can be asked for, in seconds.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const SHORTEST: u32 = 900;

/// Whoever is a role already becomes another for an hour at most.
const CHAINED: u32 = 3600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Assume {
    role_arn: String,
    role_session_name: String,
    #[serde(rename = "ExternalId")]
    _external_id: Option<String>,
    duration_seconds: Option<String>,
    policy: Option<String>,
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

/// Makes the session. Policies have been asked already, the role's own included.
pub(super) fn assume(
    world: &mut World,
    caller: &Principal,
    asked: Assume,
) -> Result<Value, ApiError> {
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
    let role = role_at(world, &asked.role_arn).ok_or_else(gone)?;
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
