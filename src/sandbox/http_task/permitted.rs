//! May the role of a state machine do something? Service control policies, its own policies and its boundary say.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::collections::BTreeMap;

use crate::sandbox::iam::policies::{boundary_of, role_policies};
use crate::sandbox::organizations::scp;
use crate::sandbox::policy::{Decision, Policy, Request, Tags, Who};
use crate::sandbox::site::account_in;
use crate::sandbox::world::World;

/// Refuses, in AWS's words, what the policies do not allow. `more`: condition keys in lower case, with their values.
pub(super) fn may(
    world: &World,
    role: &str,
    action: &str,
    resource: &str,
    more: &[(&'static str, String)],
) -> Result<(), String> {
    let refused = |why: &str| {
        format!("User: {role} is not authorized to perform: {action} on resource: {resource}{why}")
    };
    let account = account_in(role).ok_or_else(|| refused(""))?;
    let mut context = BTreeMap::from([
        ("aws:principalarn", role.to_owned()),
        ("aws:principalaccount", account.to_string()),
        ("aws:principalisawsservice", "false".to_owned()),
        ("aws:securetransport", "true".to_owned()),
    ]);
    context.extend(more.iter().cloned());
    if let Some(region) = resource
        .split(':')
        .nth(3)
        .filter(|region| !region.is_empty())
    {
        context.insert("aws:requestedregion", region.to_owned());
    }
    let request = Request {
        who: Who::Owner,
        action,
        resource,
        context,
    };
    let organizations = &world.organizations;
    let most = scp::decide(organizations, &account, role, &request, &Tags::default());
    match most.unwrap_or(Decision::Deny) {
        Decision::Allow => {}
        Decision::Deny => {
            return Err(refused(
                " with an explicit deny in a service control policy",
            ));
        }
        Decision::Silent => {
            let why = format!(" because no service control policy allows the {action} action");
            return Err(refused(&why));
        }
    }
    match decide(&role_policies(world, role), &request) {
        Decision::Allow => {}
        Decision::Deny => {
            return Err(refused(
                " with an explicit deny in an identity-based policy",
            ));
        }
        Decision::Silent => {
            let why = format!(" because no identity-based policy allows the {action} action");
            return Err(refused(&why));
        }
    }
    let boundary = boundary_of(world, role);
    match boundary.is_none_or(|most| decide(&[most], &request) == Decision::Allow) {
        true => Ok(()),
        false => {
            let why = format!(" because no permissions boundary allows the {action} action");
            Err(refused(&why))
        }
    }
}

fn decide(documents: &[String], request: &Request<'_>) -> Decision {
    let mut decision = Decision::Silent;
    for document in documents {
        match Policy::parse(document).map(|policy| policy.decide(request)) {
            Ok(Decision::Allow) => decision = Decision::Allow,
            Ok(Decision::Silent) => {}
            // What cannot be read lets nobody in.
            Ok(Decision::Deny) | Err(_) => return Decision::Deny,
        }
    }
    decision
}
