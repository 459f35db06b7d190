//! How the tests of real calls and of whole Regions ended, for people.

use std::collections::BTreeSet;

use super::report::{answers, duration, run_failed};
use super::style::Painter;
use super::text::Text;
use crate::diagnostic::counted;
use crate::fleet;
use crate::proof::{AccountProof, BrokenLink, Outcome, RealOutcome, RealProof, RegionProof};
use crate::rules::RuleId;

/// The result of a real call.
pub fn real(proof: &RealProof, paint: Painter) -> Text {
    let mut text = Text::default();
    let rules = |rules: &[RuleId]| {
        let names: Vec<&str> = rules.iter().map(|rule| rule.0.as_str()).collect();
        names.join(", ")
    };
    if proof.denied {
        let _ = writeln!(
            text,
            "IAM refused the call for want of `iam:DeleteUser`; CloudTrail records that as well."
        );
    }
    let _ = match &proof.outcome {
        RealOutcome::NoRule => {
            let _ = writeln!(
                text,
                "{} no rule wants to hear of a failed iam:DeleteUser, so there is nothing to wait for",
                paint.red("untested")
            );
            writeln!(
                text,
                "    add `- use: iam/auth-changes`, or a rule with `events: [\"iam:Delete*\"]` and no condition on success"
            )
        }
        RealOutcome::Broken { links } => {
            let written = writeln!(
                text,
                "{} the alert would not arrive, so no call was made",
                paint.red("broken")
            );
            links
                .iter()
                .for_each(|link| self::link(&mut text, "", link));
            written
        }
        RealOutcome::Arrived {
            recorded_after_ms,
            after_ms,
            ..
        } => writeln!(
            text,
            "{} CloudTrail's event {} after the call, the alert after {}: {}",
            paint.green("arrived"),
            duration(*recorded_after_ms),
            duration(*after_ms),
            rules(&proof.expected)
        ),
        RealOutcome::HandedOver { recorded_after_ms } => writeln!(
            text,
            "{} CloudTrail's event {} after the call; the alert goes to topics of yours, and is not waited for there: {}",
            paint.yellow("handed over"),
            duration(*recorded_after_ms),
            rules(&proof.expected)
        ),
        RealOutcome::Lost {
            after_ms,
            recorded_after_ms: None,
            ..
        } => {
            let _ = writeln!(
                text,
                "{} CloudTrail's event did not come within {}",
                paint.red("lost"),
                duration(*after_ms)
            );
            writeln!(
                text,
                "    every link looks right; CloudTrail delivers in minutes, best effort: try again with a longer --timeout"
            )
        }
        RealOutcome::Lost {
            after_ms,
            recorded_after_ms: Some(recorded),
            missing,
        } => {
            let _ = writeln!(
                text,
                "{} CloudTrail's event came {} after the call, and within {} no alert of {}",
                paint.red("lost"),
                duration(*recorded),
                duration(*after_ms),
                rules(missing)
            );
            writeln!(
                text,
                "    look into the dead-letter queues, and test the rule with `iamwatch test-event RULE --wait`"
            )
        }
        RealOutcome::RunFailed { run } => {
            let names = rules(&proof.expected);
            run_failed(&mut text, &names, run, paint)
        }
        RealOutcome::Failed { error } => {
            let written = writeln!(text, "{} {error}", paint.red("failed"));
            match error.remedy() {
                Some(help) => writeln!(text, "    {help}"),
                None => written,
            }
        }
        RealOutcome::Stopped => writeln!(text, "{}", paint.yellow("stopped")),
    };
    answers(&mut text, &proof.answers, paint);
    for weak in &proof.weak {
        link(&mut text, &paint.yellow("weak"), weak);
    }
    for reader in &proof.unconfirmed {
        let _ = writeln!(
            text,
            "{} {reader} has not followed the link that AWS sent, and gets no alert",
            paint.yellow("not confirmed")
        );
    }
    text
}

/// What is wrong with a link, behind a word or none, and below it what to do.
fn link(text: &mut Text, word: &str, link: &BrokenLink) {
    let _ = writeln!(text, "{word}    {}: {}", link.link, link.problem);
    let _ = writeln!(text, "      {}", link.remedy);
}

