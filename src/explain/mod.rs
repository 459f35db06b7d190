//! Why a rule fires on an event, or does not: what the pattern says, and whether anybody listens where the
//! event appears.
//!
//! | question | room |
//! |---|---|
//! | which events does a text hold | `input` |
//! | what does the pattern of a rule say | here |
//! | does the event reach the rule | `obstacle` |
//! | the answers as data | `report` |

mod input;
mod obstacle;
mod report;

use crate::diagnostic;
use std::sync::OnceLock;

use serde_json::Value;

use crate::alert::Reader;
use crate::compile::{self, Compiled, Where};
use crate::diagnostic::Sources;
use crate::pattern::{Event, EventPattern, FieldFailure, PatternError};
use crate::rules::{Rule, RuleId, RulesFile};

pub use input::{Incoming, NotAnEvent, events};
pub use obstacle::{Obstacle, Reason};
pub(crate) use report::failure;
pub use report::{Aside, EventAnswers, Explained, Problem, Summary};

/// What becomes of an event at one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The rule alerts on the event.
    Fires,
    /// The pattern matches, but the event does not reach it.
    Unheard(Obstacle),
    /// The pattern does not match: the fields that fail, of the part and combination that comes closest.
    Misses(Vec<FieldFailure>),
}

impl Verdict {
    /// What the pattern alone says.
    pub fn matches(&self) -> bool {
        !matches!(self, Self::Misses(_))
    }
}

/// A rule as its detectors judge events.
#[derive(Debug)]
pub struct Judge<'c> {
    parts: Vec<Part<'c>>,
}

#[derive(Debug)]
struct Part<'c> {
    compiled: &'c Compiled,
    pattern: EventPattern,
    /// What an event of AWS has to meet. The door for synthetic events and the alternatives for records without
    /// parameters are often nearer, and never meant.
    meant: EventPattern,
    /// Whether forwarders of other Regions, and of the global one, pass what it matches. That takes long to find out
    /// and is asked of each event that matches.
    wanted: [OnceLock<bool>; 2],
}

impl Part<'_> {
    fn is_wanted(&self, place: Where) -> bool {
        let [elsewhere, global] = &self.wanted;
        let known = match place {
            Where::GlobalRegion => global,
            Where::OtherRegion => elsewhere,
        };
        *known.get_or_init(|| compile::is_wanted(self.compiled, place))
    }
}

impl<'c> Judge<'c> {
    /// The judge of the patterns of one rule.
    ///
    /// # Errors
    /// A pattern that EventBridge would refuse; none that comes from the compiler.
    pub fn new(parts: impl IntoIterator<Item = &'c Compiled>) -> Result<Self, PatternError> {
        let parts = parts.into_iter().map(|compiled| {
            Ok(Part {
                compiled,
                pattern: EventPattern::from_value(&compiled.pattern)?,
                meant: EventPattern::from_value(&compiled.as_meant())?,
                wanted: Default::default(),
            })
        });
        Ok(Self {
            parts: parts.collect::<Result<_, _>>()?,
        })
    }

    /// Its patterns: an event matches the rule if it matches any of them.
    pub fn patterns(&self) -> impl Iterator<Item = &EventPattern> {
        self.parts.iter().map(|part| &part.pattern)
    }

    /// What becomes of an event that has come to the rule's bus.
    pub fn on_the_bus(&self, given: &Incoming) -> Verdict {
        self.verdict(given, |part| {
            obstacle::by_state(part.compiled, &given.value)
        })
    }

    /// What becomes of an event, listened to where the rules file says.
    pub fn anywhere(&self, given: &Incoming, file: &RulesFile) -> Verdict {
        self.verdict(given, |part| {
            obstacle::by_size(&given.value)
                .or_else(|| obstacle::by_seat(part.compiled, &given.value, file))
                .or_else(|| obstacle::by_region(|place| part.is_wanted(place), &given.value, file))
                .or_else(|| obstacle::by_state(part.compiled, &given.value))
        })
    }

