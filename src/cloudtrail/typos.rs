//! Typos that cannot be anything newer.
//!
//! The models that this release was made with know most names, and AWS goes on making new ones: an unknown name is
//! warned of and no more. It is certainly a typo where it differs from a known one by case only, or by one letter
//! within a word that stands in no name of AWS. Names that AWS made meet neither, whichever of them is taken for
//! the newest one: the tests try all.

use std::collections::HashMap;

/// How many names hold a word.
pub(super) type Words = HashMap<&'static str, usize>;

/// Words shorter than this have too many neighbours.
const SHORTEST: usize = 4;

/// Whether a name that nobody knows is a typo of a known one of the same service.
pub(super) fn is_certain(name: &str, near: &str, known: &Words) -> bool {
    differs_by_a_typo(name, near, |word| known.contains_key(word))
}

fn differs_by_a_typo(name: &str, near: &str, is_known: impl Fn(&str) -> bool) -> bool {
    if name.eq_ignore_ascii_case(near) {
        return true;
    }
    let (wrong, right): (Vec<&str>, Vec<&str>) = (words(name).collect(), words(near).collect());
    if wrong.len() != right.len() {
        return false;
    }
    let mut differing = wrong.iter().zip(&right).filter(|(a, b)| a != b);
    let (Some((wrong, right)), None) = (differing.next(), differing.next()) else {
        return false;
    };
    right.len() >= SHORTEST
        && !is_one_of_many(wrong, right)
        && !is_one_of_many(right, wrong)
        && wrong.bytes().next() == right.bytes().next()
        && strsim::osa_distance(wrong, right) == 1
        && !is_known(wrong)
}

/// Whether a word is a plural of another, or one that is counted.
fn is_one_of_many(word: &str, other: &str) -> bool {
    word.strip_prefix(other) == Some("s") || word.bytes().any(|b| b.is_ascii_digit())
}

/// The words of a name: each begins with a capital letter, but the first may not.
pub(super) fn words(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let next = rest.char_indices().skip(1);
        let end = next
            .filter(|(_, c)| c.is_ascii_uppercase())
            .map(|(at, _)| at)
            .next();
        let (word, after) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cloudtrail::{api_names, parameters};

    /// Those among the names of one service that would have been taken for typos when they were new.
    fn mistaken(names: &BTreeSet<String>, all: &Words) -> Vec<String> {
        let mut of_length: HashMap<usize, Vec<&String>> = HashMap::new();
        for name in names {
            of_length.entry(words(name).count()).or_default().push(name);
        }
        let known = |word: &str| all.get(word).is_some_and(|count| *count > 1);
        let is_mistaken = |name: &&String| {
            let alike = of_length.get(&words(name).count()).into_iter().flatten();
            let mut others = alike.filter(|other| *other != name);
            others.any(|other| differs_by_a_typo(name, other, known))
        };
        names.iter().filter(is_mistaken).cloned().collect()
    }

    #[test]
    fn no_name_of_aws_would_have_been_a_typo_when_it_was_new() {
        let mut looked_at = 0;
        for (source, service) in api_names::services() {
            let names: BTreeSet<String> = service.names().into_iter().collect();
            looked_at += names.len();
            assert_eq!(mistaken(&names, api_names::words()), [""; 0], "{source}");
        }
        for (source, calls) in parameters::services() {
            let names = calls.values().flat_map(|members| members.split(','));
            let names: BTreeSet<String> = names.map(str::to_owned).collect();
            looked_at += names.len();
            assert_eq!(mistaken(&names, parameters::words()), [""; 0], "{source}");
        }
        assert!(looked_at > 20_000, "{looked_at}");
    }

    #[test]
    fn typos_are_told_from_what_may_be_newer() {
        let known = api_names::words();
        for (name, near) in [
            ("createuser", "CreateUser"),
            ("AtachRolePolicy", "AttachRolePolicy"),
            ("CreateUsr", "CreateUser"),
            ("ConsolLogin", "ConsoleLogin"),
            ("Atach", "Attach"),
            ("AssumRole", "AssumeRole"),
        ] {
            assert!(is_certain(name, near, known), "{name}");
        }
        for (name, near) in [
            ("CreateUsers", "CreateUser"),
            ("CreateUserV2", "CreateUser"),
            ("CreateKxUser", "CreateUser"),
            ("ListLinks", "ListSinks"),
            ("DeleteKey", "DeleteKeys"),
        ] {
            assert!(!is_certain(name, near, known), "{name}");
        }
    }
}
