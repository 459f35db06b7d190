//! The answers to many events as data: what `--json` prints, and what people read is made from.

use std::collections::HashMap;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{Answer, Bench, Incoming, NotAnEvent, Verdict, text};
use crate::cloudtrail::{LeftOut, copy_key};
use crate::pattern::{FieldFailure, Found};
use crate::rules::RuleId;

/// So many events are said in words: each costs some milliseconds.
const MOST_HEADLINES: usize = 20;

/// What became of every event of a text.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// The version of this JSON form.
    pub format_version: u32,
    /// Each event with its answers.
    pub events: Vec<EventAnswers>,
    /// How many of them fire a rule.
    pub fired: usize,
    /// How many of the others match a rule that does not hear of them.
    pub unheard: usize,
    /// How many items are copies of one of the events, which are not listed.
    pub copies: usize,
    /// Records and messages that rules are not asked about.
    pub left_out: Vec<Aside>,
    /// What is no event.
    pub problems: Vec<Problem>,
}

/// One event and what the rules say of it.
#[derive(Debug, Serialize)]
pub struct EventAnswers {
    /// Which item of the text it is, from 1.
    pub item: usize,
    /// The event in short.
    pub event: Summary,
    /// Who did what to what, in which account: of the first events only.
    pub headline: Option<String>,
    /// What becomes of it: first where it fires, then where it matches unheard, then the nearest misses.
    #[serde(serialize_with = "answers")]
    pub rules: Vec<Answer>,
    /// How many further rules miss, none of them nearer.
    pub further_misses: usize,
    /// How many further items are copies of the event.
    pub copies: usize,
}

/// The fields by which a person knows an event again.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The event's `service:EventName`, or the envelope's source and kind where it is none of CloudTrail's.
    pub name: String,
    /// The kind of actor.
    pub actor: Option<String>,
    /// The Region in which it appears.
    pub region: Option<String>,
    /// The account in which the event appears.
    pub account: Option<String>,
    /// When the event happened, as it says itself.
    pub time: Option<String>,
    /// `eventID`, or the envelope's.
    pub id: Option<String>,
}

/// An item of the text that rules are not asked about.
#[derive(Debug, Serialize)]
pub struct Aside {
    /// Which item of the text it is, from 1.
    pub item: usize,
    /// What it is: words for what is known, else the kind that it says to be.
    #[serde(serialize_with = "name")]
    pub what: LeftOut,
    /// Whether this release knows what it is.
    pub known: bool,
}

/// An item of the text that is no event.
#[derive(Debug, Serialize)]
pub struct Problem {
    /// Which item of the text it is, from 1.
    pub item: usize,
    /// What is the matter.
    pub problem: String,
}

impl Explained {
    /// Asks the rules about each event. At most `nearest` misses are kept of each.
    pub fn new(
        bench: &Bench<'_>,
        found: Vec<Result<Incoming, NotAnEvent>>,
        nearest: usize,
    ) -> Self {
        let mut explained = Self {
            format_version: 1,
            events: Vec::new(),
            fired: 0,
            unheard: 0,
            copies: 0,
            left_out: Vec::new(),
            problems: Vec::new(),
        };
        // Where the first of some copies is listed.
        let mut listed: HashMap<u64, usize> = HashMap::new();
        for (index, given) in found.into_iter().enumerate() {
            let item = index + 1;
            let given = match given {
                Ok(given) => given,
                Err(NotAnEvent::LeftOut(what)) => {
                    let known = matches!(what, LeftOut::Known(_));
                    explained.left_out.push(Aside { item, what, known });
                    continue;
                }
                Err(problem) => {
                    let problem = problem.to_string();
                    explained.problems.push(Problem { item, problem });
                    continue;
                }
            };
            if let Some(key) = copy_key(&given.event) {
                let first = *listed.entry(key).or_insert(explained.events.len());
                if let Some(original) = explained.events.get_mut(first) {
                    original.copies += 1;
                    explained.copies += 1;
                    continue;
                }
            }
            let mut rules = bench.answers(&given);
            let matching = rules.iter().take_while(|a| a.verdict.matches()).count();
            match rules.first().map(|answer| &answer.verdict) {
                Some(Verdict::Fires) => explained.fired += 1,
                Some(Verdict::Unheard(_)) => explained.unheard += 1,
                _ => {}
            }
            let shown = matching.saturating_add(nearest);
            let further_misses = rules.len().saturating_sub(shown);
            rules.truncate(shown);
            bench.point(&given, &mut rules);
            let said = explained.events.len() < MOST_HEADLINES;
            explained.events.push(EventAnswers {
                item,
                event: Summary::of(&given.value),
                headline: said.then(|| bench.headline(&given)).flatten(),
                rules,
                further_misses,
                copies: 0,
            });
        }
        explained
    }
}

