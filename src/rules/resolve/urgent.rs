//! The channels that are kept for what is critical, so that an alert may wake somebody.

use std::collections::BTreeSet;

use crate::rules::decode::draft::FileDraft;
use crate::rules::model::{ChannelName, Rule, Severity};

/// The channels that critical alerts go to, and by default none.
pub(crate) fn urgent(file: &FileDraft, rules: &[Rule]) -> BTreeSet<ChannelName> {
    let notify = |word: &str| {
        let named = file.notify.get(word).into_iter().flatten();
        named.map(|name| name.value.clone())
    };
    let critical = rules
        .iter()
        .filter(|rule| rule.enabled && rule.severity == Severity::Critical);
    let mut urgent: BTreeSet<ChannelName> = notify("critical").collect();
    urgent.extend(critical.flat_map(|rule| rule.channels.iter().cloned()));
    for name in notify("default") {
        urgent.remove(&name);
    }
    urgent
}
