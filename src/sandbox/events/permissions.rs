//! EventBridge: the resource policies of buses.

use serde::Deserialize;
use serde_json::{Value, json};

use super::buses::bus;
use super::error::invalid;
use super::names::{bus_arn, bus_name};
use crate::sandbox::policy::Policy;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// How many characters the policy of a bus may have.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const LONGEST: usize = 10_240;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Put {
    event_bus_name: Option<String>,
    action: Option<String>,
    principal: Option<String>,
    statement_id: Option<String>,
    condition: Option<Condition>,
    policy: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Condition {
    #[serde(rename = "Type")]
    operator: String,
    key: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Remove {
    event_bus_name: Option<String>,
    statement_id: Option<String>,
    #[serde(default)]
    remove_all_permissions: bool,
}

fn statements(policy: Option<&String>) -> Vec<Value> {
    let document: Value = policy
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    match document.get("Statement") {
        Some(Value::Array(list)) => list.clone(),
        Some(single) => vec![single.clone()],
        None => Vec::new(),
    }
}

fn document(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn not_found(message: &str) -> ApiError {
    ApiError::new("ResourceNotFoundException", message)
}

/// Either one statement, which joins the others, or a whole policy in place of what there was.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html>
pub(super) fn put(world: &mut World, site: &Site, put: Put) -> Result<Value, ApiError> {
    let now = world.now();
    let given = put.event_bus_name.as_deref();
    let name = bus_name(given.unwrap_or_default());
    let arn = bus_arn(site, name);
    let bus = bus(world, site, given)?;
    let single = put.action.is_some() || put.principal.is_some() || put.statement_id.is_some();
    let policy = match &put.policy {
        Some(_) if single || put.condition.is_some() => {
            return Err(invalid(
                "Parameter Policy is not valid. Reason: Action, StatementId, Principal and Condition cannot be given with a policy.",
            ));
        }
        Some(policy) => {
            check(policy)?;
            policy.clone()
        }
        None => {
            let added = statement(&put, &arn)?;
            let mut all = statements(bus.policy.as_ref());
            all.retain(|known| known.get("Sid") != added.get("Sid"));
            all.push(added);
            document(&all)
        }
    };
    if policy.chars().count() > LONGEST {
        return Err(ApiError::new(
            "PolicyLengthExceededException",
            format!("The policy is longer than {LONGEST} characters."),
        ));
    }
    bus.policy = Some(policy);
    bus.modified = now;
    Ok(json!({}))
}

fn check(policy: &str) -> Result<(), ApiError> {
    let broken = |reason: String| {
        if reason.contains("the sandbox does not implement") {
            return ApiError::unsupported(reason);
        }
        invalid(format!("Parameter Policy is not valid. Reason: {reason}"))
    };
    let parsed = Policy::parse(policy).map_err(broken)?;
    if !parsed.names_principals() || !parsed.names_resources() {
        return Err(broken(
            "every statement needs a Principal and a Resource".to_owned(),
        ));
    }
    Ok(())
}

/// The statement that the single arguments make.
fn statement(put: &Put, bus: &str) -> Result<Value, ApiError> {
    let (Some(action), Some(principal), Some(sid)) =
        (&put.action, &put.principal, &put.statement_id)
    else {
        return Err(invalid(
            "Parameter(s) Action, Principal and StatementId must be specified.",
        ));
    };
    let account = principal.len() == 12 && principal.bytes().all(|b| b.is_ascii_digit());
    let sid_fits = (1..=64).contains(&sid.len())
        && sid
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if action != "events:PutEvents" || !(account || principal == "*") || !sid_fits {
        return Err(invalid(
            "1 validation error detected: Action must be events:PutEvents, Principal an account or *, StatementId 1 to 64 letters, digits, - or _",
        ));
    }
    let principal = match account {
        true => json!({"AWS": format!("arn:aws:iam::{principal}:root")}),
        false => json!("*"),
    };
    let mut statement = json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": action,
        "Resource": bus,
    });
    if let (Some(condition), Some(fields)) = (&put.condition, statement.as_object_mut()) {
        if condition.operator != "StringEquals" || condition.key != "aws:PrincipalOrgID" {
            return Err(invalid(
                "Parameter Condition is not valid. Reason: only StringEquals on aws:PrincipalOrgID is supported.",
            ));
        }
        let wanted = json!({"StringEquals": {"aws:PrincipalOrgID": condition.value}});
        fields.insert("Condition".to_owned(), wanted);
    }
    Ok(statement)
}

pub(super) fn remove(world: &mut World, site: &Site, remove: &Remove) -> Result<Value, ApiError> {
    let now = world.now();
    let bus = bus(world, site, remove.event_bus_name.as_deref())?;
    let all = statements(bus.policy.as_ref());
    if bus.policy.is_none() {
        return Err(not_found("EventBus does not have a policy."));
    }
    let rest: Vec<Value> = match &remove.statement_id {
        _ if remove.remove_all_permissions => Vec::new(),
        Some(sid) => {
            let named = |known: &Value| known.get("Sid").and_then(Value::as_str) == Some(sid);
            all.iter().filter(|known| !named(known)).cloned().collect()
        }
        None => return Err(invalid("Parameter StatementId must be specified.")),
    };
    if rest.len() == all.len() {
        return Err(not_found("Statement with the provided id does not exist."));
    }
    bus.policy = (!rest.is_empty()).then(|| document(&rest));
    bus.modified = now;
    Ok(json!({}))
}
