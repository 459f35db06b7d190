//! How many alerts there would have been, for people.

use std::fmt::Write;
use std::time::Duration;

use super::style::Painter;
use crate::backtest::{Count, Missed, Report, RuleReport, Skip};
use crate::diagnostic::printable;
use crate::place::Region;

/// So many losses are named.
const LOSSES: usize = 20;
/// So many pairs of rules are named.
const PAIRS: usize = 5;

/// The whole report of a backtest as text for a terminal.
pub fn report(report: &Report, paint: Painter) -> String {
    let mut text = String::new();
    head(&mut text, report, paint);
    let (fired, silent): (Vec<_>, Vec<_>) = report
        .rules
        .iter()
        .partition(|rule| rule.alerts > 0 || !rule.missed.is_empty());
    for rule in fired {
        text.push('\n');
        one(&mut text, rule, paint);
    }
    if !silent.is_empty() {
        let names: Vec<&str> = silent.iter().map(|rule| rule.rule.as_str()).collect();
        let _ = writeln!(
            text,
            "\n{} {}",
            paint.bold("never fired:"),
            names.join(", ")
        );
    }
    if !report.overlaps.is_empty() {
        let _ = writeln!(
            text,
            "\n{}",
            paint.bold("several rules alert on one event:")
        );
        for overlap in report.overlaps.iter().take(PAIRS) {
            let _ = writeln!(
                text,
                "{:>9}  {}",
                overlap.events,
                overlap.rules.join(" and ")
            );
        }
    }
    month(&mut text, report);
    losses(&mut text, report, paint);
    text
}

fn head(text: &mut String, report: &Report, paint: Painter) {
    let read = &report.read;
    let total = format!("{} alerts", report.alerts);
    let period = match (&read.first, &read.last) {
        (Some(first), Some(last)) => format!(", {first} to {last}"),
        _ => String::new(),
    };
    let _ = writeln!(
        text,
        "{} for {} of {} records in {}{period}.",
        paint.bold(&total),
        report.alerting_events,
        read.records,
        match read.files {
            1 => "1 file".to_owned(),
            files => format!("{files} files"),
        }
    );
    if report.interrupted {
        let _ = writeln!(
            text,
            "{}",
            paint.yellow("Interrupted: this is what was counted until then.")
        );
    }
    let mut aside = Vec::new();
    if read.outside > 0 {
        aside.push(format!(
            "{} records outside the period asked for",
            read.outside
        ));
    }
    if read.undated > 0 {
        aside.push(format!("{} records without a time", read.undated));
    }
    for (skip, count) in &read.skipped {
        aside.push(format!(
            "{count} {}",
            match skip {
                Skip::Digest => "digest files",
                Skip::Insight => "Insights files",
                Skip::OtherName => "files whose names are not those of logs",
                Skip::OutsideWindow => "files of other days",
            }
        ));
    }
    if !aside.is_empty() {
        let _ = writeln!(
            text,
            "{}",
            paint.dim(&format!("Left out: {}.", aside.join(", ")))
        );
    }
}

fn one(text: &mut String, rule: &RuleReport, paint: Painter) {
    let _ = writeln!(text, "{:>9}  {}", rule.alerts, paint.bold(&rule.rule));
    if rule.alerts > 0 {
        let worst = rule.worst_hour.as_ref().map_or(String::new(), |worst| {
            format!(", at worst {} in the hour of {}", worst.alerts, worst.hour)
        });
        let _ = writeln!(text, "           {:.1} a day{worst}", rule.per_day);
        if let (Some(first), Some(last)) = (&rule.first, &rule.last) {
            let _ = writeln!(text, "           first {first}, last {last}");
        }
        let _ = writeln!(
            text,
            "           by {}, in {}, from {}",
            counted(rule.principals, "principal", "principals"),
            counted(rule.accounts, "account", "accounts"),
            counted(rule.sources, "address", "addresses"),
        );
    }
    for noisy in &rule.noisiest {
        let who = if noisy.actor.path.is_empty() {
            "nobody named"
        } else {
            &noisy.actor.value
        };
        let _ = writeln!(text, "           {:>7}  {}", noisy.alerts, printable(who));
        if let Some(unless) = &noisy.unless {
            let most = if noisy.at_most { "at most " } else { "" };
            let line = format!("{} leaves {most}{}", printable(unless), noisy.remaining);
            let _ = writeln!(text, "                    {}", paint.dim(&line));
        }
    }
    for (missed, count) in &rule.missed {
        let why = match missed {
            Missed::NotListening => format!(
                "not listening in {}",
                printable(&rule.unheard_in.join(", "))
            ),
            Missed::Elsewhere => "recorded where AWS records no such events".to_owned(),
            Missed::ReadOnly => "read-only, which the rule's state keeps out".to_owned(),
            Missed::TooLarge => "over 256 KB, which EventBridge never gets".to_owned(),
        };
        let _ = writeln!(text, "           {} {count}: {why}", paint.yellow("missed"));
    }
    for event in &rule.events {
        let fields = [
            &event.time,
            &event.region,
            &event.address,
            &event.error,
            &event.id,
        ];
        let fields: Vec<&str> = fields.iter().filter_map(|field| field.as_deref()).collect();
        let line = format!("{} by {}, {}", event.event, event.actor, fields.join(", "));
        let _ = writeln!(text, "           {}", printable(&line));
    }
}

