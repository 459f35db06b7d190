//! Reads the `service:EventName` globs of a rule.

use super::reading::{Reading, Written};
use crate::cloudtrail::api_names::{recorded_service, services};
use crate::diagnostic::{Report, Span, codes, shown};
use crate::rules::model::EventGlob;
use crate::rules::syntax::read::{list, text};
use crate::rules::syntax::yaml::{Node, Value};

/// More events than this are no list that a person wrote, and take many event patterns.
const MAX_EVENTS: usize = 1_000;

/// A list of globs.
pub(crate) fn events(node: &Node, report: &mut Reading) -> Vec<EventGlob> {
    let Some(items) = list(node, "events", report) else {
        return Vec::new();
    };
    if items.len() > MAX_EVENTS {
        report
            .error(codes::EVENT, node.span)
            .message(format!("a rule lists {} events", items.len()))
            .label(format!("expected at most {MAX_EVENTS}"))
            .help("use globs such as `iam:Create*`, or several rules");
        return Vec::new();
    }
    let globs = items.iter().filter_map(|item| {
        let glob = event(item, report)?;
        report.written.push(Written::Event {
            glob: glob.clone(),
            in_test: false,
        });
        Some(glob)
    });
    globs.collect()
}

/// Reads one `service:EventName` glob.
pub(crate) fn event(node: &Node, report: &mut Report) -> Option<EventGlob> {
    if let Value::Map(entries) = &node.value
        && let [(key, value)] = entries.as_slice()
        && let (Some((service, _)), Some((name, _))) = (key.scalar(), value.scalar())
    {
        report
            .error(codes::EVENT, node.span)
            .message("this is a map, not an event: there is a blank behind the colon")
            .label("expected `service:EventName`")
            .help(format!(
                "write {}",
                crate::rules::syntax::read::quoted(&format!("{service}:{name}"))
            ));
        return None;
    }
    let text = text(node, "an event", report)?;
    let Some((service, name)) = text.split_once(':') else {
        let help = if services().contains_key(text) {
            format!("write `{text}:*` for every event of the service")
        } else if let Some(service) = text.strip_suffix(".amazonaws.com") {
            let service = recorded_service(service).unwrap_or(service);
            format!(
                "write {} for every event of the service",
                shown(&format!("{service}:*"))
            )
        } else {
            format!(
                "write the service before it, such as {}",
                shown(&format!("iam:{text}"))
            )
        };
        report
            .error(codes::EVENT, node.span)
            .message(format!(
                "the event {} does not name its service",
                shown(text)
            ))
            .label("expected `service:EventName`")
            .help(help);
        return None;
    };
    if !service_is_good(service, name, node.span, report) {
        return None;
    }
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | '_' | '-' | '.' | '/');
    if name.is_empty() || name.len() > 128 || !name.chars().all(good) {
        let (message, help) = if name.is_empty() {
            (
                format!("the event {} has no name", shown(text)),
                format!(
                    "write {} for every event of the service",
                    shown(&format!("{service}:*"))
                ),
            )
        } else {
            let help = if name.trim() != name && name.trim().chars().all(good) {
                format!("write {}", shown(&format!("{service}:{}", name.trim())))
            } else if let Some(names) = written_out(name)
                && names.iter().all(|name| name.chars().all(good))
            {
                let events = names
                    .iter()
                    .map(|name| crate::rules::syntax::read::quoted(&format!("{service}:{name}")));
                format!(
                    "there are no braces here: list the events one by one, {}",
                    events.collect::<Vec<_>>().join(", ")
                )
            } else {
                "event names are those of API operations, as CloudTrail records them".to_owned()
            };
            (format!("{} is not an event name", shown(name)), help)
        };
        report
            .error(codes::EVENT, node.span)
            .message(message)
            .label("expected a name such as `CreateUser`; `*` stands for any text")
            .help(help);
        return None;
    }
    Some(EventGlob {
        service: service.to_owned(),
        name: name.to_owned(),
        span: node.span,
    })
}

/// The names that a shell would make of one with braces; nothing where there are none, or many.
fn written_out(name: &str) -> Option<Vec<String>> {
    const MOST: usize = 12;
    let mut done = Vec::new();
    let mut open = vec![name.to_owned()];
    while let Some(next) = open.pop() {
        let Some((before, rest)) = next.split_once('{') else {
            done.push(next);
            continue;
        };
        let (words, after) = rest.split_once('}')?;
        // The last one is taken up first.
        let words = words.split(',').rev();
        open.extend(words.map(|word| format!("{before}{}{after}", word.trim())));
        if open.len() + done.len() > MOST {
            return None;
        }
    }
    (done.len() > 1).then_some(done)
}

fn service_is_good(service: &str, name: &str, span: Span, report: &mut Report) -> bool {
    let mut refuse = |code, message: String, label: &str, help: String| {
        report
            .error(code, span)
            .message(message)
            .label(label)
            .help(help);
        false
    };
    let event = |service: &str| shown(&format!("{service}:{name}"));
    if service == "*" {
        return true;
    }
    if let Some(short) = service.strip_suffix(".amazonaws.com") {
        return refuse(
            codes::EVENT_SOURCE,
            format!("the service {} is written with its domain", shown(service)),
            "services stand here without `.amazonaws.com`",
            format!("write {}", event(recorded_service(short).unwrap_or(short))),
        );
    }
    if let Some(short) = service.strip_prefix("aws.") {
        return refuse(
            codes::EVENT_SOURCE,
            format!("{} is the `source` of the envelope", shown(service)),
            "expected the service as CloudTrail records it",
            format!("write {}", event(recorded_service(short).unwrap_or(short))),
        );
    }
    if let Some(recorded) = recorded_service(service) {
        return refuse(
            codes::EVENT_SOURCE,
            format!("CloudTrail records {} under another name", shown(service)),
            "no event has this service",
            format!("did you mean {}?", event(recorded)),
        );
    }
    if service.contains('*') {
        return refuse(
            codes::EVENT,
            format!("the service {} holds a `*`", shown(service)),
            "a service is written out, or is `*` alone",
            "list the services one by one".to_owned(),
        );
    }
    let lower = service.to_lowercase();
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if !lower.chars().all(good) || !(1..=64).contains(&lower.len()) {
        return refuse(
            codes::EVENT,
            format!("{} is not the name of a service", shown(service)),
            "expected a name such as `iam`, `sts` or `signin`",
            "write `service:EventName`".to_owned(),
        );
    }
    if lower != service {
        return refuse(
            codes::EVENT,
            format!("the service {} has capital letters", shown(service)),
            "CloudTrail records services in lower case",
            format!("write {}", event(&lower)),
        );
    }
    true
}
