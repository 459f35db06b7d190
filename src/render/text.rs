//! Lines for people, of which none becomes two because of the words in it.

use std::fmt;
use std::ops::Deref;

use serde_json::Value;

use super::escape::for_programs;
use super::style::sealed;

/// Lines for people. `writeln!` writes one line, whatever words it is given: a line end in them is shown as `\n`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(String);

impl Text {
    /// Writes one line, or the part of one where no line end stands last. `write!` and `writeln!` come here.
    ///
    /// # Errors
    /// None.
    pub fn write_fmt(&mut self, words: fmt::Arguments<'_>) -> fmt::Result {
        let words = words.to_string();
        let (line, end) = match words.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (words.as_str(), ""),
        };
        if line.contains('\n') {
            self.0.push_str(&line.replace('\n', "\\n"));
        } else {
            self.0.push_str(line);
        }
        self.0.push_str(end);
        Ok(())
    }

    /// Writes an empty line.
    pub fn blank(&mut self) {
        self.0.push('\n');
    }

    /// Adds the lines of another text.
    pub fn append(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    /// Writes several lines, each behind what makes clear that it is a part of something.
    pub(super) fn block(&mut self, before: &str, lines: &str) {
        for line in lines.lines() {
            self.0.push_str(before);
            self.0.push_str(line);
            self.blank();
        }
    }

    /// What a library has drawn, colours included. The caller sees to it that the library was handed single lines without
    /// any character that steers a terminal.
    pub(crate) fn drawn(lines: &str) -> Self {
        Self(sealed(lines))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// JSON over several lines, as it can be pasted.
pub(super) fn pretty_json(value: &Value) -> String {
    for_programs(&format!("{value:#}")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_do_not_make_lines() {
        let mut text = Text::default();
        let foreign = "a\nFAKE: all is well\n";
        let _ = writeln!(text, "name: {foreign}");
        let _ = write!(text, "{foreign}and");
        let _ = writeln!(text, " more");
        assert_eq!(
            text.to_string(),
            "name: a\\nFAKE: all is well\\n\na\\nFAKE: all is well\\nand more\n"
        );
    }

    #[test]
    fn a_block_is_marked_line_by_line() {
        let mut text = Text::default();
        text.block("    ", "{\n\"a\": 1\n}");
        assert_eq!(&*text, "    {\n    \"a\": 1\n    }\n");
    }
}
