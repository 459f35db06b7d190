//! What does EventBridge make of an event for a target?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The input transformer of a target: which values it takes from the event, and the text around them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputTransformer {
    /// Variable to JSON path, dot notation. At most 100.
    pub paths: BTreeMap<String, String>,
    /// The template; at most 8,192 characters.
    pub template: String,
}
