//! An organization, made and changed by hand: what its owner does in the console, before a run and
//! in the middle of one.

use thiserror::Error;

use super::events;
use super::state::{AccountState, Member, Org, Unit};
use crate::place::AccountId;
use crate::sandbox::iam::roles::plant_role;
use crate::sandbox::instance::Sandbox;
use crate::sandbox::policy::{ADMINISTRATOR, Policy};
use crate::sandbox::recorder::release;
use crate::sandbox::store::StoreError;
use crate::sandbox::world::World;

/// The role that AWS makes in every account that is created in an organization.
const ACCESS_ROLE: &str = "OrganizationAccountAccessRole";

/// The organization of a sandbox. Clones are the same organization.
#[derive(Debug, Clone)]
pub struct Organization(Sandbox);

/// Why the organization cannot be changed so.
#[derive(Debug, Error)]
pub enum OrganizationError {
    /// There is no root, unit or account of that id.
    #[error("`{0}` is not in the organization")]
    Unknown(String),
    /// An account belongs to it already.
    #[error("the account `{0}` is in the organization already")]
    Taken(AccountId),
    /// The management account cannot be closed, moved out or delegated to.
    #[error("`{0}` is the management account")]
    Management(AccountId),
    /// Not a policy, or one that the sandbox cannot evaluate.
    #[error("not a service control policy: {0}")]
    Policy(String),
    /// The sandbox's file cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Outcome<T> = Result<T, OrganizationError>;

impl Sandbox {
    /// Makes the callers' account the management account of an organization, unless it is already.
    pub fn organize(&self) -> Result<Organization, StoreError> {
        let mut inner = self.inner();
        let world = &mut inner.world;
        if world.organizations.organization.is_none() {
            let (id, root) = (random(world, 10), random(world, 4));
            let (id, root) = (format!("o-{id}"), format!("r-{root}"));
            let org = Org::new(id, root, world.account.clone(), world.now());
            world.organizations.organization = Some(org);
            inner.save()?;
        }
        drop(inner);
        Ok(Organization(self.clone()))
    }

    /// The organization, if there is one.
    pub fn organization(&self) -> Option<Organization> {
        let is = self.inner().world.organizations.organization.is_some();
        is.then(|| Organization(self.clone()))
    }
}

/// Small letters and digits, the same in every run.
fn random(world: &mut World, length: usize) -> String {
    let hex = world.uuid().replace('-', "");
    hex.chars().take(length).collect()
}

/// A new account number.
fn number(world: &mut World) -> Option<AccountId> {
    let hex = world.uuid().replace('-', "");
    let number = hex
        .get(..12)
        .and_then(|hex| u64::from_str_radix(hex, 16).ok())?;
    // Numbers with leading zeros are rare, and awkward to read.
    format!("{}", 100_000_000_000 + number % 900_000_000_000)
        .parse()
        .ok()
}

impl Organization {
    fn look<T>(&self, at: impl FnOnce(&Org) -> T) -> Option<T> {
        self.0
            .inner()
            .world
            .organizations
            .organization
            .as_ref()
            .map(at)
    }

    /// Changes the organization, delivers the events that this brings about, and saves.
    fn change<T>(&self, change: impl FnOnce(&mut World, &mut Org) -> Outcome<T>) -> Outcome<T> {
        let mut inner = self.0.inner();
        let world = &mut inner.world;
        let Some(mut org) = world.organizations.organization.take() else {
            return Err(OrganizationError::Unknown("the organization".to_owned()));
        };
        let outcome = change(world, &mut org);
        world.organizations.organization = Some(org);
        let outcome = outcome?;
        inner.save()?;
        Ok(outcome)
    }

    /// Lets Organizations tell what has happened.
    fn tell(&self, tell: impl FnOnce(&mut World)) -> Outcome<()> {
        let mut inner = self.0.inner();
        tell(&mut inner.world);
        release(&mut inner.world);
        Ok(inner.save()?)
    }

