//! What is wrong with an organization or with what is said of it, and what to do.

use futures::TryStreamExt;

use super::super::error::{Code, Error};
use super::open::Org;
use crate::aws::{CallError, Cloud};
use crate::fleet::Run;
use crate::organization::{self, Member, Organization, UnitError};
use crate::place::AccountId;
use crate::placement::{Desired, TrailSource};
use crate::resources::AccountFacts;

const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

impl Org {
    /// Why the home account cannot be entered: the organization may have none of that id.
    pub(in crate::engine) async fn closed_home(&self, home: &AccountId, error: CallError) -> Error {
        let listed: Result<Vec<Member>, _> = organization::list(&self.caller.global())
            .try_collect()
            .await;
        let Ok(listed) = listed else {
            return error.into();
        };
        match listed.iter().find(|member| member.account == *home) {
            Some(member) if member.state.is_workable() => error.into(),
            Some(member) => Error::new(
                Code::WrongAccount,
                format!("the home account {member} is not active: {}", member.state),
            )
            .help("alerts are raised there: name another account under `home`"),
            None => {
                let id = &self.organization.id;
                let failure = Error::new(
                    Code::WrongAccount,
                    format!("organization {id} has no account {home}"),
                );
                let near = listed
                    .iter()
                    .map(|member| {
                        (
                            strsim::osa_distance(member.account.as_str(), home.as_str()),
                            member,
                        )
                    })
                    .min_by_key(|(distance, _)| *distance);
                failure.help(match near {
                    Some((distance, member)) if distance <= 2 => {
                        format!("correct `home.account`: did you mean {member}?")
                    }
                    _ => "correct `home.account`".to_owned(),
                })
            }
        }
    }

    /// That CloudTrail may look at the accounts, where a trail of ours is still to become the organization's.
    pub(in crate::engine) async fn check_trail(
        &self,
        desired: &Desired,
        account_facts: &AccountFacts,
    ) -> Result<(), Error> {
        let TrailSource::Ours(arn) = &desired.feed else {
            return Ok(());
        };
        let mut trails = account_facts.trails.iter();
        if trails.any(|found| found.arn == *arn && found.trail.organization) {
            return Ok(());
        }
        // Whoever may not ask hears of it from CloudTrail, later.
        match organization::trusts(&self.caller.global(), CLOUDTRAIL).await {
            Ok(false) => Err(Error::new(Code::NotReady, format!(
                "CloudTrail has no trusted access to organization {}: the organization's trail cannot be created",
                self.organization.id
            ))
            .help(
                "in the management account run `aws organizations enable-aws-service-access --service-principal \
                 cloudtrail.amazonaws.com`, or write `trail: none` and see to a trail yourself",
            )),
            Ok(true) | Err(_) => Ok(()),
        }
    }

    /// That the accounts could be listed, with advice where not.
    ///
    /// # Errors
    /// Why accounts may be missing, or one that is named in vain.
    pub fn listed(&self, run: &Run) -> Result<(), Error> {
        if let Some(unmatched) = run
            .unmatched
            .iter()
            .find(|unmatched| unmatched.span.is_none())
        {
            return Err(Error::new(
                Code::Unknown,
                format!("the organization has no account {}", unmatched.account),
            )
            .help("correct --account or --exclude-account"));
        }
        match &run.unlisted {
            Some(error) => Err(listing_error(error, &self.caller, &self.organization)),
            None => Ok(()),
        }
    }
}

pub(super) fn unit_error(error: UnitError, caller: &Cloud, organization: &Organization) -> Error {
    match error {
        UnitError::Unknown { unit, known } => {
            let nearest = known
                .iter()
                .map(|(id, name)| (strsim::jaro_winkler(id, &unit), id, name))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let failure = Error::new(
                Code::NotForRules,
                format!("organization {} has no unit `{unit}`", organization.id),
            );
            match nearest {
                Some((score, id, name)) if score > 0.85 => {
                    failure.help(format!("did you mean `{id}` ({name})?"))
                }
                _ => {
                    let names: Vec<String> = known
                        .iter()
                        .take(12)
                        .map(|(id, name)| format!("{id} ({name})"))
                        .collect();
                    failure.help(format!("it has {}", names.join(", ")))
                }
            }
        }
        UnitError::Call(error) => listing_error(&error, caller, organization),
    }
}

/// A refusal to list usually means that the caller is in a member account.
pub(super) fn listing_error(
    error: &CallError,
    caller: &Cloud,
    organization: &Organization,
) -> Error {
    let failure = Error::new(error.cause.into(), error.to_string());
    let remedy = error.remedy().unwrap_or_default();
    if organization::is_outsider(error) && caller.account != organization.management {
        return failure.help(format!(
            "account {} is neither the management account ({}) nor a delegated administrator of the organization: run \
             this there, or give --accounts-file; {remedy}",
            caller.account, organization.management
        ));
    }
    failure.help(remedy)
}
