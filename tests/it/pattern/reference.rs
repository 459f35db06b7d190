//! A second reading of the pattern language, written to be read and for nothing else: by definition, slow,
//! and without a line of the shipped one. It works on JSON values, so what only texts can say (duplicate
//! keys, numbers beyond floats) is left to the vectors.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Number, Value};

/// What the pattern says of the event; `None` for a pattern that is not valid.
pub fn verdict(pattern: &Value, event: &Value) -> Option<bool> {
    let (pattern, event) = (pattern.as_object()?, event.as_object()?);
    if !valid_object(pattern, false) {
        return None;
    }
    let mut branches = vec![BTreeMap::new()];
    expand(pattern, "", &mut branches);
    let mut leaves = Vec::new();
    flatten_object(event, "", &Place::new(), &mut 0, &mut leaves);
    Some(branches.iter().any(|branch| {
        let fields: Vec<(&String, &Vec<Value>)> = branch.iter().collect();
        choose(&fields, &Place::new(), &leaves)
    }))
}

// What a pattern is.

const RESERVED: &str = "exactly equals-ignore-case prefix suffix anything-but exists wildcard numeric cidr \
    = < <= > >= regex not-wildcard not-equals-ignore-case date-after date-on-or-after date-before \
    date-on-or-before in-date-range ip-address-in-range ip-address-not-in-range";

fn valid_object(object: &Map<String, Value>, in_or: bool) -> bool {
    !object.is_empty()
        && object.iter().all(|(key, value)| match value {
            Value::Array(branches) if key == "$or" => {
                branches.len() >= 2
                    && branches
                        .iter()
                        .all(|branch| branch.as_object().is_some_and(|b| valid_object(b, true)))
            }
            _ if key == "$or" => false,
            _ if in_or && RESERVED.split_whitespace().any(|name| name == key) => false,
            Value::Object(inner) => valid_object(inner, in_or),
            Value::Array(list) => !list.is_empty() && list.iter().all(valid_test),
            _ => false,
        })
}

fn valid_test(test: &Value) -> bool {
    match test {
        Value::Array(_) => false,
        Value::Object(_) => match only_member(test) {
            Some((operator, argument)) => valid_argument(operator, argument),
            None => false,
        },
        _ => true,
    }
}

fn only_member(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object()?;
    let (key, value) = object.iter().next()?;
    (object.len() == 1).then_some((key.as_str(), value))
}

fn valid_argument(operator: &str, argument: &Value) -> bool {
    match operator {
        "exactly" | "equals-ignore-case" => argument.is_string(),
        "prefix" | "suffix" => {
            argument.is_string()
                || matches!(
                    only_member(argument),
                    Some(("equals-ignore-case", Value::String(_)))
                )
        }
        "wildcard" => argument.as_str().is_some_and(valid_wildcard),
        "cidr" => argument.as_str().is_some_and(|text| block(text).is_some()),
        "exists" => argument.is_boolean(),
        "numeric" => argument.as_array().is_some_and(|list| valid_numeric(list)),
        "anything-but" => valid_exclusion(argument),
        _ => false,
    }
}

fn valid_wildcard(text: &str) -> bool {
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let fine = match character {
            '*' => rest.peek() != Some(&'*'),
            '\\' => matches!(rest.next(), Some('*' | '\\')),
            _ => true,
        };
        if !fine {
            return false;
        }
    }
    true
}

fn valid_numeric(list: &[Value]) -> bool {
    let number = |value: &Value| value.as_number().and_then(comparable);
    match list {
        [Value::String(operator), bound] => {
            ["=", "<", "<=", ">", ">="].contains(&operator.as_str()) && number(bound).is_some()
        }
        [Value::String(over), low, Value::String(under), high] => {
            [">", ">="].contains(&over.as_str())
                && ["<", "<="].contains(&under.as_str())
                && matches!((number(low), number(high)), (Some(low), Some(high)) if low < high)
        }
        _ => false,
    }
}

