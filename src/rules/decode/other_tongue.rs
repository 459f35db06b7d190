//! Operators of other languages than ours and EventBridge's, such as `regex`: what they ask for, in the words of either.

use std::net::IpAddr;

use serde_json::Value as Json;

/// What an operator of another language asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Text that fits a regular expression.
    Regex,
    /// Text that fits a glob.
    Like,
    NotLike,
    Contains,
    NotContains,
    Starts,
    Ends,
    Equal,
    AnyCase,
    AnyOf,
    NoneOf,
    /// A number that is more or less than one, by this sign.
    Compare(&'static str),
    /// A number between two.
    Between,
    Present,
    Absent,
    /// An address in a block.
    Inside,
    Outside,
}

/// The words, in lower case and without marks between them.
const WORDS: &[(&str, Meaning)] = &[
    ("=~", Meaning::Regex),
    ("matches", Meaning::Regex),
    ("matchesregex", Meaning::Regex),
    ("re", Meaning::Regex),
    ("regex", Meaning::Regex),
    ("regexp", Meaning::Regex),
    ("rlike", Meaning::Regex),
    ("arnlike", Meaning::Like),
    ("glob", Meaning::Like),
    ("like", Meaning::Like),
    ("stringlike", Meaning::Like),
    ("arnnotlike", Meaning::NotLike),
    ("notlike", Meaning::NotLike),
    ("stringnotlike", Meaning::NotLike),
    ("contains", Meaning::Contains),
    ("containsany", Meaning::Contains),
    ("includes", Meaning::Contains),
    ("substring", Meaning::Contains),
    ("doesnotcontain", Meaning::NotContains),
    ("notcontains", Meaning::NotContains),
    ("begins", Meaning::Starts),
    ("beginswith", Meaning::Starts),
    ("hasprefix", Meaning::Starts),
    ("startswith", Meaning::Starts),
    ("endswith", Meaning::Ends),
    ("hassuffix", Meaning::Ends),
    ("arnequals", Meaning::Equal),
    ("eq", Meaning::Equal),
    ("equal", Meaning::Equal),
    ("equals", Meaning::Equal),
    ("is", Meaning::Equal),
    ("stringequals", Meaning::Equal),
    ("==", Meaning::Equal),
    ("equalsignorecase", Meaning::AnyCase),
    ("iequals", Meaning::AnyCase),
    ("ignorecase", Meaning::AnyCase),
    ("stringequalsignorecase", Meaning::AnyCase),
    ("anyof", Meaning::AnyOf),
    ("in", Meaning::AnyOf),
    ("isin", Meaning::AnyOf),
    ("oneof", Meaning::AnyOf),
    ("!=", Meaning::NoneOf),
    ("<>", Meaning::NoneOf),
    ("anythingbut", Meaning::NoneOf),
    ("except", Meaning::NoneOf),
    ("isnot", Meaning::NoneOf),
    ("ne", Meaning::NoneOf),
    ("neq", Meaning::NoneOf),
    ("nin", Meaning::NoneOf),
    ("noneof", Meaning::NoneOf),
    ("notequal", Meaning::NoneOf),
    ("notequals", Meaning::NoneOf),
    ("notin", Meaning::NoneOf),
    ("stringnotequals", Meaning::NoneOf),
    (">", Meaning::Compare(">")),
    ("gt", Meaning::Compare(">")),
    ("greaterthan", Meaning::Compare(">")),
    (">=", Meaning::Compare(">=")),
    ("ge", Meaning::Compare(">=")),
    ("gte", Meaning::Compare(">=")),
    ("<", Meaning::Compare("<")),
    ("lessthan", Meaning::Compare("<")),
    ("lt", Meaning::Compare("<")),
    ("<=", Meaning::Compare("<=")),
    ("le", Meaning::Compare("<=")),
    ("lte", Meaning::Compare("<=")),
    ("between", Meaning::Between),
    ("defined", Meaning::Present),
    ("isset", Meaning::Present),
    ("notempty", Meaning::Present),
    ("notnull", Meaning::Present),
    ("present", Meaning::Present),
    ("absent", Meaning::Absent),
    ("doesnotexist", Meaning::Absent),
    ("isnull", Meaning::Absent),
    ("missing", Meaning::Absent),
    ("notexists", Meaning::Absent),
    ("undefined", Meaning::Absent),
    ("incidr", Meaning::Inside),
    ("inside", Meaning::Inside),
    ("ip", Meaning::Inside),
    ("ipaddress", Meaning::Inside),
    ("subnet", Meaning::Inside),
    ("within", Meaning::Inside),
    ("notcidr", Meaning::Outside),
    ("notincidr", Meaning::Outside),
    ("notip", Meaning::Outside),
    ("notipaddress", Meaning::Outside),
    ("outside", Meaning::Outside),
];

