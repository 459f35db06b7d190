//! The way of an alert, link by link: what stands in AWS against what must.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::way::{Passed, in_region, rule_of};
use super::{Deployment, Synthetic};
use crate::aws::{Clients, Cloud};
use crate::cloudtrail::Selected;
use crate::pattern::{Event, EventPattern};
use crate::place::{Arn, Place, Region};
use crate::placement::{Desired, Receiver, TrailSource, feeds};
use crate::plan::{Action, foreign_statements, notes};
use crate::resources::queue::{LETS_TOPIC_SEND, Obstacle, Verdict};
use crate::resources::topic::LETS_RULES_PUBLISH;
use crate::resources::trail::TrailFacts;
use crate::resources::{
    GivenTopic, Impact, Kind, Live, Resource, ResourceKey, Stretch, key, names, queue, topic,
};
use crate::rules::{ChannelName, RuleId};

/// One link of the way that loses something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokenLink {
    /// Which resource, as plans name it, with its Region where that is not home.
    pub link: String,
    /// What is wrong with it.
    pub problem: String,
    /// What the user can do to mend the link.
    pub remedy: String,
}

/// What is wrong on the way of one alert, in the order of plans.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Condition {
    /// Would lose the test event.
    pub(super) broken: Vec<BrokenLink>,
    /// Lets the test event pass, and would lose real ones, or what cannot be delivered.
    pub(super) weak: Vec<BrokenLink>,
}

const APPLY: &str = "run `iamwatch apply`";

/// Everything between the bus of a Region and the readers of a detector's alerts that differs from what
/// this event, or a real one, needs. Queues of others are looked at by [`suspects`].
pub(super) fn condition(
    deployment: Deployment<'_>,
    detector: &ResourceKey,
    from: &Region,
    event: &Synthetic,
) -> Condition {
    let Deployment { desired, live, .. } = deployment;
    let envelope = event.envelope(&Place::Regional {
        account: desired.home.account().clone(),
        region: from.clone(),
    });
    let mut found = Condition::default();
    // What stands apart needs nobody to bring it events, and no policy of the home bus lets them in.
    let is_apart = desired.is_apart(detector);
    let forwarding = match is_apart {
        true => Vec::new(),
        false => forwarder_problems(deployment, from, &envelope),
    };
    for (key, problem) in forwarding
        .into_iter()
        .chain(pattern_problem(live, detector, &envelope).map(|problem| (detector, problem)))
    {
        found.broken.push(by_apply(desired, key, problem));
    }
    let rule = rule_of(desired, detector);
    found.compare(deployment, &Passed::of(deployment, detector, from), rule);
    found.finished(deployment, rule, !is_apart)
}

/// Everything between the bus of a Region and the home bus, through one forwarder, that differs from what
/// this event, or a real one, needs.
pub(super) fn forwarder_condition(
    deployment: Deployment<'_>,
    forwarder: &ResourceKey,
    from: &Region,
    event: &Synthetic,
) -> Condition {
    let Deployment {
        stack,
        desired,
        live,
        ..
    } = deployment;
    let envelope = event.envelope(&Place::Regional {
        account: desired.home.account().clone(),
        region: from.clone(),
    });
    let mut found = Condition::default();
    if let Some(problem) = pattern_problem(live, forwarder, &envelope) {
        found.broken.push(by_apply(desired, forwarder, problem));
    }
    let role = names::forwarder_role(stack, from);
    let keys = desired.resources.keys().filter(|key| match key.kind {
        Kind::Rule => *key == forwarder,
        Kind::Role => key.name == role,
        Kind::Queue => in_region(key, from) && key.name == names::dead_letters(stack),
        Kind::Bus => true,
        kind => kind.facts().stretch != Stretch::Alerting,
    });
    found.compare(deployment, &Passed::all(keys.cloned()), None);
    found.finished(deployment, None, true)
}

impl Condition {
    /// With what feeds the events of a rule, or of any, and no link both ways: what is broken is not called weak.
    /// `by_bus`: the event comes over the home bus, whose policy others may have written to.
    fn finished(mut self, deployment: Deployment<'_>, rule: Option<&RuleId>, by_bus: bool) -> Self {
        self.weak.extend(feed_problem(deployment, rule));
        let Deployment {
            stack,
            desired,
            live,
            ..
        } = deployment;
        let statements = match by_bus {
            true => foreign_statements::found(stack, desired, live),
            false => Vec::new(),
        };
        for statement in statements {
            let link = BrokenLink {
                link: statement.bus.to_string(),
                problem: statement.problem(),
                remedy: statement.remedy(),
            };
            if statement.loses_alerts() {
                self.broken.push(link);
            } else {
                self.weak.push(link);
            }
        }
        let broken = &self.broken;
        self.weak
            .retain(|weak| !broken.iter().any(|broken| broken.link == weak.link));
        self
    }

