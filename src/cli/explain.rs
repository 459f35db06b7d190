//! `iamwatch explain`: which rules fire on an event, and why the others do not.

use clap::Args;

use super::input::read;
use super::session::{choose, load};
use super::{Exit, Failure, Global, Ui};
use crate::cloudtrail::Setting;
use crate::explain::{Bench, Explained, events};
use crate::place::AccountId;
use crate::render;

/// What records are taken to say where they do not.
const ACCOUNT: &str = "111122223333";
/// So many misses are shown of each event.
const NEAREST: usize = 3;

/// Flags of `explain`.
///
/// Exit code: 0 answered, whatever the answer, 1 if something could not be read.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A file, `-` for standard input, or JSON: an event of EventBridge, a CloudTrail record, a log file
    /// (`{"Records": […]}`), what `aws cloudtrail lookup-events` prints, a list, or JSON lines
    event: String,
    /// Only this rule; can be repeated
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// Show every rule that does not fire, not the nearest few
    #[arg(long)]
    all: bool,
}

impl ExplainArgs {
    pub(super) fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let rules = load(&global.file, ui)?;
        let only = self
            .rule
            .iter()
            .map(|name| choose(&rules, name))
            .collect::<Result<Vec<_>, _>>()?;
        let text = read(&self.event)?;
        let assumed: AccountId = match &rules.file.home.account {
            Some(account) => account.clone(),
            None => ACCOUNT.parse().map_err(|_| Failure::said())?,
        };
        let setting = Setting::unsaid(&assumed, &rules.file.home.region);
        let bench = Bench::new(&rules.file, &rules.patterns, &only)
            .map_err(|error| Failure::new(error.to_string()))?
            .with_sources(rules.sources());
        let found = events(&text, &setting);
        if found.is_empty() {
            return Err(Failure::new(format!("`{}` holds no event", self.event))
                .help("give a CloudTrail record or an event of EventBridge"));
        }
        // All are asked for where the user says which.
        let nearest = if self.all || !only.is_empty() {
            usize::MAX
        } else {
            NEAREST
        };
        let explained = Explained::new(&bench, found, nearest);
        if ui.json {
            ui.json(&explained)?;
        } else {
            let in_full = self.all || explained.events.len() == 1;
            let text = render::explain::explained(&explained, &rules.file, in_full, ui.painter());
            write!(ui.out, "{text}")?;
        }
        ui.out.flush()?;
        for problem in &explained.problems {
            ui.failure(&Failure::new(format!(
                "item {}: {}",
                problem.item, problem.problem
            )));
        }
        Ok(if explained.problems.is_empty() {
            Exit::Fine
        } else {
            Exit::Error
        })
    }
}
