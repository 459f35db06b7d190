//! Talking to AWS: clients, credentials, retries, and what a failure means.

pub mod calls;
mod error;
mod member;
mod missing;
mod pace;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::place::{AccountId, Place, Region};
pub use calls::{Call, Need, On, Step};
pub use error::{CallError, Cause};
pub use member::role_arn;
pub use pace::{IN_FLIGHT, Pace};

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
    /// Those made so far: making them costs more than using them.
    clients: Arc<Mutex<HashMap<Region, Clients>>>,
    /// Takes on roles in other accounts.
    sts: aws_sdk_sts::Client,
    /// Where requests leave without being held back, and what holds them back.
    http: Option<SharedHttpClient>,
    pace: Pace,
    /// The Region that the configuration names: it tells the partition.
    region: Region,
    /// The caller's account.
    pub account: AccountId,
    /// Who we are, as STS says.
    pub caller: String,
}

/// The clients of one Region.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Account: which Regions are enabled.
    pub account: aws_sdk_account::Client,
    /// CloudTrail.
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    /// IAM; the same in every Region.
    pub iam: aws_sdk_iam::Client,
    /// KMS.
    pub kms: aws_sdk_kms::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// EventBridge.
    pub events: aws_sdk_eventbridge::Client,
    /// SNS.
    pub sns: aws_sdk_sns::Client,
    /// SQS.
    pub sqs: aws_sdk_sqs::Client,
    /// Organizations; the same in every Region.
    pub organizations: aws_sdk_organizations::Client,
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
        let region = config
            .region()
            .map_or("us-east-1", |region| region.as_ref());
        let region = region.parse().map_err(|error| {
            CallError::unexpected(&calls::GET_CALLER_IDENTITY, format!("{error}"))
        })?;
        let pace = Pace::default();
        let http = config.http_client();
        let cloud = Self {
            sts,
            http,
            pace,
            config,
            clients: Arc::default(),
            region,
            account,
            caller: identity.arn().unwrap_or_default().to_owned(),
        };
        Ok(cloud.paced_alone())
    }

    /// The same caller with rates of its own, such as every account has.
    fn paced_alone(&self) -> Self {
        let http = self.http.clone();
        let paced = http.map(|http| self.pace.of_an_account(http));
        let mut config = self.config.to_builder();
        config.set_http_client(paced);
        let config = config.build();
        Self {
            sts: aws_sdk_sts::Client::new(&config),
            clients: Arc::default(),
            config,
            ..self.clone()
        }
    }

    /// The clients of a place.
    pub fn at_place(&self, place: &Place) -> Clients {
        match place {
            Place::Regional { region, .. } => self.at(region),
            Place::Global { .. } => self.global(),
        }
    }

    /// The clients of the Region where the partition has its global services.
    pub fn global(&self) -> Clients {
        self.at(&self.region.global())
    }

    /// The clients of a Region. They share connections with all others.
    pub fn at(&self, region: &Region) -> Clients {
        let mut made = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let clients = made
            .entry(region.clone())
            .or_insert_with(|| self.make(region));
        clients.clone()
    }

    fn make(&self, region: &Region) -> Clients {
        let region = aws_config::Region::new(region.as_str().to_owned());
        let config = self.config.to_builder().region(region).build();
        Clients {
            account: aws_sdk_account::Client::new(&config),
            cloudtrail: aws_sdk_cloudtrail::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            kms: aws_sdk_kms::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(
                // Endpoints of emulators know no bucket names in host names.
                aws_sdk_s3::config::Builder::from(&config)
                    .force_path_style(config.endpoint_url().is_some())
                    .build(),
            ),
            events: aws_sdk_eventbridge::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            organizations: aws_sdk_organizations::Client::new(&config),
        }
    }
}
