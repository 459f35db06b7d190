//! What the process tells its caller.

use std::process::ExitCode;

use crate::engine::End;

/// The exit codes of every subcommand but `match`, which has codes of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The command did its work, and nothing is wrong.
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

impl From<End> for Exit {
    fn from(end: End) -> Self {
        match end {
            End::Complete => Self::Fine,
            End::Incomplete => Self::Error,
        }
    }
}
