//! Nothing that others may have written steers a terminal: what is written goes through one of these.

use std::borrow::Cow;

use super::style;
use crate::diagnostic::is_unprintable;

/// Text for people. Line ends and our own colours stay, and every other character that steers a terminal or cannot be
/// seen is shown as an escape, such as `\u{1b}`.
pub(crate) fn for_people(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if !is_hostile(c) {
            out.push(c);
        } else if c == '\u{1b}'
            && let Some(ours) = style::opened(rest)
        {
            out.push(c);
            rest = ours;
        } else {
            out.extend(c.escape_default());
        }
    }
    Cow::Owned(out)
}

/// JSON that says the same, with escapes of JSON for what would steer a terminal.
pub(crate) fn for_programs(json: &str) -> Cow<'_, str> {
    if !json.chars().any(is_hostile) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_hostile(c) {
            for unit in c.encode_utf16(&mut [0; 2]).iter() {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn is_hostile(c: char) -> bool {
    c != '\n' && is_unprintable(c)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::render::style::Painter;

    const HOSTILE: &str =
        "\u{1b}[31mRED\u{1b}]0;pwned\u{7}\u{202e}gnp\u{2028}\r\u{9b}31m\u{7f}\u{200b}\u{e0041}é";

    #[test]
    fn our_colours_stay_and_theirs_do_not() {
        let painted = Painter { color: true }.red(HOSTILE);
        let written = for_people(&painted);
        let inside = written
            .strip_prefix("\u{1b}[31m")
            .and_then(|rest| rest.strip_suffix("\u{1b}[0m"))
            .unwrap();
        assert_eq!(
            inside,
            "\\u{1b}[31mRED\\u{1b}]0;pwned\\u{7}\\u{202e}gnp\\u{2028}\\r\\u{9b}31m\\u{7f}\\u{200b}\\u{e0041}é"
        );
        assert_eq!(for_people("two\nlines →"), "two\nlines →");
    }

    #[test]
    fn a_mark_that_was_seen_cannot_be_used_again() {
        // The word of this process is not that of the next, and what is written holds none.
        let written = for_people(&Painter { color: true }.bold("x")).into_owned();
        assert_eq!(for_people(&written), "\\u{1b}[1mx\\u{1b}[0m");
    }

    #[test]
    fn json_stays_the_same_json() {
        for value in [json!({ HOSTILE: [HOSTILE, 1, null] }), json!(HOSTILE)] {
            for text in [value.to_string(), format!("{value:#}")] {
                let written = for_programs(&text);
                assert!(!written.chars().any(is_hostile), "{written}");
                assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
            }
        }
    }
}
