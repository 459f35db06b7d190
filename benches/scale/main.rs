//! A whole organization of 100, 1,000 or 10,000 accounts: how near `plan --org` and `apply --org` come to what
//! AWS's rates and the way there allow.
//!
//! The sandbox answers behind loopback HTTP in a process of its own, each request after 50 ms and within AWS's
//! throttles; the client is the packaged binary, which is built first. Everything is printed, nothing about time is asserted; that a second
//! apply writes nothing is.
//!
//! ```text
//! cargo bench --bench scale                          # 100 and 1,000 accounts
//! cargo bench --bench scale -- 10000 --rounds 1      # others, more or less often than three times
//! ```
//!
//! `IAMWATCH_BINARY=target/release/iamwatch` measures another binary instead.
//!
//! `-- --serve 1000 --failing` is the server alone, with three accounts in a hundred that fail in three ways: point
//! `AWS_ENDPOINT_URL` and the keys that it prints at a terminal to look at the display.

mod binary;
mod client;
mod figures;
mod server;

use std::process::ExitCode;
use std::time::Duration;

use client::{Bench, Failed};
use figures::{Figures, Row};

/// As the program has it.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How long an answer takes. AWS's take 20 to 100 ms.
const LATENCY: Duration = Duration::from_millis(50);

/// After so long all throttles are as they are for a caller who comes for the first time: ListAccounts, the slowest,
/// fills up in 13 ÷ 8 s.
const PAUSE: Duration = Duration::from_secs(2);

/// What is asked for on the command line.
struct Asked {
    accounts: Vec<usize>,
    rounds: usize,
    /// Only the runs whose name contains this.
    only: String,
}

fn main() -> ExitCode {
    // `--bench` is what cargo adds.
    let args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let args: Vec<String> = args.collect();
    if let Some(accounts) = args.strip_prefix(&["--serve".to_owned()]) {
        return match server::run(accounts) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("the server: {error}");
                ExitCode::FAILURE
            }
        };
    }
    match Asked::read(args).and_then(|asked| measure(&asked)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(reason)) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

impl Asked {
    fn read(args: Vec<String>) -> Result<Self, Failed> {
        let mut asked = Self {
            accounts: Vec::new(),
            rounds: 3,
            only: String::new(),
        };
        let mut args = args.into_iter();
        let number = |text: Option<String>| {
            let text = text.unwrap_or_default();
            text.replace(',', "")
                .parse()
                .map_err(|_| Failed(format!("`{text}` is not a number")))
        };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--rounds" => asked.rounds = number(args.next())?,
                "--only" => asked.only = args.next().unwrap_or_default(),
                _ => asked.accounts.push(number(Some(arg))?),
            }
        }
        if asked.accounts.is_empty() {
            asked.accounts = vec![100, 1_000];
        }
        Ok(asked)
    }
}

/// The commands of a round, one after the other on one organization.
const COMMANDS: [(&str, &[&str]); 3] = [
    ("plan", &["plan", "--org"]),
    ("apply", &["apply", "--org", "--auto-approve"]),
    ("apply again", &["apply", "--org", "--auto-approve"]),
];

fn measure(asked: &Asked) -> Result<(), Failed> {
    let binary = binary::packaged()?;
    println!("{}", Row::HEAD);
    let mut details = Vec::new();
    for accounts in &asked.accounts {
        for given in [false, true] {
            let way = if given { "given" } else { "listed" };
            if !way.contains(&asked.only) {
                continue;
            }
            let mut rounds: Vec<Vec<Figures>> = vec![Vec::new(); COMMANDS.len()];
            for _ in 0..asked.rounds {
                let mut bench = Bench::start(&binary, *accounts)?;
                for ((_, command), figures) in COMMANDS.iter().zip(&mut rounds) {
                    std::thread::sleep(PAUSE);
                    figures.push(bench.run(command, given)?);
                }
            }
            for ((name, _), figures) in COMMANDS.iter().zip(rounds) {
                let row = Row::of(*accounts, name, way, figures)?;
                println!("{row}");
                if *name == "apply again" && row.median.writes() > 0 {
                    return Err(Failed("a second apply made writes".to_owned()));
                }
                details.push(row);
            }
        }
    }
    for row in details {
        row.explain();
    }
    Ok(())
}
