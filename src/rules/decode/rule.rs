//! One entry of `rules`, as it stands in the file: names are not resolved yet.

use std::collections::BTreeMap;

use super::about::about;
use super::channels::channel_list;
use super::conditions::conditions;
use super::draft::{Common, Draft, LONGEST_TITLE, Own, Setting, Use};
use super::events::events;
use super::raw::pattern;
use super::reading::{Entry, Reading, Written};
use super::tests::tests;
use super::words::words;
use crate::diagnostic::{Report, Span, codes, shown};
use crate::rules::model::{Accepted, AllOf, ChannelName, Events, RuleId, Severity, Trigger};
use crate::rules::syntax::keys::{self, ABOUT, MapKey, OWN, SEVERITIES, USE, names};
use crate::rules::syntax::read::{self, Fields, Spanned, first_line};
use crate::rules::syntax::yaml::{Node, Value};

/// The severity of a word among [`SEVERITIES`].
pub(crate) fn severity(word: &str) -> Severity {
    match word {
        "critical" => Severity::Critical,
        "high" => Severity::High,
        "low" => Severity::Low,
        "info" => Severity::Info,
        _ => Severity::Medium,
    }
}

/// Reads `rules`. `rules:` with nothing behind it is an empty list: its entries are commented out.
pub(crate) fn rules(node: &Node, setting: Setting<'_>, report: &mut Reading) -> Vec<Draft> {
    match &node.value {
        Value::List(items) => items
            .iter()
            .filter_map(|item| {
                report.entries.push(Entry::of(item));
                draft(item, setting, report)
            })
            .collect(),
        Value::Scalar { text, plain: true } if text.is_empty() => Vec::new(),
        _ => {
            read::list(node, "rules", report);
            Vec::new()
        }
    }
}

fn draft(node: &Node, setting: Setting<'_>, report: &mut Reading) -> Option<Draft> {
    if let Some((text, crate::rules::syntax::yaml::Plain::Text)) = node.scalar() {
        report
            .error(codes::WRONG_TYPE, node.span)
            .message("expected a map for a rule, found text")
            .label("expected a map for a rule")
            .help(format!("write {}", shown(&format!("use: {text}"))));
        return None;
    }
    let entries = read::map(node, "a rule", report)?;
    let has = |name: &str| {
        entries
            .iter()
            .find(|(key, _)| key.scalar().is_some_and(|(text, _)| text == name))
            .map(|(key, _)| key.span)
    };
    match (has("use"), has("id")) {
        (Some(_), Some(id)) => {
            report
                .error(codes::USE, id)
                .message("a rule has both `use` and `id`")
                .label("expected one of the two")
                .help(
                    "keep `use` to take a rule from the catalogue, or `id` for a rule of your own",
                );
            None
        }
        (Some(span), None) if setting.catalogue => {
            report
                .error(codes::USE, span)
                .message("a rule of the catalogue uses nothing");
            None
        }
        (Some(_), None) => {
            misplaced(entries, OWN, USE, "a rule of your own (`id`)", report);
            let fields = Fields::read_beside(node, USE, OWN, "a `use`", report)?;
            using(&fields, node.span, setting, report).map(Draft::Use)
        }
        (None, Some(_)) => {
            misplaced(entries, USE, OWN, "a rule of the catalogue (`use`)", report);
            let about = match setting.catalogue {
                true => ABOUT,
                false => &[],
            };
            // The catalogue's rules need what others may have.
            let about_names = names(about);
            let own_keys = OWN.iter().filter(|key| !about_names.contains(&key.name));
            let known: Vec<MapKey> = own_keys.chain(about).copied().collect();
            let fields = Fields::read_beside(node, &known, USE, "a rule", report)?;
            own(&fields, node.span, setting, report).map(Draft::Own)
        }
        (None, None) => {
            report
                .error(codes::USE, first_line(node))
                .message("a rule has neither `use` nor `id`")
                .label("expected one of the two")
                .help("write `use: root/activity` for a rule of the catalogue, or `id: my-rule` for one of your own");
            // Mistakes elsewhere in the rule are worth knowing in the same run.
            let known = OWN.iter().chain(USE).map(|key| MapKey {
                needed: false,
                ..*key
            });
            let known: Vec<MapKey> = known.collect();
            Fields::read(node, &known, "a rule", report);
            None
        }
    }
}

/// Reports keys that only the other kind of rule has.
fn misplaced(
    entries: &[(Node, Node)],
    others: &[MapKey],
    own: &[MapKey],
    whose: &str,
    report: &mut Report,
) {
    for (key, _) in entries {
        let Some((text, _)) = key.scalar() else {
            continue;
        };
        if names(others).contains(&text) && !names(own).contains(&text) {
            report
                .error(codes::USE, key.span)
                .message(format!("the key {} belongs to {whose}", shown(text)))
                .label("this rule does not take it")
                .help(if text == "except" {
                    "remove it: it takes rules out of a pack"
                } else {
                    "remove it, or write a rule of your own in place of `use`"
                });
        }
    }
}

