//! A second matcher, written for clarity alone: it lists the combinations of a pattern, lists the
//! values of an event, and tries everything. It shares no code with the shipped one.
//!
//! It works on JSON values, so it knows nothing of duplicate keys, number texts and positions, and it
//! does not measure the complexity of wildcards: generated inputs avoid what it cannot see.

use std::collections::BTreeMap;

use serde_json::Value;

/// One combination: what each path must hold. Sorted by path, which is the order of judgement.
type Combination = BTreeMap<String, Vec<Value>>;
/// A value of an event: its path, itself, and for each array on the way the element.
type Leaf = (String, Value, BTreeMap<usize, usize>);

/// Whether the event matches; `None` if the pattern is invalid.
pub(crate) fn verdict(pattern: &Value, event: &Value) -> Option<bool> {
    let mut combinations = vec![Combination::new()];
    pattern.as_object()?;
    read_object(pattern, "", false, &mut combinations)?;
    let mut leaves = Vec::new();
    let mut arrays = 0;
    list_leaves(
        event,
        String::new(),
        &BTreeMap::new(),
        &mut arrays,
        &mut leaves,
    );
    Some(combinations.iter().any(|fields| {
        let fields: Vec<(&String, &Vec<Value>)> = fields.iter().collect();
        hold(&fields, &BTreeMap::new(), &leaves)
    }))
}

fn read_object(
    object: &Value,
    base: &str,
    in_or: bool,
    combinations: &mut Vec<Combination>,
) -> Option<()> {
    let object = object.as_object()?;
    if object.is_empty() {
        return None;
    }
    for (key, value) in object {
        let path = if base.is_empty() {
            key.clone()
        } else {
            format!("{base}.{key}")
        };
        if key == "$or" {
            let branches = value.as_array()?;
            if branches.len() < 2 {
                return None;
            }
            let before = combinations.clone();
            combinations.clear();
            for branch in branches {
                let mut continued = before.clone();
                read_object(branch, base, true, &mut continued)?;
                combinations.extend(continued);
            }
        } else if in_or && ["prefix", "suffix", "numeric", "exists", "cidr"].contains(&key.as_str())
        {
            return None;
        } else if value.is_object() {
            read_object(value, &path, in_or, combinations)?;
        } else {
            let list = value.as_array()?;
            if list.is_empty() || !list.iter().all(valid) {
                return None;
            }
            for combination in combinations.iter_mut() {
                combination.insert(path.clone(), list.clone());
            }
        }
    }
    Some(())
}

/// Whether something may stand in a field's list.
fn valid(expression: &Value) -> bool {
    let object = match expression {
        Value::Array(_) => return false,
        Value::Object(object) => object,
        _ => return true,
    };
    if object.len() != 1 {
        return false;
    }
    let (operator, operand) = object.iter().next().unwrap();
    match operator.as_str() {
        "exists" => operand.is_boolean(),
        "equals-ignore-case" => operand.is_string(),
        "prefix" | "suffix" => operand.is_string() || is_only(operand, "equals-ignore-case"),
        "wildcard" => operand.as_str().is_some_and(valid_wildcard),
        "cidr" => operand.as_str().is_some_and(|text| block(text).is_some()),
        "numeric" => operand.as_array().is_some_and(|list| valid_range(list)),
        "anything-but" => valid_exclusion(operand),
        _ => false,
    }
}

fn is_only(value: &Value, operator: &str) -> bool {
    let object = value.as_object();
    object.is_some_and(|object| object.len() == 1 && object.values().all(Value::is_string))
        && value.get(operator).is_some()
}

fn valid_wildcard(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        rest = match rest {
            _ if rest.starts_with("**") => return false,
            _ if rest.starts_with("\\*") || rest.starts_with("\\\\") => &rest[2..],
            _ if rest.starts_with('\\') => return false,
            _ => &rest[rest.chars().next().unwrap().len_utf8()..],
        };
    }
    true
}

fn valid_range(list: &[Value]) -> bool {
    match list {
        [Value::String(operator), Value::Number(_)] => {
            ["=", "<", "<=", ">", ">="].contains(&operator.as_str())
        }
        [
            Value::String(lower),
            Value::Number(bottom),
            Value::String(upper),
            Value::Number(top),
        ] => {
            [">", ">="].contains(&lower.as_str())
                && ["<", "<="].contains(&upper.as_str())
                && bottom.as_f64() < top.as_f64()
        }
        _ => false,
    }
}

