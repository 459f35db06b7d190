//! Whoever holds an access key: users, and the sessions in which roles act.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::clock::iso;
use super::policy::Who;
use crate::place::AccountId;

/// A user or a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Principal {
    /// The name of the user, or of the role.
    pub(crate) name: String,
    /// The id of the user, or of the role: `AIDA…`, `AROA…`.
    pub(crate) id: String,
    pub(crate) account: AccountId,
    /// Identity policy documents that hold besides those that IAM knows for the user.
    pub(crate) policies: Vec<String>,
    /// What a user does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<Session>,
}

/// A role at work. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Session {
    pub(crate) name: String,
    /// The ARN of the role, path included.
    pub(crate) role: String,
    pub(crate) begun: i64,
    pub(crate) ends: i64,
    /// The policy that was given with the request: it narrows what the role may do.
    pub(crate) policy: Option<String>,
}

impl Principal {
    /// The ARN by which AWS speaks of the caller.
    pub(crate) fn arn(&self) -> String {
        let (account, name) = (&self.account, &self.name);
        match &self.session {
            None => format!("arn:aws:iam::{account}:user/{name}"),
            Some(session) => format!(
                "arn:aws:sts::{account}:assumed-role/{name}/{}",
                session.name
            ),
        }
    }

    /// `aws:PrincipalArn`: of a session that of its role.
    pub(crate) fn iam_arn(&self) -> String {
        match &self.session {
            None => self.arn(),
            Some(session) => session.role.clone(),
        }
    }

    /// The condition key `aws:userid`.
    pub(crate) fn user_id(&self) -> String {
        match &self.session {
            None => self.id.clone(),
            Some(session) => format!("{}:{}", self.id, session.name),
        }
    }

    /// Whom resource policies see; `iam_arn` and `arn` are those of the caller.
    pub(crate) fn who<'a>(&'a self, iam_arn: &'a str, arn: &'a str) -> Who<'a> {
        Who::Principal {
            arn: iam_arn,
            session: self.session.as_ref().map(|_| arn),
            account: self.account.as_str(),
        }
    }

    /// What CloudTrail says of the caller.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
    pub(crate) fn identity(&self, key: &str) -> Value {
        let mut identity = json!({
            "type": "IAMUser",
            "principalId": self.user_id(),
            "arn": self.arn(),
            "accountId": self.account,
            "accessKeyId": key,
        });
        let Some(fields) = identity.as_object_mut() else {
            return identity;
        };
        let Some(session) = &self.session else {
            fields.insert("userName".to_owned(), json!(self.name));
            return identity;
        };
        fields.insert("type".to_owned(), json!("AssumedRole"));
        let context = json!({
            "sessionIssuer": {
                "type": "Role",
                "principalId": self.id,
                "arn": session.role,
                "accountId": self.account,
                "userName": self.name,
            },
            "attributes": {"creationDate": iso(session.begun), "mfaAuthenticated": "false"},
        });
        fields.insert("sessionContext".to_owned(), context);
        identity
    }
}

/// The session token that belongs to an access key.
pub(crate) fn token_of(key: &str) -> String {
    format!("sandbox-token/{key}")
}
