//! Accounts, Regions and ARNs of a rules file, in the words of a diagnostic where they are none.

use crate::diagnostic::{Report, Span, codes, shown};
use crate::place::{PlaceError, Region};
use crate::rules::syntax::yaml::unexpanded;

/// A checked name, or its own words for what is wrong.
pub(crate) fn placed<T>(
    parsed: Result<T, PlaceError>,
    span: Span,
    help: &str,
    report: &mut Report,
) -> Option<T> {
    match parsed {
        Ok(value) => Some(value),
        Err(error) => {
            // The message repeats the user's text, which `shown` makes harmless.
            let (text, rest) = match &error {
                PlaceError::Account(t) => (t, "is not an account id"),
                PlaceError::Region(t) => (t, "is not a Region name"),
                PlaceError::Arn(t) => (t, "is not an ARN"),
                PlaceError::Stack(t) => (t, "is not a usable name"),
            };
            let full = error.to_string();
            let label = full
                .rsplit_once("expected ")
                .map_or("wrong form", |(_, label)| label);
            report
                .error(codes::PLACE, span)
                .message(format!("{} {rest}", shown(text)))
                .label(format!("expected {label}"))
                .help(unexpanded(text).unwrap_or(help));
            None
        }
    }
}

/// A Region that may exist.
pub(crate) fn region(text: &str, span: Span, report: &mut Report) -> Option<Region> {
    let region = placed(
        text.parse::<Region>(),
        span,
        "write the Region's code, not its city: `us-east-1`",
        report,
    )?;
    let Some(meant) = region.misspelt() else {
        return Some(region);
    };
    report
        .error(codes::PLACE, span)
        .message(format!("there is no Region {}", shown(text)))
        .label("unknown Region")
        .help(format!("did you mean `{meant}`?"));
    None
}
