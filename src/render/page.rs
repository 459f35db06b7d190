//! A backtest as one page for a browser: pictures, tables, and nothing that is fetched from elsewhere.

mod bars;
mod heat;

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::backtest::{Missed, Report, RuleReport, Skip};
use crate::diagnostic::is_unprintable;

const STYLE: &str = include_str!("page/page.css");
/// So many rules have a colour of their own; the others share one.
const COLOURS: usize = 8;
/// So many losses are named.
const LOSSES: usize = 100;

/// The whole HTML page of a backtest.
pub fn page(report: &Report, name: &str) -> String {
    let mut page = String::new();
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>Backtest of {0}</title><style>{STYLE}</style></head><body>\n<h1>Backtest of <b>{0}</b></h1>\n",
        escape(name)
    );
    head(&mut page, report);
    let fired: Vec<&RuleReport> = report.rules.iter().filter(|rule| rule.alerts > 0).collect();
    if !fired.is_empty() {
        bars::draw(&mut page, &fired);
        heat::draw(&mut page, &fired);
    }
    table(&mut page, report);
    silent(&mut page, report);
    overlaps(&mut page, report);
    losses(&mut page, report);
    page.push_str("<footer>All times are UTC. Made by <code>iamwatch backtest --html</code>.</footer>\n</body></html>\n");
    page
}

