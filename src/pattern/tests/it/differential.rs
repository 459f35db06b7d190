//! The shipped matcher against the reference, on generated pairs, stratum by stratum.

use eventbridge_pattern::{Event, EventPattern};
use serde_json::{Map, Value, json};

use super::random::Random;
use super::reference;

/// The strata: each is about one operator or one way of composing.
const STRATA: [&str; 13] = [
    "exact",
    "prefix",
    "suffix",
    "any-case",
    "anything-but",
    "anything-but-shape",
    "numeric",
    "cidr",
    "exists",
    "wildcard",
    "or",
    "arrays",
    "paths",
];

const TEXTS: [&str; 8] = ["", "a", "b", "ab", "aB", "ba", "AB", "a*b"];
const ADDRESSES: [&str; 8] = [
    "10.0.0.1",
    "10.0.0.2",
    "10.200.0.1",
    "11.0.0.1",
    "32.1.13.184",
    "2001:db8::1",
    "2001:db8::2",
    "not an address",
];
const BLOCKS: [&str; 12] = [
    "10.0.0.0/8",
    "10.0.0.0/31",
    "10.0.0.7/9",
    "0.0.0.0/0",
    "32.0.0.0/8",
    "2001:db8::/32",
    "2001:db8::/127",
    "::/0",
    "10.0.0.0/32",
    "10.0.0.0",
    "10.0.0/8",
    "x/8",
];
const WILDCARDS: [&str; 12] = [
    "*", "a*", "*b", "a*b", "*a*", "", "a\\*b", "\\*", "*\\**", "a**b", "\\", "a\\b",
];

struct Generator<'r> {
    random: &'r mut Random,
    stratum: &'static str,
}