    /// The id of the organization, `o-…`.
    pub fn id(&self) -> String {
        self.look(|org| org.id.clone()).unwrap_or_default()
    }

    /// The id of the root, `r-…`.
    pub fn root(&self) -> String {
        self.look(|org| org.root.clone()).unwrap_or_default()
    }

    /// All accounts, the management account included, whatever their state.
    pub fn accounts(&self) -> Vec<AccountId> {
        self.look(|org| org.accounts.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// Makes a unit under the root or a unit. The result is its id, `ou-…`.
    pub fn create_unit(&self, parent: &str, name: &str) -> Outcome<String> {
        self.change(|world, org| {
            known_parent(org, parent)?;
            let root = org.root.trim_start_matches("r-");
            let id = format!("ou-{root}-{}", random(world, 8));
            let unit = Unit {
                name: name.to_owned(),
                parent: parent.to_owned(),
            };
            org.units.insert(id.clone(), unit);
            Ok(id)
        })
    }

    /// Makes an account under the root or a unit, with a role `OrganizationAccountAccessRole` that
    /// trusts the management account.
    pub fn create_account(&self, parent: &str, name: &str) -> Outcome<AccountId> {
        let id = loop {
            let mut inner = self.0.inner();
            let id = number(&mut inner.world);
            let org = inner.world.organizations.organization.as_ref();
            let taken = |id: &AccountId| org.is_some_and(|org| org.accounts.contains_key(id));
            if let Some(id) = id.filter(|id| !taken(id)) {
                break id;
            }
        };
        self.create_account_as(&id, parent, name)?;
        Ok(id)
    }

    /// Makes an account as [`Self::create_account`] does, with a number of one's choice.
    pub fn create_account_as(&self, id: &AccountId, parent: &str, name: &str) -> Outcome<()> {
        let member = self.join(id, parent, name, true)?;
        self.tell(|world| {
            events::created(world, id);
            events::joined(world, id, &member);
        })
    }

    /// Takes an account in that was there before: it has no role for the management account.
    pub fn invite_account(&self, id: &AccountId, parent: &str, name: &str) -> Outcome<()> {
        let member = self.join(id, parent, name, false)?;
        self.tell(|world| events::joined(world, id, &member))
    }

    fn join(&self, id: &AccountId, parent: &str, name: &str, created: bool) -> Outcome<Member> {
        self.change(|world, org| {
            known_parent(org, parent)?;
            if org.accounts.contains_key(id) {
                return Err(OrganizationError::Taken(id.clone()));
            }
            let member = Member {
                name: name.to_owned(),
                parent: parent.to_owned(),
                state: AccountState::Active,
                joined: world.now(),
                created,
            };
            org.accounts.insert(id.clone(), member.clone());
            if created {
                let trusted = format!("arn:aws:iam::{}:root", org.management);
                let trust = serde_json::json!({"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole",
                }]});
                plant_role(world, id, ACCESS_ROLE, trust.to_string());
            }
            Ok(member)
        })
    }

    /// Takes an account out. It stays as it is, outside.
    pub fn remove_account(&self, id: &AccountId) -> Outcome<()> {
        self.change(|_, org| {
            not_management(org, id)?;
            let gone = org.accounts.remove(id);
            org.delegated.remove(id);
            org.policies.remove(id.as_str());
            gone.map(|_| ())
                .ok_or_else(|| OrganizationError::Unknown(id.to_string()))
        })?;
        self.tell(|world| events::departed(world, id))
    }

    /// Puts an account under another parent.
    pub fn move_account(&self, id: &AccountId, parent: &str) -> Outcome<()> {
        self.change(|_, org| {
            known_parent(org, parent)?;
            member(org, id)?.parent = parent.to_owned();
            Ok(())
        })
    }

    /// Begins to close an account: nothing in it can be reached any more.
    pub fn close_account(&self, id: &AccountId) -> Outcome<()> {
        self.set_state(id, AccountState::PendingClosure)
    }