fn valid_exclusion(operand: &Value) -> bool {
    let one_or_more = |value: &Value| match value {
        Value::Array(list) => list.clone(),
        other => vec![other.clone()],
    };
    match operand {
        Value::String(_) | Value::Number(_) => true,
        Value::Array(list) => {
            !list.is_empty()
                && (list.iter().all(Value::is_string) || list.iter().all(Value::is_number))
        }
        Value::Object(object) if object.len() == 1 => {
            let (operator, inner) = object.iter().next().unwrap();
            let list = one_or_more(inner);
            let each = |test: fn(&str) -> bool| {
                !list.is_empty() && list.iter().all(|value| value.as_str().is_some_and(test))
            };
            match operator.as_str() {
                "prefix" | "suffix" => each(|text| !text.is_empty()),
                "equals-ignore-case" => each(|_| true),
                "wildcard" => each(valid_wildcard),
                _ => false,
            }
        }
        _ => false,
    }
}

fn list_leaves(
    value: &Value,
    path: String,
    elements: &BTreeMap<usize, usize>,
    arrays: &mut usize,
    leaves: &mut Vec<Leaf>,
) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                list_leaves(value, path, elements, arrays, leaves);
            }
        }
        Value::Array(list) => {
            let array = *arrays;
            *arrays += 1;
            for (index, value) in list.iter().enumerate() {
                let mut elements = elements.clone();
                if value.is_object() || value.is_array() {
                    elements.insert(array, index);
                }
                list_leaves(value, path.clone(), &elements, arrays, leaves);
            }
        }
        leaf => leaves.push((path, leaf.clone(), elements.clone())),
    }
}

/// Whether all fields can be met one after the other, given the elements settled on so far.
fn hold(
    fields: &[(&String, &Vec<Value>)],
    settled: &BTreeMap<usize, usize>,
    leaves: &[Leaf],
) -> bool {
    let Some(((path, list), rest)) = fields.split_first() else {
        return true;
    };
    let reachable: Vec<&Leaf> = leaves
        .iter()
        .filter(|(leaf, _, elements)| {
            leaf == *path
                && elements
                    .iter()
                    .all(|(array, index)| settled.get(array).is_none_or(|now| now == index))
        })
        .collect();
    let absence = Value::from_iter([("exists", false)]);
    if reachable.is_empty() && list.contains(&absence) && hold(rest, settled, leaves) {
        return true;
    }
    reachable.iter().any(|(_, value, elements)| {
        let mut settled = settled.clone();
        settled.extend(elements.iter().map(|(array, index)| (*array, *index)));
        let accepted = list.iter().any(|expression| accepts(expression, value));
        (accepted || spells_address(list, value)) && hold(rest, &settled, leaves)
    })
}

/// A number without numbers to compare it with: its digits are read as those of an address. The generated
/// numbers can all be compared.
fn spells_address(list: &[Value], value: &Value) -> bool {
    let about_numbers = list.iter().any(|expression| {
        let excluded = &expression["anything-but"];
        expression.is_number()
            || expression.get("numeric").is_some()
            || excluded.is_number()
            || excluded[0].is_number()
    });
    let spelled: String = value
        .to_string()
        .chars()
        .take_while(|c| matches!(c, '0'..='9' | 'A'..='F'))
        .collect();
    let blocks = list.iter().filter_map(|expression| match expression {
        Value::String(one) => digits(one).map(|one| (one.clone(), one)),
        other => block(other["cidr"].as_str()?),
    });
    value.is_number()
        && !about_numbers
        && blocks.into_iter().any(|block| in_block(&spelled, &block))
}

