//! What people read: plans, reports and diagnostics, all fed by the same data as the JSON.

pub mod alerts;
pub mod backtest;
pub mod catalogue;
pub mod check;
pub mod dead_letters;
pub mod diagnostic;
pub mod error;
pub(crate) mod escape;
pub mod expected;
pub mod explain;
pub mod fleet;
pub mod health;
pub mod moved;
pub mod page;
pub mod plan;
pub mod progress;
pub mod proof;
pub mod report;
pub mod style;
pub mod text;
mod troubles;
