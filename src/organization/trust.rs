//! Who is trusted by the role of member accounts.

use crate::place::{AccountId, Arn};

/// A principal that a role's trust policy can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    /// Its ARN, as IAM takes it in a policy.
    pub arn: Arn,
    /// Whether it was made from the ARN of a session, which does not tell the role's path.
    pub from_session: bool,
}

/// Why no trust policy can name it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the ARN of a role or a user, `arn:aws:iam::ACCOUNT:role/NAME`, without wildcards: a trust policy takes none"
)]
pub struct NoPrincipal;

impl std::str::FromStr for Trusted {
    type Err = NoPrincipal;

    fn from_str(text: &str) -> Result<Self, NoPrincipal> {
        let arn: Arn = text.parse().map_err(|_| NoPrincipal)?;
        let mut parts = text.splitn(6, ':').skip(2);
        let (service, region, account) = (parts.next(), parts.next(), parts.next());
        let resource = parts.next().unwrap_or_default();
        let account: AccountId = account
            .and_then(|account| account.parse().ok())
            .ok_or(NoPrincipal)?;
        let plain = !text.contains(['*', '?']) && region == Some("");
        let named = |kind: &str| {
            let name = resource.strip_prefix(kind)?;
            (!name.is_empty() && !name.ends_with('/')).then_some(name)
        };
        match service {
            Some("iam") if plain && (named("role/").is_some() || named("user/").is_some()) => {
                Ok(Self {
                    arn,
                    from_session: false,
                })
            }
            // What `aws sts get-caller-identity` shows of a role: its sessions come and go.
            Some("sts") if plain => {
                let (role, _) = named("assumed-role/")
                    .and_then(|name| name.split_once('/'))
                    .ok_or(NoPrincipal)?;
                let arn = format!("arn:{}:iam::{account}:role/{role}", arn.partition());
                Ok(Self {
                    arn: arn.parse().map_err(|_| NoPrincipal)?,
                    from_session: true,
                })
            }
            _ => Err(NoPrincipal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_stands_for_its_role_and_what_no_policy_takes_is_refused() {
        for (text, arn) in [
            (
                "arn:aws:iam::111122223333:role/ops/iamwatch",
                Some("arn:aws:iam::111122223333:role/ops/iamwatch"),
            ),
            (
                "arn:aws:iam::111122223333:user/me",
                Some("arn:aws:iam::111122223333:user/me"),
            ),
            (
                "arn:aws-cn:sts::111122223333:assumed-role/iamwatch/me@example.com",
                Some("arn:aws-cn:iam::111122223333:role/iamwatch"),
            ),
            ("arn:aws:iam::111122223333:role/*", None),
            ("arn:aws:iam::111122223333:role/", None),
            ("arn:aws:iam::1111:role/iamwatch", None),
            ("arn:aws:iam::111122223333:group/ops", None),
            ("arn:aws:s3:::bucket", None),
            ("iamwatch", None),
        ] {
            let found = text.parse::<Trusted>().ok();
            let found = found.as_ref().map(|trusted| trusted.arn.as_str());
            assert_eq!(found, arn, "{text}");
        }
    }
}
