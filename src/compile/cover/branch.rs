//! A pattern as an *any of* over conjunctions of flat fields: the form in which covers are computed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::compile::glob::Glob;
use crate::compile::state::RuleState;
use crate::compile::{TEST_MARK, any_of, insert};
use crate::pattern::{Event, EventPattern, MAX_COMBINATIONS, RESERVED_IN_OR, normal_form};

pub(super) const EVENT_SOURCE: &str = "detail.eventSource";
pub(super) const EVENT_NAME: &str = "detail.eventName";
pub(super) const USER_TYPE: &str = "detail.userIdentity.type";
pub(super) const SOURCE: &str = "source";
pub(super) const DETAIL_TYPE: &str = "detail-type";
const MARK: &str = "detail.iamwatch";

/// Where an event happened.
const ACCOUNT: &str = "account";

/// Alternatives for one field, each as compact JSON: sorted, each once.
pub(super) type Tests = BTreeSet<String>;

/// Fields by dotted path, all of which must hold, and the state that the detectors behind it have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Branch {
    pub(super) fields: BTreeMap<String, Tests>,
    /// Some detector behind it wants read-only events.
    pub(super) reads: bool,
}

impl Branch {
    /// The branch that passes every event.
    pub(super) fn everything(reads: bool) -> Self {
        let any = tests([json!({ "prefix": "" })]);
        Self {
            fields: BTreeMap::from([(SOURCE.to_owned(), any)]),
            reads,
        }
    }

    /// The branches of a pattern. The door for synthetic events becomes one more source: its mark and its account are left
    /// to the detectors, so that a pattern need not be said twice.
    pub(super) fn of(pattern: &Value, state: RuleState) -> Vec<Self> {
        let reads = state == RuleState::EnabledWithAll;
        let mut all = vec![BTreeMap::new()];
        if let Value::Object(object) = pattern {
            expand(object, None, &mut all);
        }
        if all.is_empty() || all.len() > MAX_COMBINATIONS {
            return vec![Self::everything(reads)];
        }
        all.into_iter()
            .map(|fields| {
                let mut branch = Self { fields, reads };
                branch.clean();
                branch
            })
            .collect()
    }

    /// Without the fields that cannot be written everywhere, and without what detectors ask of synthetic events.
    fn clean(&mut self) {
        let paths: Vec<String> = self.fields.keys().cloned().collect();
        for path in &paths {
            let mut steps = path.split('.');
            let odd = steps.any(|step| step.is_empty() || RESERVED_IN_OR.contains(&step));
            let inside = paths.iter().any(|outer| {
                path.strip_prefix(outer.as_str())
                    .is_some_and(|rest| rest.starts_with('.'))
            });
            let is_mark = path == MARK && self.fields.get(path) == Some(&tests([json!(TEST_MARK)]));
            let door = (is_mark || path == ACCOUNT)
                && self
                    .fields
                    .get(SOURCE)
                    .is_some_and(|s| s.iter().all(|test| is_test_source(test)));
            if odd || inside || door {
                self.forget(path);
            }
        }
        if self.fields.is_empty() {
            *self = Self::everything(self.reads);
        }
    }

    /// Drops a test. Events match field by field, and what one uses inside an array of objects binds the
    /// others, "absent" included (event-ruler `ArrayMembership`): with the field go the tests beside it
    /// that allow absence, since without it those could mean another element and hold less often.
    pub(super) fn forget(&mut self, path: &str) {
        self.fields.remove(path);
        let here = root(path);
        if !is_plain(here) {
            self.fields
                .retain(|path, tests| root(path) != here || !tests.contains(ABSENT));
        }
    }

