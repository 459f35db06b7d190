//! `when` and `unless` as an *any of* over conjunctions, in EventBridge's terms.
//!
//! A pattern can list alternatives for a field, but cannot demand two tests of one field. Where a rule
//! needs that, [`intersect`] looks for one list that says both; where there is none, the rule is refused:
//! an alert that fires on something else than the rule says is worse than an error.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::glob::{Glob, Shape};
use super::{by_services, omitted};
use crate::diagnostic::{Diagnostic, Level, Span, codes};
use crate::pattern::{Event, EventPattern};
use crate::rules::{AllOf, Events, Matcher, NumberRange};

/// Tests on fields under `detail`, all of which must hold.
pub(super) type Conjunction = BTreeMap<Vec<String>, Tests>;

/// Alternatives for one field, and where the rules file asks for them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tests {
    pub(super) any_of: Vec<Matcher>,
    pub(super) span: Span,
}

/// More alternatives than this is no rule that a person wrote, and EventBridge stops at 1,000.
const MOST_BRANCHES: usize = 200;

/// EventBridge compares numbers between these bounds. Source: event patterns, numeric matching.
const NUMBER_LIMIT: f64 = 5.0e9;

/// All conditions of a rule: any of the returned conjunctions, which are never none.
pub(super) fn any_of(events: &Events) -> Result<Vec<Conjunction>, Box<Diagnostic>> {
    let branches: Vec<Conjunction> = if events.when.is_empty() {
        vec![Conjunction::new()]
    } else {
        events.when.iter().map(positive).collect::<Result<_, _>>()?
    };
    let about_parameters = |exception: &AllOf| {
        let mut fields = exception.fields.iter();
        fields.any(|field| omitted::is_parameter(&field.path))
    };
    let mut unasked: Vec<Conjunction> = Vec::new();
    if events.when_omitted {
        let excepted = events.unless.iter().any(about_parameters);
        for branch in branches
            .iter()
            .filter(|branch| excepted || omitted::asks(branch))
        {
            for other in omitted::unasked(branch)? {
                if !unasked.iter().any(|known| is_same(known, &other)) {
                    unasked.push(other);
                }
            }
        }
    }
    let mut branches = without(branches, events.unless.iter())?;
    // What is not there cannot meet an exception.
    let exceptions = events
        .unless
        .iter()
        .filter(|exception| !about_parameters(exception));
    branches.extend(without(unasked, exceptions)?);
    branches = by_services::left_out(branches, &events.unless_services);
    if branches.is_empty() {
        let span = events.unless.iter().flat_map(|a| &a.fields).map(|f| f.span);
        return Err(impossible(span.min().unwrap_or_default()));
    }
    Ok(branches)
}

/// The conjunctions without what some exceptions leave out.
fn without<'e>(
    mut branches: Vec<Conjunction>,
    exceptions: impl Iterator<Item = &'e AllOf>,
) -> Result<Vec<Conjunction>, Box<Diagnostic>> {
    for exception in exceptions {
        // Not (a and b) is (not a) or (not b).
        let mut next = Vec::new();
        for branch in &branches {
            for field in &exception.fields {
                let tests = Tests {
                    any_of: negate(&field.any_of).ok_or_else(|| {
                        inexpressible(field.span, "no operator says the opposite")
                    })?,
                    span: field.span,
                };
                let mut narrowed = branch.clone();
                if and(&mut narrowed, &field.path, &tests)? {
                    next.push(narrowed);
                }
            }
        }
        branches = next;
        if branches.len() > MOST_BRANCHES {
            let span = exception.fields.first().map_or(Span::default(), |f| f.span);
            return Err(inexpressible(span, "too many combinations of exceptions"));
        }
    }
    Ok(branches)
}

/// Whether two ask for the same, wherever it is written.
fn is_same(a: &Conjunction, b: &Conjunction) -> bool {
    let tests = |branch: &Conjunction| -> Vec<(Vec<String>, Vec<Matcher>)> {
        let fields = branch.iter();
        fields
            .map(|(path, tests)| (path.clone(), tests.any_of.clone()))
            .collect()
    };
    tests(a) == tests(b)
}