/// Longer values are not written out.
const LONGEST: usize = 120;

fn meaning(name: &str) -> Option<Meaning> {
    let plain: String = name
        .chars()
        .filter(|c| !matches!(c, '-' | '_' | ' '))
        .collect();
    let plain = plain.to_lowercase();
    let found = WORDS.iter().find(|(word, _)| *word == plain);
    found.map(|(_, meaning)| *meaning)
}

/// Whether a key is an operator of another language. Some are names of parameters as well.
pub(crate) fn is_operator(name: &str) -> bool {
    meaning(name).is_some()
}

/// What such an operator says, in the words of the rules language: a value, a list of values, or a map with one of our
/// operators.
pub(crate) fn in_our_words(name: &str, value: Option<&Json>) -> Option<String> {
    let meaning = meaning(name)?;
    let written = value.and_then(|value| ours(meaning, value));
    Some(written.unwrap_or_else(|| {
        match meaning {
            Meaning::Regex | Meaning::Like | Meaning::Contains => "\"*…*\"",
            Meaning::NotLike | Meaning::NotContains => "{ not: \"*…*\" }",
            Meaning::Starts => "{ prefix: \"…\" }",
            Meaning::Ends => "{ suffix: \"…\" }",
            Meaning::Equal => "{ exact: \"…\" }",
            Meaning::AnyCase => "{ any-case: \"…\" }",
            Meaning::AnyOf => "[\"…\", \"…\"]",
            Meaning::NoneOf => "{ not: [\"…\", \"…\"] }",
            Meaning::Compare(_) | Meaning::Between => "{ number: \"> 0 and <= 5\" }",
            Meaning::Present => "{ exists: true }",
            Meaning::Absent => "{ exists: false }",
            Meaning::Inside => "{ cidr: 192.0.2.0/24 }",
            Meaning::Outside => "{ not: { cidr: 192.0.2.0/24 } }",
        }
        .to_owned()
    }))
}

/// What cannot be said in either language, and how near one comes; beside what [`in_our_words`] gives.
pub(crate) fn remark(name: &str, value: Option<&Json>) -> Option<&'static str> {
    match meaning(name)? {
        Meaning::Regex
            if value
                .and_then(|value| ours(Meaning::Regex, value))
                .is_none() =>
        {
            Some(
                "there are no regular expressions: `*` stands for any text, and a list means any of",
            )
        }
        Meaning::Outside
            if value
                .and_then(|value| ours(Meaning::Outside, value))
                .is_none() =>
        {
            Some("EventBridge has an opposite of blocks of IPv4 addresses only")
        }
        _ => None,
    }
}

fn ours(meaning: Meaning, value: &Json) -> Option<String> {
    let any_of = |texts: Vec<String>| match texts.as_slice() {
        [one] => short(format!("{one:?}")),
        all => short(format!("{all:?}")),
    };
    let map = |operator: &str, texts: Vec<String>| {
        any_of(texts).map(|texts| format!("{{ {operator}: {texts} }}"))
    };
    match meaning {
        Meaning::Regex => any_of(globs(value)?),
        Meaning::Like => any_of(texts(value)?),
        Meaning::NotLike => map("not", texts(value)?),
        Meaning::Contains => any_of(within(value)?),
        Meaning::NotContains => map("not", within(value)?),
        Meaning::Starts => map("prefix", texts(value)?),
        Meaning::Ends => map("suffix", texts(value)?),
        Meaning::Equal => match value {
            Json::String(text) if !text.contains('*') => short(format!("{text:?}")),
            value => short(format!("{{ exact: {value} }}")),
        },
        Meaning::AnyCase => map("any-case", texts(value)?),
        Meaning::AnyOf => short(value.to_string()),
        Meaning::NoneOf => short(format!("{{ not: {value} }}")),
        Meaning::Compare(sign) => {
            let number = number(value)?;
            Some(format!("{{ number: \"{sign} {number}\" }}"))
        }
        Meaning::Between => {
            let (low, high) = two(value)?;
            Some(format!("{{ number: \">= {low} and <= {high}\" }}"))
        }
        Meaning::Present => Some(exists(true, value)),
        Meaning::Absent => Some(exists(false, value)),
        Meaning::Inside => map("cidr", blocks(value)?),
        Meaning::Outside => {
            let blocks = blocks(value)?;
            let expressible = |block: &String| !block.contains(':') && !block.ends_with("/0");
            let cidr = blocks.iter().all(expressible).then_some(blocks)?;
            map("cidr", cidr).map(|cidr| format!("{{ not: {cidr} }}"))
        }
    }
}

