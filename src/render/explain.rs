//! What became of events at the rules, for people.

use std::collections::BTreeMap;

use super::style::Painter;
use super::text::Text;
use crate::cloudtrail::LeftOut;
use crate::diagnostic::{counted, listed, printable};
use crate::explain::{Answer, EventAnswers, Excepted, Explained, Reason, Summary, Verdict};
use crate::pattern::{FieldFailure, Found};
use crate::rules::{ChannelName, Rule, RuleId, RulesFile};

/// Every event in full, or a line for each; counts where there are several.
pub fn explained(explained: &Explained, file: &RulesFile, in_full: bool, paint: Painter) -> Text {
    let mut text = Text::default();
    let many = explained.events.len() > 1;
    for (index, event) in explained.events.iter().enumerate() {
        if in_full {
            if index > 0 {
                text.blank();
            }
            whole(&mut text, event, many, file, paint);
        } else {
            line(&mut text, event, paint);
        }
    }
    if many {
        text.blank();
        counts(&mut text, explained, file, paint);
    }
    left_out(&mut text, explained, paint);
    text
}

/// What no rule was asked about, each kind once.
fn left_out(text: &mut Text, explained: &Explained, paint: Painter) {
    let mut by_kind: BTreeMap<&LeftOut, u64> = BTreeMap::new();
    for aside in &explained.left_out {
        *by_kind.entry(&aside.what).or_default() += 1;
    }
    for (what, count) in by_kind {
        let line = format!("left out: {}: {}", what.counted(count), what.reason());
        let _ = writeln!(text, "{}", paint.yellow(&line));
    }
}

/// One event, and each rule below it.
fn whole(text: &mut Text, event: &EventAnswers, many: bool, file: &RulesFile, paint: Painter) {
    let number = if many {
        format!("{}. ", event.item)
    } else {
        String::new()
    };
    let head = format!("{number}{}", in_short(&event.event));
    let _ = writeln!(text, "{}", paint.bold(&head));
    if let Some(headline) = &event.headline {
        let _ = writeln!(text, "{}", printable(headline));
    }
    if let Some(id) = &event.event.id {
        let _ = writeln!(text, "{}", paint.dim(&format!("event {}", printable(id))));
    }
    if event.copies > 0 {
        let said = format!(
            "{} of it, as of two trails: one event, and one alert",
            counted(event.copies, "copy")
        );
        let _ = writeln!(text, "{}", paint.dim(&said));
    }
    if event.event.region.is_none() && event.event.actor.is_some() {
        let said = "the event names no Region: whether anybody listens there is not judged";
        let _ = writeln!(text, "{}", paint.yellow(said));
    }
    if event.fired().next().is_none() {
        let _ = writeln!(text, "{}", paint.yellow("no rule fires"));
    }
    for answer in &event.rules {
        one(text, answer, event.event.region.as_deref(), file, paint);
    }
    match event.further_misses {
        0 => {}
        1 => {
            let _ = writeln!(
                text,
                "1 more rule misses by as many fields or more; --all shows it"
            );
        }
        more => {
            let _ = writeln!(
                text,
                "{more} more rules miss by as many fields or more; --all shows them"
            );
        }
    }
}

fn one(text: &mut Text, answer: &Answer, region: Option<&str>, file: &RulesFile, paint: Painter) {
    let rule = file.rules.iter().find(|rule| rule.id == answer.rule);
    let title = rule.map_or(String::new(), |rule| {
        format!(": {} ({})", printable(&rule.title), rule.severity)
    });
    let head = format!("{}{title}", answer.rule);
    match &answer.verdict {
        Verdict::Fires => {
            let _ = writeln!(text, "{}  {head}", paint.green("fires  "));
            if let Some(told) = rule.and_then(|rule| told(rule, region, file)) {
                let _ = writeln!(text, "         {told}");
            }
        }
        Verdict::Unheard(obstacle) => {
            let _ = writeln!(text, "{}  {head}", paint.yellow("unheard"));
            let remedy = obstacle.remedy().map(|remedy| format!(": {remedy}"));
            let remedy = remedy.unwrap_or_default();
            let _ = writeln!(text, "         {}{remedy}", obstacle.problem());
        }
        Verdict::Misses(failures) => {
            let _ = writeln!(text, "{}  {head}", paint.dim("misses "));
            for failure in failures {
                let exception = answer
                    .excepted
                    .iter()
                    .find(|other| other.path == failure.path);
                let said = match exception {
                    Some(exception) => silenced(failure, exception),
                    None => under_detail(failure),
                };
                let _ = writeln!(text, "         {said}");
            }
        }
    }
}

/// Which channels are told. A rule apart stands where its event appears, and does not reach topics of other Regions.
fn told(rule: &Rule, region: Option<&str>, file: &RulesFile) -> Option<String> {
    let region = region.filter(|_| rule.apart);
    let is_reached = |region: &str, name: &ChannelName| {
        let channel = file.channels.get(name);
        channel.is_none_or(|channel| channel.is_reached_from(region))
    };
    let channels = rule.channels.iter();
    let (told, deaf): (Vec<_>, Vec<_>) =
        channels.partition(|name| region.is_none_or(|region| is_reached(region, name)));
    let names = |channels: Vec<&ChannelName>| -> Vec<String> {
        channels.into_iter().map(ChannelName::to_string).collect()
    };
    let (told, deaf) = (names(told), names(deaf));
    match (told.is_empty(), region) {
        (_, Some(region)) if !deaf.is_empty() => Some(format!(
            "to {}; not to {}: a rule apart reaches neither services nor topics of other Regions from {}",
            if told.is_empty() {
                "nobody".to_owned()
            } else {
                told.join(", ")
            },
            listed(&deaf),
            printable(region)
        )),
        (true, _) => None,
        (false, _) => Some(format!("to {}", told.join(", "))),
    }
}

