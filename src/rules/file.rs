//! The top of a rules file: everything but its rules.

use std::collections::BTreeMap;

use super::channels::{Channels, channels};
use super::codes;
use super::keys::{HOME, INCLUDED, ROOT, WATCH};
use super::model::{ChannelName, Home};
use super::read::{self, Fields, Spanned};
use super::report::{Report, shown};
use super::rule::{Draft, Setting, notify, rules};
use super::source::Span;
use super::yaml::{Node, Plain, Value};
use crate::place::{AccountId, PlaceError, Region, StackName};

/// A rules file as it stands, before its names are resolved.
pub(super) struct FileDraft {
    pub name: Option<StackName>,
    pub home: Option<Home>,
    /// Where `home.region` stands.
    pub region_span: Span,
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
    let (home, region_span) = match fields.get("home") {
        Some(n) => home(n, fields.key("home").unwrap_or(n.span), report),
        None => (None, fields.span),
    };
    if let Some(n) = fields.get("watch") {
        watch(n, home.as_ref(), report);
    }
    if let Some(n) = fields.get("trail") {
        trail(n, report);
    }
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
        region_span,
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
fn placed<T>(
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

fn home(node: &Node, key: Span, report: &mut Report) -> (Option<Home>, Span) {
    let Some(fields) = Fields::read(node, HOME, "`home`", report) else {
        return (None, key);
    };
    let region = fields.get("region").and_then(|n| {
        let text = read::text(n, "a Region", report)?;
        let region = placed(
            text.parse::<Region>(),
            n.span,
            "write the Region's code, not its city: `us-east-1`",
            report,
        )?;
        let Some(meant) = region.misspelt() else {
            return Some(region);
        };
        report
            .error(codes::PLACE, n.span)
            .message(format!("there is no Region {}", shown(text)))
            .label("unknown Region")
            .help(format!("did you mean `{meant}`?"));
        None
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
    let span = fields.get("region").map_or(key, |n| n.span);
    let home = region.filter(|_| good).map(|region| Home {
        region,
        account,
        span: key,
    });
    (home, span)
}

fn watch(node: &Node, home: Option<&Home>, report: &mut Report) {
    let Some(fields) = Fields::read(node, WATCH, "`watch`", report) else {
        return;
    };
    let mut not_yet = |span: Span, message: &str, help: &str| {
        report
            .error(codes::NOT_YET, span)
            .message(message)
            .label("not yet supported")
            .help(help);
    };
    if let Some(span) = fields.key("organization") {
        not_yet(
            span,
            "watching an organization is not yet supported",
            "remove it: the home account is watched",
        );
    }
    let Some(regions) = fields.get("regions") else {
        return;
    };
    if regions.scalar().is_some_and(|(text, _)| text == "all") {
        not_yet(
            regions.span,
            "watching all Regions is not yet supported",
            "remove it: the home Region is watched",
        );
        return;
    }
    for region in read::texts(regions, "Regions", "a Region", report).unwrap_or_default() {
        let parsed = placed(
            region.value.parse::<Region>(),
            region.span,
            "write the Region's code: `us-east-1`",
            report,
        );
        if let (Some(parsed), Some(home)) = (parsed, home)
            && parsed != home.region
        {
            report
                .error(codes::NOT_YET, region.span)
                .message(format!(
                    "watching {} besides the home Region is not yet supported",
                    shown(parsed.as_str())
                ))
                .label("not yet supported")
                .help(format!("keep {} only", shown(home.region.as_str())));
        }
    }
}

fn trail(node: &Node, report: &mut Report) {
    let words = ["none", "create", "existing-or-create"];
    let asked = match &node.value {
        Value::Map(_) => true,
        Value::Refused => false,
        _ => match read::text(node, "a word for the trail", report) {
            Some("none") | None => false,
            Some(text) if words.contains(&text) => true,
            Some(text) => {
                report
                    .error(codes::NOT_ONE_OF, node.span)
                    .message(format!("{} says nothing about a trail", shown(text)))
                    .label("expected `none`")
                    .suggest(text, words);
                false
            }
        },
    };
    if asked {
        report
            .error(codes::NOT_YET, node.span)
            .message("managing a trail is not yet supported")
            .label("not yet supported")
            .help("write `trail: none`, and see to it that a trail logs management events in the home Region");
    }
}
