//! Random patterns with events that are derived from them, one kind for each operator.

use serde_json::{Map, Value, json};

use super::random::Random;

/// What a pair is about.
pub const KINDS: &[&str] = &[
    "exact",
    "exactly",
    "prefix",
    "suffix",
    "prefix equals-ignore-case",
    "suffix equals-ignore-case",
    "equals-ignore-case",
    "anything-but",
    "anything-but list",
    "anything-but prefix",
    "anything-but suffix",
    "anything-but equals-ignore-case",
    "anything-but wildcard",
    "numeric",
    "cidr",
    "exists",
    "wildcard",
    "$or",
    "arrays",
    "nested",
];
/// The kinds that are tests of one value.
const TESTS: &[&str] = KINDS.split_at(17).0;

/// A pattern and an event: a third each is meant to match, not to match, and to be invalid.
pub fn pair(kind: &str, random: &mut Random) -> (Value, Value) {
    let aim = random.below(3);
    let (mut pattern, mut event) = match kind {
        "$or" => or(random),
        "arrays" => arrays(random),
        "nested" => nested(random),
        test => fields(test, random),
    };
    match aim {
        0 => {}
        1 => spoil(&mut event, random),
        _ => break_pattern(&mut pattern, random),
    }
    if random.once_in(3) {
        event["other"] = value(random);
    }
    (pattern, event)
}

const LETTERS: &[char] = &[
    'a', 'b', 'A', 'B', 'c', '1', '0', '.', ':', '/', '-', 'é', 'É', 'ß', 'ⱥ', '*', '\\', '"', ' ',
];

fn text(random: &mut Random, longest: usize) -> String {
    let length = random.below(longest + 1);
    // Most texts are of few letters, so that they meet.
    let letters = if random.once_in(3) {
        LETTERS
    } else {
        &LETTERS[..3]
    };
    (0..length).map(|_| *random.pick(letters)).collect()
}

fn some_text(random: &mut Random) -> String {
    let text = text(random, 4);
    if text.is_empty() {
        "a".to_owned()
    } else {
        text
    }
}

fn number(random: &mut Random) -> Value {
    let small = random.below(12) as i64 - 4;
    match random.below(8) {
        0 => json!(small as f64 / 4.0),
        1 => json!(small as f64 * 1e30),
        2 => json!(9_007_199_254_740_992_i64 + small),
        3 => json!(123_456_789_012_345_678_i64 + small / 2),
        _ => json!(small),
    }
}

/// A number that can be compared.
fn bound(random: &mut Random) -> f64 {
    (random.below(40) as f64 - 20.0) / *random.pick(&[1.0, 2.0, 10.0])
}

fn plain(number: f64) -> Value {
    if number.fract() == 0.0 {
        json!(number as i64)
    } else {
        json!(number)
    }
}

fn ip(random: &mut Random) -> String {
    let byte = |random: &mut Random| *random.pick(&[0, 1, 2, 10, 16, 32, 127, 128, 192, 255]);
    match random.below(5) {
        0 => {
            let group = *random.pick(&["2001", "db8", "ff", "0", "A0"]);
            format!("2001:db8:{group}::{:x}", random.below(4))
        }
        1 => format!("::ffff:{:x}:{:x}", random.below(3) << 8, random.below(3)),
        2 => format!("010.0.0.{}", byte(random)),
        _ => {
            let (a, b) = (byte(random), byte(random));
            format!("{a}.{b}.{}.{}", byte(random), byte(random))
        }
    }
}

/// Any value that is no container.
fn scalar(random: &mut Random) -> Value {
    match random.below(8) {
        0 => Value::Null,
        1 => json!(random.once_in(2)),
        2 | 3 => number(random),
        4 => json!(ip(random)),
        _ => json!(text(random, 5)),
    }
}

fn value(random: &mut Random) -> Value {
    match random.below(6) {
        0 => (0..random.below(4)).map(|_| scalar(random)).collect(),
        1 => json!({ text(random, 2): scalar(random) }),
        _ => scalar(random),
    }
}

fn other_case(text: &str, random: &mut Random) -> String {
    text.chars()
        .map(|c| match random.below(3) {
            0 => c.to_uppercase().to_string(),
            1 => c.to_lowercase().to_string(),
            _ => c.to_string(),
        })
        .collect()
}

