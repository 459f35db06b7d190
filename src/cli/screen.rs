//! Where all that the program says goes out: no character of others steers the terminal that may stand behind it.
//!
//! A text for people is lines that `render` has made, one line, or words of our own; JSON says the same with escapes of
//! its own. Nothing else can be written.

use std::fmt::{self, Display};
use std::io::{self, Write};

use serde::Serialize;

use crate::render::escape::{for_people, for_programs};
use crate::render::text::Text;

/// A stream of the process, or what stands for one.
pub(super) struct Screen(Box<dyn Write + Send>);

impl Screen {
    pub(super) fn new(stream: impl Write + Send + 'static) -> Self {
        Self(Box::new(stream))
    }

    /// Writes lines.
    pub(super) fn text(&mut self, text: &Text) -> io::Result<()> {
        self.0.write_all(for_people(text).as_bytes())
    }

    /// Writes one line, whatever words stand in it.
    pub(super) fn line(&mut self, words: impl Display) -> io::Result<()> {
        self.text(&line(format_args!("{words}\n")))
    }

    /// Writes the beginning of a line, and lets it be seen.
    pub(super) fn prompt(&mut self, words: impl Display) -> io::Result<()> {
        self.text(&line(format_args!("{words} ")))?;
        self.flush()
    }

    /// Writes words of our own, lines and tabs included.
    pub(super) fn own(&mut self, words: &'static str) -> io::Result<()> {
        self.script(words)
    }

    /// Writes what was made of the definition of the flags for a shell, in which tabs mean something.
    pub(super) fn script(&mut self, script: &str) -> io::Result<()> {
        let parts: Vec<_> = script.split('\t').map(for_people).collect();
        self.0.write_all(parts.join("\t").as_bytes())
    }

    /// Writes one JSON document over several lines.
    pub(super) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(Json(&mut self.0), value)?;
        self.0.write_all(b"\n")
    }

    /// Writes one JSON document on one line.
    pub(super) fn json_line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(Json(&mut self.0), value)?;
        self.0.write_all(b"\n")
    }

    /// Writes what is JSON already on one line.
    pub(super) fn json_text(&mut self, json: &str) -> io::Result<()> {
        // Inside a string they would be escaped.
        let line = json.replace(['\n', '\r', '\t'], " ");
        self.0.write_all(for_programs(&line).as_bytes())?;
        self.0.write_all(b"\n")
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A line, or the beginning of one.
fn line(words: fmt::Arguments<'_>) -> Text {
    let mut text = Text::default();
    let _ = text.write_fmt(words);
    text
}

/// Passes JSON on as it is written, which is in whole characters.
struct Json<'a>(&'a mut dyn Write);

impl Write for Json<'_> {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(part).map_err(io::Error::other)?;
        self.0.write_all(for_programs(text).as_bytes())?;
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(write: impl FnOnce(&mut Screen) -> io::Result<()>) -> String {
        let paper = Paper::default();
        write(&mut Screen::new(paper.clone())).unwrap();
        String::from_utf8(paper.0.lock().unwrap().clone()).unwrap()
    }

    const HOSTILE: &str = "a\u{1b}[2J\u{9b}1m\n\u{202e}FAKE\r\t\u{2028}";

    #[test]
    fn a_line_is_one_line() {
        let wanted = "a\\u{1b}[2J\\u{9b}1m\\n\\u{202e}FAKE\\r\\t\\u{2028}";
        assert_eq!(
            written(|screen| screen.line(HOSTILE)),
            format!("{wanted}\n")
        );
        assert_eq!(
            written(|screen| screen.prompt(HOSTILE)),
            format!("{wanted} ")
        );
        assert_eq!(
            written(|screen| screen.own("a\tb\nc\u{1b}")),
            "a\tb\nc\\u{1b}"
        );
    }

    #[test]
    fn json_is_the_same_json_without_a_raw_character() {
        let value = json!({ HOSTILE: HOSTILE });
        for text in [
            written(|screen| screen.json(&value)),
            written(|screen| screen.json_line(&value)),
            written(|screen| screen.json_text(&format!("{value:#}"))),
        ] {
            let raw = |c: char| c != '\n' && (c.is_control() || c > '\u{7f}');
            assert!(!text.contains(raw), "{text:?}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
