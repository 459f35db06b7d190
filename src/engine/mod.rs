//! The use cases, between the rooms that know one thing each and whoever runs them.
//!
//! | question | room |
//! |---|---|
//! | who shows what happens, and answers questions | `host` |
//! | why did it end early, by whose fault | `error`, `conflicts` |
//! | which AWS | `target` |
//! | which rules | `workspace` |
//! | which accounts of an organization | `accounts`, `organization` |
//! | what is asked for, and what is there | `session`, `stand_ins` |
//! | what differs, and what is to be known besides | `planning`, `deletions`, `expected` |
//! | which secrets are known here | `secrets` |
//! | is a saved plan still true, and allowed | `saved` |
//! | what was told, and how is it told again | `alerts` |
//! | which files are for their owner alone | `private` |
//! | how is a plan carried out | `deploy` |
//! | who is watched, and is it proved | `coverage`, `proofs` |
//! | where are the logs of a backtest | `logs` |
//!
//! Nothing here prints, reads standard input, or knows of terminals and flags: it speaks to a [`Host`].

mod accounts;
mod alerts;
mod conflicts;
mod coverage;
mod deletions;
mod deploy;
mod error;
mod expected;
mod host;
pub mod logs;
mod organization;
mod planning;
pub mod private;
mod proofs;
pub mod saved;
mod secrets;
mod session;
mod stand_ins;
mod target;
mod workspace;

pub use accounts::{AccountScope, AccountSource, no_organization};
pub use alerts::{Repeat, RepeatOutcome, fallback};
pub use coverage::whole;
pub use deploy::{Consent, Deploy, End, carry_out};
pub use error::{Code, Error, Fault, Findings};
pub use expected::expected;
pub use host::{Answer, Form, Host, Message, OrganizationPlan, Progress, Question};
pub use organization::Org;
pub use proofs::OrganizationProof;
pub use secrets::{Missing, settle};
pub use session::{Session, live};
pub use target::{Clock, Connection, InProcessAws, Target, any_account};
pub use workspace::Workspace;
