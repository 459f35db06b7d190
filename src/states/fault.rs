//! What is wrong with a definition, and where in it?

use std::fmt;

/// One thing for which Step Functions refuses a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The place as AWS writes it, as in `/States/Alert/Branches[0]/States/Read`; empty for the whole definition.
    pub at: String,
    /// What is wrong there, with AWS's code in front. Only the codes are a promise: AWS changes its words.
    pub what: String,
}

impl Fault {
    pub(super) fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            what: what.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if self.at.is_empty() {
            return Ok(());
        }
        write!(f, " at {}", self.at)
    }
}
