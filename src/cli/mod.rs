//! The command line: flags and wording, no logic. One file per subcommand.

mod exit;
mod matching;
mod sandbox;
mod ui;

pub use exit::{Exit, Failure};
pub use matching::MatchArgs;
pub use sandbox::SandboxArgs;
pub use ui::Ui;
