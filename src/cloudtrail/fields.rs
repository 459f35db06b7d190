//! The fields of an event, whether it is a value in memory or was read for matching.

use serde_json::Value;

use crate::pattern::Event;

/// Something with named fields. Where a name comes twice, the last one counts.
pub trait Fields {
    /// The text at a path of names.
    fn text(&self, path: &[&str]) -> Option<&str>;
    /// The boolean at a path of names.
    fn truth(&self, path: &[&str]) -> Option<bool>;
}

impl Fields for Value {
    fn text(&self, path: &[&str]) -> Option<&str> {
        at(self, path)?.as_str()
    }

    fn truth(&self, path: &[&str]) -> Option<bool> {
        at(self, path)?.as_bool()
    }
}

fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

impl Fields for Event {
    fn text(&self, path: &[&str]) -> Option<&str> {
        Event::text(self, path)
    }

    fn truth(&self, path: &[&str]) -> Option<bool> {
        Event::truth(self, path)
    }
}