    /// Adds what differs from the rules file among some resources, for the events of a rule, or of any.
    fn compare(&mut self, deployment: Deployment<'_>, way: &Passed, rule: Option<&RuleId>) {
        let desired = deployment.desired;
        let Some(plan) = deployment.plan() else {
            return;
        };
        let changes = plan.changes.iter();
        for change in changes.filter(|c| way.has(&c.key)) {
            let link = |problem: String| BrokenLink {
                remedy: plan.remedy(change),
                ..by_apply(desired, &change.key, problem)
            };
            let facts = change.key.kind.facts();
            // A test event does not come from a trail, nor does it need what is for alerts that fail.
            let fed = facts.stretch == Stretch::Feed || way.is_spare(&change.key);
            let spared = is_spared(deployment, &change.key, rule);
            match change.action {
                Action::Create if spared => {}
                Action::Create => {
                    let problem = "it does not exist".to_owned();
                    let link = link(problem);
                    // The fallback channel would hear of it, and the channel itself would not.
                    let is_cut_off = change.key.kind == Kind::Connection;
                    if (facts.missing == Impact::Alert || is_cut_off) && !fed {
                        self.broken.push(link);
                    } else {
                        self.weak.push(link);
                    }
                }
                Action::Update | Action::Replace => {
                    let (mut lost, mut weak) = (Vec::new(), Vec::new());
                    for attribute in &change.attributes {
                        let passes = fed || (facts.passes_tests)(attribute);
                        let is_cut_off =
                            change.key.kind == Kind::Connection && attribute.path == "state";
                        let problems = match facts.impact_of(attribute) {
                            _ if is_cut_off => &mut lost,
                            Impact::Alert if !passes => &mut lost,
                            Impact::Alert if spared => continue,
                            Impact::Alert | Impact::Safeguard => &mut weak,
                            Impact::Cosmetic => continue,
                        };
                        problems.push(facts.describe(attribute));
                    }
                    for (problems, links) in [(lost, &mut self.broken), (weak, &mut self.weak)] {
                        if !problems.is_empty() {
                            links.push(link(problems.join("; ")));
                        }
                    }
                }
                Action::Delete => {}
            }
        }
    }
}

/// A link that `apply` puts right.
fn by_apply(desired: &Desired, key: &ResourceKey, problem: String) -> BrokenLink {
    let link = match &key.place {
        Place::Regional { region, .. } if key.place != desired.home => format!("{key} in {region}"),
        _ => key.to_string(),
    };
    BrokenLink {
        link,
        problem,
        remedy: APPLY.to_owned(),
    }
}

/// Whether real events of a rule come although a trail lacks something, or is missing: it is nothing that the rule wants,
/// or another trail brings it.
fn is_spared(deployment: Deployment<'_>, key: &ResourceKey, rule: Option<&RuleId>) -> bool {
    let Some(rule) = rule.filter(|_| key.kind == Kind::Trail) else {
        return false;
    };
    let trails = &deployment.account_facts.trails;
    let found = trails.iter().find(|found| {
        found.trail.name == key.name && found.arn.account() == key.place.account().as_str()
    });
    !deployment.needs().lost_to(trails, found).contains(rule)
}

