//! The top of a rules file: everything but its rules.

use std::collections::BTreeMap;

use super::channels::{Channels, channels};
use super::keys::{HOME, INCLUDED, ROOT};
use super::model::{ChannelName, Home, TopicKey, Trail, Watch};
use super::read::{self, Fields, Spanned};
use super::rule::{Draft, Setting, notify, rules};
use super::scope;
use super::yaml::{Node, Plain, Value};
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::diagnostic::{Report, shown};
use crate::place::{AccountId, PlaceError, Region, StackName};

/// A rules file as it stands, before its names are resolved.
pub(super) struct FileDraft {
    pub name: Option<StackName>,
    pub home: Option<Home>,
    pub watch: Option<Watch>,
    pub trail: Trail,
    pub topic_key: TopicKey,
    pub test_events: bool,
    pub channels: Channels,
    pub notify: BTreeMap<&'static str, Vec<Spanned<ChannelName>>>,
    pub include: Vec<Spanned<String>>,
    pub rules: Vec<Draft>,
    /// Where `rules` stands, or would stand.
    pub rules_span: Span,
}

/// Reads the file that the user named. `None` when it is no map; what is wrong is reported.
pub(super) fn root(node: &Node, report: &mut Report) -> Option<FileDraft> {
    let fields = Fields::read(node, ROOT, "a rules file", report)?;
    version(&fields, report);
    let name = fields.get("name").and_then(|n| {
        let text = read::text(n, "the name", report)?;
        placed(
            text.parse::<StackName>(),
            n.span,
            "write a short word such as `acme`",
            report,
        )
    });
    let home = fields
        .get("home")
        .and_then(|n| home(n, fields.key("home").unwrap_or(n.span), report));
    let watch = fields.get("watch").and_then(|n| {
        let span = fields.key("watch").unwrap_or(n.span);
        scope::watch(n, span, report)
    });
    let trail = fields.get("trail").and_then(|n| scope::trail(n, report));
    let topic_key = fields.get("topics").and_then(|n| scope::topics(n, report));
    let channels = match fields.get("channels") {
        Some(n) => channels(n, report),
        None => Channels {
            good: BTreeMap::new(),
            known: BTreeMap::new(),
        },
    };
    let notify = fields
        .get("notify")
        .map(|n| notify(n, &channels.known, report));
    let test_events = fields
        .get("test_events")
        .and_then(|n| read::boolean(n, "`test_events`", report));
    let include = fields
        .get("include")
        .and_then(|n| read::texts(n, "files", "a file", report));
    let setting = Setting {
        channels: &channels.known,
        catalogue: false,
    };
    let rules = fields.get("rules").map(|n| rules(n, setting, report));
    Some(FileDraft {
        name,
        home,
        watch,
        trail: trail.unwrap_or(Trail::None),
        topic_key: topic_key.unwrap_or(TopicKey::None),
        test_events: test_events.unwrap_or(true),
        notify: notify.unwrap_or_default(),
        include: include.unwrap_or_default(),
        rules: rules.unwrap_or_default(),
        rules_span: fields.key("rules").unwrap_or(fields.span),
        channels,
    })
}

/// Reads an included file, which holds rules only.
pub(super) fn included(node: &Node, setting: Setting<'_>, report: &mut Report) -> Vec<Draft> {
    let Some(fields) = Fields::read(node, INCLUDED, "an included file", report) else {
        return Vec::new();
    };
    version(&fields, report);
    fields
        .get("rules")
        .map(|n| rules(n, setting, report))
        .unwrap_or_default()
}

fn version(fields: &Fields<'_>, report: &mut Report) {
    let Some(node) = fields.get("version") else {
        return;
    };
    match node.scalar() {
        Some(("1", Plain::Number)) => {}
        Some(("1", Plain::Text)) => read::wrong_type(node, "the number 1, without quotes", report),
        None if matches!(node.value, Value::Refused) => {}
        Some((text, Plain::Number | Plain::Text)) => report
            .error(codes::VERSION, node.span)
            .message(format!(
                "version {} of the rules language is not known",
                shown(text)
            ))
            .label("this release reads version 1")
            .help("write `version: 1`")
            .done(),
        Some((_, Plain::Null)) => read::empty(node.span, "a version", report),
        _ => read::wrong_type(node, "the number 1", report),
    }
}

/// A checked name, or its own words for what is wrong.
pub(super) fn placed<T>(
    parsed: Result<T, PlaceError>,
    span: Span,
    help: &str,
    report: &mut Report,
) -> Option<T> {
    match parsed {
        Ok(value) => Some(value),
        Err(error) => {
            // The message repeats the user's text, which `shown` makes harmless.
            let (text, rest) = match &error {
                PlaceError::Account(t) => (t, "is not an account id"),
                PlaceError::Region(t) => (t, "is not a Region name"),
                PlaceError::Arn(t) => (t, "is not an ARN"),
                PlaceError::Stack(t) => (t, "is not a usable name"),
            };
            let full = error.to_string();
            let label = full
                .rsplit_once("expected ")
                .map_or("wrong form", |(_, label)| label);
            report
                .error(codes::PLACE, span)
                .message(format!("{} {rest}", shown(text)))
                .label(format!("expected {label}"))
                .help(help);
            None
        }
    }
}

fn home(node: &Node, key: Span, report: &mut Report) -> Option<Home> {
    let fields = Fields::read(node, HOME, "`home`", report)?;
    let region = fields.get("region").and_then(|n| {
        let text = read::text(n, "a Region", report)?;
        region(text, n.span, report)
    });
    let mut good = true;
    let account = fields.get("account").and_then(|n| {
        let account = read::text(n, "an account id", report).and_then(|text| {
            placed(
                text.parse::<AccountId>(),
                n.span,
                "write its 12 digits in quotes, or remove it to use the caller's account",
                report,
            )
        });
        good &= account.is_some();
        account
    });
    region.filter(|_| good).map(|region| Home {
        region,
        account,
        span: key,
    })
}

/// A Region that may exist.
pub(super) fn region(text: &str, span: Span, report: &mut Report) -> Option<Region> {
    let region = placed(
        text.parse::<Region>(),
        span,
        "write the Region's code, not its city: `us-east-1`",
        report,
    )?;
    let Some(meant) = region.misspelt() else {
        return Some(region);
    };
    report
        .error(codes::PLACE, span)
        .message(format!("there is no Region {}", shown(text)))
        .label("unknown Region")
        .help(format!("did you mean `{meant}`?"));
    None
}
