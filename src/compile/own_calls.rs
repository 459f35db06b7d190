//! The calls that alerting itself causes, which must not alert: each alert would cause the next.
//!
//! EventBridge assumes a role to send an event to another bus, and asks for the key of an encrypted
//! topic. Such calls are recorded with `userIdentity.invokedBy` = `events.amazonaws.com`, which is what
//! is left out: the same calls by anybody else still alert.
//!
//! The dispatcher acts with two roles of its own: one starts it, and with the other it reads the secrets of connections.
//! What sessions of these two roles do is left out, and that Step Functions takes on the second.

use serde_json::{Value, json};

use super::conditions::{Conjunction, Tests, and, holds};
use crate::diagnostic::{Diagnostic, Span};
use crate::place::AccountId;
use crate::role_names;
use crate::rules::{Delivery, Matcher, RulesFile};

/// Service and name of each that EventBridge makes.
pub(crate) const CALLS: [(&str, &str); 3] = [
    ("sts.amazonaws.com", "AssumeRole"),
    ("kms.amazonaws.com", "Decrypt"),
    ("kms.amazonaws.com", "GenerateDataKey"),
];
/// The service that makes these calls, as CloudTrail names it.
pub(crate) const CALLER: &str = "events.amazonaws.com";
/// Where the caller stands. CloudTrail repeats it as the address, which serves where a rule has a test of
/// the first field that leaves no room. Source: CloudTrail, `sourceIPAddress` of calls by AWS services.
const CALLER_FIELDS: [&[&str]; 2] = [&["userIdentity", "invokedBy"], &["sourceIPAddress"]];

/// Service and name of each that the dispatcher's roles make. Publications, messages and items are data events, which
/// rules may want as well. Source: Step Functions, "Call HTTPS APIs", which lists what the role needs; CloudTrail, data
/// events of SNS, SQS and DynamoDB.
pub(crate) const DISPATCHER_CALLS: [(&str, &str); 10] = [
    ("states.amazonaws.com", "StartExecution"),
    ("states.amazonaws.com", "InvokeHTTPEndpoint"),
    ("events.amazonaws.com", "RetrieveConnectionCredentials"),
    ("secretsmanager.amazonaws.com", "DescribeSecret"),
    ("secretsmanager.amazonaws.com", "GetSecretValue"),
    ("kms.amazonaws.com", "Decrypt"),
    ("kms.amazonaws.com", "GenerateDataKey"),
    ("sns.amazonaws.com", "Publish"),
    ("sqs.amazonaws.com", "SendMessage"),
    ("dynamodb.amazonaws.com", "PutItem"),
];
/// Where a record names the role whose session called.
pub(crate) const ISSUER: [&str; 4] = ["userIdentity", "sessionContext", "sessionIssuer", "arn"];
/// Where a record names the role that is taken on.
const TAKEN: [&str; 2] = ["requestParameters", "roleArn"];

/// Stands for the home account where the file does not say it: `at_home` puts it in. No account is called so.
const UNSAID: &str = "home";

/// The roles of a rules file's dispatcher, as ARNs.
#[derive(Debug, Clone)]
pub(crate) struct OwnRoles {
    starter: String,
    dispatcher: String,
}

impl OwnRoles {
    /// Of a file that has a dispatcher.
    pub(crate) fn of(file: &RulesFile) -> Option<Self> {
        let Delivery::Dispatcher { .. } = file.delivery else {
            return None;
        };
        let account = file.home.account.as_ref().map_or(UNSAID, |id| id.as_str());
        let partition = file.home.region.partition();
        let (path, stack) = (role_names::PATH, &file.name);
        let arn = |name: String| format!("arn:{partition}:iam::{account}:role{path}{name}");
        Some(Self {
            starter: arn(role_names::starter(stack)),
            dispatcher: arn(role_names::dispatcher(stack)),
        })
    }

    /// The ARN of the role with which EventBridge starts the dispatcher.
    pub(crate) fn starter(&self) -> &str {
        &self.starter
    }

