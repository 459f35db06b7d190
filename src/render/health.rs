//! What `status` found, for people.

use std::collections::BTreeSet;

use super::style::Painter;
use super::text::{Text, pretty_json};
use crate::diagnostic::counted;
use crate::health::{Finding, Health, Weight};
use crate::placement::TrailSource;
use crate::resources::names;
use crate::rules::RuleId;

/// So many rules are named one by one.
const NAMED: usize = 5;

/// The judgement, the worst first.
pub fn health(health: &Health, feed: &TrailSource, paint: Painter) -> Text {
    let mut text = Text::default();
    if !health.deployed && !health.healthy {
        let unknown = |finding: &&Finding| finding.weight == Weight::Unknown;
        // Of all that is missing there is no more to say.
        for finding in health.findings.iter().filter(unknown) {
            one(&mut text, finding, health, paint);
        }
        let _ = writeln!(
            text,
            "{} nothing of `{}` stands in {}: `iamwatch apply` deploys {}.",
            paint.red("Not deployed:"),
            health.name,
            health.home,
            counted(health.rules, "rule")
        );
        return text;
    }
    for finding in &health.findings {
        one(&mut text, finding, health, paint);
    }
    let count = |weight| {
        let findings = health.findings.iter();
        findings.filter(|finding| finding.weight == weight).count()
    };
    let unknown = match count(Weight::Unknown) {
        0 => String::new(),
        unknown => format!(", {unknown} could not be judged"),
    };
    let rules = counted(health.rules, "rule");
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
        let lost = health.findings.iter();
        let lost = lost.filter(|finding| finding.weight == Weight::LosesAlerts);
        let lost: BTreeSet<&RuleId> = lost.flat_map(|finding| &finding.rules).collect();
        let lost = match lost.len() {
            0 => String::new(),
            1 => ", 1 loses alerts".to_owned(),
            many => format!(", {many} lose alerts"),
        };
        let findings = count(Weight::LosesAlerts) + count(Weight::Weakens);
        // Dead letters are of no rule in particular.
        let nameless = |f: &&Finding| f.weight == Weight::LosesAlerts && f.rules.is_empty();
        let nameless = health.findings.iter().filter(nameless).count();
        let findings = match (findings, nameless) {
            (findings, 0) => counted(findings, "finding"),
            (1, _) => "1 finding, which loses alerts".to_owned(),
            (findings, 1) => {
                format!("{findings} findings, 1 of which loses alerts of no rule in particular")
            }
            (findings, more) => {
                format!("{findings} findings, {more} of which lose alerts of no rule in particular")
            }
        };
        writeln!(
            text,
            "{} {} in {}: {rules}{lost}; {}{unknown}.",
            paint.red("Unhealthy:"),
            health.name,
            health.home,
            findings
        )
    };
    text
}

fn one(text: &mut Text, finding: &Finding, health: &Health, paint: Painter) {
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
        text.block("      ", &pretty_json(document));
    }
}
