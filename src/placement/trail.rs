//! Which trail feeds the events: without one that records, EventBridge hears of no API call.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Account, Desired};
use crate::cloudtrail::Selected;
use crate::compile::{self, Beyond, Categories, Compiled, RuleState, Where};
use crate::pattern::{Event, EventPattern};
use crate::place::{AccountId, Arn, Region};
use crate::resources::trail::{TrailFacts, management, records, selected, with_data_events};
use crate::resources::{AccountFacts, Bucket, Kind, Live, Owner, Resource, Trail, names, policy};
use crate::rules::{RuleId, RulesFile, Trail as Wish, TrailSettings};

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
    /// It does not record other events that the rules are about, such as `data events of AWS::S3::Object`.
    Beyond(String),
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
            Self::Beyond(events) => write!(f, "does not record {events}, which a rule wants"),
            Self::Members => f.write_str("does not record the other accounts of the organization"),
            Self::Unknown => f.write_str("has event selectors that cannot be read or judged"),
        }
    }
}

/// What a trail lacks, and whose events it therefore does not bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// What the trail lacks.
    pub lack: Unfit,
    /// The rules that miss it.
    pub rules: BTreeSet<RuleId>,
}

/// What trails must record, so that the events of all patterns come.
#[derive(Debug)]
pub struct Needs<'c> {
    /// The home account.
    account: AccountId,
    /// The patterns, and into which categories the events of each fall.
    wanted: Vec<(&'c Compiled, Categories)>,
    listening: &'c BTreeSet<Region>,
    /// Whether all accounts of an organization are watched.
    organization: bool,
}

/// Events beyond management events that rules want, and that not every trail is known to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrecorded {
    /// The events.
    pub events: Beyond,
    /// The rules that want them.
    pub rules: Vec<RuleId>,
    /// How many of them some trail records.
    pub selected: Selected,
}

