//! What people read: plans, reports and diagnostics, all fed by the same data as the JSON.

pub mod diagnostic;
pub mod plan;
pub mod report;
pub mod style;
