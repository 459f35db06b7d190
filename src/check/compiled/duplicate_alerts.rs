//! Two rules that tell the same readers of the same event.
//!
//! Sound, not complete: a pair is reported only with an event that both patterns match, made from a realistic one
//! of an API that exists. What takes too long to find is not looked for.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::check::checked_rule::{CheckedRule, Part, is_recordable, like, listed, services};
use crate::check::lint::Lint;
use crate::cloudtrail::{Identity, api_names};
use crate::diagnostic::Diagnostic;
use crate::pattern::{Branch, Event};
use crate::rules::{RulesFile, Severity};
use crate::threads;

pub(in crate::check) const DUPLICATE_ALERT: Lint = Lint {
    id: "W0802",
    explanation: "One event makes two of your rules alert the same readers with the same severity, so that they are told twice. The event that is shown was tried on both patterns.",
    wrong: r#"- { id: user-made, events: ["iam:CreateUser"] }
- { id: anything-made, events: ["iam:Create*"] }"#,
    right: r#"- { id: user-made, severity: high, events: ["iam:CreateUser"] }
- { id: anything-made, events: ["iam:Create*"] }"#,
    is_fatal: false,
};

/// Events that are made and tried, in one file.
const MOST_TRIED: usize = 2_000;
/// Pairs of rules that are compared.
const MOST_PAIRS: usize = 1_000_000;
/// The rules are compared in so many shares, each with its part of the limits above: what is found does not
/// depend on how many processors there are.
const SHARES: usize = 8;
/// Fewer rules than this are not worth a thread.
const LEAST_AT_ONCE: usize = 64;
/// Combinations of one rule that are compared.
const MOST_SIDES: usize = 40;
/// Names of one service that are tried for a pair of combinations.
const MOST_NAMES: usize = 3;
/// Rules that are named as the partners of one.
const MOST_PARTNERS: usize = 4;
/// Services to take events from where neither rule names any.
const COMMON: [(&str, &str); 4] = [
    ("iam", "CreateUser"),
    ("ec2", "RunInstances"),
    ("s3", "ListBuckets"),
    ("signin", "ConsoleLogin"),
];

/// Names that a reader knows, where any of a service's would do.
const WELL_KNOWN: [&str; 8] = [
    "CreateUser",
    "AttachRolePolicy",
    "CreateRole",
    "ConsoleLogin",
    "AssumeRole",
    "RunInstances",
    "CreateKey",
    "StopLogging",
];

/// One combination of a rule's tests.
struct Side<'s> {
    part: &'s Part<'s>,
    branch: Branch<'s>,
    services: Option<Vec<&'s str>>,
    names: Option<Vec<&'s str>>,
}

/// For each rule that shares an event with earlier ones of the file, which those are.
pub(in crate::check) fn warnings(
    mut order: Vec<&CheckedRule<'_>>,
    file: &RulesFile,
) -> Vec<Diagnostic> {
    order.sort_by_key(|checked| checked.rule.span);
    let sides = threads::shared_out(&order, LEAST_AT_ONCE, |some| {
        some.iter().map(|checked| sides(checked)).collect()
    });
    let mut index = Index::default();
    for (at, own) in sides.iter().enumerate() {
        index.add(at, own);
    }
    let all = Rules {
        audiences: Audience::all(&order),
        order,
        sides,
        index,
    };
    let shares: Vec<usize> = (0..SHARES).collect();
    let least = SHARES * LEAST_AT_ONCE / all.order.len().max(1);
    let mut found = threads::shared_out(&shares, least, |shares| {
        let mut made = Made::new(file);
        let found = shares.iter().flat_map(|share| all.share(*share, &mut made));
        found.collect::<Vec<_>>()
    });
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, warning)| warning).collect()
}

/// All rules of a file, in its order.
struct Rules<'s> {
    order: Vec<&'s CheckedRule<'s>>,
    sides: Vec<Vec<Side<'s>>>,
    audiences: Vec<Audience>,
    index: Index<'s>,
}

