//! Everything that exists in the sandbox: plain data, saved and loaded as JSON. What a service keeps
//! stands in its own `state`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::principal::Principal;
use super::service::Services;
use crate::place::{AccountId, Region};

/// The version of the saved form. Of others only those are read that [`super::store`] renews.
pub(crate) const FORMAT: u32 = 4;

/// All accounts and Regions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct World {
    pub(crate) format: u32,
    /// The account that new callers belong to.
    pub(crate) account: AccountId,
    /// The Region that the sandbox was made for.
    pub(crate) region: Region,
    pub(crate) clock: Clock,
    /// How many ids were given out: the seed of the next.
    pub(crate) ids: u64,
    /// By access key id.
    pub(crate) principals: BTreeMap<String, Principal>,
    /// The services that answer here.
    #[serde(skip)]
    pub(crate) services: Services,
    // A file that was written before there was a service has nothing in it.
    #[serde(default)]
    pub(crate) account_service: super::account::State,
    #[serde(default)]
    pub(crate) cloudtrail: super::cloudtrail::State,
    #[serde(default)]
    pub(crate) dynamodb: super::dynamodb::State,
    #[serde(default)]
    pub(crate) events: super::events::State,
    #[serde(default)]
    pub(crate) iam: super::iam::State,
    #[serde(default)]
    pub(crate) kms: super::kms::State,
    #[serde(default)]
    pub(crate) organizations: super::organizations::State,
    #[serde(default)]
    pub(crate) receivers: super::receivers::State,
    #[serde(default)]
    pub(crate) s3: super::s3::State,
    #[serde(default)]
    pub(crate) secretsmanager: super::secretsmanager::State,
    #[serde(default)]
    pub(crate) sfn: super::sfn::State,
    #[serde(default)]
    pub(crate) sns: super::sns::State,
    #[serde(default)]
    pub(crate) sqs: super::sqs::State,
}

impl World {
    /// An empty world, in which no service answers yet.
    pub(crate) fn new(account: AccountId, region: Region, clock: Clock) -> Self {
        Self {
            format: FORMAT,
            account,
            region,
            clock,
            ids: 0,
            principals: BTreeMap::new(),
            services: Services::default(),
            account_service: super::account::State::default(),
            cloudtrail: super::cloudtrail::State::default(),
            dynamodb: super::dynamodb::State::default(),
            events: super::events::State::default(),
            iam: super::iam::State::default(),
            kms: super::kms::State::default(),
            organizations: super::organizations::State::default(),
            receivers: super::receivers::State::default(),
            s3: super::s3::State::default(),
            secretsmanager: super::secretsmanager::State::default(),
            sfn: super::sfn::State::default(),
            sns: super::sns::State::default(),
            sqs: super::sqs::State::default(),
        }
    }

    /// The time now, milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    fn next(&mut self) -> [u8; 32] {
        use sha2::{Digest, Sha256};
        self.ids += 1;
        Sha256::digest(format!("iamwatch sandbox {}", self.ids)).into()
    }

    /// A new id of the form of a UUID; the same in every run.
    pub(crate) fn uuid(&mut self) -> String {
        let hex: String = self.next().iter().map(|b| format!("{b:02x}")).collect();
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
        format!(
            "{}-{}-4{}-a{}-{}",
            part(0, 8),
            part(8, 12),
            part(13, 16),
            part(17, 20),
            part(20, 32)
        )
    }

    /// A new id of AWS's form for keys and principals: a prefix and 16 letters or digits.
    pub(crate) fn key_id(&mut self, prefix: &str) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let random = self.next();
        let tail = random.iter().take(16).map(|byte| {
            let letter = LETTERS.get(usize::from(byte % 32)).copied();
            char::from(letter.unwrap_or(b'A'))
        });
        prefix.chars().chain(tail).collect()
    }

    /// The resource policy of what an ARN names, if there is one.
    pub(crate) fn resource_policy(&self, arn: &str) -> Option<String> {
        self.services.of_arn(arn)?.policy(self, arn)
    }

    /// The account that owns what an ARN names; `None` for what is not there or is always the
    /// caller's.
    pub(crate) fn owner(&self, arn: &str) -> Option<AccountId> {
        self.services.of_arn(arn)?.owner(self, arn)
    }
}
