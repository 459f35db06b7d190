//! An organization to test with, and ways to act in its accounts.

use aws_credential_types::Credentials;
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use iamwatch::place::AccountId;
use iamwatch::sandbox::{Organization, Sandbox};

use super::{Aws, aws, clients};

pub(crate) const SECURITY: &str = "222233334444";
pub(crate) const PAYMENTS: &str = "333344445555";
/// An account of the same world, outside of the organization.
pub(crate) const STRANGER: &str = "999988887777";

/// The management account's administrator in an organization: `security` in the unit `core`,
/// `payments` in `prod`, which is in `workloads`.
pub(crate) struct Acme {
    pub aws: Aws,
    pub org: Organization,
    pub core: String,
    pub workloads: String,
    pub prod: String,
}

pub(crate) fn id(account: &str) -> AccountId {
    account.parse().unwrap()
}

pub(crate) fn acme() -> Acme {
    let aws = aws();
    let org = aws.sandbox.organize().unwrap();
    let core = org.create_unit(&org.root(), "core").unwrap();
    let workloads = org.create_unit(&org.root(), "workloads").unwrap();
    let prod = org.create_unit(&workloads, "prod").unwrap();
    let account = |number, unit: &str, name| {
        let made = org.create_account_as(&id(number), unit, name);
        made.unwrap();
    };
    account(SECURITY, &core, "security");
    account(PAYMENTS, &prod, "payments");
    Acme {
        aws,
        org,
        core,
        workloads,
        prod,
    }
}

/// The clients of an account's administrator.
pub(crate) fn inside(sandbox: &Sandbox, account: &str, region: &str) -> Aws {
    clients(sandbox.clone(), sandbox.admin_in(&id(account)), region)
}

/// The role that members of an organization have.
pub(crate) fn access_role(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/OrganizationAccountAccessRole")
}

impl Acme {
    pub(crate) fn inside(&self, account: &str) -> Aws {
        inside(&self.aws.sandbox, account, "us-east-1")
    }

    /// What the management account becomes in a member.
    pub(crate) async fn visit(&self, account: &str) -> Aws {
        self.aws.become_role(&access_role(account)).await.unwrap()
    }
}

impl Aws {
    pub(crate) fn assume(&self, role: &str) -> AssumeRoleFluentBuilder {
        let assume = self.sts.assume_role().role_arn(role);
        assume.role_session_name("test")
    }

    /// The same world as the role sees it.
    pub(crate) async fn become_role(&self, role: &str) -> Result<Aws, SdkError<AssumeRoleError>> {
        let answer = self.assume(role).send().await?;
        let region = self.sts.config().region().unwrap().to_string();
        let session = credentials(answer.credentials().unwrap());
        Ok(clients(self.sandbox.clone(), session, &region))
    }

    /// A role of the clients' account that trusts this principal, on conditions, and may do
    /// everything. The result is its ARN.
    pub(crate) async fn role(
        &self,
        name: &str,
        principal: &str,
        condition: serde_json::Value,
    ) -> String {
        let trust = serde_json::json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole",
            "Condition": condition}]});
        let create = self.iam.create_role().role_name(name);
        let create = create.assume_role_policy_document(trust.to_string());
        let role = create.send().await.unwrap().role.unwrap();
        let attach = self.iam.attach_role_policy().role_name(name);
        let attach = attach.policy_arn("arn:aws:iam::aws:policy/AdministratorAccess");
        attach.send().await.unwrap();
        role.arn
    }

    pub(crate) async fn who(&self) -> String {
        let me = self.sts.get_caller_identity().send().await.unwrap();
        me.arn.unwrap()
    }
}

pub(crate) fn credentials(given: &aws_sdk_sts::types::Credentials) -> Credentials {
    let token = given.session_token().to_owned();
    Credentials::new(
        given.access_key_id(),
        given.secret_access_key(),
        Some(token),
        None,
        "test",
    )
}
