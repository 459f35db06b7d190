//! Where in an item is something?

use std::fmt;

use crate::sandbox::dynamodb::value::{Attribute, Item};

/// A document path: `a.b[0]`. It begins with a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path(pub(crate) Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Name(String),
    Index(usize),
}

impl Path {
    /// The attribute of the item that it begins with.
    pub(crate) fn attribute(&self) -> &str {
        match self.0.first() {
            Some(Part::Name(name)) => name,
            _ => "",
        }
    }

    /// Whether it is an attribute of the item itself.
    pub(crate) fn is_top(&self) -> bool {
        self.0.len() == 1
    }

    /// Whether it leads through a list.
    pub(crate) fn has_index(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Index(_)))
    }

    /// What is there.
    pub(crate) fn get<'i>(&self, item: &'i Item) -> Option<&'i Attribute> {
        let mut at = item.get(self.attribute())?;
        for part in self.0.iter().skip(1) {
            at = match (at, part) {
                (Attribute::M(fields), Part::Name(name)) => fields.get(name)?,
                (Attribute::L(list), Part::Index(index)) => list.get(*index)?,
                _ => return None,
            };
        }
        Some(at)
    }

    /// How two paths of one update are in each other's way, if they are.
    pub(crate) fn clash(&self, other: &Self) -> Option<&'static str> {
        let mut pairs = self.0.iter().zip(&other.0);
        match pairs.find(|(one, other)| one != other) {
            None => Some("overlap"),
            Some((Part::Name(_), Part::Name(_)) | (Part::Index(_), Part::Index(_))) => None,
            Some(_) => Some("conflict"),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.iter().map(|part| match part {
            Part::Name(name) => name.clone(),
            Part::Index(index) => format!("[{index}]"),
        });
        write!(f, "[{}]", parts.collect::<Vec<_>>().join(", "))
    }
}
