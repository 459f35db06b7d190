//! How the tests of real calls and of whole Regions ended, for people.

use std::fmt::Write;

use super::report::duration;
use super::style::Painter;
use crate::fleet;
use crate::proof::{AccountProof, BrokenLink, Outcome, RealOutcome, RealProof, RegionProof};
use crate::rules::RuleId;

/// The result of a real call.
pub fn real(proof: &RealProof, paint: Painter) -> String {
    let mut text = String::new();
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
        RealOutcome::NoRule => writeln!(
            text,
            "{} no rule wants to hear of a failed iam:DeleteUser, so there is nothing to wait for\n    \
             add `- use: iam/auth-changes`, or a rule with `events: [\"iam:Delete*\"]` and no condition on success",
            paint.red("untested")
        ),
        RealOutcome::Broken { links } => {
            let mut written = writeln!(
                text,
                "{} the alert would not arrive, so no call was made",
                paint.red("broken")
            );
            for link in links {
                written = self::link(&mut text, link);
            }
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
        RealOutcome::Lost {
            after_ms,
            recorded_after_ms: None,
            ..
        } => writeln!(
            text,
            "{} CloudTrail's event did not come within {}\n    every link looks right; CloudTrail delivers in minutes, best \
             effort: try again with a longer --timeout",
            paint.red("lost"),
            duration(*after_ms)
        ),
        RealOutcome::Lost {
            after_ms,
            recorded_after_ms: Some(recorded),
            missing,
        } => writeln!(
            text,
            "{} CloudTrail's event came {} after the call, and within {} no alert of {}\n    look into the dead-letter \
             queues, and test the rule with `iamwatch test-event RULE --wait`",
            paint.red("lost"),
            duration(*recorded),
            duration(*after_ms),
            rules(missing)
        ),
        RealOutcome::Failed { error } => {
            let help = error
                .remedy()
                .map(|help| format!("\n    {help}"))
                .unwrap_or_default();
            writeln!(text, "{} {error}{help}", paint.red("failed"))
        }
        RealOutcome::Stopped => writeln!(text, "{}", paint.yellow("stopped")),
    };
    for weak in &proof.weak {
        let _ = write!(text, "{}", paint.yellow("weak"));
        let _ = link(&mut text, weak);
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

fn link(text: &mut String, link: &BrokenLink) -> std::fmt::Result {
    writeln!(
        text,
        "    {}: {}\n      {}",
        link.link, link.problem, link.remedy
    )
}

/// The results of probing Regions.
pub fn regions(proofs: &[RegionProof], paint: Painter) -> String {
    let mut text = String::new();
    for proof in proofs {
        let way = format!("{} through {}", proof.region, proof.forwarder);
        let _ = match &proof.outcome {
            Outcome::Arrived { after_ms, .. } => writeln!(
                text,
                "{} {way}: on the home bus {} after it was sent",
                paint.green("arrived"),
                duration(*after_ms)
            ),
            Outcome::Lost { after_ms, .. } => writeln!(
                text,
                "{} {way}: not on the home bus within {}\n    every link looks right; look into the Region's \
                 dead-letter queue, and try again in a minute",
                paint.red("lost"),
                duration(*after_ms)
            ),
            Outcome::Broken { links } => {
                let mut written = writeln!(
                    text,
                    "{} {way}: events would not arrive, so none was sent",
                    paint.red("broken")
                );
                for broken in links {
                    written = link(&mut text, broken);
                }
                written
            }
            Outcome::Failed { error } => writeln!(text, "{} {way}: {error}", paint.red("failed")),
            Outcome::Stopped => writeln!(text, "{} {way}", paint.yellow("stopped")),
            Outcome::NoEvent | Outcome::Sent | Outcome::Elsewhere { .. } => writeln!(
                text,
                "{} {way}: no event was found that its pattern passes and no rule alerts on",
                paint.red("untested")
            ),
        };
        for weak in &proof.weak {
            let _ = write!(text, "{}", paint.yellow("weak"));
            let _ = link(&mut text, weak);
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
) -> String {
    let mut text = String::new();
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
            "{} {skipped} faster ones are not listed",
            paint.dim("…")
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
                let links: Vec<&str> = links.iter().map(|link| link.problem.as_str()).collect();
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
    }
    for outcome in stuck {
        if let Err(stuck) = &outcome.result {
            let (_, problem, remedy) = fleet::stuck_words(stuck);
            let _ = writeln!(
                text,
                "{} {}: {problem}\n    {remedy}",
                paint.red("failed"),
                outcome.member
            );
        }
    }
    weak.dedup();
    for link in weak {
        let _ = writeln!(
            text,
            "{} {}: {}\n    {}",
            paint.yellow("weak"),
            link.link,
            link.problem,
            link.remedy
        );
    }
    let _ = writeln!(
        text,
        "{} of {} ways home good, {} accounts could not be tried.",
        rows.len(),
        rows.len() + bad.len(),
        stuck.len()
    );
    text
}

/// More rows than this do not fit on a screen.
const MOST_ROWS: usize = 30;
