//! What the rules say of one object of a log.

use serde_json::Value;

use super::actor::Actor;
use super::copies::{Before, Counted};
use super::scan::{Shape, Slot};
use super::screen::{Candidates, Memory, Screen};
use super::source::Skip;
use super::tally::{Missed, RuleTally, Sample, Tally, widen};
use super::time::{self, Second};
use crate::cloudtrail::{self, Envelope, MAX_EVENT, RecordKind, Setting, Unwrapped};
use crate::compile::Compiled;
use crate::explain::{Judge, Obstacle};
use crate::pattern::{Event, PatternError};
use crate::rules::{RuleId, RulesFile};

/// From when to when, the end not included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// The first moment of the window; `None` leaves its beginning open.
    pub since: Option<Second>,
    /// The first moment behind it.
    pub until: Option<Second>,
}

impl Window {
    fn is_whole(self) -> bool {
        self == Self::default()
    }

    fn holds(self, moment: Second) -> bool {
        self.since.is_none_or(|since| since <= moment)
            && self.until.is_none_or(|until| moment < until)
    }
}

/// Rules, ready to be asked about many records.
#[derive(Debug)]
pub struct Engine<'c> {
    ids: Vec<&'c RuleId>,
    judges: Vec<Judge<'c>>,
    /// `None`: every record is parsed and shown to every rule.
    screen: Option<Screen>,
    file: Option<&'c RulesFile>,
    options: Options<'c>,
}

/// What to count, and what stands in for what records do not say.
#[derive(Debug, Clone, Copy)]
pub struct Options<'c> {
    /// What records are taken to say where they do not.
    pub setting: Setting<'c>,
    /// What lies outside is not counted.
    pub window: Window,
    /// How many alerts of each rule are kept.
    pub samples: usize,
    /// Without any short cut: to compare with.
    pub plain: bool,
}

impl<'c> Options<'c> {
    /// Everything is counted, and no alert kept.
    pub fn counting(setting: Setting<'c>) -> Self {
        Self {
            setting,
            window: Window::default(),
            samples: 0,
            plain: false,
        }
    }
}

/// Why an object of a log was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// It should hold a record, and is this instead.
    #[error("{0}")]
    Broken(String),
    /// It is something else.
    #[error("neither a CloudTrail record nor an event of EventBridge")]
    Unknown,
    /// It is of CloudTrail and no record of a call.
    #[error("left out")]
    Skipped(Skip),
}

/// Where a thread counts.
#[derive(Debug)]
pub struct Book<'b> {
    /// What this thread has counted.
    pub tally: &'b mut Tally,
    /// What all threads have.
    pub counted: &'b Counted,
}

/// Where an object stands.
#[derive(Debug, Clone, Copy)]
pub struct RecordLocation<'b> {
    /// The name of the blob that holds the object.
    pub blob: &'b str,
    /// Which object of the blob, from 1.
    pub record: u64,
}

impl<'c> Engine<'c> {
    /// The rules of `compiled`, or some of them. Without a file they are taken to listen in every Region.
    ///
    /// # Errors
    /// A pattern that EventBridge would refuse.
    pub fn new(
        file: Option<&'c RulesFile>,
        compiled: &'c [Compiled],
        only: &[RuleId],
        options: Options<'c>,
    ) -> Result<Self, PatternError> {
        let mut ids = Vec::new();
        let mut judges = Vec::new();
        // The parts of a rule stand together.
        for parts in compiled.chunk_by(|a, b| a.rule == b.rule) {
            let Some(first) = parts.first() else {
                continue;
            };
            if only.is_empty() || only.contains(&first.rule) {
                ids.push(&first.rule);
                judges.push(Judge::new(parts)?);
            }
        }
        Ok(Self {
            screen: (!options.plain).then(|| Screen::new(&judges)),
            ids,
            judges,
            file,
            options,
        })
    }

