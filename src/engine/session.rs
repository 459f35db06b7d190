//! A rules file against one account: what is asked for, and what AWS has of it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::accounts::AccountScope;
use super::error::{Code, Error};
use super::host::Host;
use super::organization::Org;
use super::secrets::Missing;
use super::stand_ins;
use super::target::{Clock, Connection, Target};
use super::workspace::Workspace;
use crate::aws::{CallError, Clients, Cloud};
use crate::fleet::{AccountState, Fleet, Outcome};
use crate::health::{self, Health};
use crate::organization::{self, Member};
use crate::place::{AccountId, Region, StackName};
use crate::placement::{self, Desired, Needs, Spokes, TrailSource, Unrecorded};
use crate::plan::own_alerts::OwnCallMatcher;
use crate::plan::saved::PlanRequest;
use crate::plan::{self, Conflict, Deployment, Plan, PlanOptions};
use crate::resources::rule::KnownPatterns;
use crate::resources::trail::with_data_events;
use crate::resources::{self, AccountFacts, Kind, Live, ResourceKey};
use crate::rules::{Delivery, RuleId};

/// A rules file against one account.
pub struct Session {
    /// The rules and their patterns.
    pub rules: Workspace,
    /// The home account, as the caller reaches it.
    pub cloud: Cloud,
    /// The account as it stands.
    pub account_facts: AccountFacts,
    /// The whole desired state.
    pub desired: Desired,
    /// What AWS has of it, and more that is ours.
    pub live: Vec<Live>,
    /// The time of the AWS that the account is in.
    pub clock: Clock,
    /// The organization, if all of it is watched.
    pub org: Option<Org>,
    /// The variables that connections lack which are to be made, or made good.
    pub(super) missing: Missing,
    /// How what AWS has differs from what is asked for, once somebody asked.
    difference: OnceLock<Result<Plan, Vec<Conflict>>>,
}

/// What the organization calls its accounts: alerts of the dispatcher say it.
async fn account_names(
    org: Option<&Org>,
    delivery: &Delivery,
) -> Result<BTreeMap<AccountId, String>, CallError> {
    match (org, delivery) {
        (Some(org), Delivery::Dispatcher { .. }) => organization::names(&org.caller.global()).await,
        _ => Ok(BTreeMap::new()),
    }
}

impl Session {
    /// Reaches AWS and reads what is there. Writes nothing.
    ///
    /// # Errors
    /// What AWS says, and what cannot be placed in this account.
    pub async fn open(
        mut rules: Workspace,
        target: &Target,
        scope: &AccountScope,
        host: &mut dyn Host,
    ) -> Result<Self, Error> {
        scope.settle(&mut rules.file)?;
        let region = &rules.file.home.region;
        let Connection {
            config,
            clock,
            pace,
        } = target.connect(Some(&rules.file), region).await?;
        let wanted = rules.file.watch.organization.as_ref();
        // The organization is looked up meanwhile: it need not wait.
        let (mut cloud, found) =
            Cloud::with_config_while(config, pace, async |clients| match wanted {
                Some(_) => organization::organization(&clients).await,
                None => Ok(None),
            })
            .await?;
        let org = match wanted {
            None => None,
            Some(wanted) => {
                let found = found?;
                let entering = async {
                    let home = rules.file.home.account.as_ref()?;
                    Some((home, cloud.member(home, &wanted.member_role).await))
                };
                // Home's role is taken on meanwhile: it need not wait.
                let opening = Org::open(
                    found,
                    rules.file.home.account.as_ref(),
                    wanted,
                    scope,
                    &cloud,
                    host,
                );
                let (opened, entered) = futures::join!(opening, entering);
                let org = opened?;
                match entered {
                    None => {}
                    Some((_, Ok(home))) => cloud = home,
                    Some((home, Err(error))) => return Err(org.closed_home(home, error).await),
                }
                Some(org)
            }
        };
        if let Some(account) = &rules.file.home.account
            && *account != cloud.account
        {
            let message = format!(
                "the rules file is for account {account}, but the caller {} is in {}",
                cloud.caller, cloud.account
            );
            return Err(Error::new(Code::WrongAccount, message).help(
                "use the credentials of that account (`--profile NAME`), or correct `home.account`",
            ));
        }
        let cloud = cloud.with_secrets(host.secrets());
        let name = &rules.file.name;
        let around = org.as_ref().map(|org| (&org.organization, &org.caller));
        let (account_facts, account_names) = futures::try_join!(
            resources::account_facts_for(&cloud, around, name, region),
            account_names(org.as_ref(), &rules.file.delivery),
        )?;
        let account_facts = AccountFacts {
            account_names,
            ..account_facts
        };
        let desired = placement::desired(&rules.file, &rules.patterns, &account_facts);
        let mut desired = desired.map_err(|problem| rules.refused(problem))?;
        let mut live = live(&cloud, name, &desired, &account_facts).await?;
        if !rules.broken.is_empty() {
            let stand_ins = stand_ins::found(&rules, &desired, &live);
            let patterns = stand_ins.iter().map(|stand_in| stand_in.pattern.clone());
            rules.patterns.extend(patterns);
            let looked_at = desired;
            let all = placement::desired(&rules.file, &rules.patterns, &account_facts);
            desired = all.map_err(|problem| rules.refused(problem))?;
            let mut keys = desired.resources.keys();
            if keys.any(|key| !looked_at.resources.contains_key(key)) {
                live = self::live(&cloud, &rules.file.name, &desired, &account_facts).await?;
            }
            stand_ins::keep(&mut desired, &stand_ins, &live, &rules.file.channels);
        }
        desired.use_named_bucket(&rules.file, &live);
        let missing = super::secrets::settle(&mut desired, &live, cloud.secrets());
        Ok(Self {
            rules,
            cloud,
            account_facts,
            desired,
            live,
            clock,
            org,
            missing,
            difference: OnceLock::new(),
        })
    }

