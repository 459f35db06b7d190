//! Time in the sandbox: the wall's, or a virtual one that makes runs repeatable.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Where the sandbox takes its time from. All times are milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The clock of the machine.
    Wall,
    /// Starts at `now` and advances by `step` with every request.
    Virtual {
        /// The time at this moment.
        now: i64,
        /// How far each request moves it.
        step: i64,
    },
}

impl Clock {
    /// 2026-03-02 09:00:00 UTC, a Monday; a tenth of a second per request.
    pub const FIXED: Self = Self::Virtual {
        now: 1_772_442_000_000,
        step: 100,
    };

    /// The time at this moment.
    pub fn now(self) -> i64 {
        match self {
            Self::Wall => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|since| i64::try_from(since.as_millis()).ok())
                .unwrap_or_default(),
            Self::Virtual { now, .. } => now,
        }
    }

    pub(crate) fn tick(&mut self) {
        if let Self::Virtual { now, step } = self {
            *now = now.saturating_add(*step);
        }
    }
}

/// `2026-03-02T09:00:00Z`: how events and CloudTrail write a time.
pub(crate) fn iso(milliseconds: i64) -> String {
    jiff::Timestamp::from_second(milliseconds.div_euclid(1000))
        .unwrap_or_default()
        .to_string()
}

/// `2026-03-02T09:00:00.100Z`: how SNS writes one.
pub(crate) fn iso_millis(milliseconds: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    format!("{time:.3}")
}

/// `Mar 24, 2014 9:11:59 PM`: how CloudTrail writes the times of IAM and Organizations.
pub(crate) fn long_date(iso: &str) -> String {
    match iso.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%b %-d, %Y %-I:%M:%S %p").to_string(),
        Err(_) => iso.to_owned(),
    }
}
