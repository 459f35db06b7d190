//! From a rule to another bus, in this or another Region or account.

use std::collections::BTreeMap;

use serde_json::Value;

use super::arrivals::arrive;
use super::buses;
use crate::sandbox::delivery::{Arrival, Refusal};
use crate::sandbox::iam::policies::{boundary_of, role_policies, trust_of};
use crate::sandbox::organizations::scp;
use crate::sandbox::policy::{Decision, Policy, Request, Tags, Who};
use crate::sandbox::recorder::record_role_taken;
use crate::sandbox::site::{Site, locate};
use crate::sandbox::world::World;

const EVENTS: &str = "events.amazonaws.com";

/// How long EventBridge keeps the credentials of a role, in milliseconds: an assumption of ours.
/// AWS does not say, only that they are not asked for with every event.
const CREDENTIALS: i64 = 3_600_000;

/// Sends an event on to the bus that a target names. It stays as it is: id, account, Region, time.
pub(super) fn forward(
    world: &mut World,
    from: &Arrival,
    rule: &str,
    role: Option<&str>,
    target: &str,
) -> Result<(), Refusal> {
    let missing = || ("NO_RESOURCE", format!("{target} does not exist."));
    let (to, name) = locate(target).ok_or_else(missing)?;
    if from.forwarded {
        return Err(one_hop_too_many(&from.site, &to));
    }
    let sender = sender(world, &from.site, rule, role, target)?;
    let has_role = role.is_some();
    let mut context = BTreeMap::from([
        ("aws:principalarn", sender.clone()),
        ("aws:principalaccount", from.site.account.to_string()),
        ("aws:sourcearn", rule.to_owned()),
        ("aws:sourceaccount", from.site.account.to_string()),
        ("aws:requestedregion", to.region.to_string()),
        ("aws:securetransport", "true".to_owned()),
    ]);
    for (key, field) in [
        ("events:source", "source"),
        ("events:detail-type", "detail-type"),
    ] {
        if let Some(value) = from.event.get(field).and_then(Value::as_str) {
            context.insert(key, value.to_owned());
        }
    }
    // Who comes without a role is not known to be of an organization.
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
    let organization = world.organizations.of(&from.site.account);
    if let Some(organization) = organization.filter(|_| has_role) {
        context.insert("aws:principalorgid", organization.id.clone());
        let path = organization.path(from.site.account.as_str());
        context.insert("aws:principalorgpaths", path);
    }
    let mut request = Request {
        who: Who::Owner,
        action: "events:PutEvents",
        resource: target,
        context,
    };
    let refused = |why: &str| {
        let action = "events:PutEvents on resource";
        let message =
            format!("{sender} is not authorized to perform: {action}: {target} because {why}");
        ("NO_PERMISSIONS", message)
    };
    if has_role {
        let account = &from.site.account;
        let most = scp::decide(
            &world.organizations,
            account,
            &sender,
            &request,
            &Tags::default(),
        );
        match most.unwrap_or(Decision::Deny) {
            Decision::Allow => {}
            Decision::Deny => return Err(refused("a service control policy denies it")),
            Decision::Silent => return Err(refused("no service control policy allows it")),
        }
        let documents = role_policies(world, &sender);
        if decide(&documents, &request) != Decision::Allow {
            return Err(refused("no identity-based policy allows it"));
        }
        let boundary = boundary_of(world, &sender);
        let within = boundary.is_none_or(|most| decide(&[most], &request) == Decision::Allow);
        if !within {
            return Err(refused("no permissions boundary allows it"));
        }
    }
    let name = name.strip_prefix("event-bus/").ok_or_else(missing)?;
    let bus = buses::find(world, &to, name).ok_or_else(missing)?;
    request.who = Who::Principal {
        arn: &sender,
        session: None,
        account: from.site.account.as_str(),
    };
    // Inside an account the identity policy suffices, unless the bus denies; across accounts both
    // sides must allow.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    match decide(bus.policy.as_slice(), &request) {
        Decision::Deny => return Err(refused("a resource-based policy denies it")),
        Decision::Silent if to.account != from.site.account => {
            return Err(refused("no resource-based policy allows it"));
        }
        Decision::Allow | Decision::Silent => {}
    }
    let arrival = Arrival {
        site: to,
        bus: name.to_owned(),
        event: from.event.clone(),
        forwarded: true,
    };
    arrive(world, arrival);
    Ok(())
}

/// What came from another bus is not sent on to a third.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html> for one account
/// and Region, where no error code is documented; the others are named in
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>.
fn one_hop_too_many(from: &Site, to: &Site) -> Refusal {
    let (code, what) = if from.account != to.account {
        ("THIRD_ACCOUNT_HOP_DETECTED", "account")
    } else if from.region != to.region {
        ("THIRD_REGION_HOP_DETECTED", "Region")
    } else {
        ("UNKNOWN", "event bus")
    };
    let message = format!("An event that was forwarded cannot be sent on to a third {what}.");
    (code, message)
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

/// The ARN that asks to put the event: the target's role or, for the bus of another account that
/// lets this account in by its number, the account.
fn sender(
    world: &mut World,
    site: &Site,
    rule: &str,
    role: Option<&str>,
    target: &str,
) -> Result<String, Refusal> {
    let Some(role) = role else {
        let theirs = locate(target).is_some_and(|(to, _)| to.account != site.account);
        let nobody = "The target is an event bus and has no role to send events with.";
        return match theirs {
            true => Ok(format!("arn:aws:iam::{}:root", site.account)),
            false => Err(("NO_PERMISSIONS", nobody.to_owned())),
        };
    };
    let failed = |why: &str| {
        let message = format!("{EVENTS} cannot assume the role {role}: {why}");
        Err(("FAILED_TO_ASSUME_ROLE", message))
    };
    let Some((id, trust)) = trust_of(world, role) else {
        return failed("it does not exist");
    };
    if !role.contains(&format!("::{}:", site.account)) {
        return failed("it is a role of another account");
    }
    let mut context = BTreeMap::from([
        ("aws:sourcearn", rule.to_owned()),
        ("aws:sourceaccount", site.account.to_string()),
    ]);
    if let Some(organization) = world.organizations.of(&site.account) {
        context.insert("aws:sourceorgid", organization.id.clone());
    }
    let request = Request {
        who: Who::Service(EVENTS),
        action: "sts:AssumeRole",
        resource: role,
        context,
    };
    if decide(&[trust], &request) != Decision::Allow {
        return failed("its trust policy does not allow it");
    }
    let now = world.now();
    let known = world.events.assumed.get(rule);
    if known.is_none_or(|then| now.saturating_sub(*then) >= CREDENTIALS) {
        world.events.assumed.insert(rule.to_owned(), now);
        let ends = now.saturating_add(CREDENTIALS);
        record_role_taken(world, site, EVENTS, role, &id, ends);
    }
    Ok(role.to_owned())
}
