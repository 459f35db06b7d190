//! `iamwatch match` as a shell sees it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::shared;

/// Runs `iamwatch match` with these arguments and this standard input.
fn run<A: AsRef<std::ffi::OsStr>>(args: &[A], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_iamwatch"))
        .arg("match")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        // A command that needs no input may be gone already.
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    out(output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

const PATTERN: &str = r#"{"source":["aws.iam"],"detail":{"eventName":[{"prefix":"Put"}]}}"#;

#[test]
fn a_match_exits_with_0() {
    let event = r#"{"source":"aws.iam","detail":{"eventName":"PutRolePolicy"}}"#;
    let output = run(&[PATTERN, event], "");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(out(&output), "the event matches\n");
}

#[test]
fn a_mismatch_exits_with_1_and_names_each_field_that_fails() {
    let event = r#" {"source":"aws.iam","detail":{"eventName":"GetRole"}}"#;
    let output = run(&[PATTERN, event], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        out(&output),
        "detail.eventName is \"GetRole\", wanted [{\"prefix\":\"Put\"}]\n"
    );
    let output = run(&[PATTERN, "{}"], "");
    assert_eq!(out(&output).lines().count(), 2);
}

#[test]
fn no_value_can_steer_the_terminal_that_shows_it() {
    let event =
        "{\"source\":\"aws.iam\",\"detail\":{\"eventName\":\"\\u001b[2J\u{9b}2J\u{202e}\"}}";
    let shown = out(&run(&[PATTERN, event], ""));
    assert_eq!(shown.matches(char::is_control).collect::<String>(), "\n");
    assert!(shown.contains("\\u001b[2J\\u009b2J\\u202e"), "{shown}");
}

#[test]
fn the_answer_as_json_lists_the_same() {
    let output = run(&["--json", PATTERN, r#"{"source":"aws.iam"}"#], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        serde_json::from_str::<Value>(&out(&output)).unwrap(),
        json!({
            "format_version": 1,
            "matches": false,
            "failing": [{"path": "detail.eventName", "held": [], "wanted": "[{\"prefix\":\"Put\"}]"}],
        })
    );
}

#[test]
fn files_and_standard_input_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pattern.json");
    std::fs::write(&file, PATTERN).unwrap();
    let event = r#"{"source":"aws.iam","detail":{"eventName":"PutUserPolicy"}}"#;
    let file = file.to_str().unwrap();
    assert_eq!(run(&[file, "-"], event).status.code(), Some(0));
    assert_eq!(run(&["-", event], PATTERN).status.code(), Some(0));
}

#[test]
fn whatever_is_wrong_exits_with_2_and_says_what() {
    let cases: &[(&[&str], &str)] = &[
        (&[r#"{"a":["#, "{}"], "ends too early (line 1, column 7)"),
        (&["{\n \"a\": \"x\"}", "{}"], "(line 2, column 7)"),
        (&[r#"{"a":"x"}"#, "{}"], "write \"a\": [value]"),
        (
            &[r#"{"a":[{"prefx":"x"}]}"#, "{}"],
            "did you mean \"prefix\"?",
        ),
        (&[PATTERN, "{"], "event is not valid"),
        (&["no such file", "{}"], "cannot read no such file"),
        (&["-", "-"], "not both"),
        (&[PATTERN], "required"),
        (&["--vectors", "-", PATTERN], "cannot be used"),
        (&["--vectors", "no such file"], "cannot read no such file"),
    ];
    for (args, expected) in cases {
        let output = run(args, "");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            err(&output).contains(expected),
            "{args:?}: {}",
            err(&output)
        );
        assert_eq!(out(&output), "");
    }
}

#[test]
fn each_vector_is_answered_in_order_and_none_stops_the_run() {
    let input = [
        r#"{"id":"a","pattern":{"x":[1]},"event":{"x":1}}"#,
        r#"{"id":"b","pattern":{"x":[1]},"event":{"x":2}}"#,
        "",
        r#"{"id":"c","pattern":{"x":1},"event":{"x":1}}"#,
        r#"{"id":"d","pattern_text":"{\"x\":[","event":{}}"#,
        r#"{"id":"e","pattern":{"x":[1]},"event":[]}"#,
        "no JSON",
        r#"{"id":7,"pattern":{"x":[1]},"event_text":"{\"x\":1.0e0}"}"#,
        r#"{"id":"half","pattern":{"x":["\ud800"]},"event":{}}"#,
        r#"{"id":"no event","pattern":{"x":[1]}}"#,
        r#"{"pattern":{"x":[1]},"event":{"x":1}}"#,
    ]
    .join("\n");
    let output = run(&["--vectors", "-"], &input);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let answers = lines(&output);
    let verdicts: Vec<_> = answers
        .iter()
        .map(|a| (a["id"].clone(), a["verdict"].clone()))
        .collect();
    let expected = [
        (json!("a"), json!(true)),
        (json!("b"), json!(false)),
        (json!("c"), json!("invalid")),
        (json!("d"), json!("invalid")),
        (json!("e"), json!("invalid")),
        (json!(null), json!("invalid")),
        (json!(7), json!(true)),
        (json!("half"), json!("invalid")),
        (json!("no event"), json!("invalid")),
        (json!(null), json!(true)),
    ];
    assert_eq!(verdicts, expected);
    for answer in &answers {
        assert_eq!(
            answer["error"].is_string(),
            answer["verdict"] == "invalid",
            "{answer}"
        );
    }
    assert!(
        answers[3]["error"]
            .as_str()
            .unwrap()
            .contains("ends too early")
    );
}

#[test]
fn vectors_are_judged_by_their_text_not_by_a_reading_of_it() {
    let input = concat!(
        r#"{"id":"huge","pattern":{"x":[1e400]},"event":{"x":1e400}}"#,
        "\n",
        r#"{"id":"twice","pattern":{"x":[1]},"event":{"x":1,"x":2}}"#,
        "\n",
        r#"{"id":"twice too","pattern":{"x":[1]},"event":{"x":2,"x":1}}"#,
    );
    let answers = lines(&run(&["--vectors", "-"], input));
    assert!(
        answers.iter().all(|answer| answer["verdict"] == true),
        "{answers:?}"
    );
}

#[test]
fn a_line_that_is_too_long_is_refused_and_the_next_is_judged() {
    let long = format!(
        r#"{{"id":"long","pattern":{{"x":["{}"]}},"event":{{}}}}"#,
        "x".repeat(17 << 20)
    );
    let input = format!(
        "{long}\n{}\n",
        r#"{"id":"next","pattern":{"x":[1]},"event":{"x":1}}"#
    );
    let answers = lines(&run(&["--vectors", "-"], &input));
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0]["verdict"], "invalid");
    assert_eq!(
        (&answers[1]["id"], &answers[1]["verdict"]),
        (&json!("next"), &json!(true))
    );
}

#[test]
fn the_recorded_verdicts_come_out_of_the_command_too() {
    let Some(folder) = shared::data() else { return };
    for file in ["aws-validated.jsonl", "event-ruler.jsonl"] {
        let file = folder.join("patterns").join(file);
        let output = run(&["--vectors", file.to_str().unwrap()], "");
        let answers = lines(&output);
        let text = std::fs::read_to_string(&file).unwrap();
        let vectors: Vec<Value> = text
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        assert_eq!(answers.len(), vectors.len());
        for (answer, vector) in answers.iter().zip(&vectors) {
            assert_eq!(answer["id"], vector["id"]);
            assert_eq!(answer["verdict"], vector["expect"], "{vector}");
        }
    }
}
