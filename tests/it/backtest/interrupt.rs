//! Ctrl-C: what was counted until then is shown, and said to be no more than that.
#![cfg(unix)]

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use iamwatch::cloudtrail::Identity;
use serde_json::Value;

use super::command::made;
use crate::cli::TestEnv;

/// More than a pipe holds, so that somebody must have read.
const READ: usize = 1 << 20;
/// What stands for the id of each record.
const ID: &str = "an-id-of-its-own";

/// Runs the command on logs without end, and interrupts it while it reads.
fn interrupted(env: &TestEnv, args: &[&str]) -> (i32, String, String) {
    let mut child = env
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut logs = child.stdin.take().unwrap();
    let mut root = made(
        "signin:ConsoleLogin",
        Identity::Root,
        "us-east-1",
        "2026-01-05T01:30:00Z",
    );
    root["eventID"] = ID.into();
    let root = root.to_string();
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let writer = std::thread::spawn(move || {
        let (before, behind) = root.split_once(ID).unwrap();
        for hundred in 0_u64.. {
            let numbers = hundred * 100..(hundred + 1) * 100;
            let lines: String = numbers.map(|n| format!("{before}{n}{behind}\n")).collect();
            if logs.write_all(lines.as_bytes()).is_err() {
                return;
            }
            count.fetch_add(lines.len(), Ordering::Relaxed);
        }
    });
    let deadline = Instant::now() + Duration::from_secs(60);
    while written.load(Ordering::Relaxed) < READ {
        assert!(Instant::now() < deadline, "it reads nothing");
        std::thread::sleep(Duration::from_millis(10));
    }
    // Reading and waiting for the signal begin at once.
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap_or(-1),
        text(output.stdout),
        text(output.stderr),
    )
}

fn interrupt(child: &Child) {
    let id = child.id().to_string();
    let kill = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(kill.success());
}

#[test]
fn ctrl_c_shows_what_was_counted_and_says_so() {
    let env = TestEnv::new();
    let (code, out, err) = interrupted(&env, &["backtest", "-"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("root/sign-in"), "{out}{err}");
    let said = "Interrupted: this is what was counted until then.";
    assert!(out.contains(said), "{out}{err}");
}

#[test]
fn after_ctrl_c_the_numbers_are_marked_as_incomplete() {
    let env = TestEnv::new();
    let (code, out, err) = interrupted(&env, &["backtest", "--json", "-"]);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    assert_eq!(code, 1, "{err}");
    assert_eq!(report["interrupted"], true);
    assert_eq!(report["complete"], false);
    let records = report["read"]["records"].as_u64().unwrap();
    assert!(records > 100, "{report:#}");
    assert_eq!(report["alerts"].as_u64(), Some(records));
    // It was not read to its end.
    assert_eq!(report["read"]["files"], 0);
    assert_eq!(err, "");
}
