//! Talking to AWS: clients, credentials, retries, and what a failure means.

pub mod calls;
mod error;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, tls};

use crate::place::{AccountId, Region};
pub use calls::Call;
pub use error::{CallError, Cause};

/// How to reach AWS: everything but the rules file decides it.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// A profile of the shared configuration files; `None`: the environment decides.
    pub profile: Option<String>,
}

/// An AWS account as one caller sees it.
#[derive(Debug, Clone)]
pub struct Cloud {
    config: SdkConfig,
    /// The caller's account.
    pub account: AccountId,
    /// Who we are, as STS says.
    pub caller: String,
}

/// The clients of one Region.
#[derive(Debug, Clone)]
pub struct Clients {
    /// EventBridge.
    pub events: aws_sdk_eventbridge::Client,
    /// SNS.
    pub sns: aws_sdk_sns::Client,
    /// SQS.
    pub sqs: aws_sdk_sqs::Client,
}

impl Cloud {
    /// Reaches AWS with the SDK's default chain: environment, profiles, SSO, container, instance.
    ///
    /// # Errors
    /// When there are no credentials, or STS does not accept them.
    pub async fn connect(access: &Access, region: &Region) -> Result<Self, CallError> {
        // HTTPS_PROXY and NO_PROXY count, as for every AWS tool.
        let http = aws_smithy_http_client::Builder::new().build_with_connector_fn(
            |settings, components| {
                let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
                if let Some(settings) = settings {
                    connector = connector.connector_settings(settings.clone());
                }
                if let Some(components) = components {
                    connector.set_sleep_impl(components.sleep_impl());
                }
                connector
                    .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
                    .build()
            },
        );
        let mut loader = aws_config::defaults(aws_config::BehaviorVersion::v2026_01_12())
            .http_client(http)
            .region(aws_config::Region::new(region.as_str().to_owned()))
            .retry_config(RetryConfig::standard().with_max_attempts(6))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(10))
                    .operation_attempt_timeout(Duration::from_secs(30))
                    .build(),
            );
        if let Some(profile) = &access.profile {
            loader = loader.profile_name(profile);
        }
        Self::with_config(loader.load().await).await
    }

    /// Reaches whatever the configuration points at, the sandbox for instance.
    ///
    /// # Errors
    /// When STS does not accept the caller.
    pub async fn with_config(config: SdkConfig) -> Result<Self, CallError> {
        let sts = aws_sdk_sts::Client::new(&config);
        let identity = calls::GET_CALLER_IDENTITY
            .send("*", sts.get_caller_identity().send())
            .await?;
        let account = identity.account().unwrap_or_default();
        let account = account.parse().map_err(|error| {
            CallError::unexpected(&calls::GET_CALLER_IDENTITY, format!("{error}"))
        })?;
        Ok(Self {
            config,
            account,
            caller: identity.arn().unwrap_or_default().to_owned(),
        })
    }

    /// The clients of a Region. They share connections with all others.
    pub fn at(&self, region: &Region) -> Clients {
        let region = aws_config::Region::new(region.as_str().to_owned());
        let config = self.config.to_builder().region(region).build();
        Clients {
            events: aws_sdk_eventbridge::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
        }
    }
}
