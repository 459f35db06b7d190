//! Events made to match a pattern.

use serde_json::{Map, Value};

use super::compile::Field;
use super::event::Event;
use super::json::Kind;
use super::pattern::EventPattern;
use super::search::{Alone, alone};
use super::test::Test;
use super::view::Branch;

/// How many combinations of `$or` branches are tried.
const MAX_TRIED: usize = 50;

impl EventPattern {
    /// A small event that matches, or `None` if none is found (a pattern can contradict itself).
    pub fn witness(&self) -> Option<Value> {
        self.witness_over(&Value::Object(Map::new()))
    }

    /// An event that matches, made from `base`, which is an object, by changing only the fields that fail. `None` if none
    /// is found.
    pub fn witness_over(&self, base: &Value) -> Option<Value> {
        let start = Event::from_value(base).ok()?;
        if self.matches(&start) {
            return Some(base.clone());
        }
        // The combination that asks for the fewest changes comes first.
        let judged = self.compiled.judge(&start);
        let mut branches: Vec<&Vec<usize>> = self.compiled.branches.iter().collect();
        branches.sort_by_cached_key(|branch| {
            let failing = |index: &&usize| judged.get(**index) == Some(&Alone::Never);
            branch.iter().filter(failing).count()
        });
        branches.iter().take(MAX_TRIED).find_map(|branch| {
            let fields = self.compiled.branch_fields(branch);
            [false, true]
                .into_iter()
                .filter_map(|all| changed(base, &fields, all))
                .find(|candidate| {
                    Event::from_value(candidate).is_ok_and(|event| self.matches(&event))
                })
        })
    }
}

impl Branch<'_> {
    /// Whether no value of some field is accepted by both, as far as lists of texts show it.
    pub fn excludes(&self, other: &Self) -> bool {
        // Both are sorted by path.
        let mut others = other.fields.iter().peekable();
        self.fields.iter().any(|field| {
            while others.next_if(|next| next.path < field.path).is_some() {}
            others
                .peek()
                .is_some_and(|next| next.path == field.path && disjoint(field, next))
        })
    }

    /// `base` with the fields that fail in one of the two set to what both accept; `None` if there is no such
    /// value. Whether all of it matches is for the patterns to say.
    pub fn shared_witness(&self, other: &Self, base: &Value) -> Option<Value> {
        let mut event = base.clone();
        let own = |field: &&&Field| !other.fields.iter().any(|theirs| theirs.path == field.path);
        let single = self.fields.iter().filter(own).map(|field| (*field, None));
        let shared = other.fields.iter().map(|field| {
            let same = self.fields.iter().find(|ours| ours.path == field.path);
            (*field, same.copied())
        });
        let mut now = Event::from_value(&event).ok()?;
        for (field, same) in single.chain(shared) {
            let fails = |field: &Field| alone(field, &now) == Alone::Never;
            if !fails(field) && !same.is_some_and(fails) {
                continue;
            }
            let root = event.as_object_mut()?;
            remove(root, &field.path);
            let accepted = |value: &Value| same.is_none_or(|same| same.accepts_value(value));
            let sample = field
                .tests
                .iter()
                .chain(same.iter().flat_map(|same| &same.tests))
                .flat_map(candidates)
                .find(|value| field.accepts_value(value) && accepted(value));
            match sample {
                Some(sample) => set(root, &field.path, sample),
                // Both may want the field to be absent.
                None if field.allows_absence() && same.is_none_or(Field::allows_absence) => {}
                None => return None,
            }
            now = Event::from_value(&event).ok()?;
        }
        Some(event)
    }
}

fn disjoint(a: &Field, b: &Field) -> bool {
    let text = |test: &Test| matches!(test, Test::Exactly(_) | Test::Keyword(_) | Test::Absent);
    a.tests.iter().all(text)
        && b.tests.iter().all(text)
        && !a.tests.iter().any(|test| b.tests.contains(test))
}

/// `base` with the fields of a branch set, all of them or those that fail.
fn changed(base: &Value, branch: &[&Field], all: bool) -> Option<Value> {
    let mut event = base.clone();
    for field in branch {
        let now = alone(field, &Event::from_value(&event).ok()?);
        let keep = match now {
            Alone::Always => true,
            Alone::Inside | Alone::MaybeAbsent => !all,
            Alone::Never => false,
        };
        if keep {
            continue;
        }
        let root = event.as_object_mut()?;
        remove(root, &field.path);
        if let Some(sample) = sample(field) {
            set(root, &field.path, sample);
        }
    }
    Some(event)
}

