//! The small languages inside conditions: globs, numbers, address blocks.

use std::net::IpAddr;

use serde_json::Value as Json;

use crate::diagnostic::{Report, Span, codes, shown};
use crate::rules::model::{Matcher, NumberRange};
use crate::rules::syntax::read::{quoted, wrong_type};
use crate::rules::syntax::yaml::{Node, Plain, Value, json_number};

/// EventBridge compares numbers between these bounds.
/// Source: EventBridge user guide, comparison operators, numeric matching.
const NUMBER_LIMIT: f64 = 5.0e9;

/// Longest text of a condition: EventBridge's patterns end at 2,048 characters.
const LONGEST_TEXT: usize = 2_048;

/// Text in which `*` stands for any text; a `\` makes the next `*` or `\` literal.
pub(crate) fn glob(text: &str, span: Span, report: &mut Report) -> Option<Matcher> {
    if text.len() > LONGEST_TEXT {
        report
            .error(codes::CONDITION, span)
            .message(format!("the value has {} bytes", text.len()))
            .label(format!("expected at most {LONGEST_TEXT}"))
            .help("EventBridge takes no pattern that long: use a `*` for the rest");
        return None;
    }
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' && !matches!(chars.next(), Some('*' | '\\')) {
            report
                .error(codes::CONDITION, span)
                .message(format!(
                    "in {} a `\\` stands before neither `*` nor `\\`",
                    shown(text)
                ))
                .label("an escape without a meaning")
                .help("write `\\\\` for a backslash and `\\*` for a star, or use `exact`");
            return None;
        }
    }
    Some(Matcher::Glob(text.to_owned()))
}

/// Text whatever its case, with at most one `*`, at one end.
pub(crate) fn any_case(text: &str, span: Span, report: &mut Report) -> Option<Matcher> {
    let stars = text.matches('*').count();
    let fits = stars == 0
        || (stars == 1 && text.len() > 1 && (text.starts_with('*') || text.ends_with('*')));
    if fits {
        return Some(Matcher::AnyCase(text.to_owned()));
    }
    report
        .error(codes::CONDITION, span)
        .message(format!("{} has a `*` that `any-case` cannot express", shown(text)))
        .label("expected at most one `*`, at the beginning or at the end")
        .help("EventBridge compares whole texts, beginnings and ends regardless of case, nothing else");
    None
}

/// A block of addresses.
pub(crate) fn cidr(text: &str, span: Span, report: &mut Report) -> Option<Matcher> {
    let parsed = text.split_once('/').and_then(|(address, bits)| {
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let digits = bits.bytes().all(|b| b.is_ascii_digit()) && (1..=3).contains(&bits.len());
        (digits && bits.parse::<u8>().ok()? <= most).then_some(())
    });
    if parsed.is_some() {
        return Some(Matcher::Cidr(text.to_owned()));
    }
    let help = match text.parse::<IpAddr>() {
        Ok(address) => format!(
            "write {}",
            quoted(&format!(
                "{address}/{}",
                if address.is_ipv4() { 32 } else { 128 }
            ))
        ),
        Err(_) => "write an address, a `/` and the number of leading bits, such as `10.0.0.0/8`"
            .to_owned(),
    };
    report
        .error(codes::CIDR, span)
        .message(format!("{} is not a block of addresses", shown(text)))
        .label("expected a block such as `10.0.0.0/8` or `2001:db8::/32`")
        .help(help);
    None
}

/// A number, or a comparison in quotes.
pub(crate) fn number(node: &Node, report: &mut Report) -> Option<NumberRange> {
    let Some((text, meaning)) = node.scalar() else {
        if !matches!(node.value, Value::Refused) {
            wrong_type(node, "a number or a comparison", report);
        }
        return None;
    };
    let range = match meaning {
        Plain::Number => value(text).map(|n| NumberRange {
            lower: Some((n, true)),
            upper: Some((n, true)),
        }),
        Plain::Text => comparison(text),
        _ => None,
    };
    let Some(range) = range else {
        report
            .error(codes::NUMBER, node.span)
            .message(format!("{} is not a numeric condition", shown(text)))
            .label("expected a number or a comparison")
            .help("write `3`, `\">= 3\"` or `\"> 0 and <= 5\"`");
        return None;
    };
    let bounds = [range.lower, range.upper];
    if bounds.iter().flatten().any(|(n, _)| n.abs() > NUMBER_LIMIT) {
        too_large(node.span, text, report);
        return None;
    }
    if let (Some((low, low_in)), Some((high, high_in))) = (range.lower, range.upper)
        && (low > high || (low == high && !(low_in && high_in)))
    {
        report
            .error(codes::NUMBER, node.span)
            .message(format!("no number satisfies {}", shown(text)))
            .label("the lower bound is not below the upper one")
            .help("write the smaller number behind `>` and the greater one behind `<`");
        return None;
    }
    Some(range)
}

/// Whether EventBridge can compare this number.
pub(crate) fn within_bounds(number: &Json) -> bool {
    number.as_f64().is_some_and(|n| n.abs() <= NUMBER_LIMIT)
}

/// A number that EventBridge cannot compare.
pub(crate) fn too_large(span: Span, text: &str, report: &mut Report) {
    report
        .error(codes::NUMBER, span)
        .message(format!(
            "{} is too large for EventBridge to compare",
            shown(text)
        ))
        .label("expected a number between -5,000,000,000 and 5,000,000,000")
        .help("put it in quotes if the event holds it as text");
}

fn value(text: &str) -> Option<f64> {
    json_number(text)?.as_f64().filter(|n| n.is_finite())
}

/// `= 3`, `>= 3`, `> 0 and <= 5`.
fn comparison(text: &str) -> Option<NumberRange> {
    let mut range = NumberRange {
        lower: None,
        upper: None,
    };
    for (index, part) in text.split(" and ").enumerate() {
        let part = part.trim();
        let digits = part.trim_start_matches(['<', '>', '=']);
        let sign = part.strip_suffix(digits)?;
        let n = number_of(digits.trim())?;
        let slot = match sign {
            "=" | "" if index == 0 && !text.contains(" and ") => {
                return Some(NumberRange {
                    lower: Some((n, true)),
                    upper: Some((n, true)),
                });
            }
            ">" | ">=" => &mut range.lower,
            "<" | "<=" => &mut range.upper,
            _ => return None,
        };
        if slot.replace((n, sign.ends_with('='))).is_some() {
            return None;
        }
    }
    Some(range)
}

/// A decimal number: Rust's reader also takes `inf` and `nan`.
fn number_of(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    if plain && !text.is_empty() {
        text.parse().ok().filter(|n: &f64| n.is_finite())
    } else {
        None
    }
}
