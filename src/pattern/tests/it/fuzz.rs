//! Mutated patterns and events, and hostile ones: clear errors, bounded time, no panic.

use std::time::{Duration, Instant};

use eventbridge_pattern::{Cause, Event, EventError, EventPattern, JsonError};
use serde_json::Value;

use super::random::Random;
use super::vectors::own_files;

/// Far above what any input takes, even on a busy machine and unoptimised.
const SLOW: Duration = Duration::from_secs(20);

/// The texts of all own vectors: patterns and events.
fn corpus() -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    for file in own_files() {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            for name in ["pattern", "event"] {
                let text = match &line[format!("{name}_text")] {
                    Value::String(text) => text.clone(),
                    _ => line[name].to_string(),
                };
                texts.push(text.into_bytes());
            }
        }
    }
    texts
}

fn mutate(random: &mut Random, text: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    const TOKENS: [&str; 24] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "*",
        "\\u",
        "\\ud800",
        "$or",
        "1e400",
        "-0",
        "null",
        "true",
        "\"a\":",
        "{\"exists\":false}",
        "{\"prefix\":\"",
        "anything-but",
        "\u{0}",
        "\u{1F600}",
        "::1",
        "[{",
    ];
    for _ in 0..=random.below(4) {
        let at = random.below(text.len() + 1);
        match random.below(5) {
            0 => {
                text.splice(at..at, random.pick(&TOKENS).bytes());
            }
            1 if !text.is_empty() => {
                let end = (at + random.below(6)).min(text.len());
                text.drain(at..end);
            }
            2 if at < text.len() => text[at] = random.below(256) as u8,
            3 => {
                let end = (at + random.below(30)).min(text.len());
                let copy = text[at..end].to_vec();
                let to = random.below(text.len() + 1);
                text.splice(to..to, copy);
            }
            _ => {
                let other = random.pick(corpus);
                let from = random.below(other.len() + 1);
                let end = (from + random.below(60)).min(other.len());
                text.splice(at..at, other[from..end].iter().copied());
            }
        }
    }
}

/// All that must hold of any two texts. True if both parse.
fn check(pattern_text: &str, event_text: &str) -> bool {
    let start = Instant::now();
    let pattern = EventPattern::parse(pattern_text);
    let event = Event::parse(event_text);
    if let Err(error) = &pattern {
        assert!(error.position.line >= 1 && error.position.column >= 1);
        assert!(!error.to_string().is_empty() && error.help().is_none_or(|help| !help.is_empty()));
    }
    let both = if let (Ok(pattern), Ok(event)) = (&pattern, &event) {
        let verdict = pattern.matches(event);
        let explanation = pattern.explain(event);
        assert_eq!(explanation.matches, verdict, "{pattern_text}\n{event_text}");
        assert_eq!(
            explanation.failures.is_empty(),
            verdict,
            "{pattern_text}\n{event_text}"
        );
        let again = EventPattern::parse(pattern.canonical()).unwrap();
        assert_eq!(
            again.matches(event),
            verdict,
            "{pattern_text}\n{event_text}"
        );
        assert_eq!(again.canonical(), pattern.canonical());
        if let Some(witness) = pattern.witness() {
            assert!(pattern.matches(&Event::from_value(&witness).unwrap()));
        }
        true
    } else {
        false
    };
    let taken = start.elapsed();
    assert!(taken < SLOW, "{taken:?}: {pattern_text}\n{event_text}");
    both
}

/// Most patterns are broken: the parser's minute.
#[test]
fn mutated_patterns_keep_the_invariants() {
    let (inputs, both) = fuzz(7, [3, 2]);
    assert!(
        both * 50 > inputs,
        "{both} of {inputs} got past the parsers"
    );
}

/// Patterns stay valid and events change: the matcher's minute.
#[test]
fn mutated_events_keep_the_invariants() {
    let (inputs, both) = fuzz(11, [0, 2]);
    assert!(both * 4 > inputs, "{both} of {inputs} got to the matcher");
}