/// A wildcard pattern and a text that fits.
fn wildcard(random: &mut Random) -> (String, String) {
    let (mut pattern, mut fits) = (String::new(), String::new());
    for part in 0..=random.below(3) {
        if part > 0 {
            pattern.push('*');
            fits.push_str(&text(random, 3));
        }
        // No part in the middle is empty: two stars in a row are invalid.
        let literal = if part == 0 {
            text(random, 3)
        } else {
            some_text(random)
        };
        for character in literal.chars() {
            if matches!(character, '*' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character);
            fits.push(character);
        }
    }
    (pattern, fits)
}

fn list(random: &mut Random, mut one: impl FnMut(&mut Random) -> String) -> Value {
    (0..=random.below(3)).map(|_| one(random)).collect()
}

/// A test of that kind and a value that most likely passes.
fn test(kind: &str, random: &mut Random) -> (Value, Value) {
    let (a, b) = (some_text(random), text(random, 3));
    match kind {
        "exact" => {
            let wanted = scalar(random);
            (wanted.clone(), wanted)
        }
        "exactly" => (json!({"exactly": a}), json!(a)),
        "prefix" => (json!({"prefix": a}), json!(format!("{a}{b}"))),
        "suffix" => (json!({"suffix": a}), json!(format!("{b}{a}"))),
        "prefix equals-ignore-case" => {
            let start = other_case(&a, random);
            (
                json!({"prefix": {"equals-ignore-case": a}}),
                json!(format!("{start}{b}")),
            )
        }
        "suffix equals-ignore-case" => {
            let end = other_case(&a, random);
            (
                json!({"suffix": {"equals-ignore-case": a}}),
                json!(format!("{b}{end}")),
            )
        }
        "equals-ignore-case" => (
            json!({"equals-ignore-case": a}),
            json!(other_case(&a, random)),
        ),
        "anything-but" => {
            let wanted = if random.once_in(2) {
                plain(bound(random))
            } else {
                json!(b)
            };
            (json!({"anything-but": wanted}), near(&wanted, random))
        }
        "anything-but list" => {
            let wanted: Value = if random.once_in(2) {
                (0..=random.below(3))
                    .map(|_| plain(bound(random)))
                    .collect()
            } else {
                list(random, |random| text(random, 3))
            };
            let value = near(&wanted[0], random);
            (json!({"anything-but": wanted}), value)
        }
        "anything-but wildcard" => {
            let (wanted, fits) = wildcard(random);
            let wanted = if random.once_in(3) {
                json!([wanted])
            } else {
                json!(wanted)
            };
            (
                json!({"anything-but": {"wildcard": wanted}}),
                near(&json!(fits), random),
            )
        }
        "numeric" => numeric(random),
        "cidr" => {
            let ip = ip(random);
            let bits = random.below(if ip.contains(':') && !ip.starts_with(':') {
                128
            } else {
                32
            });
            (json!({"cidr": format!("{ip}/{bits}")}), json!(ip))
        }
        "exists" => {
            let there = random.once_in(2);
            (
                json!({"exists": there}),
                if there { scalar(random) } else { json!([]) },
            )
        }
        "wildcard" => {
            let (pattern, fits) = wildcard(random);
            (json!({"wildcard": pattern}), json!(fits))
        }
        // anything-but around an operator
        other => {
            let operator = other.strip_prefix("anything-but ").unwrap();
            let wanted = match random.once_in(2) {
                true => json!(a),
                false => list(random, some_text),
            };
            (
                json!({"anything-but": {operator: wanted}}),
                near(&json!(format!("{a}{b}")), random),
            )
        }
    }
}

fn numeric(random: &mut Random) -> (Value, Value) {
    let (low, more) = (bound(random), random.below(20) as f64 + 1.0);
    let (low_json, high_json) = (plain(low), plain(low + more));
    let (over, under) = (*random.pick(&[">", ">="]), *random.pick(&["<", "<="]));
    let (list, value) = match random.below(4) {
        0 => (json!(["=", low_json]), low),
        1 => (json!([over, low_json]), low + more),
        2 => (json!([under, high_json]), low),
        _ => (json!([over, low_json, under, high_json]), low + more / 2.0),
    };
    let value = if random.once_in(4) { low } else { value };
    (json!({"numeric": list}), plain(value))
}

/// A value like this one, but for a small change.
fn near(value: &Value, random: &mut Random) -> Value {
    match value {
        Value::String(text) => {
            let mut characters: Vec<char> = text.chars().collect();
            let at = random.below(characters.len() + 1);
            match random.below(4) {
                0 => characters.insert(at, *random.pick(LETTERS)),
                1 if at < characters.len() => {
                    characters.remove(at);
                }
                2 if at < characters.len() => characters[at] = *random.pick(LETTERS),
                _ => return json!(other_case(text, random)),
            }
            json!(characters.into_iter().collect::<String>())
        }
        Value::Number(number) => plain(number.as_f64().unwrap() + bound(random)),
        _ => scalar(random),
    }
}

