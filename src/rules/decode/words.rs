//! What an alert says besides what happened: `description`, `runbook`, `headline`.

use crate::diagnostic::{Report, Span, codes, shown};
use crate::rules::model::HeadlinePiece;
use crate::rules::syntax::read::{Fields, text};
use crate::rules::syntax::yaml::Node;

/// Longest description, in characters: a template holds 8,192 of all that a rule says.
const LONGEST_DESCRIPTION: usize = 4_000;
/// Longest runbook, in characters.
const LONGEST_RUNBOOK: usize = 1_000;
/// Longest headline, in characters.
const LONGEST_HEADLINE: usize = 200;

/// The words of a rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    pub description: Option<String>,
    pub runbook: Option<String>,
    pub headline: Option<Vec<HeadlinePiece>>,
    /// The keys that stand there, and where.
    pub keys: Vec<(&'static str, Span)>,
}

/// Reads what of it is there.
pub(crate) fn words(fields: &Fields<'_>, report: &mut Report) -> Words {
    let keys = ["description", "runbook", "headline"];
    let keys = keys
        .into_iter()
        .filter_map(|name| Some((name, fields.key(name)?)));
    Words {
        keys: keys.collect(),
        description: fields
            .get("description")
            .and_then(|node| within(node, "a description", LONGEST_DESCRIPTION, report))
            .map(|text| text.trim().to_owned()),
        runbook: fields.get("runbook").and_then(|node| runbook(node, report)),
        headline: fields
            .get("headline")
            .and_then(|node| headline(node, report)),
    }
}

/// A text of so many characters at most.
fn within<'n>(node: &'n Node, what: &str, most: usize, report: &mut Report) -> Option<&'n str> {
    let text = text(node, what, report)?;
    let count = text.chars().count();
    if count <= most {
        return Some(text);
    }
    report
        .error(codes::WORDS, node.span)
        .message(format!("{what} has {count} characters"))
        .label(format!("expected at most {most} characters"))
        .help("say the essential first, and the rest behind `runbook`");
    None
}

fn runbook(node: &Node, report: &mut Report) -> Option<String> {
    let text = within(node, "a runbook", LONGEST_RUNBOOK, report)?;
    let is_plain = |c: char| c.is_ascii_graphic() && !"<>\"\\^`{|}".contains(c);
    let host = text.strip_prefix("https://").map(|rest| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    });
    if text.chars().all(is_plain) && host.is_some_and(|host| !host.is_empty()) {
        return Some(text.to_owned());
    }
    report
        .error(codes::WORDS, node.span)
        .message(format!("{} is not the URL of a runbook", shown(text)))
        .label("expected a URL such as `https://wiki.example.com/page`")
        .help("write its address as a browser shows it, with `https://`");
    None
}

/// The pieces of a headline: words, and in braces paths under `detail`.
fn headline(node: &Node, report: &mut Report) -> Option<Vec<HeadlinePiece>> {
    let text = within(node, "a headline", LONGEST_HEADLINE, report)?;
    let mut refused = |message: String, help: &str| {
        report
            .error(codes::WORDS, node.span)
            .message(message)
            .label("expected words, and paths under `detail` in braces")
            .help(help);
        None
    };
    if text.chars().any(char::is_control) {
        return refused(
            "a headline is one line".to_owned(),
            "write it as one line: `description` may have several",
        );
    }
    // The alert says in front who did it, whatever the rule says.
    let mut rest = text.strip_prefix("{who}").unwrap_or(text).trim();
    let mut pieces = Vec::new();
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((value, after)) = behind.split_once('}') else {
            return refused(
                format!("{} opens a brace and does not close it", shown(text)),
                "write a path such as `{requestParameters.roleName}`",
            );
        };
        if before.contains('}') {
            break;
        }
        if value == "who" {
            return refused(
                "`{who}` stands within a headline".to_owned(),
                "every alert begins with who did it: write the rest behind that",
            );
        }
        let paths: Vec<String> = value
            .split('|')
            .map(|path| path.trim().to_owned())
            .collect();
        if let Some(path) = paths.iter().find(|path| !is_path(path)) {
            return refused(
                format!("{} is no path under `detail`", shown(path)),
                "write names joined by dots, and alternatives with `|`: `{requestParameters.roleName|requestParameters.userName}`",
            );
        }
        if !before.is_empty() {
            pieces.push(HeadlinePiece::Words(before.to_owned()));
        }
        pieces.push(HeadlinePiece::Value(paths));
        rest = after;
    }
    if rest.contains('}') {
        return refused(
            format!("{} closes a brace that is not open", shown(text)),
            "write a path such as `{requestParameters.roleName}`",
        );
    }
    if !rest.is_empty() {
        pieces.push(HeadlinePiece::Words(rest.to_owned()));
    }
    if pieces.is_empty() {
        return refused(
            "the headline says nothing".to_owned(),
            "write what was done, such as `{who} made {requestParameters.userName} an administrator`",
        );
    }
    Some(pieces)
}

fn is_path(path: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    path.split('.')
        .all(|step| !step.is_empty() && step.chars().all(good))
}