/// Checks mutated pairs for as long as the run is given; the result is how many, and how many of them
/// parsed on both sides. Of four patterns and of four events, so many are mutated.
fn fuzz(seed: u64, mutated: [usize; 2]) -> (usize, usize) {
    let seconds: u64 =
        std::env::var("IAMWATCH_FUZZ_SECONDS").map_or(1, |seconds| seconds.parse().unwrap());
    let corpus = corpus();
    let mut random = Random::new(seed);
    let start = Instant::now();
    let (mut inputs, mut both) = (0, 0);
    while start.elapsed() < Duration::from_secs(seconds) || inputs < 500 {
        let pair = random.below(corpus.len() / 2) * 2;
        let mut texts = [corpus[pair].clone(), corpus[pair + 1].clone()];
        // The event of another vector, half of the time.
        if random.below(2) == 0 {
            texts[1] = corpus[random.below(corpus.len() / 2) * 2 + 1].clone();
        }
        for (text, share) in texts.iter_mut().zip(mutated) {
            if random.below(4) < share {
                mutate(&mut random, text, &corpus);
            }
        }
        let [pattern, event] = texts.map(|text| String::from_utf8_lossy(&text).into_owned());
        both += usize::from(check(&pattern, &event));
        inputs += 1;
    }
    println!("{inputs} inputs, {both} of them valid");
    (inputs, both)
}

/// Runs on a thread with the default stack, which is smaller than the main thread's.
fn on_a_thread(work: impl FnOnce() + Send + 'static) {
    let start = Instant::now();
    std::thread::spawn(work).join().unwrap();
    assert!(start.elapsed() < SLOW, "{:?}", start.elapsed());
}

fn cause(text: &str) -> Cause {
    EventPattern::parse(text).unwrap_err().cause
}

#[test]
fn nesting_is_limited_and_costs_no_stack() {
    on_a_thread(|| {
        for open in ["[", "{\"a\":", "{\"$or\":["] {
            let text = open.repeat(100_000);
            assert!(matches!(cause(&text), Cause::TooLong(_)));
            assert!(matches!(
                Event::parse(&format!("{{\"a\":{text}")).unwrap_err(),
                EventError::Json {
                    cause: JsonError::TooDeep,
                    ..
                }
            ));
        }
        let deep = |levels: usize, open: &str, inner: &str, close: &str| {
            format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
        };
        let pattern = EventPattern::parse(&deep(800, "{\"\":", "[1]", "}")).unwrap();
        let event = Event::parse(&deep(999, "{\"\":", "1", "}")).unwrap();
        assert!(!pattern.matches(&event));
        assert!(pattern.witness().is_none_or(|event| event.is_object()));
        let event = format!("{{\"a\":{}}}", deep(990, "[", "1", "]"));
        assert!(check("{\"a\":[1]}", &event));
        let ors = format!(
            "{}{}{}",
            "{\"$or\":[{\"a\":[1]},".repeat(150),
            "{\"b\":[2]}",
            "]}".repeat(150)
        );
        assert!(check(&ors, "{\"b\":2}"));
    });
}

#[test]
fn a_deep_value_in_memory_is_refused() {
    let mut value = Value::from(1);
    for _ in 0..2_000 {
        value = Value::from_iter([("a", value)]);
    }
    on_a_thread(move || {
        assert!(matches!(
            Event::from_value(&value).unwrap_err(),
            EventError::Json {
                cause: JsonError::TooDeep,
                ..
            }
        ));
        assert_eq!(
            EventPattern::from_value(&value).unwrap_err().cause,
            Cause::Json(JsonError::TooDeep)
        );
    });
}

#[test]
fn arrays_of_ten_thousand_elements_take_bounded_time() {
    on_a_thread(|| {
        let objects: Vec<String> = (0..10_000)
            .map(|n| format!("{{\"b\":1,\"c\":1,\"d\":{n}}}"))
            .collect();
        let event = format!(
            "{{\"a\":[{}],\"e\":[{}]}}",
            objects.join(","),
            objects.join(",")
        );
        assert!(check(
            "{\"a\":{\"b\":[1],\"c\":[1],\"d\":[9999]},\"e\":{\"b\":[1],\"c\":[1],\"d\":[9999]}}",
            &event
        ));
        assert!(check("{\"a\":{\"b\":[1],\"d\":[-1]}}", &event));
        assert!(check(
            "{\"a\":{\"b\":[1],\"x\":[{\"exists\":false}],\"z\":[2]}}",
            &event
        ));
        // The same key many times: every combination of elements would be a way to match.
        let repeated = vec![format!("\"a\":[{}]", objects[..300].join(",")); 30].join(",");
        let pattern = "{\"a\":{\"b\":[1],\"c\":[1],\"d\":[-1,{\"exists\":false}]}}";
        let pattern = EventPattern::parse(pattern).unwrap();
        assert!(!pattern.matches(&Event::parse(&format!("{{{repeated}}}")).unwrap()));
        let values = vec!["\"x\""; 10_000].join(",");
        assert!(matches!(
            cause(&format!("{{\"a\":[{values}]}}")),
            Cause::TooLong(_)
        ));
    });
}