/// A list of tests, the first of that kind, and a value for the first.
fn tests(kind: &str, random: &mut Random) -> (Value, Value) {
    let (first, value) = test(kind, random);
    let mut tests = vec![first];
    if random.once_in(4) {
        let second = *random.pick(TESTS);
        tests.push(test(second, random).0);
    }
    let value = match random.below(8) {
        0 => json!([scalar(random), value]),
        1 => json!([[value]]),
        _ => value,
    };
    (Value::from(tests), value)
}

/// One to three fields, the first of that kind.
fn fields(kind: &str, random: &mut Random) -> (Value, Value) {
    let (mut pattern, mut event) = (json!({}), json!({}));
    for (n, name) in ["x", "y", "z"].iter().take(1 + random.below(3)).enumerate() {
        let kind = if n == 0 { kind } else { random.pick(TESTS) };
        let (tests, value) = tests(kind, random);
        pattern[name] = tests;
        event[name] = value;
    }
    (pattern, event)
}

fn or(random: &mut Random) -> (Value, Value) {
    let mut branches = Vec::new();
    let mut event = json!({});
    let chosen = random.below(2);
    for n in 0..2 + random.below(2) {
        let kind = random.pick(TESTS);
        let (mut branch, values) = match random.below(5) {
            0 => or(random),
            _ => fields(kind, random),
        };
        if random.once_in(4) {
            branch = json!({"d": branch});
            if n == chosen {
                event["d"] = values;
            }
        } else if n == chosen {
            merge(&mut event, values);
        }
        branches.push(branch);
    }
    let mut pattern = json!({});
    let (before, behind) = (random.once_in(3), random.once_in(3));
    for (name, here) in [("w", before), ("$or", true), ("x", behind)] {
        if name == "$or" {
            pattern[name] = json!(branches);
        } else if here {
            let kind = random.pick(TESTS);
            let (tests, value) = tests(kind, random);
            pattern[name] = tests;
            event[name] = value;
        }
    }
    (pattern, event)
}

fn merge(event: &mut Value, more: Value) {
    if let (Value::Object(event), Value::Object(more)) = (event, more) {
        event.extend(more);
    }
}

/// Arrays of objects with few values, so that fields meet in one element or in different ones. Most events
/// get an element that is made for the pattern.
fn arrays(random: &mut Random) -> (Value, Value) {
    let (mut inner, mut fitting) = (json!({}), json!({}));
    for name in ["a", "b", "c"].iter().take(2 + random.below(2)) {
        let value = random.below(2);
        let absent = json!({"exists": false});
        let (tests, value) = match random.below(6) {
            0 => (json!([absent]), json!([])),
            1 => (json!([absent, value]), json!(value)),
            2 => (json!([{"anything-but": value}]), json!(1 - value)),
            _ => (json!([value, 2]), json!(value)),
        };
        inner[name] = tests;
        fitting[name] = value;
    }
    if random.once_in(3) {
        inner["l"] = json!({"a": [0], "b": [random.below(2)]});
        fitting["l"] = json!([{"a": 1}, {"a": 0, "b": [0, 1]}]);
    }
    let mut pattern = json!({ "l": inner });
    let mut event = json!({"l": element(random, 3), "m": element(random, 1)});
    if random.once_in(4) {
        pattern["m"] = json!({"a": [random.below(2)]});
        event["m"] = json!([{"a": [0, 1]}, {"a": 1}]);
    }
    match (&mut event["l"], random.below(3)) {
        (_, 0) => {}
        (Value::Array(elements), _) => elements.insert(random.below(elements.len() + 1), fitting),
        (single, _) => *single = json!([fitting, single]),
    }
    (pattern, event)
}

fn element(random: &mut Random, depth: usize) -> Value {
    if depth > 0 && random.below(3) > 0 {
        return (0..random.below(4))
            .map(|_| element(random, depth - 1))
            .collect();
    }
    let mut object = Map::new();
    for name in ["a", "b", "c"] {
        match random.below(5) {
            0 => {}
            1 => {
                object.insert(name.to_owned(), json!([random.below(2), random.below(3)]));
            }
            _ => {
                object.insert(name.to_owned(), json!(random.below(2)));
            }
        }
    }
    if depth > 1 && random.once_in(2) {
        object.insert("l".to_owned(), element(random, depth - 1));
    }
    Value::Object(object)
}

