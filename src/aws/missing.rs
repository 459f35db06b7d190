//! What a refused caller lacks, from what the call declares and what AWS said.

use serde_json::{Value, json};

use super::{CallError, Need, On, Step};

/// The statement that the caller of a refused call needs.
pub(super) fn statement(error: &CallError) -> Value {
    let refused = refused(error);
    let actions: Vec<&str> = refused.iter().map(|need| need.action).collect();
    let mut resources: Vec<String> = refused.iter().map(|need| resource(error, need)).collect();
    resources.dedup();
    let resources = match resources.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

/// For which kind of run `iamwatch permissions` prints that statement among the others, if for one.
pub(super) fn phase(error: &CallError) -> Option<&'static str> {
    match error.call.step {
        Step::Look => Some("plan"),
        Step::Change => Some("apply"),
        Step::Prove => Some("test-event"),
        Step::Redrive => Some("dlq"),
        Step::Adopt => None,
    }
}

/// Whether a policy forbids the call: then another permission does not help.
pub(super) fn is_forbidden(error: &CallError) -> bool {
    error.message.contains("explicit deny")
}

/// What was refused: AWS stops at the first action and names it, some services in their own spelling.
fn refused(error: &CallError) -> Vec<&'static Need> {
    let needs = error.call.needs;
    let named = words(&error.message, "perform: ");
    let named: Vec<&Need> = needs
        .iter()
        .filter(|need| named.is_some_and(|named| named.eq_ignore_ascii_case(need.action)))
        .collect();
    // One action can be needed on two things: which one, the resource says.
    let told = told(error);
    let fitting: Vec<&Need> = named
        .iter()
        .copied()
        .filter(|need| told.is_some_and(|arn| fits(need.on, arn)))
        .collect();
    match (fitting.is_empty(), named.is_empty()) {
        (false, _) => fitting,
        (true, false) => named,
        (true, true) => needs.iter().collect(),
    }
}

/// The word that follows `before`.
fn words<'t>(text: &'t str, before: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    let word = rest.split_whitespace().next()?;
    // S3 puts the resource in quotes.
    Some(word.trim_matches('"'))
}

/// The ARN that AWS names.
fn told(error: &CallError) -> Option<&str> {
    words(&error.message, "on resource: ").filter(|arn| arn.starts_with("arn:"))
}

fn fits(on: On, arn: &str) -> bool {
    match on {
        On::Alias => arn.contains(":alias/"),
        On::Key | On::FreshKey | On::AnyKey => arn.contains(":key/"),
        _ => true,
    }
}

/// The resource as IAM takes it: an ARN, or a pattern of ARNs where only the name is known.
fn resource(error: &CallError, need: &Need) -> String {
    let given = error.resource.as_str();
    let name = given.split(", ").next().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    let takes_nothing_narrower = matches!(
        need.on,
        On::Any | On::AllBuses | On::AllKeys | On::NewKey | On::Organization
    );
    if let (false, Some(told)) = (takes_nothing_narrower, told(error)) {
        return told.to_owned();
    }
    match need.on {
        On::Any | On::AllBuses | On::AllKeys | On::NewKey => "*".to_owned(),
        On::Topic if given.matches(':').count() == 6 => {
            // SNS decides about a subscription by its topic's ARN, which is the shorter by one part.
            let topic = given.rsplit_once(':').map(|(topic, _)| topic);
            topic.unwrap_or(given).to_owned()
        }
        On::PassedRole => "arn:aws:iam::*:role/iamwatch/*".to_owned(),
        _ if given.starts_with("arn:") => given.to_owned(),
        On::Account => "arn:aws:account::*:account".to_owned(),
        On::Rule | On::ProbeRule => format!("arn:aws:events:*:*:rule/{name}"),
        On::Bus | On::EventBus => format!("arn:aws:events:*:*:event-bus/{name}"),
        On::Topic => format!("arn:aws:sns:*:*:{name}"),
        On::Queue | On::Receiver | On::Probe => format!("arn:aws:sqs:*:*:{name}"),
        On::Role | On::NamedRole => format!("arn:aws:iam::*:role/{name}"),
        On::Key | On::FreshKey | On::AnyKey | On::NewKeyTag => "arn:aws:kms:*:*:key/*".to_owned(),
        On::Alias => format!("arn:aws:kms:*:*:alias/{name}"),
        On::Bucket => format!("arn:aws:s3:::{name}"),
        On::Organization => "*".to_owned(),
        On::MemberRole => format!("arn:aws:iam::*:role/{name}"),
        On::Trail | On::AnyTrail => format!("arn:aws:cloudtrail:*:*:trail/{name}"),
    }
}
