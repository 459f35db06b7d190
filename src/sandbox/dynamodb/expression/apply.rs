//! What becomes of an item that is updated?

use super::path::{Part, Path};
use super::update::{Term, Update};
use crate::sandbox::dynamodb::error::invalid;
use crate::sandbox::dynamodb::value::{Attribute, Item};
use crate::sandbox::wire::ApiError;

impl Update {
    /// The item after it. Everything is computed of the item as it was before.
    pub(crate) fn apply(&self, old: &Item) -> Result<Item, ApiError> {
        let mut values = Vec::new();
        for (path, term) in &self.set {
            values.push((path, term.value(old)?));
        }
        for (path, amount) in &self.add {
            values.push((path, added(path.get(old), amount)?));
        }
        let mut gone: Vec<&Path> = self.remove.iter().collect();
        for (path, members) in &self.delete {
            let Some(set) = path.get(old) else {
                continue;
            };
            match without(set, members)? {
                Some(rest) => values.push((path, rest)),
                // There are no empty sets.
                None => gone.push(path),
            }
        }
        let mut item = old.clone();
        // What is set beyond the end of a list is appended, in the order of the indexes.
        values.sort_by_key(|(path, _)| *path);
        for (path, value) in values {
            set(&mut item, path, value)?;
        }
        // From the end, so that no element moves before it is removed.
        gone.sort();
        for path in gone.into_iter().rev() {
            remove(&mut item, path)?;
        }
        Ok(item)
    }

    /// Those of an item's attributes that it changes, as `UPDATED_OLD` and `UPDATED_NEW` answer them.
    pub(crate) fn changed(&self, item: &Item) -> Result<Item, ApiError> {
        let mut found = Item::new();
        for path in self.paths() {
            if path.has_index() {
                return Err(ApiError::unsupported(
                    "UPDATED_OLD and UPDATED_NEW of elements of lists",
                ));
            }
            let Some(value) = path.get(item) else {
                continue;
            };
            let Some((last, parents)) = path.0.split_last() else {
                continue;
            };
            let mut fields = &mut found;
            for part in parents {
                let name = name_of(part);
                let inner = fields
                    .entry(name)
                    .or_insert_with(|| Attribute::M(Item::new()));
                let Attribute::M(inner) = inner else {
                    return Err(no_path());
                };
                fields = inner;
            }
            fields.insert(name_of(last), value.clone());
        }
        Ok(found)
    }
}

fn name_of(part: &Part) -> String {
    match part {
        Part::Name(name) => name.clone(),
        Part::Index(index) => index.to_string(),
    }
}

fn wrong_type() -> ApiError {
    invalid("An operand in the update expression has an incorrect data type")
}

fn no_path() -> ApiError {
    invalid("The document path provided in the update expression is invalid for update")
}

impl Term {
    /// Its value for an item.
    fn value(&self, item: &Item) -> Result<Attribute, ApiError> {
        let missing = || {
            invalid(
                "The provided expression refers to an attribute that does not exist in the item",
            )
        };
        match self {
            Self::Path(path) => path.get(item).cloned().ok_or_else(missing),
            Self::Value(value) => Ok(value.clone()),
            Self::IfNotExists(path, other) => match path.get(item) {
                Some(value) => Ok(value.clone()),
                None => other.value(item),
            },
            Self::ListAppend(one, other) => {
                let pair = (one.value(item)?, other.value(item)?);
                let (Attribute::L(mut list), Attribute::L(more)) = pair else {
                    return Err(wrong_type());
                };
                list.extend(more);
                Ok(Attribute::L(list))
            }
            Self::Plus(one, other) | Self::Minus(one, other) => {
                let pair = (one.value(item)?, other.value(item)?);
                let (Attribute::N(one), Attribute::N(other)) = pair else {
                    return Err(wrong_type());
                };
                let sum = match self {
                    Self::Plus(..) => one.plus(other),
                    _ => one.minus(other),
                };
                sum.map(Attribute::N).map_err(invalid)
            }
        }
    }
}

/// What `ADD` makes of what is there.
fn added(old: Option<&Attribute>, more: &Attribute) -> Result<Attribute, ApiError> {
    match (old, more) {
        (None, more) => Ok(more.clone()),
        (Some(Attribute::N(old)), Attribute::N(more)) => {
            old.plus(*more).map(Attribute::N).map_err(invalid)
        }
        (Some(Attribute::Strings(old)), Attribute::Strings(more)) => {
            Ok(Attribute::Strings(old | more))
        }
        (Some(Attribute::Numbers(old)), Attribute::Numbers(more)) => {
            Ok(Attribute::Numbers(old | more))
        }
        (Some(Attribute::Binaries(old)), Attribute::Binaries(more)) => {
            Ok(Attribute::Binaries(old | more))
        }
        _ => Err(wrong_type()),
    }
}

/// What `DELETE` leaves of a set, if anything.
fn without(set: &Attribute, members: &Attribute) -> Result<Option<Attribute>, ApiError> {
    let rest = match (set, members) {
        (Attribute::Strings(set), Attribute::Strings(members)) => {
            let rest = set - members;
            (!rest.is_empty()).then_some(Attribute::Strings(rest))
        }
        (Attribute::Numbers(set), Attribute::Numbers(members)) => {
            let rest = set - members;
            (!rest.is_empty()).then_some(Attribute::Numbers(rest))
        }
        (Attribute::Binaries(set), Attribute::Binaries(members)) => {
            let rest = set - members;
            (!rest.is_empty()).then_some(Attribute::Binaries(rest))
        }
        _ => return Err(wrong_type()),
    };
    Ok(rest)
}

/// Where a value is put or taken from.
enum Slot<'a> {
    Field(&'a mut Item, &'a str),
    Element(&'a mut Vec<Attribute>, usize),
}

/// The place that a path leads to; `None` if what should hold it is not there.
fn slot<'a>(item: &'a mut Item, path: &'a Path) -> Option<Slot<'a>> {
    let (last, parents) = path.0.split_last()?;
    let Some((first, rest)) = parents.split_first() else {
        return match last {
            Part::Name(name) => Some(Slot::Field(item, name)),
            Part::Index(_) => None,
        };
    };
    let Part::Name(first) = first else {
        return None;
    };
    let mut at = item.get_mut(first)?;
    for part in rest {
        at = match (at, part) {
            (Attribute::M(fields), Part::Name(name)) => fields.get_mut(name)?,
            (Attribute::L(list), Part::Index(index)) => list.get_mut(*index)?,
            _ => return None,
        };
    }
    match (at, last) {
        (Attribute::M(fields), Part::Name(name)) => Some(Slot::Field(fields, name)),
        (Attribute::L(list), Part::Index(index)) => Some(Slot::Element(list, *index)),
        _ => None,
    }
}

fn set(item: &mut Item, path: &Path, value: Attribute) -> Result<(), ApiError> {
    match slot(item, path).ok_or_else(no_path)? {
        Slot::Field(fields, name) => {
            fields.insert(name.to_owned(), value);
        }
        Slot::Element(list, index) => match list.get_mut(index) {
            Some(element) => *element = value,
            None => list.push(value),
        },
    }
    Ok(())
}

fn remove(item: &mut Item, path: &Path) -> Result<(), ApiError> {
    match slot(item, path).ok_or_else(no_path)? {
        Slot::Field(fields, name) => {
            fields.remove(name);
        }
        Slot::Element(list, index) => {
            if index < list.len() {
                list.remove(index);
            }
        }
    }
    Ok(())
}
