//! The command line: flags and wording, no logic. One file for each subcommand, called as it is.
//!
//! | question | room |
//! |---|---|
//! | which commands are there, and what runs one | `run` |
//! | which flags do commands share | `args` |
//! | where is written and asked | `ui`, `screen`, `progress`, `trace` |
//! | what does the caller of the process hear | `exit` |
//! | how is an input read | `input` |

mod alerts;
mod apply;
mod args;
mod backtest;
mod check;
mod compile;
mod completions;
mod coverage;
mod demo;
mod destroy;
mod dlq;
mod exit;
mod explain;
mod explain_code;
mod init;
mod input;
mod like;
mod r#match;
mod patterns;
mod permissions;
mod plan;
mod progress;
mod run;
mod sandbox;
mod schema;
mod screen;
mod status;
mod test_event;
mod trace;
mod ui;

pub use exit::Exit;
pub use r#match::MatchArgs;
pub use run::{Cli, run, run_within};
pub use sandbox::SandboxArgs;
pub use ui::Ui;
