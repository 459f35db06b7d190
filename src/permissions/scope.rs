//! For what a policy is: the names, places and features of one rules file, without asking AWS.

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::Compiled;
use crate::diagnostic::{Diagnostic, Span};
use crate::place::{AccountId, Arn, Place, Region, StackName};
use crate::placement::{self, Desired};
use crate::resources::{AccountFacts, Kind, Resource, names};
use crate::rules::{Delivery, Endpoint, Regions, RulesFile, TopicKey};

/// What the caller's permissions have to cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The account that the caller works in.
    pub account: AccountId,
    /// The name of the rules file.
    pub stack: StackName,
    /// Where alerts are raised.
    pub home: Region,
    /// Where something of ours may stand, home included; `None`: in every Region.
    pub regions: Option<BTreeSet<Region>>,
    /// Whether there is a home bus with forwarders and their roles.
    pub hub: bool,
    /// Whether alerts go by way of the dispatcher, with what it needs.
    pub dispatcher: bool,
    /// Whether the dispatcher calls services beyond AWS, for which there are connections.
    pub connections: bool,
    /// Patterns of the names of detectors that stand on default buses, by Region.
    pub detectors: BTreeMap<Region, BTreeSet<String>>,
    /// The Regions beside home in which rules apart stand, with topics of their own.
    pub apart: BTreeSet<Region>,
    /// Whether topics have a key of ours.
    pub key: bool,
    /// Whether some topic has a queue for what it cannot deliver.
    pub topic_letters: bool,
    /// The key of the user's own that encrypts the topics.
    pub given_key: Option<Arn>,
    /// The trail of ours.
    pub trail: Option<String>,
    /// The bucket of our trail's log files.
    pub bucket: Option<String>,
    /// The role to take on in member accounts, where an organization is watched.
    pub member_role: Option<String>,
    /// The managed policy that every role of ours carries as its permissions boundary.
    pub boundary: Option<String>,
    /// Queues of others that receive alerts.
    pub receivers: BTreeSet<Arn>,
    /// Topics of others that rules publish to.
    pub given_topics: BTreeSet<Arn>,
    /// Buckets and folders in them whose logs are read, where they are not those of our trail.
    pub logs: Vec<(String, String)>,
}

impl Scope {
    /// What a rules file needs in an account of which nothing is known. A trail that may have to be
    /// created counts as one that has to be.
    ///
    /// # Errors
    /// What placement says of the file.
    pub fn of(
        file: &RulesFile,
        patterns: &[Compiled],
        account: &AccountId,
    ) -> Result<Self, Diagnostic> {
        let everywhere = file.watch.regions == Regions::All;
        let mut file = file.clone();
        if everywhere {
            file.watch.regions = Regions::Listed(samples(&file.home.region));
        }
        let account_facts = AccountFacts {
            account: account.clone(),
            regions: Ok(file.listening([])),
            trails: Vec::new(),
            organization: None,
            account_names: BTreeMap::new(),
        };
        let desired = placement::desired(&file, patterns, &account_facts)?;
        let named = |kind| {
            let mut keys = desired.resources.keys();
            keys.find(|key| key.kind == kind)
                .map(|key| key.name.clone())
        };
        let dispatcher = matches!(file.delivery, Delivery::Dispatcher { .. });
        let mut channels = file.channels.values();
        let connections = channels.any(|channel| matches!(channel.endpoint, Endpoint::Service(_)));
        Ok(Self {
            account: account.clone(),
            stack: file.name.clone(),
            dispatcher,
            connections: dispatcher && connections,
            home: file.home.region.clone(),
            regions: (!everywhere).then(|| places(&desired, &file.home.region)),
            hub: named(Kind::Bus).is_some(),
            detectors: detectors(&desired, &file.name),
            apart: apart(&desired),
            key: named(Kind::EncryptionKey).is_some(),
            topic_letters: desired.resources.values().any(|resource| {
                matches!(resource, Resource::Subscription(s) if s.dead_letters.is_some())
            }),
            given_key: match &file.topic_key {
                TopicKey::Existing(arn) => Some(arn.clone()),
                TopicKey::Create | TopicKey::None => None,
            },
            trail: named(Kind::Trail),
            bucket: named(Kind::Bucket),
            boundary: file.role_boundary.clone(),
            member_role: file.watch.organization.map(|o| o.member_role),
            receivers: desired.receivers.into_iter().map(|r| r.queue).collect(),
            given_topics: desired.given_topics.into_values().map(|t| t.arn).collect(),
            logs: Vec::new(),
        })
    }
}

impl Scope {
    /// The ARNs of all topics of ours that are wanted, as patterns.
    pub(super) fn topics(&self) -> Vec<String> {
        let at_home = [(&self.home, names::topics_pattern(&self.stack))];
        let apart = self.apart.iter();
        let apart = apart.map(|region| (region, names::apart_topics_pattern(&self.stack)));
        let (partition, account) = (self.home.partition(), &self.account);
        at_home
            .into_iter()
            .chain(apart)
            .map(|(region, name)| format!("arn:{partition}:sns:{region}:{account}:{name}"))
            .collect()
    }

    /// The ARNs of the queues for what topics of ours cannot deliver, as patterns: they stand beside their topics.
    pub(super) fn letters_of_topics(&self) -> Vec<String> {
        let name = names::dead_letters_of_topics(&self.stack);
        let regions = self.raised_in().filter(|_| self.topic_letters);
        regions
            .map(|region| self.arn("sqs", region.as_str(), self.account.as_str(), &name))
            .collect()
    }

