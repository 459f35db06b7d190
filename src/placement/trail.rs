//! Which trail feeds the events: without one that records, EventBridge hears of no API call.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Account, Desired};
use crate::compile::{Compiled, RuleState};
use crate::pattern::{Event, EventPattern};
use crate::place::{Arn, Region};
use crate::resources::trail::{TrailFacts, all_management_events, management};
use crate::resources::{AccountFacts, Bucket, Kind, Live, Owner, Resource, Trail, names, policy};
use crate::rules::{RulesFile, Trail as Wish, TrailSettings};

/// Log files are kept this long, and old versions of them a month.
const KEEP_DAYS: i32 = 400;
const KEEP_OLD_VERSIONS_DAYS: i32 = 30;

/// Where the events come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrailSource {
    /// A trail that exists and is not ours: never tagged, changed or deleted.
    Existing(Arn),
    /// A trail of ours.
    Ours(Arn),
    /// The file leaves it to the user, and none does.
    Nobody {
        /// What each trail of the account lacks.
        trails: Vec<(Arn, Vec<Unfit>)>,
    },
}

/// What a trail lacks to feed the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// It does not record.
    NotLogging,
    /// It does not record these Regions.
    Regions(Vec<Region>),
    /// It does not record services that are recorded in us-east-1 only.
    GlobalServices,
    /// It leaves out events that only read, and a rule wants some.
    Reads,
    /// It leaves out events that change something.
    Writes,
    /// It leaves out a source that a rule wants.
    Excludes(String),
    /// It does not record the other accounts of the organization.
    Members,
    /// It may not be looked into.
    Unknown,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLogging => f.write_str("does not log"),
            Self::Regions(regions) => {
                let names: Vec<&str> = regions.iter().map(Region::as_str).collect();
                write!(f, "does not record {}", names.join(", "))
            }
            Self::GlobalServices => f.write_str("does not record global services such as IAM"),
            Self::Reads => f.write_str("leaves out read-only events, which a rule wants"),
            Self::Writes => f.write_str("leaves out events that change something"),
            Self::Excludes(source) => write!(f, "leaves out {source}, which a rule wants"),
            Self::Members => f.write_str("does not record the other accounts of the organization"),
            Self::Unknown => f.write_str("has event selectors that cannot be read or judged"),
        }
    }
}

/// What a trail lacks to bring every event that some pattern wants, in each of the Regions.
pub fn unfit(
    found: &TrailFacts,
    compiled: &[Compiled],
    listening: &BTreeSet<Region>,
) -> Vec<Unfit> {
    let trail = &found.trail;
    let mut lacks = Vec::new();
    if !trail.logging {
        lacks.push(Unfit::NotLogging);
    }
    let blind = listening
        .iter()
        .filter(|region| !trail.multi_region && **region != found.home);
    let blind: Vec<Region> = blind.cloned().collect();
    if !blind.is_empty() {
        lacks.push(Unfit::Regions(blind));
    }
    if !trail.global_events {
        lacks.push(Unfit::GlobalServices);
    }
    let Some(recorded) = management(&trail.selectors) else {
        // Selectors that are hidden take everything by default, and the plan says that nobody knows; those
        // that are seen and not understood are not relied on.
        if !trail.selectors.is_null() {
            lacks.push(Unfit::Unknown);
        }
        return lacks;
    };
    if !recorded.writes {
        lacks.push(Unfit::Writes);
    }
    let hears_reads = |c: &&Compiled| c.state == RuleState::EnabledWithAll;
    let readers = || compiled.iter().filter(hears_reads);
    if readers().next().is_some() && !recorded.reads {
        lacks.push(Unfit::Reads);
    }
    let writes = recorded.excluded_writes.into_iter();
    let writes = writes.filter(|source| is_wanted(source, compiled.iter()));
    let reads = recorded.excluded_reads.into_iter();
    let reads = reads.filter(|source| is_wanted(source, readers()));
    let excluded: BTreeSet<String> = writes.chain(reads).collect();
    lacks.extend(excluded.into_iter().map(Unfit::Excludes));
    lacks
}

