//! Every code that a diagnostic can carry, with its explanation and an example of wrong and right.

use std::sync::OnceLock;

use super::lint::Lint;
use super::{accepted, certainty, compiled, lints, vacuous};
use crate::diagnostic::{codes, nearest};

/// Every lint, in order of the codes.
const LINTS: &[&Lint] = &[
    &certainty::NEVER_MATCHES,
    &compiled::quota::OVER_QUOTA,
    &certainty::CANNOT_FIRE,
    &lints::field_name::FIELD_NAME,
    &lints::service_name::SERVICE_NAME,
    &lints::event_name::EVENT_NAME,
    &lints::event_dated::EVENT_DATED,
    &lints::recorded_as::RECORDED_AS,
    &lints::literal_star::LITERAL_STAR,
    &lints::wrong_level::WRONG_LEVEL,
    &lints::second_factor::SECOND_FACTOR,
    &lints::other_value::OTHER_VALUE,
    &lints::needs_presence::NEEDS_PRESENCE,
    &lints::never_silences::NEVER_SILENCES,
    &lints::detail_type::DETAIL_TYPE,
    &lints::two_services::TWO_SERVICES,
    &lints::role_arn::ROLE_ARN,
    &lints::parameter::PARAMETER,
    &lints::holds_fields::HOLDS_FIELDS,
    &lints::other_event::OTHER_EVENT,
    &lints::region::REGION,
    &lints::never_confirms::NEVER_CONFIRMS,
    &lints::same_address::SAME_ADDRESS,
    &lints::open_exception::OPEN_EXCEPTION,
    &accepted::ACCEPTS_NOTHING,
    &compiled::never::NEVER_FIRES,
    &compiled::duplicate_alerts::DUPLICATE_ALERT,
    &compiled::federated::FEDERATED,
    &compiled::not_in_global_region::NOT_IN_GLOBAL_REGION,
    &compiled::sign_in_regions::SIGN_IN_REGIONS,
    &compiled::feedback::FEEDBACK,
    &compiled::quota::NEAR_QUOTA,
    &compiled::not_recorded::NOT_RECORDED,
    &compiled::one_region::ONE_REGION,
    &compiled::nobody_listens::NOBODY_LISTENS,
    &vacuous::TEST_SHOWS_NOTHING,
];

/// A stable code, explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explained {
    /// The code itself, such as `E0101` or `W0701`.
    pub id: &'static str,
    /// What it means and why it is refused: one or two sentences.
    pub explanation: &'static str,
    /// Part of a rules file, or a command line behind `$`, that has the problem.
    pub wrong: Option<&'static str>,
    /// That part, or the command line, without the problem.
    pub right: Option<&'static str>,
}

/// All codes, in order of the ids.
pub fn codes() -> &'static [Explained] {
    static CODES: OnceLock<Vec<Explained>> = OnceLock::new();
    CODES.get_or_init(|| {
        let codes = codes::ALL.iter().map(|code| Explained {
            id: code.id,
            explanation: code.explanation,
            wrong: code.wrong(),
            right: code.right(),
        });
        let lints = LINTS.iter().map(|lint| Explained {
            id: lint.id,
            explanation: lint.explanation,
            wrong: Some(lint.wrong),
            right: Some(lint.right),
        });
        let mut all: Vec<Explained> = codes.chain(lints).collect();
        all.sort_by_key(|code| code.id);
        all
    })
}

/// The code of that id, in capital letters or not.
pub fn code(id: &str) -> Option<&'static Explained> {
    codes().iter().find(|code| code.id.eq_ignore_ascii_case(id))
}

/// The code that was probably meant by a word that is none.
pub fn nearest_code(id: &str) -> Option<&'static Explained> {
    let id = id.to_uppercase();
    // The letter may be the other one.
    let digits = id.trim_start_matches(|c: char| !c.is_ascii_digit());
    let other = codes()
        .iter()
        .find(|code| !digits.is_empty() && code.id.get(1..) == Some(digits));
    other.or_else(|| code(nearest(&id, codes().iter().map(|code| code.id))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_order_and_each_is_used_once() {
        assert!(codes().is_sorted_by(|a, b| a.id < b.id));
        for code in codes() {
            assert!(
                code.id.starts_with(['E', 'W']) && code.id.len() == 5,
                "{}",
                code.id
            );
            assert!(code.explanation.ends_with('.'));
        }
    }
}
