//! What `status` found, for people.

use std::fmt::Write;

use super::style::Painter;
use crate::health::{Finding, Health, Weight};
use crate::placement::TrailSource;
use crate::resources::names;

/// So many rules are named one by one.
const NAMED: usize = 5;

/// The judgement, the worst first.
pub fn health(health: &Health, feed: &TrailSource, paint: Painter) -> String {
    let mut text = String::new();
    for finding in &health.findings {
        one(&mut text, finding, health, paint);
    }
    let count = |weight| {
        let findings = health.findings.iter();
        findings.filter(|finding| finding.weight == weight).count()
    };
    let unknown = match count(Weight::Unknown) {
        0 => String::new(),
        unknown => format!(", {unknown} could not be looked at"),
    };
    let rules = plural(health.rules, "rule");
    let _ = if health.healthy {
        let trail = match feed {
            TrailSource::Existing(arn) | TrailSource::Ours(arn) => {
                let name = names::trail(arn);
                format!("fed by the trail {name}")
            }
            TrailSource::Nobody { .. } => "fed by no trail".to_owned(),
        };
        writeln!(
            text,
            "{} {} in {}: {rules}, {trail}{unknown}.",
            paint.green("Healthy:"),
            health.name,
            health.home
        )
    } else {
        writeln!(
            text,
            "{} {} in {}: {rules}, {} lose alerts, {} weaken{unknown}.",
            paint.red("Unhealthy:"),
            health.name,
            health.home,
            count(Weight::LosesAlerts),
            count(Weight::Weakens)
        )
    };
    text
}

fn one(text: &mut String, finding: &Finding, health: &Health, paint: Painter) {
    let weight = match finding.weight {
        Weight::LosesAlerts => paint.red("loses alerts"),
        Weight::Weakens => paint.yellow("weakens"),
        Weight::Unknown => paint.yellow("unknown"),
    };
    let place = match &finding.place {
        Some(place) if *place != health.home => format!(" ({place})"),
        _ => String::new(),
    };
    let since = match &finding.since {
        Some(since) => format!(", since {since}"),
        None => String::new(),
    };
    let _ = writeln!(
        text,
        "{weight} {}{place}: {}{since}",
        finding.what, finding.problem
    );
    let rules = match finding.rules.len() {
        0 => String::new(),
        all if all == health.rules && all > 1 => ": all rules".to_owned(),
        many => {
            let named = finding.rules.iter().take(NAMED);
            let named: Vec<&str> = named.map(|rule| rule.0.as_str()).collect();
            let more = match many.saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(": {}{more}", named.join(", "))
        }
    };
    let _ = writeln!(text, "    {}{rules}", finding.consequence);
    let _ = writeln!(text, "    {} {}", paint.bold("remedy:"), finding.remedy);
    if let Some(document) = &finding.document {
        for line in format!("{document:#}").lines() {
            let _ = writeln!(text, "      {line}");
        }
    }
}

fn plural(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    }
}
