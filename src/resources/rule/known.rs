//! Patterns that are wanted, kept once however many accounts have them.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::pattern;

/// Patterns that are wanted, by the text that EventBridge has of them: those of thousands of accounts are neither
/// parsed nor kept more than once.
#[derive(Debug, Default)]
pub struct KnownPatterns(HashMap<String, Arc<Value>>);

impl KnownPatterns {
    /// Those that stand so in the rules that are wanted.
    pub fn of<'a>(patterns: impl IntoIterator<Item = &'a Arc<Value>>) -> Self {
        let patterns = patterns.into_iter();
        Self(
            patterns
                .map(|pattern| (pattern.to_string(), Arc::clone(pattern)))
                .collect(),
        )
    }

    /// The normal form of a pattern's text; null if it is none.
    pub(super) fn read(&self, text: &str) -> Arc<Value> {
        let parsed = || serde_json::from_str(text).map(|pattern| pattern::normal_form(&pattern));
        match self.0.get(text) {
            Some(known) => Arc::clone(known),
            None => Arc::new(parsed().unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_that_stands_as_it_is_wanted_is_kept_once() {
        let wanted = Arc::new(json!({ "source": ["aws.iam"] }));
        let known = KnownPatterns::of([&wanted]);
        assert!(Arc::ptr_eq(&known.read(&wanted.to_string()), &wanted));
        let other = known.read(r#"{"source": ["aws.sts", "aws.iam"]}"#);
        assert_eq!(*other, json!({ "source": ["aws.iam", "aws.sts"] }));
        assert_eq!(*known.read("{"), Value::Null);
    }
}
