//! What the process tells its caller, and whose fault a failure is.

use std::process::ExitCode;

/// The exit codes of every subcommand but `match`, which has a [`Exit::Code`] of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, nothing wrong.
    Fine,
    /// Something failed, usage errors included.
    Error,
    /// The command judged, and the verdict is "changes", "uncovered" or "unhealthy".
    Verdict,
    /// A code with a meaning of its own.
    Code(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Fine => 0,
            Exit::Error => 1,
            Exit::Verdict => 2,
            Exit::Code(code) => code,
        })
    }
}

/// A failure that ends a command: one line of what happened, and what to do about it.
#[derive(Debug)]
pub struct Failure {
    /// One line, no trailing period.
    pub message: String,
    /// What to do, if we know.
    pub help: Option<String>,
}

impl Failure {
    /// A failure without advice.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}
