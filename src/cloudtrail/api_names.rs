//! Which events each service can have, to recognise names that no event has.
//!
//! CloudTrail names the event of an API call after the operation. `.ci/event-names` takes the operations from
//! the public API models; what is recorded beside them, or otherwise, is listed by hand.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::OnceLock;

use memchr::memmem;

use super::typos::{self, Words};
use crate::diagnostic::nearest;
use crate::wildcard::matches_star;

const GENERATED: &str = include_str!("api_names.txt");
const BY_HAND: &str = include_str!("api_names_by_hand.txt");

/// The events of one service.
#[derive(Debug, Default)]
pub(crate) struct Service {
    /// Operations of the API models, grouped by their first word: `Verb:Rest,Rest Verb:Rest …`.
    generated: &'static str,
    by_hand: Vec<&'static str>,
    /// Operations, and what their events are called; nothing where none is recorded.
    recorded_as: Vec<(&'static str, &'static str)>,
    /// There are more events than these.
    pub(crate) open: bool,
}

/// What is known about an event's name.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Some event has it, or may have it.
    Known,
    /// No event has the name.
    Unknown,
    /// It is an operation whose events are called otherwise.
    RecordedAs(&'static str),
    /// It is a permission, not an operation.
    Permission,
    /// Events carry the date of the API's version behind it.
    Dated,
}

/// Names by which people know a service, and the one that CloudTrail records.
/// Source: the services' own pages "Logging API calls with CloudTrail".
const OTHER_NAMES: &[(&str, &str)] = &[
    ("accessanalyzer", "access-analyzer"),
    ("cloudwatch", "monitoring"),
    ("console", "signin"),
    ("efs", "elasticfilesystem"),
    ("elb", "elasticloadbalancing"),
    ("elbv2", "elasticloadbalancing"),
    ("email", "ses"),
    ("emr", "elasticmapreduce"),
    ("eventbridge", "events"),
    ("identitycenter", "sso"),
    ("opensearch", "es"),
    ("sign-in", "signin"),
    ("sso-admin", "sso"),
    ("stepfunctions", "states"),
];

/// Every service, by the event source without `.amazonaws.com`.
pub(crate) fn services() -> &'static BTreeMap<&'static str, Service> {
    static SERVICES: OnceLock<BTreeMap<&'static str, Service>> = OnceLock::new();
    SERVICES.get_or_init(|| {
        let mut services: BTreeMap<&str, Service> = BTreeMap::new();
        for (source, names) in lines(GENERATED) {
            services.entry(source).or_default().generated = names;
        }
        for (source, names) in lines(BY_HAND) {
            let service = services.entry(source).or_default();
            for word in names.split(' ') {
                match word.split_once('>') {
                    Some(renamed) => service.recorded_as.push(renamed),
                    None if word == "*" => service.open = true,
                    None => service.by_hand.push(word),
                }
            }
        }
        services
    })
}

/// How many names hold each word, those of all services together.
pub(super) fn words() -> &'static Words {
    static WORDS: OnceLock<Words> = OnceLock::new();
    WORDS.get_or_init(|| {
        let mut words = Words::new();
        for service in services().values() {
            for (verb, nouns) in service.groups() {
                for noun in nouns.split(',') {
                    typos::words(verb)
                        .chain(typos::words(noun))
                        .for_each(|word| *words.entry(word).or_default() += 1);
                }
            }
            let by_hand = service.by_hand.iter().copied();
            by_hand
                .flat_map(typos::words)
                .for_each(|word| *words.entry(word).or_default() += 1);
        }
        words
    })
}

fn lines(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' '))
}

