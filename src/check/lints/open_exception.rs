//! Exceptions that an attacker can meet (W0729): what they rest on is decided by whoever makes the call.

use serde_json::Value as Json;

use super::speaker::Speaker;
use crate::check::certainty::Certainty;
use crate::check::clause::{Clause, glob_of};
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::chosen::{Choice, Standing, Test, names_account, standing};
use crate::compile::OWN_CALLER;
use crate::diagnostic::Span;
use crate::rules::{AllOf, Events, FieldCondition, Matcher, Parsed};
use crate::wildcard::matches_star;

pub(in crate::check) const OPEN_EXCEPTION: Lint = Lint {
    id: "W0729",
    explanation: "The exception rests on something that is decided by whoever makes the call: the name of a role, user or session, which somebody else can have too, a user agent, a service that calls for whoever asks it, a parameter, a failure. An attacker who decides the same is silenced with those who are meant. An ARN with its account says who acts: IAM's paths take colons and slashes, so that a `*` in front of the account lets a forged role in. An address as `cidr`, or the id of a VPC endpoint, says from where. Where the exception is meant all the same, the rule can `accept` this with a reason.",
    wrong: r#"- id: a
  events: ["iam:*"]
  unless:
    - { userIdentity.sessionContext.sessionIssuer.arn: "*:role/deployer" }
    - { userAgent: "*terraform*" }"#,
    right: r#"- id: a
  events: ["iam:*"]
  unless:
    - { userIdentity.sessionContext.sessionIssuer.arn: "arn:aws:iam::111122223333:role/deployer" }
    - { userAgent: "*terraform*", userIdentity.arn: "arn:aws:iam::111122223333:user/builder" }"#,
    is_fatal: false,
};

/// Whose ARNs are shown where it is said how to name somebody.
pub(super) struct Own {
    account: String,
    partition: &'static str,
}

impl Own {
    /// The home account, or AWS's example of one.
    pub(super) fn of(parsed: &Parsed) -> Self {
        let home = parsed.resolved.file.as_ref().map(|file| &file.home);
        let account = home.and_then(|home| home.account.as_ref());
        Self {
            account: account
                .map_or("111122223333", |account| account.as_str())
                .to_owned(),
            partition: home.map_or("aws", |home| home.region.partition().id()),
        }
    }

    /// The ARN of a user, a role or its sessions in the account.
    fn arn(&self, resource: &str) -> String {
        let service = if resource.starts_with("assumed-role/") {
            "sts"
        } else {
            "iam"
        };
        let Self { account, partition } = self;
        format!("arn:{partition}:{service}::{account}:{resource}")
    }
}

/// Where an exception stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is a map of `unless`.
    Unless,
    /// It is a `not` of `when`.
    Not,
    /// It is an `anything-but` of a raw pattern.
    AnythingBut,
}

/// Warns of the exceptions of a rule, those that stand as `not` under `when` among them.
pub(super) fn look(events: &Events, own: &Own, speaker: &mut Speaker<'_>) {
    for exception in &events.unless {
        if let Some((field, choice)) = met_by_choice(exception) {
            let path = field.path.join(".");
            speaker.warn(finding(&path, &choice, Place::Unless, own), field.span);
        }
    }
    for field in events.when.iter().flat_map(|all_of| &all_of.fields) {
        if let Some(choice) = left_out(field) {
            let path = field.path.join(".");
            speaker.warn(finding(&path, &choice, Place::Not, own), field.span);
        }
    }
}

/// Warns of what the tests of one field of a raw pattern leave out.
pub(super) fn look_at_tests(
    path: &str,
    tests: &[Json],
    span: Span,
    own: &Own,
    speaker: &mut Speaker<'_>,
) {
    let steps: Vec<&str> = path.split('.').collect();
    let clauses = tests
        .iter()
        .flat_map(|test| Clause::of_test(path, test, span, Certainty::Unlikely));
    let (negated, others): (Vec<Clause<'_>>, Vec<Clause<'_>>) =
        clauses.partition(|clause| clause.is_negated);
    let takes_absence = tests
        .iter()
        .any(|test| test.get("exists") == Some(&Json::Bool(false)));
    let found = negated.iter().find_map(|clause| {
        let glob = clause.glob.as_deref()?;
        // That is what has to be left out of a raw pattern.
        let ours = path == "userIdentity.invokedBy" && glob == OWN_CALLER;
        let choice = chosen(standing(&steps, Test::Text(glob))).filter(|_| !ours)?;
        let mut others = others.iter().filter_map(|other| other.glob.as_deref());
        let excepts = takes_absence || choice != Choice::Failure;
        (excepts && !others.any(|other| takes_forged(other, &choice))).then_some(choice)
    });
    if let Some(choice) = found {
        speaker.warn(finding(path, &choice, Place::AnythingBut, own), span);
    }
}

