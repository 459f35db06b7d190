//! From a request to its answer, and the table of the services that give it.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use serde_json::Value;

use super::access::{Access, Needs};
use super::account::regions;
use super::call::Call;
use super::faults::{CallRecord, FaultKind, Outcome};
use super::instance::{Inner, Sandbox};
use super::perform::{Performed, perform};
use super::principal::{Principal, token_of};
use super::recorder::release;
use super::service::{Reach, Services};
use super::site::Site;
use super::wire::{self, ApiError};

/// The services of the sandbox. Whatever is asked of any of them goes over this table.
pub(super) const SERVICES: Services = Services(&[
    &super::account::Account,
    &super::cloudtrail::CloudTrail,
    &super::dynamodb::DynamoDb,
    &super::events::Events,
    &super::iam::Iam,
    &super::kms::Kms,
    &super::organizations::Organizations,
    &super::s3::S3,
    &super::secretsmanager::SecretsManager,
    &super::sfn::Sfn,
    &super::sns::Sns,
    &super::sqs::Sqs,
    &super::sts::Sts,
]);

/// A call, whose it is, where it acts, and what it needs.
struct Asked<'a> {
    call: &'a Call,
    /// Nobody, if the access key is not known.
    caller: Option<Principal>,
    site: Site,
    needs: Result<Needs, ApiError>,
    /// The id of the request.
    id: &'a str,
}

impl Sandbox {
    /// Answers one signed request. It fails where a fault breaks the connection, or the sandbox's
    /// file cannot be written.
    pub fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut inner = self.inner();
        inner.world.clock.tick();
        let arrived = release(&mut inner.world);
        let id = inner.world.uuid();
        let call = match Call::read(request, SERVICES) {
            Ok(call) => call,
            Err(unread) => return Ok(wire::refuse(unread.protocol, &unread.error, &id)),
        };
        let asked = inner.understand(&call, &id);
        let fault = inner.struck(&asked);
        let outcome = match &fault {
            Some(FaultKind::Refuse { code, status }) => Err(ApiError::with_status(
                *status,
                code,
                "refused by an injected fault",
            )),
            Some(FaultKind::Throttle) => Err(error(call.service.facts().errors.throttled)),
            Some(FaultKind::Stop) => {
                inner.record(&asked, Outcome::Stopped);
                return Err(ConnectorError::user("stopped by an injected fault".into()));
            }
            Some(FaultKind::LoseResponseAfterEffect) | None => inner.carry_out(&asked),
        };
        let became = match &outcome {
            Ok(_) => Outcome::Done,
            Err(error) => Outcome::Refused(error.code.clone()),
        };
        let writes = asked
            .needs
            .as_ref()
            .is_ok_and(|needs| needs.access.writes());
        inner.record(&asked, became);
        // A world is written whole: with each look that would be most of the work.
        inner.unsaved = true;
        if (writes || arrived)
            && let Err(error) = inner.save()
        {
            return Err(ConnectorError::user(error.into()));
        }
        if matches!(fault, Some(FaultKind::LoseResponseAfterEffect)) {
            return Err(ConnectorError::io("the response was lost".into()));
        }
        Ok(call
            .service
            .facts()
            .protocol
            .respond(&call.operation, &outcome, &id))
    }
}

impl Inner {
    fn understand<'a>(&self, call: &'a Call, id: &'a str) -> Asked<'a> {
        let world = &self.world;
        let caller = world.principals.get(&call.access_key_id).cloned();
        let account = caller.as_ref().map_or(&world.account, |c| &c.account);
        let region = call.region.parse();
        let site = Site {
            account: account.clone(),
            region: region.clone().unwrap_or_else(|_| world.region.clone()),
        };
        let known = region.map_err(|error| ApiError::unsupported(format_args!("{error}")));
        let needs = known.and_then(|_| {
            call.service
                .needs(world, &site, &call.operation, &call.input)
        });
        Asked {
            call,
            caller,
            site,
            needs,
            id,
        }
    }

    fn struck(&mut self, asked: &Asked<'_>) -> Option<FaultKind> {
        let (call, account) = (asked.call, &asked.site.account);
        let mut faults = self.faults.iter_mut();
        faults.find_map(|armed| armed.strike(call, account))
    }

    fn record(&mut self, asked: &Asked<'_>, outcome: Outcome) {
        let call = asked.call;
        self.counts.add(call, &outcome);
        if !self.keeps_calls {
            return;
        }
        let write = asked
            .needs
            .as_ref()
            .is_ok_and(|needs| needs.access.writes());
        self.calls.push(CallRecord {
            service: call.name().to_owned(),
            operation: call.operation.clone(),
            region: call.region.clone(),
            account: asked.site.account.clone(),
            write,
            outcome,
        });
    }

    fn carry_out(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let call = asked.call;
        let facts = call.service.facts();
        let (world, site) = (&mut self.world, &asked.site);
        let caller = asked.caller.as_ref();
        let caller = caller.ok_or_else(|| error(facts.errors.unknown_key))?;
        if let Some(throttle) = &mut self.throttle {
            let access = asked
                .needs
                .as_ref()
                .map_or(Access::Read, |needs| needs.access);
            if !throttle.admits(call, access, site, world.now()) {
                return Err(error(facts.errors.throttled));
            }
        }
        if let Some(session) = &caller.session {
            if call.session_token != token_of(&call.access_key_id) {
                return Err(error(facts.errors.unknown_key));
            }
            if session.ends <= world.now() {
                return Err(error(facts.errors.expired));
            }
        }
        // That the keys of an account which is not active are unknown is an assumption of ours.
        let reached = facts.reach != Reach::Regional || regions::works(world, site);
        if !reached || !world.organizations.is_usable(&site.account) {
            return Err(error(facts.errors.unknown_key));
        }
        let needs = asked.needs.as_ref().map_err(ApiError::clone)?;
        let performed = Performed {
            call,
            caller,
            site,
            needs,
            id: asked.id,
            by: None,
        };
        let outcome = perform(world, &performed);
        release(world);
        outcome
    }
}

fn error((status, code, message): (u16, &str, &str)) -> ApiError {
    ApiError::with_status(status, code, message)
}

impl HttpConnector for Sandbox {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(&request))
    }
}

impl HttpClient for Sandbox {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
