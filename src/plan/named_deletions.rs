//! What a plan says of the kinds that `--delete` names: that one of them stays, and what goes with the trail.

use super::{Action, Note, Plan, PlanOptions};
use crate::place::Arn;
use crate::placement::{Desired, TrailSource};
use crate::resources::{Kind, Live, Owner, names};

/// A deployment that a plan with `--delete` was made for.
#[derive(Debug, Clone, Copy)]
pub struct Whole<'a> {
    /// Everything that the rules file asks for, however the plan is narrowed.
    pub desired: &'a Desired,
    /// Everything that AWS has of it.
    pub live: &'a [Live],
    /// Whether an organization is watched, whose trail may stand in another account.
    pub organization: bool,
}

/// Why nothing of a kind is deleted although `--delete` names it: silence would be taken for a deletion.
pub fn not_deleted(wishes: &PlanOptions, plan: &Plan, whole: Whole<'_>) -> Vec<Note> {
    let deletes = |kind: Kind| {
        let mut changes = plan.changes.iter();
        changes.any(|change| change.action == Action::Delete && change.key.kind == kind)
    };
    let stays = wishes.delete.iter().filter(|kind| !deletes(**kind));
    let said = stays.filter_map(|kind| {
        let word = kind.facts().deletion?;
        let (why, help) = reason(*kind, word, plan, whole)?;
        Some(Note {
            message: format!("`--delete {word}` deletes nothing: {why}"),
            help,
            document: None,
            loses_alerts: false,
        })
    });
    said.collect()
}

/// Why nothing of a kind goes, and what to do.
fn reason(kind: Kind, word: &str, plan: &Plan, whole: Whole<'_>) -> Option<(String, String)> {
    if let Some(wanted) = wanted(kind, whole.desired) {
        let instead = match kind {
            Kind::EncryptionKey => "`topics: { kms_key: none }`",
            _ => "`trail: none`",
        };
        let help = format!(
            "write {instead} to be without it; `iamwatch destroy --delete {word}` deletes it with everything else"
        );
        return Some((format!("the rules file asks for {wanted}"), help));
    }
    let mut ours = whole.live.iter();
    let ours = ours.find(|live| live.key.kind == kind && live.owner == Owner::Ours);
    if let Some(outside) = ours {
        let why = format!("{} is outside of what the plan is narrowed to", outside.key);
        return Some((why, "leave `--rule` and `--region` out".to_owned()));
    }
    // The plan of another account says what becomes of what stands there.
    let elsewhere = whole.organization && kind != Kind::EncryptionKey;
    (!elsewhere).then(|| {
        let why = format!("`{}` has no {kind} here", plan.name);
        (why, format!("leave `{word}` out of --delete"))
    })
}

/// What the rules file asks for of a kind. The trail of an organization stands in its management account.
fn wanted(kind: Kind, desired: &Desired) -> Option<String> {
    let mut here = desired.resources.keys().filter(|key| key.kind == kind);
    match (here.next(), &desired.feed, kind) {
        (Some(key), ..) => Some(key.to_string()),
        (None, TrailSource::Ours(arn), Kind::Trail) => Some(format!("trail {}", names::trail(arn))),
        _ => None,
    }
}

/// The trail that feeds the rules goes. `replaced`: another one records all that they want.
pub fn feed_goes(plan: &Plan, desired: &Desired, replaced: impl Fn(&Arn) -> bool) -> Option<Note> {
    let arn = plan.deleted_feed()?;
    if desired.detectors.is_empty() || replaced(arn) {
        return None;
    }
    Some(Note {
        message: format!(
            "trail {} goes, which brings the rules their events: after that no alert can come",
            names::trail(arn)
        ),
        help:
            "leave `trail` out of --delete, or let another trail record all management events first"
                .to_owned(),
        document: None,
        loses_alerts: true,
    })
}

impl Plan {
    /// The trail that feeds the rules, where the plan deletes it.
    pub fn deleted_feed(&self) -> Option<&Arn> {
        let (TrailSource::Existing(arn) | TrailSource::Ours(arn)) = &self.feed else {
            return None;
        };
        let goes = self.changes.iter().any(|change| {
            let key = &change.key;
            change.action == Action::Delete
                && key.kind == Kind::Trail
                && key.name == names::trail(arn)
                && key.place.account().as_str() == arn.account()
        });
        goes.then_some(arn)
    }
}
