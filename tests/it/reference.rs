//! The reference implementations of what we wrote ourselves, in JavaScript.
//!
//! `.ci/run jsonata` installs them and names their folder in `IAMWATCH_JSONATA`; elsewhere tests say that they skip.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a program prints as JSON that is given a question as JSON on its standard input. `None`: there is nobody to ask.
pub(crate) fn asked(program: &str, question: &Value) -> Option<Value> {
    let Some(folder) = std::env::var_os("IAMWATCH_JSONATA") else {
        eprintln!("skipped: IAMWATCH_JSONATA names no folder with the reference implementations");
        return None;
    };
    let mut node = Command::new("node")
        .args(["-e", program])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = node.stdin.take().unwrap();
    let question = question.to_string();
    let asking = std::thread::spawn(move || stdin.write_all(question.as_bytes()).unwrap());
    let answer = node.wait_with_output().unwrap();
    asking.join().unwrap();
    assert!(answer.status.success());
    Some(serde_json::from_slice(&answer.stdout).unwrap())
}
