//! The one line that says how far the work in an organization is.

use std::time::Duration;

use crate::diagnostic::counted;

/// How far it is.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Whether accounts are changed, and not only looked at.
    pub changes: bool,
    /// How many accounts were listed so far, while that goes on.
    pub listed: Option<usize>,
    /// How many there are to work in, once that is known.
    pub all: Option<usize>,
    /// Accounts that are done with, failed or not.
    pub done: usize,
    /// Those of them that failed.
    pub failed: usize,
    /// Accounts that are being worked in.
    pub under_way: usize,
    /// Requests that wait for AWS's rates.
    pub waiting: usize,
    /// How long the work has been going on.
    pub elapsed: Duration,
}

/// Before so many accounts are done, nobody can tell how long the rest takes.
const ENOUGH: usize = 20;

impl Progress {
    /// The line, without a line end.
    pub fn line(&self) -> String {
        let doing = if self.changes { "changing" } else { "reading" };
        let mut line = match self.all {
            Some(all) => format!("{doing} accounts: {} of {all} done", self.done),
            None => format!("{doing} accounts: {} done", self.done),
        };
        for (count, words) in [
            (self.failed, "failed"),
            (self.under_way, "under way"),
            (self.listed.unwrap_or_default(), "listed so far"),
        ] {
            if count > 0 {
                line.push_str(&format!(", {count} {words}"));
            }
        }
        if self.waiting > 0 {
            let requests = counted(self.waiting, "request");
            line.push_str(&format!(", {requests} held back for AWS's rates"));
        }
        if let Some(left) = self.left() {
            line.push_str(&format!(", about {} left", words(left)));
        }
        line
    }

    /// How long the rest takes, if it goes on like this.
    fn left(&self) -> Option<Duration> {
        let left = self.all?.checked_sub(self.done).filter(|left| *left > 0)?;
        if self.done < ENOUGH {
            return None;
        }
        // Those under way are half done: else a first wave would look endless.
        let halves = |count: usize| u32::try_from(count).ok();
        let left = halves(2 * left - self.under_way.min(left))?;
        let done = halves(2 * self.done + self.under_way)?;
        Some(self.elapsed * left / done)
    }
}

fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=89 => format!("{} s", seconds.max(1)),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_accounts_are_listed_nobody_knows_how_many_are_left() {
        let progress = Progress {
            listed: Some(340),
            done: 280,
            failed: 3,
            under_way: 60,
            waiting: 1,
            elapsed: Duration::from_secs(3),
            ..Progress::default()
        };
        assert_eq!(
            progress.line(),
            "reading accounts: 280 done, 3 failed, 60 under way, 340 listed so far, \
             1 request held back for AWS's rates"
        );
    }

    #[test]
    fn with_all_known_the_time_left_is_told() {
        let mut progress = Progress {
            changes: true,
            all: Some(1_000),
            done: 10,
            elapsed: Duration::from_secs(1),
            ..Progress::default()
        };
        assert_eq!(progress.line(), "changing accounts: 10 of 1000 done");
        progress.done = 250;
        progress.elapsed = Duration::from_secs(60);
        assert_eq!(
            progress.line(),
            "changing accounts: 250 of 1000 done, about 3 min left"
        );
        progress.under_way = 100;
        assert_eq!(
            progress.line(),
            "changing accounts: 250 of 1000 done, 100 under way, about 3 min left"
        );
        progress.under_way = 0;
        progress.done = 1_000;
        assert_eq!(progress.line(), "changing accounts: 1000 of 1000 done");
    }
}
