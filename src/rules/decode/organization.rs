//! `watch.organization`: which accounts of an organization are watched, and through which role.

use super::places::placed;
use crate::diagnostic::{Report, Span, codes, shown};
use crate::place::AccountId;
use crate::rules::model::{Filter, MEMBER_ROLE, Organization};
use crate::rules::syntax::keys::{MEMBERS, ORGANIZATION};
use crate::rules::syntax::read::{self, Fields, Spanned};
use crate::rules::syntax::yaml::{Node, Plain};

/// Reads the block. `organization:` with nothing behind it is a whole organization with all defaults.
pub(crate) fn organization(node: &Node, key: Span, report: &mut Report) -> Option<Organization> {
    let mut organization = Organization::whole(key);
    if matches!(node.scalar(), Some((_, Plain::Null))) {
        return Some(organization);
    }
    let fields = Fields::read(node, ORGANIZATION, "`organization`", report)?;
    // Everything that is wrong is said in one run.
    let mut good = true;
    if let Some(node) = fields.get("member_role") {
        match role(node, report) {
            Some(role) => organization.member_role = role,
            None => good = false,
        }
    }
    if let Some(node) = fields.get("include") {
        let include = filter(node, "`include`", report);
        if include.as_ref().is_some_and(Filter::is_empty) {
            report
                .error(codes::EMPTY_FILTER, fields.key("include").unwrap_or(key))
                .message("`include` names nothing")
                .label("expected accounts, units or tags")
                .help("remove it to watch every account of the organization");
        }
        good &= include.is_some();
        organization.include = include.unwrap_or_default();
    }
    if let Some(node) = fields.get("exclude") {
        let exclude = filter(node, "`exclude`", report);
        good &= exclude.is_some();
        organization.exclude = exclude.unwrap_or_default();
    }
    good.then_some(organization)
}

/// A role's name, or its path and name. Source: IAM, name requirements.
fn role(node: &Node, report: &mut Report) -> Option<String> {
    let text = read::text(node, "a role's name", report)?;
    let name = text.trim_start_matches('/');
    let good = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&b);
    let last = name.rsplit('/').next().unwrap_or_default();
    if (1..=64).contains(&last.len()) && name.len() <= 512 && name.bytes().all(good) {
        return Some(name.to_owned());
    }
    report
        .error(codes::AWS_NAME, node.span)
        .message(format!("{} is not the name of a role", shown(text)))
        .label("expected a role's name, with its path if it has one")
        .help(format!("write the name, not the ARN: `{MEMBER_ROLE}`"));
    None
}

fn filter(node: &Node, what: &str, report: &mut Report) -> Option<Filter> {
    let fields = Fields::read(node, MEMBERS, what, report)?;
    let mut filter = Filter::default();
    if let Some(node) = fields.get("accounts") {
        for Spanned { value, span } in read::texts(node, "accounts", "an account id", report)? {
            let help = "write its 12 digits in quotes";
            if let Some(account) = placed(value.parse::<AccountId>(), span, help, report) {
                filter.accounts.push((account, span));
            }
        }
    }
    if let Some(node) = fields.get("ous") {
        for Spanned { value, span } in read::texts(node, "units", "the id of a unit", report)? {
            if is_unit(&value) {
                filter.units.push((value, span));
                continue;
            }
            report
                .error(codes::PLACE, span)
                .message(format!("{} is not the id of a unit", shown(&value)))
                .label("expected an id such as `ou-abcd-11111111`, or `r-abcd` for the root")
                .help("write the id, not the name: the Organizations console shows it beside the unit");
        }
    }
    if let Some(node) = fields.get("tags") {
        for (key, value) in read::map(node, "tags", report)? {
            let key = read::text(key, "a tag's key", report);
            let value = read::text(value, "a tag's value", report);
            if let (Some(key), Some(value)) = (key, value) {
                filter.tags.insert(key.to_owned(), value.to_owned());
            }
        }
    }
    Some(filter)
}

/// Source: Organizations API, patterns of `OrganizationalUnitId` and `RootId`.
fn is_unit(text: &str) -> bool {
    let word = |text: &str, least: usize| {
        (least..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    match text.split('-').collect::<Vec<_>>().as_slice() {
        ["r", root] => word(root, 4),
        ["ou", root, unit] => word(root, 4) && word(unit, 8),
        _ => false,
    }
}
