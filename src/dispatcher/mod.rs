//! What does the state machine do with an alert?
//!
//! Each rules file has one machine at home, which detectors start with the event and the rule's constants
//! ([`input_template`]). It makes the alert once, hands it to each channel of the rule in the form that this channel
//! takes, and writes into the ledger what each answered. What fails is said elsewhere: a channel by the fallback
//! channel, the alert itself by its raw input. Nothing ends in silence:
//!
//! ```text
//! Alert ─┬─ Read ▸ Deliver ─┬─ Which channel? ▸ To … ▸ (fails) Fallback ▸ (fails) Lost
//!        │        ▼         └─ … for each channel
//!        │       Keep
//!        └─ (fails) Last resort ▸ (fails) Nobody was told: the run fails, which a rule beside the machine hears
//! ```

mod channels;
mod definition;
mod deliver;
mod expressions;
mod target;
mod task;

use std::collections::BTreeMap;

use serde_json::Value;

pub use channels::{AlertApi, Channel};
pub use target::{Constants, LONGEST_TEMPLATE, fits, input_template};

use crate::alert::Surroundings;
use crate::place::Arn;
pub use crate::states::LARGEST;

/// All that the machine of a rules file knows. Its definition is made of nothing else.
#[derive(Debug, Clone)]
pub struct Dispatcher<'a> {
    /// What alerts say beside the event. Its home Region is where the machine is.
    pub surroundings: Surroundings<'a>,
    /// The name or the ARN of the table that keeps what was told.
    pub ledger: String,
    /// The URL of the queue that hears of probes, and nothing else does.
    pub probes: String,
    /// Who hears of alerts that a channel did not take, and those of rules without channels.
    pub fallback: Fallback,
    /// The channels by name, the fallback channel among them or not.
    pub channels: BTreeMap<String, Channel>,
}

/// The channel that speaks for those that failed.
#[derive(Debug, Clone)]
pub struct Fallback {
    /// What the rules file calls it.
    pub name: String,
    /// Its topic.
    pub topic: Arn,
}

impl Dispatcher<'_> {
    /// The definition of the machine, in Amazon States Language. It holds a digest of itself, which the ledger and
    /// answers to probes repeat: so it is known who spoke, while AWS still starts some runs with the definition
    /// before.
    pub fn definition(&self) -> Value {
        let unnamed = definition::machine(self, "");
        definition::machine(self, &definition::digest(&unnamed))
    }
}

/// The digest by which the machine of a definition says who spoke, in its output and in its answers to probes; `None`:
/// the definition is none of ours.
pub fn digest(definition: &Value) -> Option<&str> {
    definition::digest_in(definition)
}

/// The keys of the ledger's items: a day's alerts, and one of them.
pub const LEDGER_KEYS: (&str, &str) = ("k", "s");

/// The attribute of an item that says when it goes.
pub const LEDGER_EXPIRES: &str = "expires";

/// How long a definition is, in bytes.
pub fn size(definition: &Value) -> usize {
    definition.to_string().len()
}
