//! How a call is said, in words behind the name of who made it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

const TEXT: &str = include_str!("phrases.txt");

/// A piece of a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Words as they are.
    Words(String),
    /// A value of the record: of the first of these paths that leads to one. Paths begin at the record.
    Value(Vec<String>),
}

/// Every phrase, by `service:EventName`; Lambda's names are without their version.
pub fn phrases() -> &'static BTreeMap<&'static str, Vec<Piece>> {
    static PHRASES: OnceLock<BTreeMap<&'static str, Vec<Piece>>> = OnceLock::new();
    PHRASES.get_or_init(|| {
        let lines = TEXT.lines().filter(|line| !line.starts_with('#'));
        let lines = lines.filter_map(|line| line.split_once(' '));
        lines.map(|(call, phrase)| (call, pieces(phrase))).collect()
    })
}

/// The pieces of a phrase: `{a|b}` is a field of the request, or the other one, `{response.a}` one of the answer and
/// `{detail.a}` one of the record.
pub fn pieces(phrase: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = phrase;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((value, after)) = after.split_once('}') else {
            break;
        };
        if !before.is_empty() {
            pieces.push(Piece::Words(before.to_owned()));
        }
        pieces.push(Piece::Value(value.split('|').map(path).collect()));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Words(rest.to_owned()));
    }
    pieces
}

fn path(field: &str) -> String {
    match (
        field.strip_prefix("response."),
        field.strip_prefix("detail."),
    ) {
        (Some(field), _) => format!("responseElements.{field}"),
        (_, Some(field)) => field.to_owned(),
        (None, None) => format!("requestParameters.{field}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudtrail::{api_names, parameters};

    #[test]
    fn every_line_is_a_phrase_of_its_own() {
        let lines: Vec<&str> = TEXT.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines.len(), phrases().len());
        assert!(lines.len() > 200);
        let calls: Vec<&str> = lines.iter().filter_map(|l| l.split(' ').next()).collect();
        assert!(calls.is_sorted(), "they stand in order");
        for (call, pieces) in phrases() {
            let Some(Piece::Words(first)) = pieces.first() else {
                panic!("{call} begins with no word");
            };
            assert!(first.starts_with(char::is_lowercase), "{call}: {first}");
            let braces = |piece: &Piece| match piece {
                Piece::Words(words) => words.contains(['{', '}']),
                Piece::Value(paths) => paths.iter().any(|path| path.contains(['{', '|', ' '])),
            };
            assert!(!pieces.iter().any(braces), "{call}: {pieces:?}");
        }
    }

    #[test]
    fn every_call_is_one_that_cloudtrail_writes() {
        for call in phrases().keys() {
            let (service, name) = call.split_once(':').unwrap();
            let known = api_names::services().get(service);
            let is_known = known.is_some_and(|known| known.has(name));
            // Its names carry versions.
            assert!(
                is_known || service == "lambda",
                "{call} is none that is known"
            );
        }
    }

    /// A misspelt parameter would spoil the phrase each time.
    #[test]
    fn the_parameters_are_those_of_the_call() {
        let mut known = 0;
        for (call, pieces) in phrases() {
            let (service, name) = call.split_once(':').unwrap();
            let of_service = parameters::services().get(service);
            let Some(of_call) = of_service.and_then(|calls| calls.get(name)) else {
                continue;
            };
            let of_call: Vec<&str> = of_call.split(',').collect();
            for piece in pieces {
                let Piece::Value(paths) = piece else { continue };
                for path in paths {
                    if let Some(path) = path.strip_prefix("requestParameters.") {
                        let field = path.split('.').next().unwrap();
                        assert!(of_call.contains(&field), "{call}: {field} of {of_call:?}");
                        known += 1;
                    }
                }
            }
        }
        assert!(known > 150, "{known}");
    }
}
