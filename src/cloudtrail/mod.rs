//! What CloudTrail writes: records as AWS makes them, and what is known of their names, fields and values.
//!
//! | question | file |
//! |---|---|
//! | what does the record of a call look like | `record`, `setting`, `calls` with the tables in `calls/` |
//! | who can act, and how is that recorded | `identity` |
//! | how does a record come to EventBridge, and which do not | `envelope`, `fields` |
//! | inside of what do records come, from files, queues, logs and tools | `wrapped`, `lake` |
//! | which records are copies of one | `copies` |
//! | which calls only read, which services are global | `call_kinds` |
//! | what do trails record only if they are told to | `categories`, with the table `data_events.txt`, `selection` |
//! | which events does a service have | `api_names` |
//! | what does a call ask for | `parameters` |
//! | which fields does a record have, and where | `record_fields` |
//! | what stands in them | `values`, `arns`; a value at all, and of which kind, `shapes` |
//! | who decides what stands in them | `chosen` |
//! | is an unknown name a typo, or newer than this release | `typos` |
//!
//! Tables and questions only: what is said to people about the answers is the business of those who ask.

mod call_kinds;
mod calls;
mod categories;
mod copies;
mod envelope;
mod fields;
mod identity;
mod lake;
mod phrases;
mod record;
mod selection;
mod setting;
mod typos;
mod wrapped;

pub(crate) mod api_names;
pub(crate) mod arns;
pub(crate) mod chosen;
pub(crate) mod parameters;
pub(crate) mod record_fields;
pub(crate) mod shapes;
pub(crate) mod values;

pub use call_kinds::{GLOBAL_SERVICES, as_recorded, is_read_only, needs_wider_state};
pub use calls::table;
pub use categories::{DataEvents, INSIGHT, NETWORK_ACTIVITY, data_event, data_events};
pub(crate) use categories::{data_event_kinds, kind_of_resource};
pub use copies::copy_key;
pub use envelope::{
    Envelope, MAX_EVENT, RecordKind, detail_type, is_record, names_its_region, source_of, wrap,
};
pub use fields::Fields;
pub use identity::{IDENTITY_WORDS, Identity};
pub use phrases::{Piece, phrases, pieces};
pub use record::{like, record};
pub use selection::{Selected, Selection};
pub use setting::Setting;
pub use wrapped::{LeftOut, Unwrapped, unpacked, unwrapped};
