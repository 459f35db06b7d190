//! The top of a rules file: everything but its rules.

use std::collections::BTreeMap;

use super::channels::{channels, topics_at_home};
use super::delivery::delivery;
use super::draft::{Channels, Draft, FileDraft, Sections, Setting};
use super::places::{placed, region};
use super::reading::Reading;
use super::rule::{notify, rules};
use super::scope;
use crate::diagnostic::{Report, Span, codes, shown};
use crate::place::{AccountId, StackName};
use crate::rules::model::{Home, TopicKey, Trail};
use crate::rules::syntax::keys::{HOME, INCLUDED, ROOT};
use crate::rules::syntax::read::{self, Fields};
use crate::rules::syntax::yaml::{Node, Plain, Value};

/// Reads the file that the user named. `None` when it is no map; what is wrong is reported.
pub(crate) fn root(node: &Node, report: &mut Reading) -> Option<FileDraft> {
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
    let topic_key = fields
        .get("topics")
        .and_then(|n| scope::topics(n, home.as_ref(), report));
    let role_boundary = fields.get("roles").and_then(|n| scope::roles(n, report));
    let mut channels = match fields.get("channels") {
        Some(n) => channels(n, report),
        None => Channels {
            good: BTreeMap::new(),
            known: BTreeMap::new(),
        },
    };
    if let Some(home) = &home {
        topics_at_home(&mut channels, home, report);
    }
    let notify = fields
        .get("notify")
        .map(|n| notify(n, &channels.known, report));
    let delivery = delivery(&fields, report);
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
    let span = |name: &str| fields.get(name).map(|node| node.span);
    let sections = Sections {
        channels: span("channels"),
        notify: span("notify"),
        include: span("include"),
        rules: span("rules"),
    };
    Some(FileDraft {
        name,
        home,
        watch,
        trail: trail.unwrap_or(Trail::None),
        topic_key: topic_key.unwrap_or(TopicKey::None),
        role_boundary,
        test_events: test_events.unwrap_or(true),
        notify: notify.unwrap_or_default(),
        include: include.unwrap_or_default(),
        rules: rules.unwrap_or_default(),
        rules_span: fields.key("rules").unwrap_or(fields.span),
        sections,
        named: Vec::new(),
        channels,
        delivery,
    })
}

/// Reads an included file, which holds rules only.
pub(crate) fn included(node: &Node, setting: Setting<'_>, report: &mut Reading) -> Vec<Draft> {
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
