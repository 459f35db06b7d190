//! What must be known of a kind: one table, filled in by each room, that plans, judgements, forecasts and
//! displays ask.

use serde_json::Value;

use super::model::{AttributeChange, ResourceKey};
use super::policy::{still_admits, takes_nothing};
use crate::aws::Call;
use crate::place::{Place, Region};

/// What is known of a kind, whatever a single resource of it looks like.
#[derive(Debug)]
pub struct Facts {
    /// The event source of its service, without `.amazonaws.com`.
    pub service: &'static str,
    /// Fields that AWS cannot change in place: a difference there makes another resource.
    pub fixed: &'static [&'static str],
    /// Fields that someone else changes: a difference there is waited for, not repaired.
    pub awaited: &'static [&'static str],
    /// Fields that AWS never shows: they are not compared.
    pub write_only: &'static [&'static str],
    /// Fields that hold a document, shown and changed as a whole. `field.*` are the entries of a field.
    pub documents: &'static [&'static str],
    /// How it is known whose it is.
    pub ownership: Ownership,
    /// How `--delete` names it, if it is kept otherwise: it holds evidence, or opens it.
    pub deletion: Option<&'static str>,
    /// What a plan says of its deletion beyond its name.
    pub farewell: Option<&'static str>,
    /// On which stretch of an alert's way it stands.
    pub stretch: Stretch,
    /// What its absence does.
    pub missing: Impact,
    /// What a difference does.
    pub impact: fn(&AttributeChange) -> Impact,
    /// Whether a test event passes in spite of a difference that loses real alerts.
    pub passes_tests: fn(&AttributeChange) -> bool,
    /// A difference as a clause about the resource, where there is more to say than which field it is.
    pub words: fn(&AttributeChange) -> Option<String>,
    /// What its policy is for, behind "its policy is not the one that".
    pub purpose: &'static str,
    /// What follows for those who wait for alerts, while it loses some.
    pub loss: fn(&Affected<'_>) -> String,
    /// What follows while it differs and loses none.
    pub drift: &'static str,
    /// What one that is ours and no longer wanted still does, if anything.
    pub leftover: Option<&'static str>,
    /// The call that lists those of a place, and of which places.
    pub listed: Option<(Sweep, &'static Call)>,
    /// The calls that look at one that was found.
    pub looks: &'static [&'static Call],
    /// Calls of anybody by which one is broken, silenced, or no longer known as ours, as CloudTrail records them.
    pub breaks: &'static [&'static str],
    /// Calls by which one is put back or made anew, as CloudTrail records them: whoever is silent in between is heard
    /// of by these.
    pub restores: &'static [&'static str],
    /// Operations that CloudTrail records under another name, with that name.
    pub recorded: &'static [(&'static str, &'static str)],
    /// What the calls of a change are about, as CloudTrail records it: the fields of all of them together, no
    /// two of which have the same name.
    pub subject: fn(&Subject<'_>) -> Value,
}

/// How it is known whose a resource is.
#[derive(Debug, Clone, Copy)]
pub enum Ownership {
    /// By a tag, which this call puts on what is taken over.
    Tag(&'static Call),
    /// By a description that only its makers write, since it takes no tag: none is taken over.
    Marker,
    /// By what it belongs to.
    Parent,
}

/// What a difference between what is wanted and what is live does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Impact {
    /// Alerts are lost until the difference is gone.
    Alert,
    /// No alert is lost; what keeps a record, or saves an alert that cannot be delivered, is weaker.
    Safeguard,
    /// Nothing is lost: it is drift.
    Cosmetic,
}

/// A stretch of the way from a call to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch {
    /// What makes AWS tell of calls: a test event does not need it.
    Feed,
    /// What brings events from where they appear to the home bus.
    Forwarding,
    /// From the home bus to the readers.
    Alerting,
}

/// Which places are asked for a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Every Region that is listened to.
    Everywhere,
    /// The home Region alone.
    Home,
    /// The Region of global services.
    Global,
}

/// A resource whose difference loses alerts.
#[derive(Debug)]
pub struct Affected<'a> {
    /// The resource that differs.
    pub key: &'a ResourceKey,
    /// The Regions whose events it brings home, sorted.
    pub regions: &'a [&'a str],
    /// Whether it is a forwarder.
    pub forwards: bool,
}

