//! What do resource policies say, ours and those of others?
//!
//! | question | room |
//! |---|---|
//! | are two policies the same | `canonical` |
//! | what do ours say | `statements`, `log_bucket`, `dispatcher` |
//! | does somebody else's let us in | `admits` |
//! | does one of ours that was changed still let everything in | `still_admits` |

mod admits;
mod canonical;
mod dispatcher;
mod log_bucket;
mod statements;
mod still_admits;

pub(super) use admits::{
    Admission, admits_rules, admits_topic, named_organizations, names_action, names_service,
    strings,
};
pub use canonical::canonical;
pub use dispatcher::{
    CALLS_OUT, Dispatching, TELLS, dispatcher_role_policies, may_start, trust_for_machine,
    trust_for_starters,
};
pub use log_bucket::{LogBucket, analyzer_key_statement, log_bucket};
pub use statements::{
    SID_PREFIX, admits_forwarders, admits_forwarders_of, for_our_rules, for_our_topic,
    key_statement, key_statement_for, put_events_on, queue_statement, topic_key, topic_statement,
    trail_statements, trust_for_rules,
};
pub(super) use still_admits::{admits_service, still_admits, takes_nothing};
