//! ARNs of roles and of their sessions, which stand in different fields and are never the same.
//!
//! Source: CloudTrail user guide, "CloudTrail userIdentity element"; IAM user guide, "IAM identifiers": the
//! ARN of a session holds the role's name without its path, and neither name holds a slash or a colon.

use serde_json::Value as Json;

use super::codes;
use super::events::Tongue;
use super::model::Matcher;
use super::report::{Report, shown};
use super::source::Span;

const CALLER: &str = "userIdentity.arn";
const ISSUER: &str = "userIdentity.sessionContext.sessionIssuer.arn";
const ROLE: &str = ":role/";
const SESSION: &str = ":assumed-role/";

/// Warns of conditions of the rules language.
pub(super) fn warn_of_matchers(path: &str, any_of: &[Matcher], span: Span, report: &mut Report) {
    if path != CALLER && path != ISSUER {
        return;
    }
    for matcher in any_of {
        match matcher {
            Matcher::Glob(text) | Matcher::AnyCase(text) => {
                warn_of_glob(path, text, Tongue::Rules, span, report);
            }
            Matcher::Exact(Json::String(text)) => {
                warn_of_glob(path, text, Tongue::Rules, span, report);
            }
            Matcher::Prefix(text) => {
                warn_of_glob(path, &format!("{text}*"), Tongue::Rules, span, report);
            }
            Matcher::Suffix(text) => {
                warn_of_glob(path, &format!("*{text}"), Tongue::Rules, span, report);
            }
            Matcher::Not(none_of) => warn_of_matchers(path, none_of, span, report),
            Matcher::Exact(_) | Matcher::Exists(_) | Matcher::Number(_) | Matcher::Cidr(_) => {}
        }
    }
}

/// Warns of a test of a raw pattern.
pub(super) fn warn_of_test(path: &str, test: &Json, span: Span, report: &mut Report) {
    if path != CALLER && path != ISSUER {
        return;
    }
    let mut warn = |glob: &str| warn_of_glob(path, glob, Tongue::Raw, span, report);
    match test {
        Json::String(text) => warn(text),
        // An operator map holds one.
        Json::Object(operators) => match operators.iter().next() {
            Some((name, Json::String(text))) if name == "prefix" => warn(&format!("{text}*")),
            Some((name, Json::String(text))) if name == "suffix" => warn(&format!("*{text}")),
            Some((name, Json::String(text)))
                if ["wildcard", "equals-ignore-case"].contains(&name.as_str()) =>
            {
                warn(text);
            }
            Some((name, Json::Array(texts))) if name == "anything-but" => {
                texts.iter().filter_map(Json::as_str).for_each(&mut warn);
            }
            Some((name, test)) if name == "anything-but" => {
                warn_of_test(path, test, span, report);
            }
            _ => {}
        },
        _ => {}
    }
}

/// What is wrong with an ARN, and where and how to write it.
fn warn_of_glob(path: &str, glob: &str, tongue: Tongue, span: Span, report: &mut Report) {
    // A star may stand for anything: only what is spelt out between two of them counts.
    let holds = |part: &str| glob.split('*').any(|literal| literal.contains(part));
    let (message, label, field, text) = if path == CALLER && holds(ROLE) {
        (
            format!("{} is a role, and callers are its sessions", shown(glob)),
            "no caller has this ARN: that of a session is `arn:aws:sts::…:assumed-role/NAME/SESSION`",
            ISSUER,
            glob.to_owned(),
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
            _ => return,
        }
    } else {
        return;
    };
    let help = match (tongue, field) {
        (Tongue::Raw, ISSUER) => {
            format!(
                "write `sessionContext: {{ sessionIssuer: {{ arn: [{text:?}] }} }}` under `userIdentity`"
            )
        }
        (Tongue::Raw, _) if text.contains('*') => {
            format!("write `arn: [{{ wildcard: {text:?} }}]` under `userIdentity`")
        }
        (Tongue::Raw, _) => format!("write `arn: [{text:?}]` under `userIdentity`"),
        (Tongue::Rules | Tongue::Test, field) => format!("write `{field}: {text:?}`"),
    };
    report
        .warning(codes::ROLE_ARN, span)
        .message(message)
        .label(label)
        .help(help);
}