fn common(fields: &Fields<'_>, whole: Span, setting: Setting<'_>, report: &mut Reading) -> Common {
    if let (Some(span), Some(_)) = (fields.key("where"), fields.get("where")) {
        report
            .error(codes::NOT_YET, span)
            .message("`where` is not yet supported")
            .label("not yet supported")
            .help("narrow the rule by a condition such as `when: { recipientAccountId: \"111122223333\" }`");
    }
    let tests = fields
        .get("tests")
        .map_or_else(Vec::new, |n| tests(n, report));
    let enabled = fields
        .get("enabled")
        .and_then(|n| read::boolean(n, "`enabled`", report));
    let accepted = fields.get("accept").map_or_else(Vec::new, |n| {
        accepted(n, enabled.unwrap_or(true), whole, report)
    });
    Common {
        tests,
        accepted,
        tests_key: fields.key("tests"),
        title: fields
            .get("title")
            .and_then(|n| read::line(n, "a title", LONGEST_TITLE, report))
            .map(str::to_owned),
        severity: fields
            .get("severity")
            .and_then(|n| read::word(n, "a severity", SEVERITIES, report))
            .map(severity),
        enabled,
        channels: fields.get("channels").and_then(|n| {
            let otherwise = "then the rule's severity decides, by `notify`";
            channel_list(n, setting.channels, otherwise, report)
        }),
        apart: fields
            .get("apart")
            .and_then(|n| read::boolean(n, "`apart`", report)),
        words: words(fields, report),
    }
}

/// Longest reason for which a warning is accepted, in characters.
const LONGEST_REASON: usize = 200;

/// `accept`: codes of warnings, each with a reason.
fn accepted(node: &Node, is_enabled: bool, whole: Span, report: &mut Reading) -> Vec<Accepted> {
    let example = "write `accept: { W0729: \"why this is good enough\" }`";
    if matches!(&node.value, Value::Scalar { text, .. } if !text.is_empty())
        || matches!(&node.value, Value::List(items) if !items.is_empty())
    {
        report
            .error(codes::ACCEPT, node.span)
            .message("`accept` gives no reason")
            .label("expected a map from codes to reasons")
            .help(example);
        return Vec::new();
    }
    let Some(entries) = read::map(node, "warnings that are accepted, by code", report) else {
        return Vec::new();
    };
    if entries.is_empty() {
        read::empty(node.span, "a warning that is accepted", report);
    }
    let mut all: Vec<Accepted> = Vec::new();
    for (key, value) in entries {
        let code = read::key_text(key, report);
        let reason = read::line(value, "a reason", LONGEST_REASON, report);
        let (Some(code), Some(reason)) = (code, reason) else {
            continue;
        };
        if all.iter().any(|other| other.code == code) {
            read::duplicate(key.span, code, report);
            continue;
        }
        all.push(Accepted {
            code: code.to_owned(),
            reason: reason.trim().to_owned(),
            is_enabled,
            span: key.span,
            whole,
        });
    }
    report.accepted.extend(all.iter().cloned());
    all
}

fn using(
    fields: &Fields<'_>,
    whole: Span,
    setting: Setting<'_>,
    report: &mut Reading,
) -> Option<Use> {
    let common = common(fields, whole, setting, report);
    let except = fields
        .get("except")
        .and_then(|n| read::texts(n, "rules of the pack", "a rule's id", report));
    let when = fields
        .get("when")
        .map_or_else(Vec::new, |n| conditions(n, &[], report));
    let unless = fields
        .get("unless")
        .map_or_else(Vec::new, |n| conditions(n, &when, report));
    let unless_services = unless_services(fields, report);
    let node = fields.get("use")?;
    let id = read::text(node, "the id of a rule or pack", report)?.to_owned();
    Some(Use {
        id: Spanned {
            value: id,
            span: node.span,
        },
        except: except.unwrap_or_default(),
        when,
        unless,
        unless_services,
        title_key: fields.key("title"),
        common,
    })
}

fn own(
    fields: &Fields<'_>,
    whole: Span,
    setting: Setting<'_>,
    report: &mut Reading,
) -> Option<Own> {
    let common = common(fields, whole, setting, report);
    let trigger = trigger(fields, setting, report);
    let about = about(fields, report);
    let node = fields.get("id")?;
    let id = rule_id(node, report)?;
    Some(Own {
        id: Spanned {
            value: id,
            span: node.span,
        },
        whole,
        trigger,
        about,
        common,
    })
}

/// An id in the form of rule ids.
pub(crate) fn rule_id(node: &Node, report: &mut Report) -> Option<RuleId> {
    let text = read::text(node, "a rule's id", report)?;
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'/');
    if text.len() <= 64 && text.bytes().all(good) {
        return Some(RuleId(text.to_owned()));
    }
    let fixed: String = text
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '/' {
                c
            } else {
                '-'
            }
        })
        .take(64)
        .collect();
    let fixed = fixed.trim_matches('-');
    report
        .error(codes::RULE_ID, node.span)
        .message(format!("{} is not a usable rule id", shown(text)))
        .label("expected lower-case letters, digits, `-` and `/`, at most 64")
        .maybe_help((!fixed.is_empty()).then(|| format!("write {}", shown(fixed))));
    None
}