pub(super) fn positive(all_of: &AllOf) -> Result<Conjunction, Box<Diagnostic>> {
    let mut conjunction = Conjunction::new();
    for field in &all_of.fields {
        let mut any_of = Vec::new();
        for matcher in &field.any_of {
            match matcher {
                // `anything-but` knows neither ranges nor blocks: there the opposite is spelt out.
                Matcher::Not(none_of) if anything_but(none_of).is_none() => {
                    let opposite = negate(none_of).map(|tests| present_only(&tests));
                    let why = "`anything-but` takes one operator for a whole list";
                    any_of.extend(opposite.ok_or_else(|| inexpressible(field.span, why))?);
                }
                matcher => any_of.push(matcher.clone()),
            }
        }
        if any_of.is_empty() {
            let why = "none of everything is nothing";
            return Err(inexpressible(field.span, why));
        }
        let span = field.span;
        conjunction.insert(field.path.clone(), Tests { any_of, span });
    }
    Ok(conjunction)
}

/// Adds a test to a conjunction; `false` if nothing can satisfy both.
pub(super) fn and(
    conjunction: &mut Conjunction,
    path: &[String],
    tests: &Tests,
) -> Result<bool, Box<Diagnostic>> {
    let Some(present) = conjunction.get_mut(path) else {
        conjunction.insert(path.to_vec(), tests.clone());
        return Ok(true);
    };
    let both = intersect(&present.any_of, &tests.any_of).ok_or_else(|| {
        inexpressible(
            tests.span,
            "another condition of this rule tests the same field, and a pattern can test a field only once",
        )
    })?;
    present.any_of = both;
    Ok(!present.any_of.is_empty())
}

/// One list that holds exactly where both do; `None` where EventBridge has no such list.
fn intersect(a: &[Matcher], b: &[Matcher]) -> Option<Vec<Matcher>> {
    let absent = Matcher::Exists(false);
    if a.contains(&absent) || b.contains(&absent) {
        let mut both = intersect(&present_only(a), &present_only(b))?;
        if a.contains(&absent) && b.contains(&absent) {
            both.push(absent);
        }
        return Some(both);
    }
    if a.is_empty() || b.is_empty() {
        return Some(Vec::new());
    }
    for (one, other) in [(a, b), (b, a)] {
        if one == other || one.contains(&Matcher::Exists(true)) || all_covered(other, one) {
            return Some(other.to_vec());
        }
        if let Some(values) = one.iter().map(literal).collect::<Option<Vec<Value>>>() {
            let mut kept = Vec::new();
            for value in values {
                if holds(other, &value)? {
                    kept.push(Matcher::Exact(value));
                }
            }
            return Some(kept);
        }
    }
    match (a, b) {
        (any_of, [Matcher::Not(none_of)]) | ([Matcher::Not(none_of)], any_of) => {
            beside(any_of, none_of)
        }
        _ => None,
    }
}

/// Alternatives less what an exception names; `None` where one of them holds for some of it.
fn beside(any_of: &[Matcher], none_of: &[Matcher]) -> Option<Vec<Matcher>> {
    let mut both = Vec::new();
    for matcher in any_of {
        if let Matcher::Not(others) = matcher {
            let mut all = others.clone();
            all.extend(none_of.iter().filter(|m| !others.contains(m)).cloned());
            both.extend(not(all)?);
        } else if none_of.iter().all(|other| is_apart(matcher, other)) {
            both.push(matcher.clone());
        } else if !all_covered(std::slice::from_ref(matcher), none_of) {
            return None;
        }
    }
    Some(both)
}

/// Whether no value passes both, as far as single values show it. An exception of roles by a glob is not met by a path
/// with a colon in it, which somebody may have made up to meet it.
fn is_apart(matcher: &Matcher, other: &Matcher) -> bool {
    match literal(other) {
        Some(value) => holds(std::slice::from_ref(matcher), &value) == Some(false),
        None => glob(other).is_some() && *matcher == Matcher::Glob(by_services::FORGED.to_owned()),
    }
}

/// Whether each text of `narrow` is a text of `wide`, as far as globs can show it.
fn all_covered(narrow: &[Matcher], wide: &[Matcher]) -> bool {
    narrow.iter().all(|narrow| {
        glob(narrow).is_some_and(|narrow| {
            wide.iter()
                .filter_map(glob)
                .any(|wide| Glob::parse(&wide).covers(&narrow))
        })
    })
}

fn present_only(matchers: &[Matcher]) -> Vec<Matcher> {
    matchers
        .iter()
        .filter(|m| **m != Matcher::Exists(false))
        .cloned()
        .collect()
}

