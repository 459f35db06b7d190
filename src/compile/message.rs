//! What a person reads: the input transformer of a detector's target.
//!
//! EventBridge inserts values into a quoted string without escaping, so one `"` in a value breaks the
//! message and the alert goes to the dead-letter queue as `INVALID_JSON`. Whoever acts could then silence
//! the alert by a crafted user agent. Text alerts therefore show only fields whose alphabet AWS limits;
//! the rest is one link away. Source: `eb-transform-target-input`, and users' reports of `INVALID_JSON`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::transformer::InputTransformer;
use super::{Compiled, Names, dispatched};
use crate::place::Region;
use crate::rules::Format;

/// Variables of text alerts. A variable whose path is absent vanishes from the text.
///
/// No ARN: an IAM path may hold any printable ASCII, quotes included (`pathType` in the IAM API model).
/// Role names and access key ids cannot.
const TEXT_PATHS: &[(&str, &str)] = &[
    ("event", "$.detail.eventName"),
    ("service", "$.detail.eventSource"),
    ("type", "$.detail.userIdentity.type"),
    (
        "role",
        "$.detail.userIdentity.sessionContext.sessionIssuer.userName",
    ),
    ("key", "$.detail.userIdentity.accessKeyId"),
    ("owner", "$.detail.userIdentity.accountId"),
    ("by", "$.detail.userIdentity.invokedBy"),
    ("account", "$.account"),
    ("region", "$.region"),
    ("time", "$.time"),
    ("ip", "$.detail.sourceIPAddress"),
    ("error", "$.detail.errorCode"),
    ("id", "$.detail.eventID"),
    ("source", "$.source"),
];

/// Names of IAM users and sessions, whose alphabet IAM and STS limit. Only for events where an identity
/// provider cannot put a name of its choice into these fields.
const NAME_PATHS: &[(&str, &str)] = &[
    ("user", "$.detail.userIdentity.userName"),
    ("principal", "$.detail.userIdentity.principalId"),
];

/// What console sign-ins say besides.
const SIGN_IN_PATHS: &[(&str, &str)] = &[
    ("outcome", "$.detail.responseElements.ConsoleLogin"),
    ("mfa", "$.detail.additionalEventData.MFAUsed"),
];

/// Where records say that something failed without an error code, or that it did not: `Failure`, `Success`. Only sign-ins
/// do, in a field of the event's own name. `errorMessage` would tell as well, and holds any text.
/// Source: CloudTrail user guide, "AWS Management Console sign-in events"; IAM Identity Center user guide, "Understanding
/// sign-in events".
const OUTCOME_PATHS: &[(&str, &str)] = &[
    ("login", "$.detail.responseElements.ConsoleLogin"),
    ("second", "$.detail.responseElements.CheckMfa"),
    ("switched", "$.detail.responseElements.SwitchRole"),
    ("left", "$.detail.responseElements.ExitRole"),
    ("renewed", "$.detail.responseElements.RenewRole"),
    ("token", "$.detail.responseElements.GetSigninToken"),
    (
        "forgotten",
        "$.detail.responseElements.PasswordRecoveryRequested",
    ),
    (
        "recovered",
        "$.detail.responseElements.PasswordRecoveryCompleted",
    ),
    ("changed", "$.detail.responseElements.PasswordUpdated"),
    ("moved", "$.detail.responseElements.EmailUpdated"),
    (
        "challenged",
        "$.detail.serviceEventDetails.CredentialChallenge",
    ),
    (
        "verified",
        "$.detail.serviceEventDetails.CredentialVerification",
    ),
    ("entered", "$.detail.serviceEventDetails.UserAuthentication"),
];

/// What ends a template for machines.
const WHOLE_EVENT: &str = ",\"source\":<source>,\"event\":<aws.events.event.json>}";

/// Whether two templates tell of the same rule in the same form, so that an alert arrives by either: the words may be of
/// another version of the rules file. What could not be one of ours may hold nothing, or break on what it inserts.
pub fn differ_in_words(one: &str, other: &str) -> bool {
    if let (Some(one), Some(other)) = (dispatched::head(one), dispatched::head(other)) {
        return one == other;
    }
    match (machine_head(one), machine_head(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => match (text_rule(one), text_rule(other)) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        },
        _ => false,
    }
}

/// Whether a variable holds a name that somebody may have chosen: a quote in it breaks a text that is not made for such.
pub fn is_chosen_name(name: &str) -> bool {
    NAME_PATHS.iter().any(|(known, _)| *known == name)
}

/// Whether a template of ours may take a variable from there.
pub fn is_own_path(name: &str, path: &str) -> bool {
    [TEXT_PATHS, NAME_PATHS, SIGN_IN_PATHS, OUTCOME_PATHS]
        .into_iter()
        .flatten()
        .any(|known| *known == (name, path))
}

/// What a template for machines says before the event besides its words; `None` if it is none of ours.
fn machine_head(template: &str) -> Option<Map<String, Value>> {
    let head = template.strip_suffix(WHOLE_EVENT)?;
    // A variable there would be inserted as it comes.
    let head = (!head.contains(['<', '>'])).then(|| format!("{head}}}"))?;
    let mut head: Map<String, Value> = serde_json::from_str(&head).ok()?;
    // By the severity machines decide whom they wake: another one is not another wording.
    matches!(head.remove("title"), Some(Value::String(_))).then_some(head)
}

