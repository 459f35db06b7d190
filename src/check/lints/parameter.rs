//! Parameters that none of a rule's calls has, where one has nearly that name (W0723).

use super::speaker::Speaker;
use crate::check::certainty::Certainty;
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::parameters::Parameters;
use crate::diagnostic::{Span, shown};

pub(in crate::check) const PARAMETER: Lint = Lint {
    id: "W0723",
    explanation: "None of the calls that the rule is about has such a parameter, as far as the API models know, and one has nearly that name. CloudTrail writes parameters with a lower-case first letter.",
    wrong: r#"- id: a
  events: ["iam:AttachRolePolicy"]
  unless: { requestParameters.PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" }"#,
    right: r#"- id: a
  events: ["iam:AttachRolePolicy"]
  unless: { requestParameters.policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" }"#,
    is_fatal: true,
};

/// Warns of a path under `detail` that is that of a parameter which none of the calls takes.
pub(super) fn look(
    path: &[impl AsRef<str>],
    parameters: &Parameters<'_>,
    certainty: Certainty<'_>,
    span: Span,
    speaker: &mut Speaker<'_>,
) {
    let Some(misspelt) = parameters.misspelt(path) else {
        return;
    };
    let parameter = shown(misspelt.parameter);
    let message = match parameters.only_call() {
        Some((service, name)) => format!(
            "{} has no parameter {parameter}",
            shown(&format!("{service}:{name}"))
        ),
        None => format!("none of the rule's calls has a parameter {parameter}"),
    };
    let finding = Finding {
        lint: &PARAMETER,
        message,
        label: "no event has it".to_owned(),
        help: format!("did you mean `{}`?", misspelt.meant),
        certain: misspelt.certain,
    };
    speaker.say(finding, certainty, span);
}