fn trigger(fields: &Fields<'_>, setting: Setting<'_>, report: &mut Reading) -> Option<Trigger> {
    let when = fields.get("when").map(|n| conditions(n, &[], report));
    let unless = fields.get("unless").map(|n| {
        let when = when.as_deref().unwrap_or_default();
        conditions(n, when, report)
    });
    let services = unless_services(fields, report);
    let detail_types = fields
        .get("detail-type")
        .map(|n| read::texts(n, "detail types", "a detail type", report));
    for kind in detail_types.iter().flatten().flatten() {
        report.written.push(Written::DetailType(kind.clone()));
    }
    let globs = fields.get("events").map(|n| events(n, report));
    let raw = fields
        .get("pattern")
        .map(|n| pattern(n, fields.key("pattern").unwrap_or(n.span), report));
    match (globs, raw) {
        (Some(_), Some(_)) => {
            report
                .error(codes::TRIGGER, fields.key("pattern").unwrap_or(fields.span))
                .message("a rule has both `events` and `pattern`")
                .label("expected one of the two")
                .help("keep `events` with `when` and `unless`, or say all of it in `pattern`");
            None
        }
        (None, None) => {
            report
                .error(codes::TRIGGER, fields.span)
                .message("nothing fires this rule")
                .label("`events` is missing")
                .help("write `events: [\"iam:CreateUser\"]`, or an EventBridge pattern under `pattern`");
            None
        }
        (None, Some(raw)) => {
            for name in ["when", "unless", "unless_services", "detail-type"] {
                if let Some(span) = fields.key(name) {
                    report
                        .error(codes::TRIGGER, span)
                        .message(format!("`{name}` does not go with `pattern`"))
                        .label("a pattern says all of it")
                        .help("put the condition into the pattern");
                }
            }
            raw
        }
        (Some(globs), None) => (!globs.is_empty()).then(|| {
            let when = when.unwrap_or_default();
            Trigger::Events(Events {
                globs,
                detail_types: detail_types
                    .flatten()
                    .map(|types| types.into_iter().map(|t| t.value).collect()),
                // A parameter that a call of the catalogue's rule always has is missing only where all are.
                when_omitted: setting.catalogue && asks_for_parameters(&when),
                when,
                unless: unless.unwrap_or_default(),
                unless_services: services.into_iter().map(|service| service.value).collect(),
            })
        }),
    }
}

/// Whether some condition is about a request parameter.
fn asks_for_parameters(when: &[AllOf]) -> bool {
    let mut fields = when.iter().flat_map(|all_of| &all_of.fields);
    fields.any(|field| {
        field.path.len() > 1
            && field
                .path
                .first()
                .is_some_and(|step| step == "requestParameters")
    })
}

/// `unless_services`: services as `userIdentity.invokedBy` names them.
fn unless_services(fields: &Fields<'_>, report: &mut Reading) -> Vec<Spanned<String>> {
    let Some(node) = fields.get("unless_services") else {
        return Vec::new();
    };
    let good = |text: &str| {
        let global = text.strip_suffix(".cn").unwrap_or(text);
        let plain =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        global.strip_suffix(".amazonaws.com").is_some_and(|name| {
            let (is_open, rest) = match name.strip_prefix('*') {
                Some(rest) => (true, rest),
                None => (false, name),
            };
            let begins = rest.starts_with(|c: char| c.is_ascii_alphanumeric());
            rest.chars().all(plain) && (is_open || begins)
        })
    };
    let mut services = read::texts(node, "services", "a service", report).unwrap_or_default();
    services.retain(|service| {
        let is_good = good(&service.value);
        if !is_good {
            let text = service.value.as_str();
            let bare = text.strip_prefix("aws.").unwrap_or(text);
            let named = format!("{bare}.amazonaws.com");
            report
                .error(codes::CONDITION, service.span)
                .message(format!("{} is not the name of a service", shown(text)))
                .label("expected a name such as `config.amazonaws.com`; a `*` may stand in front")
                .maybe_help(good(&named).then(|| format!("write {}", shown(&named))));
        }
        is_good
    });
    services
}

/// `notify`: channels by severity, or `default`.
pub(crate) fn notify(
    node: &Node,
    known: &BTreeMap<String, Span>,
    report: &mut Report,
) -> BTreeMap<&'static str, Vec<Spanned<ChannelName>>> {
    let keys: Vec<MapKey> = keys::NOTIFY
        .iter()
        .map(|name| MapKey {
            name,
            doc: "",
            needed: false,
            form: keys::Form::ChannelNames,
        })
        .collect();
    let mut notify = BTreeMap::new();
    let Some(fields) = Fields::read(node, &keys, "`notify`", report) else {
        return notify;
    };
    for name in fields.names() {
        if let Some(list) = fields.get(name).and_then(|n| {
            let otherwise = "then `default` counts";
            channel_list(n, known, otherwise, report)
        }) {
            notify.insert(name, list);
        }
    }
    notify
}
