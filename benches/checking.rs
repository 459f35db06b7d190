//! What `iamwatch check` costs: 1,000 generated rules from text to the last lint, each step against the whole,
//! and the catalogue.
//!
//! Times are medians of several rounds, and only ever printed.

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use iamwatch::check;
use iamwatch::compile::{self, PATTERN_QUOTA};
use iamwatch::rules;

/// As the program has it.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const ROUNDS: usize = 15;
const RULES: usize = 1_000;

fn main() {
    let text = generated();
    let loading = median(|| {
        black_box(check::load_text("rules.yaml", black_box(&text)));
    });
    let loaded = check::load_text("rules.yaml", &text);
    let Some(file) = &loaded.file else {
        println!(
            "the generated rules do not load: {:?}",
            loaded.diagnostics.first()
        );
        return;
    };
    let compiling = median(|| {
        black_box(compile::each(black_box(file), PATTERN_QUOTA));
    });
    let checking = median(|| {
        let parsed = rules::parse_text("rules.yaml", black_box(&text));
        black_box(check::check(parsed, true));
    });
    let checked = check::check(rules::parse_text("rules.yaml", &text), true);
    let twice = checked
        .diagnostics
        .iter()
        .filter(|found| found.code == "W0802");
    println!(
        "check of {RULES} rules ({} kB, {} event patterns): {:.1} ms, {} messages, {} of them about duplicate alerts",
        text.len() / 1000,
        checked.patterns,
        milliseconds(checking),
        checked.diagnostics.len(),
        twice.count(),
    );
    for (step, time) in [
        ("reading them", loading),
        ("compiling them", compiling),
        ("lints", checking.saturating_sub(loading + compiling)),
    ] {
        println!(
            "  {step}: {:.1} ms, {:.2} of it",
            milliseconds(time),
            time.as_secs_f64() / checking.as_secs_f64()
        );
    }
    catalogue(checking);
}

/// The catalogue as a file of its own.
fn catalogue(checking: Duration) {
    let reading = median(|| {
        black_box(check::whole_catalogue());
    });
    let Some(file) = check::whole_catalogue().file else {
        println!("the catalogue does not load");
        return;
    };
    let compiling = median(|| {
        black_box(compile::compile(black_box(&file), PATTERN_QUOTA).ok());
    });
    println!(
        "the catalogue ({} rules): reading {:.1} ms, compiling {:.1} ms, {:.2} of the check above",
        file.rules.len(),
        milliseconds(reading),
        milliseconds(compiling),
        (reading + compiling).as_secs_f64() / checking.as_secs_f64()
    );
}

/// Rules as people write them: some names of some service, sometimes a glob, a condition, an exception.
fn generated() -> String {
    let services = services();
    let mut text = String::from(
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nwatch: { regions: all }\nchannels:\n  mail: { email: security@example.com }\n  phone: { sms: \"+491511234567\" }\n  desk: { email: desk@example.com }\nnotify: { critical: [phone, mail], default: [mail], low: [desk] }\nrules:\n",
    );
    for n in 0..RULES {
        let Some((service, names)) = services.get(n * 7 % services.len().max(1)) else {
            continue;
        };
        let pick = |k: usize| {
            names
                .get((n * 13 + k * 5) % names.len().max(1))
                .map_or("", String::as_str)
        };
        let severity = ["critical", "high", "medium", "low"]
            .get(n % 4)
            .unwrap_or(&"low");
        let events = match n % 10 {
            0 => format!("\"{service}:{}*\"", verb(pick(0))),
            1..=5 => format!("\"{service}:{}\"", pick(0)),
            _ => format!(
                "\"{service}:{}\", \"{service}:{}\", \"{service}:{}\"",
                pick(0),
                pick(1),
                pick(2)
            ),
        };
        let _ = writeln!(
            text,
            "  - id: rule-{n}\n    title: Something happened at {service}\n    severity: {severity}\n    events: [{events}]"
        );
        match n % 6 {
            0 | 1 => text.push_str("    when: { errorCode: { exists: false } }\n"),
            2 => {
                let _ = writeln!(
                    text,
                    "    when: {{ requestParameters.name: \"team-{}-*\" }}",
                    n % 50
                );
            }
            3 => text.push_str("    when: { userIdentity.type: [IAMUser, Root] }\n"),
            _ => {}
        }
        if n % 5 == 0 {
            let _ = writeln!(
                text,
                "    unless:\n      - {{ userIdentity.arn: \"arn:aws:iam::*:user/robot-{}\" }}\n      - {{ sourceIPAddress: {{ cidr: 192.0.2.0/24 }} }}",
                n % 20
            );
        }
    }
    text
}

/// Services with many events, and their names.
fn services() -> Vec<(&'static str, Vec<String>)> {
    let table = include_str!("../src/cloudtrail/api_names.txt");
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let services = lines.filter_map(|line| {
        let (service, groups) = line.split_once(' ')?;
        let groups = groups.split(' ').filter_map(|group| group.split_once(':'));
        let names = groups.flat_map(|(verb, nouns)| {
            let names = nouns.split(',').map(move |noun| format!("{verb}{noun}"));
            names.collect::<Vec<_>>()
        });
        Some((service, names.collect::<Vec<_>>()))
    });
    services.filter(|(_, names)| names.len() > 40).collect()
}

fn verb(name: &str) -> &str {
    let end = name
        .char_indices()
        .skip(1)
        .find(|(_, c)| c.is_ascii_uppercase());
    end.and_then(|(at, _)| name.get(..at)).unwrap_or(name)
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times.get(ROUNDS / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
