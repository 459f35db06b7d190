//! Many literals, searched for at once.

use aho_corasick::packed::{Config, MatchKind, Searcher};
use memchr::memmem::Finder;

/// So few literals are found faster one after the other.
const FEW: usize = 3;

/// Literals to search for.
#[derive(Debug)]
pub(crate) struct Needles {
    needles: Vec<String>,
    /// Whether a byte occurs in a needle or in the name of a member that is looked for.
    known: [bool; 256],
}

/// Some of the needles, ready to be searched for. They are known by their places here.
#[derive(Debug)]
pub(crate) struct Search {
    how: How,
    /// For each needle those that it begins with, itself included: they stand where it stands.
    within: Vec<Vec<usize>>,
}

#[derive(Debug)]
enum How {
    /// All at once, with vector instructions (Teddy).
    Packed(Searcher),
    /// One after the other: there are few, or more than fit, or the machine has no such instructions.
    Each(Vec<Finder<'static>>),
}

impl Needles {
    /// To search for these.
    pub(crate) fn new(needles: Vec<String>) -> Self {
        let mut known = [false; 256];
        // Names of members are made of these.
        for byte in needles
            .iter()
            .flat_map(|needle| needle.bytes())
            .chain(b'a'..=b'z')
            .chain(b'A'..=b'Z')
        {
            if let Some(known) = known.get_mut(usize::from(byte)) {
                *known = true;
            }
        }
        Self { needles, known }
    }

    /// A search for those of these numbers, in their order.
    pub(crate) fn search(&self, numbers: &[usize]) -> Search {
        let needles = numbers
            .iter()
            .filter_map(|number| self.needles.get(*number));
        Search::new(needles.map(String::as_str).collect())
    }

    /// Whether an escape of the text may stand for a character of a needle or of a name. The escapes of quotes,
    /// backslashes and control characters cannot: no needle has those inside.
    pub(crate) fn may_hide(&self, text: &[u8]) -> bool {
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'\\', rest) {
            let escape = rest.get(at + 1..).unwrap_or_default();
            let hidden = match escape.first() {
                Some(b'/') => Some(b'/'),
                Some(b'u') => match code(escape) {
                    // Needles are ASCII.
                    Some(code) => u8::try_from(code).ok(),
                    None => return true,
                },
                _ => None,
            };
            if hidden
                .is_some_and(|byte| self.known.get(usize::from(byte)).is_none_or(|known| *known))
            {
                return true;
            }
            rest = escape.get(1..).unwrap_or_default();
        }
        false
    }
}

impl Search {
    fn new(needles: Vec<&str>) -> Self {
        let within = needles
            .iter()
            .map(|needle| {
                let all = needles.iter().enumerate();
                all.filter(|(_, other)| needle.starts_with(**other))
                    .map(|(place, _)| place)
                    .collect()
            })
            .collect();
        // Of several at one place the longest, so that no other is hidden by it but those it begins with.
        let packed = (needles.len() > FEW)
            .then(|| {
                Config::new()
                    .match_kind(MatchKind::LeftmostLongest)
                    .builder()
                    .extend(&needles)
                    .build()
            })
            .flatten();
        let each = || {
            needles
                .iter()
                .map(|needle| Finder::new(needle.as_bytes()).into_owned())
        };
        Self {
            how: packed.map_or_else(|| How::Each(each().collect()), How::Packed),
            within,
        }
    }

    /// Says of each needle whether it stands in the text.
    pub(crate) fn find(&self, text: &[u8], found: &mut Vec<bool>) {
        found.clear();
        match &self.how {
            How::Each(finders) => {
                found.extend(finders.iter().map(|finder| finder.find(text).is_some()));
            }
            How::Packed(searcher) => {
                found.resize(self.within.len(), false);
                let mut from = 0;
                while let Some(hit) = searcher.find_in(text, (from..text.len()).into()) {
                    let also = self.within.get(hit.pattern().as_usize());
                    for needle in also.into_iter().flatten() {
                        if let Some(found) = found.get_mut(*needle) {
                            *found = true;
                        }
                    }
                    // The next may begin inside this one.
                    from = hit.start() + 1;
                }
            }
        }
    }
}

/// The number that a `u` and four hexadecimal digits escape.
fn code(escape: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(escape.get(1..5)?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needles_that_overlap_are_all_found() {
        let needles = ["\"Root\"", "Root\"", "\"Roo", "oot", "other", "t\"x"].map(str::to_owned);
        let mut found = Vec::new();
        // Few, some that fit, more than fit.
        for (some, more) in [(0..2, 0), (0..6, 0), (0..6, 200)] {
            let fillers = (0..more).map(|n| format!("filler{n}"));
            let all = Needles::new(needles.iter().cloned().chain(fillers).collect());
            let numbers: Vec<usize> = some.chain(6..6 + more).rev().collect();
            let search = all.search(&numbers);
            assert_eq!(
                matches!(search.how, How::Packed(_)),
                numbers.len() == needles.len()
            );
            search.find(b"..\"Root\"x..", &mut found);
            for (number, found) in numbers.iter().zip(&found) {
                assert_eq!(*found, *number < 6 && *number != 4, "{number}");
            }
            assert_eq!(found.len(), numbers.len());
            search.find(b"", &mut found);
            assert!(!found.contains(&true));
        }
    }

    #[test]
    fn only_escapes_of_what_is_looked_for_hide_it() {
        let needles = Needles::new(vec!["policy/Admin\"".to_owned()]);
        for (text, hides) in [
            (r#""a\"b\\c\n\t""#, false),
            (r#""a\/b""#, true),
            (r#""\u0041""#, true),
            (r#""\u003d\u0026\u00e9\u4e00""#, false),
            (r#""\\u0041""#, false),
            (r#""\u00""#, true),
        ] {
            assert_eq!(needles.may_hide(text.as_bytes()), hides, "{text}");
        }
        assert!(!Needles::new(vec!["Admin".to_owned()]).may_hide(br#""a\/b""#));
    }
}
