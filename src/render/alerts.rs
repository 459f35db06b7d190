//! What was told, for people.

use super::style::Painter;
use super::text::Text;
use crate::diagnostic::{counted, listed, shown};
use crate::engine::{Repeat, RepeatOutcome};
use crate::ledger::{Answer, RunState, Told};
use crate::rules::ChannelName;

/// So much of one text of the ledger is shown, in characters.
const MOST_SHOWN: usize = 400;

/// The alerts, oldest first. `since`: from when on they are asked for; `fallback`: who hears of what others do not take.
pub fn alerts(told: &[Told], since: &str, fallback: &ChannelName, paint: Painter) -> Text {
    let mut text = Text::default();
    for alert in told {
        one(&mut text, alert, fallback, paint);
    }
    let failed = told.iter().filter(|told| told.is_failed()).count();
    let _ = match (told.len(), failed) {
        (0, _) => writeln!(text, "No alert since {since}."),
        (some, 0) => writeln!(text, "{} since {since}.", counted(some, "alert")),
        (some, failed) => writeln!(
            text,
            "{} since {since}; {failed} not taken by every channel.",
            counted(some, "alert")
        ),
    };
    text
}

/// An alert that is about to be told again: what it is, and who heard of it already.
pub fn repeat(repeat: &Repeat, fallback: &ChannelName, paint: Painter) -> Text {
    let mut text = Text::default();
    one(&mut text, &repeat.alert, fallback, paint);
    let (took, failed): (Vec<&Answer>, Vec<&Answer>) = repeat
        .alert
        .answers
        .iter()
        .partition(|answer| answer.took());
    let names = |answers: &[&Answer]| {
        let names: Vec<String> = answers.iter().map(|a| shown(&a.channel)).collect();
        listed(&names)
    };
    let _ = match (took.is_empty(), failed.is_empty()) {
        (true, true) => writeln!(text, "The ledger does not say which channels took it."),
        (true, false) => writeln!(text, "No channel took it; not taken by {}.", names(&failed)),
        (false, true) => writeln!(text, "Taken already by {}.", names(&took)),
        (false, false) => writeln!(
            text,
            "Taken already by {}; not taken by {}.",
            names(&took),
            names(&failed)
        ),
    };
    for run in &repeat.earlier {
        let how = match run.state {
            RunState::Running => "goes on",
            RunState::Succeeded => "was told",
            RunState::Failed => "failed",
        };
        let _ = writeln!(
            text,
            "Told again at {}: {how}, run {}.",
            run.began, run.name
        );
    }
    text
}

/// How telling it again began.
pub fn repeated(repeat: &Repeat, paint: Painter) -> Text {
    let mut text = Text::default();
    let channels: Vec<String> = repeat.channels.iter().map(|name| shown(name)).collect();
    let channels = listed(&channels);
    let _ = match repeat.outcome {
        RepeatOutcome::Planned => Ok(()),
        RepeatOutcome::Started => writeln!(
            text,
            "{} to {channels}: run {}",
            paint.green("started"),
            repeat.execution
        ),
        RepeatOutcome::AlreadyStarted => writeln!(
            text,
            "{} to {channels}, by somebody else: run {}",
            paint.yellow("started already"),
            repeat.execution
        ),
    };
    let _ = writeln!(
        text,
        "    `iamwatch alerts` shows what each channel answers, as soon as all of them have"
    );
    text
}

