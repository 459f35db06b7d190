//! Rules of the catalogue that a file uses twice: what one of the two says is lost, or says nothing new.

use crate::diagnostic::{Report, Span, codes, shown};
use crate::rules::decode::draft::{Common, Use};
use crate::rules::model::RuleId;
use crate::rules::syntax::read::Spanned;

/// What a `use` says of its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Says {
    /// Nothing that the catalogue does not say.
    Nothing,
    /// Severity, channels and the like.
    Settings,
    /// Conditions or exceptions of its own.
    Conditions,
}

/// What a `use` says.
pub(crate) fn says(using: &Use) -> Says {
    let Common {
        title,
        severity,
        enabled,
        channels,
        apart,
        accepted,
        tests_key,
        ..
    } = &using.common;
    let plain = title.is_none()
        && severity.is_none()
        && enabled.is_none()
        && channels.is_none()
        && apart.is_none()
        && accepted.is_empty()
        && tests_key.is_none();
    if !using.when.is_empty() || !using.unless.is_empty() || !using.unless_services.is_empty() {
        Says::Conditions
    } else if plain {
        Says::Nothing
    } else {
        Says::Settings
    }
}

/// A rule that is used by itself and in a pack: only what stands at the rule counts.
pub(crate) fn by_itself(
    id: &RuleId,
    single: (Says, Span),
    pack: (Says, &str),
    report: &mut Report,
) {
    let (said, span) = single;
    let (pack_says, pack) = pack;
    if pack_says == Says::Conditions {
        report
            .warning(codes::USED_TWICE, span)
            .message(format!(
                "the conditions of {} do not hold for {}",
                shown(pack),
                shown(&id.0)
            ))
            .label("it is used by itself, and only what stands here counts")
            .help("repeat the conditions here, or take the rule out of the pack with `except`");
    } else if said == Says::Nothing && pack_says == Says::Nothing {
        report
            .warning(codes::USED_TWICE, span)
            .message(format!("{} holds {} already", shown(pack), shown(&id.0)))
            .label("this changes nothing")
            .help("remove it, or say here what is special about the rule");
    }
}

/// A rule that stands in two packs: the later one counts.
pub(crate) fn in_packs(first: (&str, Says), second: &Spanned<String>, report: &mut Report) {
    let (first, says) = first;
    if says == Says::Nothing {
        return;
    }
    report
        .warning(codes::USED_TWICE, second.span)
        .message(format!(
            "{} and {} share rules, for which only the second counts",
            shown(first),
            shown(&second.value)
        ))
        .label("what the first one says is lost for them")
        .help("take the shared rules out of one of them with `except`, or say it here as well");
}