/// The value, for a matcher that only one value passes.
fn literal(matcher: &Matcher) -> Option<Value> {
    match matcher {
        Matcher::Exact(value) => Some(value.clone()),
        Matcher::Glob(text) => Glob::parse(text).literal().map(Value::String),
        _ => None,
    }
}

/// A test on text as a glob.
fn glob(matcher: &Matcher) -> Option<String> {
    let escaped = |text: &str| text.replace('\\', r"\\").replace('*', r"\*");
    match matcher {
        Matcher::Glob(text) => Some(text.clone()),
        Matcher::Exact(Value::String(text)) => Some(escaped(text)),
        // Without text they mean "any text", while a lone star means "there", numbers included.
        Matcher::Prefix(text) | Matcher::Suffix(text) if text.is_empty() => None,
        Matcher::Prefix(text) => Some(format!("{}*", escaped(text))),
        Matcher::Suffix(text) => Some(format!("*{}", escaped(text))),
        _ => None,
    }
}

/// Whether a value passes, decided by the matcher that AWS's verdicts have tested; `None` for tests that
/// EventBridge would refuse.
pub(super) fn holds(matchers: &[Matcher], value: &Value) -> Option<bool> {
    if let Value::String(text) = value
        && let Some(holds) = plainly(matchers, text)
    {
        return Some(holds);
    }
    let pattern = json!({ "detail": { "v": render(matchers) } });
    let event = json!({ "detail": { "v": value } });
    let pattern = EventPattern::parse(&pattern.to_string()).ok()?;
    let event = Event::parse(&event.to_string()).ok()?;
    Some(pattern.matches(&event))
}

/// Whether a name meets one of some tests, where that needs no matcher: most conditions are lists of texts. `None`
/// where it may need one.
fn plainly(matchers: &[Matcher], name: &str) -> Option<bool> {
    // What can read as an address, or holds a quote, has rules of its own.
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name.contains([':', '"']) {
        return None;
    }
    let one = |matcher: &Matcher| match matcher {
        Matcher::Glob(text) if !text.contains(['*', '\\']) => Some(text == name),
        Matcher::Exact(value) => Some(value.as_str() == Some(name)),
        Matcher::Prefix(text) if !text.contains('"') => Some(name.starts_with(text.as_str())),
        Matcher::Suffix(text) if !text.contains('"') => Some(name.ends_with(text.as_str())),
        Matcher::Glob(text) => {
            let glob = Glob::parse(text);
            match glob.shape() {
                Shape::Exact(text) => Some(text == name),
                Shape::Anything => Some(true),
                Shape::Prefix(text) if !text.contains('"') => Some(name.starts_with(&text)),
                Shape::Suffix(text) if !text.contains('"') => Some(name.ends_with(&text)),
                _ => None,
            }
        }
        Matcher::Exists(there) => Some(*there),
        _ => None,
    };
    let mut any = false;
    for matcher in matchers {
        any |= match matcher {
            Matcher::Not(none_of) => {
                let all: Option<Vec<bool>> = none_of.iter().map(one).collect();
                !all?.contains(&true)
            }
            matcher => one(matcher)?,
        };
    }
    Some(any)
}

/// The opposite of "any of these": absent fields included, since an event that lacks the field of an
/// exception still alerts.
fn negate(any_of: &[Matcher]) -> Option<Vec<Matcher>> {
    let mut result = vec![Matcher::Exists(true), Matcher::Exists(false)];
    let mut none_of = Vec::new();
    for matcher in any_of {
        let opposite = match matcher {
            Matcher::Exists(true) => vec![Matcher::Exists(false)],
            Matcher::Exists(false) => vec![Matcher::Exists(true)],
            Matcher::Glob(text) if Glob::parse(text).shape() == Shape::Anything => {
                vec![Matcher::Exists(false)]
            }
            Matcher::Not(inner) => {
                let mut inner = inner.clone();
                inner.push(Matcher::Exists(false));
                inner
            }
            Matcher::Number(range) => outside(range),
            Matcher::Exact(value @ (Value::Bool(_) | Value::Null)) => other_than(value),
            Matcher::Cidr(block) => {
                none_of.extend(octets(block)?);
                continue;
            }
            matcher => {
                none_of.push(matcher.clone());
                continue;
            }
        };
        result = intersect(&result, &opposite)?;
    }
    if !none_of.is_empty() {
        let mut opposite = not(none_of)?;
        opposite.push(Matcher::Exists(false));
        result = intersect(&result, &opposite)?;
    }
    Some(result)
}

