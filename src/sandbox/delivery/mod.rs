//! What does one AWS service hand to a resource of another? A rule sends to its targets, a topic to
//! the queues that subscribe to it.
//!
//! No service is known here. Those that take anything implement [`Deliver`], and are found by the
//! ARN of what is sent to.
//!
//! | question | room |
//! |---|---|
//! | what is sent, and by whom? | `parcel` |
//! | who takes it? | `deliver` |

mod deliver;
mod parcel;

pub(crate) use deliver::{Deliver, deliver, takes};
pub(crate) use parcel::{Arrival, Content, Parcel, Refusal, Source};
