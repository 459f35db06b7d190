//! `iamwatch match`: does an event match an event pattern?

use std::io::{BufRead, Read};

use clap::Args;
use serde_json::{Value, json};

use super::exit::Exit;
use super::input::{MAX_INPUT, open, read};
use super::ui::Ui;
use crate::cloudtrail::{self, Unwrapped};
use crate::diagnostic::counted;
use crate::engine::{Code, Error};
use crate::pattern::{Event, EventPattern, raw_fields};

/// Test whether an event matches an EventBridge event pattern
///
/// Exit code: 0 matches, 1 does not match, 2 invalid input or error.
#[derive(Debug, Args)]
pub struct MatchArgs {
    /// The event pattern: a file, `-` for standard input, or JSON that starts with `{`
    #[arg(required_unless_present = "vectors", conflicts_with = "vectors")]
    pattern: Option<String>,

    /// The event: likewise
    #[arg(required_unless_present = "vectors", conflicts_with = "vectors")]
    event: Option<String>,

    /// Judge every line of a file of JSON objects with `id`, `pattern` or `pattern_text`, and `event`
    /// or `event_text` (`-` for standard input)
    #[arg(long, value_name = "FILE")]
    vectors: Option<String>,
}

impl MatchArgs {
    /// Runs the command. Everything that is wrong with the input is exit code 2, not a failure.
    pub fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let done = match (&self.vectors, &self.pattern, &self.event) {
            (Some(file), _, _) => vectors(file, ui),
            (None, Some(pattern), Some(event)) => single(pattern, event, ui),
            _ => Err(Error::new(
                Code::CommandLine,
                "a pattern and an event, or --vectors, is needed",
            )),
        };
        match done {
            Ok(exit) => Ok(exit),
            Err(failure) => {
                ui.fail(&failure);
                Ok(Exit::Code(2))
            }
        }
    }
}

fn single(pattern: &str, event: &str, ui: &mut Ui) -> Result<Exit, Error> {
    if pattern == "-" && event == "-" {
        return Err(Error::new(
            Code::CommandLine,
            "the pattern and the event cannot both come from standard input",
        ));
    }
    let pattern = EventPattern::parse(&read(pattern)?).map_err(|error| Error {
        help: error.help(),
        ..Error::new(
            Code::Input,
            format!("the event pattern is not valid: {error}"),
        )
    })?;
    let text = read(event)?;
    let event = Event::parse(&text)
        .map_err(|error| Error::new(Code::Input, format!("the event is not valid: {error}")))?;
    if let Some(note) = no_event(&text) {
        ui.err.line(format_args!("note: {note}"))?;
    }
    let explanation = pattern.explain(&event);
    if ui.is_json() {
        let failures: Vec<Value> = explanation
            .failures
            .iter()
            .map(crate::explain::failure)
            .collect();
        ui.out.json(&json!({
            "format_version": 1,
            "matches": explanation.matches,
            "combinations": explanation.combinations,
            "failures": failures,
        }))?;
    } else {
        ui.out
            .line(heading(explanation.matches, explanation.combinations))?;
        if !explanation.matches {
            for line in explanation.to_string().lines() {
                ui.out.line(format_args!("  {line}"))?;
            }
        }
    }
    ui.out.flush()?;
    Ok(Exit::Code(u8::from(!explanation.matches)))
}

/// What a text is that holds a CloudTrail record without EventBridge's envelope, or an event in something else: it
/// matches no pattern about `detail`, which looks like a verdict and is none.
fn no_event(text: &str) -> Option<String> {
    let fields = raw_fields(text)?;
    let has = |name: &str| fields.iter().any(|(field, _)| field == name);
    if has("detail") {
        return None;
    }
    if has("Records") || (has("eventName") && has("eventSource")) {
        let said = "this looks like a bare CloudTrail record; EventBridge has it under `detail` of an event";
        return Some(said.to_owned());
    }
    let value: Value = serde_json::from_str(text).ok()?;
    let inside = cloudtrail::unwrapped(value.clone());
    let events = inside
        .iter()
        .filter(|item| matches!(item, Unwrapped::Value(inner) if *inner != value))
        .count();
    (events > 0).then(|| {
        let held = counted(events, "event");
        format!("this holds {held} inside of something else, which `iamwatch explain` reads; here it is matched as it is")
    })
}

fn heading(matches: bool, combinations: usize) -> String {
    match (matches, combinations) {
        (true, _) => "matches".to_owned(),
        (false, 1) => "does not match:".to_owned(),
        (false, many) => format!("does not match any of {many} combinations; closest:"),
    }
}

fn vectors(file: &str, ui: &mut Ui) -> Result<Exit, Error> {
    let mut input = open(file)?;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input
            .by_ref()
            .take(MAX_INPUT as u64)
            .read_until(b'\n', &mut line)
            .map_err(|error| Error::new(Code::Input, format!("`{file}`: {error}")))?;
        if read == 0 {
            break;
        }
        let complete = line.ends_with(b"\n") || read < MAX_INPUT;
        if !complete {
            input.skip_until(b'\n')?;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let (id, verdict) = if complete {
            match std::str::from_utf8(&line) {
                Ok(line) => judge(line),
                Err(_) => (None, Err("the line is not UTF-8".to_owned())),
            }
        } else {
            (
                None,
                Err(format!("the line is longer than {MAX_INPUT} bytes")),
            )
        };
        let (verdict, error) = match verdict {
            Ok(verdict) => (Value::Bool(verdict), Value::Null),
            Err(error) => (Value::from("invalid"), Value::from(error)),
        };
        let id = id.unwrap_or("null");
        ui.out.json_text(&format!(
            r#"{{"id":{id},"verdict":{verdict},"error":{error}}}"#
        ))?;
    }
    ui.out.flush()?;
    Ok(Exit::Fine)
}

/// The id of a line as it is written there, and the verdict or what is invalid.
fn judge(line: &str) -> (Option<&str>, Result<bool, String>) {
    let Some(fields) = raw_fields(line) else {
        let error = match serde_json::from_str::<Value>(line) {
            Ok(_) => "the line is not a JSON object".to_owned(),
            Err(error) => format!("the line is not JSON: {error}"),
        };
        return (None, Err(error));
    };
    let field = |name: &str| {
        let found = fields.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, text)| *text)
    };
    let text = |name: &str| -> Result<String, String> {
        let quoted = format!("{name}_text");
        match (field(&quoted), field(name)) {
            (Some(text), _) => serde_json::from_str(text)
                .map_err(|error| format!("`{quoted}` is not a string: {error}")),
            (None, Some(text)) => Ok(text.to_owned()),
            (None, None) => Err(format!("the line has neither `{name}` nor `{quoted}`")),
        }
    };
    let verdict = || {
        let pattern =
            EventPattern::parse(&text("pattern")?).map_err(|error| format!("pattern: {error}"))?;
        let event = Event::parse(&text("event")?).map_err(|error| format!("event: {error}"))?;
        Ok(pattern.matches(&event))
    };
    (field("id"), verdict())
}
