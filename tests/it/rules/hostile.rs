//! Files that were not written to be read.

use iamwatch::check;
use iamwatch::diagnostic;
use std::time::{Duration, Instant};

use iamwatch::check::Loaded;
use iamwatch::diagnostic::{Diagnostic, MAX_DIAGNOSTICS};
use iamwatch::render::diagnostic::render;

/// A debug build on a busy machine needs far less.
const PATIENCE: Duration = Duration::from_secs(20);

/// Loads and renders within bounds; the diagnostics.
fn survive(name: &str, text: &str) -> Vec<Diagnostic> {
    let begin = Instant::now();
    let loaded = check::load_text("hostile.yaml", text);
    let rendered = render(&loaded.sources, &loaded.diagnostics, false);
    assert!(
        begin.elapsed() < PATIENCE,
        "{name} took {:?}",
        begin.elapsed()
    );
    assert!(loaded.diagnostics.len() <= MAX_DIAGNOSTICS + 1, "{name}");
    let longest = rendered
        .lines()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0);
    assert!(longest < 600, "{name}: a line of {longest} characters");
    check(&loaded);
    assert!(!loaded.diagnostics.is_empty(), "{name} is accepted");
    loaded.diagnostics
}

/// What holds for every load: places are in the text, and there is a file or an error.
pub(crate) fn check(loaded: &Loaded) {
    for diagnostic in &loaded.diagnostics {
        let span = diagnostic.span;
        let text = &loaded.sources.get(span.source).unwrap().text;
        assert!(text.get(span.start..span.end).is_some(), "{diagnostic:?}");
        assert!(
            !diagnostic.message.is_empty() && !diagnostic.message.contains('\n'),
            "{diagnostic:?}"
        );
        assert!(!diagnostic.label.contains('\n'), "{diagnostic:?}");
    }
    let errors = loaded
        .diagnostics
        .iter()
        .any(|d| d.level == diagnostic::Level::Error);
    assert_eq!(loaded.file.is_none(), errors);
    assert!(
        loaded.diagnostics.is_sorted_by_key(|d| d.span)
            || loaded.diagnostics.len() > MAX_DIAGNOSTICS
    );
}

fn has(diagnostics: &[Diagnostic], code: &str) -> bool {
    diagnostics.iter().any(|d| d.code == code)
}

#[test]
fn a_yaml_bomb_does_not_grow() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (name, before) in ('b'..='z').zip('a'..) {
        let nine = vec![format!("*{before}"); 9].join(", ");
        bomb.push_str(&format!("{name}: &{name} [{nine}]\n"));
    }
    assert!(has(&survive("bomb", &bomb), "E0106"));
}

#[test]
fn depth_is_bounded() {
    for (name, text) in [
        ("lists", "[".repeat(100_000)),
        ("maps", "{a: ".repeat(100_000)),
        ("block lists", "- ".repeat(100_000)),
        ("keys", "? ".repeat(100_000)),
        (
            "indentation",
            (0..1_400)
                .map(|n| format!("{}a:\n", " ".repeat(n)))
                .collect(),
        ),
        (
            "in a pattern",
            format!("rules: [{{ id: a, pattern: {} }}]", "[".repeat(1_000)),
        ),
        (
            "in JSON",
            format!("rules: [{{ id: a, pattern: '{}' }}]", "[".repeat(100_000)),
        ),
    ] {
        survive(name, &text);
    }
}

#[test]
fn breadth_is_bounded() {
    assert!(has(
        &survive("a sequence", &format!("rules: [{}]", "x, ".repeat(200_000))),
        "E0105"
    ));
    assert!(has(
        &survive("2 MB", &"# comment\n".repeat(200_000)),
        "E0102"
    ));
    let keys: String = (0..60_000).map(|n| format!("k{n}: 1\n")).collect();
    assert!(has(&survive("keys", &keys), "E0105"));
    let keys: String = (0..40_000).map(|n| format!("k{n}: 1\n")).collect();
    assert!(has(&survive("unknown keys", &keys), "E0110"));
    let channels: String = (0..20_000).map(|n| format!("  c{n}: x\n")).collect();
    survive("channels", &format!("channels:\n{channels}"));
    let names: String = (0..9_000).map(|n| format!("c{n}, ")).collect();
    let channels: String = (0..9_000)
        .map(|n| format!("  d{n}: {{ email: a@b.c }}\n"))
        .collect();
    survive(
        "unknown channels",
        &format!("channels:\n{channels}notify: {{ default: [{names}] }}\n"),
    );
    let paths: String = (0..30_000).map(|n| format!("a.b{n}: 1, ")).collect();
    survive(
        "conditions",
        &format!("rules: [{{ id: a, when: {{ {paths} a: 1 }} }}]"),
    );
    let maps = "{ awsRegion: a }, ".repeat(20_000);
    survive(
        "alternatives",
        &format!("rules: [{{ use: root/activity, when: [{maps}] }}]"),
    );
    let rules = "{ id: a, events: [\"iam:*\"] }, ".repeat(10_000);
    survive(
        "rules",
        &format!(
            "version: 1\nname: a\nhome: {{ region: us-east-1 }}\nchannels: {{ a: {{ email: a@b.cd }} }}\nnotify: {{ default: [a] }}\nrules: [{rules}]"
        ),
    );
}

