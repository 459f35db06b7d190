//! What comes of a call, whoever makes it: policies are asked, it is done, and CloudTrail writes it down.

use serde_json::Value;

use super::access::{Needs, authorise};
use super::call::Call;
use super::principal::Principal;
use super::recorder;
use super::site::Site;
use super::wire::ApiError;
use super::world::World;

/// A call that was understood.
pub(crate) struct Performed<'a> {
    pub(crate) call: &'a Call,
    pub(crate) caller: &'a Principal,
    pub(crate) site: &'a Site,
    pub(crate) needs: &'a Needs,
    /// The id of the request.
    pub(crate) id: &'a str,
    /// The service of AWS that makes the call in the name of the caller, if one does.
    pub(crate) by: Option<&'a str>,
}

/// Does what is asked, if the caller may, and records it.
pub(crate) fn perform(world: &mut World, asked: &Performed<'_>) -> Result<Value, ApiError> {
    let Performed {
        call,
        caller,
        site,
        needs,
        id,
        by,
    } = *asked;
    let service = call.service;
    let operation = call.operation.as_str();
    let watchers = recorder::watchers(world, site, service.facts().reach);
    let outcome = authorise(world, site, call, caller, needs)
        .and_then(|()| service.handle(world, site, caller, operation, call.input.clone()));
    let on = needs.permissions.first().filter(|_| needs.access.is_data());
    let data = on.and_then(|(_, arn)| service.data(operation, arn));
    if data.is_some() || !needs.access.is_data() {
        let done = recorder::Done {
            call,
            access: needs.access,
            data,
            outcome: &outcome,
            request_id: id,
            by,
        };
        recorder::record(world, site, caller, &watchers, done);
    }
    outcome
}

/// A call that a service of AWS makes with the session of a role.
pub(crate) struct OnBehalf<'a> {
    /// The principal that makes the call, such as `states.amazonaws.com`.
    pub(crate) by: &'a str,
    pub(crate) caller: &'a Principal,
    pub(crate) access_key: &'a str,
    /// The name of the service that is called, such as `sns`.
    pub(crate) service: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) input: Value,
    /// The id of the request.
    pub(crate) id: &'a str,
}

/// Makes a call for a service of AWS: the caller needs the same permissions as from outside, and CloudTrail names the
/// service. What CloudTrail records waits until the delivery or request in which the call is made is done.
pub(crate) fn perform_on_behalf(
    world: &mut World,
    site: &Site,
    asked: OnBehalf<'_>,
) -> Result<Value, ApiError> {
    let name = asked.service;
    let service = world.services.named(name);
    let service = service.ok_or_else(|| ApiError::unsupported(format_args!("service `{name}`")))?;
    let needs = service.needs(world, site, asked.operation, &asked.input)?;
    let call = Call {
        service,
        operation: asked.operation.to_owned(),
        region: site.region.to_string(),
        access_key_id: asked.access_key.to_owned(),
        session_token: String::new(),
        input: asked.input,
        user_agent: asked.by.to_owned(),
    };
    let performed = Performed {
        call: &call,
        caller: asked.caller,
        site,
        needs: &needs,
        id: asked.id,
        by: Some(asked.by),
    };
    perform(world, &performed)
}
