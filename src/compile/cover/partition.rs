//! Disjoint classes of events, by the literal values of `detail.eventSource` and `detail.eventName`.

use serde_json::json;

use super::branch::{ABSENT, Branch, EVENT_NAME, EVENT_SOURCE, Tests, literal, tests};

/// A set of texts of a field, or everything else, absence included.
#[derive(Debug, Clone, PartialEq)]
enum Values {
    Only(Vec<String>),
    AllBut(Vec<String>),
}

/// Events by service and name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Class {
    sources: Values,
    names: Values,
}

impl Class {
    pub(super) fn everything() -> Self {
        Self {
            sources: Values::AllBut(Vec::new()),
            names: Values::AllBut(Vec::new()),
        }
    }

    /// Two classes, disjoint and together the whole, that share out the texts of the branches; `None`
    /// where there is nothing to share out.
    pub(super) fn halves(&self, branches: &[Branch]) -> Option<(Self, Self)> {
        if let Some((first, second)) = self.sources.halves(EVENT_SOURCE, branches) {
            let with = |sources| Self {
                sources,
                names: self.names.clone(),
            };
            return Some((with(first), with(second)));
        }
        let (first, second) = self.names.halves(EVENT_NAME, branches)?;
        let with = |names| Self {
            sources: self.sources.clone(),
            names,
        };
        Some((with(first), with(second)))
    }

    /// What the branch passes of this class; wider where EventBridge cannot say it, never beyond the
    /// class.
    pub(super) fn within(&self, branch: &Branch) -> Option<Branch> {
        let mut inside = branch.clone();
        for (path, values) in [(EVENT_SOURCE, &self.sources), (EVENT_NAME, &self.names)] {
            let narrowed = values.within(path, branch)?;
            if !narrowed.is_empty() {
                inside.fields.insert(path.to_owned(), narrowed);
            }
        }
        Some(inside)
    }
}

impl Values {
    fn holds(&self, text: &String) -> bool {
        match self {
            Self::Only(texts) => texts.contains(text),
            Self::AllBut(but) => !but.contains(text),
        }
    }

    fn halves(&self, path: &str, branches: &[Branch]) -> Option<(Self, Self)> {
        // A text that a prefix also passes stays with the prefix: `anything-but` has no room for both.
        let mut texts: Vec<(String, usize)> = Vec::new();
        for branch in branches {
            let Some(tests) = branch.fields.get(path) else {
                continue;
            };
            let found: Vec<String> = tests.iter().filter_map(|test| literal(test)).collect();
            let weight = branch.length() / found.len().max(1) + 1;
            for text in found {
                match texts.iter_mut().find(|(known, _)| *known == text) {
                    Some((_, sum)) => *sum += weight,
                    None => texts.push((text, weight)),
                }
            }
        }
        texts.retain(|(text, _)| {
            self.holds(text) && branches.iter().all(|branch| spelt_out(branch, path, text))
        });
        texts.sort_unstable();
        let most = match self {
            Self::Only(all) => all.len() - 1,
            Self::AllBut(_) => texts.len(),
        };
        let whole: usize = texts.iter().map(|(_, weight)| weight).sum();
        let mut first = Vec::new();
        let mut sum = 0;
        for (text, weight) in texts {
            if !first.is_empty() && (sum + weight > whole / 2 || first.len() >= most) {
                break;
            }
            sum += weight;
            first.push(text);
        }
        if first.is_empty() || most == 0 {
            return None;
        }
        let second = match self {
            Self::Only(all) => Self::Only(
                all.iter()
                    .filter(|text| !first.contains(text))
                    .cloned()
                    .collect(),
            ),
            Self::AllBut(but) => Self::AllBut(but.iter().chain(&first).cloned().collect()),
        };
        Some((Self::Only(first), second))
    }

    /// The tests that a branch has of a field within these values, empty for no test; `None` where it
    /// has none of them.
    fn within(&self, path: &str, branch: &Branch) -> Option<Tests> {
        match self {
            Self::AllBut(but) if but.is_empty() => {
                Some(branch.fields.get(path).cloned().unwrap_or_default())
            }
            Self::Only(texts) => {
                let allowed: Tests = texts
                    .iter()
                    .filter(|text| branch.allows(path, text))
                    .map(|text| json!(text).to_string())
                    .collect();
                (!allowed.is_empty()).then_some(allowed)
            }
            Self::AllBut(but) => {
                let rest = tests([json!({ "anything-but": but }), json!({ "exists": false })]);
                let Some(own) = branch.fields.get(path) else {
                    return Some(rest);
                };
                let outside =
                    |test: &&String| literal(test).is_none_or(|text| !but.contains(&text));
                let own: Tests = own.iter().filter(outside).cloned().collect();
                let mut single = branch.clone();
                single.fields.insert(path.to_owned(), own.clone());
                if own.is_empty() {
                    return None;
                }
                // Tests that reach into the other class give way to the whole of this one.
                let reaches = |text: &String| single.allows(path, text);
                let reaches = but.iter().any(reaches);
                let absent = own.contains(ABSENT);
                if reaches {
                    return Some(
                        rest.into_iter()
                            .filter(|test| absent || test != ABSENT)
                            .collect(),
                    );
                }
                Some(own)
            }
        }
    }
}

/// Whether a test passes every text but some.
fn is_exception(test: &str) -> bool {
    test.starts_with(r#"{"anything-but""#)
}

/// Whether a branch passes a text only where it names it, or by having no test of the field.
fn spelt_out(branch: &Branch, path: &str, text: &str) -> bool {
    let Some(tests) = branch.fields.get(path) else {
        return true;
    };
    // Other texts are other names, and exceptions give way to those of the class.
    let others: Tests = tests
        .iter()
        .filter(|test| literal(test).is_none() && !is_exception(test))
        .cloned()
        .collect();
    if others.is_empty() {
        return true;
    }
    let mut alone = branch.clone();
    alone.fields.insert(path.to_owned(), others);
    !alone.allows(path, text)
}