impl EventAnswers {
    /// The rules that fire.
    pub fn fired(&self) -> impl Iterator<Item = &RuleId> {
        let fires = |answer: &&Answer| answer.verdict == Verdict::Fires;
        self.rules.iter().filter(fires).map(|answer| &answer.rule)
    }
}

impl Summary {
    fn of(event: &Value) -> Self {
        let owned = |pointer: &str| text(event, pointer).map(str::to_owned);
        // The envelope of a record is of our making: what the record does not say, it does not know.
        let (name, time, id) = match (owned("/detail/eventSource"), owned("/detail/eventName")) {
            (Some(source), Some(name)) => {
                let service = source.strip_suffix(".amazonaws.com").unwrap_or(&source);
                let name = format!("{service}:{name}");
                (name, owned("/detail/eventTime"), owned("/detail/eventID"))
            }
            _ => {
                let part = |pointer| text(event, pointer).unwrap_or("?");
                let name = format!("{} ({})", part("/source"), part("/detail-type"));
                (name, owned("/time"), owned("/id"))
            }
        };
        Self {
            name,
            actor: owned("/detail/userIdentity/type")
                .or_else(|| owned("/detail/userIdentity/invokedBy")),
            region: owned("/region"),
            account: owned("/account"),
            time,
            id,
        }
    }
}

fn name<S: Serializer>(what: &LeftOut, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(what.name())
}

fn answers<S: Serializer>(answers: &[Answer], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(answers.iter().map(|answer| match &answer.verdict {
        Verdict::Fires => json!({ "rule": answer.rule, "verdict": "fires" }),
        Verdict::Unheard(obstacle) => json!({
            "rule": answer.rule,
            "verdict": "unheard",
            "reason": obstacle.reason,
            "region": obstacle.region,
            "problem": obstacle.problem(),
            "remedy": obstacle.remedy(),
        }),
        Verdict::Misses(failures) => json!({
            "rule": answer.rule,
            "verdict": "misses",
            "failures": failures.iter().map(|of| excepted(failure(of), of, answer)).collect::<Vec<Value>>(),
        }),
    }))
}

/// A failure with the exception that causes it, if one does.
fn excepted(mut failure: Value, of: &FieldFailure, answer: &Answer) -> Value {
    let exception = answer.excepted.iter().find(|other| other.path == of.path);
    if let (Some(exception), Some(fields)) = (exception, failure.as_object_mut()) {
        fields.insert(
            "excepted_by".to_owned(),
            json!({
                "key": "unless",
                "at": exception.at,
                "together_with": exception.together_with,
            }),
        );
    }
    failure
}

/// A field that fails, in the JSON form that `iamwatch match --json` prints too.
pub(crate) fn failure(failure: &FieldFailure) -> Value {
    let found = match &failure.found {
        Found::Absent => json!({ "state": "absent" }),
        Found::Fields => json!({ "state": "fields" }),
        Found::Values { shown, count } => {
            json!({ "state": "values", "values": shown, "count": count })
        }
        Found::Elsewhere => json!({ "state": "elsewhere" }),
    };
    json!({ "path": failure.path, "found": found, "wanted": failure.wanted })
}
