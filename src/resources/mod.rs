//! What is each AWS resource that iamwatch manages, and how is it read and written?
//!
//! The fields of a [`Resource`] **are** its canonical form: policies normalised, sets sorted, defaults
//! filled. Two resources are the same if and only if their fields are.
//!
//! | question | room |
//! |---|---|
//! | which kinds are there | `kinds` |
//! | which resource, whose is it, what differs | `model` |
//! | what is known of a kind | `facts` |
//! | what is wanted, what is live | `resource` |
//! | one kind: its type, its `FACTS`, and in `aws` its calls | `key`, `bucket`, `trail`, `role`, `table`, `queue`, `topic`, `subscription`, `bus`, `rule` |
//! | what are ours called | `names` |
//! | what do policies say, ours and those of others | `policy`, `foreign_statements` |
//! | how is all of it read and written | `aws` |
//!
//! Only files called `aws` use AWS's SDK.

mod aws;
mod bucket;
mod bus;
pub mod connection;
mod facts;
mod foreign_statements;
pub mod key;
mod kinds;
pub mod machine;
mod model;
pub mod names;
pub mod policy;
pub mod queue;
mod resource;
pub mod role;
pub mod rule;
mod subscription;
mod table;
pub mod topic;
pub mod trail;

pub(crate) use aws::answers::gone_is_fine;
pub use aws::bus_use::{BusUse, bus_use};
pub use aws::contents::{BucketContents, bucket_contents};
pub use aws::name_guard::NameGuard;
pub use aws::survey::{
    AccountFacts, PLACES_AT_ONCE, SpokesRead, account_facts, account_facts_for, enabled_regions,
    read_all, read_spokes,
};
pub use aws::writes::{Creation, adopt, create, delete, update};
pub use bucket::Bucket;
pub use bus::{Bus, DefaultBusKey, POLICY_LIMIT as BUS_POLICY_LIMIT, default_bus_key};
pub use connection::Connection;
pub use facts::{Affected, Facts, Impact, Managed, Ownership, Size, Stretch, Subject, Sweep};
pub use foreign_statements::{ForeignStatement, judged_statement};
pub use key::EncryptionKey;
pub use kinds::Kind;
pub use machine::Machine;
pub use model::{AttributeChange, DEFAULT_BUS, Owner, ResourceKey, STACK_TAG};
pub use queue::Queue;
pub use resource::{Live, Pair, Resource};
pub use role::Role;
pub use rule::{EventRule, Target};
pub use subscription::{Address, Subscription};
pub use table::Table;
pub use topic::{GivenTopic, Topic};
pub use trail::Trail;