/// What such an operator says, as tests of a raw pattern; nothing where EventBridge cannot say it, or it would be long.
pub(crate) fn as_tests(name: &str, value: &Json) -> Option<String> {
    let wildcard = |glob: &String| match glob.trim_matches('*') {
        "" => "{ exists: true }".to_owned(),
        _ if glob.contains('*') => format!("{{ wildcard: {glob:?} }}"),
        _ => format!("{glob:?}"),
    };
    let each = |tests: Vec<String>, write: &dyn Fn(&String) -> String| {
        let tests: Vec<String> = tests.iter().map(write).collect();
        short(format!("[{}]", tests.join(", ")))
    };
    match meaning(name)? {
        Meaning::Regex => each(globs(value)?, &wildcard),
        Meaning::Like => each(texts(value)?, &wildcard),
        Meaning::Contains => each(within(value)?, &wildcard),
        Meaning::NotLike => short(format!("[{{ anything-but: {{ wildcard: {value} }} }}]")),
        Meaning::NotContains => {
            let globs = within(value)?;
            short(format!("[{{ anything-but: {{ wildcard: {globs:?} }} }}]"))
        }
        Meaning::Starts => each(texts(value)?, &|text| format!("{{ prefix: {text:?} }}")),
        Meaning::Ends => each(texts(value)?, &|text| format!("{{ suffix: {text:?} }}")),
        Meaning::AnyCase => each(texts(value)?, &|text| {
            format!("{{ equals-ignore-case: {text:?} }}")
        }),
        Meaning::Equal | Meaning::AnyOf => match value {
            Json::Array(_) => short(value.to_string()),
            value => short(format!("[{value}]")),
        },
        Meaning::NoneOf => short(format!("[{{ anything-but: {value} }}]")),
        Meaning::Compare(sign) => {
            let number = number(value)?;
            Some(format!("[{{ numeric: [\"{sign}\", {number}] }}]"))
        }
        Meaning::Between => {
            let (low, high) = two(value)?;
            Some(format!("[{{ numeric: [\">=\", {low}, \"<=\", {high}] }}]"))
        }
        Meaning::Present => Some(format!("[{}]", exists(true, value))),
        Meaning::Absent => Some(format!("[{}]", exists(false, value))),
        Meaning::Inside => each(blocks(value)?, &|block| match block.split_once('/') {
            // EventBridge refuses a block of one address, and compares the address itself.
            Some((address, "32" | "128")) => format!("{address:?}"),
            _ => format!("{{ cidr: {block:?} }}"),
        }),
        Meaning::Outside => None,
    }
}

fn short(text: String) -> Option<String> {
    (text.len() <= LONGEST).then_some(text)
}

/// `exists` with what is asked for; `false` behind an operator turns it round.
fn exists(there: bool, value: &Json) -> String {
    let there = there == (*value != Json::Bool(false));
    format!("{{ exists: {there} }}")
}

/// A text or some.
fn texts(value: &Json) -> Option<Vec<String>> {
    let all = match value {
        Json::Array(items) => items.as_slice(),
        value => std::slice::from_ref(value),
    };
    let text = |value: &Json| value.as_str().map(str::to_owned);
    let texts: Vec<String> = all.iter().map(text).collect::<Option<_>>()?;
    (!texts.is_empty()).then_some(texts)
}

/// Texts that hold some texts, as globs.
fn within(value: &Json) -> Option<Vec<String>> {
    let glob = |text: String| {
        let text = text.replace('\\', r"\\").replace('*', r"\*");
        format!("*{text}*")
    };
    Some(texts(value)?.into_iter().map(glob).collect())
}

fn number(value: &Json) -> Option<String> {
    let text = match value {
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    text.parse::<f64>()
        .is_ok_and(f64::is_finite)
        .then_some(text)
}

fn two(value: &Json) -> Option<(String, String)> {
    match value.as_array()?.as_slice() {
        [low, high] => Some((number(low)?, number(high)?)),
        _ => None,
    }
}

/// Blocks of addresses; one address is a block of its own.
fn blocks(value: &Json) -> Option<Vec<String>> {
    let block = |text: String| match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => Some(format!("{text}/32")),
        Ok(IpAddr::V6(_)) => Some(format!("{text}/128")),
        Err(_) => {
            let (address, bits) = text.split_once('/')?;
            let good = address.parse::<IpAddr>().is_ok() && bits.parse::<u8>().is_ok();
            good.then_some(text)
        }
    };
    texts(value)?.into_iter().map(block).collect()
}

/// Regular expressions as globs, where these say as much.
fn globs(value: &Json) -> Option<Vec<String>> {
    let all = texts(value)?;
    let globs: Vec<Vec<String>> = all
        .iter()
        .map(|regex| alternatives(regex))
        .collect::<Option<_>>()?;
    Some(globs.into_iter().flatten().collect())
}

