//! A request, as far as every service understands it.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

use super::service::{Service, Services};
use super::wire::{ApiError, Protocol};

/// One request, as far as every service understands it.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) service: &'static dyn Service,
    pub(crate) operation: String,
    pub(crate) region: String,
    pub(crate) access_key_id: String,
    /// Empty where the credentials are not those of a session.
    pub(crate) session_token: String,
    pub(crate) input: Value,
    pub(crate) user_agent: String,
}

/// What is asked may hold secrets.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("service", &self.service)
            .field("operation", &self.operation)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// A request that was not understood.
#[derive(Debug)]
pub(crate) struct Unread {
    /// How its service is spoken to, if that is known.
    pub(crate) protocol: Option<Protocol>,
    pub(crate) error: ApiError,
}

impl Call {
    /// Reads a signed request. The signature itself is not verified.
    pub(crate) fn read(request: &HttpRequest, services: Services) -> Result<Self, Unread> {
        let unread = |protocol| move |error| Unread { protocol, error };
        let header = |name: &str| request.headers().get(name).unwrap_or_default();
        let scope = header("authorization")
            .split_once("Credential=")
            .map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or_default())
            .unwrap_or_default();
        let parts: Vec<&str> = scope.split('/').collect();
        let [access_key_id, _date, region, service, _] = parts.as_slice() else {
            let message = "Missing Authentication Token";
            let error = ApiError::with_status(403, "MissingAuthenticationToken", message);
            return Err(unread(None)(error));
        };
        let known = services.named(service);
        let service = known
            .ok_or_else(|| ApiError::unsupported(format_args!("service `{service}`")))
            .map_err(unread(None))?;
        let protocol = service.facts().protocol;
        let read = protocol.read(request);
        let (operation, input) = read.map_err(unread(Some(protocol)))?;
        Ok(Self {
            service,
            operation,
            region: (*region).to_owned(),
            access_key_id: (*access_key_id).to_owned(),
            session_token: header("x-amz-security-token").to_owned(),
            input,
            // Without versions, so that runs on other machines record the same.
            user_agent: header("user-agent")
                .split('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
        })
    }

    /// The name of the service.
    pub(crate) fn name(&self) -> &'static str {
        self.service.facts().name
    }
}
