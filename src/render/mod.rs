//! What people read: plans, reports and diagnostics, all fed by the same data as the JSON.

pub mod check;
pub mod diagnostic;
pub mod health;
pub mod letters;
pub mod moved;
pub mod plan;
pub mod proof;
pub mod report;
pub mod style;
