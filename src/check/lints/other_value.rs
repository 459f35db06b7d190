//! Values that CloudTrail writes otherwise (W0716).

use super::second_factor;
use super::speaker::Speaker;
use crate::check::certainty::Certainty;
use crate::check::clause::{Clause, Dialect};
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::values::{OtherValue, is_as_users_have_it, other_value};
use crate::diagnostic::{Span, listed, shown};

pub(in crate::check) const OTHER_VALUE: Lint = Lint {
    id: "W0716",
    explanation: "CloudTrail writes this value otherwise: in another case, as text where a boolean stands in the rule or the other way round, with a domain or a path or without, as an ARN, or as a single address where a block of them stands in the rule.",
    wrong: r#"- id: a
  events: ["*:*"]
  when: { userIdentity.type: AssumeRole }"#,
    right: r#"- id: a
  events: ["*:*"]
  when: { userIdentity.type: AssumedRole }"#,
    is_fatal: true,
};

/// Warns of what one field is compared with. `rootless`: the root user is not meant.
pub(super) fn look(clauses: &[Clause<'_>], rootless: bool, speaker: &mut Speaker<'_>) {
    let mut blocks: Vec<(&Clause<'_>, &str)> = Vec::new();
    for clause in clauses {
        let Some(value) = clause.value.as_deref() else {
            continue;
        };
        let as_users = rootless
            && clause.dialect != Dialect::RawExcept
            && is_as_users_have_it(clause.path, value);
        match other_value(clause.path, value) {
            Some(OtherValue::Block(text)) => blocks.push((clause, text)),
            Some(other) if !as_users => {
                let finding = problem(clause.path, &other, clause.dialect);
                speaker.say(finding, clause.certainty, clause.span);
            }
            _ => {}
        }
    }
    for is_negated in [true, false] {
        let blocks = blocks
            .iter()
            .filter(|(clause, _)| clause.is_negated == is_negated);
        let blocks: Vec<(&Clause<'_>, &str)> = blocks.copied().collect();
        look_at_blocks(&blocks, speaker);
    }
}

/// Blocks of addresses, compared with an address as text.
fn look_at_blocks(blocks: &[(&Clause<'_>, &str)], speaker: &mut Speaker<'_>) {
    let Some((first, _)) = blocks.first() else {
        return;
    };
    if first.dialect == Dialect::Rules {
        // One `cidr` takes them all.
        let texts: Vec<&str> = blocks.iter().map(|(_, text)| *text).collect();
        let (message, cidr) = match texts.as_slice() {
            [block] => (
                format!("{} is a block of addresses", shown(block)),
                format!("{block:?}"),
            ),
            all => {
                let shown: Vec<String> = all.iter().map(|block| shown(block)).collect();
                (
                    format!("{} are blocks of addresses", listed(&shown)),
                    format!("{all:?}"),
                )
            }
        };
        let help = format!("write `{{ cidr: {cidr} }}`");
        say_block(message, help, first.certainty, first.span, speaker);
        return;
    }
    for (clause, block) in blocks {
        let help = if clause.dialect == Dialect::RawExcept {
            format!(
                "there is no `cidr` inside `anything-but`: write the rule with `events` and `unless: {{ sourceIPAddress: {{ cidr: {block:?} }} }}`"
            )
        } else {
            format!("write `{{ cidr: {block:?} }}`")
        };
        let message = format!("{} is a block of addresses", shown(block));
        say_block(message, help, clause.certainty, clause.span, speaker);
    }
}

fn say_block(
    message: String,
    help: String,
    certainty: Certainty<'_>,
    span: Span,
    speaker: &mut Speaker<'_>,
) {
    let finding = Finding {
        lint: &OTHER_VALUE,
        message,
        label: "compared as text: an event has one address".to_owned(),
        help,
        certain: true,
    };
    speaker.say(finding, certainty, span);
}

fn problem(path: &str, other: &OtherValue<'_>, dialect: Dialect) -> Finding {
    let quoted = |value: &str| match dialect {
        Dialect::Rules | Dialect::Test => format!("{value:?}"),
        Dialect::Raw => format!("[{value:?}]"),
        Dialect::RawExcept => format!("[{{ anything-but: {value:?} }}]"),
    };
    let certain = other.is_certain();
    let (message, help) = match other {
        OtherValue::SecondFactor(text) => return second_factor::finding(text, dialect),
        OtherValue::Block(block) => (
            format!("{} is a block of addresses", shown(block)),
            format!("write `{{ cidr: {block:?} }}`"),
        ),
        OtherValue::Text(value) => (
            format!("`{path}` is a boolean, not text"),
            format!("write `{value}`, without quotes"),
        ),
        OtherValue::Boolean { value, is_answer } => (
            if *is_answer {
                format!("`{path}` holds `Yes` or `No`, not `{value}`")
            } else {
                format!("`{path}` is text, not a boolean")
            },
            if *is_answer {
                let answer = if *value { "Yes" } else { "No" };
                match dialect {
                    Dialect::Rules | Dialect::Test => format!("write `{{ any-case: {answer:?} }}`"),
                    Dialect::Raw => format!("write `[{{ equals-ignore-case: {answer:?} }}]`"),
                    Dialect::RawExcept => format!(
                        "write `[{{ anything-but: {{ equals-ignore-case: {answer:?} }} }}]`"
                    ),
                }
            } else {
                format!("write `{}`", quoted(&value.to_string()))
            },
        ),
        OtherValue::Service { text, service, .. } => (
            format!(
                "`{path}` holds a service with its domain, not {}",
                shown(text)
            ),
            format!("write `{}`", quoted(&format!("{service}.amazonaws.com"))),
        ),
        OtherValue::OtherName { text, service } => (
            format!("no event has the `{path}` {}", shown(text)),
            format!("did you mean `{service}.amazonaws.com`?"),
        ),
        OtherValue::Denial { text, meant } => (
            format!("{} is no code of a denied call", shown(text)),
            format!("did you mean `{meant}`?"),
        ),
        OtherValue::Word { text, meant, .. } => (
            format!(
                "{} is no value that CloudTrail writes into `{path}`",
                shown(text)
            ),
            format!("did you mean `{meant}`?"),
        ),
    };
    let label = if certain {
        "no event holds it"
    } else {
        "the condition may never hold"
    };
    Finding {
        lint: &OTHER_VALUE,
        message,
        label: label.to_owned(),
        help,
        certain,
    }
}
