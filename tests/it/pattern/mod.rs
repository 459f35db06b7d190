//! Event patterns against the verdicts of others.

mod recorded;
