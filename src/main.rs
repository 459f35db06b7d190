//! Arguments in, exit code out.

use std::process::ExitCode;

use iamwatch::cli;

fn main() -> ExitCode {
    cli::run(std::env::args_os(), cli::Ui::of_this_process()).into()
}
