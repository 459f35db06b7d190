//! Mutated rules files: whatever they have become, loading and rendering them ends well.

use std::path::Path;
use std::time::{Duration, Instant};

use iamwatch::check;
use iamwatch::render::diagnostic::render;
use iamwatch::rules;

/// What a mutation puts in: the words and signs of the language, and what YAML trips over.
const WORDS: &[&str] = &[
    "\n",
    "  ",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "\"",
    "'",
    "*",
    "&a ",
    "*a",
    "!!str ",
    "|\n",
    ">-\n",
    "# ",
    "---\n",
    "...\n",
    "? ",
    "<<: ",
    "\t",
    "\\",
    "%",
    "@",
    "`",
    "~",
    "null",
    "yes",
    "no",
    "1e309",
    ".nan",
    "0x1F",
    "012345678901",
    "é",
    "\u{202e}",
    "\u{0}",
    "\u{feff}",
    "version: 1\n",
    "rules:\n",
    "  - use: pack/aws-blog\n",
    "  - id: x\n",
    "events: [\"iam:*\"]\n",
    "when: ",
    "unless: ",
    "{ not: ",
    "{ exists: ",
    "{ number: \">= 3\" }",
    "{ cidr: 10.0.0.0/8 }",
    "{ any-case: \"a*\" }",
    "pattern: ",
    "{ source: [a] }",
    "detail.",
    "$or",
    "..",
    "include: [x]\n",
    "channels: ",
    "{ email: a@b.c }",
    "enabled: no\n",
    "except: [iam/changes]\n",
    "tests: ",
    "like: \"sts:AssumeRole\"",
    "as: root\n",
    "event: { eventSource: a, eventName: b }",
    "event: { source: a, detail-type: b, detail: [1] }",
    "file: x.json",
    "with: { a.b: [1, { c: ~ }], a: x }\n",
    "without: [a.b, eventName]\n",
    "expect: no-match",
    "where: {}\n",
    "iam.amazonaws.com:X",
    "cloudwatch:X",
    "a.b.c",
    "userIdentity.type: Root\n",
];

/// A small generator of numbers: the same seed, the same files. (Marsaglia's xorshift64.)
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn seeds() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = Vec::new();
    for folder in ["examples", "patterns"] {
        let mut paths: Vec<_> = std::fs::read_dir(root.join(folder))
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        paths.sort();
        seeds.extend(
            paths
                .iter()
                .map(|path| std::fs::read_to_string(path).unwrap()),
        );
    }
    assert!(seeds.len() >= 5);
    seeds
}

/// One to eight changes, of characters or of whole lines.
fn mutate(seeds: &[String], random: &mut Random) -> String {
    let mut text: Vec<char> = seeds[random.below(seeds.len())].chars().collect();
    let changes = if random.below(2) == 0 {
        1
    } else {
        1 + random.below(8)
    };
    for _ in 0..changes {
        let at = random.below(text.len() + 1);
        let end = (at + random.below(12)).min(text.len());
        match random.below(6) {
            0 => drop(text.drain(at..end)),
            1 => {
                let part: Vec<char> = text[at..end].to_vec();
                let to = random.below(text.len() + 1);
                text.splice(to..to, part);
            }
            2 => {
                let other: Vec<char> = seeds[random.below(seeds.len())].chars().collect();
                let from = random.below(other.len());
                let to = (from + random.below(200)).min(other.len());
                text.splice(at..at, other[from..to].iter().copied());
            }
            3 => {
                let mut lines: Vec<String> = String::from_iter(&text)
                    .lines()
                    .map(str::to_owned)
                    .collect();
                let (a, b) = (random.below(lines.len()), random.below(lines.len()));
                if !lines.is_empty() {
                    lines.swap(a, b);
                }
                text = lines.join("\n").chars().collect();
            }
            _ => drop(text.splice(
                at..end.min(at + random.below(4)),
                WORDS[random.below(WORDS.len())].chars(),
            )),
        }
    }
    text.into_iter().collect()
}

fn seconds() -> u64 {
    std::env::var("IAMWATCH_FUZZ_SECONDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(1)
}

#[test]
fn fuzz_mutated_rules_files_end_well() {
    let seeds = seeds();
    // Each file is read twice, as those who deploy rules and those who check them read it.
    let until = Instant::now() + 2 * Duration::from_secs(seconds());
    let (mut loads, mut accepted, mut refused) = (0_u64, 0_u64, 0_u64);
    while Instant::now() < until || loads < 20 {
        let seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(loads + 1);
        let text = mutate(&seeds, &mut Random(seed));
        let outcome = std::panic::catch_unwind(|| {
            let loaded = check::load_text("fuzz.yaml", &text);
            super::hostile::check(&loaded);
            let _ = render(&loaded.sources, &loaded.diagnostics, loads % 2 == 0);
            let accepted = loaded.file.is_some();
            // Compiles, runs the tests, looks at lints.
            let checked = check::check(rules::parse_text("fuzz.yaml", &text), false);
            assert!(checked.diagnostics.is_sorted_by_key(|found| found.span));
            let _ = render(&checked.sources, &checked.diagnostics, false);
            accepted
        });
        match outcome {
            Ok(true) => accepted += 1,
            Ok(false) => refused += 1,
            Err(_) => panic!("seed {loads} ends badly:\n{text}"),
        }
        loads += 1;
    }
    eprintln!("{loads} files: {accepted} accepted, {refused} refused");
    assert!(refused > 0, "mutations that break nothing test nothing");
}
