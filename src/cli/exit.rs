//! What the process tells its caller, and whose fault a failure is.

use std::io;
use std::process::ExitCode;

use crate::aws::CallError;

/// The exit codes of every subcommand but `match`, which has codes of its own.
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
    /// One line, no trailing period; may be empty where everything was said already.
    pub message: String,
    /// What to do, if we know.
    pub help: Option<String>,
    /// The reader went away: no failure at all.
    pub broken_pipe: bool,
}

impl Failure {
    /// A failure without advice.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            broken_pipe: false,
        }
    }

    /// A failure about which everything was said already.
    pub fn said() -> Self {
        Self::new("")
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self {
            broken_pipe: error.kind() == io::ErrorKind::BrokenPipe,
            ..Self::new(error.to_string())
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self {
            help: error.remedy(),
            ..Self::new(error.to_string())
        }
    }
}