/// A resource that calls are about.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The resource that the calls are about.
    pub key: &'a ResourceKey,
    /// The Region of the calls.
    pub region: &'a Region,
    /// What AWS calls it where the key does not say, if it is there.
    pub handle: Option<&'a str>,
}

/// How much of something a resource has that AWS limits for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// What is counted, up to the name of the resource: `targets of`.
    pub what: &'static str,
    /// How much there would be.
    pub need: usize,
    /// How much there may be.
    pub limit: usize,
    /// What to do where it is too much.
    pub help: &'static str,
}

/// What every resource can tell of itself.
pub trait Managed {
    /// Its name in keys.
    fn name(&self) -> String;
    /// What must exist before it, where it stands at `place`.
    fn needs(&self, place: &Place) -> Vec<ResourceKey>;
    /// What a new one is about, in a line or three.
    fn description(&self) -> Vec<String>;
    /// What AWS limits of it alone.
    fn sizes(&self) -> Vec<Size>;
    /// The writes that create it.
    fn created(&self) -> Vec<&'static Call>;
    /// The writes that turn it into another of its kind.
    fn updated(&self, after: &Self) -> Vec<&'static Call>
    where
        Self: Sized;
    /// The writes that delete it.
    fn deleted(&self) -> Vec<&'static Call>;
}

impl Facts {
    /// Whether it is deleted only when it is asked for by its own name.
    pub fn is_kept(&self) -> bool {
        self.deletion.is_some()
    }

    /// Whether a field holds a document.
    pub fn is_document(&self, path: &str) -> bool {
        self.documents.iter().any(|document| {
            *document == path
                || document
                    .strip_suffix('*')
                    .is_some_and(|entries| path.starts_with(entries))
        })
    }

    /// What a difference does. Tags carry nothing.
    pub fn impact_of(&self, change: &AttributeChange) -> Impact {
        if change.path.starts_with("tags.") {
            return Impact::Cosmetic;
        }
        (self.impact)(change)
    }

    /// A difference, as a clause about the resource.
    pub fn describe(&self, change: &AttributeChange) -> String {
        if let Some(words) = (self.words)(change) {
            return words;
        }
        match (change.path.as_str(), &change.before) {
            ("policy", Value::Null) => "it has no policy".to_owned(),
            ("policy", _) => format!("its policy is not the one that {}", self.purpose),
            (path, Value::Null) => format!("`{path}` is missing"),
            (path, _) => format!("`{path}` was changed"),
        }
    }

    /// The name under which CloudTrail records a call.
    pub fn recorded_name(&self, call: &Call) -> &'static str {
        let mut known = self.recorded.iter();
        let known = known.find(|(operation, _)| *operation == call.operation);
        known.map_or(call.operation, |(_, name)| name)
    }
}

impl Affected<'_> {
    /// `email security@example.com`, from the key `topic/email/security@example.com`.
    pub fn reader(key: &ResourceKey) -> String {
        let rest = key.name.split_once('/').map_or("", |(_, rest)| rest);
        rest.replacen('/', " ", 1)
    }
}

/// Every difference of the kind loses alerts.
pub(super) fn all_lose(_: &AttributeChange) -> Impact {
    Impact::Alert
}

/// What a difference of a policy of ours does: nothing is lost while it still lets everything in, however it is spelt, and
/// whoever else it lets in besides.
pub(super) fn of_policy(change: &AttributeChange) -> Impact {
    let admits = match &change.after {
        // One that is there besides.
        Value::Null => takes_nothing(&change.before),
        wanted => still_admits(&change.before, wanted),
    };
    match admits {
        true => Impact::Safeguard,
        false => Impact::Alert,
    }
}

/// A test event passes where a real one does, and nowhere else.
pub(super) fn as_real_ones(_: &AttributeChange) -> bool {
    false
}

/// There is no more to say than which field differs.
pub(super) fn no_words(_: &AttributeChange) -> Option<String> {
    None
}

/// What follows while alerts arrive, where there is no more to say.
pub(super) const ARRIVE: &str = "alerts arrive; it is not as the rules file says";
/// What follows where the record of events is less than it should be.
pub(super) const RECORD_LESS: &str = "events arrive, but their record is less than it should be";

/// The ARN of a resource of the subject's service, account and Region.
pub(super) fn arn(subject: &Subject<'_>, service: &str, resource: &str) -> String {
    let Subject { key, region, .. } = subject;
    let account = key.place.account();
    format!(
        "arn:{}:{service}:{region}:{account}:{resource}",
        region.partition()
    )
}