/// Removes whatever the path leads to, and containers on the way that are not plain objects.
fn remove(object: &mut Map<String, Value>, path: &str) {
    let keys: Vec<String> = object.keys().cloned().collect();
    for key in keys {
        let Some(rest) = path.strip_prefix(key.as_str()) else {
            continue;
        };
        let Some(value) = object.get_mut(&key) else {
            continue;
        };
        match (rest.strip_prefix('.'), value) {
            (Some(rest), Value::Object(inner)) => remove(inner, rest),
            (Some(_), Value::Array(_)) => {
                object.remove(&key);
            }
            (None, value) if rest.is_empty() && !value.is_object() => {
                object.remove(&key);
            }
            _ => {}
        }
    }
}

/// Puts a value at a path, in nested objects as far as nothing else stands in the way; the rest of
/// the path becomes one dotted key.
fn set(object: &mut Map<String, Value>, path: &str, value: Value) {
    if let Some((key, rest)) = path.split_once('.') {
        let inner = object
            .entry(key)
            .or_insert_with(|| Value::Object(Map::new()));
        match inner {
            // JSON null and absent containers read alike to a person: CloudTrail writes
            // `"requestParameters": null`.
            Value::Null => {
                let mut fresh = Map::new();
                set(&mut fresh, rest, value);
                *inner = Value::Object(fresh);
                return;
            }
            Value::Object(inner) => return set(inner, rest, value),
            _ => {}
        }
    } else if !object.get(path).is_some_and(Value::is_object) {
        object.insert(path.to_owned(), value);
        return;
    }
    object.insert(path.to_owned(), value);
}

/// A value that the field accepts, or `None` if it wants to be absent.
fn sample(field: &Field) -> Option<Value> {
    let mut candidates = field.tests.iter().flat_map(candidates);
    candidates.find(|candidate| field.accepts_value(candidate))
}

/// Natural, short values to try for a test.
fn candidates(test: &Test) -> Vec<Value> {
    match test {
        Test::Exactly(text) => vec![Value::from(text.as_str())],
        Test::Keyword(Kind::True) => vec![Value::Bool(true)],
        Test::Keyword(Kind::False) => vec![Value::Bool(false)],
        Test::Keyword(_) => vec![Value::Null],
        Test::Number { text, .. } => serde_json::from_str(text).into_iter().collect(),
        Test::Block(block) => vec![Value::from(block.sample())],
        Test::Prefix(text) | Test::Suffix(text) => affixed(text.clone()),
        Test::PrefixFolded(text) | Test::SuffixFolded(text) => affixed(text.sample()),
        Test::EqualsFolded(text) => vec![Value::from(text.sample())],
        Test::Wildcard(wildcard) => vec![Value::from(wildcard.sample())],
        Test::Range { low, high } => {
            let low = low.map(|(low, _)| low);
            let high = high.map(|(high, _)| high);
            let near = low.or(high).unwrap_or(0.0);
            let middle = near + (high.or(low).unwrap_or(near) - near) / 2.0;
            [near, near + 1.0, near - 1.0, middle.floor(), middle]
                .into_iter()
                .chain([near * 2.0, near / 2.0])
                .chain(high)
                .filter_map(number)
                .collect()
        }
        Test::Exists => vec![Value::from("x")],
        Test::Absent => Vec::new(),
        Test::AnythingBut(_) => ["other", "x", "y", "z", "0", ""]
            .into_iter()
            .map(Value::from)
            .chain([Value::from(0), Value::Null])
            .collect(),
    }
}

fn affixed(text: String) -> Vec<Value> {
    if text.is_empty() {
        vec![Value::from("x")]
    } else {
        vec![Value::from(text)]
    }
}

/// Whole numbers without a fraction, as people write them.
fn number(value: f64) -> Option<Value> {
    let whole = value.fract() == 0.0 && value.abs() < 9e15;
    if whole {
        Some(Value::from(value as i64))
    } else {
        serde_json::Number::from_f64(value).map(Value::Number)
    }
}
