//! The one door: from a request to its answer.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use serde_json::Value;

use super::access::{self, Kind, Needs};
use super::faults::{CallRecord, FaultKind, Outcome};
use super::principal::{Principal, token_of};
use super::wire::{self, ApiError, Call, Service};
use super::world::Site;
use super::{
    Inner, Sandbox, StoreError, account, cloudtrail, events, iam, kms, organizations, s3, sns, sqs,
    store, sts, trail,
};

/// A call, whose it is, and what it needs.
struct Asked<'a> {
    call: &'a Call,
    caller: Option<Principal>,
    site: Site,
    needs: Result<Needs, ApiError>,
    id: &'a str,
}

impl Sandbox {
    /// Answers one signed request. It fails where a fault breaks the connection, or the sandbox's
    /// file cannot be written.
    pub fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut inner = self.inner();
        inner.world.clock.tick();
        trail::release(&mut inner.world);
        let id = inner.world.uuid();
        let call = match Call::read(request) {
            Ok(call) => call,
            Err(error) => return Ok(wire::refuse(request, &error, &id)),
        };
        let asked = inner.understand(&call, &id);
        let fault = inner.struck(&asked);
        let outcome = match &fault {
            Some(FaultKind::Refuse { code, status }) => Err(ApiError::with_status(
                *status,
                code,
                "refused by an injected fault",
            )),
            Some(FaultKind::Throttle) => Err(throttled(call.service)),
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
        inner.record(&asked, became);
        if let Err(error) = inner.save() {
            return Err(ConnectorError::user(error.into()));
        }
        if matches!(fault, Some(FaultKind::LoseResponseAfterEffect)) {
            return Err(ConnectorError::io("the response was lost".into()));
        }
        Ok(wire::respond(&call, &outcome, &id))
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
        let needs = known.and_then(|_| access::needs(call, &site));
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
        let write = asked.needs.as_ref().is_ok_and(|needs| match needs.kind {
            Kind::Write => true,
            Kind::Read => false,
            Kind::Data => !access::READS_OF_DATA.contains(&call.operation.as_str()),
        });
        self.calls.push(CallRecord {
            service: call.service.name().to_owned(),
            operation: call.operation.clone(),
            region: call.region.clone(),
            account: asked.site.account.clone(),
            write,
            outcome,
        });
    }

    fn carry_out(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let call = asked.call;
        let (world, site) = (&mut self.world, &asked.site);
        let caller = asked.caller.as_ref();
        let caller = caller.ok_or_else(|| unknown_key(call.service))?;
        if let Some(throttle) = &mut self.throttle
            && !throttle.admits(call, &asked.needs, site, world.now())
        {
            return Err(throttled(call.service));
        }
        if let Some(session) = &caller.session {
            if call.session_token != token_of(&call.access_key_id) {
                return Err(unknown_key(call.service));
            }
            if session.ends <= world.now() {
                return Err(expired(call.service));
            }
        }
        // That the keys of an account which is not active are unknown is an assumption of ours.
        if !world.reaches(site, call.service) || !world.is_usable(&site.account) {
            return Err(unknown_key(call.service));
        }
        let mut needs = asked.needs.clone()?;
        // What these are about, only the world knows.
        let (operation, input) = (call.operation.as_str(), &call.input);
        match call.service {
            Service::Kms => needs.permissions = kms::permissions(world, site, operation, input),
            Service::Organizations => {
                needs.permissions = organizations::permissions(world, site, operation, input);
            }
            _ => {}
        }
        let watchers = trail::watchers(world, site, call.service);
        let outcome = access::authorise(world, site, call, caller, &needs).and_then(|()| {
            let input = call.input.clone();
            match call.service {
                Service::Events => events::handle(world, site, operation, input),
                Service::Sns => sns::handle(world, site, operation, input),
                Service::Sqs => sqs::handle(world, site, operation, input),
                Service::Sts => sts::handle(world, caller, operation, input),
                Service::Iam => iam::handle(world, site, caller, operation, input),
                Service::Account => account::handle(world, site, operation, input),
                Service::S3 => s3::handle(world, site, operation, input),
                Service::CloudTrail => cloudtrail::handle(world, site, operation, input),
                Service::Kms => kms::handle(world, site, operation, input),
                Service::Organizations => organizations::handle(world, site, operation, input),
            }
        });
        if needs.kind != Kind::Data {
            let done = trail::Done {
                call,
                kind: needs.kind,
                outcome: &outcome,
                request_id: asked.id,
            };
            trail::record(world, site, caller, &watchers, done);
        }
        trail::release(world);
        outcome
    }

    pub(super) fn save(&self) -> Result<(), StoreError> {
        match &self.file {
            Some(file) => store::write(&self.world, file),
            None => Ok(()),
        }
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html> and its like.
fn throttled(service: Service) -> ApiError {
    match service {
        Service::S3 => ApiError::with_status(503, "SlowDown", "Please reduce your request rate."),
        Service::Account => ApiError::with_status(429, "TooManyRequestsException", "Rate exceeded"),
        Service::Organizations => ApiError::new("TooManyRequestsException", "Rate exceeded"),
        Service::Iam | Service::Sts => ApiError::new("Throttling", "Rate exceeded"),
        _ => ApiError::new("ThrottlingException", "Rate exceeded"),
    }
}

/// The answer to a key that does not exist, or not in this Region: one that is not enabled knows
/// no credentials. <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
fn unknown_key(service: Service) -> ApiError {
    let message = "The security token included in the request is invalid.";
    match service {
        Service::Events | Service::CloudTrail | Service::Kms | Service::Organizations => {
            ApiError::new("UnrecognizedClientException", message)
        }
        Service::Account => ApiError::with_status(403, "UnrecognizedClientException", message),
        Service::S3 => ApiError::with_status(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        _ => ApiError::with_status(403, "InvalidClientTokenId", message),
    }
}

/// The answer to a session that is over.
fn expired(service: Service) -> ApiError {
    let message = "The security token included in the request is expired";
    match service {
        Service::Events | Service::CloudTrail | Service::Kms | Service::Organizations => {
            ApiError::new("ExpiredTokenException", message)
        }
        Service::Account => ApiError::with_status(403, "ExpiredTokenException", message),
        Service::S3 => ApiError::new("ExpiredToken", message),
        _ => ApiError::with_status(403, "ExpiredToken", message),
    }
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