fn valid_exclusion(argument: &Value) -> bool {
    let is_number = |value: &Value| value.as_number().is_some_and(|n| comparable(n).is_some());
    match argument {
        Value::String(_) => true,
        Value::Number(_) => is_number(argument),
        Value::Array(list) => {
            !list.is_empty() && (list.iter().all(Value::is_string) || list.iter().all(is_number))
        }
        Value::Object(_) => match only_member(argument) {
            Some((operator, inner)) => {
                let list = match inner {
                    Value::Array(list) => list.as_slice(),
                    other => std::slice::from_ref(other),
                };
                list.iter().all(|text| match (operator, text.as_str()) {
                    ("equals-ignore-case", Some(_)) => true,
                    ("prefix" | "suffix", Some(text)) => !text.is_empty(),
                    ("wildcard", Some(text)) => valid_wildcard(text),
                    _ => false,
                })
            }
            None => false,
        },
        _ => false,
    }
}

// Which fields must hold together.

/// Every way through the `$or`s: a list of tests for each path. A later list replaces an earlier one.
fn expand(
    object: &Map<String, Value>,
    prefix: &str,
    branches: &mut Vec<BTreeMap<String, Vec<Value>>>,
) {
    for (key, value) in object {
        let path = format!("{prefix}{key}");
        match value {
            Value::Array(options) if key == "$or" => {
                let before = std::mem::take(branches);
                for option in options {
                    let mut after = before.clone();
                    expand(option.as_object().unwrap(), prefix, &mut after);
                    branches.append(&mut after);
                }
            }
            Value::Object(inner) => expand(inner, &format!("{path}."), branches),
            Value::Array(tests) => {
                for branch in branches.iter_mut() {
                    branch.insert(path.clone(), tests.clone());
                }
            }
            _ => unreachable!("validated"),
        }
    }
}

// What an event holds.

/// Which element of which array; arrays are numbered as they come.
type Place = BTreeMap<usize, usize>;

struct Leaf {
    path: String,
    value: Value,
    place: Place,
}

fn flatten_object(
    object: &Map<String, Value>,
    prefix: &str,
    place: &Place,
    arrays: &mut usize,
    leaves: &mut Vec<Leaf>,
) {
    for (key, value) in object {
        flatten(value, &format!("{prefix}{key}"), place, arrays, leaves);
    }
}

fn flatten(value: &Value, path: &str, place: &Place, arrays: &mut usize, leaves: &mut Vec<Leaf>) {
    match value {
        Value::Object(object) => {
            flatten_object(object, &format!("{path}."), place, arrays, leaves);
        }
        Value::Array(elements) => {
            let array = *arrays;
            *arrays += 1;
            for (index, element) in elements.iter().enumerate() {
                let mut inside = place.clone();
                // Plain values belong to the object around the array.
                if element.is_array() || element.is_object() {
                    inside.insert(array, index);
                }
                flatten(element, path, &inside, arrays, leaves);
            }
        }
        scalar => leaves.push(Leaf {
            path: path.to_owned(),
            value: scalar.clone(),
            place: place.clone(),
        }),
    }
}

/// Whether the remaining fields can be met, given the elements chosen so far: tries everything.
fn choose(fields: &[(&String, &Vec<Value>)], chosen: &Place, leaves: &[Leaf]) -> bool {
    let Some(((path, tests), rest)) = fields.split_first() else {
        return true;
    };
    let agreeing: Vec<&Leaf> = leaves
        .iter()
        .filter(|leaf| leaf.path == **path)
        .filter(|leaf| {
            let same = |(array, index)| chosen.get(array).is_none_or(|other| other == index);
            leaf.place.iter().all(same)
        })
        .collect();
    let absent = tests
        .iter()
        .any(|test| *test == serde_json::json!({"exists": false}));
    (absent && agreeing.is_empty() && choose(rest, chosen, leaves))
        || agreeing.iter().any(|leaf| {
            let mut both = chosen.clone();
            both.extend(&leaf.place);
            holds_any(tests, &leaf.value) && choose(rest, &both, leaves)
        })
}

