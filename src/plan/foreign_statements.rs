//! Statements of others in the home bus's policy: kept as they are, and said where they matter.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Note, members};
use crate::diagnostic::{shell_word, shown};
use crate::place::{AccountId, Arn, Region, StackName};
use crate::placement::Desired;
use crate::resources::{
    ForeignStatement, Kind, Live, Resource, ResourceKey, judged_statement, names,
};

/// How many digits an account id has.
const DIGITS: usize = 12;

/// A statement that loses or weakens something.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The bus whose policy holds the statement.
    pub bus: ResourceKey,
    /// The statement as it stands there.
    pub statement: Value,
    /// What the statement does to the bus.
    pub does: ForeignStatement,
}

/// The statements of others that matter, on the bus that the detectors sit on.
pub fn found(stack: &StackName, desired: &Desired, live: &[Live]) -> Vec<Found> {
    let roles = |account: &AccountId| -> Vec<Arn> {
        let regions = desired.topology.forwarders.keys();
        let role = |region: &Region| {
            names::role_arn(region, account, &names::forwarder_role(stack, region))
        };
        regions.filter_map(role).collect()
    };
    let is_home_bus = |live: &&Live| {
        live.key.kind == Kind::Bus
            && live.key.name == desired.topology.bus
            && live.key.place == desired.home
    };
    let Some(bus) = live.iter().find(is_home_bus) else {
        return Vec::new();
    };
    let Some(arn) = bus.handle.as_ref().and_then(|arn| arn.parse::<Arn>().ok()) else {
        return Vec::new();
    };
    let organization = match desired.resources.get(&bus.key) {
        Some(Resource::Bus(bus)) => members::admitted_organization(&bus.policy),
        _ => None,
    };
    let home = desired.home.account();
    let found = bus.foreign.iter().map(|statement| {
        let mut senders = roles(home);
        if organization.is_some() {
            senders.extend(members_for(statement).iter().flat_map(roles));
        }
        Found {
            bus: bus.key.clone(),
            statement: statement.clone(),
            does: judged_statement(statement, &arn, &senders, organization),
        }
    });
    found
        .filter(|found| found.does != ForeignStatement::Harmless)
        .collect()
}

/// Accounts that stand in for the members of an organization: each that a statement names, some for each number with
/// wildcards in it, and some that it does not name, so that one is left of these whatever its wildcards take in.
fn members_for(statement: &Value) -> BTreeSet<AccountId> {
    let text = statement.to_string();
    let numbers = text.split(|c: char| !c.is_ascii_digit() && !matches!(c, '*' | '?'));
    let named = numbers.flat_map(|number| ["0", "7"].map(|digit| filled(number, digit)));
    let others = (0..10).map(|digit: u8| digit.to_string().repeat(DIGITS));
    let all = named.chain(others);
    all.filter_map(|number| number.parse().ok()).collect()
}

/// A number that fits a pattern: its wildcards are this digit, and the first star is as many as an account id lacks.
fn filled(pattern: &str, digit: &str) -> String {
    let pattern = pattern.replace('?', digit);
    let Some((begin, end)) = pattern.split_once('*') else {
        return pattern;
    };
    let end = end.replace('*', "");
    let lacks = DIGITS.saturating_sub(begin.len() + end.len());
    format!("{begin}{}{end}", digit.repeat(lacks))
}

impl Found {
    /// Whether events are lost.
    pub fn loses_alerts(&self) -> bool {
        self.does == ForeignStatement::Refuses
    }

    /// What is wrong with the bus, as a clause about it.
    pub fn problem(&self) -> String {
        let sid = self.statement.get("Sid").and_then(Value::as_str);
        let which = sid.map_or_else(
            || "a statement that is not ours".to_owned(),
            |sid| format!("the statement {}, which is not ours,", shown(sid)),
        );
        match self.does {
            ForeignStatement::Refuses => format!("{which} may keep out what our forwarders send"),
            ForeignStatement::Admits | ForeignStatement::Harmless => {
                format!("{which} lets others send to it")
            }
        }
    }

    /// What to do: iamwatch leaves alone what others wrote.
    pub fn remedy(&self) -> String {
        let wish = match self.does {
            ForeignStatement::Refuses => {
                "ask whoever wrote it to except our roles, or take it away"
            }
            ForeignStatement::Admits | ForeignStatement::Harmless => {
                "an event of theirs can raise an alert: if nobody needs it, take it away"
            }
        };
        let sid = self.statement.get("Sid").and_then(Value::as_str);
        let how = sid.map(|sid| {
            format!(
                ": aws events remove-permission --event-bus-name {} --statement-id {}",
                shell_word(&self.bus.name),
                shell_word(sid)
            )
        });
        format!("{wish}{}", how.unwrap_or_default())
    }

    /// What a plan says of the statement.
    pub fn note(&self) -> Note {
        Note {
            message: format!("{}: {}", self.bus, self.problem()),
            help: self.remedy(),
            document: Some(self.statement.clone()),
            loses_alerts: self.loses_alerts(),
        }
    }
}
