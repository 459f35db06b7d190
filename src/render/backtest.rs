//! How many alerts there would have been, for people.

use std::fmt::Write;

use super::style::Painter;
use crate::backtest::{Missed, Report, RuleReport, Skip};
use crate::rules::printable;

/// So many losses are named.
const LOSSES: usize = 20;
/// So many pairs of rules are named.
const PAIRS: usize = 5;

/// The whole report.
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
        "{} for {} of {} records in {} files{period}.",
        paint.bold(&total),
        report.alerting_events,
        read.records,
        read.files
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
    }
    for noisy in &rule.noisiest {
        let who = if noisy.actor.path.is_empty() {
            "nobody named"
        } else {
            &noisy.actor.value
        };
        let _ = writeln!(text, "           {:>7}  {}", noisy.alerts, printable(who));
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
