//! How the tests of real calls and of whole Regions ended, for people.

use std::fmt::Write;

use super::report::duration;
use super::style::Painter;
use crate::proof::{BrokenLink, Outcome, RealOutcome, RealProof, RegionProof};
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
