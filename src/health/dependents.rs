//! Whose alerts depend on a resource.

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::{self, Compiled, Where};
use crate::place::{Place, Region};
use crate::placement::Desired;
use crate::resources::{Kind, Resource, ResourceKey};
use crate::rules::RuleId;

/// The rules behind every resource.
pub(super) struct Dependents<'a> {
    desired: &'a Desired,
    patterns: &'a [Compiled],
    ways: BTreeMap<&'a RuleId, BTreeSet<ResourceKey>>,
}

impl<'a> Dependents<'a> {
    pub(super) fn of(desired: &'a Desired, patterns: &'a [Compiled]) -> Self {
        let way = |rule: &'a RuleId| {
            let keys = desired.narrowed_to(std::slice::from_ref(rule)).resources;
            (rule, keys.into_keys().collect())
        };
        Self {
            desired,
            patterns,
            ways: desired.detectors.keys().map(way).collect(),
        }
    }

    /// The rules whose alerts go through a resource, sorted.
    pub(super) fn rules(&self, key: &ResourceKey) -> Vec<RuleId> {
        let regions = self.regions(key);
        let wanted_there = |rule: &RuleId| {
            regions.is_empty()
                || self
                    .patterns
                    .iter()
                    .filter(|compiled| compiled.rule == *rule)
                    .any(|c| regions.iter().any(|r| compile::is_wanted(c, kind(r))))
        };
        self.ways
            .iter()
            .filter(|(rule, way)| way.contains(key) && wanted_there(rule))
            .map(|(rule, _)| (*rule).clone())
            .collect()
    }

    /// The Regions whose events come to the home bus by way of a forwarder or its role.
    pub(super) fn regions(&self, key: &ResourceKey) -> Vec<&'a Region> {
        let forwarders = self.desired.resources.iter().filter_map(|(k, resource)| {
            let Resource::Rule(rule) = resource else {
                return None;
            };
            let Place::Regional { region, .. } = &k.place else {
                return None;
            };
            let role = |arn: &crate::place::Arn| {
                arn.resource().rsplit('/').next() == Some(key.name.as_str())
            };
            let uses = match key.kind {
                Kind::Rule => k == key,
                Kind::Role => rule
                    .targets
                    .values()
                    .any(|target| target.role.as_ref().is_some_and(role)),
                _ => false,
            };
            (uses && self.desired.is_forwarder(k)).then_some(region)
        });
        forwarders.collect()
    }

    /// The rules whose detector a key is.
    pub(super) fn named(desired: &Desired, key: &ResourceKey) -> Vec<RuleId> {
        let rules = desired.detectors.iter();
        rules
            .filter(|(_, keys)| keys.contains(key))
            .map(|(rule, _)| rule.clone())
            .collect()
    }
}

fn kind(region: &Region) -> Where {
    if *region == region.global() {
        Where::GlobalRegion
    } else {
        Where::OtherRegion
    }
}
