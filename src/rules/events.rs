//! `service:EventName` globs.

use super::model::EventGlob;
use super::names::{self, Service, Verdict, services};
use super::read::{list, text};
use super::slips;
use super::yaml::{Node, Value};
use crate::cloudtrail::as_recorded;
use crate::diagnostic::Span;
use crate::diagnostic::codes::{self, Code};
use crate::diagnostic::{Problem, Report, nearest, shown};

/// Names by which people know a service, and the one that CloudTrail records.
/// Source: the services' own pages "Logging API calls with CloudTrail".
const OTHER_NAMES: &[(&str, &str)] = &[
    ("accessanalyzer", "access-analyzer"),
    ("cloudwatch", "monitoring"),
    ("console", "signin"),
    ("efs", "elasticfilesystem"),
    ("elb", "elasticloadbalancing"),
    ("elbv2", "elasticloadbalancing"),
    ("email", "ses"),
    ("emr", "elasticmapreduce"),
    ("eventbridge", "events"),
    ("identitycenter", "sso"),
    ("opensearch", "es"),
    ("sign-in", "signin"),
    ("sso-admin", "sso"),
    ("stepfunctions", "states"),
];

/// More events than this are no list that a person wrote, and take many event patterns.
const MAX_EVENTS: usize = 1_000;

/// A list of globs.
pub(super) fn events(node: &Node, report: &mut Report) -> Vec<EventGlob> {
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
        let named = (glob.service != "*").then_some(glob.service.as_str());
        warn_of_event(
            named.as_slice(),
            &glob.name,
            Tongue::Rules,
            None,
            glob.span,
            report,
        );
        Some(glob)
    });
    globs.collect()
}

/// One glob.
pub(super) fn event(node: &Node, report: &mut Report) -> Option<EventGlob> {
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
                super::read::quoted(&format!("{service}:{name}"))
            ));
        return None;
    }
    let text = text(node, "an event", report)?;
    let Some((service, name)) = text.split_once(':') else {
        let help = if services().contains_key(text) {
            format!("write `{text}:*` for every event of the service")
        } else if let Some(service) = text.strip_suffix(".amazonaws.com") {
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
                    .map(|name| super::read::quoted(&format!("{service}:{name}")));
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
            format!("write {}", event(short)),
        );
    }
    if let Some(short) = service.strip_prefix("aws.") {
        return refuse(
            codes::EVENT_SOURCE,
            format!("{} is the `source` of the envelope", shown(service)),
            "expected the service as CloudTrail records it",
            format!("write {}", event(short)),
        );
    }
    if let Some((_, recorded)) = OTHER_NAMES
        .iter()
        .find(|(other, _)| *other == service.to_ascii_lowercase())
    {
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

/// In whose words a help is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    /// Those of the rules language: `service:EventName`, globs, operators.
    Rules,
    /// EventBridge's.
    Raw,
    /// EventBridge's, inside `anything-but`.
    Except,
    /// Those of a test, which need not say what version of an operation is recorded.
    Test,
}

/// Warns of a name that no event has; in it `*` stands for any text. It may be any service's where none is
/// named, and one of theirs where several are. `fatal`: the code of an error, where there is no other name.
pub(super) fn warn_of_event(
    named: &[&str],
    glob: &str,
    tongue: Tongue,
    fatal: Option<Code>,
    span: Span,
    report: &mut Report,
) {
    if let Some(problem) = problem(named, glob, tongue) {
        report.say(problem, fatal, span);
    }
}

/// Whether it is certain that no event of these services has such a name.
pub(super) fn is_never_recorded(named: &[&str], glob: &str) -> bool {
    problem(named, glob, Tongue::Rules).is_some_and(|problem| problem.certain)
}

