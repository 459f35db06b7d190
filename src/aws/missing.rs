//! What a refused caller lacks, from what the call declares and what AWS said.

use serde_json::{Value, json};

use super::{CallError, Need, On, Step};

/// The statement that the caller of a refused call needs.
pub(super) fn statement(error: &CallError) -> Value {
    let refused = refused(error);
    let mut actions: Vec<&str> = Vec::new();
    for need in &refused {
        // One action can be needed on two things.
        if !actions.contains(&need.action) {
            actions.push(need.action);
        }
    }
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
        On::LeftProbeRule => arn.contains("/iamwatch-test-"),
        On::Key
        | On::FreshKey
        | On::AnyKey
        | On::GivenKey
        | On::GivenTopicKey
        | On::ReceiverKey => arn.contains(":key/"),
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
        On::Any
            | On::AllBuses
            | On::AllKeys
            | On::NewKey
            | On::Organization
            | On::OrganizationTrail
            | On::TrailRole
    );
    if let (false, Some(told)) = (takes_nothing_narrower, told(error)) {
        return told.to_owned();
    }
    let partition = partition(error);
    match need.on {
        on if takes_nothing_narrower => on.arn(partition, name),
        On::Topic if given.matches(':').count() == 6 => {
            // SNS decides about a subscription by its topic's ARN, which is the shorter by one part.
            let topic = given.rsplit_once(':').map(|(topic, _)| topic);
            topic.unwrap_or(given).to_owned()
        }
        // The call names the rule, and not the role that is handed to it.
        On::PassedRole => need.on.arn(partition, name),
        _ if given.starts_with("arn:") => given.to_owned(),
        On::LogBucket | On::LogObject => {
            let path = given.strip_prefix("s3://").unwrap_or(given);
            let bucket = path.split('/').next().unwrap_or_default();
            let named = if need.on == On::LogBucket {
                bucket
            } else {
                path
            };
            need.on.arn(partition, named)
        }
        on => on.arn(partition, name),
    }
}

/// The partition of the ARNs that the error holds: AWS names the caller that it refuses.
fn partition(error: &CallError) -> &str {
    let texts = [error.resource.as_str(), error.message.as_str()];
    let mut found = texts.iter().filter_map(|text| {
        let (_, rest) = text.split_once("arn:")?;
        let (partition, _) = rest.split_once(':')?;
        partition.starts_with("aws").then_some(partition)
    });
    found.next().unwrap_or("aws")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::calls;

    #[test]
    fn the_missing_statement_is_of_the_callers_partition() {
        let statement = |call, resource: &str, words: &str| {
            let error = CallError::inside_success(call, resource.to_owned(), "AccessDenied", words);
            statement(&error)
        };
        let refused = "User: arn:aws-cn:iam::111122223333:user/a is not authorized to perform that";
        let bucket = statement(&calls::GET_BUCKET_POLICY, "logs", refused);
        assert_eq!(bucket["Resource"], "arn:aws-cn:s3:::logs");
        let role = statement(&calls::PUT_ROLE_POLICY, "r", refused);
        assert_eq!(role["Resource"], "arn:aws-cn:iam::*:role/r");
        let nowhere = statement(&calls::GET_BUCKET_POLICY, "logs", "no");
        assert_eq!(nowhere["Resource"], "arn:aws:s3:::logs");
        // One action on two kinds of keys is said once.
        let key = statement(&calls::GET_KEY_POLICY, "k", refused);
        assert_eq!(key["Action"], json!(["kms:GetKeyPolicy"]));
        assert_eq!(key["Resource"], "arn:aws-cn:kms:*:*:key/*");
    }
}
