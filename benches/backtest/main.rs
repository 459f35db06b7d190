//! What a backtest costs, against decompression alone and against other ways to the same numbers.
//!
//! ```text
//! cargo bench --bench backtest -- [MEGABYTES]        200 unless said; the logs are generated first
//! ```
//!
//! Every way runs in a process of its own, which says how much CPU time and memory it took. All of them must come
//! to the same counts. jq is asked if it is there, DuckDB if a Python that has it is named in `IAMWATCH_DUCKDB`
//! (`python3` otherwise). It reads `/proc`, so it needs Linux.

#[path = "../../tests/corpus/mod.rs"]
mod corpus;
mod others;
mod ways;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// As the program has it.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What a way found, and what it took.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Outcome {
    counts: BTreeMap<String, u64>,
    /// Seconds of CPU time, children included.
    cpu: f64,
    /// Seconds.
    wall: f64,
    /// Megabytes at the peak.
    memory: f64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [way, rules, threads, logs] = &args[..]
        && way != "--bench"
    {
        let threads = threads.parse()?;
        let outcome = ways::measured(way, rules == "catalogue", threads, Path::new(logs))?;
        println!("{}", serde_json::to_string(&outcome)?);
        return Ok(());
    }
    let megabytes = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(200);
    let folder = tempfile::tempdir()?;
    let plan = corpus::Plan {
        seed: 1,
        bytes: megabytes * 1_000_000,
        days: 90,
    };
    let began = Instant::now();
    let written = corpus::write(folder.path(), plan)?;
    println!(
        "{} MB of JSON in {} files of {} MB, {} records (made in {:.0} s)\n",
        written.bytes / 1_000_000,
        written.files,
        written.stored / 1_000_000,
        written.records,
        began.elapsed().as_secs_f64(),
    );
    println!(
        "{:<28} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "CPU s", "wall s", "× gunzip", "MB/s CPU", "peak MB"
    );
    let logs = folder.path().display().to_string();
    let gunzip = way("gunzip", "typical", 1, &logs)?;
    let print = |name: &str, outcome: &Outcome| {
        println!(
            "{name:<28} {:>9.2} {:>9.2} {:>9.2} {:>9.0} {:>9.0}",
            outcome.cpu,
            outcome.wall,
            outcome.cpu / gunzip.cpu,
            written.bytes as f64 / 1e6 / outcome.cpu,
            outcome.memory,
        );
    };
    print("gunzip alone", &gunzip);
    for rules in ["typical", "catalogue"] {
        let name = match rules {
            "typical" => "15 patterns",
            _ => "whole catalogue",
        };
        println!("\n{name}");
        let engine = way("engine", rules, 1, &logs)?;
        print("  backtest, 1 thread", &engine);
        let two = way("engine", rules, 2, &logs)?;
        print("  backtest, 2 threads", &two);
        same("2 threads", &engine, &two)?;
        let mut others = vec!["serde_json"];
        if rules == "typical" {
            others.extend(["jq", "duckdb"]);
        }
        for other in others {
            match way(other, rules, 1, &logs) {
                Ok(outcome) => {
                    print(&format!("  {other}"), &outcome);
                    println!(
                        "{:<28} {:>8.1} × the CPU of backtest",
                        "",
                        outcome.cpu / engine.cpu
                    );
                    same(other, &engine, &outcome)?;
                }
                Err(error) => println!("  {other}: skipped, {error}"),
            }
        }
        let alerts: u64 = engine.counts.values().sum();
        println!(
            "  all the same: {alerts} alerts of {} rules",
            engine.counts.len()
        );
    }
    Ok(())
}

fn same(name: &str, expected: &Outcome, found: &Outcome) -> Result<(), String> {
    if expected.counts == found.counts {
        return Ok(());
    }
    let different = expected
        .counts
        .iter()
        .find(|(rule, count)| found.counts.get(*rule) != Some(count));
    Err(format!(
        "{name} counts otherwise: {different:?} is {:?} there",
        different.map(|(rule, _)| found.counts.get(rule))
    ))
}

/// Runs one way in a process of its own.
fn way(
    name: &str,
    rules: &str,
    threads: usize,
    logs: &str,
) -> Result<Outcome, Box<dyn std::error::Error>> {
    let output = Command::new(std::env::current_exe()?)
        .args([name, rules, &threads.to_string(), logs])
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(said.lines().last().unwrap_or("it failed").to_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