/// `Not` of these, if EventBridge can say so.
fn not(none_of: Vec<Matcher>) -> Option<Vec<Matcher>> {
    anything_but(&none_of).map(|_| vec![Matcher::Not(none_of)])
}

/// Every number outside the range, and everything that is not a number.
fn outside(range: &NumberRange) -> Vec<Matcher> {
    let mut matchers = Vec::new();
    if let Some((bound, inclusive)) = range.lower {
        matchers.push(Matcher::Number(NumberRange {
            lower: None,
            upper: Some((bound, !inclusive)),
        }));
    }
    if let Some((bound, inclusive)) = range.upper {
        matchers.push(Matcher::Number(NumberRange {
            lower: Some((bound, !inclusive)),
            upper: None,
        }));
    }
    matchers.extend([
        Matcher::Prefix(String::new()),
        Matcher::Exact(Value::Bool(true)),
        Matcher::Exact(Value::Bool(false)),
        Matcher::Exact(Value::Null),
        Matcher::Exists(false),
    ]);
    matchers
}

/// Everything but one boolean or null, which `anything-but` cannot name.
fn other_than(value: &Value) -> Vec<Matcher> {
    let rest = [Value::Bool(true), Value::Bool(false), Value::Null];
    let mut matchers: Vec<Matcher> = rest
        .into_iter()
        .filter(|other| other != value)
        .map(Matcher::Exact)
        .collect();
    matchers.push(Matcher::Prefix(String::new()));
    matchers.push(Matcher::Number(NumberRange {
        lower: Some((-NUMBER_LIMIT, true)),
        upper: None,
    }));
    matchers.push(Matcher::Exists(false));
    matchers
}

/// An IPv4 block as prefixes of its text: there is no "not in this block" in EventBridge. IPv6 addresses
/// have many spellings, so there it cannot be said.
fn octets(block: &str) -> Option<Vec<Matcher>> {
    let (address, bits) = block.split_once('/')?;
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    let bits: u32 = bits.parse().ok().filter(|bits| (1..=32).contains(bits))?;
    let whole = bits.div_ceil(8);
    let step = 1u64 << (32 - whole * 8);
    let size = 1u64 << (32 - bits);
    let first = u64::from(u32::from(address)) / size * size;
    let prefixes = (0..size / step).map(|n| {
        let address = std::net::Ipv4Addr::from(u32::try_from(first + n * step).unwrap_or(u32::MAX));
        let text: Vec<String> = address
            .octets()
            .iter()
            .take(whole as usize)
            .map(u8::to_string)
            .collect();
        let text = text.join(".");
        if whole == 4 {
            Matcher::Exact(Value::String(text))
        } else {
            Matcher::Prefix(format!("{text}."))
        }
    });
    Some(prefixes.collect())
}

/// The match expressions of a field, in EventBridge's spelling.
pub(super) fn render(any_of: &[Matcher]) -> Vec<Value> {
    let mut tests: Vec<Value> = any_of.iter().map(test).collect();
    let mut seen = Vec::new();
    tests.retain(|test| {
        let new = !seen.contains(test);
        seen.push(test.clone());
        new
    });
    tests
}

fn test(matcher: &Matcher) -> Value {
    match matcher {
        Matcher::Glob(text) => Glob::parse(text).test(),
        Matcher::Exact(value) => value.clone(),
        Matcher::Prefix(text) => json!({ "prefix": text }),
        Matcher::Suffix(text) => json!({ "suffix": text }),
        Matcher::AnyCase(text) => match Glob::parse(text).shape() {
            Shape::Prefix(text) => json!({ "prefix": { "equals-ignore-case": text } }),
            Shape::Suffix(text) => json!({ "suffix": { "equals-ignore-case": text } }),
            Shape::Exact(text) => json!({ "equals-ignore-case": text }),
            Shape::Anything | Shape::Wildcard(_) => json!({ "equals-ignore-case": text }),
        },
        Matcher::Exists(there) => json!({ "exists": there }),
        Matcher::Number(range) => json!({ "numeric": numeric(range) }),
        // A block of one address is refused ("mask bits must be < 32"); the address itself says the same.
        Matcher::Cidr(block) => match block.rsplit_once('/') {
            Some((address, "32")) if !address.contains(':') => json!(address),
            Some((address, "128")) => json!(address),
            _ => json!({ "cidr": block }),
        },
        Matcher::Not(none_of) => json!({ "anything-but": anything_but(none_of) }),
    }
}

