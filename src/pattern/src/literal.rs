//! Texts that must stand in an event for a branch to hold, as the event is written.
//!
//! Whoever looks through much JSON for little can search for them before anything is parsed. That holds for texts in
//! which no escape hides a character of the literal, and the quotes of which are those of JSON strings.

use super::compile::Field;
use super::test::Test;
use super::view::Branch;

impl Branch<'_> {
    /// Texts of which at least one stands in every event that meets the branch, for the field below `root` whose
    /// texts say most. `None` if no field has such texts.
    ///
    /// The paths in `but` are not looked at. A name in `common` stands in nearly every event, so that finding it says
    /// little: such a name is never the answer.
    pub fn literals(&self, root: &str, but: &[&str], common: &[&str]) -> Option<Vec<String>> {
        let below = |field: &&&Field| {
            let rest = field.path.strip_prefix(root);
            rest.is_some_and(|rest| rest.starts_with('.')) && !but.contains(&field.path.as_str())
        };
        let all = self
            .fields
            .iter()
            .filter(below)
            .filter_map(|field| of(field, common));
        let best = all.max_by_key(|(worth, _)| *worth)?;
        Some(best.1)
    }
}

/// The texts of a field, and what finding none of them is worth.
fn of(field: &Field, common: &[&str]) -> Option<(usize, Vec<String>)> {
    if field.allows_absence() {
        return None;
    }
    let texts: Option<Vec<String>> = field.tests.iter().map(of_test).collect();
    if let Some(texts) = texts
        && let Some(shortest) = texts.iter().map(String::len).min()
        && shortest >= 4
    {
        // Few long texts are the rarest.
        return Some((
            1_000 + 100 * shortest.min(20) / texts.len().clamp(1, 16),
            texts,
        ));
    }
    // Whatever is asked of the value, the name is there. It may be the end of a longer one: `a.b` is one name
    // as well as two.
    let name = field.path.rsplit('.').next().filter(|name| plain(name))?;
    let rare = !common.contains(&name);
    (rare && name.len() >= 4).then(|| (500 + name.len(), vec![format!("{name}\"")]))
}

/// What stands in the text of every value that the test accepts.
fn of_test(test: &Test) -> Option<String> {
    let text = match test {
        Test::Exactly(text) => format!("\"{text}\""),
        Test::Prefix(text) => format!("\"{text}"),
        Test::Suffix(text) => format!("{text}\""),
        Test::Wildcard(wildcard) => {
            let parts = wildcard.parts();
            let last = parts.len().saturating_sub(1);
            let written = parts.iter().enumerate().map(|(n, part)| {
                let open = if n == 0 { "\"" } else { "" };
                let close = if n == last { "\"" } else { "" };
                format!("{open}{part}{close}")
            });
            written.max_by_key(String::len)?
        }
        _ => return None,
    };
    let inside = text.strip_prefix('"').unwrap_or(&text);
    plain(inside.strip_suffix('"').unwrap_or(inside)).then_some(text)
}

/// Whether JSON writers leave the text as it is: other characters come as escapes.
fn plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
}
