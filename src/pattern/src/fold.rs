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
    pub(crate) fn new(text: &str) -> Self {
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
    pub(crate) fn equals(&self, text: &str) -> bool {
        self.strip_prefix(text).is_some_and(str::is_empty)
    }

    /// Whether the text starts with this.
    pub(crate) fn starts(&self, text: &str) -> bool {
        // A `"` at the end also means the end of the value: see `Test::Prefix`.
        self.strip_prefix(text).is_some()
            || matches!(self.0.split_last(), Some(((last, _), rest))
                if last == "\"" && Self(rest.to_vec()).equals(text))
    }

    /// Whether the text ends with this.
    pub(crate) fn ends(&self, text: &str) -> bool {
        let strip = |rest: &mut &str, (lower, upper): &(String, String)| {
            let found = rest
                .strip_suffix(lower.as_str())
                .or_else(|| rest.strip_suffix(upper.as_str()));
            found.map(|behind| *rest = behind).is_some()
        };
        let mut rest = text;
        self.0.iter().rev().all(|forms| strip(&mut rest, forms))
            || matches!(self.0.split_first(), Some(((first, _), rest))
                if first == "\"" && Self(rest.to_vec()).equals(text))
    }

    // No lower-case form is the beginning or end of its upper-case form, so the first that fits is
    // the only one that does.
    fn strip_prefix<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.0.iter().try_fold(text, |rest, (lower, upper)| {
            rest.strip_prefix(lower.as_str())
                .or_else(|| rest.strip_prefix(upper.as_str()))
        })
    }

    /// A text that equals this.
    pub(crate) fn sample(&self) -> String {
        self.0.iter().map(|(lower, _)| lower.as_str()).collect()
    }
}
