//! `iamwatch backtest`: how many alerts the rules would have raised on the logs of the past.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::Args;
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::Global;
use super::exit::Exit;
use super::input::read;
use super::ui::Ui;
use crate::backtest::{Control, Engine, Options, Report, Total, Window, parse_time, run};
use crate::check::whole_catalogue;
use crate::cloudtrail::Setting;
use crate::compile::{Compiled, Names, RuleState};
use crate::engine::{Code, Error, Workspace, any_account, logs, private};
use crate::pattern::EventPattern;
use crate::place::{AccountId, Region};
use crate::render;
use crate::rules::{RuleId, Severity};

/// Where records are taken to be from where they do not say it.
const REGION: &str = "us-east-1";

/// Flags of `backtest`.
///
/// Exit code: 0 counted, 1 if anything was not read.
#[derive(Debug, Args)]
pub(super) struct BacktestArgs {
    /// Logs: files, folders with everything below them, `-` for standard input. Log files of CloudTrail,
    /// JSON lines and lists, records and events of EventBridge, and what SNS, SQS, CloudWatch Logs or CloudTrail Lake
    /// hand over, compressed with gzip or not; `s3://BUCKET/PREFIX` for what lies in a bucket
    #[arg(required_unless_present = "lookup", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only this rule; can be repeated. Without a rules file: this rule of the catalogue, in every Region
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// Instead of rules: an event pattern as EventBridge takes it, a file, `-` or JSON that starts with `{`. It
    /// counts in every Region
    #[arg(long, value_name = "PATTERN", conflicts_with = "rule")]
    pattern: Option<String>,
    /// Print a line for each rule and day, as CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Count from this moment on (`2026-01-05` or `2026-01-05T08:30:00Z`)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Count up to this moment, which is not included
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Show so many of the alerts of each rule
    #[arg(long, value_name = "N", default_value_t = 0)]
    events: usize,
    /// Parse every record and show it to every rule: the same numbers, slowly
    #[arg(long, hide = true)]
    plain: bool,
    /// Read the event history of CloudTrail, which every account has: 90 days, slowly
    #[arg(long)]
    lookup: bool,
    /// Also write a page with pictures to FILE
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Go on where something could not be read
    #[arg(long)]
    keep_going: bool,
}

impl BacktestArgs {
    pub(super) fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        if !self.keep_going {
            logs::are_there(&self.paths)?;
        }
        // The catalogue stands in for a rules file that is not there.
        let catalogue = !self.rule.is_empty() && !global.file.exists();
        let rules = match &self.pattern {
            Some(_) => None,
            None if catalogue => Some(Workspace::compile(whole_catalogue(), ui)?),
            None => Some(Workspace::load_about(&global.file, &self.rule, ui)?),
        };
        let file = rules.as_ref().filter(|_| !catalogue);
        let file = file.map(|rules| &rules.file);
        let given = self.pattern.as_deref().map(alone).transpose()?;
        let patterns = match (&rules, &given) {
            (Some(rules), _) => rules.patterns.as_slice(),
            (None, given) => given.as_slice(),
        };
        let only = match &rules {
            Some(rules) => {
                let chosen = self.rule.iter().map(|name| {
                    rules.rule(name).map_err(|error| match catalogue {
                        true => unknown(name, &global.file, error),
                        false => error,
                    })
                });
                chosen.collect::<Result<Vec<_>, _>>()?
            }
            None => Vec::new(),
        };
        let assumed: AccountId = match file.and_then(|file| file.home.account.clone()) {
            Some(account) => account,
            None => any_account()?,
        };
        let region: Region = match file {
            Some(file) => file.home.region.clone(),
            None => REGION.parse().map_err(Error::internal)?,
        };
        let setting = Setting::unsaid(&assumed, &region);
        let window = Window {
            since: self.since.as_deref().map(moment).transpose()?,
            until: self.until.as_deref().map(moment).transpose()?,
        };
        let options = Options {
            setting,
            window,
            samples: self.events,
            plain: self.plain,
        };
        let engine = Engine::new(file, patterns, &only, options).map_err(Error::internal)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let control = Control::new(self.keep_going);
        let mut interrupted = false;
        let interrupt = async {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            interrupted = true;
        };
        let source = runtime.block_on(logs::source(
            &self.paths,
            self.lookup,
            window,
            file,
            &region,
            &global.target(),
            ui,
        ))?;
        let mut progress = Progress::new(ui, source.totals.clone());
        let tick = || progress.show(control.bytes.load(Ordering::Relaxed));
        let tally = run(&engine, source, &control, &runtime, interrupt, tick);
        progress.bar.finish_and_clear();
        let report = Report::new(&engine, &tally, interrupted);
        if let Some(path) = &self.html {
            let name = match (file, catalogue) {
                (Some(file), _) => file.name.to_string(),
                (None, true) => "the catalogue".to_owned(),
                (None, false) => "a pattern".to_owned(),
            };
            let page = render::page::page(&report, &name);
            let written = match std::fs::metadata(path) {
                // A pipe, for instance: what is read from it is the reader's business.
                Ok(found) if !found.is_file() => std::fs::write(path, page),
                _ => private::write(path, page.as_bytes()),
            };
            written.map_err(|error| {
                Error::new(
                    Code::Output,
                    format!("cannot write {}: {error}", path.display()),
                )
            })?;
        }
        ui.answer(&report, |paint| match self.csv {
            true => render::backtest::csv(&report),
            false => render::backtest::report(&report, paint),
        })?;
        ui.out.flush()?;
        if tally.lost > 0 && control.stop.load(Ordering::Relaxed) && !interrupted {
            ui.complain(
                &Error::new(
                    Code::Input,
                    "something was not read, and the rest was not looked at",
                )
                .help("--keep-going reads the rest all the same"),
            );
        }
        Ok(if report.complete {
            Exit::Fine
        } else {
            Exit::Error
        })
    }
}

