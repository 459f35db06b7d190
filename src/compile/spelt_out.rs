//! What to write where a rule asks for events by a glob and excepts some of them by name, and where the catalogue
//! has asked for something else.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::conditions::holds;
use super::glob::Glob;
use crate::cloudtrail::api_names;
use crate::diagnostic::{Diagnostic, codes};
use crate::rules::{Events, Rule};

/// A list that is longer is none that a person writes.
const MOST: usize = 25;

/// A problem with help that can be followed. The catalogue's conditions are nobody's to turn round: their
/// rule has to be written anew. Of one's own rules the events are written out, if it is about their names and the
/// names that are left are few. They are not taken by themselves: a name that AWS adds later would be missed in silence.
pub(super) fn helped(
    mut problem: Box<Diagnostic>,
    rule: &Rule,
    events: &Events,
) -> Box<Diagnostic> {
    if rule.is_from_catalogue() && problem.code == codes::INEXPRESSIBLE.id {
        let id = &rule.id;
        problem.help = Some(format!(
            "take another field, or write a rule of your own in place of the catalogue's, which `iamwatch patterns {id}` shows"
        ));
        return problem;
    }
    // With another key beside it the name alone takes nothing away.
    let by_name = events.unless.iter().any(|exception| {
        matches!(exception.fields.as_slice(), [field] if field.path == ["eventName"]
            && field.span == problem.span)
    });
    if by_name
        && problem.code == codes::INEXPRESSIBLE.id
        && let Some(left) = left(events)
    {
        let left: Vec<String> = left.iter().map(|event| format!("{event:?}")).collect();
        problem.help = Some(format!(
            "name the events that are left: `events: [{}]`",
            left.join(", ")
        ));
    }
    problem
}

/// The events that the globs stand for and no exception takes away.
fn left(events: &Events) -> Option<BTreeSet<String>> {
    let excepted = |name: &str| {
        events.unless.iter().any(|exception| {
            matches!(exception.fields.as_slice(), [field] if field.path == ["eventName"]
                && holds(&field.any_of, &name.into()) == Some(true))
        })
    };
    let mut left = BTreeSet::new();
    for glob in &events.globs {
        let known = api_names::services().get(glob.service.as_str())?;
        let shape = Glob::parse(&glob.name);
        let prefix = glob.name.split('*').next().unwrap_or_default();
        known.each(prefix, |name| {
            if shape.covers(name) && !excepted(name) {
                left.insert(format!("{}:{name}", glob.service));
            }
            if left.len() > MOST {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
    }
    (1..=MOST).contains(&left.len()).then_some(left)
}