fn problem(named: &[&str], glob: &str, tongue: Tongue) -> Option<Problem> {
    let mut asked: Vec<(&str, &Service)> = Vec::new();
    for service in named {
        match services().get(service) {
            Some(known) => asked.push((service, known)),
            None => return Some(unknown_service(service, glob, tongue)),
        }
    }
    if named.is_empty() {
        asked.extend(services().iter().map(|(name, service)| (*name, service)));
    }
    // A lone `*`, and what one of the services has, need no second look.
    let mut verdicts = Vec::new();
    for (service, known) in &asked {
        match known.verdict(glob) {
            Verdict::Known => return None,
            verdict => verdicts.push((*service, verdict)),
        }
    }
    let event = |service: &str, name: &str| match tongue {
        Tongue::Rules if named.is_empty() => shown(&format!("*:{name}")),
        Tongue::Rules | Tongue::Test => shown(&format!("{service}:{name}")),
        Tongue::Raw | Tongue::Except => shown(name),
    };
    for (service, verdict) in &verdicts {
        match verdict {
            Verdict::Dated if tongue == Tongue::Test => return None,
            Verdict::Dated => {
                let help = match tongue {
                    Tongue::Rules | Tongue::Test => {
                        format!("write {}", event(service, &format!("{glob}*")))
                    }
                    Tongue::Raw | Tongue::Except => {
                        format!("write {}", shown(&format!("{{ prefix: {glob} }}")))
                    }
                };
                return Some(Problem {
                    code: codes::EVENT_DATED,
                    message: format!("`{service}` records {} with a version", shown(glob)),
                    label: dated(service, glob),
                    help,
                    certain: false,
                });
            }
            Verdict::RecordedAs(name) => {
                return Some(Problem {
                    code: codes::RECORDED_AS,
                    message: format!(
                        "CloudTrail records {} under another name",
                        event(service, glob)
                    ),
                    label: "no event has this name".to_owned(),
                    help: format!("write {}", event(service, name)),
                    certain: false,
                });
            }
            Verdict::Permission => {
                return Some(Problem {
                    code: codes::RECORDED_AS,
                    message: format!(
                        "{} is a permission, not a call: nothing records it",
                        event(service, glob)
                    ),
                    label: "no event has this name".to_owned(),
                    help: "name the calls that need the permission, such as `ec2:RunInstances` for a role that is passed".to_owned(),
                    certain: named.len() == 1,
                });
            }
            Verdict::Known | Verdict::Unknown => {}
        }
    }
    let near = near_event(&asked, glob);
    let open = asked.iter().any(|(_, known)| known.open);
    if near.is_none() && open && !named.is_empty() {
        return None;
    }
    let message = match (named, glob.contains('*')) {
        ([], false) => format!("no service has an event {}", shown(glob)),
        ([], true) => format!("no event of any service fits {}", shown(glob)),
        ([service], false) => format!("`{service}` has no event {}", shown(glob)),
        ([service], true) => format!("no event of `{service}` fits {}", shown(glob)),
        (_, false) => format!("none of these services has an event {}", shown(glob)),
        (_, true) => format!("no event of these services fits {}", shown(glob)),
    };
    let start = |text: &str| text.split('*').next().unwrap_or_default().to_owned();
    let certain = near
        .as_ref()
        .is_some_and(|(_, near)| slips::is_certain(&start(glob), &start(near), names::words()));
    let help = match near {
        Some((service, name)) => format!("did you mean {}?", event(service, &name)),
        None => elsewhere(glob).map_or_else(
            || "events are called as the API operations are: look the name up in CloudTrail's event history".to_owned(),
            |service| format!("`{service}` has one of that name"),
        ),
    };
    Some(Problem {
        code: codes::EVENT_NAME,
        message,
        label: "this would never be heard of".to_owned(),
        help,
        certain,
    })
}

/// How the events of an operation are called that are recorded with a version.
fn dated(service: &str, name: &str) -> String {
    let recorded = as_recorded(service, name);
    if recorded == name {
        "the date of the API's version stands behind the name".to_owned()
    } else {
        format!("events are called {}", shown(&recorded))
    }
}

fn unknown_service(service: &str, glob: &str, tongue: Tongue) -> Problem {
    // Three letters have too many neighbours for a guess to be worth anything.
    let known = services().keys().copied().filter(|known| known.len() > 3);
    let near = (service.len() > 3)
        .then(|| nearest(service, known))
        .flatten();
    let help = match (near, tongue) {
        (Some(near), Tongue::Rules | Tongue::Test) => {
            format!("did you mean {}?", shown(&format!("{near}:{glob}")))
        }
        (Some(near), Tongue::Raw | Tongue::Except) => {
            format!("did you mean `aws.{near}`, which `eventSource` calls `{near}.amazonaws.com`?")
        }
        (None, _) => {
            "services are called as CloudTrail's `eventSource` is, without `.amazonaws.com`"
                .to_owned()
        }
    };
    Problem {
        code: codes::SERVICE_NAME,
        message: format!("no service {} is known", shown(service)),
        label: "the event may never come".to_owned(),
        help,
        certain: false,
    }
}

/// The event that was probably meant, and its service. Of a glob only the beginning is compared.
fn near_event<'s>(asked: &[(&'s str, &Service)], glob: &str) -> Option<(&'s str, String)> {
    // Among all names there is always one that looks alike.
    if asked.len() > 20 {
        return None;
    }
    asked.iter().find_map(|(service, known)| {
        let names = known.names();
        let Some((start, rest)) = glob.split_once('*') else {
            let near = nearest(glob, names.iter().map(String::as_str))?;
            return Some((*service, near.to_owned()));
        };
        let starts = names.iter().filter_map(|name| {
            let end = name
                .char_indices()
                .skip(1)
                .find(|(_, c)| c.is_ascii_uppercase());
            name.get(..end.map_or(name.len(), |(at, _)| at))
        });
        let near = nearest(start, starts)?;
        let mended = format!("{near}*{rest}");
        (near != start && known.verdict(&mended) == Verdict::Known).then_some((*service, mended))
    })
}

/// A service that has an event of exactly that name.
fn elsewhere(name: &str) -> Option<&'static str> {
    let mut services = services().iter().filter(|(_, service)| service.has(name));
    match (services.next(), services.next()) {
        (Some((service, _)), None) => Some(service),
        _ => None,
    }
}
