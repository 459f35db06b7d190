//! The members of an object as they are written.

use super::document::{Item, Kind};
use super::reader::read;

/// The fields of a JSON object with the source text of each value, in order. Only the structure is
/// checked: nesting, numbers' length and surrogates inside the values may be beyond what the readers
/// of patterns and events accept. `None` if the text is not one JSON object.
pub fn raw_fields(source: &str) -> Option<Vec<(String, &str)>> {
    let document = read(source, true).ok()?;
    let root = document.root()?;
    if root.kind() != Kind::Object {
        return None;
    }
    let children: Vec<Item<'_>> = root.children().collect();
    let behind = children
        .iter()
        .skip(1)
        .map(|next| (next.key_at(), ','))
        .chain([(source.len(), '}')]);
    children
        .iter()
        .zip(behind)
        .map(|(child, (end, mark))| {
            let text = source.get(child.at()..end)?.trim_end();
            Some((child.key().to_owned(), text.strip_suffix(mark)?.trim_end()))
        })
        .collect()
}