#[test]
fn or_explosions_are_refused() {
    on_a_thread(|| {
        let group = "\"$or\":[{\"a\":[1]},{\"b\":[1]},{\"c\":[1]}]";
        let groups = |count: usize| format!("{{{}}}", vec![group; count].join(","));
        assert_eq!(cause(&groups(7)), Cause::TooManyCombinations);
        assert_eq!(cause(&groups(80)), Cause::TooManyCombinations);
        assert!(check(&groups(6), "{\"a\":1}"));
    });
}

#[test]
fn fields_are_limited() {
    let fields = |count: usize| {
        let fields: Vec<String> = (0..count).map(|n| format!("\"{n}\":[1]")).collect();
        format!("{{{}}}", fields.join(","))
    };
    assert!(EventPattern::parse(&fields(256)).is_ok());
    assert_eq!(cause(&fields(257)), Cause::TooManyFields);
}

#[test]
fn half_surrogate_pairs_are_named_with_their_place() {
    for half in [
        "\\ud800",
        "\\udc00",
        "\\ud800x",
        "\\ud800\\ud800",
        "\\ud800\\n",
    ] {
        let error = EventPattern::parse(&format!("{{\n \"a\": [\"x{half}\"]}}")).unwrap_err();
        assert_eq!(error.cause, Cause::Json(JsonError::LoneSurrogate), "{half}");
        assert_eq!(
            (error.position.line, error.position.column),
            (2, 10),
            "{half}"
        );
    }
}

#[test]
fn strings_of_five_megabytes_take_bounded_time() {
    on_a_thread(|| {
        let long = "ab".repeat(2_500_000);
        assert!(matches!(
            cause(&format!("{{\"a\":[\"{long}\"]}}")),
            Cause::TooLong(_)
        ));
        let event = format!("{{\"a\":\"{long}\"}}");
        for pattern in [
            "{\"a\":[{\"wildcard\":\"*a*b*c\"}]}",
            "{\"a\":[{\"wildcard\":\"*abababac*\"}]}",
            "{\"a\":[{\"suffix\":{\"equals-ignore-case\":\"AB\"}}]}",
            "{\"a\":[{\"anything-but\":{\"wildcard\":[\"*x\",\"y*\"]}}]}",
            "{\"a\":[{\"cidr\":\"::/0\"}]}",
            "{\"a\":[{\"exists\":false}]}",
        ] {
            assert!(check(pattern, &event), "{pattern}");
        }
    });
}

#[test]
fn numbers_beyond_floats_are_text_or_refused() {
    for number in [
        "1e400",
        "-1e400",
        "1e99999999999",
        "123456789012345678901234567890",
    ] {
        let same = format!("{{\"a\":{number}}}");
        assert!(
            EventPattern::parse(&format!("{{\"a\":[{number}]}}"))
                .unwrap()
                .matches(&Event::parse(&same).unwrap())
        );
        assert!(matches!(
            cause(&format!("{{\"a\":[{{\"numeric\":[\"<\",{number}]}}]}}")),
            Cause::Incomparable(_)
        ));
    }
    let overlong = "1".repeat(5_000_000);
    assert!(matches!(
        Event::parse(&format!("{{\"a\":{overlong}}}")).unwrap_err(),
        EventError::Json {
            cause: JsonError::Number,
            ..
        }
    ));
}

#[test]
fn costly_wildcards_are_measured_in_bounded_time() {
    on_a_thread(|| {
        let long = "ab".repeat(1_000);
        assert_eq!(
            cause(&format!("{{\"a\":[{{\"wildcard\":\"*{long}*{long}\"}}]}}")),
            Cause::TooComplex
        );
        let distinct: String = (0..1_900u32)
            .map(|n| char::from_u32(0x4e00 + n).unwrap())
            .collect();
        let two = format!("{{\"a\":[{{\"wildcard\":\"*{distinct}*{distinct}\"}}]}}");
        assert!(check(&two, "{\"a\":\"x\"}"));
    });
}
