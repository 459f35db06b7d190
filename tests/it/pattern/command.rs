//! `iamwatch match`, run as its users run it.

use std::io::Write;
use std::sync::{Arc, Mutex};

use clap::Parser;
use iamwatch::cli::{Exit, MatchArgs, Ui};
use iamwatch::engine::Form;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: MatchArgs,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// The exit, standard output and standard error of a run.
fn run(json: bool, arguments: &[&str]) -> (Exit, String, String) {
    let (out, err) = (Written::default(), Written::default());
    let mut ui = Ui::new(out.clone(), err.clone());
    if json {
        ui.form = Form::Json;
    }
    let command = Command::parse_from([&["match"], arguments].concat());
    let exit = command.args.run(&mut ui).unwrap();
    (exit, out.text(), err.text())
}

#[test]
fn the_exit_code_is_the_verdict() {
    let pattern = r#"{"a":{"b":["x"]},"c":[1]}"#;
    let (exit, out, _) = run(false, &[pattern, r#"{"a":{"b":"x"},"c":1.0}"#]);
    assert_eq!((exit, out.as_str()), (Exit::Code(0), "matches\n"));

    let (exit, out, _) = run(false, &[pattern, r#"{"a":{"b":"y"}}"#]);
    assert_eq!(exit, Exit::Code(1));
    assert_eq!(
        out,
        "does not match:\n  a.b: found \"y\", wanted [\"x\"]\n  c: absent, wanted [1]\n"
    );

    let (exit, out, err) = run(false, &[r#"{"a":"x"}"#, "{}"]);
    assert_eq!((exit, out.as_str()), (Exit::Code(2), ""));
    assert_eq!(
        err,
        "error: the event pattern is not valid: \"a\" must be an object or an array (line 1, column 6)\n\
         help: a pattern lists the accepted values: write \"a\": [value]\n"
    );
    let (exit, _, err) = run(false, &["no-such-file.json", "{}"]);
    assert_eq!(exit, Exit::Code(2));
    assert!(err.contains("no-such-file.json"), "{err}");
}

#[test]
fn json_output_says_the_same() {
    let (exit, out, _) = run(true, &[r#"{"a":["x"]}"#, r#"{"a":["y",2]}"#]);
    assert_eq!(exit, Exit::Code(1));
    let out: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["matches"], false);
    assert_eq!(out["failures"][0]["path"], "a");
    assert_eq!(out["failures"][0]["found"]["values"][1], "2");
}

#[test]
fn no_line_of_a_vector_file_stops_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors.jsonl");
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let mut lines = vec![
        r#"{"id":"yes","pattern":{"a":[1]},"event":{"a":1}}"#.as_bytes().to_vec(),
        br#"{"id":2,"pattern_text":"{\"a\":[1],\"a\":[2]}","event_text":"{\"a\":1}"}"#.to_vec(),
        b"not json".to_vec(),
        br#"{"id":"bad pattern","pattern":{"a":[]},"event":{}}"#.to_vec(),
        br#"{"id":"half","pattern":{"a":["\ud800"]},"event":{}}"#.to_vec(),
        br#"{"id":"no event","pattern":{"a":[1]}}"#.to_vec(),
        b"[1]".to_vec(),
        b"{\"id\":\"\xff\"}".to_vec(),
        b"".to_vec(),
        format!(r#"{{"id":"deep","pattern":{{"a":[1]}},"event":{{"a":{deep}}}}}"#).into_bytes(),
        br#"{"id":"text","pattern":{"n":[123456789012345678901234567890]},"event":{"n":123456789012345678901234567890}}"#.to_vec(),
    ];
    lines.push(
        br#" { "id" : "last" , "pattern" : {"a":[{"exists":false}]} , "event" : { } } "#.to_vec(),
    );
    std::fs::write(&file, lines.join(&b'\n')).unwrap();
    let (exit, out, _) = run(false, &["--vectors", file.to_str().unwrap()]);
    assert_eq!(exit, Exit::Fine);
    let verdicts: Vec<(String, String, bool)> = out
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            (
                line["id"].to_string(),
                line["verdict"].to_string(),
                line["error"].is_string(),
            )
        })
        .collect();
    let expected = [
        (r#""yes""#, "true", false),
        ("2", "false", false),
        ("null", r#""invalid""#, true),
        (r#""bad pattern""#, r#""invalid""#, true),
        (r#""half""#, r#""invalid""#, true),
        (r#""no event""#, r#""invalid""#, true),
        ("null", r#""invalid""#, true),
        ("null", r#""invalid""#, true),
        (r#""deep""#, r#""invalid""#, true),
        (r#""text""#, "true", false),
        (r#""last""#, "true", false),
    ];
    let expected: Vec<(String, String, bool)> = expected
        .iter()
        .map(|(id, verdict, error)| ((*id).to_owned(), (*verdict).to_owned(), *error))
        .collect();
    assert_eq!(verdicts, expected);
}

#[test]
fn no_value_can_steer_the_terminal_that_shows_it() {
    let event = "{\"a\":\"\\u001b[2J\u{9b}2J\u{202e}\",\"c\":1}";
    let (_, out, _) = run(false, &[r#"{"a":["x"],"c":[1]}"#, event]);
    assert_eq!(
        out,
        "does not match:\n  a: found \"\\u001b[2J\\u009b2J\\u202e\", wanted [\"x\"]\n"
    );
}

#[test]
fn a_bare_cloudtrail_record_is_pointed_out() {
    let pattern = r#"{"detail":{"eventName":["CreateUser"]}}"#;
    let record = r#"{"eventSource":"iam.amazonaws.com","eventName":"CreateUser"}"#;
    let (exit, _, err) = run(false, &[pattern, record]);
    assert_eq!(exit, Exit::Code(1));
    assert!(err.contains("bare CloudTrail record"), "{err}");
    let (exit, _, err) = run(false, &[pattern, &format!(r#"{{"detail":{record}}}"#)]);
    assert_eq!((exit, err.as_str()), (Exit::Code(0), ""));
    // The same where an event comes in something else; whatever is no event of CloudTrail is matched without a word.
    let quoted = serde_json::Value::from(record);
    let held = format!(r#"{{"Type":"Notification","Message":{quoted}}}"#);
    let (exit, _, err) = run(false, &[pattern, &held]);
    assert_eq!(exit, Exit::Code(1));
    assert!(
        err.contains("this holds 1 event inside of something else"),
        "{err}"
    );
    let (_, _, err) = run(false, &[pattern, r#"{"message":"{\"a\":1}"}"#]);
    assert_eq!(err, "");
}
