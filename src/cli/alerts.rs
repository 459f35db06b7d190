//! `iamwatch alerts`: which alerts were told, and what each channel answered.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::args::Global;
use super::exit::Exit;
use super::ui::{Ui, said};
use crate::backtest::parse_time;
use crate::diagnostic::{listed, shown};
use crate::engine::{
    AccountScope, Code, Error, Question, Repeat, RepeatOutcome, Session, Workspace, fallback,
};
use crate::ledger::{FORMAT_VERSION, Told};
use crate::render;

/// Flags of `alerts`.
#[derive(Debug, Args)]
pub(super) struct AlertsArgs {
    /// From when on: a span of time up to now (`90m`, `24h`, `7d`), or a moment (`2026-01-05` or
    /// `2026-01-05T08:30:00Z`); 24h if not given, and 90d with --resend. Alerts are kept for 90 days
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only alerts of this rule; can be repeated
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// Only alerts that some channel did not take
    #[arg(long)]
    failed: bool,
    /// Tell one alert again to its channels, marked LATE: the id of its event or of its run, or the beginning of one
    #[arg(long, value_name = "ID", conflicts_with = "failed")]
    resend: Option<String>,
    /// Do not ask before an alert is sent
    #[arg(long, requires = "resend")]
    auto_approve: bool,
}

impl AlertsArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let rules = Workspace::salvage(&global.file, ui)?;
        // Said before AWS is asked for anything.
        fallback(&rules.file)?;
        let since = self.since.as_deref().map(since).transpose()?;
        let session = global.reach(rules, &AccountScope::default(), ui).await?;
        let now = session.clock.now_ms();
        let since = match (since, &self.resend) {
            (Some(Since::Moment(second)), _) => second.saturating_mul(1_000),
            (Some(Since::Ago(seconds)), _) => now.saturating_sub(seconds.saturating_mul(1_000)),
            (None, None) => now.saturating_sub(DAY * 1_000),
            (None, Some(_)) => now.saturating_sub(90 * DAY * 1_000),
        };
        let since = Timestamp::from_millisecond(since).map_err(Error::internal)?;
        let mut told = session.told(since).await?;
        for name in &self.rule {
            // A rule that is gone from the file may have told something.
            if !told.iter().any(|told| told.rule == *name) {
                session.rules.rule(name)?;
            }
        }
        told.retain(|told| self.rule.is_empty() || self.rule.contains(&told.rule));
        if let Some(id) = &self.resend {
            let repeat = session.repeat(told, id).await?;
            return self.tell_again(&session, repeat, ui).await;
        }
        told.retain(|told| !self.failed || told.is_failed());
        let since = since.to_string();
        let document = Alerts {
            format_version: FORMAT_VERSION,
            since: &since,
            alerts: &told,
            diagnostics: said(&session.rules),
        };
        let fallback = fallback(&session.rules.file)?;
        ui.answer(&document, |paint| {
            render::alerts::alerts(&told, &since, fallback, paint)
        })?;
        Ok(Exit::Fine)
    }

    async fn tell_again(
        &self,
        session: &Session,
        mut repeat: Repeat,
        ui: &mut Ui,
    ) -> Result<Exit, Error> {
        // Where resources of others stand in the way, the machine may be theirs.
        session.difference()?;
        let fallback = fallback(&session.rules.file)?;
        if !ui.is_json() {
            let text = render::alerts::repeat(&repeat, fallback, ui.painter());
            ui.out.text(&text)?;
        }
        if repeat.outcome == RepeatOutcome::Planned {
            let channels: Vec<String> = repeat.channels.iter().map(|name| shown(name)).collect();
            let question = Question::TellAgain {
                channels: &listed(&channels),
            };
            if !ui.confirm(question, self.auto_approve)? {
                return Err(Error::new(Code::Stopped, "stopped: nothing was sent"));
            }
            session.tell_again(&mut repeat).await?;
        }
        let document = Again {
            format_version: FORMAT_VERSION,
            resent: &repeat,
            diagnostics: said(&session.rules),
        };
        ui.answer(&document, |paint| render::alerts::repeated(&repeat, paint))?;
        Ok(Exit::Fine)
    }
}

/// Seconds of a day.
const DAY: i64 = 86_400;

/// From when on alerts are asked for.
#[derive(Debug, PartialEq, Eq)]
enum Since {
    /// So many seconds up to now.
    Ago(i64),
    /// Since a second after 1970.
    Moment(i64),
}

fn since(text: &str) -> Result<Since, Error> {
    let units = [
        ('s', 1),
        ('m', 60),
        ('h', 3_600),
        ('d', DAY),
        ('w', 7 * DAY),
    ];
    let mut spans = units.into_iter().filter_map(|(unit, seconds)| {
        let number = text.strip_suffix(unit)?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = number.parse().ok().filter(|_| is_number)?;
        number.checked_mul(seconds)
    });
    if let Some(seconds) = spans.next() {
        return Ok(Since::Ago(seconds));
    }
    let moment = match text.len() {
        10 => parse_time(&format!("{text}T00:00:00Z")),
        _ => parse_time(text),
    };
    moment.map(Since::Moment).ok_or_else(|| {
        let message = format!("{} is neither a span of time nor a moment", shown(text));
        Error::new(Code::CommandLine, message).help(
            "write a span such as 90m, 24h or 7d, a day such as 2026-01-05, or a moment such as 2026-01-05T08:30:00Z",
        )
    })
}

#[derive(Serialize)]
struct Alerts<'a> {
    format_version: u32,
    /// From when on they are listed.
    since: &'a str,
    alerts: &'a [Told],
    /// What is said of the rules file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Value>,
}

#[derive(Serialize)]
struct Again<'a> {
    format_version: u32,
    resent: &'a Repeat,
    /// What is said of the rules file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_moments_are_told_apart() {
        for (text, expected) in [
            ("24h", Since::Ago(DAY)),
            ("90m", Since::Ago(5_400)),
            ("7d", Since::Ago(7 * DAY)),
            ("2w", Since::Ago(14 * DAY)),
            ("1970-01-05", Since::Ago(0)),
            ("2026-01-05", Since::Moment(1_767_571_200)),
            ("2026-01-05T08:30:00Z", Since::Moment(1_767_601_800)),
        ] {
            match since(text) {
                Ok(found) => assert_eq!(found, expected, "{text}"),
                // CloudTrail began in 2013.
                Err(error) => assert_eq!((error.code, text), (Code::CommandLine, "1970-01-05")),
            }
        }
        for text in [
            "",
            "h",
            "-1h",
            "+1h",
            "1.5h",
            "24",
            "yesterday",
            "9223372036854775807w",
        ] {
            assert!(since(text).is_err(), "{text}");
        }
    }
}