fn head(page: &mut String, report: &Report) {
    let read = &report.read;
    if report.interrupted {
        page.push_str("<p class=\"warn\">Ended early: what follows is only what had been counted by then.</p>\n");
    }
    if read.lost > 0 {
        let _ = writeln!(
            page,
            "<p class=\"warn\">{} could not be read, so there may be more alerts than shown: <a href=\"#losses\">what is missing</a>.</p>",
            counted(read.lost, "file or object", "files or objects")
        );
    }
    if let (Some(first), Some(last)) = (&read.first, &read.last) {
        let _ = writeln!(page, "<p>{} to {}</p>", moment(first), moment(last));
    }
    page.push_str("<dl class=\"tiles\">");
    let per_day = if read.days > 0.0 {
        report.alerts as f64 / read.days
    } else {
        0.0
    };
    let silent = report.rules.iter().filter(|rule| rule.alerts == 0).count();
    let tiles = [
        ("alerts", number(report.alerts)),
        ("alerts a day", rate(per_day)),
        ("events behind them", number(report.alerting_events)),
        ("records read", number(read.records)),
        ("files read", number(read.files)),
        (
            "rules that never fired",
            format!("{silent} of {}", report.rules.len()),
        ),
    ];
    for (name, value) in tiles {
        let _ = write!(page, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    page.push_str("</dl>\n");
    let mut aside: Vec<String> = Vec::new();
    let outside = read.outside.saturating_sub(read.undated_outside);
    if outside > 0 {
        aside.push(format!("{} outside the time asked for", number(outside)));
    }
    if read.undated_outside > 0 {
        aside.push(format!(
            "{} without a time, which may lie outside that",
            number(read.undated_outside)
        ));
    }
    if read.undated > 0 {
        aside.push(format!(
            "{} without a time, which no picture shows",
            number(read.undated)
        ));
    }
    if read.unread > 0 {
        aside.push(format!("{} unreadable", number(read.unread)));
    }
    if read.copies > 0 {
        aside.push(format!(
            "{}, as of a second trail, not counted again",
            counted(
                read.copies,
                "copy of an alerting event",
                "copies of alerting events"
            )
        ));
    }
    if !aside.is_empty() {
        let _ = writeln!(
            page,
            "<p class=\"quiet\">Records aside: {}.</p>",
            aside.join("; ")
        );
    }
    let skipped: Vec<String> = read
        .skipped
        .iter()
        .map(|(skip, count)| {
            let what = match skip {
                Skip::Digest => "of digests",
                Skip::Insight => "of Insights",
                Skip::OtherName => "that are no logs by their names",
                Skip::OutsideWindow => "of other days",
            };
            format!("{} {what}", number(*count))
        })
        .chain(read.aside.iter().map(|what| escape(what)))
        .collect();
    if !skipped.is_empty() {
        let _ = writeln!(
            page,
            "<p class=\"quiet\">Left out: {}.</p>",
            skipped.join("; ")
        );
    }
}

fn table(page: &mut String, report: &Report) {
    let shown: Vec<&RuleReport> = report
        .rules
        .iter()
        .filter(|rule| rule.alerts > 0 || !rule.missed.is_empty())
        .collect();
    if shown.is_empty() {
        page.push_str("<p>No rule matched anything.</p>\n");
        return;
    }
    page.push_str(
        "<h2>Rules</h2>\n<div class=\"wide\"><table><thead><tr><th>rule</th><th class=\"n\">alerts</th><th class=\"n\">a day</th>\
         <th class=\"n\">worst hour</th><th>first</th><th>last</th><th class=\"n\">principals</th><th class=\"n\">accounts</th>\
         <th class=\"n\">sources</th><th>noisiest</th></tr></thead><tbody>\n",
    );
    for (index, rule) in shown.iter().enumerate() {
        let _ = write!(
            page,
            "<tr><td class=\"r\"><i class=\"key c{}\"></i>{}{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>",
            index.min(COLOURS),
            escape(&rule.rule),
            missed(rule),
            number(rule.alerts),
            rate(rule.per_day),
        );
        match &rule.worst_hour {
            Some(worst) => {
                let _ = write!(
                    page,
                    "<td class=\"n\" title=\"{}\">{}</td>",
                    escape(&worst.hour),
                    number(worst.alerts)
                );
            }
            None => page.push_str("<td></td>"),
        }
        for time in [&rule.first, &rule.last] {
            let time = time.as_deref().map(moment).unwrap_or_default();
            let _ = write!(page, "<td class=\"t\">{time}</td>");
        }
        for count in [rule.principals, rule.accounts, rule.sources] {
            let more = if count.more { "+" } else { "" };
            let _ = write!(
                page,
                "<td class=\"n\">{}{more}</td>",
                number(count.count as u64)
            );
        }
        let noisiest = rule.noisiest.first().map(|noisy| {
            let share = noisy.alerts as f64 * 100.0 / rule.alerts.max(1) as f64;
            let value = escape(&noisy.actor.value);
            let short = escape(short(&noisy.actor.value));
            format!(
                "<span title=\"{value}\">{short}</span> <span class=\"quiet\">{share:.0} %</span>"
            )
        });
        let _ = writeln!(
            page,
            "<td class=\"who\">{}</td></tr>",
            noisiest.unwrap_or_default()
        );
    }
    page.push_str("</tbody></table></div>\n");
}

/// What tells a principal from the others of its account: an ARN begins and a role's path goes on for long.
fn short(value: &str) -> &str {
    let is_arn = value.starts_with("arn:");
    let last = value.rsplit_once(':').filter(|_| is_arn);
    match last {
        Some((_, resource)) => resource.rsplit_once('/').map_or(resource, |(_, name)| name),
        None => value,
    }
}

/// What matched and would not have reached the rule.
fn missed(rule: &RuleReport) -> String {
    let mut text = String::new();
    for (why, count) in &rule.missed {
        let why = match why {
            Missed::NotListening => {
                format!("nobody listens in {}", rule.unheard_in.join(", "))
            }
            Missed::Elsewhere => "AWS sends these events in another Region".to_owned(),
            Missed::Apart => "not at home, of which alone the rule hears".to_owned(),
            Missed::ReadOnly => "read-only, and the rule does not ask for such events".to_owned(),
            Missed::TooLarge => "over 256 KB, which CloudTrail does not send".to_owned(),
        };
        let _ = write!(
            text,
            "<div class=\"missed\">missed: {} ({})</div>",
            number(*count),
            escape(&why)
        );
    }
    text
}

fn silent(page: &mut String, report: &Report) {
    let silent: Vec<String> = report
        .rules
        .iter()
        .filter(|rule| rule.alerts == 0 && rule.missed.is_empty())
        .map(|rule| format!("<li>{}</li>", escape(&rule.rule)))
        .collect();
    if !silent.is_empty() {
        let _ = writeln!(
            page,
            "<h2>Never fired</h2>\n<ul class=\"names\">{}</ul>",
            silent.concat()
        );
    }
}

fn overlaps(page: &mut String, report: &Report) {
    if report.overlaps.is_empty() {
        return;
    }
    page.push_str("<h2>Several rules on one event</h2>\n<table><tbody>\n");
    for overlap in report.overlaps.iter().take(10) {
        let [first, second] = &overlap.rules;
        let _ = writeln!(
            page,
            "<tr><td class=\"n\">{}</td><td>{} and {}</td></tr>",
            number(overlap.events),
            escape(first),
            escape(second)
        );
    }
    page.push_str("</tbody></table>\n");
}

fn losses(page: &mut String, report: &Report) {
    let read = &report.read;
    if read.lost == 0 {
        return;
    }
    page.push_str(
        "<h2 id=\"losses\">Not read</h2>\n<div class=\"wide\"><table><thead><tr><th>file or object</th><th>why</th>\
         <th class=\"n\">records read</th></tr></thead><tbody>\n",
    );
    let shown = read.losses.iter().take(LOSSES);
    let named = shown.len() as u64;
    for loss in shown {
        let _ = writeln!(
            page,
            "<tr><td class=\"who\">{}</td><td>{}</td><td class=\"n\">{}</td></tr>",
            escape(&loss.name),
            escape(&loss.problem),
            number(loss.records_read)
        );
    }
    page.push_str("</tbody></table></div>\n");
    if read.lost > named {
        let _ = writeln!(page, "<p>and {} more.</p>", number(read.lost - named));
    }
}

/// A number with its thousands apart.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn rate(rate: f64) -> String {
    match rate {
        _ if rate >= 99.95 => number(rate.round() as u64),
        _ if rate >= 9.95 => format!("{rate:.0}"),
        _ if rate >= 0.095 || rate == 0.0 => format!("{rate:.1}"),
        _ => "&lt; 0.1".to_owned(),
    }
}

fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { more })
}