/// One regular expression: alternatives may stand in one group around all of it.
fn alternatives(regex: &str) -> Option<Vec<String>> {
    let (start, rest) = match regex.strip_prefix('^') {
        Some(rest) => ("", rest),
        None => ("*", regex),
    };
    let (end, body) = match rest.strip_suffix('$') {
        Some(body) if !body.ends_with('\\') => ("", body),
        _ => ("*", rest),
    };
    let group = body
        .strip_prefix('(')
        .and_then(|body| body.strip_suffix(')'))
        .filter(|body| !body.contains(['(', ')']));
    let bodies: Vec<&str> = match group {
        Some(body) => body.strip_prefix("?:").unwrap_or(body).split('|').collect(),
        None => vec![body],
    };
    let glob = |body: &&str| {
        let mut glob = format!("{start}{}{end}", literal(body)?);
        while glob.contains("**") {
            glob = glob.replace("**", "*");
        }
        Some(glob)
    };
    bodies.iter().map(glob).collect()
}

/// A regular expression without groups and classes, with `*` for `.*`.
fn literal(body: &str) -> Option<String> {
    let mut glob = String::new();
    let mut rest = body.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next()? {
                c @ ('*' | '\\') => glob.extend(['\\', c]),
                c if c.is_alphanumeric() => return None,
                c => glob.push(c),
            },
            '.' if matches!(rest.peek(), Some('*' | '+')) => {
                rest.next();
                rest.next_if_eq(&'?');
                glob.push('*');
            }
            '[' | ']' | '(' | ')' | '{' | '}' | '*' | '+' | '?' | '|' | '^' | '$' => return None,
            c => glob.push(c),
        }
    }
    Some(glob)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn regular_expressions_are_globs_where_these_say_as_much() {
        for (regex, globs) in [
            (
                "^arn:aws:iam::.*:user/admin$",
                Some(vec!["arn:aws:iam::*:user/admin"]),
            ),
            ("terraform", Some(vec!["*terraform*"])),
            ("^Create.+", Some(vec!["Create*"])),
            (".*", Some(vec!["*"])),
            (
                r"console\.amazonaws\.com$",
                Some(vec!["*console.amazonaws.com"]),
            ),
            ("^(Create|Delete)User$", None),
            (
                "^(CreateUser|DeleteUser)$",
                Some(vec!["CreateUser", "DeleteUser"]),
            ),
            ("[A-Z]+", None),
            (r"\d{12}", None),
        ] {
            let globs: Option<Vec<String>> =
                globs.map(|globs| globs.into_iter().map(str::to_owned).collect());
            assert_eq!(alternatives(regex), globs, "{regex}");
        }
    }

    #[test]
    fn operators_of_others_are_said_in_our_words() {
        for (name, value, ours, tests) in [
            (
                "regex",
                json!("^Create.*"),
                "\"Create*\"",
                Some("[{ wildcard: \"Create*\" }]"),
            ),
            (
                "contains",
                json!("root"),
                "\"*root*\"",
                Some("[{ wildcard: \"*root*\" }]"),
            ),
            (
                "startsWith",
                json!("a"),
                "{ prefix: \"a\" }",
                Some("[{ prefix: \"a\" }]"),
            ),
            (
                "in",
                json!(["a", "b"]),
                "[\"a\",\"b\"]",
                Some("[\"a\",\"b\"]"),
            ),
            (
                "not_in",
                json!(["a"]),
                "{ not: [\"a\"] }",
                Some("[{ anything-but: [\"a\"] }]"),
            ),
            (
                "gte",
                json!(3),
                "{ number: \">= 3\" }",
                Some("[{ numeric: [\">=\", 3] }]"),
            ),
            (
                "between",
                json!([1, 5]),
                "{ number: \">= 1 and <= 5\" }",
                Some("[{ numeric: [\">=\", 1, \"<=\", 5] }]"),
            ),
            (
                "absent",
                json!(true),
                "{ exists: false }",
                Some("[{ exists: false }]"),
            ),
            (
                "present",
                json!(false),
                "{ exists: false }",
                Some("[{ exists: false }]"),
            ),
            (
                "outside",
                json!("10.0.0.0/8"),
                "{ not: { cidr: \"10.0.0.0/8\" } }",
                None,
            ),
            (
                "ip_address",
                json!("192.0.2.1"),
                "{ cidr: \"192.0.2.1/32\" }",
                Some("[\"192.0.2.1\"]"),
            ),
        ] {
            assert_eq!(
                in_our_words(name, Some(&value)).as_deref(),
                Some(ours),
                "{name}"
            );
            assert_eq!(as_tests(name, &value).as_deref(), tests, "{name}");
        }
        assert_eq!(in_our_words("userName", Some(&json!("x"))), None);
        assert!(remark("regex", Some(&json!("[a-z]"))).is_some());
        assert!(remark("outside", Some(&json!("2001:db8::/32"))).is_some());
        assert!(remark("regex", Some(&json!("^a.*"))).is_none());
    }
}