    /// The ARNs of the queues for what rules of ours cannot deliver, in an account, as patterns: beside the rules.
    pub(super) fn letters_of_rules(&self, account: &str) -> Vec<String> {
        let name = names::dead_letters(&self.stack);
        let regions = self.ruled_in().into_iter();
        regions
            .map(|region| self.arn("sqs", region, account, &name))
            .collect()
    }

    /// The ARN of the queue in which the dispatcher answers to probes.
    pub(super) fn probes_of_dispatcher(&self) -> Option<String> {
        let name = names::probe_queue_of_dispatcher(&self.stack);
        let (region, account) = (self.home.as_str(), self.account.as_str());
        self.dispatcher
            .then(|| self.arn("sqs", region, account, &name))
    }

    /// The role of the dispatcher, and that of EventBridge to start it, as ARNs.
    pub(super) fn roles_of_dispatcher(&self) -> Vec<String> {
        let names = [
            names::dispatcher_role(&self.stack),
            names::starter_role(&self.stack),
        ];
        let arns = names.iter().filter(|_| self.dispatcher);
        let arns = arns.filter_map(|name| names::role_arn(&self.home, &self.account, name));
        arns.map(|arn| arn.to_string()).collect()
    }

    /// The ARNs of forwarders in an account, as patterns; none where nothing is forwarded.
    pub(super) fn forwarders(&self, account: &str) -> Vec<String> {
        let name = format!("rule/{}*", names::forwarder(&self.stack, None));
        let regions = self.ruled_in().into_iter().filter(|_| self.hub);
        regions
            .map(|region| self.arn("events", region, account, &name))
            .collect()
    }

    /// The Regions in which rules of ours stand, as ARNs name them: forwarders may, wherever is listened to.
    fn ruled_in(&self) -> Vec<&str> {
        let regions = self.regions.as_ref();
        let is_one = regions.is_some_and(|regions| regions.len() == 1);
        match self.hub && !is_one {
            // Each would multiply the ARNs.
            true => vec!["*"],
            false => self.raised_in().map(Region::as_str).collect(),
        }
    }

    fn arn(&self, service: &str, region: &str, account: &str, resource: &str) -> String {
        let partition = self.home.partition();
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// The ARNs of the detectors on default buses, as patterns.
    pub(super) fn on_default_buses(&self) -> Vec<String> {
        let (partition, account) = (self.home.partition(), &self.account);
        let all = self.detectors.iter();
        let all = all.flat_map(|(region, names)| names.iter().map(move |name| (region, name)));
        all.map(|(region, name)| format!("arn:{partition}:events:{region}:{account}:rule/{name}"))
            .collect()
    }

    /// Home, and the Regions in which rules apart stand.
    pub(super) fn raised_in(&self) -> impl Iterator<Item = &Region> {
        std::iter::once(&self.home).chain(&self.apart)
    }

    /// The log bucket, as a pattern: where home has moved, one of our naming stays where it was.
    pub(super) fn buckets(&self) -> Option<String> {
        let own = names::log_bucket(&self.stack, &self.account, &self.home);
        self.bucket.as_ref().map(|bucket| {
            let region = bucket.strip_suffix(self.home.as_str());
            match region.filter(|_| *bucket == own) {
                Some(all) => format!("{all}*"),
                None => bucket.clone(),
            }
        })
    }
}

/// Stand-ins for every Region of home's partition, beside home and the one of global services: one that is neither,
/// where the partition has one.
fn samples(home: &Region) -> Vec<(Region, Span)> {
    let global = home.global();
    let all = home.partition().default_regions().into_iter();
    let neither = all.filter(|region| region != home && *region != global);
    let neither = neither.take(1);
    neither.map(|region| (region, Span::default())).collect()
}

/// The detectors on default buses: their names in keys have no bus before them.
fn detectors(desired: &Desired, stack: &StackName) -> BTreeMap<Region, BTreeSet<String>> {
    let mut found: BTreeMap<Region, BTreeSet<String>> = BTreeMap::new();
    let failed_runs = desired.resources.keys();
    let failed_runs =
        failed_runs.filter(|key| key.kind == Kind::Rule && names::is_failed_runs_rule(&key.name));
    for key in desired.detectors.values().flatten().chain(failed_runs) {
        if let Place::Regional { region, .. } = &key.place
            && !key.name.contains('/')
        {
            let names = found.entry(region.clone()).or_default();
            names.insert(names::kin_of_detector(stack, &key.name));
        }
    }
    found
}

fn apart(desired: &Desired) -> BTreeSet<Region> {
    let places = desired.raised_at().into_iter();
    let beside = places.filter(|place| *place != desired.home);
    let regions = beside.filter_map(|place| match place {
        Place::Regional { region, .. } => Some(region),
        Place::Global { .. } => None,
    });
    regions.collect()
}

/// Where the resources stand.
fn places(desired: &Desired, home: &Region) -> BTreeSet<Region> {
    let places = desired.resources.keys().map(|key| &key.place);
    let regions = places.filter_map(|place| match place {
        Place::Regional { region, .. } => Some(region.clone()),
        Place::Global { .. } => None,
    });
    regions.chain([home.clone()]).collect()
}
