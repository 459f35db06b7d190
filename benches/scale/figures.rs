//! What was measured, and what it is held against.

use std::fmt;
use std::time::Duration;

use crate::LATENCY;
use crate::client::Failed;

/// Requests of one operation: its name, how many, and how many of those were throttled.
pub(crate) type Count = (String, u64, u64);

/// Requests on their way at once.
const IN_FLIGHT: f64 = iamwatch::aws::IN_FLIGHT as f64;

/// What a run took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    pub wall: Duration,
    pub cpu: Duration,
    pub server_cpu: Duration,
    /// Kilobytes.
    pub peak: u64,
    pub counts: Vec<Count>,
}

/// The least time that the requests of a run can take, and what sets it.
struct Floor {
    seconds: f64,
    by: &'static str,
}

impl Figures {
    fn requests(&self) -> u64 {
        self.counts.iter().map(|(_, calls, _)| calls).sum()
    }

    fn throttled(&self) -> u64 {
        self.counts.iter().map(|(_, _, throttled)| throttled).sum()
    }

    /// Calls that change something.
    pub(crate) fn writes(&self) -> u64 {
        let reads = ["Get", "List", "Describe", "Head", "Assume"];
        let is_read = |call: &str| {
            let operation = call.split(':').nth(1).unwrap_or_default();
            reads.iter().any(|prefix| operation.starts_with(prefix))
        };
        let writes = self.counts.iter().filter(|(call, ..)| !is_read(call));
        writes.map(|(_, calls, _)| calls).sum()
    }

    /// Calls of a service, or of one operation, that AWS took.
    fn taken(&self, name: &str) -> f64 {
        let of = self
            .counts
            .iter()
            .filter(|(call, ..)| call.starts_with(name));
        of.map(|(_, calls, throttled)| calls - throttled)
            .sum::<u64>() as f64
    }

    fn floor(&self) -> Floor {
        let latency = LATENCY.as_secs_f64();
        // One page after the other.
        let pages = self.taken("organizations:ListAccounts");
        let listing = (pages * latency).max((pages - 13.0) / 8.0);
        let sts = (self.taken("sts:") - 600.0) / 600.0;
        let requests = self.requests() as f64 * latency / IN_FLIGHT;
        let all = [("listing", listing), ("STS", sts), ("requests", requests)];
        let (by, seconds) = all
            .into_iter()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or_default();
        Floor { seconds, by }
    }

    fn ratio(&self) -> f64 {
        self.wall.as_secs_f64() / self.floor().seconds
    }
}

/// The median of some runs of one command.
pub(crate) struct Row {
    accounts: usize,
    command: &'static str,
    way: &'static str,
    pub median: Figures,
    /// Of all runs.
    fastest: f64,
    slowest: f64,
    peak: u64,
}

impl Row {
    /// As the README shows it.
    pub(crate) const HEAD: &'static str = "\
| accounts | command | accounts are | time | floor, and what sets it | time / floor | requests | throttled | CPU per request, client and server | peak memory |
|---|---|---|---|---|---|---|---|---|---|";

    pub(crate) fn of(
        accounts: usize,
        command: &'static str,
        way: &'static str,
        mut runs: Vec<Figures>,
    ) -> Result<Self, Failed> {
        runs.sort_by_key(|run| run.wall);
        let ratios = || runs.iter().map(Figures::ratio);
        let (fastest, slowest) = (
            ratios().fold(f64::INFINITY, f64::min),
            ratios().fold(0.0, f64::max),
        );
        let peak = runs.iter().map(|run| run.peak).max().unwrap_or_default();
        let middle = runs.len() / 2;
        let median = runs.into_iter().nth(middle);
        let median = median.ok_or_else(|| Failed("nothing was run".to_owned()))?;
        Ok(Self {
            accounts,
            command,
            way,
            median,
            fastest,
            slowest,
            peak,
        })
    }

    /// The requests behind the figures.
    pub(crate) fn explain(&self) {
        let Self {
            accounts,
            command,
            way,
            ..
        } = self;
        println!("\n{accounts} accounts, {way}, {command}:");
        for (call, calls, throttled) in &self.median.counts {
            match throttled {
                0 => println!("  {calls:>7} {call}"),
                _ => println!("  {calls:>7} {call}, {throttled} of them throttled"),
            }
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = &self.median;
        let floor = run.floor();
        let requests = run.requests();
        let each = |time: Duration| time.as_secs_f64() * 1e6 / requests as f64;
        write!(
            f,
            "| {} | {} | {} | {:.1} s | {:.1} s, {} | {:.2} ({:.2} to {:.2}) | {requests} | {:.2} % | {:.0} and {:.0} µs | {:.0} MiB |",
            self.accounts,
            self.command,
            self.way,
            run.wall.as_secs_f64(),
            floor.seconds,
            floor.by,
            run.ratio(),
            self.fastest,
            self.slowest,
            run.throttled() as f64 * 100.0 / requests as f64,
            each(run.cpu),
            each(run.server_cpu),
            self.peak as f64 / 1024.0,
        )
    }
}
