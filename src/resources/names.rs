//! What our resources are called in AWS. Computed, so that a plan is complete before anything exists.

use sha2::{Digest, Sha256};

use super::kinds::Kind;
use super::model::{DEFAULT_BUS, ResourceKey};
use crate::place::{AccountId, Arn, Place, Region, StackName};
use crate::role_names;
use crate::rules::{ChannelName, Format, RuleId};

/// EventBridge: a rule's name has 1 to 64 of `.-_A-Za-z0-9`.
const RULE_NAME_LIMIT: usize = 64;
/// SNS takes 256, SQS 80; we stay with the smaller.
const TOPIC_NAME_LIMIT: usize = QUEUE_NAME_LIMIT;
/// Source: SQS, `CreateQueue`.
const QUEUE_NAME_LIMIT: usize = 80;
/// What the names of queues of dead letters end with.
const DEAD_LETTERS: &str = "dead-letters";

/// What the name of the queue ends with in which the dispatcher answers to probes.
const PROBES_OF_DISPATCHER: &str = "dispatcher_probes";
/// What the name of the rule ends with that hears of runs of the dispatcher that failed.
const FAILED_RUNS: &str = "dispatcher_failed";

/// What every name of a rules file begins with.
pub fn prefix(stack: &StackName) -> String {
    format!("iamwatch-{stack}-")
}

/// The detector of a rule, or of one part of it. `/` becomes `.`; ids hold neither that nor `_`.
pub fn detector(stack: &StackName, rule: &RuleId, part: Option<usize>) -> String {
    let part = part.map(|part| format!("_{part}")).unwrap_or_default();
    let id = rule.0.replace('/', ".");
    shortened(format!("{}{id}{part}", prefix(stack)), RULE_NAME_LIMIT)
}

/// The name of the trail that an ARN is of.
pub fn trail(arn: &Arn) -> &str {
    arn.resource().trim_start_matches("trail/")
}

/// A rule's name in keys: the default bus goes without saying, as in its ARN.
pub fn rule(bus: &str, name: &str) -> String {
    if bus == DEFAULT_BUS {
        name.to_owned()
    } else {
        format!("{bus}/{name}")
    }
}

/// A forwarder. No detector has that name: after `_` theirs have digits only.
pub fn forwarder(stack: &StackName, part: Option<usize>) -> String {
    let part = part.map(|part| format!("-{part}")).unwrap_or_default();
    format!("{}forwarder_events{part}", prefix(stack))
}

/// Whether the name of a rule of ours is that of a forwarder, whatever the rules file's.
pub fn is_forwarder(name: &str) -> bool {
    unsplit(name).ends_with("-forwarder_events")
}

/// The name of a rule without the number of its part. Ids hold no `_`, and only forwarders have `-` and a
/// number behind one.
pub fn unsplit(rule: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match rule.rsplit_once('_') {
        Some((whole, part)) if is_number(part) => whole,
        Some((_, part)) => match part.rsplit_once('-') {
            Some((_, number)) if is_number(number) => rule
                .strip_suffix(number)
                .and_then(|rest| rest.strip_suffix('-'))
                .unwrap_or(rule),
            _ => rule,
        },
        None => rule,
    }
}

/// The home bus, and where nothing else needs the name, the trail and the key's alias.
pub fn whole(stack: &StackName) -> String {
    format!("iamwatch-{stack}")
}

/// The path of our roles: what is listed by it is ours to look at.
pub const ROLE_PATH: &str = role_names::PATH;

/// The only policy of a forwarder's role.
pub const FORWARD_POLICY: &str = "forward";

/// The only policy of the role that starts the dispatcher.
pub const START_POLICY: &str = "start";

/// The role of a Region's forwarders. IAM is global and deployment regional: the Region is in the name.
pub fn forwarder_role(stack: &StackName, region: &Region) -> String {
    format!("{}{region}", forwarder_role_prefix(stack))
}