/// The results of probing Regions.
pub fn regions(proofs: &[RegionProof], paint: Painter) -> Text {
    let mut text = Text::default();
    for proof in proofs {
        let way = format!("{} through {}", proof.region, proof.forwarder);
        let _ = match &proof.outcome {
            Outcome::Arrived { after_ms, .. } => writeln!(
                text,
                "{} {way}: on the home bus {} after it was sent",
                paint.green("arrived"),
                duration(*after_ms)
            ),
            Outcome::Lost { after_ms, .. } => {
                let _ = writeln!(
                    text,
                    "{} {way}: not on the home bus within {}",
                    paint.red("lost"),
                    duration(*after_ms)
                );
                writeln!(
                    text,
                    "    every link looks right; look into the Region's dead-letter queue, and try again in a minute"
                )
            }
            Outcome::Broken { links } => {
                let written = writeln!(
                    text,
                    "{} {way}: events would not arrive, so none was sent",
                    paint.red("broken")
                );
                links.iter().for_each(|broken| link(&mut text, "", broken));
                written
            }
            Outcome::Failed { error } => writeln!(text, "{} {way}: {error}", paint.red("failed")),
            Outcome::Stopped => writeln!(text, "{} {way}", paint.yellow("stopped")),
            // Nothing but the event itself comes to a bus.
            Outcome::NoEvent
            | Outcome::Sent
            | Outcome::HandedOver
            | Outcome::Refused { .. }
            | Outcome::RunFailed { .. }
            | Outcome::Probed { .. }
            | Outcome::Judged
            | Outcome::Elsewhere { .. } => {
                writeln!(
                    text,
                    "{} {way}: no event was found that its pattern passes and no rule alerts on",
                    paint.red("untested")
                )
            }
        };
        for weak in &proof.weak {
            link(&mut text, &paint.yellow("weak"), weak);
        }
    }
    let good = proofs.iter().filter(|proof| proof.is_good()).count();
    let _ = writeln!(
        text,
        "{good} of {} good. Nobody was alerted: `iamwatch test-event RULE --wait` proves the rest.",
        proofs.len()
    );
    text
}

/// The result for every account: a table of times, the slowest last, and what did not come.
pub fn accounts(
    home: &[RegionProof],
    proofs: &[AccountProof],
    stuck: &[fleet::Outcome],
    paint: Painter,
) -> Text {
    let mut text = Text::default();
    let mut rows: Vec<(i64, String, &str)> = Vec::new();
    let mut bad: Vec<(String, &Outcome)> = Vec::new();
    let own = home.iter().map(|proof| {
        (
            "home".to_owned(),
            proof.region.as_str(),
            &proof.outcome,
            proof.weak.as_slice(),
        )
    });
    let others = proofs.iter().map(|proof| {
        (
            proof.member.to_string(),
            proof.region.as_str(),
            &proof.outcome,
            [].as_slice(),
        )
    });
    let mut weak: Vec<&BrokenLink> = Vec::new();
    for (account, region, outcome, links) in own.chain(others) {
        weak.extend(links);
        match outcome {
            Outcome::Arrived { after_ms, .. } => rows.push((*after_ms, account, region)),
            other => bad.push((format!("{account} {region}"), other)),
        }
    }
    rows.sort();
    let width = rows.iter().map(|(_, account, _)| account.chars().count());
    let width = width.max().unwrap_or_default();
    let skipped = rows.len().saturating_sub(MOST_ROWS);
    if skipped > 0 {
        let _ = writeln!(
            text,
            "{} {} that came faster {} not listed",
            paint.dim("…"),
            counted(skipped, "event"),
            if skipped == 1 { "is" } else { "are" }
        );
    }
    for (after_ms, account, region) in rows.iter().skip(skipped) {
        let _ = writeln!(
            text,
            "{} {account:width$}  {region:16}  {}",
            paint.green("arrived"),
            duration(*after_ms)
        );
    }
    for (place, outcome) in &bad {
        let words = match outcome {
            Outcome::Broken { links } => {
                let links = links.iter();
                let links: Vec<String> = links
                    .map(|link| format!("{}: {}", link.link, link.problem))
                    .collect();
                format!("nothing was sent: {}", links.join("; "))
            }
            Outcome::Lost { after_ms, .. } => {
                format!("the event did not come home within {}", duration(*after_ms))
            }
            Outcome::Failed { error } => error.to_string(),
            Outcome::NoEvent => "no event was found that the forwarder passes".to_owned(),
            _ => "stopped".to_owned(),
        };
        let _ = writeln!(text, "{} {place}: {words}", paint.red("failed"));
        let links = match outcome {
            Outcome::Broken { links } => links.as_slice(),
            _ => &[],
        };
        // Most links are mended alike.
        let remedies: BTreeSet<&str> = links.iter().map(|link| link.remedy.as_str()).collect();
        for remedy in remedies {
            let _ = writeln!(text, "    {remedy}");
        }
        if let Outcome::Failed { error } = outcome
            && let Some(remedy) = error.remedy()
        {
            let _ = writeln!(text, "    {remedy}");
        }
    }
    for outcome in stuck {
        if let Err(stuck) = &outcome.result {
            let (_, problem, remedy) = fleet::stuck_words(stuck);
            let failed = paint.red("failed");
            let _ = writeln!(text, "{failed} {}: {problem}", outcome.member);
            let _ = writeln!(text, "    {remedy}");
        }
    }
    weak.dedup();
    for link in weak {
        let word = paint.yellow("weak");
        let _ = writeln!(text, "{word} {}: {}", link.link, link.problem);
        let _ = writeln!(text, "    {}", link.remedy);
    }
    let _ = writeln!(
        text,
        "{} of {} home good, {} could not be tried.",
        rows.len(),
        match rows.len() + bad.len() {
            1 => "1 way".to_owned(),
            all => format!("{all} ways"),
        },
        counted(stuck.len(), "account")
    );
    text
}

/// More rows than this do not fit on a screen.
const MOST_ROWS: usize = 30;
