//! A deployment as it stands: what `status`, `test-event`, `dlq` and `coverage` judge.

use super::{Conflict, Plan};
use crate::compile::Compiled;
use crate::place::{Region, StackName};
use crate::placement::{Desired, Needs, Unrecorded};
use crate::resources::{AccountFacts, Live};

/// A deployment as it stands.
#[derive(Debug, Clone, Copy)]
pub struct Deployment<'a> {
    /// The rules file's name.
    pub stack: &'a StackName,
    /// The Region where alerts are raised.
    pub home: &'a Region,
    /// All its patterns: together they say what the trail must record.
    pub patterns: &'a [Compiled],
    /// The account, its trails included.
    pub account_facts: &'a AccountFacts,
    /// What the rules file asks for.
    pub desired: &'a Desired,
    /// The resources that AWS has, as they stand.
    pub live: &'a [Live],
    /// How that differs, or which resources of others stand in the way.
    pub difference: &'a Result<Plan, Vec<Conflict>>,
}

impl<'a> Deployment<'a> {
    /// How what AWS has differs from what the rules file asks for; `None` where resources of others stand in the way.
    pub fn plan(&self) -> Option<&'a Plan> {
        self.difference.as_ref().ok()
    }

    /// What trails must record.
    pub fn needs(&self) -> Needs<'a> {
        let listening = &self.desired.topology.listening;
        Needs::of(self.patterns, listening, self.account_facts)
    }

    /// What rules want beyond management events, and no trail records in full as the trails stand.
    pub fn unrecorded(&self) -> Vec<Unrecorded> {
        let partition = self.home.partition().id();
        let trails = &self.account_facts.trails;
        self.needs().unrecorded(trails, None, partition)
    }
}
