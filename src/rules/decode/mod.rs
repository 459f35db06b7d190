//! From nodes to drafts: every value checked by itself, no name resolved.
//!
//! | question | file |
//! |---|---|
//! | what stands at the top of a file | `file`, `scope`, `data_events`, `organization`, `channels`, `delivery`, `places` |
//! | which service is a channel of | `services`, `logins`, `service_values` |
//! | what does a rule say | `rule`, `about`, `words`, `draft` |
//! | what fires it | `events`, `conditions`, `matchers`, `nested`, `foreign_operator`, `other_tongue` |
//! | what does a raw pattern say | `raw`, `json`, `pattern_steps` |
//! | which events must or must not fire it | `tests` |
//! | what is there for lints to look at | `reading` |
//!
//! Every step goes on after an error, so that one run names everything that is wrong.

mod about;
pub(crate) mod channels;
pub(crate) mod conditions;
mod data_events;
pub(crate) mod delivery;
pub(crate) mod draft;
mod events;
pub(crate) mod file;
mod foreign_operator;
mod json;
mod logins;
mod matchers;
mod nested;
mod organization;
pub(crate) mod other_tongue;
pub(crate) mod pattern_steps;
mod places;
mod raw;
pub(crate) mod reading;
pub(crate) mod rule;
mod scope;
mod service_values;
mod services;
pub(crate) mod tests;
mod words;