// What a test says of a value.

fn holds_any(tests: &[Value], value: &Value) -> bool {
    tests.iter().any(|test| holds(test, value))
}

fn holds(test: &Value, value: &Value) -> bool {
    match (test, value) {
        (Value::Object(_), _) => {
            let (operator, argument) = only_member(test).unwrap();
            applies(operator, argument, value)
        }
        (Value::String(wanted), Value::String(text)) => match address(wanted) {
            Some(wanted) => address(text) == Some(wanted),
            None => text == wanted,
        },
        (Value::Number(wanted), Value::Number(number)) => same_number(wanted, number),
        _ => test == value,
    }
}

fn applies(operator: &str, argument: &Value, value: &Value) -> bool {
    match operator {
        "exists" => *argument == Value::Bool(true),
        "anything-but" => !excluded(argument, value),
        "numeric" => value
            .as_number()
            .and_then(comparable)
            .is_some_and(|number| in_range(argument.as_array().unwrap(), number)),
        "cidr" => value.as_str().and_then(address).is_some_and(|digits| {
            let (low, high) = block(argument.as_str().unwrap()).unwrap();
            between(&digits, &low, &high)
        }),
        _ => match (value.as_str(), argument.as_str()) {
            (Some(text), Some(wanted)) => fits(operator, wanted, text),
            // `prefix` or `suffix` without regard to case.
            (Some(text), None) => {
                let wanted = only_member(argument).unwrap().1.as_str().unwrap();
                fits(&format!("{operator} equals-ignore-case"), wanted, text)
            }
            _ => false,
        },
    }
}

/// Texts are compared in their quotes, and a prefix has only the first, a suffix only the last.
fn fits(operator: &str, wanted: &str, text: &str) -> bool {
    let text: Vec<char> = format!("\"{text}\"").chars().collect();
    let letters = |wanted: String| -> Vec<Letter> { wanted.chars().map(Letter::Exactly).collect() };
    let folded = |wanted: String| -> Vec<Letter> { wanted.chars().map(Letter::Either).collect() };
    let (first, last, whole) = (
        format!("\"{wanted}"),
        format!("{wanted}\""),
        format!("\"{wanted}\""),
    );
    let wanted = match operator {
        "exactly" => letters(whole),
        "prefix" => [letters(first), vec![Letter::Any]].concat(),
        "suffix" => [vec![Letter::Any], letters(last)].concat(),
        "equals-ignore-case" => folded(whole),
        "prefix equals-ignore-case" => [folded(first), vec![Letter::Any]].concat(),
        "suffix equals-ignore-case" => [vec![Letter::Any], folded(last)].concat(),
        "wildcard" => wildcard(&whole),
        other => unreachable!("{other}"),
    };
    spells(&wanted, &text)
}

#[derive(Clone)]
enum Letter {
    Exactly(char),
    /// Its lower-case form or its upper-case form.
    Either(char),
    /// Any characters, or none.
    Any,
}

fn spells(letters: &[Letter], text: &[char]) -> bool {
    let Some((letter, rest)) = letters.split_first() else {
        return text.is_empty();
    };
    let after = |form: Vec<char>| {
        text.strip_prefix(form.as_slice())
            .is_some_and(|t| spells(rest, t))
    };
    match letter {
        Letter::Exactly(character) => after(vec![*character]),
        Letter::Either(character) => {
            after(character.to_lowercase().collect()) || after(character.to_uppercase().collect())
        }
        Letter::Any => (0..=text.len()).any(|skipped| spells(rest, &text[skipped..])),
    }
}

fn wildcard(text: &str) -> Vec<Letter> {
    let mut characters = text.chars();
    let mut letters = Vec::new();
    while let Some(character) = characters.next() {
        letters.push(match character {
            '*' => Letter::Any,
            '\\' => Letter::Exactly(characters.next().unwrap()),
            other => Letter::Exactly(other),
        });
    }
    letters
}

