//! Whoever holds an access key: users, and the sessions in which roles act.

use std::collections::BTreeMap;

use aws_credential_types::Credentials;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::clock::iso;
use super::policy::Who;
use super::world::World;
use super::{ADMINISTRATOR, Sandbox};
use crate::place::AccountId;

/// A user or a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Principal {
    /// The name of the user, or of the role.
    pub name: String,
    /// The id of the user, or of the role: `AIDA…`, `AROA…`.
    pub id: String,
    pub account: AccountId,
    /// Identity policy documents that hold besides those that IAM knows for the user.
    pub policies: Vec<String>,
    /// What a user does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
}

/// A role at work. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Session {
    pub name: String,
    /// The ARN of the role, path included.
    pub role: String,
    pub begun: i64,
    pub ends: i64,
    /// The policy that was given with the request: it narrows what the role may do.
    pub policy: Option<String>,
}

impl Principal {
    /// The ARN by which AWS speaks of the caller.
    pub fn arn(&self) -> String {
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
    pub fn iam_arn(&self) -> String {
        match &self.session {
            None => self.arn(),
            Some(session) => session.role.clone(),
        }
    }

    /// `aws:userid`.
    pub fn user_id(&self) -> String {
        match &self.session {
            None => self.id.clone(),
            Some(session) => format!("{}:{}", self.id, session.name),
        }
    }

    /// Whom resource policies see; `iam_arn` and `arn` are those of the caller.
    pub fn who<'a>(&'a self, iam_arn: &'a str, arn: &'a str) -> Who<'a> {
        Who::Principal {
            arn: iam_arn,
            session: self.session.as_ref().map(|_| arn),
            account: self.account.as_str(),
        }
    }

    /// The condition keys that are about the caller.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    pub fn context(&self, world: &World) -> BTreeMap<&'static str, String> {
        let mut context = BTreeMap::from([
            ("aws:principalarn", self.iam_arn()),
            ("aws:principalaccount", self.account.to_string()),
            ("aws:principalisawsservice", "false".to_owned()),
            ("aws:userid", self.user_id()),
            ("aws:securetransport", "true".to_owned()),
            ("kms:calleraccount", self.account.to_string()),
        ]);
        if self.session.is_none() {
            context.insert("aws:username", self.name.clone());
        }
        if let Some(organization) = world.organization_of(&self.account) {
            context.insert("aws:principalorgid", organization.id.clone());
            let path = organization.path(self.account.as_str());
            context.insert("aws:principalorgpaths", path);
        }
        context
    }

    /// What CloudTrail says of the caller.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
    pub fn identity(&self, key: &str) -> Value {
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

impl Sandbox {
    /// The credentials of an administrator, the user `admin`.
    pub fn admin(&self) -> Credentials {
        self.caller("admin", ADMINISTRATOR)
    }

    /// The credentials of an administrator of another account of this world.
    pub fn admin_in(&self, account: &AccountId) -> Credentials {
        self.caller_in(account, "admin", ADMINISTRATOR)
    }

    /// The credentials of a user with this identity policy; asked again, the policy is replaced.
    pub fn caller(&self, name: &str, policy: &str) -> Credentials {
        self.caller_in(&self.account(), name, policy)
    }

    /// The same in another account of this world.
    pub fn caller_in(&self, account: &AccountId, name: &str, policy: &str) -> Credentials {
        let mut inner = self.inner();
        let world = &mut inner.world;
        let same = |p: &Principal| p.session.is_none() && p.name == name && p.account == *account;
        let known = world.principals.iter().find(|(_, p)| same(p));
        let (key, id) = match known {
            Some((key, principal)) => (key.clone(), principal.id.clone()),
            None => (world.key_id("AKIA"), world.key_id("AIDA")),
        };
        let principal = Principal {
            name: name.to_owned(),
            id,
            account: account.clone(),
            policies: vec![policy.to_owned()],
            session: None,
        };
        world.principals.insert(key.clone(), principal);
        Credentials::new(key, "sandbox-secret", None, None, "sandbox")
    }
}
