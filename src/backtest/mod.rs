//! How many alerts rules would have raised on the CloudTrail logs of the past.
//!
//! ```text
//! Source ──Blob──▶ open ──text──▶ records ──Shape──▶ Engine ──▶ Tally ──▶ Report
//! (async, one)     (a task for each blob, as many as there are cores)     (data; render, --json, --csv)
//! ```
//!
//! | question | room |
//! |---|---|
//! | where do logs lie, and which of them are none | `source`: files here; others (S3, LookupEvents) are further functions that make a [`Source`] |
//! | how does a blob become text | `open`: compression, chunks |
//! | where does a record begin and end, in whatever it is wrapped | `records`, `scan`, `block` |
//! | which rules can fire on a record at all | `screen`, `needles`; what a pattern needs is said by `pattern` |
//! | what do the rules say of it | `engine`; with [`Options::plain`] without any short cut, for comparison |
//! | what is counted, in bounded memory | `tally`, `distinct`, `actor`; once, though two logs hold it: `copies` |
//! | what follows from the counts | `report`, `noise`, `advice`, `cost`, `expected` |
//! | who does the work | `run` |
//!
//! No number misses data in silence: what could not be read is a [`Loss`] with its name, and what was left out
//! on purpose is a [`Skip`].

mod actor;
mod advice;
mod block;
mod copies;
mod cost;
mod distinct;
mod engine;
mod expected;
mod needles;
mod noise;
mod open;
mod records;
mod report;
mod run;
mod scan;
mod screen;
pub mod source;
mod tally;
mod time;

pub use actor::Actor;
pub use cost::Month;
pub use distinct::Distinct;
pub use engine::{Engine, Options, Window};
pub use expected::{Expected, Rate};
pub use report::{Count, Noisy, Overlap, Reading, Report, RuleReport};
pub use run::{Control, count, run};
pub use source::{Blob, Body, Found, Loss, Skip, Source, Total};
pub use tally::{Missed, RuleTally, Sample, Tally};
pub use time::{Second, parse as parse_time};
