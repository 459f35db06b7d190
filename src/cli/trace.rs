//! What `--verbose` shows: events of this program, a line each on standard error. Those of the libraries below it, which
//! can hold whole requests, are never looked at.

use std::fmt::{self, Write as _};
use std::io;
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::screen::Screen;

/// The targets of this program's own events begin so.
const OWN: &str = "iamwatch";

/// Runs a command, and shows as much as is asked for meanwhile. One that works in this process alone is heard by itself,
/// so that others in the process are not.
pub(super) fn watched<T>(verbose: u8, is_in_process: bool, run: impl FnOnce() -> T) -> T {
    let level = match verbose {
        0 => return run(),
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let lines = Lines {
        level,
        began: Instant::now(),
    };
    if is_in_process {
        return tracing::subscriber::with_default(lines, run);
    }
    // Where somebody listens already, that stays so.
    let _ = tracing::subscriber::set_global_default(lines);
    run()
}

/// Writes a line for each event.
struct Lines {
    level: Level,
    began: Instant,
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level && is_own(metadata.target())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::from_level(self.level))
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{:9.3}s", self.began.elapsed().as_secs_f64()));
        event.record(&mut line);
        // Nobody to tell it to is no failure of its own.
        let _ = Screen::new(io::stderr()).line(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn is_own(target: &str) -> bool {
    target
        .strip_prefix(OWN)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// An event's fields, as they come.
struct Line(String);

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" | "operation" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_events_are_shown() {
        assert!(is_own("iamwatch") && is_own("iamwatch::aws::attempts"));
        for target in ["aws_smithy_runtime::client", "iamwatcher", "hyper", ""] {
            assert!(!is_own(target), "{target}");
        }
    }
}
