//! Rules about missing second factors that count people whose identity provider has asked for one.

use serde_json::{Value, json};

use crate::check::checked_rule::{CheckedRule, like};
use crate::cloudtrail::Identity;
use crate::diagnostic::{Diagnostic, codes};
use crate::pattern::{Event, EventPattern};
use crate::rules::RulesFile;

const MFA_USED: &str = "detail.additionalEventData.MFAUsed";

/// The rule, if a federated sign-in fires it because it says `MFAUsed: No`.
pub(in crate::check) fn warning(subject: &CheckedRule<'_>, file: &RulesFile) -> Option<Diagnostic> {
    // Most rules do not ask.
    subject.branches().find(|branch| branch.tests(MFA_USED))?;
    let counted = |identity: Identity| {
        subject
            .parts
            .iter()
            .any(|part| counts(part.pattern, identity, file).is_some())
    };
    if !counted(Identity::Federated) && !counted(Identity::IdentityCenter) {
        return None;
    }
    Some(subject.warning(
        codes::FEDERATED,
        format!("`{}` counts federated sign-ins as sign-ins without a second factor", subject.rule.id),
        "fires for people whose identity provider has asked for one",
        "limit it: `userIdentity.type: [IAMUser, Root]` under `when`, or `userIdentity: { type: [IAMUser, Root] }` in a raw pattern".to_owned(),
    ))
}

/// A sign-in of that identity which the pattern matches, and would not if it said `MFAUsed: Yes`.
fn counts(pattern: &EventPattern, identity: Identity, file: &RulesFile) -> Option<Value> {
    let mut base = like("signin", "ConsoleLogin", identity, file)?;
    say_mfa(&mut base, "No")?;
    let mut sign_in = pattern.witness_over(&base)?;
    let kept = [
        "/source",
        "/detail-type",
        "/detail/eventName",
        "/detail/eventSource",
        "/detail/userIdentity",
        "/detail/additionalEventData/MFAUsed",
    ]
    .iter()
    .all(|path| base.pointer(path) == sign_in.pointer(path));
    if !kept {
        return None;
    }
    let found = sign_in.clone();
    say_mfa(&mut sign_in, "Yes")?;
    let event = Event::from_value(&sign_in).ok()?;
    (!pattern.matches(&event)).then_some(found)
}

fn say_mfa(event: &mut Value, answer: &str) -> Option<()> {
    let more = event.pointer_mut("/detail/additionalEventData")?;
    more.as_object_mut()?
        .insert("MFAUsed".to_owned(), json!(answer));
    Some(())
}
