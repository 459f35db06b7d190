//! A plan in a file: looked at now, applied later, and only if nothing has moved meanwhile.
//!
//! It holds what AWS has and will have, never a secret: the plan is made anew when it is applied, and what may be a
//! secret in an address is left out of what is compared.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{Action, AttributeChange, Change, Plan, PlanOptions};
use crate::diagnostic::Sources;
use crate::place::{AccountId, Region};
use crate::resources::ResourceKey;
use crate::rules::RuleId;

/// The version of the file's form.
pub const FORMAT_VERSION: u32 = 1;

/// A plan of a whole organization would take some megabytes.
pub const SIZE_LIMIT: usize = 64 * 1024 * 1024;

/// What the command line asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanRequest {
    /// Only these rules; empty: all.
    pub rules: Vec<RuleId>,
    /// Only this Region; `None`: all of them.
    pub region: Option<Region>,
    /// The quotas that AWS can raise are raised in this account.
    pub raised_quotas: bool,
    /// What is allowed beyond creating and changing.
    pub wishes: PlanOptions,
    /// The tests of the rules are not run.
    #[serde(default)]
    pub tests_skipped: bool,
}

impl PlanRequest {
    /// What it limits a plan to, as flags.
    pub fn only(&self) -> Vec<String> {
        let rules = self.rules.iter().map(|rule| format!("--rule {rule}"));
        let region = self
            .region
            .iter()
            .map(|region| format!("--region {region}"));
        rules.chain(region).collect()
    }
}

/// A plan and what it was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedPlan {
    /// The account it was made for.
    pub account: AccountId,
    /// The digest of the rules file with all that it includes: see [`digest`].
    pub rules: String,
    /// What the command line asked for.
    pub order: PlanRequest,
    /// The plan with the live values that it saw.
    pub plan: Plan,
}

/// Why a file cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SavedError {
    /// It is something else.
    #[error("it is not a plan that `iamwatch plan --out` has written: {0}")]
    NotAPlan(String),
    /// It has another form.
    #[error("it is a saved plan of format {0}, and this release reads format {FORMAT_VERSION}")]
    Format(u64),
    /// Another release of iamwatch would do something else.
    #[error("it was made by iamwatch {0}, and this is {version}", version = env!("CARGO_PKG_VERSION"))]
    Version(String),
    /// Its contents are not what was written.
    #[error("it was changed after it was made")]
    Edited,
}

/// The file's outer form. The checksum is that of the text, so that not a byte of it can change unseen.
/// It keeps slips out, not attackers: who can write the file can also write a checksum.
#[derive(Serialize, Deserialize)]
struct Envelope {
    format_version: u64,
    iamwatch: String,
    checksum: String,
    contents: Box<RawValue>,
}

impl SavedPlan {
    /// The text of the file.
    ///
    /// # Errors
    /// None that a plan can cause: its maps have texts as keys.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let contents = serde_json::value::to_raw_value(self)?;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let envelope = Envelope {
            format_version: u64::from(FORMAT_VERSION),
            checksum: checksum(&version, contents.get()),
            iamwatch: version,
            contents,
        };
        serde_json::to_string(&envelope).map(|text| text + "\n")
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with it, the first thing first.
    pub fn from_text(text: &str) -> Result<Self, SavedError> {
        let not = |error: serde_json::Error| SavedError::NotAPlan(error.to_string());
        let envelope: Envelope = serde_json::from_str(text).map_err(not)?;
        if envelope.format_version != u64::from(FORMAT_VERSION) {
            return Err(SavedError::Format(envelope.format_version));
        }
        if envelope.checksum != checksum(&envelope.iamwatch, envelope.contents.get()) {
            return Err(SavedError::Edited);
        }
        if envelope.iamwatch != env!("CARGO_PKG_VERSION") {
            return Err(SavedError::Version(envelope.iamwatch));
        }
        serde_json::from_str(envelope.contents.get()).map_err(not)
    }
}

fn checksum(version: &str, contents: &str) -> String {
    hex(Sha256::new()
        .chain_update(version)
        .chain_update("\n")
        .chain_update(contents))
}