impl Generator<'_> {
    fn text(&mut self) -> Value {
        Value::from(*self.random.pick(&TEXTS))
    }

    fn number(&mut self) -> Value {
        self.random
            .pick(&[
                json!(0),
                json!(1),
                json!(1.0),
                json!(2),
                json!(-1),
                json!(1.5),
            ])
            .clone()
    }

    fn scalar(&mut self) -> Value {
        match (self.stratum, self.random.below(10)) {
            ("cidr", 0..=7) => Value::from(*self.random.pick(&ADDRESSES)),
            ("numeric", 0..=5) => self.number(),
            (_, 0..=5) => self.text(),
            (_, 6 | 7) => self.number(),
            (_, 8) => Value::Bool(self.random.below(2) == 0),
            _ => Value::Null,
        }
    }

    /// Something that most operators do not take.
    fn junk(&mut self) -> Value {
        self.random
            .pick(&[
                json!(null),
                json!(true),
                json!([]),
                json!({}),
                json!([1, "a"]),
                json!([null]),
                json!({ "prefix": 1 }),
                json!({ "equals-ignore-case": null }),
                json!({ "numeric": ["=", 1] }),
                json!(7),
            ])
            .clone()
    }

    fn texts(&mut self) -> Value {
        match self.random.below(3) {
            0 => json!([self.text(), self.text()]),
            _ => self.text(),
        }
    }

    fn operand(&mut self, good: Value) -> Value {
        if self.random.below(5) == 0 {
            self.junk()
        } else {
            good
        }
    }

    /// One element of a field's list.
    fn expression(&mut self) -> Value {
        if self.random.below(6) == 0 {
            return self.scalar();
        }
        match self.stratum {
            "prefix" | "suffix" => {
                let good = match self.random.below(3) {
                    0 => json!({ "equals-ignore-case": self.text() }),
                    _ => self.text(),
                };
                let operand = self.operand(good);
                json!({ self.stratum: operand })
            }
            "any-case" => {
                let good = self.text();
                json!({ "equals-ignore-case": self.operand(good) })
            }
            "anything-but" => {
                let good = match self.random.below(4) {
                    0 => self.number(),
                    1 => json!([self.number(), self.number()]),
                    _ => self.texts(),
                };
                json!({ "anything-but": self.operand(good) })
            }
            "anything-but-shape" => {
                let operator =
                    *self
                        .random
                        .pick(&["prefix", "suffix", "equals-ignore-case", "wildcard"]);
                let good = if operator == "wildcard" {
                    Value::from(*self.random.pick(&WILDCARDS))
                } else {
                    self.texts()
                };
                json!({ "anything-but": { operator: self.operand(good) } })
            }
            "numeric" => {
                let operators = ["=", "<", "<=", ">", ">=", "=="];
                let mut list = vec![Value::from(*self.random.pick(&operators)), self.number()];
                if self.random.below(3) == 0 {
                    list.push(Value::from(*self.random.pick(&["<", "<="])));
                    list.push(self.number());
                }
                json!({ "numeric": self.operand(Value::from(list)) })
            }
            "cidr" => {
                let good = Value::from(*self.random.pick(&BLOCKS));
                json!({ "cidr": self.operand(good) })
            }
            "exists" => {
                let good = Value::Bool(self.random.below(2) == 0);
                json!({ "exists": self.operand(good) })
            }
            "wildcard" => {
                let good = Value::from(*self.random.pick(&WILDCARDS));
                json!({ "wildcard": self.operand(good) })
            }
            _ => match self.random.below(12) {
                0 => self.junk(),
                1 => json!({ "exists": false }),
                2 => json!({ "exists": true }),
                3 => json!({ "anything-but": self.text() }),
                _ => self.scalar(),
            },
        }
    }

    fn list(&mut self) -> Value {
        if self.random.below(30) == 0 {
            return self.junk();
        }
        let more = match self.stratum {
            "or" | "arrays" | "paths" | "exact" => 3,
            _ => 1,
        };
        let count = 1 + self.random.below(more);
        (0..count).map(|_| self.expression()).collect()
    }

    fn name(&mut self) -> &'static str {
        let names: &[&'static str] = match self.stratum {
            "paths" => &["a", "b", "a.b", "b.a", "A"],
            "or" => &["a", "b", "c", "c", "prefix"],
            _ => &["a", "b", "c"],
        };
        let name: &&str = self.random.pick(names);
        name
    }

    fn pattern(&mut self, depth: usize) -> Value {
        let mut object = Map::new();
        let most = match self.stratum {
            "arrays" => 3,
            _ => 2,
        };
        for _ in 0..=self.random.below(most) {
            let (nest, or) = match self.stratum {
                "or" => (5, 2),
                "arrays" => (2, 20),
                "paths" => (3, 30),
                _ => (8, 40),
            };
            if depth < 3 && self.random.below(or) == 0 {
                let count = if self.random.below(12) == 0 { 1 } else { 2 };
                let branches = (0..count).map(|_| self.pattern(depth + 1)).collect();
                object.insert("$or".to_owned(), branches);
            }
            let name = self.name().to_owned();
            let value = if depth < 2 && self.random.below(nest) == 0 {
                self.pattern(depth + 1)
            } else {
                self.list()
            };
            object.insert(name, value);
        }
        Value::Object(object)
    }

    fn event(&mut self, depth: usize) -> Value {
        let mut object = Map::new();
        for _ in 0..2 + self.random.below(2) {
            let name = self.name().to_owned();
            object.insert(name, self.event_value(depth));
        }
        Value::Object(object)
    }

    fn event_value(&mut self, depth: usize) -> Value {
        let (array, nest) = match self.stratum {
            "arrays" => (2, 3),
            "paths" => (6, 2),
            _ => (5, 6),
        };
        if depth < 3 && self.random.below(array) == 0 {
            let count = self.random.below(4);
            return (0..count)
                .map(|_| match self.random.below(nest) {
                    0 => self.event_value(depth + 1),
                    1 if self.stratum == "arrays" => self.event(depth + 1),
                    _ => self.scalar(),
                })
                .collect();
        }
        if depth < 3 && self.random.below(nest) == 0 {
            return self.event(depth + 1);
        }
        self.scalar()
    }

    /// An event that has a good chance: made from the pattern's own witness half of the time.
    fn event_for(&mut self, pattern: &Value) -> Value {
        let event = self.event(0);
        if self.random.below(2) == 0 {
            let witness = EventPattern::from_value(pattern)
                .ok()
                .and_then(|pattern| pattern.witness_over(&event));
            return witness.unwrap_or(event);
        }
        event
    }
}

#[test]
fn the_shipped_matcher_agrees_with_the_reference() {
    let pairs: usize = std::env::var("IAMWATCH_PAIRS")
        .map_or(50_000, |count| count.parse().expect("IAMWATCH_PAIRS"));
    for (n, stratum) in STRATA.iter().enumerate() {
        let mut random = Random::new(0x1a3 + n as u64);
        let mut generator = Generator {
            random: &mut random,
            stratum,
        };
        let count = pairs.div_ceil(STRATA.len());
        let mut shares = [0usize; 3];
        for _ in 0..count {
            let pattern = generator.pattern(0);
            let event = generator.event_for(&pattern);
            let (pattern_text, event_text) = (pattern.to_string(), event.to_string());
            let parsed_event = Event::parse(&event_text).unwrap();
            let ours = EventPattern::parse(&pattern_text)
                .ok()
                .map(|pattern| pattern.matches(&parsed_event));
            let theirs = reference::verdict(&pattern, &event);
            assert_eq!(ours, theirs, "{stratum}: {pattern_text}\n{event_text}");
            shares[match ours {
                Some(true) => 0,
                Some(false) => 1,
                None => 2,
            }] += 1;
        }
        println!("{stratum:20} true, false, invalid: {shares:?}");
        assert!(
            shares.iter().all(|share| share * 10 > count),
            "{stratum}: {shares:?} of {count}"
        );
    }
}