    /// Whether the patterns match an event, and then what keeps it from all that do, listened to where the
    /// rules file says; without a file, in every Region.
    pub fn reach(&self, event: &Event, file: Option<&RulesFile>) -> Option<Result<(), Obstacle>> {
        self.heard(event, |part| {
            let by_place = |file| {
                obstacle::by_seat(part.compiled, event, file)
                    .or_else(|| obstacle::by_region(|place| part.is_wanted(place), event, file))
            };
            file.and_then(by_place)
                .or_else(|| obstacle::by_state(part.compiled, event))
        })
    }

    /// `None` where no pattern matches.
    fn heard(
        &self,
        event: &Event,
        obstacle: impl Fn(&Part<'_>) -> Option<Obstacle>,
    ) -> Option<Result<(), Obstacle>> {
        let mut first = None;
        for part in self.parts.iter().filter(|part| part.pattern.matches(event)) {
            match obstacle(part) {
                None => return Some(Ok(())),
                Some(found) => first = first.or(Some(Err(found))),
            }
        }
        first
    }

    fn verdict(
        &self,
        given: &Incoming,
        obstacle: impl Fn(&Part<'_>) -> Option<Obstacle>,
    ) -> Verdict {
        let event = &given.event;
        match self.heard(event, obstacle) {
            Some(Ok(())) => return Verdict::Fires,
            Some(Err(obstacle)) => return Verdict::Unheard(obstacle),
            None => {}
        }
        let source = text(&given.value, "/source").unwrap_or_default();
        let failures = self.parts.iter().map(|part| {
            let mut failures = part.meant.explain(event).failures;
            let fails = |path: &str| failures.iter().any(|failure| failure.path == path);
            // Of another service the envelope only repeats what the record says.
            if source.starts_with("aws.") && fails("detail.eventSource") {
                failures.retain(|failure| failure.path != "source");
            }
            failures
        });
        Verdict::Misses(
            failures
                .min_by_key(|failures| distance(failures))
                .unwrap_or_default(),
        )
    }
}

/// How far an event is from a rule: by the number of failing fields, and of equals those are nearer that are
/// about the same call.
fn distance(failures: &[FieldFailure]) -> (usize, usize) {
    let about_another = |failure: &&FieldFailure| {
        ["detail.eventName", "detail.eventSource", "source"].contains(&failure.path.as_str())
    };
    (
        failures.len(),
        failures.iter().filter(about_another).count(),
    )
}

/// What becomes of one event at one of several rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The id of the rule that answers.
    pub rule: RuleId,
    /// What becomes of it there.
    pub verdict: Verdict,
    /// Fields that fail because an exception of the rule holds; empty before [`Bench::point`] has looked.
    pub excepted: Vec<Excepted>,
}

/// A field by which an exception of a rule silences an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excepted {
    /// The path, as failures have it.
    pub path: String,
    /// File, line and column of the condition, where the texts are at hand.
    pub at: Option<String>,
    /// The other conditions of the same map, which hold too: the exception needs them all.
    pub together_with: Vec<String>,
}

impl Excepted {
    /// ``, or ` together with `a` and `b``.
    pub(crate) fn company(&self) -> String {
        let fields: Vec<String> = self
            .together_with
            .iter()
            .map(|f| format!("`{f}`"))
            .collect();
        match fields.split_last() {
            None => String::new(),
            Some((last, [])) => format!(" together with {last}"),
            Some((last, first)) => format!(" together with {} and {last}", first.join(", ")),
        }
    }
}

