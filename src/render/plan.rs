//! A plan for people.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::style::Painter;
use super::text::{Text, pretty_json};
use crate::diagnostic::printable;
use crate::place::{Arn, Place};
use crate::placement::TrailSource;
use crate::plan::{Action, AttributeChange, Change, Plan};

/// The whole plan, a line end at its end.
pub fn plan(plan: &Plan, paint: Painter) -> Text {
    let mut text = changes(plan, paint);
    for key in &plan.orphans {
        let stays = match key.kind.facts().deletion {
            Some(word) => format!(
                "is kept, whatever else goes: only `destroy --delete {word}` or `apply --prune --delete {word}` deletes it"
            ),
            None => "is no longer wanted and stays: give --prune to delete it".to_owned(),
        };
        let key = key.seen_from(&plan.home);
        let _ = writeln!(text, "{} {key} {}", paint.dim("-"), paint.dim(&stays));
    }
    for key in &plan.waiting {
        let key = key.seen_from(&plan.home);
        let _ = writeln!(
            text,
            "{} {key} waits to be confirmed by its receiver",
            paint.yellow("…")
        );
    }
    if let Some(line) = feed(plan) {
        let _ = writeln!(text, "{line}");
    }
    for note in &plan.notes {
        let _ = writeln!(text, "{} {}", paint.yellow("!"), note.message);
        let _ = writeln!(text, "    {}", note.help);
        if let Some(document) = &note.document {
            text.block("    ", &pretty(document));
        }
    }
    own_alerts(&mut text, plan, paint);
    if !text.is_empty() {
        text.blank();
    }
    let _ = writeln!(text, "{}", paint.bold(&summary(plan)));
    text
}

/// Where events come from, if no line of the plan tells.
fn feed(plan: &Plan) -> Option<String> {
    let is_away = |arn: &Arn| match &plan.home {
        Place::Regional { region, .. } => region.as_str() != arn.region(),
        Place::Global { .. } => false,
    };
    let is_wanted = plan.changes.is_empty() || plan.changes.iter().any(|c| c.after.is_some());
    if plan.deleted_feed().is_some() {
        return None;
    }
    match &plan.feed {
        TrailSource::Existing(arn) => Some(format!(
            "events come from your trail {arn}, which stays as it is"
        )),
        TrailSource::Ours(arn) if is_away(arn) && is_wanted => Some(format!(
            "events come from our trail {arn}, which stays where it is"
        )),
        TrailSource::Ours(_) | TrailSource::Nobody { .. } => None,
    }
}

/// Place by place where there are several, home first; Regions with the same changes share a heading.
fn changes(plan: &Plan, paint: Painter) -> Text {
    let mut places: Vec<(&Place, Text)> = Vec::new();
    for change in &plan.changes {
        let place = &change.key.place;
        let block = one(change, paint);
        match places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, text)) => text.append(&block),
            None => places.push((place, block)),
        }
    }
    places.sort_by_key(|(place, _)| (*place != &plan.home, *place));
    let alone = places.iter().all(|(place, _)| *place == &plan.home);
    let mut shared: Vec<(Vec<&Place>, Text)> = Vec::new();
    for (place, text) in places {
        match shared.iter_mut().find(|(_, other)| *other == text) {
            Some((places, _)) => places.push(place),
            None => shared.push((vec![place], text)),
        }
    }
    let mut text = Text::default();
    for (places, block) in shared {
        if !alone {
            let names: Vec<String> = places.iter().map(|place| heading(place, plan)).collect();
            let _ = writeln!(text, "{}", paint.bold(&format!("{}:", names.join(", "))));
        }
        text.append(&block);
    }
    text
}

fn heading(place: &Place, plan: &Plan) -> String {
    let whose = if place.account() == plan.home.account() {
        String::new()
    } else {
        format!("{} ", place.account())
    };
    match place {
        Place::Global { .. } => format!("{whose}IAM"),
        Place::Regional { region, .. } if *place == plan.home => format!("{region} (home)"),
        Place::Regional { region, .. } => format!("{whose}{region}"),
    }
}

/// Which of the deployed rules apply itself sets off. Those that it creates may hear of it too; JSON tells.
fn own_alerts(text: &mut Text, plan: &Plan, paint: Painter) {
    for alert in plan.own_alerts.iter().filter(|alert| alert.deployed) {
        let mut calls = alert.calls.iter();
        let shown = calls.by_ref().take(3).map(|(name, count)| match count {
            1 => name.clone(),
            count => format!("{name} ×{count}"),
        });
        let mut shown: Vec<String> = shown.collect();
        match calls.count() {
            0 => {}
            more => shown.push(format!("{more} more")),
        }
        let _ = writeln!(
            text,
            "{} apply itself alerts: {} ({})",
            paint.yellow("!"),
            alert.rule,
            shown.join(", ")
        );
    }
}

/// One line: how much would be done.
pub fn summary(plan: &Plan) -> String {
    let (create, update, delete) = plan.counts();
    let place = &plan.home;
    // The rest was not looked at.
    let only = match plan.only.is_empty() {
        true => String::new(),
        false => format!(", as far as `{}` goes", printable(&plan.only.join(" "))),
    };
    if plan.changes.is_empty() && plan.is_off() {
        format!("No changes to make at {place}{only}, but see above.")
    } else if plan.changes.is_empty() {
        format!("No changes: {place} is as the rules file asks{only}.")
    } else {
        format!(
            "Plan for {place}{only}: {create} to create, {update} to change, {delete} to delete."
        )
    }
}

fn one(change: &Change, paint: Painter) -> Text {
    let mut text = Text::default();
    let symbol = match change.action {
        Action::Create => paint.green("+"),
        Action::Update => paint.yellow("~"),
        Action::Replace => paint.yellow("±"),
        Action::Delete => paint.red("-"),
    };
    let _ = writeln!(text, "{symbol} {}", paint.bold(&change.key.to_string()));
    let farewell = change.key.kind.facts().farewell;
    match (change.action, &change.after, farewell) {
        (Action::Create, Some(after), _) => {
            for line in after.description() {
                let _ = writeln!(text, "    {line}");
            }
        }
        (Action::Delete, _, Some(farewell)) => {
            let _ = writeln!(text, "    {farewell}");
        }
        _ => {
            for attribute in &change.attributes {
                differing(&mut text, attribute, paint);
            }
        }
    }
    text
}

/// `path: before → after`, or a structural difference for documents.
pub(super) fn differing(text: &mut Text, change: &AttributeChange, paint: Painter) {
    let long =
        |value: &Value| value.is_object() || value.is_array() || value.to_string().len() > 60;
    if !long(&change.before) && !long(&change.after) {
        let (before, after) = (pretty_json(&change.before), pretty_json(&change.after));
        let _ = writeln!(text, "    {}: {before} → {after}", change.path);
        return;
    }
    let _ = writeln!(text, "    {}:", change.path);
    let (before, after) = (pretty(&change.before), pretty(&change.after));
    for line in TextDiff::from_lines(&before, &after).iter_all_changes() {
        let words = line.value().trim_end_matches('\n');
        let _ = match line.tag() {
            ChangeTag::Delete => writeln!(text, "      {}", paint.red(&format!("- {words}"))),
            ChangeTag::Insert => writeln!(text, "      {}", paint.green(&format!("+ {words}"))),
            ChangeTag::Equal => writeln!(text, "        {words}"),
        };
    }
}

/// JSON over several lines; text with line ends as it is.
fn pretty(value: &Value) -> String {
    match value {
        Value::String(words) if words.contains('\n') => format!("{words}\n"),
        value => format!("{}\n", pretty_json(value)),
    }
}
