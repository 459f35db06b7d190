//! Roles that services of AWS take on: Step Functions that of a state machine, EventBridge that of a target.

use std::collections::BTreeMap;

use super::state::Taken;
use crate::sandbox::iam::policies::trust_of;
use crate::sandbox::policy::{Decision, Policy, Request, Who};
use crate::sandbox::principal::{Principal, Session};
use crate::sandbox::recorder::record_role_taken;
use crate::sandbox::site::{Site, account_in};
use crate::sandbox::world::World;

/// How long a service keeps the credentials of a role, in milliseconds: an assumption of ours, as in
/// [`crate::sandbox::events`]. AWS does not say.
const CREDENTIALS: i64 = 3_600_000;

/// The id of a role that a service, such as `states.amazonaws.com`, may take on for what an ARN names; `None` where
/// the role is not there or does not trust the service. A service also has a name in each Region.
pub(super) fn id_for(
    world: &World,
    site: &Site,
    service: &str,
    role: &str,
    source: &str,
) -> Option<String> {
    let (id, trust) = trust_of(world, role)?;
    let policy = Policy::parse(&trust).ok()?;
    let mut context = BTreeMap::from([
        ("aws:sourcearn", source.to_owned()),
        ("aws:sourceaccount", site.account.to_string()),
    ]);
    if let Some(organization) = world.organizations.of(&site.account) {
        context.insert("aws:sourceorgid", organization.id.clone());
    }
    let regional = service.replacen('.', &format!(".{}.", site.region), 1);
    let says = |name: &str| {
        policy.decide(&Request {
            who: Who::Service(name),
            action: "sts:AssumeRole",
            resource: role,
            context: context.clone(),
        })
    };
    let said = [says(service), says(&regional)];
    let lets = said.contains(&Decision::Allow) && !said.contains(&Decision::Deny);
    lets.then_some(id)
}

/// The session of a role that a service takes on for what an ARN names: a new one, or the one that it still has. The
/// error says why there is none.
pub(super) fn take(
    world: &mut World,
    site: &Site,
    service: &str,
    role: &str,
    source: &str,
) -> Result<Taken, String> {
    let failed = |why: &str| format!("{service} cannot assume the role {role}: {why}");
    if account_in(role).as_ref() != Some(&site.account) {
        return Err(failed("it is no role of this account"));
    }
    let id = id_for(world, site, service, role, source);
    let id =
        id.ok_or_else(|| failed("it does not exist, or its trust policy does not allow it"))?;
    let now = world.now();
    let key = format!("{service} {role} {source}");
    let known = world.sfn.taken.get(&key);
    if let Some(known) = known.filter(|known| known.principal.id == id && known.ends > now) {
        return Ok(known.clone());
    }
    let ends = now.saturating_add(CREDENTIALS);
    let (access_key, session) = record_role_taken(world, site, service, role, &id, ends);
    let taken = Taken {
        access_key,
        principal: Principal {
            name: role.rsplit('/').next().unwrap_or_default().to_owned(),
            id,
            account: site.account.clone(),
            policies: Vec::new(),
            session: Some(Session {
                name: session,
                role: role.to_owned(),
                begun: now,
                ends,
                policy: None,
            }),
        },
        ends,
    };
    world.sfn.taken.insert(key, taken.clone());
    Ok(taken)
}
