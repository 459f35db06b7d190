//! The expressions `{ "operator": … }` inside a field's list.

use super::error::{At, Cause};
use super::fold::Folded;
use super::ip::Block;
use super::json::{Item, Kind};
use super::number::comparable;
use super::test::Test;
use super::wildcard::Wildcard;

/// Reads an expression, an object with one operator, as the test that it asks for.
pub(super) fn expression(object: Item<'_>) -> At<Test> {
    let value = only_member(object, Cause::NoOperator)?;
    let test = match value.key() {
        // Undocumented, but event-ruler has it: a string that is not read as an address.
        "exactly" => Test::Exactly(string(value, "exact")?.to_owned()),
        "prefix" if value.kind() == Kind::Object => {
            Test::PrefixFolded(any_case(value, "prefix", "Prefix")?)
        }
        "prefix" => Test::Prefix(string(value, "prefix")?.to_owned()),
        "suffix" if value.kind() == Kind::Object => {
            Test::SuffixFolded(any_case(value, "suffix", "Suffix")?)
        }
        "suffix" => Test::Suffix(string(value, "suffix")?.to_owned()),
        "equals-ignore-case" => {
            Test::EqualsFolded(Folded::new(string(value, "equals-ignore-case")?))
        }
        "wildcard" => wildcard(value)?,
        "cidr" => {
            let block = Block::parse(string(value, "cidr")?);
            Test::Block(block.map_err(|cause| (cause, value.at()))?)
        }
        "exists" => match value.kind() {
            Kind::True => Test::Exists,
            Kind::False => Test::Absent,
            _ => return Err((Cause::ExistsValue, value.at())),
        },
        "numeric" => numeric(value)?,
        "anything-but" => anything_but(value)?,
        other => return Err((Cause::UnknownOperator(other.to_owned()), value.key_at())),
    };
    no_second(object, test)
}