/// What keeps real events of a rule, or of any, from coming at all: a test event does not come from CloudTrail.
fn feed_problem(deployment: Deployment<'_>, rule: Option<&RuleId>) -> Option<BrokenLink> {
    let desired = deployment.desired;
    let account_facts = deployment.account_facts;
    let needs = deployment.needs();
    let is_lost_to = |found: Option<&TrailFacts>| {
        let lost = needs.lost_to(&account_facts.trails, found);
        rule.map_or(!lost.is_empty(), |rule| lost.contains(rule))
    };
    // What a trail lacks of what is wanted.
    let lacks_of = |found: &TrailFacts| {
        let missed = needs.missed_by(found).into_iter();
        let missed = missed.filter(|missed| rule.is_none_or(|rule| missed.rules.contains(rule)));
        missed.map(|missed| missed.lack).collect::<Vec<_>>()
    };
    let name = |arn: &Arn| names::trail(arn).to_owned();
    let ours = match &desired.feed {
        TrailSource::Existing(_) => return None,
        TrailSource::Nobody { .. } => {
            let note = notes::unfed(desired).filter(|_| is_lost_to(None));
            return note.map(|note| BrokenLink {
                link: "trail".to_owned(),
                problem: note.message,
                remedy: note.help,
            });
        }
        TrailSource::Ours(arn) => arn,
    };
    let own = |problem: String| BrokenLink {
        link: format!("trail {}", name(ours)),
        problem,
        remedy: APPLY.to_owned(),
    };
    let trail = account_facts.trails.iter().find(|found| found.arn == *ours);
    // What differs in another account no comparison here tells.
    let is_away = ours.account() != desired.home.account().as_str();
    if let Some(trail) = trail {
        let lacks = lacks_of(trail);
        if is_away && !feeds(&lacks) && is_lost_to(Some(trail)) {
            let lacks: Vec<String> = lacks.iter().map(ToString::to_string).collect();
            return Some(own(format!("it {}", lacks.join(", "))));
        }
        return trail.delivery_error.as_ref().map(|code| BrokenLink {
            link: format!("trail {}", name(ours)),
            problem: format!("it could not write its log files: {code}"),
            remedy: "look at the log bucket's policy and at the key of the log files".to_owned(),
        });
    }
    if is_away {
        return is_lost_to(None).then(|| own("it does not exist".to_owned()));
    }
    // The one that fed the rules so far may be why ours is wanted.
    let others = account_facts.trails.iter();
    let others = others.filter(|found| is_lost_to(Some(*found)));
    let others = others.filter_map(|found| {
        let lacks = lacks_of(found);
        let lacks: Vec<String> = lacks.iter().map(ToString::to_string).collect();
        (!lacks.is_empty())
            .then(|| format!("it {}", lacks.join(", ")))
            .map(|problem| (name(&found.arn), problem))
    });
    others
        .map(|(trail, problem)| BrokenLink {
            link: format!("trail {trail}"),
            problem,
            remedy: format!("let it record again, or {APPLY}, which makes one of our own"),
        })
        .next()
}

/// A link behind topics that is wrong, or may be.
#[derive(Debug)]
pub(super) struct Suspect {
    pub(super) topics: Vec<Arn>,
    pub(super) link: BrokenLink,
    /// Whether it is known to let nothing in; else a test shows as much as can be seen.
    pub(super) is_certain: bool,
}

/// What of a rule's events no trail records: a test event does not come from CloudTrail.
pub(super) fn unrecorded(deployment: Deployment<'_>, rule: &RuleId) -> Vec<BrokenLink> {
    let partition = deployment.home.partition().id();
    let missed = deployment
        .unrecorded()
        .into_iter()
        .filter(|found| found.selected == Selected::Nothing && found.rules.contains(rule));
    let links = missed.map(|found| BrokenLink {
        link: "trails".to_owned(),
        problem: format!(
            "none records {}, so that no real one can alert",
            found.events
        ),
        remedy: found.events.remedy(partition),
    });
    links.collect()
}

/// What is wrong with what belongs to others behind some topics: the key that encrypts all of ours, the queues that they
/// send to, and topics that are not ours. Each is looked at once.
pub(super) async fn suspects(cloud: &Cloud, desired: &Desired, topics: &[Arn]) -> Vec<Suspect> {
    let clients = cloud.at_place(&desired.home);
    let mut found = Vec::new();
    // Those of others, and those of rules apart, are not under our key.
    let is_encrypted = |topic: &&Arn| {
        let resource = ResourceKey::of_arn(topic).and_then(|key| desired.resources.get(&key));
        matches!(resource, Some(Resource::Topic(topic)) if topic.kms_key.is_some())
    };
    let encrypted: Vec<Arn> = topics.iter().filter(is_encrypted).cloned().collect();
    if let Some(key) = desired.given_key().filter(|_| !encrypted.is_empty()) {
        let problem = key_problem(&clients, &key).await;
        found.extend(problem.map(|link| Suspect {
            topics: encrypted,
            link,
            is_certain: true,
        }));
    }
    for receiver in &desired.receivers {
        if topics.contains(&receiver.topic) {
            let problem = receiver_problem(&clients, receiver).await;
            found.extend(problem.map(|(link, is_certain)| Suspect {
                topics: vec![receiver.topic.clone()],
                link,
                is_certain,
            }));
        }
    }
    for (channel, topic) in &desired.given_topics {
        if topics.contains(&topic.arn) {
            let problem = topic_problem(&clients, channel, topic).await;
            found.extend(problem.map(|(link, is_certain)| Suspect {
                topics: vec![topic.arn.clone()],
                link,
                is_certain,
            }));
        }
    }
    found
}

/// Every link behind the topics of a deployment that belongs to others and is wrong, or cannot be judged, and the rules
/// whose alerts it concerns.
pub async fn of_others(cloud: &Cloud, desired: &Desired) -> Vec<(BrokenLink, Vec<RuleId>)> {
    let topics = super::watch::topics(desired, desired.detectors.values().flatten());
    let rules = |suspect: &Suspect| {
        let topics = suspect.topics.iter();
        let rules: BTreeSet<RuleId> = topics.flat_map(|topic| desired.rules_to(topic)).collect();
        rules.into_iter().collect()
    };
    let suspects = suspects(cloud, desired, &topics).await.into_iter();
    suspects
        .map(|suspect| (suspect.link.clone(), rules(&suspect)))
        .collect()
}

