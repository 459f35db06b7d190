//! An AWS account as one caller reaches it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sts::config::retry::RetryPartition;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::attempts::Attempts;
use super::{CallError, Clients, Pace, calls};
use crate::place::{AccountId, Place, Region};
use crate::secrets::Secrets;

/// How to reach AWS: everything but the rules file decides it.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// A profile of the shared configuration files; `None`: the environment decides.
    pub profile: Option<String>,
}

/// An AWS account as one caller sees it.
#[derive(Debug, Clone)]
pub struct Cloud {
    pub(super) config: SdkConfig,
    /// Those made so far: making them costs more than using them.
    clients: Arc<Mutex<HashMap<Region, Clients>>>,
    /// Takes on roles in other accounts, as the caller of the first.
    pub(super) sts: aws_sdk_sts::Client,
    /// Where requests leave without being held back, and what holds them back.
    http: Option<SharedHttpClient>,
    pace: Pace,
    /// How much may be tried again: what one account wears out no other goes without.
    retries: RetryPartition,
    /// The Region that the configuration names: it tells the partition.
    pub(super) region: Region,
    /// The account that the caller acts in.
    pub account: AccountId,
    /// Who we are, as STS says.
    pub caller: String,
    /// What connections are to keep.
    secrets: Secrets,
}

impl Cloud {
    /// How AWS is reached with the SDK's default chain: environment, profiles, SSO, container, instance. It asks nobody
    /// yet.
    pub async fn config(access: &Access, region: &Region) -> SdkConfig {
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
            .region(named(region))
            .retry_config(RetryConfig::standard().with_max_attempts(6))
            .timeout_config(timeouts())
            .stalled_stream_protection(stalls());
        if let Some(profile) = &access.profile {
            loader = loader.profile_name(profile);
        }
        loader.load().await
    }

    /// Reaches whatever the configuration points at, the sandbox for instance.
    ///
    /// # Errors
    /// When STS does not accept the caller.
    pub async fn with_config(config: SdkConfig) -> Result<Self, CallError> {
        let (cloud, ()) = Self::with_config_while(config, Pace::default(), async |_| ()).await?;
        Ok(cloud)
    }

    /// Reaches whatever the configuration points at, while something else is asked for with the global clients.
    ///
    /// # Errors
    /// When STS does not accept the caller.
    pub async fn with_config_while<T>(
        config: SdkConfig,
        pace: Pace,
        meanwhile: impl AsyncFnOnce(Clients) -> T,
    ) -> Result<(Self, T), CallError> {
        let sts = sts_client(&config, None);
        let region = config
            .region()
            .map_or("us-east-1", |region| region.as_ref());
        let region: Region = region.parse().map_err(|error| {
            CallError::unexpected(&calls::GET_CALLER_IDENTITY, format!("{error}"))
        })?;
        let global = config.to_builder().region(named(&region.global())).build();
        let identity = calls::GET_CALLER_IDENTITY.send("*", sts.get_caller_identity().send());
        let (identity, asked) =
            futures::join!(identity, meanwhile(Clients::new(global, None, retries())));
        let identity = identity?;
        let account = identity.account().unwrap_or_default();
        let account = account.parse().map_err(|error| {
            CallError::unexpected(&calls::GET_CALLER_IDENTITY, format!("{error}"))
        })?;
        let http = config.http_client();
        let cloud = Self {
            sts,
            http,
            pace,
            retries: retries(),
            config,
            clients: Arc::default(),
            region,
            account,
            caller: identity.arn().unwrap_or_default().to_owned(),
            secrets: Secrets::none(),
        };
        let paced = cloud.paced_alone();
        let paced = Self {
            sts: sts_client(&paced.config, Some(&paced.account)),
            ..paced
        };
        Ok((paced, asked))
    }

    /// This caller with rates of its own, such as every account has.
    pub(super) fn paced_alone(&self) -> Self {
        let http = self.http.clone();
        let paced = http.map(|http| self.pace.of_an_account(http));
        let mut config = self.config.to_builder();
        config.set_http_client(paced);
        let config = config.build();
        Self {
            clients: Arc::default(),
            config,
            retries: retries(),
            ..self.clone()
        }
    }

    /// This caller, who knows secrets as well.
    #[must_use]
    pub fn with_secrets(self, secrets: Secrets) -> Self {
        Self {
            clients: Arc::default(),
            secrets,
            ..self
        }
    }

    /// The secrets that the caller knows.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// How many requests of the whole run wait for a rate of AWS's.
    pub fn held_back(&self) -> usize {
        self.pace.held_back()
    }

    /// Waits until there is room for one more request of those that are [`Self::one_of_many`].
    pub async fn room(&self) {
        self.pace.room().await;
    }

    /// Work of which there is much at once: its requests share room, so that they take memory only when they can
    /// leave soon.
    pub fn one_of_many<W: Future>(&self, work: W) -> impl Future<Output = W::Output> + use<W> {
        self.pace.one_of_many(work)
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
        let config = self.config.to_builder().region(named(region)).build();
        Clients {
            secrets: self.secrets.clone(),
            ..Clients::new(config, Some(&self.account), self.retries.clone())
        }
    }
}

/// The client that says who the caller is, and takes on roles for it.
fn sts_client(config: &SdkConfig, account: Option<&AccountId>) -> aws_sdk_sts::Client {
    let region = config.region().map_or("?", |region| region.as_ref());
    let mut builder = aws_sdk_sts::config::Builder::from(config);
    if let Some(attempts) = Attempts::watched(account, region) {
        builder = builder.interceptor(attempts);
    }
    aws_sdk_sts::Client::from_conf(builder.build())
}

/// The SDK's word for a Region.
fn named(region: &Region) -> aws_config::Region {
    aws_config::Region::new(region.as_str().to_owned())
}

/// Of the wait for an answer, not of the whole attempt: what is paced waits inside the attempt, and that is
/// nobody's fault. A body that stops coming is the concern of [`stalls`].
pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(30))
        .build()
}

/// Of answers alone: a request that is paced does not move either, and the SDK would give it up after some
/// twenty seconds.
pub(super) fn stalls() -> StalledStreamProtectionConfig {
    StalledStreamProtectionConfig::enabled()
        .upload_enabled(false)
        .build()
}

fn retries() -> RetryPartition {
    RetryPartition::custom("account").build()
}