/// What stands before the Region in the name of a forwarder's role.
pub fn forwarder_role_prefix(stack: &StackName) -> String {
    format!("{}forwarder-", prefix(stack))
}

/// The role of the dispatcher. No forwarder's has that name: theirs end with a Region.
pub fn dispatcher_role(stack: &StackName) -> String {
    role_names::dispatcher(stack)
}

/// The role with which EventBridge starts the dispatcher.
pub fn starter_role(stack: &StackName) -> String {
    role_names::starter(stack)
}

/// Whether a role of that name is one of the two that the dispatcher needs.
pub fn is_dispatcher_role(stack: &StackName, name: &str) -> bool {
    name == dispatcher_role(stack) || name == starter_role(stack)
}

/// The only policy that a role of that name has, where its kind has one only. The name alone says it: whose the role is
/// need not be known.
pub fn only_policy(role: &str) -> Option<&'static str> {
    if role.contains("-forwarder-") {
        return Some(FORWARD_POLICY);
    }
    role.ends_with("-starter").then_some(START_POLICY)
}

/// The ARN of a role of ours.
pub fn role_arn(region: &Region, account: &AccountId, name: &str) -> Option<Arn> {
    let partition = region.partition();
    format!("arn:{partition}:iam::{account}:role{ROLE_PATH}{name}")
        .parse()
        .ok()
}

/// The ARN of a managed policy of an account: `name` has its path before it, without a slash at the beginning.
pub fn policy_arn(region: &Region, account: &AccountId, name: &str) -> Option<Arn> {
    let partition = region.partition();
    format!("arn:{partition}:iam::{account}:policy/{name}")
        .parse()
        .ok()
}

/// The log bucket. All of AWS shares one namespace, so account and Region are in the name; 63 characters
/// are the limit, and the longest is 62.
pub fn log_bucket(stack: &StackName, account: &AccountId, region: &Region) -> String {
    format!("{}logs-{account}-{region}", prefix(stack))
}

/// The topic of a channel. Whoever has confirmed to hear it is never asked again, whichever rules use the channel.
pub fn topic(stack: &StackName, channel: &ChannelName, format: Format) -> String {
    let name = format!("{}{}_{}", prefix(stack), word(format), channel.0);
    shortened(name, TOPIC_NAME_LIMIT)
}

/// The topic of a channel for the rules apart, in each Region that they stand in. No other topic has that name: names of
/// channels hold no `_`.
pub fn apart_topic(stack: &StackName, channel: &ChannelName, format: Format) -> String {
    let name = format!("{}{}_{APART}{}", prefix(stack), word(format), channel.0);
    shortened(name, TOPIC_NAME_LIMIT)
}

/// What stands before the channel in the names of topics of rules apart.
const APART: &str = "apart_";

fn word(format: Format) -> &'static str {
    match format {
        Format::Text => "text",
        Format::Json => "json",
    }
}

/// What the names of the topics of a rules file's rules apart begin with.
pub fn apart_topic_prefixes(stack: &StackName) -> [String; 2] {
    topic_prefixes(stack).map(|prefix| format!("{prefix}{APART}"))
}

/// Whether a topic of that name could be one of a rules file's rules apart.
pub fn is_apart_topic(stack: &StackName, name: &str) -> bool {
    let mut known = apart_topic_prefixes(stack).into_iter();
    known.any(|known| name.starts_with(&known))
}

/// What the names of a rules file's topics begin with. No other rules file's do, since names of files hold no `_`.
pub fn topic_prefixes(stack: &StackName) -> [String; 2] {
    ["text", "json"].map(|format| format!("{}{format}_", prefix(stack)))
}

/// The pattern of the names of a rules file's topics: every format has four letters, and no other rules file's topics have
/// a `_` there.
pub fn topics_pattern(stack: &StackName) -> String {
    format!("{}????_*", prefix(stack))
}

/// The pattern of the names of the topics of a rules file's rules apart.
pub fn apart_topics_pattern(stack: &StackName) -> String {
    format!("{}????_{APART}*", prefix(stack))
}

