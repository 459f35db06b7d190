//! Step Functions in the sandbox.

mod asked;
mod executions;
mod machines;
mod started_by_rules;
mod tasks;