impl<'c> Needs<'c> {
    /// What the patterns of a rules file need in an account.
    pub fn of(
        compiled: &'c [Compiled],
        listening: &'c BTreeSet<Region>,
        account_facts: &AccountFacts,
    ) -> Self {
        let categories = |compiled: &'c Compiled| {
            let pattern = EventPattern::from_value(&compiled.pattern);
            // What cannot be read has been refused; a doubt counts as a wish for management events.
            let doubt = Categories {
                management: true,
                ..Categories::default()
            };
            (
                compiled,
                pattern.map_or(doubt, |pattern| Categories::of(&pattern)),
            )
        };
        Self {
            account: account_facts.account.clone(),
            wanted: compiled.iter().map(categories).collect(),
            listening,
            organization: account_facts.organization.is_some(),
        }
    }

    /// Whether some pattern wants management events.
    pub fn wants_management(&self) -> bool {
        let mut all = self.wanted.iter();
        self.wanted.is_empty() || all.any(|(_, categories)| categories.management)
    }

    /// What a trail lacks to feed the rules, in each of the Regions: to bring every management event that some pattern
    /// wants, and where none wants any, every other event.
    pub fn unmet_by(&self, found: &TrailFacts) -> Vec<Unfit> {
        let missed = self.missed_by(found).into_iter();
        missed.map(|missed| missed.lack).collect()
    }

    /// What a trail lacks to feed the rules, each with the rules that miss it.
    pub fn missed_by(&self, found: &TrailFacts) -> Vec<Missed> {
        let trail = &found.trail;
        let mut lacks = Vec::new();
        if !trail.logging {
            lacks.push(Missed::of(Unfit::NotLogging, self.all()));
        }
        let blind = self
            .listening
            .iter()
            .filter(|region| !trail.multi_region && **region != found.home);
        let blind: Vec<Region> = blind.cloned().collect();
        if !blind.is_empty() {
            let kinds: Vec<Where> = blind.iter().map(Where::of).collect();
            let hears = |compiled: &&Compiled| {
                let mut kinds = kinds.iter();
                kinds.any(|kind| compile::is_wanted(compiled, *kind))
            };
            let mut missed = Missed::of(Unfit::Regions(blind), self.all().filter(hears));
            // A trail is asked for every Region that is listened to, whether or not a rule wants anything there.
            if missed.rules.is_empty() {
                missed.rules = ids(self.all());
            }
            lacks.push(missed);
        }
        if self.wants_management() {
            self.unmet_management(found, &mut lacks);
        } else {
            let beyond = self.beyond().into_iter();
            let missed = beyond.filter(|(events, _)| records(found, events) == Selected::Nothing);
            lacks.extend(missed.map(|(events, rules)| Missed {
                lack: Unfit::Beyond(events.to_string()),
                rules: rules.into_iter().collect(),
            }));
        }
        if self.organization && !trail.organization {
            // Rules apart hear of home alone, which only a trail of its own records then.
            let is_own = self.is_own(found);
            let missing = self.all().filter(|compiled| !(is_own && compiled.apart));
            lacks.push(Missed::of(Unfit::Members, missing));
        }
        lacks
    }

    /// What a trail lacks to bring the events of the home account, or of the other accounts of its organization. Events
    /// beyond management events are judged by all trails together.
    pub fn missed_at(&self, found: &TrailFacts, at_home: bool) -> Vec<Missed> {
        let mut missed = self.missed_by(found);
        missed.retain(|missed| match missed.lack {
            Unfit::Members => !(at_home && self.is_own(found)),
            Unfit::Beyond(_) => false,
            _ => true,
        });
        missed
    }

    /// The rules whose events no trail brings from the home account, or from the other accounts of its organization: what
    /// one trail misses another may bring.
    pub fn unheard(&self, trails: &[TrailFacts], at_home: bool) -> BTreeSet<RuleId> {
        let each = trails.iter().map(|found| {
            let missed = self.missed_at(found, at_home).into_iter();
            missed
                .flat_map(|missed| missed.rules)
                .collect::<BTreeSet<RuleId>>()
        });
        each.reduce(|one, other| one.intersection(&other).cloned().collect())
            .unwrap_or_else(|| ids(self.all()))
    }

    /// The rules that lose events by what a trail lacks, or by the want of one: another may bring the events.
    pub fn lost_to(&self, trails: &[TrailFacts], found: Option<&TrailFacts>) -> BTreeSet<RuleId> {
        let mut rules = self.unheard(trails, true);
        rules.extend(self.unheard(trails, false));
        if let Some(found) = found {
            let missed = self.missed_by(found);
            rules.retain(|rule| missed.iter().any(|missed| missed.rules.contains(rule)));
        }
        rules
    }

    /// The trail that misses the fewest rules, if all trails together bring whatever any rule wants.
    fn together(&self, trails: &[TrailFacts]) -> Option<Arn> {
        let bring = |at_home| self.unheard(trails, at_home).is_empty();
        let missed = |found: &&TrailFacts| {
            let missed = self.missed_by(found).into_iter();
            let rules: BTreeSet<RuleId> = missed.flat_map(|missed| missed.rules).collect();
            rules.len()
        };
        let best = trails.iter().min_by_key(missed);
        best.filter(|_| bring(true) && bring(false))
            .map(|found| found.arn.clone())
    }

    /// Whether a trail stands in the home account.
    fn is_own(&self, found: &TrailFacts) -> bool {
        found.arn.account() == self.account.as_str()
    }

    fn all(&self) -> impl Iterator<Item = &'c Compiled> {
        self.wanted.iter().map(|(compiled, _)| *compiled)
    }

    fn unmet_management(&self, found: &TrailFacts, lacks: &mut Vec<Missed>) {
        let trail = &found.trail;
        let wanting = || {
            let of_management = self.wanted.iter().filter(|(_, wanted)| wanted.management);
            of_management.map(|(compiled, _)| *compiled)
        };
        if !trail.global_events {
            lacks.push(Missed::of(Unfit::GlobalServices, wanting()));
        }
        let Some(recorded) = management(&trail.selectors) else {
            // Selectors that are hidden take everything by default, and the plan says that nobody knows; those
            // that are seen and not understood are not relied on.
            if !trail.selectors.is_null() {
                lacks.push(Missed::of(Unfit::Unknown, wanting()));
            }
            return;
        };
        if !recorded.writes {
            lacks.push(Missed::of(Unfit::Writes, wanting()));
        }
        let readers = || wanting().filter(|c| c.state == RuleState::EnabledWithAll);
        if readers().next().is_some() && !recorded.reads {
            lacks.push(Missed::of(Unfit::Reads, readers()));
        }
        let mut excluded: BTreeMap<String, BTreeSet<RuleId>> = BTreeMap::new();
        for source in recorded.excluded_writes {
            let missing = ids(wanting().filter(|compiled| is_wanted(&source, compiled)));
            excluded.entry(source).or_default().extend(missing);
        }
        for source in recorded.excluded_reads {
            let missing = ids(readers().filter(|compiled| is_wanted(&source, compiled)));
            excluded.entry(source).or_default().extend(missing);
        }
        excluded.retain(|_, rules| !rules.is_empty());
        lacks.extend(excluded.into_iter().map(|(source, rules)| Missed {
            lack: Unfit::Excludes(source),
            rules,
        }));
    }

    /// Everything beyond management events, with the rules that want it.
    fn beyond(&self) -> BTreeMap<&Beyond, Vec<RuleId>> {
        let mut beyond: BTreeMap<&Beyond, Vec<RuleId>> = BTreeMap::new();
        for (compiled, categories) in &self.wanted {
            for events in &categories.beyond {
                let rules = beyond.entry(events).or_default();
                if !rules.contains(&compiled.rule) {
                    rules.push(compiled.rule.clone());
                }
            }
        }
        beyond
    }

    /// What rules want beyond management events and no trail is known to record in full. All trails together count, and
    /// `own` are the selectors that one of ours is to have.
    pub fn unrecorded(
        &self,
        trails: &[TrailFacts],
        own: Option<&Value>,
        partition: &str,
    ) -> Vec<Unrecorded> {
        let recording = trails.iter().filter(|found| {
            let there = found.trail.multi_region || self.listening.contains(&found.home);
            found.trail.logging && there && (found.trail.organization || !self.organization)
        });
        let recording: Vec<&TrailFacts> = recording.collect();
        let all = self.beyond().into_iter().map(|(events, rules)| {
            let live = recording.iter().map(|found| records(found, events));
            let own = own.map(|selectors| selected(selectors, partition, events));
            Unrecorded {
                selected: live.chain(own).max().unwrap_or(Selected::Nothing),
                events: events.clone(),
                rules,
            }
        });
        all.filter(|found| found.selected != Selected::Wholly)
            .collect()
    }
}