    /// Whether everything that `other` passes is passed by this one. Sound, not complete.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let each = self.fields.iter().all(|(path, wide)| {
            other.fields.get(path).is_some_and(|narrow| {
                narrow == wide
                    || (numbers(narrow) == numbers(wide) && all_covered(path, narrow, wide))
            })
        });
        // As in `forget`: a test for absence means less without its neighbours.
        each && other
            .fields
            .keys()
            .filter(|path| !self.fields.contains_key(*path) && !is_plain(root(path)))
            .all(|path| {
                self.fields
                    .iter()
                    .all(|(own, tests)| root(own) != root(path) || !tests.contains(ABSENT))
            })
    }

    /// One branch for two that differ in the alternatives of one field only: the same events exactly.
    pub(super) fn merged(&self, other: &Self) -> Option<Self> {
        if !self.fields.keys().eq(other.fields.keys()) {
            return None;
        }
        let mut differing = self
            .fields
            .iter()
            .zip(other.fields.values())
            .filter(|((_, a), b)| a != b);
        let Some(((path, a), b)) = differing.next() else {
            return Some(self.clone());
        };
        if differing.next().is_some() || numbers(a) != numbers(b) {
            return None;
        }
        let mut merged = self.clone();
        merged.fields.insert(path.clone(), least(path, a.union(b)));
        Some(merged)
    }

    /// Characters that it takes in a pattern, about.
    pub(super) fn length(&self) -> usize {
        self.fields
            .iter()
            .map(|(path, tests)| {
                path.len() + 5 + tests.iter().map(|t| t.chars().count() + 1).sum::<usize>()
            })
            .sum()
    }

    /// Whether the tests of a field allow this text; a field without tests allows any.
    pub(super) fn allows(&self, path: &str, text: &str) -> bool {
        self.fields.get(path).is_none_or(|tests| {
            // Plain texts need no matcher, unless they could be addresses.
            let name = text.starts_with(|c: char| c.is_ascii_alphabetic()) && !text.contains(':');
            if name && tests.iter().all(|test| is_simple(test)) {
                return tests.contains(&json!(text).to_string())
                    || tests.iter().any(|test| {
                        value(test)
                            .get("prefix")
                            .and_then(Value::as_str)
                            .is_some_and(|prefix| text.starts_with(prefix))
                    });
            }
            let pattern = json!({ "v": tests.iter().map(|test| value(test)).collect::<Vec<_>>() });
            let event = json!({ "v": text });
            let pattern = EventPattern::from_value(&pattern).ok();
            let event = Event::from_value(&event).ok();
            // What cannot be decided is taken for allowed.
            pattern
                .zip(event)
                .is_none_or(|(pattern, event)| pattern.matches(&event))
        })
    }
}

