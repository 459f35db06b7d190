//! What does a state machine do, as Step Functions runs it?
//!
//! [`Machine::parse`] reads a definition in the Amazon States Language and refuses what `CreateStateMachine` refuses;
//! [`run`] executes it, with [`Tasks`] in the place of the services that it calls. It knows state machines whose query
//! language is JSONata, and of those what stands in the table; a definition with more of it is refused by name.
//!
//! | state | beside `Assign`, `Output`, `Next`, `End` |
//! |---|---|
//! | Task | `Resource`, `Arguments`, `TimeoutSeconds`, `Retry`, `Catch` |
//! | Parallel | `Branches`, `Arguments`, `Retry`, `Catch` |
//! | Map, inline | `Items`, `ItemSelector`, `ItemProcessor`, `MaxConcurrency`, `Retry`, `Catch` |
//! | Choice | `Choices` with `Condition`, `Default` |
//! | Wait | `Seconds` |
//! | Pass, Succeed, Fail | `Error`, `Cause` |
//!
//! Branches and items run one after the other, in their order. Nothing waits by itself: [`Tasks::wait`] is told for how
//! long. The seconds of a Task are not counted: whoever makes the call says that it took too long, with the error
//! `States.Timeout`.
//!
//! | question | room |
//! |---|---|
//! | what is a definition, once it is read? | `machine`, with `template` for what holds expressions |
//! | what is wrong with a definition? | `parse`, with `kinds`, `handling`, `checked`, `fields`, `graph`; `fault` |
//! | what happens? | `run`, with `work`, `retries`, `notes` |
//! | what can an expression see? | `scope`, `context` |
//! | what is told of an execution? | `outcome`, `history`, `failure` |
//!
//! Sources: the Amazon States Language (<https://states-language.net/spec.html>), the developer guide of Step
//! Functions, and what others measured on AWS, which stands where the code relies on it.

mod checked;
mod context;
mod failure;
mod fault;
mod fields;
mod graph;
mod handling;
mod history;
mod kinds;
mod machine;
mod notes;
mod outcome;
mod parse;
mod retries;
mod run;
mod scope;
mod template;
mod work;

pub use context::Execution;
pub use failure::Failure;
pub use fault::Fault;
pub use history::Event;
pub use machine::Machine;
pub use outcome::{Outcome, Status, Tasks};
pub use parse::LARGEST;
pub use run::run;