impl Rules<'_> {
    /// What is found for every `SHARES`th rule, with its place.
    fn share(&self, share: usize, made: &mut Made<'_>) -> Vec<(usize, Diagnostic)> {
        let mut left = MOST_TRIED / SHARES;
        let mut pairs = MOST_PAIRS / SHARES;
        let own = (share..self.order.len()).step_by(SHARES);
        own.filter_map(|at| Some((at, self.warning(at, made, &mut left, &mut pairs)?)))
            .collect()
    }

    fn warning(
        &self,
        at: usize,
        made: &mut Made<'_>,
        left: &mut usize,
        pairs: &mut usize,
    ) -> Option<Diagnostic> {
        let (checked, own) = (self.order.get(at)?, self.sides.get(at)?);
        let mut partners = Vec::new();
        let mut example = None;
        for other in self.index.candidates(own, at) {
            let (Some(earlier), Some(others)) = (self.order.get(other), self.sides.get(other))
            else {
                continue;
            };
            if partners.len() == MOST_PARTNERS || *left == 0 || *pairs == 0 {
                break;
            }
            *pairs -= 1;
            let heard = self.audiences.get(other).zip(self.audiences.get(at));
            if !heard.is_some_and(|(earlier, own)| earlier.is_told_with(own)) {
                continue;
            }
            if let Some(event) = shared(others, own, made, left) {
                partners.push(earlier.rule.id.0.as_str());
                example = example.or(Some((event, *earlier)));
            }
        }
        let (names, (event, first)) = (listed(&partners)?, example?);
        Some(checked.warning(
            DUPLICATE_ALERT.code(),
            format!("`{}` alerts on the same event as {names}", checked.rule.id),
            "the same readers are told twice, with the same severity",
            format!(
                "both fire on {}: {}",
                described(&event),
                advice(checked, first)
            ),
        ))
    }
}

/// What to do about two rules. The conditions of a catalogue's rule are not one's own: a `use` can neither take one
/// back nor always add another on the same field.
fn advice(later: &CheckedRule<'_>, earlier: &CheckedRule<'_>) -> String {
    let both = [later, earlier];
    let used = both.iter().find(|one| one.rule.is_from_catalogue());
    match used {
        Some(used) => {
            let id = &used.rule.id;
            format!(
                "give one another severity or other channels, or leave `{id}` out: remove its `use`, or write `except: [{id}]` at its pack"
            )
        }
        None => "except it in one of the rules with `unless`, or give one another severity or other channels".to_owned(),
    }
}

/// Who is told by a rule, and how: in numbers, since there are many pairs.
struct Audience {
    severity: Severity,
    readers: Vec<usize>,
    is_from_catalogue: bool,
}

impl Audience {
    fn all(order: &[&CheckedRule<'_>]) -> Vec<Self> {
        let mut numbers = HashMap::new();
        let of = |checked: &&CheckedRule<'_>| {
            let rule = checked.rule;
            let readers = rule.channels.iter().map(|channel| {
                let next = numbers.len();
                *numbers.entry(channel.clone()).or_insert(next)
            });
            Self {
                severity: rule.severity,
                readers: readers.collect(),
                is_from_catalogue: rule.is_from_catalogue(),
            }
        };
        order.iter().map(of).collect()
    }

    /// Whether a shared event is worth a word: a rule of one's own, the same severity, a reader of both. The
    /// rules of the catalogue are nested on purpose, and a narrow rule beside a wide one often says that it is
    /// worse.
    fn is_told_with(&self, other: &Self) -> bool {
        !(self.is_from_catalogue && other.is_from_catalogue)
            && self.severity == other.severity
            && self
                .readers
                .iter()
                .any(|reader| other.readers.contains(reader))
    }
}

fn sides<'s>(checked: &'s CheckedRule<'s>) -> Vec<Side<'s>> {
    let sides = checked.parts.iter().flat_map(|part| {
        part.branches().map(move |branch| Side {
            services: services(&branch),
            names: branch.texts("detail.eventName"),
            part,
            branch,
        })
    });
    sides.take(MOST_SIDES).collect()
}

/// The rules so far, by what they say of the events that they want.
#[derive(Default)]
struct Index<'s> {
    /// Those that spell all their events out.
    by_event: HashMap<(&'s str, &'s str), Vec<usize>>,
    /// Those that name all their services.
    by_service: HashMap<&'s str, Vec<usize>>,
    /// Of these, those that do not spell their events out.
    broad: HashMap<&'s str, Vec<usize>>,
    /// Those that do not name all their services.
    anywhere: Vec<usize>,
}

