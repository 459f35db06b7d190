//! Parameters that none of a rule's calls has, where one has nearly that name (W0723).

use super::speaker::Speaker;
use crate::check::certainty::Certainty;
use crate::cloudtrail::parameters::Parameters;
use crate::diagnostic::{Problem, Span, codes, shown};

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
    let problem = Problem {
        code: codes::PARAMETER,
        message,
        label: "no event has it".to_owned(),
        help: format!("did you mean `{}`?", misspelt.meant),
        certain: misspelt.certain,
    };
    speaker.say(problem, certainty, span);
}