fn hex(digest: Sha256) -> String {
    let digest = digest.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of all that a rules file was read from. Where the files lie does not count: a plan may be
/// made in one folder and applied in another.
pub fn digest(sources: &Sources) -> String {
    let mut digest = Sha256::new();
    for source in sources.iter() {
        // With its length, so that what ends one file cannot begin the next.
        digest.update(source.text.len().to_le_bytes());
        digest.update(&source.text);
    }
    hex(digest)
}

/// Something that is no longer as a saved plan saw it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// The resource that is no longer as it was.
    pub key: ResourceKey,
    /// What the saved plan would do.
    pub planned: Option<Action>,
    /// What a plan made now would do.
    pub needed: Option<Action>,
    /// What differs in AWS: as it was, as it is.
    pub live: Vec<AttributeChange>,
    /// What differs in what is wanted, such as with a Region that was enabled since.
    pub wanted: Vec<AttributeChange>,
}

/// What has moved since a plan was saved; empty: both would do the same.
///
/// # Errors
/// When a plan cannot be written as JSON and read again: nothing may be concluded then.
pub fn moved(saved: &Plan, now: &Plan) -> Result<Vec<Moved>, serde_json::Error> {
    let (saved, now) = (by_key(saved)?, by_key(now)?);
    let keys: BTreeSet<&ResourceKey> = saved.keys().chain(now.keys()).collect();
    let moved = keys
        .into_iter()
        .filter_map(|key| {
            let (planned, needed) = (saved.get(key), now.get(key));
            let moved = Moved {
                key: key.clone(),
                planned: planned.map(|change| change.action),
                needed: needed.map(|change| change.action),
                live: differing(planned, needed, |change| json(&change.before)),
                wanted: differing(planned, needed, |change| json(&change.after)),
            };
            let same = moved.planned == moved.needed;
            (!same || !moved.live.is_empty() || !moved.wanted.is_empty()).then_some(moved)
        })
        .collect();
    Ok(moved)
}

/// What only a person can weigh and the saved plan did not say: another trail, or alerts that would be lost.
pub fn new_warning(saved: &Plan, now: &Plan) -> Option<String> {
    if saved.feed != now.feed {
        return Some("events come from another trail than when it was made".to_owned());
    }
    let mut notes = now.notes.iter().filter(|note| note.loses_alerts);
    notes
        .find(|note| !saved.notes.contains(note))
        .map(|note| note.message.clone())
}

/// Both plans go through JSON, so that a number is written alike in both.
fn by_key(plan: &Plan) -> Result<BTreeMap<ResourceKey, Change>, serde_json::Error> {
    let changes: Vec<Change> = serde_json::from_str(&serde_json::to_string(&plan.changes)?)?;
    Ok(changes.into_iter().map(|c| (c.key.clone(), c)).collect())
}

fn json(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}

/// What differs in a part that both changes have.
fn differing(
    saved: Option<&Change>,
    now: Option<&Change>,
    part: impl Fn(&Change) -> Value,
) -> Vec<AttributeChange> {
    let (Some(saved), Some(now)) = (saved, now) else {
        return Vec::new();
    };
    match (part(saved), part(now)) {
        (Value::Object(was), Value::Object(is)) => {
            let mut changes = Vec::new();
            super::diff::objects(saved.key.kind.facts(), "", &was, &is, &mut changes);
            for change in &mut changes {
                let path = change.path.strip_prefix("resource.");
                change.path = path.unwrap_or(&change.path).to_owned();
            }
            changes
        }
        // Its action says that it came or went.
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_another_release_is_refused_even_if_nothing_was_edited() {
        let text = serde_json::json!({
            "format_version": FORMAT_VERSION,
            "iamwatch": "0.0.1",
            "checksum": checksum("0.0.1", "{}"),
            "contents": {},
        });
        assert_eq!(
            SavedPlan::from_text(&text.to_string()),
            Err(SavedError::Version("0.0.1".to_owned()))
        );
    }

    #[test]
    fn the_digest_keeps_files_apart() {
        let digest_of = |texts: &[&str]| {
            let mut sources = Sources::default();
            for text in texts {
                sources.add("any name", *text);
            }
            digest(&sources)
        };
        assert_ne!(digest_of(&["ab", "c"]), digest_of(&["a", "bc"]));
        assert_eq!(digest_of(&["ab", "c"]), digest_of(&["ab", "c"]));
    }
}