fn counted(count: Count, one: &str, many: &str) -> String {
    let more = if count.more { "more than " } else { "" };
    let word = if count.count == 1 { one } else { many };
    format!("{more}{} {word}", count.count)
}

fn month(text: &mut String, report: &Report) {
    let Some(month) = &report.month else {
        return;
    };
    let messages = month.messages.iter();
    let messages: Vec<String> = messages
        .map(|(kind, count)| format!("{count:.0} by {kind}"))
        .collect();
    if messages.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\nA month like that: {}, {} ({}: {}).",
        messages.join(", "),
        if month.dollars < 0.01 {
            "less than a cent".to_owned()
        } else {
            format!("about ${:.2}", month.dollars)
        },
        month.prices_of,
        month.prices_from
    );
    if month.unpriced_sms > 0.0 {
        let _ = writeln!(
            text,
            "The {:.0} text messages are not in that sum: each country and carrier has a price of its own.",
            month.unpriced_sms
        );
    }
}

/// A line for each rule and day with alerts.
pub fn csv(report: &Report) -> String {
    let mut text = "rule,day,alerts\n".to_owned();
    for rule in &report.rules {
        for (day, alerts) in &rule.days {
            let _ = writeln!(text, "{},{day},{alerts}", rule.rule);
        }
        let dated: u64 = rule.days.values().sum();
        // The numbers of a rule add up to its alerts.
        if rule.alerts > dated {
            let _ = writeln!(text, "{},,{}", rule.rule, rule.alerts - dated);
        }
    }
    text
}

fn losses(text: &mut String, report: &Report, paint: Painter) {
    let read = &report.read;
    if read.lost == 0 {
        return;
    }
    let _ = writeln!(
        text,
        "\n{}",
        paint.red(&format!("not read, or not to the end: {}", read.lost))
    );
    for loss in read.losses.iter().take(LOSSES) {
        let _ = writeln!(
            text,
            "  {}: {} ({} records were read)",
            printable(&loss.name),
            printable(&loss.problem),
            loss.records_read
        );
    }
    if read.lost > LOSSES as u64 {
        let _ = writeln!(text, "  and {} more", read.lost - LOSSES as u64);
    }
}

/// What is said before the event history of so many Regions is read. `longest` is the Region that takes longest, and how
/// long that is.
pub fn reading_history(regions: usize, longest: Option<&(Region, Duration)>) -> String {
    let guess = match longest {
        None => String::new(),
        Some((_, time)) if *time <= Duration::from_secs(10) => {
            ", which takes some seconds".to_owned()
        }
        Some((region, time)) => format!(
            ", which takes about {}: {region} has most, going by its latest events",
            spoken(*time)
        ),
    };
    let regions = match regions {
        1 => "1 Region".to_owned(),
        more => format!("{more} Regions"),
    };
    format!(
        "Reading the event history of {regions} at AWS's rate of 2 requests a second and Region{guess}. Ctrl-C ends it \
         and shows what is counted."
    )
}

fn spoken(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60);
    match minutes {
        0..=1 => "a minute".to_owned(),
        2..=120 => format!("{minutes} minutes"),
        _ => format!("{} hours", minutes.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_up() {
        let spoken = |seconds| spoken(Duration::from_secs(seconds));
        assert_eq!(spoken(59), "a minute");
        assert_eq!(spoken(61), "2 minutes");
        assert_eq!(spoken(3 * 3600 + 1), "4 hours");
    }
}