/// Whether a topic of that name could be one of a rules file's.
pub fn is_topic(stack: &StackName, name: &str) -> bool {
    let mut known = topic_prefixes(stack).into_iter();
    known.any(|known| name.starts_with(&known))
}

/// The pattern of the names of a detector and its kin: those of one folder of ids, or the parts of one rule. A rules file
/// whose name goes on where this one's ends has none of them, which a pattern of the prefix alone would take in.
pub fn kin_of_detector(stack: &StackName, name: &str) -> String {
    let prefix = prefix(stack);
    let id = name.strip_prefix(&prefix).unwrap_or(name);
    match id.split_once('.') {
        Some((folder, _)) => format!("{prefix}{folder}.*"),
        None if unsplit(name) != name => format!("{}_*", unsplit(name)),
        None => name.to_owned(),
    }
}

/// Whether a rule of that name could be one of a rules file's. A detector's name is made of an id that people choose, so
/// that nothing but its beginning is known.
pub fn is_rule(stack: &StackName, name: &str) -> bool {
    let rest = name.strip_prefix(&prefix(stack));
    rest.is_some_and(|rest| !rest.is_empty())
}

/// Whether a role of that name could be that of a rules file's forwarders.
pub fn is_forwarder_role(stack: &StackName, name: &str) -> bool {
    let region = name.strip_prefix(&forwarder_role_prefix(stack));
    region.is_some_and(|region| region.parse::<Region>().is_ok())
}

/// Whether a bucket of that name could be the log bucket of an account.
pub fn is_log_bucket(stack: &StackName, account: &AccountId, name: &str) -> bool {
    let region = name.strip_prefix(&format!("{}logs-{account}-", prefix(stack)));
    region.is_some_and(|region| region.parse::<Region>().is_ok())
}

/// The queue of undeliverable events.
pub fn dead_letters(stack: &StackName) -> String {
    format!("{}{DEAD_LETTERS}", prefix(stack))
}

/// The queue of what one topic of ours could not deliver.
pub fn dead_letters_of(topic: &str) -> String {
    let limit = QUEUE_NAME_LIMIT - DEAD_LETTERS.len() - 1;
    let topic = shortened(topic.to_owned(), limit);
    format!("{topic}-{DEAD_LETTERS}")
}

/// The pattern of the names of [`dead_letters_of`] the topics of a rules file.
pub fn dead_letters_of_topics(stack: &StackName) -> String {
    format!("{}-{DEAD_LETTERS}", topics_pattern(stack))
}

/// Whether a queue of that name could be one of those.
pub fn is_dead_letters_of_topic(stack: &StackName, name: &str) -> bool {
    let topic = name.strip_suffix(DEAD_LETTERS);
    let topic = topic.and_then(|rest| rest.strip_suffix('-'));
    topic.is_some_and(|topic| is_topic(stack, topic))
}

/// Whether a queue of that name is one of a rules file's for what could not be delivered.
pub fn holds_dead_letters(stack: &StackName, name: &str) -> bool {
    name == dead_letters(stack) || is_dead_letters_of_topic(stack, name)
}

/// The queue in which the dispatcher answers to probes. No queue of dead letters has that name.
pub fn probe_queue_of_dispatcher(stack: &StackName) -> String {
    format!("{}{PROBES_OF_DISPATCHER}", prefix(stack))
}

/// Whether a queue of that name is one in which a dispatcher answers to probes, whatever the rules file's.
pub fn holds_probes(name: &str) -> bool {
    let rest = name.strip_suffix(PROBES_OF_DISPATCHER);
    rest.is_some_and(|rest| rest.ends_with('-'))
}

/// What the names of a rules file's connections begin with.
pub fn connections_prefix(stack: &StackName) -> String {
    format!("{}channel_", prefix(stack))
}

