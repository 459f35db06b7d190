//! What AWS's services do by themselves, which a rule leaves out by `unless_services`.
//!
//! A service says its name in `userIdentity.invokedBy`, but so does one that works for somebody, as CloudFormation
//! does, beside the identity of who asked for it. Left out is therefore only what came through a service-linked role
//! as well: IAM lets nobody but the service create or assume one. Source: IAM, service-linked roles.

use serde_json::json;

use super::conditions::{Conjunction, Tests, and, render};
use crate::diagnostic::Span;
use crate::pattern::EventPattern;
use crate::rules::Matcher;

const INVOKED_BY: &[&str] = &["userIdentity", "invokedBy"];
const ROLE: &[&str] = &["userIdentity", "sessionContext", "sessionIssuer", "arn"];

/// The ARN of a service-linked role, whose path IAM gives to nobody else.
const LINKED: &str = "*:role/aws-service-role/*";
/// Everybody may create a role with a path such as `/x:role/aws-service-role/`: paths take `:` and `/`. Its ARN has a
/// colon behind a slash, which that of no service-linked role has. Source: IAM, `CreateRole`, `Path`.
pub(super) const FORGED: &str = "*/*:*";

/// The conjunctions without what the services do by themselves.
///
/// Where the conditions of a conjunction leave no room for that, it stays as it is: an alert too many is better than
/// one too few.
pub(super) fn left_out(branches: Vec<Conjunction>, services: &[String]) -> Vec<Conjunction> {
    if services.is_empty() {
        return branches;
    }
    let names = services.iter().cloned().map(Matcher::Glob).collect();
    let others = vec![Matcher::Not(names), Matcher::Exists(false)];
    let other_roles = vec![
        Matcher::Not(vec![Matcher::Glob(LINKED.to_owned())]),
        Matcher::Glob(FORGED.to_owned()),
        Matcher::Exists(false),
    ];
    let mut left = Vec::new();
    for branch in branches {
        let by_others = narrowed(&branch, INVOKED_BY, &others);
        let by_other_roles = narrowed(&branch, ROLE, &other_roles);
        match (by_others, by_other_roles) {
            (Ok(one), Ok(other)) => left.extend(one.into_iter().chain(other)),
            _ => left.push(branch),
        }
    }
    left
}

/// A pattern cannot say two conditions of a field together.
struct NoRoom;

/// A conjunction with a further test; nothing where nothing meets both.
fn narrowed(
    branch: &Conjunction,
    field: &[&str],
    any_of: &[Matcher],
) -> Result<Option<Conjunction>, NoRoom> {
    let field: Vec<String> = field.iter().map(|step| (*step).to_owned()).collect();
    let tests = Tests {
        any_of: any_of.to_vec(),
        span: Span::default(),
    };
    let mut both = branch.clone();
    if !and(&mut both, &field, &tests).map_err(|_| NoRoom)? {
        return Ok(None);
    }
    // Several wildcards on one field can be more than EventBridge follows.
    let tests = both.get(&field).map(|tests| render(&tests.any_of));
    let pattern = json!({ "detail": { "field": tests } });
    match EventPattern::from_value(&pattern) {
        Ok(_) => Ok(Some(both)),
        Err(_) => Err(NoRoom),
    }
}
