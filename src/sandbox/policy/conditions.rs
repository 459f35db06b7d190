//! The conditions of a statement.

use std::collections::BTreeMap;

use serde_json::Value;

use super::glob::like;
use super::tags::Tags;
use super::variables::{fill, texts};

#[derive(Debug, Clone)]
pub(super) struct Condition {
    set: Set,
    test: Test,
    pub(super) negated: bool,
    if_exists: bool,
    /// The condition key, in lower case.
    pub(super) key: String,
    pub(super) values: Vec<String>,
}

/// How a condition treats a key with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    One,
    Any,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Equal,
    EqualIgnoreCase,
    Like,
    Arn,
    Null,
}

/// Reads a `Condition` element.
pub(super) fn conditions(value: &Value) -> Result<Vec<Condition>, String> {
    let operators = value.as_object().ok_or("Condition is not an object")?;
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let (set, name) = match operator.split_once(':') {
            Some(("ForAnyValue", name)) => (Set::Any, name),
            Some(("ForAllValues", name)) => (Set::All, name),
            _ => (Set::One, operator.as_str()),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (test, negated) = match name {
            "StringEquals" | "Bool" => (Test::Equal, false),
            "StringNotEquals" => (Test::Equal, true),
            "StringEqualsIgnoreCase" => (Test::EqualIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Test::EqualIgnoreCase, true),
            "StringLike" => (Test::Like, false),
            "StringNotLike" => (Test::Like, true),
            // Both ARN operators accept wildcards.
            "ArnEquals" | "ArnLike" => (Test::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
            "Null" => (Test::Null, false),
            _ => {
                return Err(format!(
                    "the sandbox does not implement the condition operator `{operator}`"
                ));
            }
        };
        for (key, values) in keys.as_object().ok_or("a condition is not an object")? {
            conditions.push(Condition {
                set,
                test,
                negated,
                if_exists,
                key: key.to_ascii_lowercase(),
                values: texts(values)?,
            });
        }
    }
    Ok(conditions)
}

impl Condition {
    pub(super) fn holds(&self, context: &BTreeMap<&'static str, String>, tags: &Tags) -> bool {
        let values = match context.get(self.key.as_str()) {
            Some(value) => vec![value.as_str()],
            None => tags.values(&self.key),
        };
        if self.test == Test::Null {
            let absent = values.is_empty();
            return self.values.iter().any(|v| (v == "true") == absent);
        }
        let wanted = self.values.iter().map(|wanted| fill(wanted, context));
        let Some(wanted) = wanted.collect::<Option<Vec<_>>>() else {
            return false;
        };
        let hit = |value: &&str| {
            let any = wanted.iter().any(|wanted| match self.test {
                Test::Equal => wanted == value,
                Test::EqualIgnoreCase => wanted.eq_ignore_ascii_case(value),
                Test::Like => like(wanted, value),
                Test::Arn => arn_like(wanted, value),
                Test::Null => false,
            });
            any != self.negated
        };
        match self.set {
            Set::One if values.is_empty() => self.if_exists || self.negated,
            // Of no values all are as wanted, and none is.
            Set::One | Set::All => values.iter().all(hit),
            Set::Any => values.iter().any(hit),
        }
    }
}

/// The six parts of an ARN are matched one by one, so that `*` does not cross them.
fn arn_like(glob: &str, arn: &str) -> bool {
    let (globs, parts) = (glob.splitn(6, ':'), arn.splitn(6, ':'));
    globs.clone().count() == parts.clone().count()
        && globs.zip(parts).all(|(glob, part)| like(glob, part))
}