    /// The rules in the order of the tallies.
    pub fn rules(&self) -> impl Iterator<Item = &'c RuleId> {
        self.ids.iter().copied()
    }

    /// The rules file, if there is one.
    pub fn file(&self) -> Option<&'c RulesFile> {
        self.file
    }

    /// How many alerts of each rule are kept.
    pub fn samples(&self) -> usize {
        self.options.samples
    }

    /// An empty tally of these rules.
    pub fn tally(&self) -> Tally {
        Tally::new(self.ids.len())
    }

    /// Counts an object of a text. A record on which no rule can fire is not parsed: whether it is JSON inside its
    /// braces is then not known, and makes no difference to any alert.
    ///
    /// # Errors
    /// Why it is not counted.
    pub fn judge(
        &self,
        text: &[u8],
        shape: &Shape,
        standing: RecordLocation<'_>,
        memory: &mut Memory,
        book: &mut Book<'_>,
    ) -> Result<(), Unread> {
        let object = text.get(shape.range.clone()).unwrap_or_default();
        let (Some(screen), Some(time)) = (&self.screen, shape.time.plain(text)) else {
            return self.whole(object, standing, book);
        };
        if !is_sent(shape, text) {
            return self.whole(object, standing, book);
        }
        let Candidates::Only(rules) = screen.candidates(&self.judges, text, shape, memory) else {
            return self.whole(object, standing, book);
        };
        let moment = std::str::from_utf8(time).ok().and_then(time::parse);
        if rules.is_empty() {
            self.enters(moment, book.tally);
            return Ok(());
        }
        let event = self.enveloped(detail(object)?.0)?;
        self.enter(&event, moment, object.len(), Some(rules), standing, book);
        Ok(())
    }

    fn whole(
        &self,
        object: &[u8],
        standing: RecordLocation<'_>,
        book: &mut Book<'_>,
    ) -> Result<(), Unread> {
        let (detail, text) = detail(object)?;
        let digest = detail.has(&["detail", "digestS3Object"]);
        if self.alone(detail, text, standing, book)? {
            return Ok(());
        }
        if digest {
            return Err(Unread::Skipped(Skip::Digest));
        }
        let value: Value = serde_json::from_str(text).map_err(not_json)?;
        let mut outcome = Ok(());
        for item in cloudtrail::unwrapped(value) {
            let counted = match item {
                Unwrapped::Value(value) => self.inner(&value, standing, book),
                Unwrapped::LeftOut(what) => {
                    book.tally.left_out.add(what, 1);
                    Ok(())
                }
                Unwrapped::Broken(problem) => Err(Unread::Broken(problem)),
            };
            outcome = outcome.and(counted);
        }
        outcome
    }

    /// Counts what lay in an object, and holds nothing else.
    fn inner(
        &self,
        value: &Value,
        standing: RecordLocation<'_>,
        book: &mut Book<'_>,
    ) -> Result<(), Unread> {
        let object = value.to_string();
        let (detail, text) = detail(object.as_bytes())?;
        match self.alone(detail, text, standing, book)? {
            true => Ok(()),
            false => Err(Unread::Unknown),
        }
    }

    /// Counts an object if it is a record of which EventBridge makes an event, or such an event; whether it is.
    fn alone(
        &self,
        detail: Event,
        text: &str,
        standing: RecordLocation<'_>,
        book: &mut Book<'_>,
    ) -> Result<bool, Unread> {
        let there = |name: &str| detail.text(&["detail", name]).is_some();
        let wraps = detail.has(&["detail", "detail"]);
        if there("eventTime") || (there("eventSource") && there("eventName") && !wraps) {
            let kind = RecordKind::of(|name| detail.text(&["detail", name]));
            if !matches!(kind, RecordKind::Event(_)) {
                return Ok(false);
            }
            let moment = detail.text(&["detail", "eventTime"]).and_then(time::parse);
            let event = self.enveloped(detail)?;
            self.enter(&event, moment, text.len(), None, standing, book);
            return Ok(true);
        }
        // Our alerts name the source beside the event that they hold.
        let holds = there("rule") && detail.has(&["detail", "event"]);
        if (there("source") && !holds) || wraps {
            let event = Event::parse(text).map_err(not_json)?;
            let written = event.text(&["detail", "eventTime"]);
            let moment = written.or(event.text(&["time"])).and_then(time::parse);
            self.enter(&event, moment, text.len(), None, standing, book);
            return Ok(true);
        }
        Ok(false)
    }

    /// The event that EventBridge makes of a record, which lies in its `detail`.
    fn enveloped(&self, mut event: Event) -> Result<Event, Unread> {
        let envelope = Envelope::of(
            |path| match path {
                [name] => event.text(&["detail", name]),
                [first, second] => event.text(&["detail", first, second]),
                _ => None,
            },
            &self.options.setting,
        );
        let members = [
            ("version", "0"),
            ("id", &envelope.id),
            ("detail-type", envelope.detail_type),
            ("source", &envelope.source),
            ("account", &envelope.account),
            ("time", &envelope.time),
            ("region", &envelope.region),
        ];
        for (name, text) in members {
            event.put(name, text).map_err(not_json)?;
        }
        Ok(event)
    }

    /// Counts an event, if its moment lies in the window, and what some of the rules say of it; `None`: all of them.
    fn enter(
        &self,
        event: &Event,
        moment: Option<Second>,
        bytes: usize,
        rules: Option<&[usize]>,
        standing: RecordLocation<'_>,
        book: &mut Book<'_>,
    ) {
        if !self.enters(moment, book.tally) {
            return;
        }
        let reached = match rules {
            Some(rules) => self.reached(event, rules.iter().copied()),
            None => self.reached(event, 0..self.judges.len()),
        };
        if reached.is_empty() {
            return;
        }
        match book.counted.before(event) {
            Before::New => {}
            Before::Copy => {
                book.tally.copies += 1;
                return;
            }
            Before::Untold => book.tally.untold += 1,
        }
        let tally = &mut *book.tally;
        let mut alerting: Vec<u32> = Vec::new();
        for (index, reached) in reached {
            let Some(rule) = tally.rules.get_mut(index) else {
                continue;
            };
            let missed = match &reached {
                _ if bytes > MAX_EVENT => Some(Missed::TooLarge),
                Ok(()) => None,
                Err(Obstacle { reason, region }) => {
                    let missed = Missed::from(*reason);
                    if missed == Missed::NotListening {
                        rule.unheard_in.add(region.clone(), 1);
                    }
                    Some(missed)
                }
            };
            if let Some(missed) = missed {
                *rule.missed.entry(missed).or_default() += 1;
                continue;
            }
            alerting.push(index as u32);
            self.alert(rule, event, moment, standing);
        }
        tally.alerting += u64::from(!alerting.is_empty());
        for (n, first) in alerting.iter().enumerate() {
            for second in alerting.iter().skip(n + 1) {
                *tally.pairs.entry((*first, *second)).or_default() += 1;
            }
        }
    }

    /// Those of some rules that match an event, and whether it reaches them.
    fn reached(
        &self,
        event: &Event,
        rules: impl Iterator<Item = usize>,
    ) -> Vec<(usize, Result<(), Obstacle>)> {
        rules
            .filter_map(|index| {
                let reached = self.judges.get(index)?.reach(event, self.file)?;
                Some((index, reached))
            })
            .collect()
    }

    /// Counts an alert of a rule.
    fn alert(
        &self,
        rule: &mut RuleTally,
        event: &Event,
        moment: Option<Second>,
        standing: RecordLocation<'_>,
    ) {
        rule.alerts += 1;
        if let Some(moment) = moment {
            widen(&mut rule.period, moment);
            *rule.hours.entry(moment.div_euclid(3600)).or_default() += 1;
        }
        let (actor, also) = Actor::of(event);
        for other in also {
            rule.also.add(other, 1);
        }
        if let Some(account) = event.text(&["account"]) {
            rule.accounts.add(account.to_owned(), 1);
        }
        if let Some(address) = event.text(&["detail", "sourceIPAddress"]) {
            rule.addresses.add(address.to_owned(), 1);
        }
        rule.keep(
            || sample(event, &actor, moment, standing),
            self.options.samples,
        );
        rule.actors.add(actor, 1);
    }

    /// Counts a record, if its moment lies in the window.
    fn enters(&self, moment: Option<Second>, tally: &mut Tally) -> bool {
        match moment {
            Some(moment) if !self.options.window.holds(moment) => {
                tally.outside += 1;
                return false;
            }
            Some(moment) => widen(&mut tally.period, moment),
            // It cannot be said to lie in the window.
            None if !self.options.window.is_whole() => {
                tally.outside += 1;
                tally.undated_outside += 1;
                return false;
            }
            None => tally.undated += 1,
        }
        tally.records += 1;
        true
    }
}

