//! What others may have written reaches a terminal as text, and secrets and private files reach nobody.

mod files;
mod logs;
mod secrets;
mod words;

/// What steers terminals or hides, and a line that lies.
pub(crate) const HOSTILE: &str = "\u{1b}[35mEVIL\u{1b}]0;title\u{7}\u{202e}gnp\u{2066}\u{200b}\u{2028}\u{85}\u{9b}35mC1\u{7f}\u{e0041}\r\nFAKE: all is well";

/// A part of it as people see it.
pub(crate) const SHOWN: &str = "\\u{1b}[35mEVIL\\u{1b}]0;title\\u{7}\\u{202e}gnp\\u{2066}\\u{200b}\\u{2028}\\u{85}\\u{9b}35mC1\\u{7f}\\u{e0041}\\r\\nFAKE: all is well";

/// A text without colours, but for the one that nobody here uses but the hostile.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        match code.strip_prefix('m') {
            Some(rest) if !part.starts_with("35m") => plain.push_str(rest),
            _ => {
                plain.push_str("\u{1b}[");
                plain.push_str(part);
            }
        }
    }
    plain
}

/// That nothing raw is in what a command wrote; colours of ours may be.
#[track_caller]
pub(crate) fn assert_tame(what: &str, text: &str) {
    let rest = uncoloured(text);
    let raw = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    if let Some(at) = rest.find(raw) {
        let before = rest[..at].chars().count().saturating_sub(60);
        let around: String = rest.chars().skip(before).take(120).collect();
        panic!("{what}: raw in {around:?}");
    }
    let lies = rest.lines().find(|line| line.starts_with("FAKE"));
    assert_eq!(lies, None, "{what}:\n{rest}");
}

#[test]
fn what_is_not_tame_is_noticed() {
    assert_tame("colours", "\u{1b}[1m\u{1b}[31mred\u{1b}[0m\n");
    for wild in [
        "\u{1b}[35mx",
        "\u{1b}]0;x",
        "a\rb",
        "\u{9b}1m",
        "\u{202e}",
        "a\nFAKE",
        HOSTILE,
    ] {
        let caught = std::panic::catch_unwind(|| assert_tame("wild", wild));
        assert!(caught.is_err(), "{wild:?}");
    }
    assert_tame("escaped", SHOWN);
}
