//! Dead letters, for people.

use super::style::Painter;
use super::text::Text;
use crate::dead_letters::{Letter, Redriven, Sender};
use crate::diagnostic::counted;

/// The lost alerts, oldest first.
pub fn letters(letters: &[&Letter], more: bool, paint: Painter) -> Text {
    let mut text = Text::default();
    for letter in letters {
        one(&mut text, letter, paint);
    }
    let _ = match letters.len() {
        0 => writeln!(text, "No dead letters: nothing that was sent was lost."),
        some => writeln!(text, "{}.", counted(some, "dead letter")),
    };
    if more {
        let _ = writeln!(text, "There are more: they come when these are sent again.");
    }
    text
}

fn one(text: &mut Text, letter: &Letter, paint: Painter) {
    let event = &letter.event;
    let lost = paint.red("lost");
    let what = match &letter.alert {
        Some(alert) => alert.clone(),
        None if event.name.is_empty() => "a message that is no event".to_owned(),
        None => format!("{} at {}", event.name, event.service),
    };
    let _ = writeln!(text, "{lost} {} {what}", letter.time);
    let copies = match letter.copies {
        1 => String::new(),
        copies => format!(", {copies} times"),
    };
    if !event.name.is_empty() {
        let _ = writeln!(
            text,
            "    who: {}, account {}, {}, id {}{copies}",
            event.who, event.account, event.region, event.id
        );
    }
    if event.is_not_of_aws() {
        let _ = writeln!(text, "    sent as {}, and not by AWS", event.source);
    }
    if letter.alert.is_some() && !event.name.is_empty() {
        let _ = writeln!(text, "    what: {} at {}", event.name, event.service);
    }
    let rules: Vec<&str> = letter.rules.iter().map(|rule| rule.0.as_str()).collect();
    let rules = rules.join(", ");
    let _ = match &letter.sender {
        Sender::Detector { rule } => writeln!(text, "    rule: {rule}"),
        Sender::Forwarder { name } if rules.is_empty() => {
            writeln!(
                text,
                "    forwarder {name}: no rule wants it, so no alert was lost"
            )
        }
        Sender::Forwarder { name } => {
            writeln!(text, "    forwarder {name}; the alerts of: {rules}")
        }
        Sender::Topic { reader } if rules.is_empty() => writeln!(text, "    to: {reader}"),
        Sender::Topic { reader } => writeln!(text, "    rule: {rules}, to: {reader}"),
        Sender::Unknown { arn } => {
            writeln!(text, "    the rules file has nothing that sent it: {arn}")
        }
    };
    let _ = match letter.code.is_empty() && letter.message.is_empty() {
        true => writeln!(text, "    {}", letter.meaning),
        false => writeln!(
            text,
            "    {}: {} ({})",
            letter.code, letter.meaning, letter.message
        ),
    };
    let _ = writeln!(text, "    {} {}", paint.bold("remedy:"), letter.remedy);
}

/// What a redrive did.
pub fn redriven(done: &Redriven, more: bool, paint: Painter) -> Text {
    let mut text = Text::default();
    for failed in &done.failed {
        let event = &failed.letter.event;
        let _ = writeln!(
            text,
            "{} {} {} of {}: {}",
            paint.red("failed"),
            failed.letter.time,
            event.name,
            event.who,
            failed.error
        );
        if let Some(remedy) = failed.error.remedy() {
            let _ = writeln!(text, "    {remedy}");
        }
        if failed.partly_sent {
            let _ = writeln!(
                text,
                "    some of its alerts went out: the next redrive repeats them"
            );
        }
    }
    for letter in &done.kept {
        let _ = writeln!(
            text,
            "{} {} {}: {}",
            paint.yellow("kept"),
            letter.time,
            letter.alert.as_ref().unwrap_or(&letter.event.name),
            match &letter.sender {
                Sender::Topic { .. } => letter.meaning.as_str(),
                _ => "the rules file has nothing that could send it",
            }
        );
    }
    if !done.unwanted.is_empty() {
        let _ = writeln!(
            text,
            "{} {} that no rule wants: no alert was lost",
            paint.dim("deleted"),
            done.unwanted.len()
        );
    }
    let _ = writeln!(
        text,
        "{} sent again, {} failed, {} kept.",
        done.sent.len(),
        done.failed.len(),
        done.kept.len()
    );
    if more {
        let _ = writeln!(text, "There are more: run the same command again.");
    }
    text
}
