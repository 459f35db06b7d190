//! `iamwatch match`: what EventBridge would say of a pattern and an event, or of a file of them.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Exit, Failure, Ui};
use crate::pattern::{Event, EventPattern, Explanation, Failing};

/// The longest input, and the longest line of a file of vectors, in bytes. EventBridge takes events of
/// at most 1 MB.
const MAX_INPUT: usize = 16 << 20;

/// Match an event against an event pattern, exactly as EventBridge does.
///
/// Exit status: 0 the event matches, 1 it does not, 2 something is invalid or went wrong.
#[derive(Debug, clap::Args)]
pub struct MatchArgs {
    /// The event pattern: a file, `-` for standard input, or JSON
    #[arg(required_unless_present = "vectors")]
    pattern: Option<OsString>,
    /// The event: a file, `-` for standard input, or JSON
    #[arg(required_unless_present = "vectors")]
    event: Option<OsString>,
    /// Judge each line of FILE: `{"id": …, "pattern": …, "event": …}`, where `pattern_text` and
    /// `event_text` may hold the JSON as strings; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["pattern", "event"])]
    vectors: Option<OsString>,
}

/// The judgement of one pattern and one event.
#[derive(Serialize)]
struct Judgement {
    format_version: u32,
    matches: bool,
    failing: Vec<Failing>,
}

/// One line of a file of vectors. Texts are kept as written: numbers and duplicate keys matter.
#[derive(Deserialize)]
struct Vector<'l> {
    #[serde(borrow)]
    id: Option<&'l RawValue>,
    #[serde(borrow)]
    pattern: Option<&'l RawValue>,
    #[serde(borrow)]
    pattern_text: Option<&'l RawValue>,
    #[serde(borrow)]
    event: Option<&'l RawValue>,
    #[serde(borrow)]
    event_text: Option<&'l RawValue>,
}

/// The judgement of one vector.
#[derive(Serialize)]
struct Judged {
    id: Value,
    /// true, false or "invalid".
    verdict: Value,
    error: Option<String>,
}

impl MatchArgs {
    /// Judges, and prints what was found.
    ///
    /// # Errors
    /// When something cannot be read, or is no pattern or no event.
    pub fn run(self, ui: &mut Ui) -> Result<Exit, Failure> {
        match (self.vectors, self.pattern, self.event) {
            (Some(file), ..) => judge_vectors(&file, ui),
            (None, Some(pattern), Some(event)) => judge_one(&pattern, &event, ui),
            _ => Err(Failure::new("an event pattern and an event are needed")),
        }
    }
}

fn judge_one(pattern: &OsStr, event: &OsStr, ui: &mut Ui) -> Result<Exit, Failure> {
    if pattern == "-" && event == "-" {
        return Err(Failure::new(
            "standard input can hold the pattern or the event, not both",
        ));
    }
    let text = read(pattern)?;
    let pattern = EventPattern::parse(&text).map_err(|error| Failure {
        help: error.help(),
        ..Failure::new(format!("event pattern is not valid: {error}"))
    })?;
    let event = Event::parse(&read(event)?)
        .map_err(|error| Failure::new(format!("event is not valid: {error}")))?;
    let explanation = pattern.explain(&event);
    let matches = explanation.matches;
    if ui.json {
        let Explanation { matches, failing } = explanation;
        ui.json(&Judgement {
            format_version: 1,
            matches,
            failing,
        })?;
    } else {
        writeln!(ui.out, "{explanation}")?;
    }
    Ok(Exit::Code(u8::from(!matches)))
}

/// The text that an argument names or is.
fn read(argument: &OsStr) -> Result<String, Failure> {
    if let Some(text) = argument.to_str()
        && text.trim_start().starts_with('{')
    {
        return Ok(text.to_owned());
    }
    let name = argument.display();
    let mut bytes = Vec::new();
    open(argument)?
        .take(MAX_INPUT as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(argument, &error))?;
    if bytes.len() > MAX_INPUT {
        return Err(Failure::new(format!("{name} is larger than 16 MiB")));
    }
    String::from_utf8(bytes).map_err(|_| Failure::new(format!("{name} is not UTF-8 text")))
}

fn open(argument: &OsStr) -> Result<Box<dyn Read>, Failure> {
    if argument == "-" {
        return Ok(Box::new(io::stdin()));
    }
    match File::open(argument) {
        Ok(file) => Ok(Box::new(file)),
        Err(error) => Err(unreadable(argument, &error)),
    }
}

fn unreadable(argument: &OsStr, error: &io::Error) -> Failure {
    Failure::new(format!("cannot read {}: {error}", argument.display()))
}

fn judge_vectors(file: &OsStr, ui: &mut Ui) -> Result<Exit, Failure> {
    let mut input = BufReader::new(open(file)?);
    let mut line = Vec::new();
    loop {
        // Whoever writes line by line gets each answer before the next question.
        if input.buffer().is_empty() {
            ui.out.flush()?;
        }
        let whole = next_line(&mut input, &mut line).map_err(|error| unreadable(file, &error))?;
        let judged = match whole {
            None => return Ok(Exit::Code(0)),
            Some(false) => Judged::invalid("the line is longer than 16 MiB"),
            Some(true) if line.iter().all(u8::is_ascii_whitespace) => continue,
            Some(true) => judge_line(&line),
        };
        serde_json::to_writer(&mut ui.out, &judged).map_err(io::Error::from)?;
        writeln!(ui.out)?;
    }
}

/// Reads a line; `None` at the end, false for a line that is too long to be kept.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let longest = MAX_INPUT as u64 + 1;
    if input.take(longest).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.len() <= MAX_INPUT || line.ends_with(b"\n") {
        return Ok(Some(true));
    }
    input.skip_until(b'\n')?;
    Ok(Some(false))
}

fn judge_line(line: &[u8]) -> Judged {
    let vector: Vector<'_> = match serde_json::from_slice(line) {
        Ok(vector) => vector,
        Err(error) => return Judged::invalid(format!("the line is no vector: {error}")),
    };
    let verdict = vector.verdict();
    let id = vector.id.and_then(|id| serde_json::from_str(id.get()).ok());
    Judged {
        id: id.unwrap_or_default(),
        error: verdict.as_ref().err().cloned(),
        verdict: verdict.map_or_else(|_| "invalid".into(), Value::Bool),
    }
}

impl Judged {
    fn invalid(error: impl Into<String>) -> Self {
        Self {
            id: Value::Null,
            verdict: "invalid".into(),
            error: Some(error.into()),
        }
    }
}

impl Vector<'_> {
    fn verdict(&self) -> Result<bool, String> {
        let pattern = text("pattern", self.pattern, self.pattern_text)?;
        let event = text("event", self.event, self.event_text)?;
        let pattern =
            EventPattern::parse(&pattern).map_err(|error| format!("event pattern: {error}"))?;
        let event = Event::parse(&event).map_err(|error| format!("event: {error}"))?;
        Ok(pattern.matches(&event))
    }
}

/// The JSON text of a member, from the string that quotes it if there is one.
fn text(name: &str, json: Option<&RawValue>, quoted: Option<&RawValue>) -> Result<String, String> {
    match (quoted, json) {
        (Some(quoted), _) => serde_json::from_str(quoted.get())
            .map_err(|error| format!("{name}_text is no string: {error}")),
        (None, Some(json)) => Ok(json.get().to_owned()),
        (None, None) => Err(format!("the line has no {name}")),
    }
}
