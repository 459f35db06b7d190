//! Whether all of it fits on an event bus, and a raw pattern into its quota.

use crate::check::checked_rule::{CheckedRule, warning};
use crate::check::lint::Lint;
use crate::compile::PATTERN_QUOTA;
use crate::compile::quotas::{WILDCARD_RULES, rules_per_bus};
use crate::diagnostic::{Diagnostic, Level};
use crate::rules::{RulesFile, Trigger};

pub(in crate::check) const OVER_QUOTA: Lint = Lint {
    id: "E0806",
    explanation: "More event rules would stand on one event bus than EventBridge lets stand there.",
    wrong: "$ iamwatch check    # 31 rules with globs such as `Put*Policy`",
    right: "$ iamwatch check    # the names written out, or `Put*`",
    is_fatal: false,
};

pub(in crate::check) const NEAR_QUOTA: Lint = Lint {
    id: "W0807",
    explanation: "Little is left of a quota of EventBridge.",
    wrong: "$ iamwatch check    # 28 rules with globs such as `Put*Policy`: 30 fit on a bus",
    right: "$ iamwatch check    # the names written out, or `Put*`",
    is_fatal: false,
};

/// From this share of a quota on it is worth knowing, in percent.
const MUCH: usize = 80;

/// What is short, for the rules of the file alone: what others have on the same bus only AWS knows.
pub(in crate::check) fn warnings(
    rules: &[CheckedRule<'_>],
    file: &RulesFile,
    raised: bool,
) -> Vec<Diagnostic> {
    let parts = || rules.iter().flat_map(|rule| &rule.parts);
    let wildcards = parts().filter(|part| part.pattern.uses_wildcard()).count();
    let limit = rules_per_bus(&file.home.region);
    let mut found: Vec<Diagnostic> = rules.iter().filter_map(long).collect();
    if !raised {
        found.extend(of_bus(
            file,
            "event rules",
            parts().count(),
            limit,
            "let one rule name several events, or deploy fewer; where Service Quotas has raised it, give --raised-quotas",
        ));
    }
    found.extend(of_bus(
        file,
        "event rules with wildcards",
        wildcards,
        WILDCARD_RULES,
        "AWS does not raise this one: write names, prefixes or suffixes instead of `*` inside a text",
    ));
    found
}

fn of_bus(
    file: &RulesFile,
    what: &str,
    count: usize,
    limit: usize,
    help: &str,
) -> Option<Diagnostic> {
    if count * 100 <= limit * MUCH {
        return None;
    }
    let region = &file.home.region;
    let mut diagnostic = warning(
        NEAR_QUOTA.code(),
        file.home.span,
        format!(
            "the rules of this file are {count} {what}, and {limit} is the limit of a bus in {region}"
        ),
        "little is left",
        help.to_owned(),
    );
    if count > limit {
        diagnostic.code = OVER_QUOTA.id;
        diagnostic.level = Level::Error;
        diagnostic.label = "they do not fit on one bus".to_owned();
    }
    Some(diagnostic)
}

/// A raw pattern of the user's own that may not grow much. Others are split, or the catalogue's.
fn long(rule: &CheckedRule<'_>) -> Option<Diagnostic> {
    if !matches!(rule.rule.trigger, Trigger::Raw { .. }) || rule.rule.is_from_catalogue() {
        return None;
    }
    let longest = rule.parts.iter().map(|part| {
        let text = part.compiled.pattern.to_string();
        text.chars().count()
    });
    let characters = longest
        .max()
        .filter(|count| count * 100 > PATTERN_QUOTA * MUCH)?;
    Some(rule.warning(
        NEAR_QUOTA.code(),
        format!("the pattern of `{}` has {characters} of {PATTERN_QUOTA} characters", rule.rule.id),
        "a raw pattern is not split",
        "make two rules of it before it grows further, or write it with `events`, which is split".to_owned(),
    ))
}
