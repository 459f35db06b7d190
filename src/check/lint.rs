//! What every lint says of itself, and what it finds.

use crate::diagnostic::codes::Code;

/// A lint: its code, what it means, and an example of wrong and right.
#[derive(Debug)]
pub(super) struct Lint {
    /// The code of the lint, such as `W0701`; it is documented and never changes.
    pub(super) id: &'static str,
    /// What it means: one or two sentences.
    pub(super) explanation: &'static str,
    /// Part of a rules file, or a command line behind `$`, that has the problem.
    pub(super) wrong: &'static str,
    /// That part, or the command line, without the problem.
    pub(super) right: &'static str,
    /// Whether nothing can fire a rule for what it finds, where that is certain.
    pub(super) is_fatal: bool,
}

/// Something that a lint finds, before it is said of a place.
#[derive(Debug)]
pub(super) struct Finding {
    /// Which lint it is of, where something may match all the same.
    pub(super) lint: &'static Lint,
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: String,
    /// Whether no event can have the name or the value; else AWS may have come to write it since.
    pub(super) certain: bool,
}

impl Lint {
    /// The code that its diagnostics carry.
    pub(super) const fn code(&self) -> Code {
        Code {
            id: self.id,
            explanation: self.explanation,
        }
    }
}
