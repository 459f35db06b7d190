//! What `status` found, for people.

use std::collections::BTreeSet;

use super::style::Painter;
use super::text::{Text, pretty_json};
use crate::diagnostic::{counted, few};
use crate::health::{Finding, Health, MISSING, Weight};
use crate::placement::TrailSource;
use crate::resources::names;
use crate::rules::RuleId;

/// So many rules, or forwarders that are missing, are named one by one.
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
    // What is alike is one finding to a person.
    let told: Vec<&[Finding]> = health.findings.chunk_by(are_alike).collect();
    for alike in &told {
        many(&mut text, alike, health, paint);
    }
    let first = || told.iter().filter_map(|alike| alike.first());
    let count = |weight| first().filter(|finding| finding.weight == weight).count();
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
        let nameless = first().filter(nameless).count();
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

/// The name of a forwarder that is missing, where a finding is about one.
fn missing_forwarder(finding: &Finding) -> Option<&str> {
    let name = finding.what.strip_prefix("rule ")?;
    (finding.problem == MISSING && names::is_forwarder(name)).then_some(name)
}

/// Whether two findings are about forwarders that are missing at one place.
fn are_alike(a: &Finding, b: &Finding) -> bool {
    let both = missing_forwarder(a).is_some() && missing_forwarder(b).is_some();
    let said = |finding: &Finding| Finding {
        what: String::new(),
        ..finding.clone()
    };
    both && said(a) == said(b)
}

/// Findings that are alike, as one.
fn many(text: &mut Text, alike: &[Finding], health: &Health, paint: Painter) {
    let gone: Vec<&str> = alike.iter().filter_map(missing_forwarder).collect();
    match alike {
        [] => {}
        [finding] => one(text, finding, health, paint),
        [first, ..] => {
            let together = Finding {
                what: counted(alike.len(), "forwarder"),
                problem: format!("they do not exist: {}", few(&gone, NAMED)),
                ..first.clone()
            };
            one(text, &together, health, paint);
        }
    }
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
