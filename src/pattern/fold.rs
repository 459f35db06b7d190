//! Text compared without regard to case, as EventBridge does it.
//!
//! event-ruler (`EqualsIgnoreCaseParser`) takes the pattern apart into UTF-16 units and accepts, for
//! each, its lower-case or its upper-case form, whole and nothing else. So `ß` accepts `ß` and `SS`
//! but not `ss`; a title-case letter (`ǅ`) accepts its lower and upper form but not itself; and a
//! character beyond the basic plane becomes two `?`, as Java writes half a pair.

/// The two forms of each character of a pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Folded(Vec<(String, String)>);

impl Folded {
    pub fn new(text: &str) -> Self {
        Self(
            text.chars()
                .map(|c| {
                    if c.len_utf16() == 2 {
                        ("??".to_owned(), "??".to_owned())
                    } else {
                        (c.to_lowercase().collect(), c.to_uppercase().collect())
                    }
                })
                .collect(),
        )
    }

    /// Whether the whole text is this.
    pub fn equals(&self, text: &str) -> bool {
        equal(&self.0, text)
    }

    /// Whether the text starts with this. event-ruler compares with the quotes that surround a string, so a
    /// last `"` here also means the end of the text; likewise a first one for [`Self::ends`].
    pub fn starts(&self, text: &str) -> bool {
        strip_prefix(&self.0, text).is_some()
            || matches!(self.0.split_last(), Some(((quote, _), rest)) if quote == "\"" && equal(rest, text))
    }

    /// Whether the text ends with this.
    pub fn ends(&self, text: &str) -> bool {
        self.0
            .iter()
            .rev()
            .try_fold(text, |rest, (lower, upper)| {
                rest.strip_suffix(lower.as_str())
                    .or_else(|| rest.strip_suffix(upper.as_str()))
            })
            .is_some()
            || matches!(self.0.split_first(), Some(((quote, _), rest)) if quote == "\"" && equal(rest, text))
    }

    /// A text that equals this.
    pub fn sample(&self) -> String {
        self.0.iter().map(|(lower, _)| lower.as_str()).collect()
    }
}

fn equal(forms: &[(String, String)], text: &str) -> bool {
    strip_prefix(forms, text).is_some_and(str::is_empty)
}

// No lower-case form is the beginning or end of its upper-case form, so the first that fits is the only one
// that does.
fn strip_prefix<'t>(forms: &[(String, String)], text: &'t str) -> Option<&'t str> {
    forms.iter().try_fold(text, |rest, (lower, upper)| {
        rest.strip_prefix(lower.as_str())
            .or_else(|| rest.strip_prefix(upper.as_str()))
    })
}
