//! One command line: flags are read, the command runs, and its failure is told.

use std::ffi::OsString;
use std::num::NonZero;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use super::args::{Global, SANDBOX_FILE, When};
use super::exit::Exit;
use super::ui::Ui;
use super::{
    alerts, apply, backtest, check, compile, completions, coverage, demo, destroy, dlq, explain,
    explain_code, init, like, r#match, patterns, permissions, plan, sandbox, schema, status,
    test_event, trace,
};
use crate::diagnostic::printable;
use crate::engine::{Code, Error, Form, InProcessAws};
use crate::render::text::Text;

/// More threads than this only wait for each other.
const MOST_THREADS: usize = 4;

/// Names are looked up by threads of their own, each of which takes memory.
const MOST_LOOKUPS: usize = 16;

/// Alerts for IAM changes, root activity and odd sign-ins on AWS.
///
/// One rules file is compiled into EventBridge event patterns, compared with what AWS has, deployed,
/// and proved by a test event.
#[derive(Debug, Parser)]
#[command(name = "iamwatch", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole story on the built-in sandbox: compile, plan, apply, a test event, the alert
    Demo(demo::DemoArgs),
    /// Write a commented rules file to start from
    Init(init::InitArgs),
    /// Show what apply would change; writes nothing
    Plan(plan::PlanArgs),
    /// Create and change what the rules file asks for
    Apply(apply::ApplyArgs),
    /// Delete everything that belongs to the rules file
    Destroy(destroy::DestroyArgs),
    /// Send a synthetic event through what is deployed, and see whether the alert arrives
    TestEvent(test_event::TestEventArgs),
    /// Judge what is deployed, link by link: would an alert arrive? Exits with 2 if not
    Status(status::StatusArgs),
    /// Say which accounts, Regions and rules of the organization are covered, and why not where not; exits
    /// with 2 if anything is uncovered
    Coverage(coverage::CoverageArgs),
    /// Print the IAM policy that a caller needs, or the one that guards against everybody else
    Permissions(permissions::PermissionsArgs),
    /// Show which alerts were told and what each channel answered, and tell one again
    Alerts(alerts::AlertsArgs),
    /// Show the alerts that could not be delivered, and send them again
    Dlq(dlq::DlqArgs),
    /// Check the rules file and run the tests in it, without AWS; `-f -` reads standard input
    Check(check::CheckArgs),
    /// Say what the code of a message means, with an example of wrong and right
    ExplainCode(explain_code::ExplainCodeArgs),
    /// List the ready rules of the catalogue, or show one
    Patterns(patterns::PatternsArgs),
    /// Print the event patterns of the rules, as EventBridge takes them
    Compile(compile::CompileArgs),
    /// Say of an event which rules fire, and why the others do not: nearest miss first
    Explain(explain::ExplainArgs),
    /// Print the realistic event that `like` stands for in a test, or the event of a test
    Like(like::LikeArgs),
    /// Count the alerts that the rules would have raised on CloudTrail logs
    Backtest(backtest::BacktestArgs),
    /// Match an event against an event pattern, exactly as EventBridge does
    Match(r#match::MatchArgs),
    /// Print the JSON Schema of the rules file, for editors
    Schema(schema::SchemaArgs),
    /// Look into the sandbox: what people would have received, and what they would confirm
    Sandbox(sandbox::SandboxArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

/// Runs one command line, the program's name first.
pub fn run(args: impl IntoIterator<Item = OsString>, ui: Ui) -> Exit {
    run_within(args, ui, None)
}

/// Runs one command line on an AWS in this process, if one is given.
pub fn run_within(
    args: impl IntoIterator<Item = OsString>,
    mut ui: Ui,
    within: Option<InProcessAws>,
) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return usage(error, &args, &mut ui),
    };
    cli.global.within = within;
    ui.form = match cli.global.json {
        true => Form::Json,
        false => Form::Human,
    };
    ui.choose_color(match cli.global.color {
        When::Auto => None,
        When::Always => Some(true),
        When::Never => Some(false),
    });
    // Of the others it could not be said that nothing was changed, or nobody waits for them.
    if matches!(
        cli.command,
        Command::Plan(_)
            | Command::Apply(_)
            | Command::Destroy(_)
            | Command::TestEvent(_)
            | Command::Status(_)
            | Command::Coverage(_)
    ) {
        ui.tell_of_ctrl_c();
    }
    let fallback = match cli.command {
        // `match` uses 1 for "does not match", so that errors need another code.
        Command::Match(_) => Exit::Code(2),
        _ => Exit::Error,
    };
    // Lines of progress and of what is asked would write over each other.
    ui.progress &= cli.global.verbose == 0;
    let (verbose, is_in_process) = (cli.global.verbose, cli.global.is_in_process());
    let finished = trace::watched(verbose, is_in_process, || dispatch(cli, &mut ui));
    let finished = finished.and_then(|exit| {
        ui.finish()?;
        Ok(exit)
    });
    match finished {
        Ok(exit) => exit,
        Err(error) if error.code == Code::ClosedPipe => Exit::Fine,
        Err(error) => {
            ui.fail(&error);
            fallback
        }
    }
}