impl Service {
    /// Whether an event has exactly this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        if self.by_hand.contains(&name) {
            return true;
        }
        let (verb, rest) = split(name);
        self.nouns(verb)
            .is_some_and(|nouns| nouns.split(',').any(|noun| noun == rest))
            && !self.recorded_as.iter().any(|(other, _)| *other == name)
    }

    /// What stands behind a verb in the table.
    fn nouns(&self, verb: &str) -> Option<&'static str> {
        let wanted = format!("{verb}:");
        let is_whole =
            |at: &usize| *at == 0 || self.generated.as_bytes().get(*at - 1) == Some(&b' ');
        let group = memmem::find_iter(self.generated.as_bytes(), &wanted).find(is_whole)?;
        let nouns = self.generated.get(group + wanted.len()..)?;
        nouns.split(' ').next()
    }

    /// Visits every name that begins so, until the visitor breaks.
    pub(crate) fn each(&self, prefix: &str, mut visit: impl FnMut(&str) -> ControlFlow<()>) {
        let mut name = String::new();
        for (verb, nouns) in self.groups() {
            if !verb.starts_with(prefix) && !prefix.starts_with(verb) {
                continue;
            }
            for noun in nouns.split(',') {
                name.clear();
                name.push_str(verb);
                name.push_str(noun);
                let elsewhere = || self.recorded_as.iter().any(|(other, _)| *other == name);
                if name.starts_with(prefix) && !elsewhere() && visit(&name).is_break() {
                    return;
                }
            }
        }
        for name in self.by_hand.iter().filter(|name| name.starts_with(prefix)) {
            if visit(name).is_break() {
                return;
            }
        }
    }

    /// Every name of the service that is known.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.each("", |name| {
            names.push(name.to_owned());
            ControlFlow::Continue(())
        });
        names
    }

    fn groups(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.generated
            .split(' ')
            .filter_map(|group| group.split_once(':'))
    }

    /// What is known about a name, in which `*` stands for any text.
    fn verdict(&self, glob: &str) -> Verdict {
        let Some((prefix, _)) = glob.split_once('*') else {
            return self.verdict_of_name(glob);
        };
        let mut found = false;
        self.each(prefix, |name| {
            found |= matches_star(glob, name);
            if found {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        if found {
            Verdict::Known
        } else {
            Verdict::Unknown
        }
    }

    fn verdict_of_name(&self, name: &str) -> Verdict {
        // Which of Lambda's operations have a date, and which one, is known of the older ones only.
        if self.has(name) || undated(name).is_some_and(|name| self.has(name)) {
            return Verdict::Known;
        }
        match self.recorded_as.iter().find(|(other, _)| *other == name) {
            Some((_, "")) => return Verdict::Permission,
            Some((_, event)) => return Verdict::RecordedAs(event),
            None => {}
        }
        let mut dated = false;
        self.each(name, |longer| {
            let date = longer.get(name.len()..name.len() + 8);
            dated |= date.is_some_and(|date| date.bytes().all(|b| b.is_ascii_digit()));
            ControlFlow::Continue(())
        });
        if dated {
            Verdict::Dated
        } else {
            Verdict::Unknown
        }
    }
}

/// What is wrong with the name of an event: no event has it.
pub(crate) enum Misnomer<'n> {
    /// Nobody knows the service.
    Service {
        service: &'n str,
        near: Option<&'static str>,
    },
    /// The service's events carry the date of the API's version behind it.
    Dated { service: &'n str },
    /// The service's events are called otherwise.
    RecordedAs {
        service: &'n str,
        name: &'static str,
    },
    /// It is a permission, which no event records. `alone`: no other service was asked about.
    Permission { service: &'n str, alone: bool },
    /// None of the services has such an event.
    Unknown {
        /// The one that was probably meant, and its service.
        near: Option<(&'n str, String)>,
        /// Another service, which has an event of exactly this name.
        elsewhere: Option<&'static str>,
        /// Whether it is a typo; else AWS may have come to write it since.
        certain: bool,
    },
}

impl Misnomer<'_> {
    /// Whether it is certain that no event has the name.
    pub(crate) fn is_certain(&self) -> bool {
        match self {
            Self::Permission { alone, .. } => *alone,
            Self::Unknown { certain, .. } => *certain,
            Self::Service { .. } | Self::Dated { .. } | Self::RecordedAs { .. } => false,
        }
    }
}

/// What is wrong with a name in which `*` stands for any text. It may be any service's where none is named, and one of
/// theirs where several are.
pub(crate) fn misnomer<'n>(named: &[&'n str], glob: &str) -> Option<Misnomer<'n>> {
    let mut asked: Vec<(&'n str, &Service)> = Vec::new();
    for service in named.iter().copied() {
        match services().get(service) {
            Some(known) => asked.push((service, known)),
            None => {
                // Three letters have too many neighbours for a guess to be worth anything.
                let known = services().keys().copied().filter(|known| known.len() > 3);
                let near = (service.len() > 3)
                    .then(|| nearest(service, known))
                    .flatten();
                return Some(Misnomer::Service { service, near });
            }
        }
    }
    if named.is_empty() {
        asked.extend(services().iter().map(|(name, service)| (*name, service)));
    }
    // A lone `*`, and what one of the services has, need no second look.
    let mut verdicts = Vec::new();
    for (service, known) in &asked {
        match known.verdict(glob) {
            Verdict::Known => return None,
            verdict => verdicts.push((*service, verdict)),
        }
    }
    for (service, verdict) in verdicts {
        match verdict {
            Verdict::Dated => return Some(Misnomer::Dated { service }),
            Verdict::RecordedAs(name) => return Some(Misnomer::RecordedAs { service, name }),
            Verdict::Permission => {
                let alone = named.len() == 1;
                return Some(Misnomer::Permission { service, alone });
            }
            Verdict::Known | Verdict::Unknown => {}
        }
    }
    let near = near_event(&asked, glob);
    let open = asked.iter().any(|(_, known)| known.open);
    if near.is_none() && open && !named.is_empty() {
        return None;
    }
    let start = |text: &str| text.split('*').next().unwrap_or_default().to_owned();
    let certain = near
        .as_ref()
        .is_some_and(|(_, near)| typos::is_certain(&start(glob), &start(near), words()));
    let elsewhere = if near.is_none() {
        elsewhere(glob)
    } else {
        None
    };
    Some(Misnomer::Unknown {
        near,
        elsewhere,
        certain,
    })
}

/// Whether it is certain that no event of these services has such a name.
pub(crate) fn is_never_recorded(named: &[&str], glob: &str) -> bool {
    misnomer(named, glob).is_some_and(|misnomer| misnomer.is_certain())
}

/// The event that was probably meant, and its service. Of a glob only the beginning is compared.
fn near_event<'n>(asked: &[(&'n str, &Service)], glob: &str) -> Option<(&'n str, String)> {
    // Among all names there is always one that looks alike.
    if asked.len() > 20 {
        return None;
    }
    asked.iter().find_map(|(service, known)| {
        let names = known.names();
        let Some((start, rest)) = glob.split_once('*') else {
            let near = nearest(glob, names.iter().map(String::as_str))?;
            return Some((*service, near.to_owned()));
        };
        let starts = names.iter().filter_map(|name| {
            let end = name
                .char_indices()
                .skip(1)
                .find(|(_, c)| c.is_ascii_uppercase());
            name.get(..end.map_or(name.len(), |(at, _)| at))
        });
        let near = nearest(start, starts)?;
        let mended = format!("{near}*{rest}");
        (near != start && known.verdict(&mended) == Verdict::Known).then_some((*service, mended))
    })
}