/// A moment as it stands in the report, to the minute.
fn moment(written: &str) -> String {
    let minute: String = written.chars().take(16).collect();
    escape(&minute.replace('T', " "))
}

/// A number of seconds since 1970 as the calendar and the clock have it.
fn shown(second: i64, form: &str) -> String {
    Timestamp::from_second(second).map_or_else(
        |_| second.to_string(),
        |time| time.to_zoned(TimeZone::UTC).strftime(form).to_string(),
    )
}

/// A text that is no markup, in an element or an attribute. Names in logs are anybody's choice.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Neither control characters, nor those that turn the direction of writing or cannot be seen.
            _ if is_unprintable(letter) => escaped.push('\u{fffd}'),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_markup() {
        let escaped = escape("<script src='x'>\"&\u{202e}\n\u{200f}\u{e0041}");
        assert_eq!(
            escaped,
            "&lt;script src=&#39;x&#39;&gt;&quot;&amp;\u{fffd}\u{fffd}\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn principals_are_short() {
        let role = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/Admin";
        assert_eq!(short(role), "Admin");
        assert_eq!(short("arn:aws:iam::111122223333:root"), "root");
        assert_eq!(short("a:b/c"), "a:b/c");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(rate(0.02), "&lt; 0.1");
        assert_eq!(rate(3.26), "3.3");
        assert_eq!(rate(1234.4), "1,234");
    }
}
