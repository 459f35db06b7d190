//! What is a CloudTrail trail, of ours or of others, and what does it record?
//!
//! | question | room |
//! |---|---|
//! | which management events do its selectors let through | `selectors` |
//! | which others | `beyond` |
//! | does somebody's own bucket let it write | `admission` |

mod admission;
pub(super) mod aws;
mod beyond;
mod selectors;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    Facts, Impact, Managed, Ownership, RECORD_LESS, Size, Stretch, Subject, Sweep, arn,
    as_real_ones,
};
use super::kinds::Kind;
use super::model::{AttributeChange, Owner, ResourceKey};
use crate::aws::{Call, calls};
use crate::place::{Arn, Place, Region};

pub use admission::missing_statements;
pub use aws::recording;
pub use beyond::{DATA_EVENT_PRICE, has_data_events, records, selected};
pub use selectors::{Management, all_management_events, management, with_data_events};

/// A CloudTrail trail: what it records, and where its log files go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    /// The name of the trail.
    pub name: String,
    /// The bucket of its log files.
    pub bucket: String,
    /// Under which prefix of the bucket.
    pub key_prefix: Option<String>,
    /// Whether it records every account of the organization.
    pub organization: bool,
    /// Whether it records all Regions.
    pub multi_region: bool,
    /// Whether it records services that are recorded in us-east-1 only.
    pub global_events: bool,
    /// Whether digests prove that log files were not changed.
    pub validated: bool,
    /// The KMS key that encrypts the log files.
    pub kms_key: Option<String>,
    /// Whether it records at all.
    pub logging: bool,
    /// What it records, as CloudTrail's list of event selectors, basic or advanced.
    pub selectors: Value,
}

/// A trail of the account, ours or not.
#[derive(Debug, Clone, PartialEq)]
pub struct TrailFacts {
    /// The ARN of the trail.
    pub arn: Arn,
    /// Where it can be changed.
    pub home: Region,
    /// Its canonical form. Of a trail whose selectors may not be read, they are null.
    pub trail: Trail,
    /// Whether it records Insights events.
    pub insights: bool,
    /// Whether it may not be looked into: whether it logs, or what it records, is not known.
    pub unknown: bool,
    /// Whom the trail belongs to.
    pub owner: Owner,
    /// Why CloudTrail could not deliver log files of late, in its own code.
    pub delivery_error: Option<String>,
    /// When log files were last delivered, if they are not any more; ISO 8601.
    pub delivery_failing_since: Option<String>,
    /// When it was stopped, the last time that it was; ISO 8601.
    pub stopped_since: Option<String>,
}

pub(super) static FACTS: Facts = Facts {
    service: "cloudtrail",
    fixed: &[],
    awaited: &[],
    write_only: &[],
    documents: &["selectors"],
    ownership: Ownership::Tag(&calls::TAG_TRAIL),
    deletion: Some("trail"),
    farewell: Some("its log files stay in their bucket, and nothing more is recorded by it"),
    stretch: Stretch::Feed,
    missing: Impact::Alert,
    impact,
    passes_tests: as_real_ones,
    words,
    purpose: "the rules file asks for",
    loss: |_| "EventBridge hears of no API call".to_owned(),
    drift: RECORD_LESS,
    leftover: None,
    listed: Some((Sweep::Home, &calls::DESCRIBE_TRAILS)),
    looks: &[
        &calls::TRAIL_STATUS,
        &calls::GET_SELECTORS,
        &calls::LIST_TRAIL_TAGS,
    ],
    breaks: &[
        "DeleteTrail",
        "PutEventSelectors",
        "RemoveTags",
        "StopLogging",
        "UpdateTrail",
    ],
    restores: &[
        "AddTags",
        "CreateTrail",
        "PutEventSelectors",
        "StartLogging",
        "UpdateTrail",
    ],
    recorded: &[],
    subject,
};

/// Where and how log files are kept makes no difference to what EventBridge hears.
fn impact(change: &AttributeChange) -> Impact {
    match change.path.as_str() {
        "bucket" => Impact::Safeguard,
        "validated" | "kms_key" | "key_prefix" => Impact::Cosmetic,
        // What is recorded besides costs money, and loses nothing.
        "selectors" if selectors::lacking(&change.before, &change.after).is_none() => {
            Impact::Cosmetic
        }
        _ => Impact::Alert,
    }
}

fn words(change: &AttributeChange) -> Option<String> {
    let words = match change.path.as_str() {
        "logging" => "it does not log",
        "selectors" => selectors::lacking(&change.before, &change.after)
            .unwrap_or("it records events that the rules file does not ask for"),
        "multi_region" => "it records one Region only",
        "global_events" => "it leaves out global services",
        "validated" => "log file validation is off",
        _ => return None,
    };
    Some(words.to_owned())
}

fn subject(subject: &Subject<'_>) -> Value {
    let name = &subject.key.name;
    let arn = arn(subject, "cloudtrail", &format!("trail/{name}"));
    json!({ "name": name, "trailName": name, "resourceId": arn })
}

/// One write that turns a trail into another.
#[derive(Debug, Clone, Copy)]
enum Step {
    Update,
    Selectors,
    Start,
}

impl Step {
    fn call(self) -> &'static Call {
        match self {
            Self::Update => &calls::UPDATE_TRAIL,
            Self::Selectors => &calls::PUT_SELECTORS,
            Self::Start => &calls::START_LOGGING,
        }
    }
}

fn steps(before: &Trail, after: &Trail) -> Vec<Step> {
    let own = |trail: &Trail| Trail {
        logging: true,
        selectors: Value::Null,
        ..trail.clone()
    };
    let all = [
        (own(before) != own(after), Step::Update),
        (before.selectors != after.selectors, Step::Selectors),
        (after.logging && !before.logging, Step::Start),
    ];
    all.into_iter()
        .filter_map(|(wanted, step)| wanted.then_some(step))
        .collect()
}

impl Managed for Trail {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn needs(&self, place: &Place) -> Vec<ResourceKey> {
        vec![ResourceKey::new(place, Kind::Bucket, &self.bucket)]
    }

    fn description(&self) -> Vec<String> {
        let mut lines = vec!["records the management events of all Regions".to_owned()];
        lines.extend(beyond::described(&self.selectors));
        lines.push(format!("log files go to {}", self.bucket));
        lines
    }

    fn sizes(&self) -> Vec<Size> {
        Vec::new()
    }

    fn created(&self) -> Vec<&'static Call> {
        vec![
            &calls::CREATE_TRAIL,
            &calls::PUT_SELECTORS,
            &calls::START_LOGGING,
        ]
    }

    fn updated(&self, after: &Self) -> Vec<&'static Call> {
        steps(self, after).into_iter().map(Step::call).collect()
    }

    fn deleted(&self) -> Vec<&'static Call> {
        vec![&calls::DELETE_TRAIL]
    }
}