/// Whether EventBridge surely makes an event of a record, as far as its outermost level tells. What an escape hides is
/// for the screen, which then leaves it open.
fn is_sent(shape: &Shape, text: &[u8]) -> bool {
    // Nearly all records are such.
    let call = shape.kind.plain(text) == Some(b"AwsApiCall".as_slice())
        && shape.category.plain(text) == Some(b"Management".as_slice());
    let source = shape.source.plain(text);
    if call && source.is_some_and(|source| source.ends_with(b".amazonaws.com")) {
        return true;
    }
    // Insights have none, and another `source` than the screen expects.
    if source.is_none() {
        return false;
    }
    let slots = [
        ("eventType", &shape.kind),
        ("eventCategory", &shape.category),
        ("eventSource", &shape.source),
    ];
    if slots.iter().any(|(_, slot)| **slot == Slot::Strange) {
        return false;
    }
    let said = |name: &str| {
        let (_, slot) = slots.iter().find(|(of, _)| *of == name)?;
        std::str::from_utf8(slot.plain(text)?).ok()
    };
    matches!(RecordKind::of(said), RecordKind::Event(_))
}

/// An object as the `detail` of an event, and its text.
fn detail(object: &[u8]) -> Result<(Event, &str), Unread> {
    let text = std::str::from_utf8(object).map_err(not_json)?;
    Ok((Event::around("detail", text).map_err(not_json)?, text))
}

fn not_json(error: impl std::fmt::Display) -> Unread {
    Unread::NotJson(error.to_string())
}

fn sample(
    event: &Event,
    actor: &Actor,
    moment: Option<Second>,
    standing: RecordLocation<'_>,
) -> Sample {
    let owned = |path: &[&str]| event.text(path).map(str::to_owned);
    let source = event.text(&["detail", "eventSource"]).unwrap_or("?");
    let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    let name = event.text(&["detail", "eventName"]).unwrap_or("?");
    Sample {
        time: moment.map(time::written),
        id: owned(&["detail", "eventID"]).or_else(|| owned(&["id"])),
        event: format!("{service}:{name}"),
        actor: actor.value.clone(),
        account: owned(&["account"]),
        region: owned(&["region"]),
        address: owned(&["detail", "sourceIPAddress"]),
        error: owned(&["detail", "errorCode"]),
        blob: standing.blob.to_owned(),
        record: standing.record,
    }
}
