//! What is watched, which trail feeds it, and which key encrypts the topics.

use super::data_events::{DataEvents, data_events};
use super::organization::organization;
use super::places::{placed, region};
use crate::diagnostic::{Report, Span, codes, shown};
use crate::place::{Arn, Region};
use crate::rules::model::{Home, Regions, TopicKey, Trail, TrailSettings, Watch};
use crate::rules::syntax::keys::{ROLES, TOPICS, TRAIL, TRAILS, WATCH};
use crate::rules::syntax::read::{self, Fields};
use crate::rules::syntax::yaml::{Node, Value};

/// Reads the key `watch`.
pub(crate) fn watch(node: &Node, key: Span, report: &mut Report) -> Option<Watch> {
    let fields = Fields::read(node, WATCH, "`watch`", report)?;
    let organization = match (fields.get("organization"), fields.key("organization")) {
        (Some(node), Some(key)) => Some(organization(node, key, report)?),
        _ => None,
    };
    let (regions, span) = match fields.get("regions") {
        None => (Regions::Home, key),
        Some(node) => (regions(node, report)?, node.span),
    };
    Some(Watch {
        regions,
        organization,
        span,
    })
}

fn regions(regions: &Node, report: &mut Report) -> Option<Regions> {
    if regions.scalar().is_some() {
        let help = "write `regions: all`, or a list such as `[eu-central-1, us-east-1]`";
        let text = read::text(regions, "`all` or a list of Regions", report)?;
        if text != "all" {
            report
                .error(codes::NOT_ONE_OF, regions.span)
                .message(format!("{} is neither `all` nor a list", shown(text)))
                .label("expected `all` or a list of Regions")
                .help(help);
            return None;
        }
        return Some(Regions::All);
    }
    let mut listed: Vec<(Region, Span)> = Vec::new();
    for item in read::texts(regions, "Regions", "a Region", report)? {
        let Some(parsed) = region(&item.value, item.span, report) else {
            continue;
        };
        if listed.iter().any(|(other, _)| *other == parsed) {
            report
                .error(codes::DUPLICATE_KEY, item.span)
                .message(format!("{} is listed twice", shown(&item.value)))
                .label("listed before")
                .help("remove one of the two");
            continue;
        }
        listed.push((parsed, item.span));
    }
    (!listed.is_empty()).then_some(Regions::Listed(listed))
}

/// Reads the key `trail`.
pub(crate) fn trail(node: &Node, report: &mut Report) -> Option<Trail> {
    if !matches!(node.value, Value::Map(_)) {
        return match read::word(
            node,
            "`none`, `create` or `existing-or-create`",
            TRAILS,
            report,
        )? {
            "create" => Some(Trail::Create(TrailSettings::default())),
            "existing-or-create" => Some(Trail::ExistingOrCreate),
            _ => Some(Trail::None),
        };
    }
    let fields = Fields::read(node, TRAIL, "`trail`", report)?;
    let mut named = |key: &str, fits: fn(&str) -> bool, form: &str, help: &str| {
        let node = fields.get(key)?;
        let text = read::text(node, "a name", report)?;
        if fits(text) {
            return Some(text.to_owned());
        }
        report
            .error(codes::AWS_NAME, node.span)
            .message(format!("{} is not a name that AWS takes here", shown(text)))
            .label(format!("expected {form}"))
            .help(help);
        None
    };
    let name = named(
        "name",
        is_trail_name,
        "3 to 128 letters, digits, `.`, `_` or `-`, beginning and ending with a letter or digit",
        "write the trail's name, not its ARN",
    );
    let bucket = named(
        "bucket",
        is_bucket_name,
        "3 to 63 lower-case letters, digits, `.` or `-`",
        "write the bucket's name, without `s3://` and without a path",
    );
    let kms_key = match fields.get("kms_key") {
        None => None,
        Some(node) => Some(key_arn(node, report)?),
    };
    let access_analyzer = match fields.get("access_analyzer") {
        None => false,
        Some(node) => read::boolean(node, "`access_analyzer`", report)?,
    };
    let data_events = match fields.get("data_events") {
        None => DataEvents::new(),
        Some(node) => data_events(node, report)?,
    };
    Some(Trail::Create(TrailSettings {
        name,
        bucket,
        kms_key,
        access_analyzer,
        data_events,
    }))
}