fn excluded(argument: &Value, value: &Value) -> bool {
    match argument {
        Value::Array(list) => list.iter().any(|one| excluded(one, value)),
        Value::Object(_) => {
            let (operator, inner) = only_member(argument).unwrap();
            let list = match inner {
                Value::Array(list) => list.as_slice(),
                other => std::slice::from_ref(other),
            };
            list.iter().any(|one| applies(operator, one, value))
        }
        Value::Number(wanted) => value.as_number().is_some_and(|n| same_number(wanted, n)),
        plain => plain == value,
    }
}

// Numbers.

/// A number whose shortest form as a float is the same decimal.
fn comparable(number: &Number) -> Option<f64> {
    let float = number.as_f64()?;
    let whole = number
        .as_i64()
        .map(i128::from)
        .or(number.as_u64().map(i128::from));
    match whole {
        Some(whole) => (format!("{float}").parse() == Ok(whole)).then_some(float),
        None => Some(float),
    }
}

fn same_number(one: &Number, other: &Number) -> bool {
    match (comparable(one), comparable(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.to_string() == other.to_string(),
        _ => false,
    }
}

fn in_range(list: &[Value], number: f64) -> bool {
    list.chunks(2).all(|bound| {
        let limit = bound[1].as_f64().unwrap();
        match bound[0].as_str().unwrap() {
            "=" => number == limit,
            "<" => number < limit,
            "<=" => number <= limit,
            ">" => number > limit,
            _ => number >= limit,
        }
    })
}

// Addresses: as hexadecimal digits, 8 or 32 of them.

fn address(text: &str) -> Option<String> {
    if text.contains(':') {
        let address: Ipv6Addr = text.parse().ok().filter(|_| !text.contains('.'))?;
        return Some(match address.to_ipv4_mapped() {
            Some(mapped) => format!("{:08X}", mapped.to_bits()),
            None => format!("{:032X}", address.to_bits()),
        });
    }
    let parts: Vec<&str> = text.split('.').collect();
    let decimal = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() != 4 || text.len() > 15 || !parts.iter().all(decimal) {
        return None;
    }
    let bytes: Option<Vec<u8>> = parts.iter().map(|part| part.parse().ok()).collect();
    let bytes: [u8; 4] = bytes?.try_into().unwrap();
    Some(format!("{:08X}", Ipv4Addr::from(bytes).to_bits()))
}

/// The lowest and the highest address of a block.
fn block(text: &str) -> Option<(String, String)> {
    let (start, bits) = text.split_once('/')?;
    let (digits, bits) = (address(start)?, bits.parse::<usize>().ok()?);
    let width = digits.len() * 4;
    if bits >= width {
        return None;
    }
    let binary: String = digits
        .chars()
        .map(|digit| format!("{:04b}", digit.to_digit(16).unwrap()))
        .collect();
    let filled = |with: &str| {
        let binary = format!("{}{}", &binary[..bits], with.repeat(width - bits));
        let nibbles = binary.as_bytes().chunks(4);
        nibbles
            .map(|nibble| {
                let nibble = u8::from_str_radix(std::str::from_utf8(nibble).unwrap(), 2).unwrap();
                format!("{nibble:X}")
            })
            .collect()
    };
    Some((filled("0"), filled("1")))
}

/// Reads digits from the left until they decide, as event-ruler does; the lengths may differ.
fn between(digits: &str, low: &str, high: &str) -> bool {
    let (mut on_low, mut on_high) = (true, true);
    for ((digit, low), high) in digits.bytes().zip(low.bytes()).zip(high.bytes()) {
        if (on_low && digit < low) || (on_high && digit > high) {
            return false;
        }
        on_low &= digit == low;
        on_high &= digit == high;
        if !on_low && !on_high {
            return true;
        }
    }
    digits.len() >= low.len()
}
