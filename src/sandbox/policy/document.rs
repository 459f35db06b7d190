//! The one policy evaluator: identity policies, resource policies, trust policies of roles, and
//! the service control policies of an organization.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.
//! What it does not know is an error that names it, never a guess.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::conditions::{Condition, conditions};
use super::glob::like;
use super::request::{Decision, Request, Who};
use super::tags::Tags;
use super::variables::{fill, plain, texts};

/// The policy that allows everything, as AWS's `AdministratorAccess` does.
pub(crate) const ADMINISTRATOR: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// A policy document of any kind.
#[derive(Debug, Clone)]
pub(crate) struct Policy(pub(super) Vec<Statement>);

#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) allow: bool,
    /// `None` in identity policies.
    pub(super) principals: Option<(bool, Principals)>,
    pub(super) actions: (bool, Vec<String>),
    pub(super) resources: Option<(bool, Vec<String>)>,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Debug, Clone)]
pub(super) enum Principals {
    Everyone,
    Listed(Vec<(String, String)>),
}

impl Policy {
    /// Reads a document of either kind. The error says what is wrong, or what is not implemented.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let document: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))?;
        for key in document.keys() {
            if !["Version", "Id", "Statement"].contains(&key.as_str()) {
                return Err(format!("unknown policy element `{key}`"));
            }
        }
        let version = document.get("Version").and_then(Value::as_str);
        if text.contains("${") && version != Some("2012-10-17") {
            // AWS takes them for plain text then, which nobody wants.
            return Err("the sandbox does not implement `${` in a policy of an old Version".into());
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(list)) => list.iter().map(Statement::read).collect(),
            Some(single @ Value::Object(_)) => Statement::read(single).map(|s| vec![s]),
            _ => Err("missing `Statement`".to_owned()),
        };
        statements.map(Self)
    }

    /// Whether every statement names its principals, as resource policies must.
    pub(crate) fn names_principals(&self) -> bool {
        self.0
            .iter()
            .all(|statement| statement.principals.is_some())
    }

    /// Whether any statement names resources.
    pub(crate) fn names_resources(&self) -> bool {
        self.0.iter().any(|statement| statement.resources.is_some())
    }

    /// Whether every statement names only these actions, without wildcards.
    pub(crate) fn actions_within(&self, actions: &[&str]) -> bool {
        let known = |given: &String| actions.iter().any(|a| a.eq_ignore_ascii_case(given));
        let statements = self.0.iter();
        statements
            .map(|s| &s.actions)
            .all(|(positive, given)| *positive && given.iter().all(known))
    }

    /// What the policy says; a denial outweighs every permission.
    pub(crate) fn decide(&self, request: &Request<'_>) -> Decision {
        self.decide_with(request, &Tags::default())
    }

    /// What the policy says to a request that is about tags; a denial outweighs every permission.
    pub(crate) fn decide_with(&self, request: &Request<'_>, tags: &Tags) -> Decision {
        let mut decision = Decision::Silent;
        for statement in self.0.iter().filter(|s| s.applies(request, tags)) {
            if !statement.allow {
                return Decision::Deny;
            }
            decision = Decision::Allow;
        }
        decision
    }
}

impl Policy {
    /// Whether a statement allows this to the principal itself, or to everyone, and not only to its
    /// account: inside an account identity policies are not asked then.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html>
    pub(crate) fn allows_itself(&self, request: &Request<'_>, tags: &Tags) -> bool {
        let by_name = |statement: &&Statement| match &statement.principals {
            Some((true, Principals::Listed(listed))) => {
                let names = listed.iter().map(|(_, name)| name.as_str());
                request.who.is_among(names)
            }
            Some((true, Principals::Everyone)) => true,
            _ => false,
        };
        let mut statements = self.0.iter().filter(|s| s.allow).filter(by_name);
        statements.any(|statement| statement.applies(request, tags))
    }
}

impl Statement {
    fn read(value: &Value) -> Result<Self, String> {
        let fields = value.as_object().ok_or("a statement is not an object")?;
        let mut statement = Self {
            allow: false,
            principals: None,
            actions: (true, Vec::new()),
            resources: None,
            conditions: Vec::new(),
        };
        let (mut effect, mut action) = (false, false);
        for (key, value) in fields {
            match key.as_str() {
                "Sid" => {}
                "Effect" => {
                    statement.allow = match value.as_str() {
                        Some("Allow") => true,
                        Some("Deny") => false,
                        _ => return Err(format!("invalid Effect {value}")),
                    };
                    effect = true;
                }
                "Principal" | "NotPrincipal" => {
                    statement.principals = Some((key == "Principal", principals(value)?));
                }
                "Action" | "NotAction" => {
                    statement.actions = (key == "Action", plain(value)?);
                    action = true;
                }
                "Resource" | "NotResource" => {
                    statement.resources = Some((key == "Resource", texts(value)?));
                }
                "Condition" => statement.conditions = conditions(value)?,
                _ => return Err(format!("unknown statement element `{key}`")),
            }
        }
        match (effect, action) {
            (true, true) => Ok(statement),
            (false, _) => Err("a statement has no Effect".to_owned()),
            (_, false) => Err("a statement has no Action".to_owned()),
        }
    }