/// Reads the key `topics`. `home`: where the topics stand, if that is known.
pub(crate) fn topics(node: &Node, home: Option<&Home>, report: &mut Report) -> Option<TopicKey> {
    let fields = Fields::read(node, TOPICS, "`topics`", report)?;
    let node = fields.get("kms_key")?;
    match read::text(node, "a key", report)? {
        "none" => Some(TopicKey::None),
        "create" => Some(TopicKey::Create),
        _ => {
            let key = key_arn(node, report)?;
            let is_near = home.is_none_or(|home| key_at_home(&key, home, node.span, report));
            is_near.then_some(TopicKey::Existing(key))
        }
    }
}

/// Whether topics at home can be encrypted with the key; reported where they cannot. An account of its own is no matter: the
/// key's policy decides that. Source: KMS developer guide, multi-Region keys: a key is used in its own Region only.
fn key_at_home(key: &Arn, home: &Home, span: Span, report: &mut Report) -> bool {
    let partition = home.region.partition().id();
    if key.region() == home.region.as_str() && key.partition() == partition {
        return true;
    }
    report
        .error(codes::PLACE, span)
        .message(format!(
            "the key is in {}, and the topics are at home, in {}, where only keys of that Region can encrypt them",
            shown(key.region()),
            home.region
        ))
        .label("another Region than home's")
        .help(format!(
            "name a key in {}, `arn:{partition}:kms:{}:ACCOUNT:key/ID`, or write `create` for one of ours",
            home.region, home.region
        ));
    false
}

/// Reads the key `roles`.
pub(crate) fn roles(node: &Node, report: &mut Report) -> Option<String> {
    let fields = Fields::read(node, ROLES, "`roles`", report)?;
    let node = fields.get("boundary")?;
    let text = read::text(node, "the name of a policy", report)?;
    // Source: IAM API reference, CreatePolicy: the name, and before it a path whose parts are not empty.
    let is_name = |part: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        !part.is_empty() && part.chars().all(fits)
    };
    let name = text.rsplit('/').next().unwrap_or_default();
    if text.split('/').all(is_name) && name.len() <= 128 && text.len() <= 512 {
        return Some(text.to_owned());
    }
    report
        .error(codes::AWS_NAME, node.span)
        .message(format!("{} is no name of a managed policy", shown(text)))
        .label("the policy that bounds our roles")
        .help(
            "write the name alone, such as `boundary: iamwatch-boundary`, with its path before it if it has one: the \
             account is that of each role. `iamwatch permissions --for boundary` prints the policy",
        )
        .done();
    None
}

fn key_arn(node: &Node, report: &mut Report) -> Option<Arn> {
    let text = read::text(node, "a key's ARN", report)?;
    let help = "write the key's ARN, `arn:aws:kms:REGION:ACCOUNT:key/ID`: an alias may come to mean another key";
    let arn = placed(text.parse::<Arn>(), node.span, help, report)?;
    if arn.service() == "kms" && arn.resource().starts_with("key/") {
        return Some(arn);
    }
    report
        .error(codes::AWS_NAME, node.span)
        .message(format!("{} is not the ARN of a KMS key", shown(text)))
        .label("expected `arn:aws:kms:REGION:ACCOUNT:key/ID`")
        .help(help);
    None
}

/// Source: CloudTrail, trail naming requirements.
fn is_trail_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let doubled = text
        .as_bytes()
        .windows(2)
        .any(|pair| pair.iter().all(|b| b"._-".contains(b)));
    (3..=128).contains(&text.len())
        && text.bytes().all(inner)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && !doubled
}

/// Source: S3, general purpose bucket naming rules.
fn is_bucket_name(text: &str) -> bool {
    let end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&text.len())
        && text.chars().all(|c| end(c) || c == '.' || c == '-')
        && text.starts_with(end)
        && text.ends_with(end)
        && !text.contains("..")
}
