//! What CloudTrail writes: records as AWS makes them, and what is known of their names, fields and values.
//!
//! | question | file |
//! |---|---|
//! | what does the record of a call look like | `record`, `setting`, `calls` with the tables in `calls/` |
//! | who can act, and how is that recorded | `identity` |
//! | how does a record come to EventBridge | `envelope`, `fields` |
//! | which calls only read, which services are global | `call_kinds` |
//! | which events does a service have | `api_names` |
//! | what does a call ask for | `parameters` |
//! | which fields does a record have, and where | `record_fields` |
//! | what stands in them | `values`, `arns` |
//! | is an unknown name a typo, or newer than this release | `typos` |
//!
//! Tables and questions only: what is said to people about the answers is the business of those who ask.

mod call_kinds;
mod calls;
mod envelope;
mod fields;
mod identity;
mod record;
mod setting;
mod typos;

pub(crate) mod api_names;
pub(crate) mod arns;
pub(crate) mod parameters;
pub(crate) mod record_fields;
pub(crate) mod values;

pub use call_kinds::{GLOBAL_SERVICES, as_recorded, is_read_only, needs_wider_state};
pub use calls::table;
pub use envelope::{
    Envelope, MAX_EVENT, detail_type, is_record, names_its_region, source_of, wrap,
};
pub use fields::Fields;
pub use identity::{IDENTITY_WORDS, Identity};
pub use record::{like, record};
pub use setting::Setting;
