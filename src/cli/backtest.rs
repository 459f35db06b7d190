//! `iamwatch backtest`: how many alerts the rules would have raised on the logs of the past.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::Args;

use super::logs;
use super::session::{choose, load};
use super::{Exit, Failure, Global, Ui};
use crate::backtest::{Control, Engine, Options, Report, Window, parse_time, run};
use crate::cloudtrail::Setting;
use crate::place::AccountId;
use crate::render;

/// What records are taken to say where they do not.
const ACCOUNT: &str = "111122223333";
const TIME: &str = "1970-01-01T00:00:00Z";
const ID: &str = "00000000-0000-0000-0000-000000000000";

/// Flags of `backtest`.
///
/// Exit code: 0 counted, 1 if anything was not read.
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// Logs: files, folders with everything below them, `-` for standard input. Log files of CloudTrail,
    /// JSON lines and lists, records and events of EventBridge, compressed with gzip or not; `s3://BUCKET/PREFIX`
    /// for what lies in a bucket
    #[arg(required_unless_present = "lookup", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only this rule; can be repeated
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
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
    pub(super) fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let rules = load(&global.file, ui)?;
        let only = self
            .rule
            .iter()
            .map(|name| choose(&rules, name))
            .collect::<Result<Vec<_>, _>>()?;
        let assumed: AccountId = match &rules.file.home.account {
            Some(account) => account.clone(),
            None => ACCOUNT.parse().map_err(|_| Failure::said())?,
        };
        let setting = Setting {
            account: &assumed,
            region: &rules.file.home.region,
            time: TIME,
            id: ID,
        };
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
        let engine = Engine::new(Some(&rules.file), &rules.patterns, &only, options)
            .map_err(|error| Failure::new(error.to_string()))?;
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
            Some(&rules.file),
            &rules.file.home.region,
            global,
            ui,
        ))?;
        let tally = run(&engine, source, &control, &runtime, interrupt, || {});
        let report = Report::new(&engine, &tally, interrupted);
        if let Some(path) = &self.html {
            let page = render::page::page(&report, &rules.file.name.to_string());
            std::fs::write(path, page).map_err(|error| {
                Failure::new(format!("cannot write {}: {error}", path.display()))
            })?;
        }
        if ui.json {
            ui.json(&report)?;
        } else {
            let text = render::backtest::report(&report, ui.painter());
            write!(ui.out, "{text}")?;
        }
        ui.out.flush()?;
        if tally.lost > 0 && control.stop.load(Ordering::Relaxed) && !interrupted {
            ui.failure(
                &Failure::new("something was not read, and the rest was not looked at")
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

fn moment(text: &str) -> Result<i64, Failure> {
    let whole = if text.len() == 10 {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    parse_time(&whole).ok_or_else(|| {
        Failure::new(format!("`{text}` is no moment"))
            .help("write a day such as 2026-01-05, or a moment such as 2026-01-05T08:30:00Z")
    })
}
