//! One alternative in a field's list, and what it says of one value.

use super::fold::Folded;
use super::ip::{Address, Block};
use super::json::{Item, Kind};
use super::number::comparable;
use super::wildcard::Wildcard;

/// What a value must be. The variants are the operators of the pattern language.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    /// A string, character for character.
    Exactly(String),
    /// `true`, `false` or `null`.
    Keyword(Kind),
    /// A number: equal in value, or for numbers that are not comparable, equal in text.
    Number { text: String, value: Option<f64> },
    /// A string that reads as an address of the block. A plain string in a pattern that reads as an
    /// address is one too, so `10.0.0.1` accepts `010.0.0.1` (event-ruler `ipToRangeIfPossible`).
    Block(Block),
    /// A string that starts so.
    Prefix(String),
    /// A string that starts so in any case.
    PrefixFolded(Folded),
    /// A string that ends so.
    Suffix(String),
    /// A string that ends so in any case.
    SuffixFolded(Folded),
    /// A string that is this in any case.
    EqualsFolded(Folded),
    /// A string that fits.
    Wildcard(Wildcard),
    /// A comparable number between bounds; `true` includes the bound.
    Range {
        low: Option<(f64, bool)>,
        high: Option<(f64, bool)>,
    },
    /// Any value at all.
    Exists,
    /// No value: never true of one. Whether the field has none is decided where fields are found.
    Absent,
    /// Any value that none of these accepts: also numbers, booleans and null where these are about
    /// strings.
    AnythingBut(Vec<Test>),
}

impl Test {
    pub(crate) fn holds(&self, value: Item<'_>) -> bool {
        let kind = value.kind();
        match self {
            Self::Keyword(keyword) => kind == *keyword,
            Self::Number {
                text,
                value: wanted,
            } => {
                kind == Kind::Number
                    && match wanted {
                        Some(wanted) => comparable(value.text()) == Some(*wanted),
                        None => value.text() == text,
                    }
            }
            Self::Range { low, high } => {
                kind == Kind::Number
                    && comparable(value.text()).is_some_and(|number| {
                        low.is_none_or(|(low, or_equal)| {
                            number > low || (or_equal && number == low)
                        }) && high.is_none_or(|(high, or_equal)| {
                            number < high || (or_equal && number == high)
                        })
                    })
            }
            Self::Exists => true,
            Self::Absent => false,
            Self::AnythingBut(tests) => !tests.iter().any(|test| test.holds(value)),
            _ => kind == Kind::String && self.holds_text(value.text()),
        }
    }

    /// Whether it compares numbers by value.
    pub(crate) fn compares_numbers(&self) -> bool {
        match self {
            Self::Number { value, .. } => value.is_some(),
            Self::Range { .. } => true,
            Self::AnythingBut(tests) => tests.iter().any(Self::compares_numbers),
            _ => false,
        }
    }

    fn holds_text(&self, text: &str) -> bool {
        match self {
            Self::Exactly(wanted) => text == wanted,
            Self::Prefix(prefix) => {
                // event-ruler compares with the quotes that surround a string, so a last `"` of a
                // prefix also means the end of the value; likewise a first `"` of a suffix.
                text.starts_with(prefix.as_str()) || prefix.strip_suffix('"') == Some(text)
            }
            Self::Suffix(suffix) => {
                text.ends_with(suffix.as_str()) || suffix.strip_prefix('"') == Some(text)
            }
            Self::PrefixFolded(prefix) => prefix.starts(text),
            Self::SuffixFolded(suffix) => suffix.ends(text),
            Self::EqualsFolded(wanted) => wanted.equals(text),
            Self::Wildcard(wildcard) => wildcard.matches(text),
            Self::Block(block) => Address::parse(text).is_some_and(|address| block.holds(&address)),
            _ => false,
        }
    }
}
