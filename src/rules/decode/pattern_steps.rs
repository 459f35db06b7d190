//! Ways into a raw pattern, and where in the file what they lead to stands.

use crate::diagnostic::Span;
use crate::rules::syntax::yaml::{Node, Value};

/// One step into a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

impl<'p> Step<'p> {
    pub(crate) fn key(&self) -> Option<&'p str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Index(_) => None,
        }
    }
}

/// The names of the fields that steps lead through, joined by dots.
pub(crate) fn dotted(steps: &[Step<'_>]) -> String {
    let keys = steps.iter().filter_map(|step| match step {
        Step::Key(key) if *key != "$or" => Some(*key),
        _ => None,
    });
    keys.collect::<Vec<_>>().join(".")
}

/// Where something stands: the key or item itself, or the whole pattern where it is JSON text.
pub(crate) fn place(node: &Node, steps: &[Step<'_>]) -> Span {
    let mut node = node;
    let mut span = node.span;
    for step in steps {
        let next = match (step, &node.value) {
            (Step::Key(name), Value::Map(entries)) => entries
                .iter()
                .find(|(key, _)| key.scalar().is_some_and(|(text, _)| text == *name))
                .map(|(key, value)| (key.span, value)),
            (Step::Index(index), Value::List(items)) => {
                items.get(*index).map(|item| (item.span, item))
            }
            _ => None,
        };
        let Some((at, inner)) = next else { break };
        (span, node) = (at, inner);
    }
    span
}
