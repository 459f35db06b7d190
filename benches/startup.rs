//! How long and how large `iamwatch --version` is: what every prompt and script pays.
//!
//! Prints medians of one run beside those of `true`, the least that a process can cost.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 30;

fn main() {
    let iamwatch = env!("CARGO_BIN_EXE_iamwatch");
    let ours = median(iamwatch, &["--version"]);
    let floor = median("true", &[]);
    let bytes = std::fs::metadata(iamwatch).map_or(0, |file| file.len());
    println!(
        "iamwatch --version: {:.1} ms (`true`: {:.1} ms, ratio {:.1})",
        milliseconds(ours),
        milliseconds(floor),
        ours.as_secs_f64() / floor.as_secs_f64()
    );
    println!("binary: {:.1} MB", bytes as f64 / 1e6);
    match peak_kilobytes(iamwatch) {
        Some(peak) => println!("peak memory: {:.1} MB", peak / 1e3),
        None => println!("peak memory: not measured, GNU time is not installed"),
    }
}

fn median(program: &str, args: &[&str]) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let status = Command::new(program)
                .args(args)
                .stdout(Stdio::null())
                .status();
            assert!(status.is_ok_and(|status| status.success()));
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times.get(ROUNDS / 2).copied().unwrap_or_default()
}

/// What GNU time says of the largest resident set.
fn peak_kilobytes(program: &str) -> Option<f64> {
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%M", program, "--version"])
        .stdout(Stdio::null())
        .output()
        .ok()?;
    String::from_utf8_lossy(&output.stderr).trim().parse().ok()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
