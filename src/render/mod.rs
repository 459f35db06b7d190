
pub mod plan;
pub mod report;
pub mod style;
