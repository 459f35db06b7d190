//! Splitting over quota into disjoint parts: by literal event names and services only, so that no event
//! alerts twice.

use serde_json::Value;

use super::events::{Group, Selection};
use super::glob::Glob;
use super::text;
use crate::diagnostic::Diagnostic;

/// A pattern and its text.
pub(super) type Written = (Value, String);

/// The patterns of a selection with their texts, each within `quota` characters.
///
/// The inner error is the size of the smallest part that is still too long.
pub(super) fn fit(
    whole: Selection,
    quota: usize,
    assemble: impl Fn(&Selection) -> Result<Option<Value>, Box<Diagnostic>>,
) -> Result<Result<Vec<Written>, usize>, Box<Diagnostic>> {
    let mut parts = Vec::new();
    let mut waiting = vec![whole];
    while let Some(selection) = waiting.pop() {
        // A part that no event can satisfy is no part.
        let Some(pattern) = assemble(&selection)? else {
            continue;
        };
        let text = text(&pattern);
        let characters = text.chars().count();
        if characters <= quota {
            parts.push((pattern, text));
            continue;
        }
        let Some((first, second)) = halves(&selection) else {
            return Ok(Err(characters));
        };
        // The last pushed comes out first: parts keep the order of the names.
        waiting.push(second);
        waiting.push(first);
    }
    Ok(Ok(parts))
}

/// Two disjoint selections that together are the whole.
fn halves(selection: &Selection) -> Option<(Selection, Selection)> {
    match selection.groups.as_slice() {
        [group] => {
            let (first, second) = halve(group)?;
            Some((selection.with(vec![first]), selection.with(vec![second])))
        }
        // Groups are disjoint by service, unless one of them is for any service.
        groups if groups.iter().all(|group| !group.services.is_empty()) => {
            let (first, second) = groups.split_at_checked(groups.len() / 2)?;
            Some((
                selection.with(first.to_vec()),
                selection.with(second.to_vec()),
            ))
        }
        _ => None,
    }
}

/// Halves one group by its literal names (globs keep together: they may overlap each other, but no
/// literal name is covered by one of them), or else by its services.
fn halve(group: &Group) -> Option<(Group, Group)> {
    let (literals, globs): (Vec<String>, Vec<String>) = group
        .names
        .iter()
        .cloned()
        .partition(|name| Glob::parse(name).literal().is_some());
    let with_names = |names: Vec<String>| Group {
        names,
        ..group.clone()
    };
    if !globs.is_empty() && !literals.is_empty() {
        return Some((with_names(literals), with_names(globs)));
    }
    if let Some((first, second)) = cut(&literals) {
        return Some((with_names(first), with_names(second)));
    }
    let (first, second) = cut(&group.services)?;
    let with_services = |services| Group {
        services,
        ..group.clone()
    };
    Some((with_services(first), with_services(second)))
}

fn cut(list: &[String]) -> Option<(Vec<String>, Vec<String>)> {
    let (first, second) = list.split_at_checked(list.len() / 2)?;
    (!first.is_empty()).then(|| (first.to_vec(), second.to_vec()))
}