fn dispatch(cli: Cli, ui: &mut Ui) -> Result<Exit, Error> {
    let global = cli.global;
    match cli.command {
        Command::Demo(args) => block_on(one_thread(), args.run(ui)),
        Command::Init(args) => args.run(&global.file, ui),
        Command::Plan(args) => block_on(threads(&global), args.run(&global, ui)),
        Command::Apply(args) => block_on(threads(&global), args.run(&global, ui)),
        Command::Destroy(args) => block_on(threads(&global), args.run(&global, ui)),
        Command::TestEvent(args) => block_on(threads(&global), args.run(&global, ui)),
        Command::Status(args) => block_on(threads(&global), args.run(&global, ui)),
        Command::Coverage(args) => block_on(threads(&global), args.run(&global, ui)),
        Command::Alerts(args) => block_on(threads(&global), args.run(&global, ui)),
        Command::Dlq(args) => block_on(threads(&global), args.run(&global, ui)),
        Command::Check(args) => args.run(&global, ui),
        Command::ExplainCode(args) => args.run(ui),
        Command::Patterns(args) => args.run(ui),
        Command::Compile(args) => args.run(&global, ui),
        Command::Explain(args) => args.run(&global, ui),
        Command::Like(args) => args.run(&global, ui),
        Command::Backtest(args) => args.run(&global, ui),
        Command::Match(args) => args.run(ui),
        Command::Permissions(args) => args.run(&global, ui),
        Command::Schema(args) => args.run(ui),
        Command::Sandbox(args) => {
            let file = global
                .sandbox
                .unwrap_or_else(|| PathBuf::from(SANDBOX_FILE));
            args.run(ui, &file)
        }
        Command::Completions(args) => args.run(ui),
    }
}

/// What a command runs on. Thousands of accounts keep more than one processor busy; an AWS in this process hears
/// its calls in the same order each time.
fn threads(global: &Global) -> tokio::runtime::Builder {
    if global.is_in_process() {
        return one_thread();
    }
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    threads.worker_threads(processors.min(MOST_THREADS));
    // They look names up for connections, hundreds of which begin at once.
    threads.max_blocking_threads(MOST_LOOKUPS);
    threads
}

fn one_thread() -> tokio::runtime::Builder {
    tokio::runtime::Builder::new_current_thread()
}

fn block_on(
    mut threads: tokio::runtime::Builder,
    command: impl Future<Output = Result<Exit, Error>>,
) -> Result<Exit, Error> {
    threads.enable_all().build()?.block_on(command)
}

/// Help and version are results; everything else clap says is a usage error.
fn usage(error: clap::Error, args: &[OsString], ui: &mut Ui) -> Exit {
    let error = printed(error, args);
    let wanted = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    ui.choose_color(None);
    let text = error.render();
    let text = Text::drawn(&if ui.color {
        text.ansi().to_string()
    } else {
        text.to_string()
    });
    if wanted {
        // Nobody to tell it to is no failure.
        let _ = ui.out.text(&text).and_then(|()| ui.finish());
        return Exit::Fine;
    }
    let _ = ui.err.text(&text);
    if args.iter().any(|arg| arg == "--json") {
        ui.tell_programs(&not_understood(&error));
    }
    let command = args
        .iter()
        .skip(1)
        .find(|arg| !arg.to_string_lossy().starts_with('-'));
    match command {
        Some(command) if command == "match" => Exit::Code(2),
        _ => Exit::Error,
    }
}

/// What clap says of the same arguments once they are printable, so that all that steers a terminal in it is its own.
fn printed(error: clap::Error, args: &[OsString]) -> clap::Error {
    let shown = args.iter().map(|arg| printable(&arg.to_string_lossy()));
    match Cli::try_parse_from(shown) {
        Err(printed) => printed,
        // What is good only once it is printable must not be repeated.
        Ok(_) => Cli::command().error(
            error.kind(),
            "an argument holds what cannot be printed, and is not understood",
        ),
    }
}

/// What clap says: what is wrong in its first paragraph, and what to do in the others.
fn not_understood(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(rest) = text.strip_prefix("error: ") else {
        // Without a command clap shows its help.
        return Error::new(Code::CommandLine, "no command is given")
            .help("`iamwatch --help` lists them");
    };
    let mut paragraphs = rest
        .split("\n\n")
        .map(words)
        .filter(|words| !words.is_empty());
    let message = paragraphs.next().unwrap_or_default();
    let error = Error::new(Code::CommandLine, message);
    match paragraphs.collect::<Vec<_>>().join("; ") {
        help if help.is_empty() => error,
        help => error.help(help),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }
}