/// The last line of a template for people, which names the rule; `None` if it is none of ours: each line is one quoted
/// string, the source stands first, and all variables are ours, those of every text among them.
fn text_rule(template: &str) -> Option<&str> {
    let lines = template.split('\n').map(|line| {
        let line = line.strip_prefix('"')?.strip_suffix('"')?;
        let ends_early = |c: char| c == '"' || c == '\\' || c.is_control();
        (!line.contains(ends_early)).then_some(line)
    });
    let lines: Vec<&str> = lines.collect::<Option<_>>()?;
    let (_, title) = lines
        .first()?
        .strip_prefix("[<source>] ")?
        .split_once(": ")?;
    let used = lines.iter().flat_map(|line| variables(line));
    let used: BTreeSet<&str> = used.collect();
    let known = [TEXT_PATHS, NAME_PATHS, SIGN_IN_PATHS, OUTCOME_PATHS];
    let known = known.into_iter().flatten().map(|(name, _)| *name);
    let known: BTreeSet<&str> = known.collect();
    let has_all = TEXT_PATHS.iter().all(|(name, _)| used.contains(name));
    let rule = lines.last()?;
    let is_ours = !title.is_empty() && has_all && used.is_subset(&known);
    (is_ours && rule.starts_with("Rule: ")).then_some(*rule)
}

/// The variables of a line.
fn variables(line: &str) -> impl Iterator<Item = &str> {
    let behind = line.split('<').skip(1);
    behind.map(|rest| rest.split_once('>').map_or(rest, |(name, _)| name))
}

/// The alert of a pattern in one form. `home`: where alerts are raised; a rules file ends at its partition's border.
pub fn message(compiled: &Compiled, format: Format, home: &Region) -> InputTransformer {
    match format {
        Format::Text => text(compiled, home.partition().console()),
        Format::Json => machine(compiled),
    }
}

fn text(compiled: &Compiled, console: &str) -> InputTransformer {
    let mut paths = TEXT_PATHS.to_vec();
    let severity = compiled.severity.to_string().to_uppercase();
    let title = plain(&compiled.title);
    let who = if compiled.names == Names::Free {
        "Who: <type> <role> <key> of <owner><by>"
    } else {
        paths.extend(NAME_PATHS);
        "Who: <type> <user><role> <principal> <key> of <owner><by>"
    };
    let result = if compiled.names == Names::SignIn {
        paths.extend(SIGN_IN_PATHS);
        "Result: <outcome><error> (MFA: <mfa>)".to_owned()
    } else {
        paths.extend(OUTCOME_PATHS);
        let outcomes = OUTCOME_PATHS.iter().map(|(name, _)| format!("<{name}>"));
        // Of a call that went through, a record says nothing.
        format!(
            "Result: {}<error> (empty: the record has no error code)",
            outcomes.collect::<String>()
        )
    };
    // How it ended stands beside what the title says, which was perhaps only tried.
    let lines = [
        // The envelope's source is AWS's own for what AWS tells, and says that it is a test otherwise: nothing in the
        // event, whoever wrote it, comes before it.
        format!("[<source>] {severity}: {title}"),
        result,
        "What: <event> at <service>".to_owned(),
        who.to_owned(),
        "Account: <account>  Region: <region>".to_owned(),
        "When: <time>  From: <ip>".to_owned(),
        format!("https://<region>.{console}/cloudtrailv2/home?region=<region>#/events/<id>"),
        format!("Rule: {}", compiled.rule),
    ];
    // One quoted string a line is AWS's form for several lines of text; SNS delivers the quotes too.
    let quoted: Vec<String> = lines.iter().map(|line| format!("\"{line}\"")).collect();
    InputTransformer {
        paths: owned(&paths),
        template: quoted.join("\n"),
    }
}

/// One JSON object with the whole event, whose source stands before it: readers tell a test by that.
/// `aws.events.event.json` is always present and always JSON; a variable outside quotes is inserted as JSON.
/// Source: `eb-transform-target-input`.
fn machine(compiled: &Compiled) -> InputTransformer {
    let head = json!({
        "format_version": 1,
        "rule": compiled.rule,
        "severity": compiled.severity,
        "title": compiled.title,
    })
    .to_string();
    // `<` and `>` mark variables; as JSON escapes they mean the same and mark nothing.
    let head = head.replace('<', "\\u003c").replace('>', "\\u003e");
    let head = head.trim_end_matches('}');
    InputTransformer {
        paths: owned(&[("source", "$.source")]),
        template: format!("{head}{WHOLE_EVENT}"),
    }
}

/// A title as it can stand in a quoted template line.
fn plain(title: &str) -> String {
    title
        .chars()
        .map(|c| match c {
            '"' => '\'',
            '<' => '(',
            '>' => ')',
            '\\' => '/',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

fn owned(paths: &[(&str, &str)]) -> BTreeMap<String, String> {
    paths
        .iter()
        .map(|(name, path)| ((*name).to_owned(), (*path).to_owned()))
        .collect()
}
