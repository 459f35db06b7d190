//! How many alerts there would have been, for people.

use std::time::Duration;

use super::style::Painter;
use super::text::Text;
use crate::backtest::{Count, Missed, Report, RuleReport, Skip};
use crate::diagnostic::{counted, printable};
use crate::place::Region;

/// So many losses are named.
const LOSSES: usize = 20;
/// So many pairs of rules are named.
const PAIRS: usize = 5;

/// The whole report of a backtest as text for a terminal.
pub fn report(report: &Report, paint: Painter) -> Text {
    let mut text = Text::default();
    head(&mut text, report, paint);
    let (fired, silent): (Vec<_>, Vec<_>) = report
        .rules
        .iter()
        .partition(|rule| rule.alerts > 0 || !rule.missed.is_empty());
    for rule in fired {
        text.blank();
        one(&mut text, rule, paint);
    }
    if !silent.is_empty() {
        let names: Vec<&str> = silent.iter().map(|rule| rule.rule.as_str()).collect();
        text.blank();
        let _ = writeln!(text, "{} {}", paint.bold("never fired:"), names.join(", "));
    }
    if !report.overlaps.is_empty() {
        text.blank();
        let _ = writeln!(text, "{}", paint.bold("several rules alert on one event:"));
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

fn head(text: &mut Text, report: &Report, paint: Painter) {
    let read = &report.read;
    let total = counted(report.alerts, "alert");
    let period = match (&read.first, &read.last) {
        (Some(first), Some(last)) => format!(", {first} to {last}"),
        _ => String::new(),
    };
    let _ = writeln!(
        text,
        "{} for {} of {} in {}{period}.",
        paint.bold(&total),
        report.alerting_events,
        counted(read.records, "record"),
        counted(read.files, "file"),
    );
    if read.copies > 0 {
        let _ = writeln!(
            text,
            "{} of alerting events, as of a second trail, {} not counted again.",
            counted(read.copies, "copy"),
            if read.copies == 1 { "was" } else { "were" },
        );
    }
    if read.untold > 0 {
        let _ = writeln!(
            text,
            "{}",
            paint.yellow(&format!(
                "A million alerting events are remembered: copies among the last {} count as alerts of their own.",
                read.untold
            ))
        );
    }
    if report.interrupted {
        let _ = writeln!(
            text,
            "{}",
            paint.yellow("Interrupted: this is what was counted until then.")
        );
    }
    if read.undated > 0 {
        let _ = writeln!(
            text,
            "{}",
            paint.dim(&format!(
                "{} no time: counted, and of no day or hour.",
                match read.undated {
                    1 => "1 record has".to_owned(),
                    many => format!("{many} records have"),
                }
            ))
        );
    }
    let mut aside = Vec::new();
    let outside = read.outside.saturating_sub(read.undated_outside);
    if outside > 0 {
        aside.push(format!(
            "{} outside the period asked for",
            counted(outside, "record")
        ));
    }
    if read.undated_outside > 0 {
        aside.push(format!(
            "{} without a time, which may lie outside that period",
            counted(read.undated_outside, "record")
        ));
    }
    for (skip, count) in &read.skipped {
        let (kind, rest) = match skip {
            Skip::Digest => ("digest file", ""),
            Skip::Insight => ("Insights file", ""),
            Skip::OtherName => ("file", " whose name is not that of a log"),
            Skip::OutsideWindow => ("file", " of another day"),
        };
        aside.push(format!("{}{rest}", counted(*count, kind)));
    }
    aside.extend(read.aside.iter().cloned());
    if !aside.is_empty() {
        let _ = writeln!(
            text,
            "{}",
            paint.dim(&format!("Left out: {}.", aside.join(", ")))
        );
    }
}

fn one(text: &mut Text, rule: &RuleReport, paint: Painter) {
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
            told_apart(rule.principals, "principal"),
            told_apart(rule.accounts, "account"),
            told_apart(rule.sources, "address"),
        );
    }
    for noisy in &rule.noisiest {
        let who = if noisy.actor.path.is_empty() {
            "nobody named"
        } else {
            &noisy.actor.value
        };
        let accounts = match noisy.accounts {
            1 => String::new(),
            several => format!(" in {}", counted(several, "account")),
        };
        let _ = writeln!(
            text,
            "           {:>7}  {}{accounts}",
            noisy.alerts,
            printable(who)
        );
        if let Some(unless) = &noisy.unless {
            let most = if noisy.at_most { "at most " } else { "" };
            let any = if noisy.any_account {
                "; it holds for that name in every account"
            } else {
                ""
            };
            let line = format!(
                "{} leaves {most}{}{any}",
                printable(unless),
                noisy.remaining
            );
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
            Missed::Apart => "not at home, of which alone the rule hears".to_owned(),
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

fn told_apart(count: Count, one: &str) -> String {
    let more = if count.more { "more than " } else { "" };
    format!("{more}{}", counted(count.count, one))
}

fn month(text: &mut Text, report: &Report) {
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
    text.blank();
    let _ = writeln!(
        text,
        "A month like that: {}, {} ({}: {}).",
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
            "Text messages, of which there are {:.0}, are not in that sum: each country and carrier has a price of its own.",
            month.unpriced_sms
        );
    }
}

/// A line for each rule and day with alerts.
pub fn csv(report: &Report) -> Text {
    let mut text = Text::default();
    let _ = writeln!(text, "rule,day,alerts");
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

fn losses(text: &mut Text, report: &Report, paint: Painter) {
    let read = &report.read;
    if read.lost == 0 {
        return;
    }
    let head = format!("not read, or not to the end: {}", read.lost);
    text.blank();
    let _ = writeln!(text, "{}", paint.red(&head));
    for loss in read.losses.iter().take(LOSSES) {
        let _ = writeln!(
            text,
            "  {}: {} ({} {} read)",
            printable(&loss.name),
            printable(&loss.problem),
            counted(loss.records_read, "record"),
            if loss.records_read == 1 {
                "was"
            } else {
                "were"
            },
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
    let regions = counted(regions, "Region");
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