    /// The ARN of the state machine's role.
    pub(crate) fn dispatcher(&self) -> &str {
        &self.dispatcher
    }

    fn arns(&self) -> [&str; 2] {
        [&self.dispatcher, &self.starter]
    }
}

/// Puts the home account into a pattern where the file did not say it.
pub(super) fn settle(pattern: &mut Value, home: &AccountId) {
    match pattern {
        Value::String(text) => {
            let unsaid = format!(":iam::{UNSAID}:role{}", role_names::PATH);
            if text.contains(&unsaid) {
                let said = format!(":iam::{home}:role{}", role_names::PATH);
                *text = text.replace(&unsaid, &said);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| settle(item, home)),
        Value::Object(fields) => fields.values_mut().for_each(|field| settle(field, home)),
        _ => {}
    }
}

/// Takes the dispatcher's calls out of a conjunction that passes one of them; `false` if nothing else is left of it.
pub(super) fn leave_out_dispatcher(
    conjunction: &mut Conjunction,
    roles: &OwnRoles,
) -> Result<bool, Box<Diagnostic>> {
    let mut possible = true;
    let calls = DISPATCHER_CALLS.iter();
    if calls.into_iter().any(|call| passes_call(conjunction, call)) {
        possible = but_for(conjunction, &ISSUER, &roles.arns())?;
    }
    if passes_call(conjunction, &("sts.amazonaws.com", "AssumeRole")) {
        possible &= but_for(conjunction, &TAKEN, &[&roles.dispatcher])?;
    }
    Ok(possible)
}

/// Leaves out records in which a field holds one of some texts.
fn but_for(
    conjunction: &mut Conjunction,
    path: &[&str],
    texts: &[&str],
) -> Result<bool, Box<Diagnostic>> {
    let wanted = texts.iter().filter(|text| passes(conjunction, path, text));
    let left: Vec<Matcher> = wanted
        .map(|text| Matcher::Exact(Value::String((*text).to_owned())))
        .collect();
    if left.is_empty() {
        return Ok(true);
    }
    let others = Tests {
        any_of: vec![Matcher::Not(left), Matcher::Exists(false)],
        span: Span::default(),
    };
    let path = owned(path);
    let span = conjunction.get(&path).map(|own| own.span);
    and(conjunction, &path, &others).map_err(|mut problem| {
        if let Some(span) = span {
            problem.span = span;
        }
        problem
    })
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|step| (*step).to_owned()).collect()
}

/// Whether records pass in which a field holds a text, as far as can be told.
fn passes(conjunction: &Conjunction, path: &[&str], text: &str) -> bool {
    conjunction
        .get(&owned(path))
        .is_none_or(|tests| holds(&tests.any_of, &json!(text)) != Some(false))
}

fn passes_call(conjunction: &Conjunction, (service, name): &(&str, &str)) -> bool {
    passes(conjunction, &["eventSource"], service) && passes(conjunction, &["eventName"], name)
}

/// Takes EventBridge's calls out of a conjunction that passes one of them; `false` if nothing else is left of it.
pub(super) fn leave_out(conjunction: &mut Conjunction) -> Result<bool, Box<Diagnostic>> {
    let wanted = CALLS.iter().any(|call| passes_call(conjunction, call));
    let by_caller = CALLER_FIELDS
        .iter()
        .all(|path| passes(conjunction, path, CALLER));
    if !wanted || !by_caller {
        return Ok(true);
    }
    let others = Tests {
        any_of: vec![
            Matcher::Not(vec![Matcher::Exact(Value::String(CALLER.to_owned()))]),
            Matcher::Exists(false),
        ],
        span: Span::default(),
    };
    let mut refused = None;
    for path in CALLER_FIELDS {
        let path = owned(path);
        match and(conjunction, &path, &others) {
            Ok(possible) => return Ok(possible),
            // The rule's own condition is what the user can change: point there.
            Err(mut problem) => {
                if let Some(own) = conjunction.get(&path) {
                    problem.span = own.span;
                }
                refused = refused.or(Some(problem));
            }
        }
    }
    refused.map_or(Ok(true), Err)
}
