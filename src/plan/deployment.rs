//! A deployment as it stands: what `status`, `test-event`, `dlq` and `coverage` judge.

use super::{Conflict, Plan};
use crate::compile::Compiled;
use crate::place::{Region, StackName};
use crate::placement::Desired;
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
}