/// The connection of a channel. Source of the limit: EventBridge API, `CreateConnection`.
pub fn connection(stack: &StackName, channel: &ChannelName) -> String {
    let name = format!("{}{}", connections_prefix(stack), channel.0);
    shortened(name, RULE_NAME_LIMIT)
}

/// The pattern of the names of a rules file's connections. No other rules file's have a `_` there.
pub fn connections_pattern(stack: &StackName) -> String {
    format!("{}*", connections_prefix(stack))
}

/// The rule that hears of runs of the dispatcher that told nobody. No detector and no forwarder has that name: behind
/// `_` theirs have a number, or `events`.
pub fn failed_runs_rule(stack: &StackName) -> String {
    format!("{}{FAILED_RUNS}", prefix(stack))
}

/// Whether the name of a rule of ours is that of [`failed_runs_rule`], whatever the rules file's.
pub fn is_failed_runs_rule(name: &str) -> bool {
    let rest = name.strip_suffix(FAILED_RUNS);
    rest.is_some_and(|rest| rest.ends_with('-'))
}

/// What the name of a temporary queue of `test-event` begins with. Not [`prefix`]: plans leave it alone.
pub fn probe_prefix(stack: &StackName) -> String {
    format!("iamwatch-test-{stack}-")
}

/// The ARN of a rule, as the policies of what it sends to see it.
pub fn rule_arn(rule: &ResourceKey) -> Option<Arn> {
    let resource = format!("rule/{}", rule.name);
    (rule.kind == Kind::Rule)
        .then(|| arn_at("events", &rule.place, &resource))
        .flatten()
}

/// Whether an ARN is that of a temporary queue of `test-event` beside this topic. A queue elsewhere is
/// somebody's, whatever its name.
pub fn is_probe(stack: &StackName, arn: &str, topic: &Arn) -> bool {
    arn.parse::<Arn>().is_ok_and(|arn| {
        arn.service() == "sqs"
            && (arn.account(), arn.region()) == (topic.account(), topic.region())
            && arn.resource().starts_with(&probe_prefix(stack))
    })
}

/// Cuts a name that is too long and keeps it unique by a hash of the whole.
fn shortened(name: String, limit: usize) -> String {
    if name.len() <= limit {
        return name;
    }
    let hash: String = Sha256::digest(name.as_bytes())
        .iter()
        .take(5)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let kept: String = name.chars().take(limit - hash.len() - 1).collect();
    format!("{kept}-{hash}")
}

/// The ARN of a resource of a regional service.
pub fn arn(service: &str, region: &Region, account: &AccountId, resource: &str) -> Option<Arn> {
    let partition = region.partition();
    format!("arn:{partition}:{service}:{region}:{account}:{resource}")
        .parse()
        .ok()
}

