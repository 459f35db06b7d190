//! `iamwatch explain`: which rules fire on an event, and why the others do not.

use std::collections::BTreeMap;

use clap::Args;

use super::args::Global;
use super::exit::Exit;
use super::input::read;
use super::ui::Ui;
use crate::alert::{Reader, Surroundings};
use crate::cloudtrail::Setting;
use crate::engine::{Code, Error, Workspace, any_account};
use crate::explain::{Bench, Explained, events};
use crate::place::AccountId;
use crate::render;

/// So many misses are shown of each event.
const NEAREST: usize = 3;

/// Flags of `explain`.
///
/// Exit code: 0 answered, whatever the answer, 1 if something could not be read.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A file, `-` for standard input, or JSON: an event of EventBridge, a CloudTrail record, or what holds some: a log
    /// file, a list, JSON lines, what SNS, SQS, CloudWatch Logs or CloudTrail Lake hand over
    event: String,
    /// Only this rule; can be repeated
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// Show every rule that does not fire, not the nearest few
    #[arg(long)]
    all: bool,
}

impl ExplainArgs {
    pub(super) fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let rules = Workspace::load_about(&global.file, &self.rule, ui)?;
        let only = rules.choose(&self.rule)?;
        let text = read(&self.event)?;
        let assumed: AccountId = match &rules.file.home.account {
            Some(account) => account.clone(),
            None => any_account()?,
        };
        let setting = Setting::unsaid(&assumed, &rules.file.home.region);
        let bench = Bench::new(&rules.file, &rules.patterns, &only)
            .map_err(Error::internal)?
            .with_sources(&rules.sources);
        let surroundings = Surroundings {
            stack: &rules.file.name,
            home: &rules.file.home.region,
            accounts: BTreeMap::new(),
            zone: None,
        };
        let bench = match Reader::new(&surroundings) {
            Ok(reader) => bench.with_reader(reader),
            Err(error) => return Err(Error::internal(error)),
        };
        let found = events(&text, &setting);
        if found.is_empty() {
            return Err(
                Error::new(Code::Input, format!("`{}` holds no event", self.event))
                    .help("give a CloudTrail record or an event of EventBridge"),
            );
        }
        // All are asked for where the user says which.
        let nearest = if self.all || !only.is_empty() {
            usize::MAX
        } else {
            NEAREST
        };
        let explained = Explained::new(&bench, found, nearest);
        let in_full = self.all || explained.events.len() == 1;
        ui.answer(&explained, |paint| {
            render::explain::explained(&explained, &rules.file, in_full, paint)
        })?;
        ui.out.flush()?;
        for problem in &explained.problems {
            let message = format!("item {}: {}", problem.item, problem.problem);
            ui.complain(&Error::new(Code::Input, message));
        }
        Ok(if explained.problems.is_empty() {
            Exit::Fine
        } else {
            Exit::Error
        })
    }
}
