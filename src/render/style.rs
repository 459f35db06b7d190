//! How text is marked with colours for a terminal, or with none.
//!
//! Until it is written, a mark is no sequence of a terminal yet: behind its ESC stands a word that each process draws for
//! itself. No text of others can hold that word, so that whoever writes tells our colours from theirs.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use anstyle::{AnsiColor, Style};

/// How to mark text.
#[derive(Debug, Clone, Copy)]
pub struct Painter {
    /// Whether marks may be written.
    pub color: bool,
}

impl Painter {
    fn paint(self, style: Style, text: &str) -> String {
        if self.color {
            let (begin, end) = (sealed(&style.to_string()), sealed(&format!("{style:#}")));
            format!("{begin}{text}{end}")
        } else {
            text.to_owned()
        }
    }

    /// For what appears, and what is good.
    pub fn green(self, text: &str) -> String {
        self.paint(AnsiColor::Green.on_default(), text)
    }

    /// For what goes, and what is bad.
    pub fn red(self, text: &str) -> String {
        self.paint(AnsiColor::Red.on_default(), text)
    }

    /// For what changes, and what to look at.
    pub fn yellow(self, text: &str) -> String {
        self.paint(AnsiColor::Yellow.on_default(), text)
    }

    /// Marks text as a heading.
    pub fn bold(self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    /// For what can be skipped.
    pub fn dim(self, text: &str) -> String {
        self.paint(Style::new().dimmed(), text)
    }
}

/// The word behind each ESC of ours.
fn seal() -> &'static str {
    static SEAL: OnceLock<String> = OnceLock::new();
    // Each RandomState has keys of its own from the system's randomness.
    let half = || RandomState::new().hash_one(0_u8);
    SEAL.get_or_init(|| format!("{:016x}{:016x}", half(), half()))
}

/// Sequences of a terminal as marks of ours. Every one in the text must be our own, or a library's that draws for us.
pub(super) fn sealed(text: &str) -> String {
    text.replace('\u{1b}', &format!("\u{1b}{}", seal()))
}

/// What stands behind an ESC without our word, if it is a mark of ours: a colour, and nothing else that a terminal does.
pub(super) fn opened(behind: &str) -> Option<&str> {
    let sequence = behind.strip_prefix(seal())?;
    let rest = sequence.strip_prefix('[')?;
    let end = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
    end.starts_with('m').then_some(sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_colours_open() {
        let mark = Painter { color: true }.red("x");
        let behind = mark.strip_prefix('\u{1b}').unwrap();
        assert_eq!(opened(behind).map(|rest| &rest[..5]), Some("[31mx"));
        for theirs in ["[31mx", "0[31mx", "", "]0;title\u{7}"] {
            assert_eq!(opened(theirs), None, "{theirs}");
        }
        // Not even a library's sequence does more than colour.
        for more in [
            "\u{1b}[2J",
            "\u{1b}]8;;https://example.com\u{7}",
            "\u{1b}[31",
        ] {
            let mark = sealed(more);
            assert_eq!(
                opened(mark.strip_prefix('\u{1b}').unwrap()),
                None,
                "{more:?}"
            );
        }
    }
}
