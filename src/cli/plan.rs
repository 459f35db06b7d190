//! `iamwatch plan`: what apply would change.

use clap::Args;

use super::session::{Session, verdict};
use super::{Exit, Failure, Global, Ui};
use crate::render;

/// Flags of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Only this rule and what it needs; can be repeated
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// Also plan the deletion of what is ours and no longer wanted
    #[arg(long)]
    prune: bool,
    /// Exit with 2 if there are changes
    #[arg(long)]
    detailed_exitcode: bool,
}

impl PlanArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let session = Session::open(global, ui).await?;
        let only = session.chosen(&self.rule)?;
        let plan = session.plan(&only, self.prune).await?;
        if ui.json {
            ui.json(&plan)?;
        } else {
            let text = render::plan::plan(&plan, ui.painter());
            write!(ui.out, "{text}")?;
        }
        Ok(verdict(&plan, self.detailed_exitcode))
    }
}