/// What to write in place of a `not` of `when` that leaves out whoever decides to be left out.
pub(super) fn instead_of_not(path: &[&str], text: &str, own: &Own) -> Option<String> {
    let choice = chosen(standing(path, Test::Text(text)))?;
    Some(instead(&path.join("."), &choice, Place::Not, own))
}

/// What an exception rests on, if nothing in it says who acts or from where.
fn met_by_choice(exception: &AllOf) -> Option<(&FieldCondition, Choice)> {
    let mut choices: Vec<(&FieldCondition, Choice)> = Vec::new();
    let mut has_account = false;
    for field in &exception.fields {
        let path: Vec<&str> = field.path.iter().map(String::as_str).collect();
        has_account |= field.any_of.iter().all(|matcher| {
            glob_of(matcher).is_some_and(|glob| names_account(&path, Test::Text(&glob)))
        });
        let all: Vec<Standing> = field
            .any_of
            .iter()
            .map(|matcher| of_matcher(&path, matcher))
            .collect();
        if all.iter().all(|standing| *standing == Standing::Firm) {
            return None;
        }
        let choice = all.into_iter().find_map(chosen);
        choices.extend(choice.map(|choice| (field, choice)));
    }
    // What says who acts is narrowed first: then all of it is.
    let named = choices.iter().position(|(_, choice)| choice.is_a_name());
    match named {
        Some(_) if has_account => None,
        Some(named) => Some(choices.swap_remove(named)),
        None => choices.into_iter().next(),
    }
}

/// What a condition of `when` leaves out by `not` although whoever calls decides it.
fn left_out(field: &FieldCondition) -> Option<Choice> {
    let path: Vec<&str> = field.path.iter().map(String::as_str).collect();
    let takes_absence = field.any_of.contains(&Matcher::Exists(false));
    let none_of = field.any_of.iter().filter_map(|matcher| match matcher {
        Matcher::Not(none_of) => Some(none_of),
        _ => None,
    });
    let mut choices = none_of
        .flatten()
        .filter_map(|matcher| chosen(of_matcher(&path, matcher)));
    choices.find(|choice| {
        let mut others = field.any_of.iter().filter_map(glob_of);
        // Of failures some are no more left out than those who succeed.
        (takes_absence || *choice != Choice::Failure)
            && !others.any(|other| takes_forged(&other, choice))
    })
}

fn of_matcher(path: &[&str], matcher: &Matcher) -> Standing {
    match (matcher, glob_of(matcher)) {
        (Matcher::Exists(true), _) => standing(path, Test::There),
        (Matcher::Cidr(_), _) => standing(path, Test::Block),
        (_, Some(glob)) => standing(path, Test::Text(&glob)),
        _ => standing(path, Test::Other),
    }
}

fn chosen(standing: Standing) -> Option<Choice> {
    match standing {
        Standing::Chosen(choice) => Some(choice),
        Standing::Firm | Standing::Open => None,
    }
}

/// Whether a test takes the ARN that an attacker would forge, so that it is not left out.
fn takes_forged(glob: &str, choice: &Choice) -> bool {
    match choice {
        Choice::Arn {
            resource: Some(resource),
        } => {
            let forged = format!(
                "arn:aws:iam::999999999999:role/x:{}",
                resource.replace('*', "x")
            );
            matches_star(glob, &forged)
        }
        _ => false,
    }
}

fn finding(path: &str, choice: &Choice, place: Place, own: &Own) -> Finding {
    Finding {
        lint: &OPEN_EXCEPTION,
        message: format!("an attacker can meet this exception: it rests on `{path}`"),
        label: why(choice).to_owned(),
        help: format!(
            "{}; if it is meant so, say why: `accept: {{ {}: \"…\" }}`",
            instead(path, choice, place, own),
            OPEN_EXCEPTION.id
        ),
        certain: false,
    }
}