/// Those of the failing fields that fail because an exception holds.
pub(crate) fn excepted(
    rule: &Rule,
    given: &Incoming,
    failures: &[FieldFailure],
    sources: Option<&Sources>,
) -> Vec<Excepted> {
    let met = compile::exceptions_met(rule, &given.event);
    let conditions = met.iter().flat_map(|exception| {
        let of_it = exception.fields.iter();
        of_it.map(|condition| (condition, &exception.fields))
    });
    let mut found: Vec<Excepted> = Vec::new();
    for (condition, all) in conditions {
        let path = format!("detail.{}", condition.path.join("."));
        let fails = failures.iter().any(|failure| failure.path == path);
        if fails && !found.iter().any(|other| other.path == path) {
            let at = sources.map(|sources| {
                let (name, line, column) = sources.position(condition.span);
                format!("{}:{line}:{column}", diagnostic::printable(name))
            });
            let others = all.iter().filter(|other| other.path != condition.path);
            found.push(Excepted {
                path,
                at,
                together_with: others.map(|other| other.path.join(".")).collect(),
            });
        }
    }
    found
}

/// Rules, ready to be asked about many events.
#[derive(Debug)]
pub struct Bench<'c> {
    file: &'c RulesFile,
    sources: Option<&'c Sources>,
    /// Says events in words.
    reader: Option<Reader>,
    judges: Vec<(&'c RuleId, Judge<'c>)>,
}

impl<'c> Bench<'c> {
    /// All compiled rules, or some of them.
    ///
    /// # Errors
    /// As for [`Judge::new`].
    pub fn new(
        file: &'c RulesFile,
        compiled: &'c [Compiled],
        only: &[RuleId],
    ) -> Result<Self, PatternError> {
        let mut judges: Vec<(&RuleId, Judge<'_>)> = Vec::new();
        // The parts of a rule stand together.
        for parts in compiled.chunk_by(|a, b| a.rule == b.rule) {
            let Some(first) = parts.first() else {
                continue;
            };
            if only.is_empty() || only.contains(&first.rule) {
                judges.push((&first.rule, Judge::new(parts)?));
            }
        }
        Ok(Self {
            file,
            sources: None,
            reader: None,
            judges,
        })
    }

    /// Adds the texts of the rules file, so that conditions can be pointed at.
    pub fn with_sources(self, sources: &'c Sources) -> Self {
        Self {
            sources: Some(sources),
            ..self
        }
    }

    /// Adds who says in words what an event tells.
    pub fn with_reader(self, reader: Reader) -> Self {
        Self {
            reader: Some(reader),
            ..self
        }
    }

    /// Who did what to what, where somebody was added who says it.
    pub fn headline(&self, given: &Incoming) -> Option<String> {
        self.reader.as_ref()?.headline(&given.value)
    }

    /// Adds to answers which exceptions hold. That takes longer than the answers themselves, so that it is done for
    /// those that are shown.
    pub fn point(&self, given: &Incoming, answers: &mut [Answer]) {
        for answer in answers {
            let Verdict::Misses(failures) = &answer.verdict else {
                continue;
            };
            // The rules are sorted by id.
            let rules = &self.file.rules;
            let at = rules.binary_search_by(|rule| rule.id.cmp(&answer.rule));
            if let Some(rule) = at.ok().and_then(|at| rules.get(at)) {
                answer.excepted = excepted(rule, given, failures, self.sources);
            }
        }
    }

    /// What becomes of an event at each rule: those that fire first, then those that match and do not hear
    /// of it, then the nearest misses.
    pub fn answers(&self, given: &Incoming) -> Vec<Answer> {
        let judged = self.judges.iter().map(|(rule, judge)| Answer {
            rule: (*rule).clone(),
            verdict: judge.anywhere(given, self.file),
            excepted: Vec::new(),
        });
        let mut answers: Vec<Answer> = judged.collect();
        answers.sort_by_cached_key(|answer| {
            let (class, distance) = match &answer.verdict {
                Verdict::Fires => (0, (0, 0)),
                Verdict::Unheard(_) => (1, (0, 0)),
                Verdict::Misses(failures) => (2, distance(failures)),
            };
            (class, distance, answer.rule.clone())
        });
        answers
    }
}

/// A text of the event, wherever it stands.
fn text<'v>(event: &'v Value, pointer: &str) -> Option<&'v str> {
    event.pointer(pointer).and_then(Value::as_str)
}
