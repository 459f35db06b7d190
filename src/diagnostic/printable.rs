//! How the words of users, and of events, are shown inside messages.

/// The user's words in backticks: one line, no control characters, at most 80 characters.
pub(crate) fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(80).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("`{}`", printable(&cut))
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(words: &[String]) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

/// The first `most`, the others counted: `a, b and 6 more`.
pub(crate) fn few(words: &[&str], most: usize) -> String {
    let first = words.iter().take(most).copied().collect::<Vec<_>>();
    match words.len().saturating_sub(most) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// The text with escapes for control characters and for those that change how a line is shown.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unprintable(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Control characters, those that change how the rest of a line is shown, and those that cannot be seen. The selectors
/// of variants that emoji need (U+FE00 to U+FE0F) are no such characters.
/// Source: Unicode, `Default_Ignorable_Code_Point` and `Bidi_Control`.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_or_hides_is_escaped_and_nothing_else() {
        for (text, wanted) in [
            ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
            ("a\nb\r\t", "a\\nb\\r\\t"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
            (
                "\u{202e}\u{2066}\u{61c}\u{200f}",
                "\\u{202e}\\u{2066}\\u{61c}\\u{200f}",
            ),
            ("\u{2028}\u{2029}\u{85}", "\\u{2028}\\u{2029}\\u{85}"),
            (
                "a\u{200b}\u{feff}\u{ad}\u{e0041}",
                "a\\u{200b}\\u{feff}\\u{ad}\\u{e0041}",
            ),
            ("Zürich → 東京 ⚠\u{fe0f} `x`", "Zürich → 東京 ⚠\u{fe0f} `x`"),
        ] {
            assert_eq!(printable(text), wanted);
        }
    }
}
