//! ARNs and the names in them. Those of roles and of their sessions stand in different fields and are never the
//! same.
//!
//! Source: CloudTrail user guide, "CloudTrail userIdentity element"; IAM user guide, "IAM identifiers": the
//! ARN of a session holds the role's name without its path, and neither name holds a slash or a colon.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::events::Tongue;
use super::model::Matcher;
use crate::diagnostic::Span;
use crate::diagnostic::codes::{self, Code};
use crate::diagnostic::{Problem, Report, shown};

const CALLER: &str = "userIdentity.arn";
const ISSUER: &str = "userIdentity.sessionContext.sessionIssuer.arn";
const ISSUER_NAME: &str = "userIdentity.sessionContext.sessionIssuer.userName";
const ROLE: &str = ":role/";
const SESSION: &str = ":assumed-role/";
/// What stands behind the last colon of the ARNs of IAM and STS. Source: IAM user guide, "IAM identifiers".
const KINDS: [&str; 6] = [
    "assumed-role/",
    "group/",
    "policy/",
    "role/",
    "root",
    "user/",
];

/// Warns of conditions of the rules language.
pub(super) fn warn_of_matchers(path: &str, any_of: &[Matcher], span: Span, report: &mut Report) {
    for matcher in any_of {
        if let Matcher::Not(none_of) = matcher {
            warn_of_matchers(path, none_of, span, report);
        }
        if let Some(problem) = glob_of(matcher).and_then(|glob| problem(path, &glob, Tongue::Rules))
        {
            report.say(problem, None, span);
        }
    }
}

/// Whether no event meets a condition.
pub(super) fn is_nowhere_met(path: &str, matcher: &Matcher) -> bool {
    let problem = glob_of(matcher).and_then(|glob| problem(path, &glob, Tongue::Rules));
    problem.is_some_and(|problem| problem.certain)
}

fn glob_of(matcher: &Matcher) -> Option<Cow<'_, str>> {
    match matcher {
        Matcher::Glob(text) | Matcher::AnyCase(text) | Matcher::Exact(Json::String(text)) => {
            Some(text.into())
        }
        Matcher::Prefix(text) => Some(format!("{text}*").into()),
        Matcher::Suffix(text) => Some(format!("*{text}").into()),
        Matcher::Exact(_)
        | Matcher::Exists(_)
        | Matcher::Number(_)
        | Matcher::Cidr(_)
        | Matcher::Not(_) => None,
    }
}

/// Warns of a test of a raw pattern. `fatal`: the code of an error, where nothing can match for it.
pub(super) fn warn_of_test(
    path: &str,
    test: &Json,
    fatal: Option<Code>,
    span: Span,
    report: &mut Report,
) {
    let (negated, globs) = globs_of_test(test);
    let tongue = if negated { Tongue::Except } else { Tongue::Raw };
    for glob in globs {
        if let Some(problem) = problem(path, &glob, tongue) {
            report.say(problem, fatal.filter(|_| !negated), span);
        }
    }
}

/// Whether no event meets a test of a raw pattern.
pub(super) fn is_nowhere_matched(path: &str, test: &Json) -> bool {
    let (negated, globs) = globs_of_test(test);
    let dead = |glob: &Cow<'_, str>| {
        problem(path, glob, Tongue::Raw).is_some_and(|problem| problem.certain)
    };
    !negated && !globs.is_empty() && globs.iter().all(dead)
}

/// The texts of a test, as globs, and whether it asks for none of them.
fn globs_of_test(test: &Json) -> (bool, Vec<Cow<'_, str>>) {
    let operators = match test {
        Json::String(text) => return (false, vec![text.into()]),
        Json::Object(operators) => operators,
        _ => return (false, Vec::new()),
    };
    // An operator map holds one.
    match operators.iter().next() {
        Some((name, Json::String(text))) if name == "prefix" => {
            (false, vec![format!("{text}*").into()])
        }
        Some((name, Json::String(text))) if name == "suffix" => {
            (false, vec![format!("*{text}").into()])
        }
        Some((name, Json::String(text)))
            if ["wildcard", "equals-ignore-case"].contains(&name.as_str()) =>
        {
            (false, vec![text.into()])
        }
        Some((name, Json::Array(texts))) if name == "anything-but" => {
            let texts = texts.iter().filter_map(Json::as_str);
            (true, texts.map(Cow::from).collect())
        }
        Some((name, test)) if name == "anything-but" => (true, globs_of_test(test).1),
        _ => (false, Vec::new()),
    }
}

/// Warns of what a test of a rule writes into a field.
pub(super) fn warn_of_text(path: &str, text: &str, span: Span, report: &mut Report) {
    if let Some(problem) = problem(path, text, Tongue::Test) {
        report.say(problem, None, span);
    }
}