/// The same path, cut into objects and dotted keys differently in pattern and event.
fn nested(random: &mut Random) -> (Value, Value) {
    let (mut pattern, mut event) = (json!({}), json!({}));
    for last in ["x", "y"].iter().take(1 + random.below(2)) {
        let kind = random.pick(TESTS);
        let (tests, value) = tests(kind, random);
        let mut steps: Vec<&str> = (0..random.below(3))
            .map(|_| *random.pick(&["a", "b"]))
            .collect();
        steps.push(last);
        put(&mut pattern, &steps, tests, random);
        put(&mut event, &steps, value, random);
    }
    (pattern, event)
}

fn put(object: &mut Value, steps: &[&str], value: Value, random: &mut Random) {
    let cut = 1 + random.below(steps.len());
    let (key, rest) = (steps[..cut].join("."), &steps[cut..]);
    if rest.is_empty() {
        object[&key] = value;
    } else {
        if !object[&key].is_object() {
            object[&key] = json!({});
        }
        put(&mut object[&key], rest, value, random);
    }
}

/// Changes one value of an event somewhere.
fn spoil(event: &mut Value, random: &mut Random) {
    match event {
        Value::Object(fields) if !fields.is_empty() => {
            let name = fields
                .keys()
                .nth(random.below(fields.len()))
                .unwrap()
                .clone();
            match random.below(8) {
                0 => {
                    fields.remove(&name);
                }
                1 => fields[&name] = value(random),
                _ => spoil(&mut fields[&name], random),
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            let at = random.below(elements.len());
            spoil(&mut elements[at], random);
        }
        _ if random.once_in(3) => *event = value(random),
        other => *other = near(other, random),
    }
}

/// Breaks a pattern somewhere; now and then what comes out is still valid.
fn break_pattern(pattern: &mut Value, random: &mut Random) {
    let fields = pattern.as_object_mut().unwrap();
    let name = fields
        .keys()
        .nth(random.below(fields.len()))
        .unwrap()
        .clone();
    match &mut fields[&name] {
        inner @ Value::Object(_) if !random.once_in(6) => break_pattern(inner, random),
        Value::Array(branches) if name == "$or" && !random.once_in(4) => {
            let at = random.below(branches.len());
            match random.below(8) {
                0 => branches[at] = json!({}),
                1 => branches[at] = scalar(random),
                2 => branches.truncate(1),
                3 => branches[at] = json!({*random.pick(&["prefix", "cidr", "="]): ["a"]}),
                _ => break_pattern(&mut branches[at], random),
            }
        }
        Value::Array(tests) if !random.once_in(6) => {
            let at = random.below(tests.len());
            tests[at] = broken_test(&tests[at], random);
        }
        value => {
            *value = random
                .pick(&[json!("a"), json!([]), json!({}), json!(1), Value::Null])
                .clone()
        }
    }
}

fn broken_test(test: &Value, random: &mut Random) -> Value {
    let Value::Object(members) = test else {
        return match random.below(4) {
            0 => json!([test]),
            1 => json!({}),
            2 => json!({"exact": test}),
            _ => json!({"prefix": [test]}),
        };
    };
    let (operator, argument) = members.iter().next().unwrap();
    match random.below(5) {
        0 => json!({operator: argument, "prefix ": "a"}),
        1 => json!({operator.to_uppercase(): argument}),
        2 => json!({ operator: scalar(random) }),
        _ => json!({operator: broken_argument(argument, random)}),
    }
}

fn broken_argument(argument: &Value, random: &mut Random) -> Value {
    match argument {
        Value::Object(members) => {
            let (operator, inner) = members.iter().next().unwrap();
            match random.below(4) {
                0 => json!({}),
                1 => json!({operator: inner, "suffix": "a"}),
                2 => json!({ "exists": inner }),
                _ => json!({operator: broken_argument(inner, random)}),
            }
        }
        Value::Array(list) => {
            let mut list = list.clone();
            let at = random.below(list.len());
            match random.below(5) {
                0 => return json!([]),
                1 => list[at] = Value::Null,
                2 => list[at] = scalar(random),
                3 => list.reverse(),
                _ => list.push(scalar(random)),
            }
            Value::Array(list)
        }
        Value::String(text) => match random.below(6) {
            0 => json!(format!("{text}**")),
            1 => json!(format!("{text}\\")),
            2 => json!(format!("{text}8")),
            3 => json!(text.replace('/', "")),
            4 => Value::Null,
            _ => json!([1]),
        },
        _ => json!(["a", 1]),
    }
}