/// A service that has an event of exactly that name.
fn elsewhere(name: &str) -> Option<&'static str> {
    let mut services = services().iter().filter(|(_, service)| service.has(name));
    match (services.next(), services.next()) {
        (Some((service, _)), None) => Some(service),
        _ => None,
    }
}

/// The service that a text names with its domain.
pub(crate) fn without_domain(text: &str) -> Option<&str> {
    let service = text.strip_suffix(".amazonaws.com")?;
    Some(service.strip_prefix("aws.").unwrap_or(service))
}

/// What CloudTrail calls a service that people know by another name.
pub(crate) fn recorded_service(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let found = OTHER_NAMES.iter().find(|(other, _)| *other == name);
    found.map(|(_, recorded)| *recorded)
}

/// The name of an operation without the date, and the `v2`, that Lambda's events carry.
pub(super) fn undated(name: &str) -> Option<&str> {
    let name = name.strip_suffix("v2").unwrap_or(name);
    let (operation, date) = name.split_at_checked(name.len().checked_sub(8)?)?;
    date.bytes()
        .all(|b| b.is_ascii_digit())
        .then_some(operation)
}

/// The first word of a name, as the table groups them, and the rest.
fn split(name: &str) -> (&str, &str) {
    let first = usize::from(name.starts_with(|c: char| c.is_ascii_uppercase()));
    let end = name
        .bytes()
        .enumerate()
        .skip(first)
        .find(|(_, byte)| !byte.is_ascii_lowercase())
        .map_or(name.len(), |(at, _)| at);
    name.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_small() {
        assert!(GENERATED.len() < 400_000);
        let services = services();
        assert!(services.len() > 300, "{}", services.len());
        let count: usize = services.values().map(|service| service.names().len()).sum();
        assert!(count > 15_000, "{count}");
        for (source, service) in services {
            let names = service.names();
            for name in &names {
                assert!(service.has(name), "{source}:{name}");
            }
            for (operation, event) in &service.recorded_as {
                assert!(event.is_empty() || service.has(event), "{source}:{event}");
                assert!(!service.has(operation), "{source}:{operation}");
            }
        }
    }

    #[test]
    fn names_are_known_as_cloudtrail_writes_them() {
        for (service, glob, verdict) in [
            ("iam", "CreateUser", Verdict::Known),
            ("iam", "Attach*Policy", Verdict::Known),
            ("iam", "*", Verdict::Known),
            ("iam", "createuser", Verdict::Unknown),
            ("iam", "Atach*", Verdict::Unknown),
            ("iam", "PassRole", Verdict::Permission),
            ("monitoring", "DeleteAlarms", Verdict::Known),
            ("elasticloadbalancing", "CreateTargetGroup", Verdict::Known),
            (
                "elasticloadbalancing",
                "CreateLoadBalancerPolicy",
                Verdict::Known,
            ),
            ("ses", "SendEmail", Verdict::Known),
            ("sso", "CreateAccountAssignment", Verdict::Known),
            ("signin", "ConsoleLogin", Verdict::Known),
            ("kms", "RotateKey", Verdict::Known),
            (
                "s3",
                "PutPublicAccessBlock",
                Verdict::RecordedAs("PutBucketPublicAccessBlock"),
            ),
            ("lambda", "AddPermission20150331v2", Verdict::Known),
            ("lambda", "UpdateFunctionUrlConfig20211031", Verdict::Known),
            ("lambda", "AddPermission*", Verdict::Known),
            ("lambda", "CreateFunctionUrlConfig", Verdict::Known),
            ("lambda", "AddPermission", Verdict::Dated),
        ] {
            assert_eq!(
                services()[service].verdict(glob),
                verdict,
                "{service}:{glob}"
            );
        }
    }
}