    fn applies(&self, request: &Request<'_>, tags: &Tags) -> bool {
        let who = match (&self.principals, request.who) {
            (None, Who::Owner) => true,
            (None, _) | (Some(_), Who::Owner) => false,
            (Some((positive, listed)), who) => listed.contain(who) == *positive,
        };
        let any = |globs: &[String], text: &str| globs.iter().any(|glob| like(glob, text));
        let action = request.action.to_ascii_lowercase();
        let (positive, globs) = &self.actions;
        let globs: Vec<String> = globs.iter().map(|g| g.to_ascii_lowercase()).collect();
        let resource = self.resources.as_ref().is_none_or(|(positive, globs)| {
            let globs: Option<Vec<Cow<'_, str>>> = globs
                .iter()
                .map(|glob| fill(glob, &request.context))
                .collect();
            globs.is_some_and(|globs| {
                globs.iter().any(|glob| like(glob, request.resource)) == *positive
            })
        });
        who && any(&globs, &action) == *positive
            && resource
            && self
                .conditions
                .iter()
                .all(|c| c.holds(&request.context, tags))
    }
}

impl Principals {
    fn contain(&self, who: Who<'_>) -> bool {
        let Self::Listed(listed) = self else {
            return true;
        };
        listed.iter().any(|(kind, name)| match who {
            Who::Owner => false,
            Who::Service(service) => kind == "Service" && name == service,
            Who::Principal { account, .. } => {
                let root = format!(":iam::{account}:root");
                let itself = who.is_among(std::iter::once(name.as_str()));
                kind == "AWS" && (itself || name == account || name.ends_with(&root))
            }
        })
    }
}

fn principals(value: &Value) -> Result<Principals, String> {
    let fields = match value {
        Value::String(all) if all == "*" => return Ok(Principals::Everyone),
        Value::Object(fields) => fields,
        _ => return Err(format!("invalid principal {value}")),
    };
    let mut listed = Vec::new();
    for (kind, names) in fields {
        if !["AWS", "Service", "Federated", "CanonicalUser"].contains(&kind.as_str()) {
            return Err(format!("invalid principal type `{kind}`"));
        }
        for name in plain(names)? {
            // `{"AWS": "*"}` means the same as `"*"`: everyone, services too.
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
            if kind == "AWS" && name == "*" {
                return Ok(Principals::Everyone);
            }
            listed.push((kind.clone(), name));
        }
    }
    Ok(Principals::Listed(listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(condition: &str, context: &[(&'static str, &str)]) -> Decision {
        let policy = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"Service":"events.amazonaws.com"}},
                "Action":"sns:Publish","Resource":"arn:aws:sns:*:*:t","Condition":{condition}}}]}}"#
        );
        let context = context.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        Policy::parse(&policy).unwrap().decide(&Request {
            who: Who::Service("events.amazonaws.com"),
            action: "SNS:publish",
            resource: "arn:aws:sns:us-east-1:111122223333:t",
            context,
        })
    }

    #[test]
    fn conditions_hold_as_documented() {
        let arn = (
            "aws:sourcearn",
            "arn:aws:events:us-east-1:111122223333:rule/bus/r",
        );
        let account = ("aws:sourceaccount", "111122223333");
        let same = r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#;
        let any_rule = r#"{"ArnLike":{"aws:SourceArn":"arn:aws:events:*:111122223333:rule/*"}}"#;
        type Context = [(&'static str, &'static str)];
        let cases: [(&str, &Context, bool); 13] = [
            ("{}", &[], true),
            (same, &[account], true),
            (same, &[], false),
            (same, &[("aws:sourceaccount", "999922223333")], false),
            (
                r#"{"StringEqualsIfExists":{"aws:SourceAccount":"1"}}"#,
                &[],
                true,
            ),
            (
                r#"{"StringNotEquals":{"aws:SourceAccount":"1"}}"#,
                &[],
                true,
            ),
            (
                r#"{"StringNotEquals":{"aws:SourceAccount":["1","111122223333"]}}"#,
                &[account],
                false,
            ),
            (any_rule, &[arn], true),
            // A wildcard does not cross the parts of an ARN.
            (
                r#"{"ArnLike":{"aws:SourceArn":"arn:aws:events:*:rule/*"}}"#,
                &[arn],
                false,
            ),
            (
                r#"{"StringLike":{"AWS:SOURCEARN":"arn:aws:events:*:rule/*"}}"#,
                &[arn],
                true,
            ),
            (
                r#"{"Bool":{"aws:SecureTransport":false}}"#,
                &[("aws:securetransport", "true")],
                false,
            ),
            (r#"{"Null":{"aws:SourceArn":"true"}}"#, &[], true),
            (r#"{"Null":{"aws:SourceArn":"true"}}"#, &[arn], false),
        ];
        for (condition, context, allowed) in cases {
            let decision = decide(condition, context);
            assert_eq!(
                decision == Decision::Allow,
                allowed,
                "{condition} {context:?}"
            );
        }
    }

    #[test]
    fn what_the_evaluator_does_not_know_names_itself() {
        for (statement, named) in [
            (
                r#""Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
                "IpAddress",
            ),
            (
                r#""Resource":"arn:aws:iam::1:user/${aws:CurrentTime}""#,
                "${aws:CurrentTime}",
            ),
            (r#""Colour":"red""#, "Colour"),
        ] {
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"*",{statement}}}]}}"#
            );
            assert!(Policy::parse(&policy).unwrap_err().contains(named));
        }
        for broken in [
            "",
            "[]",
            "{}",
            r#"{"Statement":[{"Action":"*"}]}"#,
            r#"{"Statement":[{"Effect":"Deny"}]}"#,
        ] {
            assert!(Policy::parse(broken).is_err(), "{broken}");
        }
    }
}
