//! Other accounts: one role taken on for each, used in all its Regions.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::{CallError, Cloud, calls};
use crate::place::AccountId;

/// How long a role is taken on, in seconds: all of an account's work fits many times over. More than
/// an hour AWS refuses to roles that take on roles.
const DURATION: i32 = 3600;

impl Cloud {
    /// The same AWS in another account, through a role there. The caller's own account needs no role.
    ///
    /// # Errors
    /// When the role is missing, does not trust the caller, or the caller may not take it on.
    pub async fn member(&self, account: &AccountId, role: &str) -> Result<Self, CallError> {
        if *account == self.account {
            return Ok(self.paced_alone());
        }
        let arn = role_arn(self.region.partition().id(), account, role);
        let request = self
            .sts
            .assume_role()
            .role_arn(&arn)
            .role_session_name("iamwatch")
            .duration_seconds(DURATION);
        let answer = calls::ASSUME_ROLE.send(&arn, request.send()).await?;
        let Some(found) = answer.credentials() else {
            return Err(CallError::unexpected(
                &calls::ASSUME_ROLE,
                "the answer holds no credentials".to_owned(),
            ));
        };
        let credentials = Credentials::new(
            found.access_key_id(),
            found.secret_access_key(),
            Some(found.session_token().to_owned()),
            (*found.expiration()).try_into().ok(),
            "AssumeRole",
        );
        let caller = answer.assumed_role_user().map(|user| user.arn().to_owned());
        let mut member = self.paced_alone();
        member.config = member
            .config
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        member.account = account.clone();
        member.caller = caller.unwrap_or(arn);
        Ok(member)
    }
}

/// The ARN of a role by its name, behind its path if it has one.
pub fn role_arn(partition: &str, account: &AccountId, role: &str) -> String {
    format!("arn:{partition}:iam::{account}:role/{role}")
}
