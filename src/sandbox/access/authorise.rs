//! May the caller do this? Policies of the organization, of the caller, and of the resource say.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use super::super::organizations::scp;
use super::super::policy::{Decision, Policy, Request, Tags, Who};
use super::super::principal::Principal;
use super::super::wire::{ApiError, Call, Service};
use super::super::world::{Site, World};
use super::super::{iam, sts};
use super::{Needs, tags};

/// Refuses what the policies do not allow.
pub(crate) fn authorise(
    world: &mut World,
    site: &Site,
    call: &Call,
    caller: &Principal,
    needs: &Needs,
) -> Result<(), ApiError> {
    let (arn, iam_arn) = (caller.arn(), caller.iam_arn());
    let mut context = caller.context(world);
    context.insert("aws:requestedregion", site.region.to_string());
    for (action, resource) in &needs.permissions {
        let resource = &match call.service {
            Service::Iam => iam::with_path(world, site, resource),
            _ => resource.clone(),
        };
        let mut context = context.clone();
        if action == "iam:PassRole" {
            let to = format!("{}.amazonaws.com", call.service.name());
            context.insert("iam:passedtoservice", to);
        }
        if call.service == Service::Sts {
            context.extend(sts::context(&call.input));
        }
        let asked = Asked {
            caller,
            iam_arn: &iam_arn,
            arn: &arn,
            // Whoever creates a bucket is not asked about the one that has the name already.
            makes: call.operation == "CreateBucket",
            tags: tags::of(world, call, resource),
            request: Request {
                who: Who::Owner,
                action,
                resource,
                context,
            },
        };
        asked.decide(world)?.map_or(Ok(()), |why| {
            Err(denied(call.service, &arn, action, resource, why))
        })?;
    }
    Ok(())
}

/// One permission that is needed.
struct Asked<'a> {
    caller: &'a Principal,
    iam_arn: &'a str,
    arn: &'a str,
    makes: bool,
    tags: Tags,
    request: Request<'a>,
}

/// Why something is refused.
enum Reason {
    /// A policy of this kind says no.
    Denied(&'static str),
    /// No policy of this kind says yes.
    Silent(&'static str),
    /// AWS does not say.
    Unsaid,
}

impl Asked<'_> {
    /// Why not; `None` if it may be done.
    fn decide(mut self, world: &mut World) -> Result<Option<Reason>, ApiError> {
        let account = &self.caller.account;
        let (request, tags) = (&self.request, &self.tags);
        match scp::decide(world, account, self.iam_arn, request, tags)? {
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
        let identity = self.all(&iam::policies_of(world, self.caller))?;
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
            true => sts::trust(world, resource),
            false => world.resource_policy(resource),
        };
        let (mut said, mut itself) = (Decision::Silent, false);
        let has_policy = document.is_some();
        if let Some(document) = document.filter(|_| !self.makes) {
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
        let owner = world.owner(resource).filter(|_| !self.makes);
        let foreign = owner.is_some_and(|owner| owner != self.caller.account);
        // Without its policy's word nobody uses a key or a role: IAM decides only if the policy
        // hands over.
        // https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
        let is_key = has_policy && resource.contains(":key/");
        if said == Decision::Silent && (is_key || assumes) {
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

/// The refusal in the words and the code of each service.
fn denied(service: Service, arn: &str, action: &str, resource: &str, why: Reason) -> ApiError {
    // CloudTrail does not say which of them.
    let another = [
        "organizations:",
        "iam:GetRole",
        "iam:CreateServiceLinkedRole",
    ];
    if service == Service::CloudTrail && another.iter().any(|prefix| action.starts_with(prefix)) {
        let message = "AWS CloudTrail cannot create resources for your organization because access to one or more required APIs has been denied.";
        let code = "InsufficientDependencyServiceAccessPermissionException";
        return ApiError::new(code, message);
    }
    let (code, status, action) = match service {
        Service::Sns => (
            "AuthorizationError",
            403,
            action.replacen("sns:", "SNS:", 1),
        ),
        Service::Sqs => ("AccessDenied", 403, action.to_ascii_lowercase()),
        Service::Events | Service::CloudTrail | Service::Kms | Service::Organizations => {
            ("AccessDeniedException", 400, action.to_owned())
        }
        Service::Account => ("AccessDeniedException", 403, action.to_owned()),
        Service::Sts | Service::Iam | Service::S3 => ("AccessDenied", 403, action.to_owned()),
    };
    let why = match why {
        Reason::Denied(policy) => format!(" with an explicit deny in {policy}"),
        Reason::Silent(kind) => format!(" because no {kind} policy allows the {action} action"),
        Reason::Unsaid => String::new(),
    };
    ApiError::with_status(
        status,
        code,
        format!("User: {arn} is not authorized to perform: {action} on resource: {resource}{why}"),
    )
}