/// Whether a trail feeds the rules in spite of what it lacks. What it does not record beyond management events is said of
/// the rules that want it.
pub fn feeds(lacks: &[Unfit]) -> bool {
    lacks.iter().all(|lack| matches!(lack, Unfit::Beyond(_)))
}

impl Missed {
    fn of<'c>(lack: Unfit, patterns: impl Iterator<Item = &'c Compiled>) -> Self {
        Self {
            lack,
            rules: ids(patterns),
        }
    }
}

fn ids<'c>(patterns: impl Iterator<Item = &'c Compiled>) -> BTreeSet<RuleId> {
    patterns.map(|compiled| compiled.rule.clone()).collect()
}

/// Whether a pattern may match events of a source, such as `kms.amazonaws.com`. What `detail` says of
/// other fields is left aside: a doubt counts as a wish.
fn is_wanted(source: &str, compiled: &Compiled) -> bool {
    let event = json!({ "detail": { "eventSource": source } });
    let Ok(event) = Event::from_value(&event) else {
        return true;
    };
    let tests = sources(&compiled.pattern);
    tests.is_empty()
        || tests.iter().any(|test| {
            let pattern = json!({ "detail": { "eventSource": test } });
            EventPattern::from_value(&pattern).map_or(true, |pattern| pattern.matches(&event))
        })
}

/// The tests on `detail.eventSource` of a pattern, wherever it has some; empty: it takes any source.
fn sources(pattern: &Value) -> Vec<Value> {
    let Some(detail) = pattern.get("detail") else {
        return Vec::new();
    };
    if let Some(tests) = detail.get("eventSource") {
        return vec![tests.clone()];
    }
    let branches = detail.get("$or").and_then(|branches| branches.as_array());
    let each: Option<Vec<Value>> = branches
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
        let needs = Needs::of(compiled, listening, account_facts);
        let judged: Vec<(&TrailFacts, Vec<Unfit>)> = account_facts
            .trails
            .iter()
            .map(|found| (found, needs.unmet_by(found)))
            .collect();
        let is_namesake =
            |found: &TrailFacts| found.trail.name == name && found.arn.account() == owner.as_str();
        // One of ours stays where it is, whatever Region is home now: to change over would be a gap, and a
        // second copy of the events.
        let is_ours = |found: &TrailFacts| found.owner == Owner::Ours && is_namesake(found);
        let mine = judged.iter().find(|(found, _)| is_ours(found));
        let mine = mine.map(|(found, _)| found.arn.clone());
        // Where no trail is asked for, one of ours that was kept serves as well as any.
        // What none records but management events, one of ours would not record either.
        let suits = |most: fn(&[Unfit]) -> bool| {
            judged
                .iter()
                .find(|(found, lacks)| most(lacks) && (!is_ours(found) || file.trail == Wish::None))
        };
        let suitable = suits(|lacks| lacks.is_empty()).or_else(|| suits(feeds));
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
            // Several may record together what none does alone.
            Wish::None => suitable
                .or_else(|| needs.together(&account_facts.trails))
                .map(Self::Existing),
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
    /// Whether the trail of ours stands in this account: that of an organization stands in its management account, which
    /// may be another, whose plan tells what differs.
    pub fn has_trail(&self) -> bool {
        self.resources.keys().any(|key| key.kind == Kind::Trail)
    }

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
                selectors: with_data_events(&settings.data_events),
            }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::trail::all_management_events;

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
            insights: false,
            unknown: true,
            owner: Owner::Nobody,
            delivery_error: None,
            delivery_failing_since: None,
            stopped_since: None,
        }
    }

    fn alone() -> AccountFacts {
        AccountFacts {
            account: "111122223333".parse().unwrap(),
            regions: Ok(BTreeSet::new()),
            trails: Vec::new(),
            organization: None,
            account_names: BTreeMap::new(),
        }
    }

    #[test]
    fn what_an_organization_hides_is_not_held_against_its_trail_and_what_is_seen_is() {
        let listening = BTreeSet::from(["us-east-1".parse().unwrap()]);
        let needs = Needs::of(&[], &listening, &alone());
        let lacks = |selectors| needs.unmet_by(&organization(selectors));
        assert_eq!(lacks(Value::Null), Vec::new());
        assert_eq!(lacks(all_management_events()), Vec::new());
        let by_name = json!({ "advanced": [{ "fields": [
            { "field": "eventCategory", "equals": ["Management"] },
            { "field": "eventName", "equals": ["CreateUser"] },
        ] }] });
        assert_eq!(lacks(by_name), [Unfit::Unknown]);
    }
}