    /// The clients of the home place.
    pub(super) fn at_home(&self) -> Clients {
        self.cloud.at_place(&self.desired.home)
    }

    /// Judges what is deployed, and names the rules that cannot be read: they are not judged.
    ///
    /// # Errors
    /// What AWS says.
    pub async fn health(&self) -> Result<Health, CallError> {
        let now = self.clock.now_ms();
        let mut health = health::health(&self.cloud, self.deployment(), now).await?;
        let broken = self.rules.broken.iter();
        let unjudged = broken.map(|rule| stand_ins::unjudged(rule, &self.rules.sources));
        health.findings.extend(unjudged);
        Ok(health)
    }

    /// How the home account of an organization stands.
    pub(super) fn home_outcome(&self) -> Result<Outcome, Error> {
        let plan = self.difference()?;
        let listening = self.desired.topology.forwarders.keys().cloned();
        Ok(Outcome {
            member: Member::known_by_id(self.desired.home.account().clone()),
            left: None,
            result: Ok(AccountState::of(plan, listening)),
        })
    }

    /// What trails must record.
    pub(super) fn needs(&self) -> Needs<'_> {
        let listening = &self.desired.topology.listening;
        Needs::of(&self.rules.patterns, listening, &self.account_facts)
    }

    /// The event selectors that a trail of ours is to have, if there is to be one.
    pub(super) fn own_selectors(&self) -> Option<Value> {
        let settings = self.rules.file.trail.settings();
        matches!(self.desired.feed, TrailSource::Ours(_))
            .then(|| with_data_events(&settings.data_events))
    }

    /// What rules want beyond management events and no trail is known to record, nor will once the plan is carried out.
    pub(super) fn unrecorded(&self) -> Vec<Unrecorded> {
        let own = self.own_selectors();
        let partition = self.rules.file.home.region.partition().id();
        let trails = &self.account_facts.trails;
        self.needs().unrecorded(trails, own.as_ref(), partition)
    }

    /// The deployment as it stands, for everything that judges one.
    pub fn deployment(&self) -> Deployment<'_> {
        let name = &self.rules.file.name;
        let difference = self
            .difference
            .get_or_init(|| plan::plan(name, &self.desired, &self.live, &PlanOptions::default()));
        Deployment {
            stack: name,
            home: &self.rules.file.home.region,
            patterns: &self.rules.patterns,
            account_facts: &self.account_facts,
            desired: &self.desired,
            live: &self.live,
            difference,
        }
    }

    /// How what AWS has differs from what is asked for.
    ///
    /// # Errors
    /// Resources of others under names of ours.
    pub fn difference(&self) -> Result<&Plan, Error> {
        let difference = self.deployment().difference;
        difference
            .as_ref()
            .map_err(|conflicts| conflicts.clone().into())
    }

    /// Whether a detector of a rule is live, on whatever bus: one that moves hears until it is gone.
    pub(super) fn is_deployed(&self, rule: &RuleId) -> bool {
        let name = |key: &ResourceKey| key.name.rsplit('/').next().map(str::to_owned);
        let wanted = self.desired.detectors.get(rule);
        let wanted: Vec<_> = wanted.into_iter().flatten().map(name).collect();
        self.live
            .iter()
            .filter(|live| live.key.kind == Kind::Rule)
            .any(|live| wanted.contains(&name(&live.key)))
    }

    /// The work in the other accounts of an organization.
    pub(super) fn fleet(&self, org: &Org, wishes: &PlanOptions, region: Option<&Region>) -> Fleet {
        let file = Arc::new(self.rules.file.clone());
        let (patterns, organization) = (&self.rules.patterns, org.organization.clone());
        let spokes = Spokes::new(Arc::clone(&file), patterns, organization, &self.desired);
        Fleet {
            caller: org.caller.clone(),
            role: org.wanted.member_role.clone(),
            roles: Arc::clone(&org.roles),
            file,
            known: KnownPatterns::of(spokes.patterns()),
            spokes,
            wishes: wishes.clone(),
            region: region.cloned(),
            destroy: false,
            hearing: OwnCallMatcher::of(patterns),
            deployed: patterns
                .iter()
                .map(|pattern| &pattern.rule)
                .filter(|rule| self.is_deployed(rule))
                .cloned()
                .collect(),
        }
    }

    /// The work in the other accounts that a request asks for. One that narrows to rules deletes nothing elsewhere:
    /// what forwarders pass on is made for all rules together.
    pub(super) fn fleet_for(&self, org: &Org, order: &PlanRequest) -> Fleet {
        let wishes = PlanOptions {
            prune: order.wishes.prune && order.rules.is_empty(),
            ..order.wishes.clone()
        };
        self.fleet(org, &wishes, order.region.as_ref())
    }
}

/// What AWS has of a deployment, and more that is ours: in every Region, so that what a smaller file no longer wants is
/// found.
///
/// # Errors
/// What AWS says.
pub async fn live(
    cloud: &Cloud,
    name: &StackName,
    desired: &Desired,
    account_facts: &AccountFacts,
) -> Result<Vec<Live>, CallError> {
    let regions = match &account_facts.regions {
        Ok(enabled) => enabled,
        Err(_) => &desired.topology.listening,
    };
    let wanted = desired.keys();
    resources::read_all(cloud, name, &desired.home, regions, &wanted, account_facts).await
}
