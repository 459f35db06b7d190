//! How an apply or a test ended, for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::style::Painter;
use super::text::Text;
use crate::apply::{Failed, Report};
use crate::ledger::Answer;
use crate::plan::{Action, Plan};
use crate::proof::{BrokenLink, FailedRun, Outcome, Proof};
use crate::resources::{Kind, Resource};

/// The end of an apply.
pub fn report(report: &Report, plan: &Plan, paint: Painter) -> Text {
    let mut text = Text::default();
    for failed in &report.failed {
        let _ = writeln!(
            text,
            "{} {}: {}",
            paint.red("failed"),
            failed.key.seen_from(&plan.home),
            failed.error
        );
        if let Some(remedy) = &failed.remedy {
            let _ = writeln!(text, "    {remedy}");
        }
    }
    for key in &report.not_tried {
        let key = key.seen_from(&plan.home);
        let _ = writeln!(text, "{} {key}", paint.yellow("not tried"));
    }
    let _ = writeln!(
        text,
        "{} {}: {} done, {} failed, {} not tried.",
        if report.is_complete() {
            paint.green("Applied to")
        } else {
            paint.red("Incomplete at")
        },
        plan.home,
        report.done.len(),
        report.failed.len(),
        report.not_tried.len()
    );
    if !report.is_complete() {
        let passes = |failed: &Failed| failed.error.cause.passes();
        let _ = if report.failed.iter().all(passes) {
            writeln!(
                text,
                "Run the same command again: it goes on where this one ended."
            )
        } else {
            writeln!(
                text,
                "What failed will fail again until it is mended; then the same command goes on where this one ended."
            )
        };
    }
    let unconfirmed = unconfirmed(report, plan);
    if !unconfirmed.is_empty() {
        text.blank();
        let _ = writeln!(text, "Not confirmed yet, so that no alert arrives there:");
        for (address, messages) in unconfirmed {
            let times = if messages == 1 {
                String::new()
            } else {
                format!(" ({messages} messages, one for each topic)")
            };
            let _ = writeln!(text, "  {address}{times}");
        }
        let _ = writeln!(
            text,
            "AWS has sent each a message with a link that must be followed within 48 hours."
        );
    }
    text
}

/// Addresses that must agree before they receive anything, and how often each is asked.
fn unconfirmed(report: &Report, plan: &Plan) -> BTreeMap<String, usize> {
    let created = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Create && report.done.contains(&change.key))
        .filter_map(|change| match &change.after {
            Some(Resource::Subscription(s)) if s.protocol == "email" || s.protocol == "https" => {
                Some(format!("{} {}", s.protocol, s.endpoint))
            }
            _ => None,
        });
    let waiting = plan
        .waiting
        .iter()
        .filter(|key| key.kind == Kind::Subscription)
        .filter_map(|key| {
            key.name
                .split_once('/')
                .map(|(_, rest)| rest.replacen('/', " ", 1))
        });
    let mut addresses = BTreeMap::new();
    for address in created.chain(waiting) {
        *addresses.entry(address).or_default() += 1;
    }
    addresses
}