impl<'s> Index<'s> {
    fn add(&mut self, at: usize, sides: &[Side<'s>]) {
        let Some(services) = services_of(sides) else {
            self.anywhere.push(at);
            return;
        };
        let events = events(sides);
        for service in services {
            self.by_service.entry(service).or_default().push(at);
            if events.is_none() {
                self.broad.entry(service).or_default().push(at);
            }
        }
        for event in events.into_iter().flatten() {
            self.by_event.entry(event).or_default().push(at);
        }
    }

    /// Rules before `at` that may share an event with these sides of it, in their order.
    fn candidates(&self, sides: &[Side<'_>], at: usize) -> Vec<usize> {
        let Some(services) = services_of(sides) else {
            return (0..at).collect();
        };
        // Each list holds them in their order.
        let mut found = Vec::new();
        let mut add = |rules: Option<&Vec<usize>>| {
            let earlier = rules.into_iter().flatten().take_while(|rule| **rule < at);
            found.extend(earlier);
        };
        add(Some(&self.anywhere));
        let same = match events(sides) {
            Some(events) => {
                for event in events {
                    add(self.by_event.get(&event));
                }
                &self.broad
            }
            None => &self.by_service,
        };
        for service in services {
            add(same.get(service));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The services of a rule, each once, if it names all.
fn services_of<'s>(sides: &[Side<'s>]) -> Option<BTreeSet<&'s str>> {
    let mut all = BTreeSet::new();
    for side in sides {
        all.extend(side.services.as_ref()?);
    }
    Some(all)
}

/// The events of a rule, if all are spelt out.
fn events<'s>(sides: &[Side<'s>]) -> Option<Vec<(&'s str, &'s str)>> {
    let mut all = Vec::new();
    for side in sides {
        let (services, names) = (side.services.as_ref()?, side.names.as_ref()?);
        for service in services {
            all.extend(names.iter().map(|name| (*service, *name)));
        }
    }
    Some(all)
}

/// A realistic event of an API, also ready to match.
type Realistic = Rc<(Value, Event)>;

/// Those that were made: many rules are about the same calls.
struct Made<'f> {
    file: &'f RulesFile,
    events: HashMap<(String, String, Identity), Option<Realistic>>,
}

impl<'f> Made<'f> {
    fn new(file: &'f RulesFile) -> Self {
        Self {
            file,
            events: HashMap::new(),
        }
    }

    fn event(&mut self, (service, name): (&str, &str), by: Identity) -> Option<Realistic> {
        let file = self.file;
        let made = self.events.entry((service.to_owned(), name.to_owned(), by));
        let made = made.or_insert_with(|| {
            let event = like(service, name, by, file)?;
            let parsed = Event::from_value(&event).ok()?;
            Some(Rc::new((event, parsed)))
        });
        made.clone()
    }
}

