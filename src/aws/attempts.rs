//! One event for each attempt of a request, for whoever wants to see what is asked of AWS: never what is in it.

use std::time::Instant;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_types::SigningName;
use serde_json::Value;
use tracing::{Level, debug, enabled, info};

use crate::place::AccountId;

/// The longest code of an error that is told: AWS's longest has some 60 characters.
const MOST_OF_A_CODE: usize = 100;

/// Tells of each attempt that the requests of a client take.
#[derive(Debug, Clone)]
pub(super) struct Attempts {
    account: String,
    region: String,
}

/// When an attempt began.
#[derive(Debug)]
struct Began(Instant);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

impl Attempts {
    /// For the clients of an account in a Region; `None` where nobody wants to know, so that nothing is spent on it.
    pub(super) fn watched(account: Option<&AccountId>, region: &str) -> Option<Self> {
        enabled!(Level::INFO).then(|| Self {
            account: account.map_or("?", AccountId::as_str).to_owned(),
            region: region.to_owned(),
        })
    }
}

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "iamwatch attempts"
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(Began(Instant::now()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = bag.load::<Metadata>().map_or("?", Metadata::name);
        let service = bag.load::<SigningName>();
        let service = service.map_or("?", |name| name.as_ref());
        let began = bag.load::<Began>();
        let (account, region) = (self.account.as_str(), self.region.as_str());
        info!(
            operation = format_args!("{service}:{operation}"),
            account,
            region,
            attempt = bag
                .load::<RequestAttempts>()
                .map_or(1, RequestAttempts::attempts),
            ms = began.map_or(0, |began| began.0.elapsed().as_millis()),
            outcome = outcome(context),
        );
        let id = context.response().and_then(|response| {
            let headers = response.headers();
            let id = headers.get("x-amzn-requestid");
            id.or_else(|| headers.get("x-amz-request-id"))
        });
        if let Some(id) = id {
            debug!(
                operation = format_args!("{service}:{operation}"),
                account,
                region,
                request = plain(id),
            );
        }
        Ok(())
    }
}

/// How an attempt ended: `ok`, AWS's code, the HTTP status where there is no code, or what happened on the way.
fn outcome(context: &FinalizerInterceptorContextRef<'_>) -> String {
    let error = match context.output_or_error() {
        Some(Ok(_)) => return "ok".to_owned(),
        Some(Err(error)) => error,
        None => return "unfinished".to_owned(),
    };
    if let Some(response) = context.response() {
        return code(response).unwrap_or_else(|| response.status().as_u16().to_string());
    }
    if error.is_timeout_error() {
        "timeout".to_owned()
    } else if error.is_connector_error() {
        "no connection".to_owned()
    } else {
        "not sent".to_owned()
    }
}

/// The code in a refusal: of the JSON protocols in a header or as `__type`, of the XML protocols as `<Code>`.
fn code(response: &HttpResponse) -> Option<String> {
    let found = match response.headers().get("x-amzn-errortype") {
        Some(header) => header.to_owned(),
        None => {
            let body = std::str::from_utf8(response.body().bytes()?).ok()?;
            match serde_json::from_str::<Value>(body) {
                Ok(body) => body.get("__type")?.as_str()?.to_owned(),
                Err(_) => {
                    let (_, rest) = body.split_once("<Code>")?;
                    rest.split_once("</Code>")?.0.to_owned()
                }
            }
        }
    };
    // A namespace may stand before it, and an address behind it.
    let found = found.rsplit('#').next().unwrap_or_default();
    let code = plain(found.split(':').next().unwrap_or_default());
    (!code.is_empty()).then_some(code)
}

/// What cannot steer a terminal, nor hide much.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        .take(MOST_OF_A_CODE)
        .collect()
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn refusal(header: Option<&str>, body: &str) -> HttpResponse {
        let status = 400.try_into().unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        if let Some(header) = header {
            let name = "x-amzn-errortype";
            response.headers_mut().insert(name, header.to_owned());
        }
        response
    }

    #[test]
    fn every_protocol_has_its_place_for_the_code() {
        for (header, body, wanted) in [
            (
                None,
                r#"{"__type":"com.amazon#AccessDeniedException","message":"no"}"#,
                Some("AccessDeniedException"),
            ),
            (
                Some("ThrottlingException:http://internal.amazon.com/"),
                "{}",
                Some("ThrottlingException"),
            ),
            (
                None,
                "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>a</Message></Error></ErrorResponse>",
                Some("NoSuchEntity"),
            ),
            (None, "", None),
            (None, r#"{"message":"AKIDEXAMPLE"}"#, None),
            (None, "<Code>a b\u{1b}[31m/c</Code>", Some("ab31mc")),
        ] {
            assert_eq!(code(&refusal(header, body)).as_deref(), wanted, "{body}");
        }
    }

    #[test]
    fn nobody_watches_unless_somebody_asks() {
        assert!(Attempts::watched(None, "us-east-1").is_none());
    }
}
