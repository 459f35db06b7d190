//! How many alerts a plan's rules are to be expected to raise, by logs of the past.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Failure;
use super::session::Rules;
use crate::backtest::source::files;
use crate::backtest::{Control, Engine, Options, Report, count};
use crate::cloudtrail::Setting;
use crate::place::AccountId;
use crate::plan::{Action, Plan};
use crate::render::style::Painter;
use crate::resources::names;

/// What is to be expected of the rules that a plan changes.
#[derive(Debug, Serialize)]
pub(super) struct Expected {
    /// The days that the logs span.
    days: f64,
    /// Whether all of them were read.
    complete: bool,
    /// Each rule that is created or changed.
    rules: Vec<Rate>,
}

#[derive(Debug, Serialize)]
struct Rate {
    rule: String,
    alerts: u64,
    per_day: f64,
}

impl Expected {
    /// Counts the alerts in a file or a folder.
    pub(super) fn of(
        plan: &Plan,
        rules: &Rules,
        account: &AccountId,
        logs: &Path,
    ) -> Result<Self, Failure> {
        if logs.to_string_lossy().starts_with("s3://") {
            return Err(
                Failure::new("a plan is compared with logs on this machine only").help(
                    "copy them with `aws s3 sync`, or run `iamwatch backtest s3://…` beside the plan",
                ),
            );
        }
        // The caller runs within a runtime, and the engine brings its own.
        let report = std::thread::scope(|scope| {
            let counting = scope.spawn(|| report(rules, account, logs.to_owned()));
            counting
                .join()
                .unwrap_or_else(|_| Err(Failure::new("counting ended early")))
        })?;
        let changing = changing(plan, rules);
        let rates = report
            .rules
            .iter()
            .filter(|rule| changing.contains(&rule.rule));
        Ok(Self {
            days: report.read.days,
            complete: report.complete,
            rules: rates
                .map(|rule| Rate {
                    rule: rule.rule.clone(),
                    alerts: rule.alerts,
                    per_day: rule.per_day,
                })
                .collect(),
        })
    }

    /// For people.
    pub(super) fn text(&self, paint: Painter) -> String {
        if self.rules.is_empty() {
            return "No rule changes, so neither do the alerts.\n".to_owned();
        }
        let head = format!("expected alerts a day, by {:.1} days of logs:", self.days);
        let mut text = format!("\n{}\n", paint.bold(&head));
        for rule in &self.rules {
            text.push_str(&format!("{:>9.1}  {}\n", rule.per_day, rule.rule));
        }
        if !self.complete {
            text.push_str("Not all logs could be read: `iamwatch backtest` on them says which. There may be more.\n");
        }
        text
    }
}

fn report(rules: &Rules, account: &AccountId, logs: PathBuf) -> Result<Report, Failure> {
    let setting = Setting::unsaid(account, &rules.file.home.region);
    let options = Options::counting(setting);
    let engine = Engine::new(Some(&rules.file), &rules.patterns, &[], options)
        .map_err(|error| Failure::new(error.to_string()))?;
    let tally = count(&engine, files::source(&[logs]), &Control::new(true))?;
    Ok(Report::new(&engine, &tally, false))
}

/// The rules whose detectors a plan creates or changes.
fn changing(plan: &Plan, rules: &Rules) -> BTreeSet<String> {
    let names: BTreeSet<&str> = plan
        .changes
        .iter()
        .filter(|change| change.action != Action::Delete)
        .filter_map(|change| change.key.name.rsplit('/').next())
        .collect();
    rules
        .patterns
        .iter()
        .filter(|pattern| {
            let detector = names::detector(&rules.file.name, &pattern.rule, pattern.part);
            names.contains(detector.as_str())
        })
        .map(|pattern| pattern.rule.0.clone())
        .collect()
}
