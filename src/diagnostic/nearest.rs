//! Which name was probably meant by a word that is none.

/// Most names that are compared with a word that is not one of them.
pub(super) const MOST_NAMES: usize = 200;

/// The nearest of some names, if one is near enough to be a typo.
pub(crate) fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if word.len() > 64 {
        return None;
    }
    let lower = word.to_lowercase().replace('_', "-");
    let allowed = (lower.chars().count() / 3).clamp(1, 3);
    names
        .into_iter()
        // Nearer than their lengths they cannot be.
        .filter(|name| name.len().abs_diff(lower.len()) <= 4 * allowed)
        .map(|name| {
            let other = name.to_lowercase().replace('_', "-");
            (strsim::osa_distance(&lower, &other), name)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, name)| (*distance, *name))
        .map(|(_, name)| name)
}

/// The only name that a word begins, or the one that it is a typo of.
pub(crate) fn meant<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let names: Vec<&str> = names.into_iter().take(MOST_NAMES).collect();
    let mut longer = names
        .iter()
        .filter(|name| word.len() > 2 && name.starts_with(word));
    match (longer.next(), longer.next()) {
        (Some(name), None) => Some(*name),
        _ => nearest(word, names.iter().copied()),
    }
}

/// "did you mean …?", or the list of what there is.
pub(super) fn suggestion(word: &str, names: &[&str]) -> Option<String> {
    if let Some(name) = meant(word, names.iter().copied()) {
        return Some(did_you_mean(name));
    }
    if names.is_empty() {
        return None;
    }
    let mut list: Vec<String> = names.iter().take(24).map(|n| format!("`{n}`")).collect();
    if names.len() > 24 {
        list.push("…".to_owned());
    }
    Some(format!("one of {}", list.join(", ")))
}

pub(super) fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}
