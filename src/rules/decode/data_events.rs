//! `trail.data_events`: which data events a trail of ours records besides management events.

use std::collections::{BTreeMap, BTreeSet};

use super::places::placed;
use crate::cloudtrail::{data_event_kinds, kind_of_resource};
use crate::diagnostic::{Report, Span, codes, nearest, shown};
use crate::place::Arn;
use crate::rules::syntax::read::{self, Spanned};
use crate::rules::syntax::yaml::Node;

/// Values of all conditions of a trail together. Source: CloudTrail user guide, "Quotas in AWS CloudTrail".
const MOST_VALUES: usize = 500;

const HELP: &str = "write the ARN of a bucket with `/` at its end, of a function, table, topic or queue, or a type such as \
    `AWS::S3::Object` for all of them";

/// By the type of resource, how the ARNs begin; none: all of the type.
pub(crate) type DataEvents = BTreeMap<String, BTreeSet<String>>;

/// Reads the list.
pub(crate) fn data_events(node: &Node, report: &mut Report) -> Option<DataEvents> {
    let listed = read::texts(
        node,
        "resources whose data events are recorded",
        "an ARN or a type of resource",
        report,
    )?;
    // Each is held against all others below.
    if listed.len() > MOST_VALUES {
        too_many(listed.len(), node.span, report);
        return None;
    }
    let mut events = DataEvents::new();
    let mut good = true;
    let mut read: Vec<(&Spanned<String>, Item)> = Vec::new();
    for item in &listed {
        match item_of(item, report) {
            Some(found) => read.push((item, found)),
            None => good = false,
        }
    }
    for (at, (item, found)) in read.iter().enumerate() {
        let mut others = read.iter().enumerate().filter(|(other, _)| *other != at);
        // Of two that are the same the second is one too many.
        let wider = others
            .find(|(other, (_, wide))| holds(wide, found) && (*other < at || !holds(found, wide)));
        if let Some((_, (wider, _))) = wider {
            report
                .warning(codes::RECORDED_TWICE, item.span)
                .message(match wider.value == item.value {
                    true => format!("{} is listed twice", shown(&item.value)),
                    false => format!(
                        "{} is among what {} records already",
                        shown(&item.value),
                        shown(&wider.value)
                    ),
                })
                .label("nothing more is recorded for it")
                .help("remove it, or the other one if less is meant");
        }
        let (kind, begin) = found;
        let begins = events.entry(kind.clone()).or_default();
        begins.extend(begin.clone());
    }
    // Who wants all of a type wants each.
    for (_, (kind, begin)) in &read {
        if begin.is_none() {
            events.insert(kind.clone(), BTreeSet::new());
        }
    }
    // One for the category of each selector, one for each type.
    let values = 1 + events
        .values()
        .map(|begins| 2 + begins.len())
        .sum::<usize>();
    if values > MOST_VALUES {
        too_many(listed.len(), node.span, report);
        return None;
    }
    good.then_some(events)
}

fn too_many(listed: usize, span: Span, report: &mut Report) {
    report
        .error(codes::AWS_NAME, span)
        .message(format!(
            "{listed} resources are more than the event selectors of a trail take"
        ))
        .label(format!("expected at most {MOST_VALUES} conditions"))
        .help("write their type, such as `AWS::S3::Object`, for all of them");
}

/// The type of the resources, and how their ARNs begin if not all of the type are meant.
type Item = (String, Option<String>);

/// Whether all that the second means is meant by the first.
fn holds((wide, all): &Item, (kind, some): &Item) -> bool {
    wide == kind && (all.is_none() || all == some)
}

fn item_of(item: &Spanned<String>, report: &mut Report) -> Option<Item> {
    let (text, span) = (item.value.as_str(), item.span);
    if !text.starts_with("arn:") {
        return kind(text, span, report).map(|kind| (kind, None));
    }
    if let Some((before, _)) = text.split_once('*') {
        report
            .error(codes::AWS_NAME, span)
            .message(format!("{} holds a `*`", shown(text)))
            .label("CloudTrail takes the beginning of an ARN here, without a star")
            .help(format!("write {}", read::quoted(before)));
        return None;
    }
    let arn = placed(text.parse::<Arn>(), span, HELP, report)?;
    let is_bucket = arn.service() == "s3" && !arn.resource().contains('/');
    let begin = if is_bucket {
        // Else buckets whose names only begin so would be meant as well.
        format!("{text}/")
    } else {
        text.to_owned()
    };
    let whole = begin.parse::<Arn>().ok();
    let Some(kind) = whole.as_ref().and_then(kind_of_resource) else {
        report
            .error(codes::AWS_NAME, span)
            .message(format!(
                "{} is not the ARN of a resource with data events",
                shown(text)
            ))
            .label("expected a bucket, function, table, topic, queue or the like")
            .help(match arn.service() {
                "kms" | "secretsmanager" | "iam" | "sts" => {
                    "all calls of this service are management events, which the trail records anyway"
                }
                _ => HELP,
            });
        return None;
    };
    Some((kind.to_owned(), Some(begin)))
}

/// A type of resource. CloudTrail knows more of them than this release, and no typo of a known one.
fn kind(text: &str, span: Span, report: &mut Report) -> Option<String> {
    let parts: Vec<&str> = text.split("::").collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_type = matches!(parts.as_slice(), ["AWS", _, _]) && parts.iter().all(is_word);
    if is_type && data_event_kinds().any(|kind| kind == text) {
        return Some(text.to_owned());
    }
    let near = nearest(text, data_event_kinds());
    if is_type && near.is_none() {
        return Some(text.to_owned());
    }
    let help = near.map_or_else(|| HELP.to_owned(), |near| format!("did you mean `{near}`?"));
    report
        .error(codes::NOT_ONE_OF, span)
        .message(format!(
            "{} is neither an ARN nor a type of resource with data events",
            shown(text)
        ))
        .label("expected an ARN, or a type such as `AWS::S3::Object`")
        .help(help);
    None
}
