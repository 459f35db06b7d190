//! Event patterns against the verdicts of others, against a second matcher, and against hostile input.

mod agreement;
mod command;
mod pairs;
mod random;
mod recorded;
mod reference;
mod vectors;