#[test]
fn long_texts_are_bounded() {
    let long = "é".repeat(400_000);
    for (name, text) in [
        ("a name", format!("name: {long}")),
        ("a key", format!("{long}: 1")),
        ("a quoted key", format!("? \"{long}\"\n: 1")),
        (
            "an event",
            format!("rules: [{{ id: a, events: [\"{long}\"] }}]"),
        ),
        (
            "a path",
            format!(
                "rules:\n- id: a\n  when:\n    ? {}\n    : x",
                "a.".repeat(200_000)
            ),
        ),
        (
            "a title",
            format!("rules: [{{ id: a, title: \"{long}\" }}]"),
        ),
        ("a rule", format!("rules: [{{ use: \"{long}\" }}]")),
        (
            "a value",
            format!("rules: [{{ id: a, when: {{ x: \"{long}\" }} }}]"),
        ),
        ("an alias", format!("a: *{}", "a".repeat(400_000))),
        ("an anchor", format!("a: &{} x", "a".repeat(400_000))),
        (
            "digits",
            format!("home: {{ account: {} }}", "1".repeat(400_000)),
        ),
        (
            "JSON",
            format!("rules: [{{ id: a, pattern: '{{\"{long}\": 1' }}]"),
        ),
        (
            "one line",
            format!("{{ {} }}", "version: 1, ".repeat(30_000)),
        ),
    ] {
        survive(name, &text);
    }
}

#[test]
fn odd_characters_do_no_harm() {
    for text in [
        "\u{0}",
        "\u{feff}",
        "\u{feff}\u{feff}version: 1",
        "version: 1\r\rname: \u{2028}",
        "name: \"\\uD800\"",
        "name: \"\\x00\\e[2J\"",
        "\u{202e}name: a",
        "- \u{7f}",
        "name: a\u{85}b: c",
        "name: a\u{9b}31m\u{2066}b",
        "\u{9b}\u{85}x: \u{200b}",
        "name: 'a\tb'",
    ] {
        let loaded = check::load_text("odd\u{1b}.yaml", text);
        check(&loaded);
        assert!(!loaded.diagnostics.is_empty(), "{text:?}");
        let rendered = render(&loaded.sources, &loaded.diagnostics, false);
        let harmful = |c: char| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!rendered.contains(harmful), "{text:?}: {rendered:?}");
    }
}

#[test]
fn what_is_no_regular_file_is_not_read() {
    for path in ["/dev/zero", "/", "a\0b"] {
        let loaded = check::load(std::path::Path::new(path));
        check(&loaded);
        assert_eq!(loaded.diagnostics[0].code, "E0101", "{path}");
    }
}

#[test]
fn includes_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("main.yaml");
    let filler = format!("version: 1\nrules:\n# {}\n", "x".repeat(1_000_000));
    for n in 0..12 {
        std::fs::write(folder.path().join(format!("{n:02}.yaml")), &filler).unwrap();
    }
    let lines = "'[0-9]*.yaml', '*.yaml', ".repeat(200);
    std::fs::write(&main, format!("version: 1\ninclude: [{lines}]\n")).unwrap();
    let begin = Instant::now();
    let loaded = check::load(&main);
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    check(&loaded);
    assert!(has(&loaded.diagnostics, "E0306") && has(&loaded.diagnostics, "E0102"));
    let large = loaded
        .diagnostics
        .iter()
        .filter(|d| d.code == "E0102")
        .count();
    assert_eq!(large, 1);
}
