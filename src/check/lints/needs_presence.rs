//! `not` or `anything-but` on a field that not every event has (W0717): it needs the field to be there.

use std::borrow::Cow;

use super::open_exception::{self, Own};
use super::speaker::Speaker;
use crate::check::clause::Dialect;
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::record_fields::{lacking, of_failures};
use crate::diagnostic::{Span, shown};

pub(in crate::check) const NEEDS_PRESENCE: Lint = Lint {
    id: "W0717",
    explanation: "`not` under `when` holds only where the field is there, and not every event has this one: roles have no `userName`, only services' calls have `invokedBy`, and what succeeds has no `errorCode`. The same goes for `anything-but` in a raw pattern.",
    wrong: r#"- id: a
  events: ["iam:*"]
  when: { userIdentity.arn: { not: "arn:aws:iam::111122223333:user/scanner" } }"#,
    right: r#"- id: a
  events: ["iam:*"]
  unless: { userIdentity.arn: "arn:aws:iam::111122223333:user/scanner" }"#,
    is_fatal: false,
};

/// What is asked of one field of the record, beside what is asked of others.
pub(super) struct Asked<'c> {
    /// The path under `detail`.
    pub(super) path: Vec<&'c str>,
    /// The texts that are taken, where nothing else is.
    pub(super) texts: Option<Vec<&'c str>>,
    /// The texts that it is not to be, where `*` stands for any text; of raw patterns none.
    pub(super) excepted: Vec<Cow<'c, str>>,
    /// Whether one of the alternatives is that it be something else.
    pub(super) is_negated: bool,
    /// Whether one of the alternatives is that it be absent.
    pub(super) takes_absence: bool,
    /// Whether every alternative says what it is to be.
    pub(super) needs_field: bool,
    /// The language that the tests are written in.
    pub(super) dialect: Dialect,
    /// Where the field stands in the rules file.
    pub(super) span: Span,
}

/// Warns of what must hold together.
pub(super) fn look(all: &[Asked<'_>], own: &Own, speaker: &mut Speaker<'_>) {
    let kinds = all
        .iter()
        .find(|asked| asked.path == ["userIdentity", "type"])
        .and_then(|asked| asked.texts.as_deref());
    for asked in all {
        if !asked.is_negated || asked.takes_absence {
            continue;
        }
        let Some(who) = lacking(&asked.path, kinds) else {
            continue;
        };
        let needs = |field: &str| {
            let mut all = all.iter();
            all.any(|other| other.path == [field] && other.needs_field)
        };
        let other = of_failures(&asked.path);
        if other.is_some_and(needs) {
            continue;
        }
        let path = asked.path.join(".");
        // The same field under `unless` would be what W0729 warns of.
        let mut excepted = asked.excepted.iter();
        let narrower =
            excepted.find_map(|text| open_exception::instead_of_not(&asked.path, text, own));
        let message = format!("{who} without {} never alert here", shown(&path));
        let (label, help) = match (asked.dialect, other) {
            // An exception by failure silences whoever tries what he may not do.
            (Dialect::Rules, Some(other)) => (
                "`not` under `when` needs the field to be there",
                format!(
                    "for calls that went through write `{path}: {{ exists: false }}`; if only failures are meant, add `{other}: \"*\"`"
                ),
            ),
            (Dialect::Rules, None) => (
                "`not` under `when` needs the field to be there",
                narrower.unwrap_or_else(|| {
                    format!(
                        "write what is excepted under `unless: {{ {path}: … }}`, or add `{{ exists: false }}` in a list, `[{{ not: … }}, {{ exists: false }}]`"
                    )
                }),
            ),
            (_, Some(other)) => (
                "`anything-but` needs the field to be there",
                format!(
                    "for calls that went through write `[{{ exists: false }}]`; if only failures are meant, add `{other}: [{{ exists: true }}]` beside it"
                ),
            ),
            (_, None) => (
                "`anything-but` needs the field to be there",
                "add `{ exists: false }` to the list".to_owned(),
            ),
        };
        let finding = Finding {
            lint: &NEEDS_PRESENCE,
            message,
            label: label.to_owned(),
            help,
            certain: false,
        };
        speaker.warn(finding, asked.span);
    }
}