fn one(text: &mut Text, told: &Told, fallback: &ChannelName, paint: Painter) {
    let severity = told.severity.to_uppercase();
    let severity = match told.severity.as_str() {
        "critical" | "high" => paint.red(&severity),
        "medium" => paint.yellow(&severity),
        // Whoever may write to the ledger writes any word.
        "low" | "info" => severity,
        _ => cut(&severity),
    };
    let mut marks = String::new();
    if told.mode != "real" {
        let mode = match told.mode.as_str() {
            "" => "UNKNOWN".to_owned(),
            mode => cut(&mode.to_uppercase()),
        };
        marks = format!(" {}", paint.bold(&mode));
    }
    if told.late {
        marks = format!("{marks} {}", paint.bold("LATE"));
    }
    let _ = writeln!(
        text,
        "{} {severity} {}{marks}: {}",
        cut(&told.when),
        cut(&told.rule),
        cut(&told.headline)
    );
    for answer in &told.answers {
        let said = answered(answer, fallback, paint);
        let _ = writeln!(text, "    {}: {said}", cut(&answer.channel));
    }
    if told.answers.is_empty() {
        let _ = writeln!(
            text,
            "    {}",
            paint.red("no channel is known to have taken it")
        );
    }
    if !told.illegible.is_empty() {
        let _ = writeln!(
            text,
            "    {} in the ledger: {}",
            paint.yellow("not legible"),
            told.illegible.join(", ")
        );
    }
    let event = format!(
        "event {}, account {}, {}, run {}",
        cut(&told.id),
        cut(&told.account),
        cut(&told.region),
        cut(&told.execution)
    );
    let _ = writeln!(text, "    {}", paint.dim(&event));
}

/// What a channel answered, or who heard instead.
fn answered(answer: &Answer, fallback: &ChannelName, paint: Painter) -> String {
    if answer.took() {
        return cut(answer.answer.as_deref().unwrap_or_default());
    }
    let why: Vec<String> = [&answer.error, &answer.cause]
        .into_iter()
        .flatten()
        .map(|text| cut(text))
        .collect();
    let heard = match (answer.lost, answer.fallback) {
        (true, _) => format!(
            " → {}: {}",
            paint.red("not told by the fallback channel either"),
            cut(answer.fallback_error.as_deref().unwrap_or_default())
        ),
        (false, true) => format!(" → told by fallback {fallback}"),
        (false, false) => String::new(),
    };
    format!("{} {}{heard}", paint.red("FAILED"), why.join(" "))
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(MOST_SHOWN).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Told {
        Told {
            when: "2026-03-02T09:00:04.123Z".to_owned(),
            rule: "root/sign-in".to_owned(),
            severity: "critical".to_owned(),
            headline: "the root user signed in".to_owned(),
            account: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            id: "e-1".to_owned(),
            time: "2026-03-02T09:00:00Z".to_owned(),
            mode: "test".to_owned(),
            late: true,
            answers: vec![
                Answer {
                    channel: "slack".to_owned(),
                    answer: Some("ts 1700000000.1".to_owned()),
                    ..Answer::default()
                },
                Answer {
                    channel: "oncall".to_owned(),
                    error: Some("States.Http.StatusCode.403".to_owned()),
                    cause: Some("no".to_owned()),
                    fallback: true,
                    ..Answer::default()
                },
            ],
            digest: "0a1b2c3d4e5f".to_owned(),
            execution: "a-late-1".to_owned(),
            illegible: Vec::new(),
        }
    }

    #[test]
    fn each_channel_says_what_it_answered() {
        let paint = Painter { color: false };
        let fallback = ChannelName("security-mail".to_owned());
        let text = alerts(&[told()], "2026-03-02T00:00:00Z", &fallback, paint);
        assert_eq!(
            text.to_string(),
            "2026-03-02T09:00:04.123Z CRITICAL root/sign-in TEST LATE: the root user signed in\n    \
             slack: ts 1700000000.1\n    \
             oncall: FAILED States.Http.StatusCode.403 no → told by fallback security-mail\n    \
             event e-1, account 111122223333, us-east-1, run a-late-1\n\
             1 alert since 2026-03-02T00:00:00Z; 1 not taken by every channel.\n"
        );
        let none = alerts(&[], "2026-03-02T00:00:00Z", &fallback, paint);
        assert_eq!(&*none, "No alert since 2026-03-02T00:00:00Z.\n");
    }

    #[test]
    fn what_strangers_wrote_makes_no_lines() {
        let paint = Painter { color: false };
        let fallback = ChannelName("mail".to_owned());
        let mut hostile = told();
        hostile.headline = format!("{}\nNo alert", "x".repeat(1_000));
        hostile.severity = "a\nb".to_owned();
        hostile.answers = Vec::new();
        let text = alerts(&[hostile], "now", &fallback, paint);
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.len() < 1_500);
    }
}
