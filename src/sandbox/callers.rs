//! The credentials with which people and programs call.

use aws_credential_types::Credentials;

use super::instance::Sandbox;
use super::policy::ADMINISTRATOR;
use super::principal::Principal;
use crate::place::AccountId;

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

    /// The credentials of a user of another account of this world, with this identity policy.
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