fn problem(path: &str, glob: &str, tongue: Tongue) -> Option<Problem> {
    // After a `\` a star is a star, which no ARN here is likely to be.
    if glob.is_empty() || glob.contains('\\') {
        return None;
    }
    if path == CALLER || path == ISSUER {
        role_or_session(path, glob, tongue).or_else(|| no_arn(path, glob, tongue))
    } else if path == ISSUER_NAME {
        path_of_name(glob, tongue)
    } else {
        no_arn(path, glob, tongue)
    }
}

/// A name where the whole ARN stands.
fn no_arn(path: &str, glob: &str, tongue: Tongue) -> Option<Problem> {
    const ARN: &str = "arn:";
    let parent = path.split('.').next().unwrap_or_default();
    let field = path.rsplit('.').next().unwrap_or_default();
    // Of a key the id or an alias is as good in many calls, and resources have names of many kinds.
    let other_names = ["key", "resource"];
    let holds_arn = path == CALLER
        || path == ISSUER
        || (parent == "requestParameters"
            && (field == "arn" || field.ends_with("Arn") || field.ends_with("ARN"))
            && !other_names
                .iter()
                .any(|name| field.to_lowercase().contains(name)));
    // A test may write what is short.
    if tongue == Tongue::Test {
        return None;
    }
    let head = glob.split('*').next().unwrap_or_default().to_lowercase();
    let fits = head.starts_with(ARN) || (glob.contains('*') && ARN.starts_with(&head));
    if !holds_arn || fits {
        return None;
    }
    let name = glob.trim_start_matches(['*', '/']);
    let mark = if KINDS.iter().any(|kind| name.starts_with(kind)) {
        ':'
    } else {
        '/'
    };
    let instead = match tongue {
        Tongue::Raw | Tongue::Except if name.contains('*') => {
            raw(field, &format!("*{mark}{name}"), tongue)
        }
        Tongue::Except => format!(
            "{field}: [{{ anything-but: {{ suffix: {:?} }} }}]",
            format!("{mark}{name}")
        ),
        Tongue::Raw => format!("{field}: [{{ suffix: {:?} }}]", format!("{mark}{name}")),
        Tongue::Rules | Tongue::Test => format!("{path}: {:?}", format!("*{mark}{name}")),
    };
    // Callers can write into a parameter what they like, and calls that are refused are recorded as well.
    let certain = parent == "userIdentity";
    Some(Problem {
        code: codes::OTHER_VALUE,
        message: format!("{} is no ARN, and `{path}` holds one", shown(glob)),
        label: if certain {
            "no event holds it"
        } else {
            "an ARN begins with `arn:`"
        }
        .to_owned(),
        help: format!("write the whole ARN, or `{instead}` for any that ends so"),
        certain,
    })
}

/// The name of a role with its path, which stands in the ARN only.
fn path_of_name(glob: &str, tongue: Tongue) -> Option<Problem> {
    let (_, name) = glob.rsplit_once('/')?;
    let arn = if glob.starts_with("arn:") || glob.contains(ROLE) {
        glob.to_owned()
    } else {
        let path = glob.trim_start_matches(['*', '/']);
        format!("*{ROLE}{}", path.strip_prefix("role/").unwrap_or(path))
    };
    let (short, long) = match tongue {
        Tongue::Rules | Tongue::Test => (
            format!("{ISSUER_NAME}: {name:?}"),
            format!("{ISSUER}: {arn:?}"),
        ),
        Tongue::Raw | Tongue::Except => (raw("userName", name, tongue), raw("arn", &arn, tongue)),
    };
    let help = if tongue == Tongue::Test {
        format!("write `{short}`")
    } else if name.chars().all(|c| c == '*') {
        format!("the path stands in the ARN: write `{long}`")
    } else {
        format!("write `{short}`; with its path the role stands in the ARN: `{long}`")
    };
    Some(Problem {
        code: codes::OTHER_VALUE,
        message: format!("{} holds a `/`, and the name of a role none", shown(glob)),
        label: "no event holds it: a role's name stands here without its path".to_owned(),
        help,
        certain: true,
    })
}

/// A test of one field in EventBridge's words.
fn raw(field: &str, glob: &str, tongue: Tongue) -> String {
    match (tongue == Tongue::Except, glob.contains('*')) {
        (false, false) => format!("{field}: [{glob:?}]"),
        (false, true) => format!("{field}: [{{ wildcard: {glob:?} }}]"),
        (true, false) => format!("{field}: [{{ anything-but: {glob:?} }}]"),
        (true, true) => format!("{field}: [{{ anything-but: {{ wildcard: {glob:?} }} }}]"),
    }
}