/// One event on one line.
fn line(text: &mut Text, event: &EventAnswers, paint: Painter) {
    let fired: Vec<&str> = event.fired().map(|rule| rule.0.as_str()).collect();
    let outcome = match event.rules.first() {
        None => "no rule".to_owned(),
        Some(_) if !fired.is_empty() => format!("{} {}", paint.green("fires"), fired.join(", ")),
        Some(Answer {
            rule,
            verdict: Verdict::Unheard(obstacle),
            ..
        }) => format!(
            "{} {rule}: {}",
            paint.yellow("unheard"),
            match obstacle.reason {
                Reason::Region => "nobody listens there",
                Reason::Elsewhere => "not listened to there",
                Reason::Apart => "not at home",
                Reason::ReadOnly => "read-only",
                Reason::TooLarge => "larger than 256 KB",
            }
        ),
        Some(Answer {
            rule,
            verdict: Verdict::Misses(failures),
            ..
        }) => {
            let paths: Vec<String> = failures.iter().map(|f| path(f).to_owned()).collect();
            let nearest = format!("nearest {rule}: {}", printable(&paths.join(", ")));
            format!("{} {}", paint.dim("misses"), paint.dim(&nearest))
        }
        Some(_) => String::new(),
    };
    let _ = writeln!(
        text,
        "{:>5}  {}  {outcome}",
        event.item,
        in_short(&event.event)
    );
}

fn counts(text: &mut Text, explained: &Explained, file: &RulesFile, paint: Painter) {
    let mut by_rule: BTreeMap<&RuleId, usize> = BTreeMap::new();
    let mut regions: BTreeMap<&str, (usize, Option<String>)> = BTreeMap::new();
    for event in &explained.events {
        for rule in event.fired() {
            *by_rule.entry(rule).or_default() += 1;
        }
        // An event that fires another rule may be lost to this one all the same.
        let unheard = event.rules.iter().find_map(|answer| match &answer.verdict {
            Verdict::Unheard(obstacle) if obstacle.reason == Reason::Region => Some(obstacle),
            _ => None,
        });
        if let Some(obstacle) = unheard {
            let entry = regions.entry(obstacle.region.as_str()).or_default();
            *entry = (entry.0 + 1, obstacle.remedy());
        }
    }
    let all = explained.events.len();
    let copies = match explained.copies {
        0 => String::new(),
        copies => format!(
            " {} of them, as of two trails, not counted again.",
            counted(copies, "copy")
        ),
    };
    let _ = writeln!(
        text,
        "{} alerts for {}, a match unheard for {}, no match for {}.{copies}",
        paint.bold(&format!("{}:", counted(all, "event"))),
        explained.fired,
        explained.unheard,
        all - explained.fired - explained.unheard
    );
    for (rule, count) in by_rule {
        let title = file.rules.iter().find(|other| other.id == *rule);
        let title = title.map_or("", |rule| rule.title.as_str());
        let _ = writeln!(text, "{count:>7}  {rule}: {}", printable(title));
    }
    for (region, (count, remedy)) in regions {
        let region = printable(region);
        let remedy = remedy.map_or_else(String::new, |remedy| format!(": {remedy}"));
        let _ = writeln!(
            text,
            "{count:>7}  in {region}, where nobody listens{remedy}"
        );
    }
}

fn in_short(event: &Summary) -> String {
    let mut text = event.name.clone();
    let parts = [
        (" by ", &event.actor),
        (" in ", &event.region),
        (", ", &event.time),
    ];
    for (before, part) in parts {
        if let Some(part) = part {
            text.push_str(before);
            text.push_str(part);
        }
    }
    printable(&text)
}

/// The path as conditions of a rule have it.
fn path(failure: &FieldFailure) -> &str {
    failure
        .path
        .strip_prefix("detail.")
        .unwrap_or(&failure.path)
}

/// A field that an exception of the rule speaks of: the opposite that stands in the pattern is nobody's words.
fn silenced(failure: &FieldFailure, exception: &Excepted) -> String {
    let held = match &failure.found {
        Found::Values { shown, .. } => format!(" holds {}", shown.join(", ")),
        Found::Absent => " is absent".to_owned(),
        Found::Fields => " is an object".to_owned(),
        Found::Elsewhere => String::new(),
    };
    let at = exception.at.as_ref();
    let at = at.map_or_else(String::new, |at| format!(" at {at}"));
    printable(&format!(
        "{}{held}: excepted by `unless`{at}{}",
        path(failure),
        exception.company()
    ))
}

fn under_detail(failure: &FieldFailure) -> String {
    FieldFailure {
        path: path(failure).to_owned(),
        ..failure.clone()
    }
    .to_string()
}