fn why(choice: &Choice) -> &'static str {
    match choice {
        Choice::Role { .. } => "any account can have a role of this name",
        Choice::User { .. } => "any account can have a user of this name",
        Choice::Arn { .. } => {
            "the account is not written out: somebody else's role or user can have such an ARN"
        }
        Choice::Session { .. } => "whoever takes a role chooses the name of the session",
        Choice::Client => "callers send what they like",
        Choice::Address { block: Some(_) } => "text, not an address: compared as it is written",
        Choice::Address { block: None } => {
            "AWS services stand here for whoever lets them make the call"
        }
        Choice::Service { .. } => "AWS services call for whoever lets them",
        Choice::Thing => "callers choose what they name and what they act on",
        Choice::Failure => "what an attacker tries and may not do is silenced as well",
    }
}

/// The condition that says the same of nobody else, if there is one.
fn narrowed(path: &str, choice: &Choice, own: &Own) -> Option<(String, String)> {
    let caller = "userIdentity.arn".to_owned();
    Some(match choice {
        Choice::Role { name } => (caller, own.arn(&format!("assumed-role/{name}/*"))),
        Choice::User { name } => (caller, own.arn(&format!("user/{name}"))),
        Choice::Arn {
            resource: Some(resource),
        } => (path.to_owned(), own.arn(resource)),
        Choice::Session { role: Some(role) } => (caller, role.clone()),
        _ => return None,
    })
}

/// What to write instead.
fn instead(path: &str, choice: &Choice, place: Place, own: &Own) -> String {
    let somebody = own.arn("assumed-role/ROLE/*");
    if let Some((field, arn)) = narrowed(path, choice, own) {
        let condition = format!("{field}: {arn:?}");
        return match place {
            Place::Unless => format!("write `{condition}`"),
            Place::Not => format!("write `unless: {{ {condition} }}`"),
            Place::AnythingBut if field == path && arn.contains('*') => {
                format!("write `{{ anything-but: {{ wildcard: {arn:?} }} }}`")
            }
            Place::AnythingBut if field == path => {
                format!("write `{{ anything-but: {arn:?} }}`")
            }
            Place::AnythingBut => {
                format!("write the rule with `events` and `unless: {{ {condition} }}`")
            }
        };
    }
    let company = match choice {
        Choice::Arn { .. } => {
            let user = own.arn("user/NAME");
            let way = match place {
                Place::Unless => "",
                Place::Not => "under `unless` ",
                Place::AnythingBut => "in a rule with `events` and `unless` ",
            };
            return format!(
                "write the whole ARN {way}of a user, `userIdentity.arn: {user:?}`, or of a role's sessions, `userIdentity.arn: {somebody:?}`"
            );
        }
        Choice::Session { .. } => {
            let way = match place {
                Place::Unless => "",
                Place::Not => "under `unless` ",
                Place::AnythingBut => "in a rule with `events` and `unless` ",
            };
            return format!(
                "name the role {way}with its account: `userIdentity.arn: {somebody:?}`"
            );
        }
        Choice::Address { block: Some(block) } => {
            return match place {
                Place::Unless => format!("write `{path}: {{ cidr: {block:?} }}`"),
                Place::Not => format!("write `{path}: {{ not: {{ cidr: {block:?} }} }}`"),
                Place::AnythingBut => format!(
                    "write the rule with `events` and `unless: {{ {path}: {{ cidr: {block:?} }} }}`"
                ),
            };
        }
        Choice::Failure if place == Place::Unless => {
            return format!(
                "for calls that went through write `when: {{ errorCode: {{ exists: false }} }}` in its place, or say in the same map who acts: `userIdentity.arn: {somebody:?}`"
            );
        }
        Choice::Service {
            name: Some(service),
        } => format!(
            "the service's own role: `userIdentity.sessionContext.sessionIssuer.arn: {:?}`",
            own.arn(&format!("role/aws-service-role/{service}/*"))
        ),
        _ => format!("who acts: `userIdentity.arn: {somebody:?}`"),
    };
    match place {
        Place::Unless => format!("say in the same map {company}"),
        Place::Not => format!("write it under `unless`, and in the same map {company}"),
        Place::AnythingBut => {
            format!("write the rule with `events`, and under `unless` in the same map {company}")
        }
    }
}