/// The ARN of a role where that of a session stands, or the other way round.
fn role_or_session(path: &str, glob: &str, tongue: Tongue) -> Option<Problem> {
    // A star may stand for anything: only what is spelt out between two of them counts.
    let holds = |part: &str| glob.split('*').any(|literal| literal.contains(part));
    let (message, label, field, text) = if path == CALLER && holds(ROLE) {
        (
            format!("{} is a role, and callers are its sessions", shown(glob)),
            "no caller has this ARN: that of a session is `arn:aws:sts::…:assumed-role/NAME/SESSION`",
            ISSUER,
            of_iam(glob),
        )
    } else if path == ISSUER && holds(ROLE) && of_iam(glob) != glob {
        (
            format!("{} is not how the ARN of a role begins", shown(glob)),
            "no issuer has this ARN: that of a role is `arn:aws:iam::…:role/NAME`",
            ISSUER,
            of_iam(glob),
        )
    } else if path == ISSUER && holds(SESSION) {
        let whole = glob.split_once(SESSION).map_or("", |(_, tail)| tail);
        let open = whole.contains(['/', '*']);
        (
            format!(
                "{} is a session, and a session is issued by its role",
                shown(glob)
            ),
            "no issuer has this ARN: that of a role is `arn:aws:iam::…:role/NAME`",
            CALLER,
            if open {
                glob.to_owned()
            } else {
                format!("{glob}/*")
            },
        )
    } else if path == CALLER
        && let Some((before, tail)) = glob.split_once(SESSION)
    {
        let parts: Vec<&str> = tail.split('/').collect();
        match parts.as_slice() {
            [name] if !name.contains('*') && !name.is_empty() => (
                format!("{} lacks the name of the session", shown(glob)),
                "no caller has this ARN: each session has a name behind the role's",
                CALLER,
                format!("{glob}/*"),
            ),
            [_, .., name, session] => (
                format!("{} holds the path of the role", shown(glob)),
                "no caller has this ARN: that of a session holds the role's name only",
                CALLER,
                format!("{before}{SESSION}{name}/{session}"),
            ),
            _ => return None,
        }
    } else {
        return None;
    };
    let help = match (tongue, field) {
        // `anything-but` asks for the field, which not every caller has.
        (Tongue::Except, field) => {
            format!("write the rule with `events` and `unless: {{ {field}: {text:?} }}`")
        }
        (Tongue::Raw, ISSUER) => {
            format!(
                "write `sessionContext: {{ sessionIssuer: {{ {} }} }}` under `userIdentity`",
                raw("arn", &text, tongue)
            )
        }
        (Tongue::Raw, _) => {
            format!("write `{}` under `userIdentity`", raw("arn", &text, tongue))
        }
        (Tongue::Test, _) => format!("write `{path}: {:?}`", as_an_event_has_it(path, glob)),
        (Tongue::Rules, field) => format!("write `{field}: {text:?}`"),
    };
    Some(Problem {
        code: codes::ROLE_ARN,
        message,
        label: label.to_owned(),
        help,
        certain: false,
    })
}

/// The ARN of a role, with the service that has roles. Those of STS end with the name of a session.
fn of_iam(glob: &str) -> String {
    match glob.split_once(":sts:") {
        Some((head, tail)) if tail.contains(ROLE) => {
            format!("{head}:iam:{}", tail.strip_suffix("/*").unwrap_or(tail))
        }
        _ => glob.to_owned(),
    }
}

/// An ARN of a role as that of a session of it, or the other way round.
fn as_an_event_has_it(path: &str, arn: &str) -> String {
    let service = if path == CALLER { "sts" } else { "iam" };
    let other = if path == CALLER { "iam" } else { "sts" };
    let mark = if arn.contains(ROLE) { ROLE } else { SESSION };
    let (account, name) = arn.split_once(mark).unwrap_or_default();
    let account = account.replace(&format!(":{other}:"), &format!(":{service}:"));
    match (path, mark) {
        (CALLER, ROLE) => {
            let name = name.rsplit('/').next().unwrap_or_default();
            format!("{account}{SESSION}{name}/SESSION")
        }
        (CALLER, _) => match name.rsplit('/').collect::<Vec<_>>().as_slice() {
            [session, name, ..] => format!("{account}{SESSION}{name}/{session}"),
            _ => format!("{account}{SESSION}{name}/SESSION"),
        },
        _ => {
            let name = name.split('/').next().unwrap_or_default();
            format!("{account}{ROLE}{name}")
        }
    }
}
