//! What does a detector's target hand over to the dispatcher?
//!
//! The constants of a rule travel with its events: a rule that is edited changes one target and not the machine, no
//! new rule meets an old machine, and an input that is replayed says the same again.

use serde::Serialize;
use serde_json::{Value, json};

/// The longest template, in characters. Source: EventBridge API, `InputTransformer`.
pub const LONGEST_TEMPLATE: usize = 8_192;

/// What is known of a rule when its event comes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Constants {
    /// The rule's id.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// How bad it is: `critical`, `high`, `medium`, `low` or `info`.
    pub severity: String,
    /// The names of its channels. None: the fallback channel hears it.
    pub channels: Vec<String>,
    /// What to do first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub todo: Option<String>,
    /// Where to read on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// What to say instead of the phrase for the call, in pieces as `alert` takes them: words, and `{"of": [path,
    /// …]}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<Value>,
}

/// The template of the target's transformer. It needs no paths.
///
/// `<` begins a variable, also in a text: constants write it as JSON's escape. Source: EventBridge user guide, "Input
/// transformation".
pub fn input_template(rule: &Constants) -> String {
    let rule = json!(rule).to_string();
    let rule = rule.replace('<', "\\u003c").replace('>', "\\u003e");
    format!(r#"{{"rule":{rule},"event":<aws.events.event.json>}}"#)
}

/// Whether EventBridge takes a template.
pub fn fits(template: &str) -> bool {
    template.chars().count() <= LONGEST_TEMPLATE
}
