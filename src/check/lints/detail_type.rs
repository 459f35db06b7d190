//! A `detail-type` that no event has, beside one of nearly that name (W0719).

use super::speaker::Speaker;
use crate::check::certainty::Certainty;
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::values::{SIGN_INS, misspelt_detail_type};
use crate::diagnostic::{Span, shown};

pub(in crate::check) const DETAIL_TYPE: Lint = Lint {
    id: "W0719",
    explanation: "No event has this `detail-type`, but one with a similar name.",
    wrong: r#"- id: a
  events: ["iam:CreateUser"]
  detail-type: ["AWS API Call via Cloudtrail", "AWS Console Action via CloudTrail"]"#,
    right: r#"- id: a
  events: ["iam:CreateUser"]
  detail-type: ["AWS API Call via CloudTrail", "AWS Console Action via CloudTrail"]"#,
    is_fatal: true,
};

/// Warns of a detail type that is nearly one of CloudTrail's.
pub(super) fn look(text: &str, certainty: Certainty<'_>, span: Span, speaker: &mut Speaker<'_>) {
    let Some(meant) = misspelt_detail_type(text) else {
        return;
    };
    let help = if SIGN_INS.contains(&meant) {
        let [one, other] = SIGN_INS.map(|text| format!("`{text}`"));
        format!("AWS spells it in two ways: write both, {one} and {other}")
    } else {
        format!("did you mean `{meant}`?")
    };
    let finding = Finding {
        lint: &DETAIL_TYPE,
        message: format!("no event has the detail type {}", shown(text)),
        label: "this would never be heard of".to_owned(),
        help,
        certain: true,
    };
    speaker.say(finding, certainty, span);
}
