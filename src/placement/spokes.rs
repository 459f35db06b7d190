//! Hub and spoke: the home bus, and what each listening Region needs to send events to it.

use std::collections::BTreeMap;

use super::{Account, Desired};
use crate::compile::Forwarder;
use crate::place::{Arn, Region};
use crate::resources::{Bus, DEFAULT_BUS, EventRule, Resource, Role, Target, names, policy, rule};

/// The name of a forwarder's only target.
const FORWARD: &str = "forward";

impl Account<'_> {
    pub(super) fn add_hub(&self, desired: &mut Desired) {
        if !desired.topology.is_hub() {
            return;
        }
        let name = desired.topology.bus.clone();
        let Some(bus) = self.arn_at_home("events", &format!("event-bus/{name}")) else {
            return;
        };
        let roles = |account: &str| {
            format!(
                "arn:{}:iam::{account}:role{}{}forwarder-*",
                bus.partition(),
                names::ROLE_PATH,
                names::prefix(&self.file.name)
            )
        };
        let policy = match self.organization {
            None => {
                let roles = roles(self.home.as_str());
                policy::admits_forwarders(&bus, self.home, &roles)
            }
            Some(organization) => policy::admits_forwarders_of(&bus, &organization.id, &roles("*")),
        };
        let bus = Bus {
            name,
            policy,
            kms_key: None,
        };
        self.add(desired, &self.home(), Resource::Bus(bus));
    }

    /// What each listening Region of this account needs to send to the home bus.
    pub(super) fn add_spokes(&self, desired: &mut Desired) {
        if !desired.topology.is_hub() {
            return;
        }
        let name = &desired.topology.bus;
        let Some(bus) = self.arn_at_home("events", &format!("event-bus/{name}")) else {
            return;
        };
        // Taken out and put back: patterns are long, and thousands of accounts have them.
        let forwarders = std::mem::take(&mut desired.topology.forwarders);
        for (region, parts) in &forwarders {
            self.add_spoke(desired, region, parts, &bus);
        }
        desired.topology.forwarders = forwarders;
    }

    fn add_spoke(&self, desired: &mut Desired, region: &Region, parts: &[Forwarder], bus: &Arn) {
        let Some(role) = self.add_role(desired, region, bus) else {
            return;
        };
        let dead_letters = self.add_dead_letters(desired, region);
        for part in parts {
            let target = Target {
                arn: bus.clone(),
                role: Some(role.clone()),
                input: None,
                max_age_seconds: rule::DEFAULT_MAX_AGE_SECONDS,
                max_retries: rule::DEFAULT_MAX_RETRIES,
                dead_letters: dead_letters.clone(),
            };
            let rule = EventRule {
                name: names::forwarder(&self.file.name, part.part),
                bus: DEFAULT_BUS.to_owned(),
                description: format!(
                    "iamwatch: to the bus {} in {}",
                    desired.topology.bus,
                    bus.region()
                ),
                pattern: part.pattern.clone(),
                state: part.state,
                targets: BTreeMap::from([(FORWARD.to_owned(), target)]),
            };
            self.add(desired, &self.at(region), Resource::Rule(rule));
        }
    }

    /// The policy that bounds our roles, which each account has under one name.
    pub(super) fn boundary(&self) -> Option<Arn> {
        let name = self.file.role_boundary.as_ref()?;
        names::policy_arn(&self.file.home.region, self.account, name)
    }

    fn add_role(&self, desired: &mut Desired, region: &Region, bus: &Arn) -> Option<Arn> {
        let name = names::forwarder_role(&self.file.name, region);
        let arn = names::role_arn(region, self.account, &name)?;
        let rules = format!(
            "arn:{}:events:{region}:{}:rule/{}forwarder_*",
            region.partition(),
            self.account,
            names::prefix(&self.file.name)
        );
        let role = Role {
            name,
            path: names::ROLE_PATH.to_owned(),
            description: format!("iamwatch: sends events of {region} to the home bus"),
            trust: policy::trust_for_rules(self.account, &rules),
            policies: BTreeMap::from([(
                names::FORWARD_POLICY.to_owned(),
                policy::put_events_on(bus),
            )]),
            attached: Vec::new(),
            boundary: self.boundary(),
        };
        self.add(desired, &self.everywhere(), Resource::Role(role));
        Some(arn)
    }
}