fn only_member(object: Item<'_>, none: Cause) -> At<Item<'_>> {
    object.children().next().ok_or((none, object.at()))
}

/// The value is judged before the number of keys, as in event-ruler.
fn no_second<T>(object: Item<'_>, result: T) -> At<T> {
    match object.children().nth(1) {
        Some(second) => Err((Cause::SecondKey, second.key_at())),
        None => Ok(result),
    }
}

fn string<'d>(value: Item<'d>, operator: &'static str) -> At<&'d str> {
    if value.kind() == Kind::String {
        Ok(value.text())
    } else {
        Err((Cause::NotAString(operator), value.at()))
    }
}

/// `{ "equals-ignore-case": "text" }` inside `prefix` or `suffix`.
fn any_case(object: Item<'_>, operator: &'static str, title: &'static str) -> At<Folded> {
    let value = only_member(object, Cause::NoInnerOperator(title))?;
    if value.key() != "equals-ignore-case" {
        let found = value.key().to_owned();
        return Err((Cause::UnsupportedInner { operator, found }, value.key_at()));
    }
    let text = string(value, "equals-ignore-case")?;
    no_second(object, Folded::new(text))
}

fn wildcard(value: Item<'_>) -> At<Test> {
    match Wildcard::parse(string(value, "wildcard")?) {
        Ok(wildcard) => Ok(Test::Wildcard(wildcard)),
        Err(cause) => Err((cause, value.at())),
    }
}

fn number(value: Option<Item<'_>>, list: Item<'_>, operator: &str) -> At<f64> {
    // EventBridge writes the equals sign as a word.
    let operator = if operator == "=" { "equals" } else { operator };
    let Some(value) = value.filter(|value| value.kind() == Kind::Number) else {
        let at = value.map_or(list.at(), Item::at);
        return Err((Cause::NumericValue(operator.to_owned()), at));
    };
    comparable(value.text()).ok_or_else(|| {
        let cause = Cause::Incomparable(value.text().to_owned());
        (cause, value.at())
    })
}

/// `[operator, number]` or `[lower operator, number, upper operator, number]`, nothing else: an upper
/// bound comes second, and the range must not be empty.
fn numeric(list: Item<'_>) -> At<Test> {
    if list.kind() != Kind::Array {
        return Err((Cause::NumericList, list.at()));
    }
    let mut members = list.children();
    let operator = members.next();
    let Some(operator) = operator.filter(|item| item.kind() == Kind::String) else {
        return Err((Cause::NumericMember(written(operator)), list.at()));
    };
    let at = operator.at();
    let operator = operator.text();
    if !["=", "<", "<=", ">", ">="].contains(&operator) {
        return Err((Cause::NumericOperator(operator.to_owned()), at));
    }
    let first = number(members.next(), list, operator)?;
    let mut range = match operator {
        "=" => (Some((first, true)), Some((first, true))),
        "<" => (None, Some((first, false))),
        "<=" => (None, Some((first, true))),
        ">" => (Some((first, false)), None),
        _ => (Some((first, true)), None),
    };
    if let Some(second) = members.next() {
        if range.1.is_some() {
            return Err((Cause::NumericExtra, second.at()));
        }
        if second.kind() != Kind::String {
            return Err((Cause::RangeMember(written(Some(second))), second.at()));
        }
        let or_equal = match second.text() {
            "<" => false,
            "<=" => true,
            other => return Err((Cause::RangeOperator(other.to_owned()), second.at())),
        };
        let top = number(members.next(), list, second.text())?;
        if let Some(extra) = members.next() {
            return Err((Cause::NumericExtra, extra.at()));
        }
        if first >= top {
            return Err((Cause::EmptyRange, list.at()));
        }
        range.1 = Some((top, or_equal));
    }
    let (low, high) = range;
    Ok(Test::Range { low, high })
}

fn written(item: Option<Item<'_>>) -> String {
    let mut text = String::new();
    if let Some(item) = item {
        item.write(&mut text);
    }
    text
}

/// `anything-but`: a string, a number, a list of either kind, or `prefix`, `suffix`,
/// `equals-ignore-case` or `wildcard` with a string or a list of strings.
fn anything_but(value: Item<'_>) -> At<Test> {
    let (operator, operand) = if value.kind() == Kind::Object {
        let inner = only_member(value, Cause::NoInnerOperator("Anything-But"))?;
        let operator = inner.key();
        if !["prefix", "suffix", "equals-ignore-case", "wildcard"].contains(&operator) {
            let cause = Cause::UnsupportedInner {
                operator: "anything-but",
                found: operator.to_owned(),
            };
            return Err((cause, inner.key_at()));
        }
        (Some(operator), inner)
    } else {
        (None, value)
    };
    let members: Vec<Item<'_>> = match operand.kind() {
        Kind::Array => operand.children().collect(),
        Kind::String | Kind::Number => vec![operand],
        _ => return Err((Cause::AnythingButValue, operand.at())),
    };
    let tests = members
        .iter()
        .map(|member| match operator {
            Some(operator) => excluded_shape(operator, *member),
            None => excluded_value(*member),
        })
        .collect::<At<Vec<Test>>>()?;
    let numbers = tests
        .iter()
        .filter(|test| matches!(test, Test::Number { .. }))
        .count();
    if operator.is_none() && (tests.is_empty() || (numbers > 0 && numbers < tests.len())) {
        return Err((Cause::AnythingButMixed, operand.at()));
    }
    if tests.is_empty() {
        // The service has no message for this: event-ruler fails inside.
        return Err((Cause::EmptyArray, operand.at()));
    }
    match operator {
        Some(_) => no_second(value, Test::AnythingBut(tests)),
        None => Ok(Test::AnythingBut(tests)),
    }
}

fn excluded_value(member: Item<'_>) -> At<Test> {
    match member.kind() {
        // Never read as an address here.
        Kind::String => Ok(Test::Exactly(member.text().to_owned())),
        Kind::Number => match comparable(member.text()) {
            Some(value) => Ok(Test::Number {
                text: member.text().to_owned(),
                value: Some(value),
            }),
            None => Err((Cause::Incomparable(member.text().to_owned()), member.at())),
        },
        _ => Err((Cause::AnythingButMember, member.at())),
    }
}

fn excluded_shape(operator: &str, member: Item<'_>) -> At<Test> {
    let text = match operator {
        "equals-ignore-case" if member.kind() != Kind::String => {
            return Err((Cause::AnythingButCase, member.at()));
        }
        "wildcard" => return wildcard(member),
        _ => string(member, "prefix/suffix")?,
    };
    match operator {
        "equals-ignore-case" => Ok(Test::EqualsFolded(Folded::new(text))),
        _ if text.is_empty() => Err((Cause::EmptyAffix, member.at())),
        "prefix" => Ok(Test::Prefix(text.to_owned())),
        _ => Ok(Test::Suffix(text.to_owned())),
    }
}
