//! How many alerts a plan's rules are to be expected to raise, by logs of the past.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::{Code, Error};
use super::workspace::Workspace;
use crate::backtest::source::files;
use crate::backtest::{Control, Engine, Expected, Options, Rate, Report, count};
use crate::cloudtrail::Setting;
use crate::place::AccountId;
use crate::plan::{Action, Plan};
use crate::resources::names;

/// Counts the alerts that the rules which a plan changes would have raised on the logs in a file or a folder.
///
/// # Errors
/// Logs that cannot be counted.
pub fn expected(
    plan: &Plan,
    rules: &Workspace,
    account: &AccountId,
    logs: &Path,
) -> Result<Expected, Error> {
    if logs.to_string_lossy().starts_with("s3://") {
        return Err(Error::new(
            Code::CommandLine,
            "a plan is compared with logs on this machine only",
        )
        .help("copy them with `aws s3 sync`, or run `iamwatch backtest s3://…` beside the plan"));
    }
    // The caller runs within a runtime, and the engine brings its own.
    let report = std::thread::scope(|scope| {
        let counting = scope.spawn(|| report(rules, account, logs.to_owned()));
        counting
            .join()
            .unwrap_or_else(|_| Err(Error::internal("counting ended early")))
    })?;
    let changing = changing(plan, rules);
    let rates = report
        .rules
        .iter()
        .filter(|rule| changing.contains(&rule.rule));
    Ok(Expected {
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

fn report(rules: &Workspace, account: &AccountId, logs: PathBuf) -> Result<Report, Error> {
    let setting = Setting::unsaid(account, &rules.file.home.region);
    let options = Options::counting(setting);
    let engine =
        Engine::new(Some(&rules.file), &rules.patterns, &[], options).map_err(Error::internal)?;
    let tally = count(&engine, files::source(&[logs]), &Control::new(true))?;
    Ok(Report::new(&engine, &tally, false))
}

/// The rules whose detectors a plan creates or changes.
fn changing(plan: &Plan, rules: &Workspace) -> BTreeSet<String> {
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