async fn key_problem(clients: &Clients, key: &Arn) -> Option<BrokenLink> {
    let (problem, remedy) = match key::problem(&clients.kms, key).await {
        Ok(None) => return None,
        Ok(Some(found)) => {
            let remedy = "mend the key, or name another one in `topics.kms_key`";
            (found.problem, with_document(remedy, found.statement))
        }
        // What cannot be looked at is not proved.
        Err(error) => (
            format!("cannot tell whether EventBridge can use it: {error}"),
            error.remedy().unwrap_or_default(),
        ),
    };
    Some(BrokenLink {
        link: format!("key {key}"),
        problem,
        remedy,
    })
}

fn with_document(remedy: &str, document: Option<Value>) -> String {
    match document {
        Some(document) => format!("{remedy}: {document}"),
        None => remedy.to_owned(),
    }
}

/// What keeps alerts from the reader of somebody's queue, and whether it lets none in for certain.
async fn receiver_problem(clients: &Clients, receiver: &Receiver) -> Option<(BrokenLink, bool)> {
    let found = match queue::obstacle(clients, &receiver.queue, &receiver.topic).await {
        Ok(found) => found?,
        Err(error) => Obstacle::unseen(LETS_TOPIC_SEND, &error),
    };
    let link = format!("queue {} of channel {}", receiver.queue, receiver.channel);
    Some(of_obstacle(link, found))
}

/// What keeps alerts from the readers of somebody's topic, and whether it lets none in for certain.
async fn topic_problem(
    clients: &Clients,
    channel: &ChannelName,
    topic: &GivenTopic,
) -> Option<(BrokenLink, bool)> {
    let found = match topic::obstacle(clients, topic).await {
        Ok(found) => found?,
        Err(error) => Obstacle::unseen(LETS_RULES_PUBLISH, &error),
    };
    let link = format!("topic {} of channel {channel}", topic.arn);
    Some(of_obstacle(link, found))
}

fn of_obstacle(link: String, found: Obstacle) -> (BrokenLink, bool) {
    let link = BrokenLink {
        link,
        problem: found.problem,
        remedy: with_document(&found.remedy, found.document),
    };
    (link, found.verdict == Verdict::Refused)
}

/// Where the deployed pattern would not match, the field that fails.
fn pattern_problem(live: &[Live], rule: &ResourceKey, envelope: &Value) -> Option<String> {
    let pattern = match deployed(live, rule)? {
        Ok(pattern) => pattern,
        Err(problem) => return Some(problem),
    };
    let envelope = match Event::from_value(envelope) {
        Ok(envelope) => envelope,
        Err(error) => return Some(format!("the event is not valid: {error}")),
    };
    if pattern.matches(&envelope) {
        return None;
    }
    let reasons = pattern.explain(&envelope).to_string();
    Some(format!(
        "its deployed pattern does not match: {}",
        reasons.trim().replace('\n', "; ")
    ))
}

/// The pattern of a live rule; `None` where there is no such rule.
fn deployed(live: &[Live], rule: &ResourceKey) -> Option<Result<EventPattern, String>> {
    let live = live.iter().find(|live| live.key == *rule)?;
    let Resource::Rule(rule) = &live.resource else {
        return None;
    };
    let pattern = EventPattern::parse(&rule.pattern.to_string());
    Some(pattern.map_err(|error| format!("its pattern is not valid: {error}")))
}

/// The event must pass exactly one of its Region's forwarders: none loses it, two send it twice.
fn forwarder_problems<'a>(
    deployment: Deployment<'a>,
    from: &Region,
    envelope: &Value,
) -> Vec<(&'a ResourceKey, String)> {
    let Deployment { desired, live, .. } = deployment;
    let Ok(event) = Event::from_value(envelope) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    let mut passing: Vec<&ResourceKey> = Vec::new();
    for (key, resource) in &desired.resources {
        let Resource::Rule(rule) = resource else {
            continue;
        };
        if !desired.is_forwarder(key) || !in_region(key, from) {
            continue;
        }
        let wants = EventPattern::parse(&rule.pattern.to_string())
            .is_ok_and(|pattern| pattern.matches(&event));
        let passes = matches!(deployed(live, key), Some(Ok(pattern)) if pattern.matches(&event));
        if passes {
            passing.push(key);
        }
        if wants && let Some(problem) = pattern_problem(live, key, envelope) {
            problems.push((key, problem));
        }
    }
    if let [first, second, ..] = passing.as_slice() {
        let problem = format!("it passes the event, and {first} passes it too: two alerts");
        problems.push((*second, problem));
    }
    problems
}
