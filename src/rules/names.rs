//! Which events each service can have, to recognise names that no event has.
//!
//! CloudTrail names the event of an API call after the operation. `.ci/event-names` takes the operations from
//! the public API models; what is recorded beside them, or otherwise, is listed by hand.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::OnceLock;

use memchr::memmem;

use super::files::matches_star;
use super::slips::{self, Words};

const GENERATED: &str = include_str!("names.txt");
const BY_HAND: &str = include_str!("names-by-hand.txt");

/// The events of one service.
#[derive(Debug, Default)]
pub(crate) struct Service {
    /// `Verb:Rest,Rest Verb:Rest …`
    generated: &'static str,
    by_hand: Vec<&'static str>,
    /// Operations, and what their events are called; nothing where none is recorded.
    recorded_as: Vec<(&'static str, &'static str)>,
    /// There are more events than these.
    pub(crate) open: bool,
}

/// What is known about an event's name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Some event has it, or may have it.
    Known,
    /// None has it.
    Unknown,
    /// It is an operation whose events are called otherwise.
    RecordedAs(&'static str),
    /// It is a permission, not an operation.
    Permission,
    /// Events carry the date of the API's version behind it.
    Dated,
}

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
                    slips::words(verb)
                        .chain(slips::words(noun))
                        .for_each(|word| *words.entry(word).or_default() += 1);
                }
            }
            let by_hand = service.by_hand.iter().copied();
            by_hand
                .flat_map(slips::words)
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

    /// All of them.
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
    pub(super) fn verdict(&self, glob: &str) -> Verdict {
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