/// Texts and beginnings of texts: what they pass can be seen without the matcher.
fn is_simple(test: &str) -> bool {
    test.starts_with('"') || test.starts_with(r#"{"prefix":""#)
}

/// The test for an absent field.
pub(super) const ABSENT: &str = r#"{"exists":false}"#;

pub(super) fn tests(values: impl IntoIterator<Item = Value>) -> Tests {
    values
        .into_iter()
        .map(|value| normal_form(&value).to_string())
        .collect()
}

fn value(test: &str) -> Value {
    serde_json::from_str(test).unwrap_or(Value::Null)
}

/// The text, for a test that only one text passes.
pub(super) fn literal(test: &str) -> Option<String> {
    let text = test.strip_prefix('"')?.strip_suffix('"')?;
    if text.contains('\\') {
        return value(test).as_str().map(str::to_owned);
    }
    Some(text.to_owned())
}

/// The source of synthetic events.
pub(super) fn is_test_source(test: &str) -> bool {
    literal(test).is_some_and(|text| text.starts_with("iamwatch.test."))
}

/// What a path shares with its neighbours: the member of `detail`, or of the envelope.
fn root(path: &str) -> &str {
    let start = path.strip_prefix("detail.").map_or(0, |_| "detail.".len());
    let end = path.get(start..).and_then(|rest| rest.find('.'));
    end.map_or(path, |end| path.get(..start + end).unwrap_or(path))
}

/// CloudTrail's `userIdentity` is one object, never a list. Source: CloudTrail, `userIdentity` element.
fn is_plain(root: &str) -> bool {
    root == "detail.userIdentity"
}

/// Flattens a pattern. Where a path comes twice the later one counts, as in EventBridge.
fn expand(object: &Map<String, Value>, base: Option<&str>, all: &mut Vec<BTreeMap<String, Tests>>) {
    for (key, value) in object {
        let path = match (base, value) {
            // An empty name of an object leaves no dot before its fields (event-ruler `extendedName`).
            (None, _) | (Some(""), Value::Array(_)) => key.clone(),
            (Some(base), _) => format!("{base}.{key}"),
        };
        match value {
            Value::Array(alternatives) if key == "$or" => {
                let before = std::mem::take(all);
                for alternative in alternatives.iter().filter_map(Value::as_object) {
                    let mut branches = before.clone();
                    expand(alternative, base, &mut branches);
                    all.append(&mut branches);
                    if all.len() > MAX_COMBINATIONS {
                        return;
                    }
                }
            }
            Value::Array(list) => {
                for branch in all.iter_mut() {
                    branch.insert(path.clone(), tests(list.iter().cloned()));
                }
            }
            Value::Object(inner) => expand(inner, Some(&path), all),
            _ => {}
        }
    }
}

/// Whether numbers are compared there: EventBridge then reads a number otherwise than an address test
/// alone would, so such lists are neither mixed nor compared with others.
fn numbers(tests: &Tests) -> bool {
    tests.iter().any(|test| match test.as_bytes().first() {
        Some(b'{') => {
            test.starts_with(r#"{"numeric""#)
                || (test.starts_with(r#"{"anything-but""#)
                    && value(test).get("anything-but").is_some_and(|but| {
                        but.is_number()
                            || but
                                .as_array()
                                .is_some_and(|list| list.iter().any(Value::is_number))
                    }))
        }
        Some(first) => first.is_ascii_digit() || *first == b'-',
        None => false,
    })
}

/// A test on names as a glob. Only where texts are names: elsewhere a text can read as an address, which
/// accepts other spellings too.
fn glob(path: &str, test: &str) -> Option<String> {
    if ![EVENT_NAME, EVENT_SOURCE, SOURCE, DETAIL_TYPE].contains(&path) {
        return None;
    }
    let plain = |text: &str| {
        let name = !text.contains([':', '"']) && !text.starts_with(|c: char| c.is_ascii_digit());
        name.then(|| text.replace('\\', r"\\").replace('*', r"\*"))
    };
    match value(test) {
        Value::String(text) => plain(&text),
        Value::Object(operator) => {
            let (name, argument) = operator.iter().next()?;
            let text = argument.as_str()?;
            match name.as_str() {
                "prefix" => plain(text).map(|text| format!("{text}*")),
                "suffix" => plain(text).map(|text| format!("*{text}")),
                "wildcard" => plain(text).map(|_| text.to_owned()),
                _ => None,
            }
        }
        _ => None,
    }
}

fn covered(path: &str, narrow: &str, wide: &str) -> bool {
    // Two texts cover each other only where they are the same.
    let texts = narrow.starts_with('"') && wide.starts_with('"');
    narrow == wide
        || (wide == r#"{"exists":true}"# && narrow != ABSENT)
        || !texts
            && !begin_otherwise(narrow, wide)
            && glob(path, wide)
                .zip(glob(path, narrow))
                .is_some_and(|(wide, narrow)| Glob::parse(&wide).covers(&narrow))
}

/// Whether the texts that one test accepts begin otherwise than those of another, as far as that is seen without reading
/// either: most pairs of names do.
fn begin_otherwise(narrow: &str, wide: &str) -> bool {
    fn beginning(test: &str) -> Option<&str> {
        let text = match test.strip_prefix(r#"{"prefix":"#) {
            Some(argument) => argument.strip_suffix('}')?,
            None => test,
        };
        let text = text.strip_prefix('"')?.strip_suffix('"')?;
        (!text.contains('\\')).then_some(text)
    }
    match (beginning(narrow), beginning(wide)) {
        (Some(narrow), Some(wide)) => !narrow.starts_with(wide),
        _ => false,
    }
}

fn all_covered(path: &str, narrow: &Tests, wide: &Tests) -> bool {
    narrow
        .iter()
        .all(|narrow| wide.contains(narrow) || wide.iter().any(|wide| covered(path, narrow, wide)))
}

/// The list without what another test of it covers.
pub(super) fn least<'t>(path: &str, all: impl Iterator<Item = &'t String>) -> Tests {
    let all: Tests = all.cloned().collect();
    let numeric = numbers(&all);
    let needed = |test: &&String| {
        numeric
            || !all.iter().any(|wide| {
                // Of two that cover each other the first stays.
                wide != *test
                    && covered(path, test, wide)
                    && !(covered(path, wide, test) && wide > *test)
            })
    };
    all.iter().filter(needed).cloned().collect()
}

/// No branch covered by another, none that could be merged: sorted, the same events exactly.
pub(super) fn simplified(mut branches: Vec<Branch>) -> Vec<Branch> {
    loop {
        branches.sort_unstable();
        branches.dedup();
        let mut kept: Vec<Branch> = Vec::with_capacity(branches.len());
        let mut changed = false;
        for branch in branches {
            if let Some(wide) = kept.iter_mut().find(|wide| wide.covers(&branch)) {
                wide.reads |= branch.reads;
                changed = true;
                continue;
            }
            let found = kept
                .iter_mut()
                .find_map(|other| other.merged(&branch).map(|merged| (other, merged)));
            if let Some((other, mut merged)) = found {
                merged.reads |= branch.reads;
                *other = merged;
                changed = true;
                continue;
            }
            let reads = kept.iter().any(|other| other.reads && branch.covers(other));
            let before = kept.len();
            kept.retain(|other| !branch.covers(other));
            changed |= kept.len() != before;
            kept.push(Branch {
                reads: branch.reads || reads,
                ..branch
            });
        }
        branches = kept;
        if !changed {
            return branches;
        }
    }
}

/// Sources and types of events, and whether `detail` is tested as well.
type Envelope<'b> = (Vec<(&'b String, &'b Tests)>, bool);

/// One pattern that passes what any of the branches passes. What they share is said once.
pub(super) fn render(branches: &[Branch]) -> Value {
    let mut groups: BTreeMap<Envelope, Vec<Map<String, Value>>> = BTreeMap::new();
    for branch in branches {
        let (detail, envelope): (Vec<_>, Vec<_>) = branch
            .fields
            .iter()
            .partition(|(path, _)| path.starts_with("detail."));
        let fields = detail
            .into_iter()
            .filter_map(|(path, tests)| Some((path.strip_prefix("detail.")?, tests)));
        let fields: Map<String, Value> = fields
            .map(|(path, tests)| (path.to_owned(), list(tests)))
            .collect();
        let group = groups.entry((envelope, fields.is_empty())).or_default();
        group.push(fields);
    }
    let groups = groups.into_iter().map(|((envelope, _), details)| {
        let mut flat: Map<String, Value> = envelope
            .into_iter()
            .map(|(path, tests)| (path.clone(), list(tests)))
            .collect();
        let detail = nested(alternatives(details));
        if !detail.is_empty() {
            flat.insert("detail".to_owned(), Value::Object(detail));
        }
        flat
    });
    normal_form(&Value::Object(nested(alternatives(groups.collect()))))
}

fn list(tests: &Tests) -> Value {
    tests.iter().map(|test| value(test)).collect()
}

/// `any_of`, except that what is shared stays inside where nothing else would be left of a branch.
fn alternatives(branches: Vec<Map<String, Value>>) -> Map<String, Value> {
    let branches = grouped(branches);
    let whole = branches.len();
    let shared = any_of(branches.clone());
    if whole < 2 || shared.contains_key("$or") {
        return shared;
    }
    Map::from_iter([("$or".to_owned(), json!(branches))])
}

/// Branches about the same names as one, which says them once.
fn grouped(branches: Vec<Map<String, Value>>) -> Vec<Map<String, Value>> {
    let names = |branch: &Map<String, Value>| branch.get("eventName").cloned();
    let mut groups: Vec<Vec<Map<String, Value>>> = Vec::new();
    for branch in branches {
        let own = names(&branch);
        let same = |group: &&mut Vec<_>| own.is_some() && group.first().and_then(names) == own;
        match groups.iter_mut().find(same) {
            Some(group) => group.push(branch),
            None => groups.push(vec![branch]),
        }
    }
    groups.into_iter().map(any_of).collect()
}

/// Objects for dotted paths.
fn nested(flat: Map<String, Value>) -> Map<String, Value> {
    let mut object = Map::new();
    for (path, value) in flat {
        match value {
            Value::Array(alternatives) if path == "$or" => {
                let alternatives = alternatives
                    .into_iter()
                    .map(|alternative| match alternative {
                        Value::Object(fields) => Value::Object(nested(fields)),
                        other => other,
                    });
                object.insert(path, alternatives.collect());
            }
            Value::Array(tests) => {
                let steps: Vec<String> = path.split('.').map(str::to_owned).collect();
                insert(&mut object, &steps, &tests);
            }
            other => {
                object.insert(path, other);
            }
        }
    }
    object
}
