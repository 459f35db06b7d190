//! What a policy amounts to beyond its actions.

use std::fmt;

use serde_json::Value;

/// A way to more than a policy's actions say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Power {
    /// It writes what roles may do and who takes them on: the roles whose ARNs fit.
    WritesRoles(Vec<String>),
    /// It takes on roles: those whose ARNs fit.
    TakesOn(Vec<String>),
}

/// What writes the permissions of a role. Without a boundary that is pinned, whoever may do that can give a role
/// everything, and then take it on. Source: IAM, permissions boundaries, delegating responsibility.
const WRITES: &[&str] = &["iam:AttachRolePolicy", "iam:PutRolePolicy"];

/// The ways in which a printed policy amounts to more than it says.
pub fn powers(policy: &Value) -> Vec<Power> {
    let statements = policy.get("Statement").and_then(Value::as_array);
    let statements = statements.into_iter().flatten();
    let found = statements.filter_map(|statement| {
        let allows = |wanted: &[&str]| {
            let actions = texts(statement.get("Action"));
            actions
                .iter()
                .any(|action| wanted.contains(&action.as_str()))
        };
        let resources = texts(statement.get("Resource"));
        let is_bounded = statement
            .pointer("/Condition/ArnLike/iam:PermissionsBoundary")
            .is_some();
        if allows(WRITES) && !is_bounded {
            return Some(Power::WritesRoles(resources));
        }
        allows(&["sts:AssumeRole"]).then_some(Power::TakesOn(resources))
    });
    found.collect()
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let one = |value: &Value| value.as_str().map(str::to_owned);
    match value {
        Some(Value::Array(many)) => many.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => Vec::new(),
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WritesRoles(roles) => write!(
                f,
                "whoever has this policy can make an administrator of itself: it writes what {} may do, and who takes \
                 that role on. `roles: {{ boundary: NAME }}` in the rules file closes that way; else give it to \
                 administrators only, or to a pipeline that nobody else changes",
                roles.join(" and ")
            ),
            Self::TakesOn(roles) => write!(
                f,
                "whoever has this policy can do in other accounts whatever {} may do there, which is everything for the \
                 role that AWS makes in new accounts",
                roles.join(" and ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_that_writes_roles_amounts_to_an_administrator() {
        let policy = json!({ "Statement": [
            { "Effect": "Allow", "Action": ["iam:GetRole"], "Resource": "a" },
            { "Effect": "Allow", "Action": ["iam:CreateRole", "iam:PutRolePolicy"], "Resource": "r" },
            { "Effect": "Allow", "Action": ["iam:PutRolePolicy"], "Resource": "b",
                "Condition": { "ArnLike": { "iam:PermissionsBoundary": "p" } } },
            { "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ["m", "n"] },
        ]});
        let roles = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(
            powers(&policy),
            [
                Power::WritesRoles(roles(&["r"])),
                Power::TakesOn(roles(&["m", "n"]))
            ]
        );
    }
}