/// The ARN of a resource of a regional service at a place; `None` for global places.
pub fn arn_at(service: &str, place: &Place, resource: &str) -> Option<Arn> {
    match place {
        Place::Regional { account, region } => arn(service, region, account, resource),
        Place::Global { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_stay_unique_and_within_the_limit() {
        let stack: StackName = "a-twenty-letter-name".parse().unwrap();
        let one = RuleId(format!("{}/one", "x".repeat(58)));
        let two = RuleId(format!("{}/two", "x".repeat(58)));
        let (one, two) = (detector(&stack, &one, None), detector(&stack, &two, None));
        assert_ne!(one, two);
        assert!(one.len() <= 64 && two.len() <= 64);
    }

    #[test]
    fn parts_of_one_rule_are_known_as_such() {
        let stack: StackName = "acme-2".parse().unwrap();
        let id = RuleId("keys-2".to_owned());
        let whole = detector(&stack, &id, None);
        assert_eq!(unsplit(&whole), whole);
        assert_eq!(unsplit(&detector(&stack, &id, Some(12))), whole);
        let events = forwarder(&stack, None);
        assert_eq!(unsplit(&events), events);
        assert_eq!(unsplit(&forwarder(&stack, Some(3))), events);
    }

    #[test]
    fn what_the_dispatcher_needs_is_told_from_all_else() {
        let stack: StackName = "acme".parse().unwrap();
        let region: Region = "eu-west-1".parse().unwrap();
        let (dispatcher, starter) = (dispatcher_role(&stack), starter_role(&stack));
        for role in [&dispatcher, &starter] {
            assert!(is_dispatcher_role(&stack, role), "{role}");
            assert!(!is_forwarder_role(&stack, role), "{role}");
        }
        let forwarder_role = forwarder_role(&stack, &region);
        assert!(!is_dispatcher_role(&stack, &forwarder_role));
        assert_eq!(only_policy(&forwarder_role), Some(FORWARD_POLICY));
        assert_eq!(only_policy(&starter), Some(START_POLICY));
        assert_eq!(only_policy(&dispatcher), None);

        let queue = probe_queue_of_dispatcher(&stack);
        assert!(holds_probes(&queue) && !holds_dead_letters(&stack, &queue));
        let letters = dead_letters(&stack);
        assert!(!holds_probes(&letters) && holds_dead_letters(&stack, &letters));

        let rule = failed_runs_rule(&stack);
        assert!(is_failed_runs_rule(&rule) && is_rule(&stack, &rule));
        assert!(!is_forwarder(&rule));
        assert_eq!(unsplit(&rule), rule);
        assert_eq!(kin_of_detector(&stack, &rule), rule);
        // A rule whose id is the beginning of that name, in parts.
        let id = RuleId("dispatcher".to_owned());
        for part in [None, Some(1)] {
            let detector = detector(&stack, &id, part);
            assert!(!is_failed_runs_rule(&detector), "{detector}");
            assert_ne!(kin_of_detector(&stack, &detector), rule);
        }
    }

    #[test]
    fn the_kin_of_a_detector_is_of_its_rules_file_alone() {
        let stack: StackName = "acme".parse().unwrap();
        let kin = |id: &str, part| {
            kin_of_detector(&stack, &detector(&stack, &RuleId(id.to_owned()), part))
        };
        assert_eq!(kin("root/sign-in", None), "iamwatch-acme-root.*");
        assert_eq!(kin("root/sign-in", Some(2)), "iamwatch-acme-root.*");
        assert_eq!(kin("eu", None), "iamwatch-acme-eu");
        assert_eq!(kin("eu", Some(1)), "iamwatch-acme-eu_*");
    }

    #[test]
    fn the_queue_of_a_topic_is_told_from_those_of_others() {
        let stack: StackName = "acme".parse().unwrap();
        let queue = |channel: &str, format| {
            dead_letters_of(&topic(&stack, &ChannelName(channel.to_owned()), format))
        };
        assert_eq!(
            queue("siem", Format::Json),
            "iamwatch-acme-json_siem-dead-letters"
        );
        let long = |end: &str| queue(&format!("{}{end}", "x".repeat(70)), Format::Text);
        assert_ne!(long("a"), long("b"));
        for name in [queue("siem", Format::Json), long("a")] {
            assert!(name.len() <= QUEUE_NAME_LIMIT, "{name}");
            assert!(is_dead_letters_of_topic(&stack, &name), "{name}");
        }
        for other in [
            "iamwatch-acme-dead-letters",
            "iamwatch-acme-eu-json_siem-dead-letters",
            "iamwatch-acme-json_siem",
            "iamwatch-acme-json_siem-dead-letters-2",
            "iamwatch-acme-payments-dead-letters",
        ] {
            assert!(!is_dead_letters_of_topic(&stack, other), "{other}");
        }
    }

    #[test]
    fn different_rules_never_share_a_name() {
        let stack: StackName = "acme".parse().unwrap();
        let name = |id: &str, part| detector(&stack, &RuleId(id.to_owned()), part);
        assert_eq!(name("root/sign-in", None), "iamwatch-acme-root.sign-in");
        assert_ne!(name("a/b", None), name("a-b", None));
        assert_ne!(name("a", Some(2)), name("a/2", None));
    }
}
