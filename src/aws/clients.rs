//! The clients of a Region, each made when it is first used: an account of an organization needs four of
//! them, and making one costs as much as a request.

use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use aws_config::SdkConfig;
use aws_sdk_sts::config::retry::RetryPartition;

use super::attempts::Attempts;
use crate::place::AccountId;
use crate::secrets::Secrets;

/// A client that is made when it is first used. Clones are the same client.
#[derive(Debug, Clone)]
pub struct Lazily<C>(Arc<LazyLock<C, Make<C>>>);

type Make<C> = Box<dyn FnOnce() -> C + Send>;

impl<C> Lazily<C> {
    fn new(make: impl FnOnce() -> C + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(make))))
    }
}

#[cfg(test)]
impl<C> Lazily<C> {
    pub(super) fn is_made(&self) -> bool {
        LazyLock::get(&self.0).is_some()
    }
}

impl<C> Deref for Lazily<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

/// The clients of one Region.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Account: which Regions are enabled.
    pub account: Lazily<aws_sdk_account::Client>,
    pub cloudtrail: Lazily<aws_sdk_cloudtrail::Client>,
    /// IAM; the same in every Region.
    pub iam: Lazily<aws_sdk_iam::Client>,
    pub kms: Lazily<aws_sdk_kms::Client>,
    pub s3: Lazily<aws_sdk_s3::Client>,
    /// DynamoDB: the ledger.
    pub dynamodb: Lazily<aws_sdk_dynamodb::Client>,
    /// EventBridge: buses, rules, targets and connections.
    pub events: Lazily<aws_sdk_eventbridge::Client>,
    /// Step Functions: the dispatcher.
    pub sfn: Lazily<aws_sdk_sfn::Client>,
    pub sns: Lazily<aws_sdk_sns::Client>,
    pub sqs: Lazily<aws_sdk_sqs::Client>,
    /// Organizations; the same in every Region.
    pub organizations: Lazily<aws_sdk_organizations::Client>,
    /// What connections are to keep.
    pub secrets: Secrets,
}

/// A client whose retries draw on what the account has of them.
macro_rules! lazily {
    ($sdk:ident, $shared:ident, |$config:ident| $build:expr) => {{
        let shared = Arc::clone(&$shared);
        Lazily::new(move || {
            let (config, retries, attempts) = &*shared;
            let mut builder =
                $sdk::config::Builder::from(config).retry_partition(RetryPartition::clone(retries));
            if let Some(attempts) = attempts {
                builder = builder.interceptor(attempts.clone());
            }
            let $config = builder;
            $sdk::Client::from_conf($build.build())
        })
    }};
    ($sdk:ident, $shared:ident) => {
        lazily!($sdk, $shared, |config| config)
    };
}

impl Clients {
    /// `retries` is shared by all clients of an account, and by no other's.
    pub(super) fn new(
        config: SdkConfig,
        account: Option<&AccountId>,
        retries: RetryPartition,
    ) -> Self {
        // Endpoints of emulators know no bucket names in host names.
        let path_style = config.endpoint_url().is_some();
        let region = config.region().map_or("?", |region| region.as_ref());
        let attempts = Attempts::watched(account, region);
        let shared = Arc::new((config, retries, attempts));
        Self {
            account: lazily!(aws_sdk_account, shared),
            cloudtrail: lazily!(aws_sdk_cloudtrail, shared),
            iam: lazily!(aws_sdk_iam, shared),
            kms: lazily!(aws_sdk_kms, shared),
            s3: lazily!(aws_sdk_s3, shared, |config| config
                .force_path_style(path_style)),
            dynamodb: lazily!(aws_sdk_dynamodb, shared),
            events: lazily!(aws_sdk_eventbridge, shared),
            sfn: lazily!(aws_sdk_sfn, shared),
            sns: lazily!(aws_sdk_sns, shared),
            sqs: lazily!(aws_sdk_sqs, shared),
            organizations: lazily!(aws_sdk_organizations, shared),
            secrets: Secrets::none(),
        }
    }
}
