//! The command line: flags and wording, no logic. One file per subcommand.

mod exit;
mod ui;

pub use exit::{Exit, Failure};
pub use ui::Ui;
