//! The role of member accounts: what it may do there, who takes it on, and the same as CloudFormation.

use serde_json::{Value, json};

use super::{Phase, Scope, policy};
use crate::aws::{Call, calls};
use crate::place::{AccountId, Arn};

/// Every call in a member account: reads first. One Region costs ten reads, `ListRegions` not counted, and
/// a creation five writes.
pub(super) static CALLS: &[&Call] = &[
    &calls::LIST_REGIONS,
    &calls::LIST_ROLES,
    &calls::GET_ROLE,
    &calls::LIST_ROLE_POLICIES,
    &calls::GET_ROLE_POLICY,
    &calls::LIST_ATTACHED,
    &calls::GET_QUEUE,
    &calls::LIST_QUEUE_TAGS,
    &calls::LIST_RULES,
    &calls::LIST_RULE_TAGS,
    &calls::LIST_TARGETS,
    &calls::CREATE_ROLE,
    &calls::PUT_ROLE_POLICY,
    &calls::UPDATE_ROLE,
    &calls::UPDATE_TRUST,
    &calls::DELETE_ROLE_POLICY,
    &calls::PUT_ROLE_BOUNDARY,
    &calls::DETACH_ROLE_POLICY,
    &calls::DELETE_ROLE,
    &calls::CREATE_QUEUE,
    &calls::SET_QUEUE,
    &calls::DELETE_QUEUE,
    &calls::PUT_RULE,
    &calls::PUT_TARGETS,
    &calls::REMOVE_TARGETS,
    &calls::DELETE_RULE,
    &calls::PUT_EVENTS,
];

/// Any account, where one document serves all: what its role may name in another account it may not touch there. A
/// variable of IAM cannot stand there. Source: IAM, policy variables: in an ARN behind the fifth colon only.
const ANY_ACCOUNT: &str = "*";
/// The account that a template is deployed to: CloudFormation fills it in.
const THIS_ACCOUNT: &str = "${AWS::AccountId}";
/// No account has this number.
const NOBODY: &str = "000000000000";

/// The role for member accounts.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberRole {
    /// The name of the role, the same in every account.
    pub name: String,
    /// Who may take it on.
    pub trust: Value,
    /// What it may do, in whichever account it is.
    pub policy: Value,
    /// What it may do, with [`NOBODY`]'s number for that of its account.
    placed: Value,
}

/// The role that members need for a rules file, the same in every one. `trusted` is the role or user that
/// runs iamwatch, `organization` the id of the organization that it must belong to.
pub fn member_role(scope: &Scope, trusted: &Arn, organization: Option<&str>) -> Option<MemberRole> {
    let everywhere = Scope {
        account: NOBODY.parse::<AccountId>().ok()?,
        hub: true,
        // It stands at home.
        dispatcher: false,
        connections: false,
        key: false,
        topic_letters: false,
        trail: None,
        bucket: None,
        member_role: None,
        receivers: Default::default(),
        given_topics: Default::default(),
        // Detectors stand at home, all of them.
        detectors: Default::default(),
        apart: Default::default(),
        ..scope.clone()
    };
    let placed = policy(&everywhere, Phase::Member);
    let text = placed.to_string();
    Some(MemberRole {
        name: scope.member_role.clone()?,
        trust: trust(trusted, organization),
        policy: serde_json::from_str(&text.replace(NOBODY, ANY_ACCOUNT)).ok()?,
        placed,
    })
}

fn trust(trusted: &Arn, organization: Option<&str>) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": { "AWS": trusted },
        "Action": "sts:AssumeRole",
    });
    if let (Some(fields), Some(id)) = (statement.as_object_mut(), organization) {
        // An account that leaves must not come back through a role that stayed.
        let inside = json!({ "StringEquals": { "aws:PrincipalOrgID": id } });
        fields.insert("Condition".to_owned(), inside);
    }
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

impl MemberRole {
    /// Both documents, as JSON.
    pub fn json(&self) -> Value {
        json!({
            "format_version": 1,
            "role_name": self.name,
            "trust_policy": self.trust,
            "policy": self.policy,
        })
    }

    /// The role as a CloudFormation template, for a service-managed StackSet over all members.
    pub fn template(&self) -> Value {
        let (path, name) = match self.name.rsplit_once('/') {
            Some((path, name)) => (format!("/{path}/"), name),
            None => ("/".to_owned(), self.name.as_str()),
        };
        json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": "The role with which iamwatch works in this account. IAM is global: deploy it to one Region, with CAPABILITY_NAMED_IAM.",
            "Resources": {
                "IamwatchRole": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {
                        "RoleName": name,
                        "Path": path,
                        "AssumeRolePolicyDocument": self.trust,
                        "Policies": [{
                            "PolicyName": "iamwatch",
                            "PolicyDocument": filled_in(&self.placed),
                        }],
                    },
                },
            },
        })
    }
}

/// A document in which CloudFormation fills in the account.
fn filled_in(document: &Value) -> Value {
    match document {
        Value::String(text) if text.contains(NOBODY) => {
            json!({ "Fn::Sub": text.replace(NOBODY, THIS_ACCOUNT) })
        }
        Value::Array(list) => list.iter().map(filled_in).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            fields
                .map(|(name, value)| (name.clone(), filled_in(value)))
                .collect()
        }
        other => other.clone(),
    }
}
