//! May the caller do this? Policies of the organization, of the caller, and of the resource say.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::collections::BTreeMap;

use super::needs::Needs;
use super::refused::{Reason, Refused};
use super::tags;
use crate::sandbox::call::Call;
use crate::sandbox::iam::policies::{policies_of, trust};
use crate::sandbox::organizations::scp;
use crate::sandbox::policy::{Decision, Policy, Request, Tags, Who};
use crate::sandbox::principal::Principal;
use crate::sandbox::site::{Site, account_in};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// Refuses what the policies do not allow.
pub(crate) fn authorise(
    world: &World,
    site: &Site,
    call: &Call,
    caller: &Principal,
    needs: &Needs,
) -> Result<(), ApiError> {
    let (arn, iam_arn) = (caller.arn(), caller.iam_arn());
    let mut context = context(caller, world);
    context.insert("aws:requestedregion", site.region.to_string());
    context.extend(call.service.context(world, site, &call.input));
    for (action, resource) in &needs.permissions {
        let mut context = context.clone();
        context.extend(of_resource(caller, world, resource));
        if action == "iam:PassRole" {
            let to = format!("{}.amazonaws.com", call.name());
            context.insert("iam:passedtoservice", to);
        }
        let asked = Asked {
            caller,
            iam_arn: &iam_arn,
            arn: &arn,
            creates: needs.creates,
            tags: Tags {
                lists: call.service.lists(&call.input).into_iter().collect(),
                ..tags::of(world, &call.input, resource)
            },
            request: Request {
                who: Who::Owner,
                action,
                resource,
                context,
            },
        };
        if let Some(why) = asked.decide(world)? {
            return Err(call.service.denied(&Refused {
                caller: &arn,
                action,
                resource,
                why,
            }));
        }
    }
    Ok(())
}

/// The condition keys that are about the caller.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
fn context(caller: &Principal, world: &World) -> BTreeMap<&'static str, String> {
    let mut context = BTreeMap::from([
        ("aws:principalarn", caller.iam_arn()),
        ("aws:principalaccount", caller.account.to_string()),
        ("aws:principalisawsservice", "false".to_owned()),
        ("aws:userid", caller.user_id()),
        ("aws:securetransport", "true".to_owned()),
        ("kms:calleraccount", caller.account.to_string()),
    ]);
    if caller.session.is_none() {
        context.insert("aws:username", caller.name.clone());
    }
    if let Some(organization) = world.organizations.of(&caller.account) {
        context.insert("aws:principalorgid", organization.id.clone());
        let path = organization.path(caller.account.as_str());
        context.insert("aws:principalorgpaths", path);
    }
    context
}

/// The condition keys that are about whose the resource is; an ARN without an account is the caller's.
fn of_resource(
    caller: &Principal,
    world: &World,
    resource: &str,
) -> impl Iterator<Item = (&'static str, String)> {
    let owner = account_in(resource).unwrap_or_else(|| caller.account.clone());
    let organization = world.organizations.of(&owner);
    let organization = organization.map(|found| ("aws:resourceorgid", found.id.clone()));
    [("aws:resourceaccount", owner.to_string())]
        .into_iter()
        .chain(organization)
}

/// One permission that is needed.
struct Asked<'a> {
    caller: &'a Principal,
    iam_arn: &'a str,
    arn: &'a str,
    /// Whoever creates a bucket is not asked about the one that has the name already.
    creates: bool,
    tags: Tags,
    request: Request<'a>,
}

impl Asked<'_> {
    /// Why not; `None` if it may be done.
    fn decide(mut self, world: &World) -> Result<Option<Reason>, ApiError> {
        let account = &self.caller.account;
        let (request, tags) = (&self.request, &self.tags);
        match scp::decide(&world.organizations, account, self.iam_arn, request, tags)? {
            Decision::Deny => return Ok(Some(Reason::Denied("a service control policy"))),
            Decision::Silent => return Ok(Some(Reason::Silent("service control"))),
            Decision::Allow => {}
        }
        let session = self.caller.session.as_ref();
        let session = session.and_then(|session| session.policy.as_ref());
        let narrowed = match session {
            Some(policy) => self.all(std::slice::from_ref(policy))?,
            None => Decision::Allow,
        };
        let identity = self.all(&policies_of(world, self.caller))?;
        if identity == Decision::Deny {
            return Ok(Some(Reason::Denied("an identity-based policy")));
        }
        match narrowed {
            Decision::Deny => return Ok(Some(Reason::Denied("a session policy"))),
            Decision::Silent => return Ok(Some(Reason::Silent("session"))),
            Decision::Allow => {}
        }
        let resource = self.request.resource;
        let assumes = self.request.action == "sts:AssumeRole";
        let document = match assumes {
            true => trust(world, resource),
            false => world.resource_policy(resource),
        };
        let (mut said, mut itself) = (Decision::Silent, false);
        let has_policy = document.is_some();
        if let Some(document) = document.filter(|_| !self.creates) {
            let policy = Policy::parse(&document).map_err(ApiError::unsupported)?;
            self.request.who = self.caller.who(self.iam_arn, self.arn);
            said = policy.decide_with(&self.request, &self.tags);
            itself = policy.allows_itself(&self.request, &self.tags);
        }
        if said == Decision::Deny {
            return Ok(Some(Reason::Denied(match assumes {
                true => "the role trust policy",
                false => "a resource-based policy",
            })));
        }
        // What another account owns takes its word as well as the caller's own account's.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
        let owner = world.owner(resource).filter(|_| !self.creates);
        let foreign = owner.is_some_and(|owner| owner != self.caller.account);
        // Without its policy's word nobody uses a key or a role: IAM decides only if the policy
        // hands over.
        let by_policy = has_policy
            && world
                .services
                .of_arn(resource)
                .is_some_and(|s| s.is_ruled_by_policy());
        if said == Decision::Silent && (by_policy || assumes) {
            return Ok(Some(match assumes {
                true => Reason::Unsaid,
                false => Reason::Silent("resource-based"),
            }));
        }
        let allowed = identity == Decision::Allow || (itself && !foreign);
        Ok(match (allowed, foreign && said != Decision::Allow) {
            (true, false) => None,
            _ if assumes && foreign => Some(Reason::Unsaid),
            _ => Some(Reason::Silent("identity-based")),
        })
    }

    /// What identity policies say together.
    fn all(&self, documents: &[String]) -> Result<Decision, ApiError> {
        let mut verdict = Decision::Silent;
        for document in documents {
            let policy = Policy::parse(document).map_err(ApiError::unsupported)?;
            match policy.decide_with(&self.request, &self.tags) {
                Decision::Deny => return Ok(Decision::Deny),
                Decision::Allow => verdict = Decision::Allow,
                Decision::Silent => {}
            }
        }
        Ok(verdict)
    }
}
