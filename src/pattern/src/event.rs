//! Events, and where a path leads in them.

use std::ops::ControlFlow;

use serde_json::Value;

use super::error::EventError;
use super::json::{Document, Item, Kind, Position};

/// A parsed event: any JSON object.
#[derive(Debug, Clone)]
pub struct Event {
    document: Document,
}

/// The elements that a value was reached through: for each array of objects or arrays on the way, its
/// node and the element's node. Values that stand directly in an array do not count as elements of it
/// (event-ruler `Event.traverseArray`).
pub(super) type Trail = Vec<(u32, u32)>;

impl Event {
    /// Reads an event. Numbers keep their text and duplicate keys all count.
    pub fn parse(text: &str) -> Result<Self, EventError> {
        let document = Document::parse(text).map_err(|(cause, at)| EventError::Json {
            cause,
            position: Position::of(text, at),
        })?;
        Self::checked(document)
    }

    /// Makes an event of a value in memory.
    pub fn from_value(value: &Value) -> Result<Self, EventError> {
        let document = Document::from_value(value).map_err(|cause| EventError::Json {
            cause,
            position: Position { line: 1, column: 1 },
        })?;
        Self::checked(document)
    }

    /// Reads a text that is to be the member `name` of an event, whose other members [`Event::put`] adds.
    pub fn around(name: &str, text: &str) -> Result<Self, EventError> {
        let document =
            Document::parse_member(name, text).map_err(|(cause, at)| EventError::Json {
                cause,
                position: Position::of(text, at),
            })?;
        Ok(Self { document })
    }

    /// Adds a member at the top that is a text.
    pub fn put(&mut self, name: &str, text: &str) -> Result<(), EventError> {
        self.document
            .append(name, text)
            .map_err(|cause| EventError::Json {
                cause,
                position: Position { line: 1, column: 1 },
            })
    }

    /// The text that a path of names leads to; of names that come twice, the last one counts. Arrays are not
    /// entered.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        let item = self.at(path)?;
        (item.kind() == Kind::String).then(|| item.text())
    }

    /// The boolean that a path of names leads to; of names that come twice, the last one counts. Arrays are not entered.
    pub fn truth(&self, path: &[&str]) -> Option<bool> {
        match self.at(path)?.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// Whether a path of names leads to anything.
    pub fn has(&self, path: &[&str]) -> bool {
        self.at(path).is_some()
    }

    fn at(&self, path: &[&str]) -> Option<Item<'_>> {
        path.iter().try_fold(self.document.root()?, |item, name| {
            let members = (item.kind() == Kind::Object).then(|| item.children())?;
            members.filter(|member| member.is_called(name)).last()
        })
    }

    fn checked(document: Document) -> Result<Self, EventError> {
        match document.root() {
            Some(root) if root.kind() == Kind::Object => Ok(Self { document }),
            _ => Err(EventError::NotAnObject),
        }
    }

    /// Whether the path leads to an object, as [`Event::visit`] follows it.
    pub(super) fn holds_object(&self, path: &str) -> bool {
        let root = self.document.root();
        root.is_some_and(|root| leads_to_object(root, Some(path)))
    }

    /// Visits every value at the path, until the visitor breaks. Arrays that `bound` names are
    /// entered only at the element it names; the others are added to the trail.
    ///
    /// A path leads to a value if the names from the root, joined by dots, are the path. Arrays on
    /// the way are transparent, at any depth. Objects and empty arrays at its end are no values.
    pub(super) fn visit<'e>(
        &'e self,
        path: &str,
        bound: &[(u32, u32)],
        visitor: &mut dyn FnMut(Item<'e>, &Trail) -> ControlFlow<()>,
    ) {
        if let Some(root) = self.document.root() {
            let mut walk = Walk {
                document: &self.document,
                bound,
                trail: Vec::new(),
                visitor,
            };
            let _ = walk.object(root, path);
        }
    }
}

/// Whether what is left of a path leads from here to an object; arrays are transparent. The depth is that of the
/// document, which its reader bounds.
fn leads_to_object(item: Item<'_>, path: Option<&str>) -> bool {
    match (item.kind(), path) {
        (Kind::Array, path) => item
            .children()
            .any(|element| leads_to_object(element, path)),
        (Kind::Object, None) => true,
        (Kind::Object, Some(path)) => item.children().any(|child| match child.behind_key(path) {
            Some("") => leads_to_object(child, None),
            Some(rest) => rest
                .strip_prefix('.')
                .is_some_and(|rest| leads_to_object(child, Some(rest))),
            None => false,
        }),
        _ => false,
    }
}

struct Walk<'e, 'v> {
    document: &'e Document,
    bound: &'v [(u32, u32)],
    trail: Trail,
    visitor: &'v mut dyn FnMut(Item<'e>, &Trail) -> ControlFlow<()>,
}

impl<'e> Walk<'e, '_> {
    fn object(&mut self, object: Item<'e>, path: &str) -> ControlFlow<()> {
        for child in object.children() {
            let Some(rest) = child.behind_key(path) else {
                continue;
            };
            if rest.is_empty() {
                self.leaf(child)?;
            } else if let Some(rest) = rest.strip_prefix('.') {
                self.inside(child, rest)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// The path goes on inside this value.
    fn inside(&mut self, value: Item<'e>, path: &str) -> ControlFlow<()> {
        match value.kind() {
            Kind::Object => self.object(value, path),
            Kind::Array => self.elements(value, |walk, element| walk.inside(element, path)),
            _ => ControlFlow::Continue(()),
        }
    }

    /// The path ends here.
    fn leaf(&mut self, value: Item<'e>) -> ControlFlow<()> {
        match value.kind() {
            Kind::Object => ControlFlow::Continue(()),
            Kind::Array => {
                for element in value.children() {
                    if !matches!(element.kind(), Kind::Array | Kind::Object) {
                        (self.visitor)(element, &self.trail)?;
                    }
                }
                self.elements(value, Self::leaf)
            }
            _ => (self.visitor)(value, &self.trail),
        }
    }

    /// Enters the elements of an array that are themselves containers.
    fn elements(
        &mut self,
        array: Item<'e>,
        mut enter: impl FnMut(&mut Self, Item<'e>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let bound = self.bound.iter().find(|(node, _)| *node == array.index);
        if let Some((_, element)) = bound {
            return match self.document.item(*element) {
                Some(element) => enter(self, element),
                None => ControlFlow::Continue(()),
            };
        }
        for element in array.children() {
            if matches!(element.kind(), Kind::Array | Kind::Object) {
                self.trail.push((array.index, element.index));
                enter(self, element)?;
                self.trail.pop();
            }
        }
        ControlFlow::Continue(())
    }
}