/// An event that fires both.
fn shared(
    ours: &[Side<'_>],
    theirs: &[Side<'_>],
    made: &mut Made<'_>,
    left: &mut usize,
) -> Option<Value> {
    for our in ours {
        for their in theirs {
            if our.branch.excludes(&their.branch) {
                continue;
            }
            for (service, name) in common_events(our, their) {
                *left = left.checked_sub(1)?;
                if let Some(event) = tried(our, their, (&service, &name), made, left) {
                    return Some(event);
                }
            }
        }
    }
    None
}

/// An event of that name that both match, by a caller whom both accept.
fn tried(
    our: &Side<'_>,
    their: &Side<'_>,
    api: (&str, &str),
    made: &mut Made<'_>,
    left: &mut usize,
) -> Option<Value> {
    let callers = [
        (Identity::IamUser, "IAMUser"),
        (Identity::Root, "Root"),
        (Identity::AssumedRole, "AssumedRole"),
        (Identity::Service, "AWSService"),
    ];
    let accepts = |kind: &str| {
        let kind = json!(kind);
        let both = [our, their];
        both.iter()
            .all(|side| side.branch.accepts("detail.userIdentity.type", &kind))
    };
    let asks = |side: &Side<'_>| side.branch.tests_below("detail.userIdentity.");
    // Without a condition on the caller one is as good as another.
    let most = if asks(our) || asks(their) {
        callers.len()
    } else {
        1
    };
    let accepted = callers.into_iter().filter(|(_, kind)| accepts(kind));
    accepted
        .take(most)
        .enumerate()
        .find_map(|(index, (identity, _))| {
            // The first has been counted.
            if index > 0 {
                *left = left.checked_sub(1)?;
            }
            by(identity, our, their, api, made)
        })
}

/// An event of that name that both match, by one caller.
fn by(
    identity: Identity,
    our: &Side<'_>,
    their: &Side<'_>,
    api: (&str, &str),
    made: &mut Made<'_>,
) -> Option<Value> {
    let base = made.event(api, identity)?;
    let (base, parsed) = &*base;
    // A rule about a caller or an outcome, whatever the service, is meant to lie across those about events of
    // some service. It is the same only if it fires on their ordinary events.
    let across = our.services.is_none() != their.services.is_none();
    if across {
        let wide = if our.services.is_none() { our } else { their };
        let ordinary = made.event(api, Identity::IamUser)?;
        if !wide.part.pattern.matches(&ordinary.1) {
            return None;
        }
    }
    let fires_both = |event: &Event| {
        let both = [our, their];
        both.iter().all(|side| side.part.pattern.matches(event))
    };
    if fires_both(parsed) && is_possible(base, identity) {
        return Some(base.clone());
    }
    let event = our.branch.shared_witness(&their.branch, base)?;
    if !fires_both(&Event::from_value(&event).ok()?) {
        return None;
    }
    let kept = ["/source", "/detail/eventSource", "/detail/eventName"];
    let kept = kept
        .iter()
        .all(|path| event.pointer(path) == base.pointer(path));
    (kept && is_possible(&event, identity)).then_some(event)
}

/// Whether CloudTrail could have written such a record, with a caller of that kind.
fn is_possible(event: &Value, identity: Identity) -> bool {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let arn = text("/detail/userIdentity/arn").unwrap_or_default();
    let of_its_kind = match identity {
        Identity::Root => arn.ends_with(":root"),
        Identity::IamUser => !arn.ends_with(":root") && !arn.contains(":assumed-role/"),
        Identity::AssumedRole => arn.contains(":assumed-role/"),
        _ => true,
    };
    of_its_kind && is_recordable(event)
}

/// Events that exist, and that both accept by service and name.
fn common_events(our: &Side<'_>, their: &Side<'_>) -> Vec<(String, String)> {
    let both = |path: &str, value: &Value| {
        our.branch.accepts(path, value) && their.branch.accepts(path, value)
    };
    let service_fits = |service: &str| {
        both(
            "detail.eventSource",
            &json!(format!("{service}.amazonaws.com")),
        ) && both("source", &json!(format!("aws.{service}")))
    };
    let name_fits = |name: &str| both("detail.eventName", &json!(name));
    let mut found = Vec::new();
    let Some(services) = our.services.as_ref().or(their.services.as_ref()) else {
        let known = COMMON.into_iter();
        let fits = |(service, name): &(&str, &str)| service_fits(service) && name_fits(name);
        return known
            .filter(fits)
            .map(|(service, name)| (service.to_owned(), name.to_owned()))
            .collect();
    };
    for service in services.iter().filter(|service| service_fits(service)) {
        let Some(known) = api_names::services().get(service) else {
            continue;
        };
        let mut keep = |name: &str| {
            if name_fits(name) {
                found.push(((*service).to_owned(), name.to_owned()));
            }
            if found.len() >= MOST_NAMES {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        match our.names.as_ref().or(their.names.as_ref()) {
            Some(names) => {
                for name in names.iter().filter(|name| known.has(name)) {
                    if keep(name).is_break() {
                        return found;
                    }
                }
            }
            None => {
                for name in WELL_KNOWN.into_iter().filter(|name| known.has(name)) {
                    if keep(name).is_break() {
                        return found;
                    }
                }
                // The names begin as one of the two wants it, if that wants one beginning only.
                let begins = [our, their].into_iter().filter_map(|side| {
                    let all = side.branch.beginnings("detail.eventName")?;
                    if let [one] = all.as_slice() {
                        Some(*one)
                    } else {
                        None
                    }
                });
                known.each(
                    begins.max_by_key(|text| text.len()).unwrap_or_default(),
                    keep,
                );
            }
        }
        if found.len() >= MOST_NAMES {
            break;
        }
    }
    found
}

/// The event in a few words.
fn described(event: &Value) -> String {
    let text = |path: &str| {
        event
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let source = text("/detail/eventSource");
    let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    let kind = match text("/detail/userIdentity/type") {
        "Root" => "root",
        "AssumedRole" => "a role",
        "AWSService" => "a service",
        _ => "an IAM user",
    };
    format!("`{service}:{}` by {kind}", text("/detail/eventName"))
}