/// A pattern without a rules file, in the state that hears of everything.
fn alone(given: &str) -> Result<Compiled, Error> {
    let parsed = EventPattern::parse(&read(given)?).map_err(|error| Error {
        help: error.help(),
        ..Error::new(
            Code::Input,
            format!("the event pattern is not valid: {error}"),
        )
    })?;
    Ok(Compiled {
        rule: RuleId("pattern".to_owned()),
        title: "The given pattern".to_owned(),
        severity: Severity::default(),
        part: None,
        pattern: serde_json::from_str(parsed.canonical()).map_err(Error::internal)?,
        state: RuleState::EnabledWithAll,
        names: Names::Free,
        apart: false,
    })
}

/// A rule that neither a rules file nor the catalogue has.
fn unknown(name: &str, file: &Path, error: Error) -> Error {
    Error {
        help: error
            .help
            .filter(|help| help.starts_with("did you mean"))
            .or_else(|| Some("`iamwatch patterns` lists the catalogue".to_owned())),
        ..Error::new(
            Code::Unknown,
            format!(
                "there is no rules file {}, and no rule `{name}` in the catalogue",
                file.display()
            ),
        )
    }
}

/// What was read and how fast, with the time that is left once the whole is known; hidden where nobody watches.
struct Progress {
    bar: ProgressBar,
    totals: Vec<Arc<Total>>,
    /// Whether the bar shows parts of a whole.
    whole: bool,
}

impl Progress {
    fn new(ui: &Ui, totals: Vec<Arc<Total>>) -> Self {
        let bar = ProgressBar::hidden();
        if ui.progress {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            style(&bar, "{spinner} {bytes}{msg}, {binary_bytes_per_sec}");
        }
        let mut progress = Self {
            bar,
            totals,
            whole: false,
        };
        progress.show(0);
        progress
    }

    fn show(&mut self, read: u64) {
        let known = self.totals.iter().map(|total| total.known());
        let (bytes, whole) = known.fold((0, true), |all, one| (all.0 + one.0, all.1 && one.1));
        if whole {
            self.bar.set_length(bytes);
            if !self.whole {
                self.whole = true;
                style(
                    &self.bar,
                    "{wide_bar} {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left",
                );
            }
        } else if bytes > 0 {
            // Listing goes on while objects are read.
            let found = HumanBytes(bytes);
            self.bar.set_message(format!(" of {found} found so far"));
        }
        self.bar.set_position(read);
    }
}

fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

fn moment(text: &str) -> Result<i64, Error> {
    let whole = if text.len() == 10 {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    parse_time(&whole).ok_or_else(|| {
        Error::new(Code::CommandLine, format!("`{text}` is no moment"))
            .help("write a day such as 2026-01-05, or a moment such as 2026-01-05T08:30:00Z")
    })
}