    /// Stops an account, as AWS does where bills are not paid.
    pub fn suspend(&self, id: &AccountId) -> Outcome<()> {
        self.set_state(id, AccountState::Suspended)
    }

    /// Puts an account into any state. Only active ones can be used.
    pub fn set_state(&self, id: &AccountId, state: AccountState) -> Outcome<()> {
        self.change(|_, org| {
            not_management(org, id)?;
            member(org, id)?.state = state;
            Ok(())
        })
    }

    /// Attaches a service control policy to the root, a unit or an account, beside those it has.
    pub fn attach_policy(&self, target: &str, document: &str) -> Outcome<()> {
        Policy::parse(document).map_err(OrganizationError::Policy)?;
        self.change(|_, org| {
            known_target(org, target)?;
            let everything = || vec![ADMINISTRATOR.to_owned()];
            let policies = &mut org.policies;
            let attached = policies.entry(target.to_owned()).or_insert_with(everything);
            attached.push(document.to_owned());
            Ok(())
        })
    }

    /// Replaces the service control policies of a target, `FullAWSAccess` included, which
    /// everything has at first. With none given it has that one again.
    pub fn set_policies(&self, target: &str, documents: &[&str]) -> Outcome<()> {
        for document in documents {
            Policy::parse(document).map_err(OrganizationError::Policy)?;
        }
        self.change(|_, org| {
            known_target(org, target)?;
            let documents: Vec<String> = documents.iter().map(|text| (*text).to_owned()).collect();
            match documents.is_empty() {
                true => org.policies.remove(target),
                false => org.policies.insert(target.to_owned(), documents),
            };
            Ok(())
        })
    }

    /// Tags the root, a unit or an account.
    pub fn tag(&self, target: &str, key: &str, value: &str) -> Outcome<()> {
        self.change(|_, org| {
            known_target(org, target)?;
            let tags = org.tags.entry(target.to_owned()).or_default();
            tags.insert(key.to_owned(), value.to_owned());
            Ok(())
        })
    }

    /// Lets a service such as `cloudtrail.amazonaws.com` work across the organization.
    pub fn trust(&self, service: &str) -> Outcome<()> {
        self.change(|world, org| {
            org.trusted.insert(service.to_owned(), world.now());
            Ok(())
        })
    }

    /// Stops a service from working across the organization.
    pub fn distrust(&self, service: &str) -> Outcome<()> {
        self.change(|_, org| {
            org.trusted.remove(service);
            Ok(())
        })
    }

    /// Makes a member the delegated administrator for a service.
    pub fn delegate(&self, id: &AccountId, service: &str) -> Outcome<()> {
        self.change(|world, org| {
            not_management(org, id)?;
            member(org, id)?;
            let services = org.delegated.entry(id.clone()).or_default();
            services.insert(service.to_owned(), world.now());
            Ok(())
        })
    }

    /// Whether members are refused the event selectors of organization trails, as some are.
    pub fn hide_selectors(&self, hidden: bool) -> Outcome<()> {
        self.change(|_, org| {
            org.hides_selectors = hidden;
            Ok(())
        })
    }
}

fn known_parent(org: &Org, id: &str) -> Outcome<()> {
    let unknown = || OrganizationError::Unknown(id.to_owned());
    org.is_parent(id).then_some(()).ok_or_else(unknown)
}

fn known_target(org: &Org, id: &str) -> Outcome<()> {
    match org.account(id) {
        Some(_) => Ok(()),
        None => known_parent(org, id),
    }
}

fn member<'o>(org: &'o mut Org, id: &AccountId) -> Outcome<&'o mut Member> {
    let unknown = || OrganizationError::Unknown(id.to_string());
    org.accounts.get_mut(id).ok_or_else(unknown)
}

fn not_management(org: &Org, id: &AccountId) -> Outcome<()> {
    match *id == org.management {
        true => Err(OrganizationError::Management(id.clone())),
        false => Ok(()),
    }
}