/// The results of test events.
pub fn proofs(proofs: &[Proof], paint: Painter) -> Text {
    let mut text = Text::default();
    for proof in proofs {
        let rule = &proof.rule;
        let _ = match &proof.outcome {
            Outcome::Sent => writeln!(
                text,
                "{} {rule}: EventBridge took the event; --wait sees whether the alert arrives",
                paint.yellow("sent")
            ),
            Outcome::HandedOver => writeln!(
                text,
                "{} {rule}: EventBridge took the event; nobody of ours listens to a topic of yours",
                paint.yellow("sent")
            ),
            Outcome::Arrived { after_ms, .. } => writeln!(
                text,
                "{} {rule}: the alert was received {} after the event was sent",
                paint.green("arrived"),
                duration(*after_ms)
            ),
            Outcome::Refused { after_ms, .. } => writeln!(
                text,
                "{} {rule}: the dispatcher made the alert, and {} after the event was sent not every channel had taken it",
                paint.red("refused"),
                duration(*after_ms)
            ),
            Outcome::RunFailed { run } => run_failed(&mut text, &rule.0, run, paint),
            Outcome::Probed {
                after_ms,
                alert,
                channels,
            } => probed(
                &mut text,
                &rule.0,
                (*after_ms, alert.as_deref(), channels),
                paint,
            ),
            Outcome::Judged => writeln!(
                text,
                "{} {rule}: every link looks right; it stands apart, where no probe is heard: --wait proves the rest",
                paint.yellow("judged")
            ),
            Outcome::Lost { after_ms, missing } => {
                let _ = writeln!(
                    text,
                    "{} {rule}: no alert within {}",
                    paint.red("lost"),
                    duration(*after_ms)
                );
                if missing.iter().any(|way| way.starts_with("the dispatcher")) {
                    let _ = writeln!(text, "    it did not come by {}", missing.join(", "));
                }
                writeln!(
                    text,
                    "    every link looks right; look into the dead-letter queue, and try again in a minute: new rules and \
                     subscriptions take a while to act"
                )
            }
            Outcome::NoEvent => writeln!(
                text,
                "{} {rule}: no event was found that the pattern matches, so none was sent",
                paint.red("untested")
            ),
            Outcome::Elsewhere { natural } => writeln!(
                text,
                "{} {rule}: nothing of it appears in {}; test it from {natural}",
                paint.yellow("not there"),
                proof.from
            ),
            Outcome::Failed { error } => {
                let written = writeln!(text, "{} {rule}: {error}", paint.red("failed"));
                match error.remedy() {
                    Some(help) => writeln!(text, "    {help}"),
                    None => written,
                }
            }
            Outcome::Stopped => writeln!(text, "{} {rule}", paint.yellow("stopped")),
            Outcome::Broken { links } => {
                let mut written = writeln!(
                    text,
                    "{} {rule}: the alert would not arrive, so nothing was sent",
                    paint.red("broken")
                );
                for link in links {
                    let _ = writeln!(text, "    {}: {}", link.link, link.problem);
                    written = writeln!(text, "      {}", link.remedy);
                }
                written
            }
        };
        answers(&mut text, &proof.answers, paint);
    }
    let mut weak: Vec<&BrokenLink> = Vec::new();
    for link in proofs.iter().flat_map(|proof| &proof.weak) {
        if !weak.contains(&link) {
            weak.push(link);
        }
    }
    for link in weak {
        let word = paint.yellow("weak");
        let _ = writeln!(text, "{word} {}: {}", link.link, link.problem);
        let _ = writeln!(
            text,
            "    the test event passes, and real ones or dead letters may fare otherwise; {}",
            link.remedy
        );
    }
    let mut unconfirmed: Vec<&str> = proofs
        .iter()
        .flat_map(|proof| &proof.unconfirmed)
        .map(String::as_str)
        .collect();
    unconfirmed.sort_unstable();
    unconfirmed.dedup();
    for reader in unconfirmed {
        let _ = writeln!(
            text,
            "{} {reader} has not followed the link that AWS sent, and gets no alert",
            paint.yellow("not confirmed")
        );
    }
    let passed = |proof: &&Proof| proof.has_arrived() || proof.outcome == Outcome::HandedOver;
    let beyond: BTreeSet<&str> = proofs
        .iter()
        .filter(passed)
        .flat_map(|proof| &proof.handed_over)
        .map(String::as_str)
        .collect();
    if !beyond.is_empty() {
        let beyond: Vec<&str> = beyond.into_iter().collect();
        let _ = writeln!(
            text,
            "{} to {}: what becomes of it there cannot be seen from here",
            paint.yellow("handed over"),
            beyond.join(", ")
        );
    }
    // What is not there was not tried.
    let tried = proofs
        .iter()
        .filter(|proof| !matches!(proof.outcome, Outcome::Elsewhere { .. }));
    let (good, tried) = tried.fold((0, 0), |(good, tried), proof| {
        (good + usize::from(proof.is_good()), tried + 1)
    });
    let any = |is: fn(&Outcome) -> bool| proofs.iter().any(|proof| is(&proof.outcome));
    let did = if any(|o| matches!(o, Outcome::Sent | Outcome::HandedOver)) {
        "sent"
    } else if any(|o| matches!(o, Outcome::Probed { .. } | Outcome::Judged)) {
        "probed"
    } else {
        "arrived"
    };
    if tried > 0 {
        let _ = writeln!(text, "{good} of {tried} {did} with every link right.");
    }
    text
}

/// That a run of the dispatcher failed, and which.
pub(super) fn run_failed(
    text: &mut Text,
    rule: &str,
    run: &FailedRun,
    paint: Painter,
) -> fmt::Result {
    let why = [run.error.as_str(), run.cause.as_str()];
    let why: Vec<&str> = why.into_iter().filter(|word| !word.is_empty()).collect();
    let why = match why.as_slice() {
        [] => "AWS does not say why".to_owned(),
        why => why.join(": "),
    };
    let failed = paint.red("failed");
    let _ = match run.status.as_str() {
        "SUCCEEDED" => writeln!(
            text,
            "{failed} {rule}: the dispatcher could not make the alert, and the fallback channel got the event as it came: {why}"
        ),
        status => writeln!(
            text,
            "{failed} {rule}: the dispatcher's run ended as {status}: {why}"
        ),
    };
    writeln!(text, "    {}", run.run)
}

/// How far a probe came, and who would have been told what.
fn probed(
    text: &mut Text,
    rule: &str,
    (after_ms, alert, channels): (i64, Option<&str>, &[String]),
    paint: Painter,
) -> fmt::Result {
    let (probed, after) = (paint.green("probed"), duration(after_ms));
    let Some(alert) = alert else {
        return writeln!(
            text,
            "{probed} {rule}: on the bus of its detector {after} after it was sent; detector and topics look right, and were not tried"
        );
    };
    let _ = writeln!(
        text,
        "{probed} {rule}: on the bus of its detector and through the dispatcher {after} after it was sent; what starts the dispatcher and \
         what takes its alerts looks right, and was not tried"
    );
    let _ = writeln!(text, "    it would say: {alert}");
    writeln!(text, "    and tell {}", channels.join(", "))
}

/// What each channel of the dispatcher answered.
pub(super) fn answers(text: &mut Text, answers: &[Answer], paint: Painter) {
    for answer in answers {
        let channel = &answer.channel;
        let words = |words: &Option<String>| words.clone().unwrap_or_default();
        let _ = match &answer.answer {
            Some(said) if answer.took() => writeln!(text, "    {channel}: {said}"),
            _ => writeln!(
                text,
                "    {channel}: {} {}; {}",
                paint.red(&words(&answer.error)),
                words(&answer.cause),
                match answer.fallback {
                    true => "the fallback channel was told instead",
                    false => "nobody was told instead",
                }
            ),
        };
    }
}

pub(super) fn duration(milliseconds: i64) -> String {
    if milliseconds < 1000 {
        format!("{milliseconds} ms")
    } else {
        format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
    }
}