fn accepts(expression: &Value, value: &Value) -> bool {
    let object = match expression {
        Value::Object(object) => object,
        Value::String(wanted) => {
            let Some(text) = value.as_str() else {
                return false;
            };
            return match digits(wanted) {
                Some(one) => digits(text).is_some_and(|ip| in_block(&ip, &(one.clone(), one))),
                None => wanted == text,
            };
        }
        Value::Number(wanted) => {
            return value.is_number() && value.as_f64() == wanted.as_f64();
        }
        other => return other == value,
    };
    let (operator, operand) = object.iter().next().unwrap();
    if operator == "exists" {
        return operand == true;
    }
    if operator == "anything-but" {
        let excluded = |operand: &Value, wrap: &dyn Fn(&Value) -> bool| match operand {
            Value::Array(list) => list.iter().any(wrap),
            other => wrap(other),
        };
        return match operand {
            Value::Object(inner) => {
                let (operator, operand) = inner.iter().next().unwrap();
                !excluded(operand, &|one| {
                    let expression = Value::from_iter([(operator.as_str(), one.clone())]);
                    accepts(&expression, value)
                })
            }
            // Strings are no addresses here.
            other => !excluded(other, &|one| match one {
                Value::String(_) => one == value,
                _ => value.is_number() && value.as_f64() == one.as_f64(),
            }),
        };
    }
    if operator == "numeric" {
        let Some(number) = value.as_f64() else {
            return false;
        };
        let list = operand.as_array().unwrap();
        return list.chunks(2).all(|pair| {
            let bound = pair[1].as_f64().unwrap();
            match pair[0].as_str().unwrap() {
                "=" => number == bound,
                "<" => number < bound,
                "<=" => number <= bound,
                ">" => number > bound,
                _ => number >= bound,
            }
        });
    }
    let Some(text) = value.as_str() else {
        return false;
    };
    let lower = |value: &Value| value.as_str().unwrap().to_ascii_lowercase();
    let folded = operand.get("equals-ignore-case");
    match (operator.as_str(), folded) {
        ("prefix", Some(inner)) => text.to_ascii_lowercase().starts_with(&lower(inner)),
        ("suffix", Some(inner)) => text.to_ascii_lowercase().ends_with(&lower(inner)),
        ("prefix", None) => text.starts_with(operand.as_str().unwrap()),
        ("suffix", None) => text.ends_with(operand.as_str().unwrap()),
        ("equals-ignore-case", _) => text.to_ascii_lowercase() == lower(operand),
        ("wildcard", _) => fits(operand.as_str().unwrap(), text),
        ("cidr", _) => {
            digits(text).is_some_and(|ip| in_block(&ip, &block(operand.as_str().unwrap()).unwrap()))
        }
        _ => unreachable!("{operator}"),
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return text.is_empty();
    };
    let behind = &pattern[first.len_utf8()..];
    match first {
        '*' => (0..=text.len())
            .filter(|at| text.is_char_boundary(*at))
            .any(|at| fits(behind, &text[at..])),
        '\\' => text.starts_with(&behind[..1]) && fits(&behind[1..], &text[1..]),
        letter => text
            .strip_prefix(letter)
            .is_some_and(|text| fits(behind, text)),
    }
}

/// The hexadecimal digits of an address as it is written in full.
fn digits(text: &str) -> Option<String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02X}")).collect();
    match text.parse().ok()? {
        std::net::IpAddr::V4(ip) => Some(hex(&ip.octets())),
        std::net::IpAddr::V6(ip) => Some(hex(&ip.octets())),
    }
}

/// The first and the last address of a block.
fn block(text: &str) -> Option<(String, String)> {
    let (address, bits) = text.split_once('/')?;
    let digits = digits(address)?;
    let bits: usize = bits.parse().ok()?;
    if bits >= digits.len() * 4 {
        return None;
    }
    let binary: String = digits
        .chars()
        .map(|digit| format!("{:04b}", digit.to_digit(16).unwrap()))
        .collect();
    let fill = |with: &str| -> String {
        let all = format!("{}{}", &binary[..bits], with.repeat(binary.len() - bits));
        all.as_bytes()
            .chunks(4)
            .map(|four| {
                let four = std::str::from_utf8(four).unwrap();
                format!("{:X}", u8::from_str_radix(four, 2).unwrap())
            })
            .collect()
    };
    Some((fill("0"), fill("1")))
}

/// Digit by digit, as soon as the digits decide.
fn in_block(ip: &str, (low, high): &(String, String)) -> bool {
    let (mut above, mut below) = (false, false);
    let mut digits = ip.chars();
    for (low, high) in low.chars().zip(high.chars()) {
        let Some(digit) = digits.next() else {
            return false;
        };
        if (!above && digit < low) || (!below && digit > high) {
            return false;
        }
        above |= digit > low;
        below |= digit < high;
        if above && below {
            return true;
        }
    }
    true
}