/// Whether a pattern may match events of a source, such as `kms.amazonaws.com`. What `detail` says of
/// other fields is left aside: a doubt counts as a wish.
fn is_wanted<'c>(source: &str, mut compiled: impl Iterator<Item = &'c Compiled>) -> bool {
    let event = json!({ "detail": { "eventSource": source } });
    let Ok(event) = Event::from_value(&event) else {
        return true;
    };
    compiled.any(|compiled| {
        let tests = sources(&compiled.pattern);
        tests.is_empty()
            || tests.iter().any(|test| {
                let pattern = json!({ "detail": { "eventSource": test } });
                EventPattern::from_value(&pattern).map_or(true, |pattern| pattern.matches(&event))
            })
    })
}

/// The tests on `detail.eventSource` of a pattern, wherever it has some; empty: it takes any source.
fn sources(pattern: &serde_json::Value) -> Vec<serde_json::Value> {
    let Some(detail) = pattern.get("detail") else {
        return Vec::new();
    };
    if let Some(tests) = detail.get("eventSource") {
        return vec![tests.clone()];
    }
    let branches = detail.get("$or").and_then(|branches| branches.as_array());
    let each: Option<Vec<serde_json::Value>> = branches
        .into_iter()
        .flatten()
        .map(|branch| branch.get("eventSource").cloned())
        .collect();
    each.unwrap_or_default()
}

impl TrailSource {
    pub(super) fn chosen(
        file: &RulesFile,
        compiled: &[Compiled],
        account_facts: &AccountFacts,
        listening: &BTreeSet<Region>,
    ) -> Self {
        let settings = file.trail.settings();
        let name = settings.name.unwrap_or_else(|| names::whole(&file.name));
        let organization = account_facts.organization.as_ref();
        let owner = organization.map_or(&account_facts.account, |o| &o.management);
        let judged: Vec<(&TrailFacts, Vec<Unfit>)> = account_facts
            .trails
            .iter()
            .map(|found| {
                let mut lacks = unfit(found, compiled, listening);
                if organization.is_some() && !found.trail.organization {
                    lacks.push(Unfit::Members);
                }
                (found, lacks)
            })
            .collect();
        let is_namesake =
            |found: &TrailFacts| found.trail.name == name && found.arn.account() == owner.as_str();
        // One of ours stays where it is, whatever Region is home now: to change over would be a gap, and a
        // second copy of the events.
        let is_ours = |found: &TrailFacts| found.owner == Owner::Ours && is_namesake(found);
        let mine = judged.iter().find(|(found, _)| is_ours(found));
        let mine = mine.map(|(found, _)| found.arn.clone());
        // Where no trail is asked for, one of ours that was kept serves as well as any.
        let suitable = judged.iter().find(|(found, lacks)| {
            lacks.is_empty() && (!is_ours(found) || file.trail == Wish::None)
        });
        let suitable = suitable.map(|(found, _)| found.arn.clone());
        // A name is taken in all Regions that its trail records, whoever has it: the plan says so then.
        let namesake = account_facts.trails.iter().find(|found| is_namesake(found));
        let new = namesake.map(|found| found.arn.clone()).or_else(|| {
            let trail = format!("trail/{name}");
            names::arn("cloudtrail", &file.home.region, owner, &trail)
        });
        let chosen = match &file.trail {
            Wish::Create(_) => mine.or(new).map(Self::Ours),
            Wish::ExistingOrCreate => mine
                .map(Self::Ours)
                .or(suitable.map(Self::Existing))
                .or(new.map(Self::Ours)),
            Wish::None => suitable.map(Self::Existing),
        };
        chosen.unwrap_or_else(|| Self::Nobody {
            trails: judged
                .into_iter()
                .map(|(found, lacks)| (found.arn.clone(), lacks))
                .collect(),
        })
    }
}