fn numeric(range: &NumberRange) -> Vec<Value> {
    if let (Some((low, true)), Some((high, true))) = (range.lower, range.upper)
        && low == high
    {
        return vec![json!("="), number(low)];
    }
    let mut terms = Vec::new();
    if let Some((bound, inclusive)) = range.lower {
        terms.push(json!(if inclusive { ">=" } else { ">" }));
        terms.push(number(bound));
    }
    if let Some((bound, inclusive)) = range.upper {
        terms.push(json!(if inclusive { "<=" } else { "<" }));
        terms.push(number(bound));
    }
    terms
}

/// Whole numbers are written without a fraction, as a person would.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() <= NUMBER_LIMIT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within bounds")]
        let whole = value as i64;
        json!(whole)
    } else {
        json!(value)
    }
}

/// The argument of `anything-but` for a list; one operator for the whole list, as EventBridge wants it.
fn anything_but(none_of: &[Matcher]) -> Option<Value> {
    let one_or_list = |values: Vec<Value>| match values.as_slice() {
        [one] => one.clone(),
        _ => json!(values),
    };
    if let Some(values) = none_of.iter().map(literal).collect::<Option<Vec<_>>>() {
        let text = values.iter().all(Value::is_string);
        let numbers = values.iter().all(Value::is_number);
        return (text || numbers).then(|| json!(values));
    }
    let shapes: Option<Vec<Shape>> = none_of
        .iter()
        .map(|m| glob(m).map(|text| Glob::parse(&text).shape()))
        .collect();
    // "None of everything" is nothing, and a `*` in `anything-but` would still let numbers through.
    if shapes
        .as_ref()
        .is_some_and(|shapes| shapes.contains(&Shape::Anything))
    {
        return None;
    }
    if let Some(shapes) = shapes {
        let prefixes: Option<Vec<Value>> = shapes
            .iter()
            .map(|shape| match shape {
                Shape::Prefix(text) => Some(json!(text)),
                _ => None,
            })
            .collect();
        if let Some(prefixes) = prefixes {
            return Some(json!({ "prefix": one_or_list(prefixes) }));
        }
        let suffixes: Option<Vec<Value>> = shapes
            .iter()
            .map(|shape| match shape {
                Shape::Suffix(text) => Some(json!(text)),
                _ => None,
            })
            .collect();
        if let Some(suffixes) = suffixes {
            return Some(json!({ "suffix": one_or_list(suffixes) }));
        }
        let globs = none_of.iter().filter_map(glob);
        let wildcards = globs.map(|text| json!(Glob::parse(&text).to_string()));
        return Some(json!({ "wildcard": one_or_list(wildcards.collect()) }));
    }
    let folded: Option<Vec<Value>> = none_of
        .iter()
        .map(|matcher| match matcher {
            Matcher::AnyCase(text) => Glob::parse(text).literal().map(|text| json!(text)),
            _ => None,
        })
        .collect();
    folded.map(|values| json!({ "equals-ignore-case": one_or_list(values) }))
}

/// A rule whose conditions exclude each other.
pub(super) fn impossible(span: Span) -> Box<Diagnostic> {
    Box::new(Diagnostic {
        code: codes::IMPOSSIBLE.id,
        level: Level::Error,
        message: "no event can satisfy this rule: its conditions exclude each other".to_owned(),
        label: "can never alert".to_owned(),
        help: Some(
            "compare `events`, `when` and `unless`: one takes away what another asks for"
                .to_owned(),
        ),
        span,
    })
}

fn inexpressible(span: Span, why: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic {
        code: codes::INEXPRESSIBLE.id,
        level: Level::Error,
        message: format!("an event pattern cannot say this: {why}"),
        label: "not expressible in EventBridge".to_owned(),
        help: Some(
            "write the condition the other way round, or make two rules of it; \
             `not` and `unless` can negate text, prefixes, suffixes, globs, numbers and IPv4 blocks"
                .to_owned(),
        ),
        span,
    })
}
