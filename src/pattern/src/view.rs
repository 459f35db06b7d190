//! What a pattern asks for, for those who reason about patterns rather than events.

use serde_json::Value;

use super::compile::Field;
use super::json::Document;
use super::pattern::EventPattern;
use super::test::Test;

/// One combination of `$or` branches: tests that must all hold.
#[derive(Debug, Clone)]
pub struct Branch<'p> {
    pub(super) fields: Vec<&'p Field>,
}

/// A text, ready to be held against fields.
#[derive(Debug, Clone)]
pub struct Probe(Document);

impl Probe {
    /// To ask about this text. `None` if it is too long.
    pub fn text(text: &str) -> Option<Self> {
        Document::from_value(&Value::from(text)).ok().map(Self)
    }
}

impl EventPattern {
    /// Every combination. An event matches if it meets all fields of one.
    pub fn branches(&self) -> impl Iterator<Item = Branch<'_>> {
        self.compiled.branches.iter().map(|branch| Branch {
            fields: self.compiled.branch_fields(branch),
        })
    }
}

impl<'p> Branch<'p> {
    /// Whether a field is tested.
    pub fn tests(&self, path: &str) -> bool {
        self.field(path).is_some()
    }

    /// Whether a field is tested whose path begins so.
    pub fn tests_below(&self, prefix: &str) -> bool {
        self.fields
            .iter()
            .any(|field| field.path.starts_with(prefix))
    }

    /// Whether a value, were it the only one at the path, would be accepted there. A field without tests
    /// accepts any.
    pub fn accepts(&self, path: &str, value: &Value) -> bool {
        self.field(path)
            .is_none_or(|field| field.accepts_value(value))
    }

    /// Whether a text, were it the only value at the path, would be accepted there: for a text that many branches are
    /// asked about.
    pub fn accepts_text(&self, path: &str, text: &Probe) -> bool {
        let root = text.0.root();
        self.field(path)
            .is_none_or(|field| root.is_some_and(|root| field.accepts(root)))
    }

    /// Whether events without the field are accepted.
    pub fn accepts_absence(&self, path: &str) -> bool {
        self.field(path).is_none_or(Field::allows_absence)
    }

    /// Whether a field is tested and has to be missing.
    pub fn wants_absence(&self, path: &str) -> bool {
        self.field(path)
            .is_some_and(|field| field.tests.iter().all(|test| *test == Test::Absent))
    }

    /// The texts that a field accepts, where it is tested and accepts nothing else.
    pub fn texts(&self, path: &str) -> Option<Vec<&'p str>> {
        let field = self.field(path)?;
        let texts = field.tests.iter().map(|test| match test {
            Test::Exactly(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// How every text that a field accepts begins, one for each of its tests, where it is tested and accepts
    /// nothing but texts of known beginnings.
    pub fn beginnings(&self, path: &str) -> Option<Vec<&'p str>> {
        let field = self.field(path)?;
        let beginnings = field.tests.iter().map(|test| match test {
            Test::Exactly(text) | Test::Prefix(text) => Some(text.as_str()),
            Test::Wildcard(wildcard) => wildcard.parts().first().map(String::as_str),
            _ => None,
        });
        beginnings.collect()
    }

    /// Which of some texts each test of a field accepts, in the order of its tests; nothing where the field is not tested.
    pub fn accepted_by_each<'t>(&self, path: &str, texts: &[&'t str]) -> Vec<Vec<&'t str>> {
        let Some(field) = self.field(path) else {
            return Vec::new();
        };
        let probes: Vec<(&str, Probe)> = texts
            .iter()
            .filter_map(|text| Some((*text, Probe::text(text)?)))
            .collect();
        let holds =
            |test: &Test, probe: &Probe| probe.0.root().is_some_and(|root| test.holds(root));
        let accepted = field.tests.iter().map(|test| {
            let those = probes.iter().filter(|(_, probe)| holds(test, probe));
            those.map(|(text, _)| *text).collect()
        });
        accepted.collect()
    }

    fn field(&self, path: &str) -> Option<&'p Field> {
        self.fields.iter().copied().find(|field| field.path == path)
    }
}
