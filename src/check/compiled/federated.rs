//! Rules about missing second factors that count people whose identity provider has asked for one.

use serde_json::{Value, json};

use crate::check::checked_rule::{CheckedRule, like};
use crate::check::lint::Lint;
use crate::cloudtrail::Identity;
use crate::diagnostic::Diagnostic;
use crate::pattern::{Event, EventPattern};
use crate::rules::RulesFile;

pub(in crate::check) const FEDERATED: Lint = Lint {
    id: "W0803",
    explanation: "Federated and Identity Center sign-ins say `MFAUsed: No` although the identity provider asked for a second factor: a rule about missing second factors must be limited to IAM users and root.",
    wrong: r#"- id: a
  events: ["signin:ConsoleLogin"]
  when: { additionalEventData.MFAUsed: { any-case: "No" } }"#,
    right: r#"- id: a
  events: ["signin:ConsoleLogin"]
  when: { additionalEventData.MFAUsed: { any-case: "No" }, userIdentity.type: [IAMUser, Root] }"#,
    is_fatal: false,
};

const MFA_USED: &str = "detail.additionalEventData.MFAUsed";

/// The rule, if a federated sign-in fires it because it says `MFAUsed: No`.
pub(in crate::check) fn warning(checked: &CheckedRule<'_>, file: &RulesFile) -> Option<Diagnostic> {
    // Most rules do not ask.
    checked.branches().find(|branch| branch.tests(MFA_USED))?;
    let counted = |identity: Identity| {
        checked
            .parts
            .iter()
            .any(|part| counts(part.pattern, identity, file).is_some())
    };
    if !counted(Identity::Federated) && !counted(Identity::IdentityCenter) {
        return None;
    }
    Some(checked.warning(
        FEDERATED.code(),
        format!("`{}` counts federated sign-ins as sign-ins without a second factor", checked.rule.id),
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
