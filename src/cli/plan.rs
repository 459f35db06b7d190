//! `iamwatch plan`: what apply would change.

use std::path::PathBuf;

use clap::Args;

use super::order::OrderArgs;
use super::session::{Session, verdict};
use super::{Exit, Failure, Global, Ui, saved};
use crate::render;

/// Flags of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    order: OrderArgs,
    /// Also write the plan to FILE, for `iamwatch apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 2 if there are changes
    #[arg(long)]
    detailed_exitcode: bool,
}

impl PlanArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let session = Session::open(global, ui).await?;
        let order = self.order.order(&session)?;
        let plan = session.plan_for(&order).await?;
        if ui.json {
            ui.json(&plan)?;
        } else {
            let text = render::plan::plan(&plan, ui.painter());
            write!(ui.out, "{text}")?;
        }
        if let Some(path) = &self.out {
            saved::save(path, &session, &order, &plan)?;
            if !ui.json {
                let path = path.display();
                writeln!(
                    ui.out,
                    "Saved: `iamwatch apply {path}` does this, and nothing else."
                )?;
            }
        }
        Ok(verdict(&plan, self.detailed_exitcode))
    }
}
