//! Reading and validating a pattern, in the order and with the reasons of event-ruler's
//! `JsonRuleCompiler`.

use std::collections::BTreeMap;

use super::complexity::{MAX_COMPLEXITY, complexity};
use super::error::{Cause, PatternError};
use super::fold::Folded;
use super::ip::{Address, Block};
use super::json::{Document, Item, Kind, Position};
use super::number::comparable;
use super::test::Test;
use super::wildcard::Wildcard;
use super::{EventPattern, Field, MAX_COMBINATIONS, MAX_FIELDS, MAX_PATTERN_LENGTH};

/// Names that a field inside `$or` cannot have: event-ruler keeps them for operators, some of the future.
/// Source: `RESERVED_FIELD_NAMES_IN_OR_RELATIONSHIP`.
const RESERVED_IN_OR: &[&str] = &[
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// What is wrong, and the byte where.
type Refusal = (Cause, usize);

pub(super) fn parse(text: &str) -> Result<EventPattern, PatternError> {
    let refuse = |(cause, at): Refusal| PatternError {
        cause,
        position: Position::of(text, at),
    };
    let document = Document::parse(text).map_err(|(cause, at)| refuse((Cause::Json(cause), at)))?;
    let root = document.root().filter(|root| root.kind() == Kind::Object);
    let root = root.ok_or_else(|| refuse((Cause::NotAnObject, 0)))?;
    let mut compact = String::new();
    root.write(&mut compact);
    let characters = compact.chars().count();
    if characters > MAX_PATTERN_LENGTH {
        return Err(refuse((Cause::TooLong(characters), 0)));
    }
    let mut reader = Reader::default();
    reader.object(root, "", false).map_err(refuse)?;
    reader
        .check_complexity()
        .map_err(|cause| refuse((cause, 0)))?;
    Ok(EventPattern {
        fields: reader.fields,
        branches: reader
            .branches
            .into_iter()
            .map(|branch| branch.into_values().collect())
            .collect(),
        text: compact,
    })
}

#[derive(Default)]
struct Reader {
    fields: Vec<Field>,
    /// By path: a path that comes again in one branch replaces the earlier tests.
    branches: Vec<BTreeMap<String, usize>>,
}

impl Reader {
    fn object(&mut self, object: Item<'_>, prefix: &str, in_or: bool) -> Result<(), Refusal> {
        let mut empty = true;
        for child in object.children() {
            empty = false;
            let key = child.key();
            if key == "$or" {
                self.or(child, prefix)?;
                continue;
            }
            if in_or && RESERVED_IN_OR.contains(&key) {
                return Err((Cause::OrReserved(key.to_owned()), child.key_at()));
            }
            // Dots in a key join steps just as nesting does.
            let path = format!("{prefix}{key}");
            match child.kind() {
                Kind::Object => self.object(child, &format!("{path}."), in_or)?,
                Kind::Array => self.field(child, path)?,
                _ => return Err((Cause::BareValue(key.to_owned()), child.at())),
            }
        }
        if empty {
            return Err((Cause::EmptyObject, object.at()));
        }
        Ok(())
    }

    /// Every branch of `$or` continues everything that was read before it.
    fn or(&mut self, list: Item<'_>, prefix: &str) -> Result<(), Refusal> {
        if list.kind() != Kind::Array {
            return Err((Cause::OrList, list.at()));
        }
        let before = std::mem::take(&mut self.branches);
        let mut all = Vec::new();
        let mut count = 0;
        for branch in list.children() {
            count += 1;
            if branch.kind() != Kind::Object {
                return Err((Cause::OrMember, branch.at()));
            }
            self.branches = before.clone();
            if self.branches.is_empty() {
                self.branches.push(BTreeMap::new());
            }
            self.object(branch, prefix, true)?;
            all.append(&mut self.branches);
            if all.len() > MAX_COMBINATIONS {
                return Err((Cause::TooManyCombinations, list.key_at()));
            }
        }
        if count < 2 {
            return Err((Cause::OrShort, list.at()));
        }
        self.branches = all;
        Ok(())
    }

    fn field(&mut self, list: Item<'_>, path: String) -> Result<(), Refusal> {
        let mut any_of = Vec::new();
        for value in list.children() {
            match value.kind() {
                Kind::Object => any_of.push(expression(value)?),
                Kind::Array => return Err((Cause::NestedArray, value.at())),
                Kind::Number => any_of.push(Test::Number {
                    text: value.text().to_owned(),
                    value: comparable(value.text()),
                }),
                Kind::String => any_of.push(match Address::parse(value.text()) {
                    Some(address) => Test::Block(Block::single(address)),
                    None => Test::Exactly(value.text().to_owned()),
                }),
                keyword => any_of.push(Test::Keyword(keyword)),
            }
        }
        if any_of.is_empty() {
            return Err((Cause::EmptyArray, list.at()));
        }
        if self.fields.len() >= MAX_FIELDS {
            return Err((Cause::TooManyFields, list.key_at()));
        }
        let mut wanted = String::new();
        list.write(&mut wanted);
        let index = self.fields.len();
        self.fields.push(Field {
            path: path.clone(),
            any_of,
            wanted,
        });
        if self.branches.is_empty() {
            self.branches.push(BTreeMap::new());
        }
        for branch in &mut self.branches {
            branch.insert(path.clone(), index);
        }
        Ok(())
    }

    /// The limit holds for all wildcards of one path together.
    fn check_complexity(&self) -> Result<(), Cause> {
        let mut by_path: BTreeMap<&str, Vec<&Wildcard>> = BTreeMap::new();
        for field in &self.fields {
            let wildcards = field.any_of.iter().flat_map(Test::wildcards);
            by_path.entry(&field.path).or_default().extend(wildcards);
        }
        for wildcards in by_path.into_values() {
            if complexity(wildcards.into_iter()) > MAX_COMPLEXITY {
                return Err(Cause::TooComplex);
            }
        }
        Ok(())
    }
}

/// `{ "operator": argument }` among the values of a field.
fn expression(object: Item<'_>) -> Result<Test, Refusal> {
    let mut members = object.children();
    let argument = members.next().ok_or((Cause::NoOperator, object.at()))?;
    let test = match argument.key() {
        "exactly" => Test::Exactly(string(argument, "exact")?.to_owned()),
        "prefix" => match folded(argument, "prefix")? {
            Some(folded) => Test::PrefixFolded(folded),
            None => Test::Prefix(string(argument, "prefix")?.to_owned()),
        },
        "suffix" => match folded(argument, "suffix")? {
            Some(folded) => Test::SuffixFolded(folded),
            None => Test::Suffix(string(argument, "suffix")?.to_owned()),
        },
        "equals-ignore-case" => {
            Test::EqualsFolded(Folded::new(string(argument, "equals-ignore-case")?))
        }
        "wildcard" => Test::Wildcard(wildcard(argument)?),
        "cidr" => {
            let text = string(argument, "prefix")?;
            Test::Block(Block::parse(text).map_err(|cause| (cause, argument.at()))?)
        }
        "exists" => match argument.kind() {
            Kind::True => Test::Exists,
            Kind::False => Test::Absent,
            _ => return Err((Cause::ExistsValue, argument.at())),
        },
        "numeric" => numeric(argument)?,
        "anything-but" => Test::AnythingBut(anything_but(argument)?),
        other => return Err((Cause::UnknownOperator(other.to_owned()), argument.key_at())),
    };
    match members.next() {
        Some(second) => Err((Cause::SecondKey, second.key_at())),
        None => Ok(test),
    }
}

fn string<'d>(argument: Item<'d>, operator: &'static str) -> Result<&'d str, Refusal> {
    if argument.kind() == Kind::String {
        Ok(argument.text())
    } else {
        Err((Cause::NotAString(operator), argument.at()))
    }
}

fn wildcard(argument: Item<'_>) -> Result<Wildcard, Refusal> {
    Wildcard::parse(string(argument, "wildcard")?).map_err(|cause| (cause, argument.at()))
}

/// `{ "equals-ignore-case": … }` as the argument of `prefix` or `suffix`.
fn folded(argument: Item<'_>, operator: &'static str) -> Result<Option<Folded>, Refusal> {
    if argument.kind() != Kind::Object {
        return Ok(None);
    }
    let mut members = argument.children();
    let inner = members.next().ok_or((
        Cause::NoInnerOperator(if operator == "prefix" {
            "Prefix"
        } else {
            "Suffix"
        }),
        argument.at(),
    ))?;
    if inner.key() != "equals-ignore-case" {
        let found = inner.key().to_owned();
        return Err((Cause::UnsupportedInner { operator, found }, inner.key_at()));
    }
    let folded = Folded::new(string(inner, "equals-ignore-case")?);
    match members.next() {
        Some(second) => Err((Cause::SecondKey, second.key_at())),
        None => Ok(Some(folded)),
    }
}

/// The argument of `anything-but`: one value, a list of one type, or one operator around either.
fn anything_but(argument: Item<'_>) -> Result<Vec<Test>, Refusal> {
    match argument.kind() {
        Kind::Object => {
            let mut members = argument.children();
            let inner = members
                .next()
                .ok_or((Cause::NoInnerOperator("Anything-But"), argument.at()))?;
            let operator = inner.key();
            if !["equals-ignore-case", "prefix", "suffix", "wildcard"].contains(&operator) {
                let found = operator.to_owned();
                let operator = "anything-but";
                return Err((Cause::UnsupportedInner { operator, found }, inner.key_at()));
            }
            let tests = match inner.kind() {
                Kind::Array => inner
                    .children()
                    .map(|value| excluded_text(operator, value))
                    .collect::<Result<_, _>>()?,
                Kind::String | Kind::Number => vec![excluded_text(operator, inner)?],
                _ => return Err((Cause::AnythingButValue, inner.at())),
            };
            match members.next() {
                Some(second) => Err((Cause::NumericExtra, second.key_at())),
                None => Ok(tests),
            }
        }
        Kind::Array => {
            let tests: Vec<Test> = argument
                .children()
                .map(excluded)
                .collect::<Result<_, _>>()?;
            let numbers = tests
                .iter()
                .filter(|t| matches!(t, Test::Number { .. }))
                .count();
            if tests.is_empty() || (numbers != 0 && numbers != tests.len()) {
                return Err((Cause::AnythingButMixed, argument.at()));
            }
            Ok(tests)
        }
        Kind::String | Kind::Number => Ok(vec![excluded(argument)?]),
        _ => Err((Cause::AnythingButValue, argument.at())),
    }
}

/// One value that `anything-but` excludes. An address here is text like any other.
fn excluded(value: Item<'_>) -> Result<Test, Refusal> {
    match value.kind() {
        Kind::String => Ok(Test::Exactly(value.text().to_owned())),
        Kind::Number => Ok(Test::Number {
            text: value.text().to_owned(),
            value: Some(number(value)?),
        }),
        _ => Err((Cause::AnythingButMember, value.at())),
    }
}

fn excluded_text(operator: &str, value: Item<'_>) -> Result<Test, Refusal> {
    if value.kind() != Kind::String {
        let cause = match operator {
            "equals-ignore-case" => Cause::AnythingButCase,
            "wildcard" => Cause::NotAString("wildcard"),
            _ => Cause::NotAString("prefix/suffix"),
        };
        return Err((cause, value.at()));
    }
    let text = value.text();
    match operator {
        "equals-ignore-case" => Ok(Test::EqualsFolded(Folded::new(text))),
        "wildcard" => Ok(Test::Wildcard(wildcard(value)?)),
        _ if text.is_empty() => Err((Cause::EmptyAffix, value.at())),
        "prefix" => Ok(Test::Prefix(text.to_owned())),
        _ => Ok(Test::Suffix(text.to_owned())),
    }
}

fn number(value: Item<'_>) -> Result<f64, Refusal> {
    comparable(value.text()).ok_or((Cause::Incomparable(value.text().to_owned()), value.at()))
}

/// `["=", n]`, one bound, or a lower bound and an upper one, in this order.
fn numeric(list: Item<'_>) -> Result<Test, Refusal> {
    if list.kind() != Kind::Array {
        return Err((Cause::NumericList, list.at()));
    }
    let mut members = list.children();
    let operator = members
        .next()
        .filter(|operator| operator.kind() == Kind::String)
        .ok_or((Cause::NumericMember(shown(list)), list.at()))?;
    let name = operator.text();
    if !["=", "<", "<=", ">", ">="].contains(&name) {
        return Err((Cause::NumericOperator(name.to_owned()), operator.at()));
    }
    let bound = numeric_value(members.next(), operator)?;
    let rest = members.next();
    let test = match (name, rest) {
        ("=", None) => Test::Number {
            text: String::new(),
            value: Some(bound),
        },
        ("<" | "<=", None) => Test::Range {
            low: None,
            high: Some((bound, name == "<=")),
        },
        (">" | ">=", None) => Test::Range {
            low: Some((bound, name == ">=")),
            high: None,
        },
        (">" | ">=", Some(second)) => {
            if second.kind() != Kind::String {
                return Err((Cause::RangeMember(shown(second)), second.at()));
            }
            if !["<", "<="].contains(&second.text()) {
                return Err((Cause::RangeOperator(second.text().to_owned()), second.at()));
            }
            let top = numeric_value(members.next(), second)?;
            // Equal bounds are refused too, inclusive or not (event-ruler `Range.ensureValidRange`).
            if bound >= top {
                return Err((Cause::EmptyRange, list.at()));
            }
            if let Some(extra) = members.next() {
                return Err((Cause::NumericExtra, extra.at()));
            }
            Test::Range {
                low: Some((bound, name == ">=")),
                high: Some((top, second.text() == "<=")),
            }
        }
        (_, Some(extra)) => return Err((Cause::NumericExtra, extra.at())),
        (_, None) => return Err((Cause::NumericOperator(name.to_owned()), operator.at())),
    };
    Ok(test)
}

fn numeric_value(value: Option<Item<'_>>, operator: Item<'_>) -> Result<f64, Refusal> {
    match value.filter(|value| value.kind() == Kind::Number) {
        Some(value) => number(value),
        None => {
            let name = match operator.text() {
                "=" => "equals",
                name => name,
            };
            Err((Cause::NumericValue(name.to_owned()), operator.at()))
        }
    }
}

fn shown(item: Item<'_>) -> String {
    let mut text = String::new();
    item.write(&mut text);
    text
}