impl Desired {
    /// Leaves alone the bucket that the file names, if somebody else has made it: it is used as it is,
    /// never tagged, changed or deleted.
    pub fn use_named_bucket(&mut self, file: &RulesFile, live: &[Live]) {
        let Wish::Create(TrailSettings {
            bucket: Some(name), ..
        }) = &file.trail
        else {
            return;
        };
        let foreign = live.iter().find(|live| {
            live.key.kind == Kind::Bucket
                && live.key.name == *name
                && matches!(live.owner, Owner::Nobody | Owner::Stranger)
        });
        if foreign.is_some() {
            // Wherever it is: a bucket's name is unique in all Regions.
            self.resources
                .retain(|key, _| key.kind != Kind::Bucket || key.name != *name);
        }
    }
}

impl Account<'_> {
    pub(super) fn add_trail(&self, desired: &mut Desired) {
        let TrailSource::Ours(arn) = desired.feed.clone() else {
            return;
        };
        // An organization's trail stands in its management account.
        if arn.account() != self.account.as_str() {
            return;
        }
        // Where it stands, which is not home where home has moved.
        let Ok(region) = arn.region().parse::<Region>() else {
            return;
        };
        let place = self.at(&region);
        let organization = self.organization.map(|o| o.id.as_str());
        let settings = self.file.trail.settings();
        let own_bucket = names::log_bucket(&self.file.name, self.account, &region);
        let bucket = settings.bucket.unwrap_or(own_bucket);
        let name = names::trail(&arn).to_owned();
        self.add(
            desired,
            &place,
            Resource::Bucket(Bucket {
                policy: policy::log_bucket(&policy::LogBucket {
                    name: &bucket,
                    account: self.account,
                    organization,
                    trail: &arn,
                    access_analyzer: settings.access_analyzer,
                }),
                name: bucket.clone(),
                public_access_blocked: true,
                encryption: "AES256".to_owned(),
                ownership: "BucketOwnerEnforced".to_owned(),
                versioned: true,
                lifecycle: json!([{
                    "status": "Enabled",
                    "id": "iamwatch",
                    "expire_days": KEEP_DAYS,
                    "expire_old_versions_days": KEEP_OLD_VERSIONS_DAYS,
                    "abort_uploads_days": 7,
                }]),
            }),
        );
        self.add(
            desired,
            &place,
            Resource::Trail(Trail {
                name,
                bucket,
                key_prefix: None,
                organization: organization.is_some(),
                multi_region: true,
                global_events: true,
                validated: true,
                kms_key: settings.kms_key.map(String::from),
                logging: true,
                selectors: all_management_events(),
            }),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn organization(selectors: Value) -> TrailFacts {
        TrailFacts {
            arn: "arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"
                .parse()
                .unwrap(),
            home: "us-east-1".parse().unwrap(),
            trail: Trail {
                name: "organization".to_owned(),
                bucket: "logs".to_owned(),
                key_prefix: None,
                organization: true,
                multi_region: true,
                global_events: true,
                validated: true,
                kms_key: None,
                logging: true,
                selectors,
            },
            unknown: true,
            owner: Owner::Nobody,
            delivery_error: None,
            delivery_failing_since: None,
            stopped_since: None,
        }
    }

    #[test]
    fn what_an_organization_hides_is_not_held_against_its_trail_and_what_is_seen_is() {
        let listening = BTreeSet::from(["us-east-1".parse().unwrap()]);
        let lacks = |selectors| unfit(&organization(selectors), &[], &listening);
        assert_eq!(lacks(Value::Null), Vec::new());
        assert_eq!(lacks(all_management_events()), Vec::new());
        let by_name = json!({ "advanced": [{ "fields": [
            { "field": "eventCategory", "equals": ["Management"] },
            { "field": "eventName", "equals": ["CreateUser"] },
        ] }] });
        assert_eq!(lacks(by_name), [Unfit::Unknown]);
    }
}
