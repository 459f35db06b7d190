//! What a rule of the catalogue says about itself: its meaning, and the ids under which others know it.

use std::collections::BTreeMap;

use crate::diagnostic::{Report, codes, shown};
use crate::rules::syntax::keys::FRAMEWORKS;
use crate::rules::syntax::read::{Fields, text, texts};
use crate::rules::syntax::yaml::Node;

/// The description of a catalogue rule, and its ids in ATT&CK, CIS and other frameworks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct About {
    pub description: String,
    pub mitre: Vec<String>,
    pub cis: Vec<String>,
    pub compliance: BTreeMap<&'static str, Vec<String>>,
}

/// Reads what of it is there.
pub(crate) fn about(fields: &Fields<'_>, report: &mut Report) -> About {
    let description = fields
        .get("description")
        .and_then(|node| text(node, "a description", report));
    let mut ids = |name, what, is_id: fn(&str) -> bool, form| {
        fields
            .get(name)
            .map_or_else(Vec::new, |node| ids(node, what, is_id, form, report))
    };
    About {
        description: description.unwrap_or_default().trim().to_owned(),
        mitre: ids("mitre", "an ATT&CK technique", is_technique, "`T1098.003`"),
        cis: ids(
            "cis",
            "a number of section 4 of the CIS benchmark",
            is_cis,
            "`4.1` to `4.15`",
        ),
        compliance: fields
            .get("compliance")
            .map_or_else(BTreeMap::new, |node| compliance(node, report)),
    }
}

fn compliance(node: &Node, report: &mut Report) -> BTreeMap<&'static str, Vec<String>> {
    let Some(fields) = Fields::read(node, FRAMEWORKS, "`compliance`", report) else {
        return BTreeMap::new();
    };
    let mut controls = BTreeMap::new();
    for name in fields.names() {
        let Some(node) = fields.get(name) else {
            continue;
        };
        let (is_id, form): (fn(&str) -> bool, _) = match name {
            "nist-800-53" => (is_control, "`AC-2` or `AC-2(4)`"),
            _ => (is_section, "`23` or `9.1`"),
        };
        controls.insert(name, ids(node, "a control", is_id, form, report));
    }
    controls
}

/// Texts of one form.
fn ids(
    node: &Node,
    what: &str,
    is_id: fn(&str) -> bool,
    form: &str,
    report: &mut Report,
) -> Vec<String> {
    let mut good = Vec::new();
    for id in texts(node, "ids", what, report).unwrap_or_default() {
        if is_id(&id.value) {
            good.push(id.value);
        } else {
            report
                .error(codes::NOT_ONE_OF, id.span)
                .message(format!("{} is not {what}", shown(&id.value)))
                .label(format!("expected {form}"));
        }
    }
    good
}

fn digits(text: &str, count: std::ops::RangeInclusive<usize>) -> bool {
    count.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a text is the id of an ATT&CK technique, such as `T1098` or `T1098.003`.
pub(crate) fn is_technique(text: &str) -> bool {
    let Some(number) = text.strip_prefix('T') else {
        return false;
    };
    match number.split_once('.') {
        Some((technique, sub)) => digits(technique, 4..=4) && digits(sub, 3..=3),
        None => digits(number, 4..=4),
    }
}

/// CIS AWS Foundations v1.4 monitors 4.1 to 4.15.
fn is_cis(text: &str) -> bool {
    let number = text
        .strip_prefix("4.")
        .filter(|number| digits(number, 1..=2));
    number
        .is_some_and(|number| !number.starts_with('0') && number.parse().is_ok_and(|n: u8| n <= 15))
}

/// `AC-2` or, with an enhancement, `AC-2(4)`.
fn is_control(text: &str) -> bool {
    let Some((family, number)) = text.split_once('-') else {
        return false;
    };
    let number = match number.split_once('(') {
        Some((number, rest)) => rest
            .strip_suffix(')')
            .filter(|enhancement| digits(enhancement, 1..=2))
            .map(|_| number),
        None => Some(number),
    };
    family.len() == 2
        && family.bytes().all(|b| b.is_ascii_uppercase())
        && number.is_some_and(|number| digits(number, 1..=2))
}

/// Whether a text is the number of a section, such as `23` or `9.1`.
fn is_section(text: &str) -> bool {
    text.split('.').all(|part| digits(part, 1..=3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_that_their_owners_give_them() {
        for (is_id, good, bad) in [
            (
                is_technique as fn(&str) -> bool,
                ["T1098", "T1098.003"],
                ["1098", "T109", "T1098.3", "T1098.", "TA0001", "t1098"].as_slice(),
            ),
            (
                is_cis,
                ["4.1", "4.15"],
                &["4.0", "4.16", "3.1", "4", "4.01", "4.1.1", "4.+1"],
            ),
            (
                is_control,
                ["AC-2", "AC-2(12)"],
                &["AC2", "ac-2", "AC-2(", "AC-2()", "AC-", "A-2"],
            ),
            (is_section, ["23", "9.1"], &["", "9.", "nine", "9.1a"]),
        ] {
            for text in good {
                assert!(is_id(text), "{text}");
            }
            for text in bad {
                assert!(!is_id(text), "{text}");
            }
        }
    }
}
