//! `iamwatch plan`: what apply would change.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::expected::Expected;
use super::order::OrderArgs;
use super::organization::{Beyond, Document as Organization, Org, OrgArgs};
use super::session::{Session, verdict};
use super::{Exit, Failure, Global, Ui, saved};
use crate::fleet::{Pass, Run};
use crate::plan::Plan;
use crate::render;

/// Flags of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    order: OrderArgs,
    #[command(flatten)]
    org: OrgArgs,
    /// Also write the plan to FILE, for `iamwatch apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also say how many alerts a day to expect of each rule that changes, by the logs in PATH
    #[arg(long, value_name = "PATH")]
    with_backtest: Option<PathBuf>,
    /// Exit with 2 if there are changes
    #[arg(long)]
    detailed_exitcode: bool,
}

impl PlanArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let session = Session::open_with(global, &self.org.listing(), ui).await?;
        let order = self.order.order(&session)?;
        let (plan, run) = match session.org.as_ref().filter(|org| !org.home_only) {
            None => (session.plan_for(&order).await?, None),
            Some(org) => {
                self.check()?;
                // Both only look: what home still needs is asked for while the accounts are read.
                let fleet = Arc::new(org.fleet_for(&session, &order));
                let looking = async {
                    let beyond = Beyond::of(&order);
                    Ok(org
                        .go_through(&fleet, &session, beyond, &Pass::Look, ui)
                        .await)
                };
                let (plan, run) = futures::try_join!(session.plan_for(&order), looking)?;
                (plan, Some((org, run)))
            }
        };
        let expected = match &self.with_backtest {
            Some(logs) => Some(Expected::of(
                &plan,
                &session.rules,
                &session.cloud.account,
                logs,
            )?),
            None => None,
        };
        if let Some((org, run)) = &run {
            let exit = self.organization(org, &plan, run, ui)?;
            if let Some(expected) = expected.filter(|_| !ui.json) {
                write!(ui.out, "{}", expected.text(ui.painter()))?;
            }
            return Ok(exit);
        }
        if ui.json {
            let mut document = serde_json::to_value(&plan).map_err(std::io::Error::from)?;
            if let (Some(expected), Some(members)) = (&expected, document.as_object_mut()) {
                let expected = serde_json::to_value(expected).map_err(std::io::Error::from)?;
                members.insert("expected".to_owned(), expected);
            }
            ui.json(&document)?;
        } else {
            let text = render::plan::plan(&plan, ui.painter());
            write!(ui.out, "{text}")?;
            if let Some(expected) = &expected {
                write!(ui.out, "{}", expected.text(ui.painter()))?;
            }
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

    /// Whether an organization can be planned so.
    fn check(&self) -> Result<(), Failure> {
        if self.out.is_some() {
            return Err(Failure::new(
                "a saved plan holds one account, and this is an organization",
            )
            .help("give --home-only to save the plan of the home account"));
        }
        Ok(())
    }

    fn organization(
        &self,
        org: &Org,
        plan: &Plan,
        run: &Run,
        ui: &mut Ui,
    ) -> Result<Exit, Failure> {
        if run.stopped {
            return Err(Failure::new("stopped before all accounts were looked at"));
        }
        let name = &org.organization.id;
        if ui.json {
            ui.json(&Organization::of(plan, name, run))?;
        } else {
            let home = render::plan::plan(plan, ui.painter());
            let members = render::fleet::plan(run, name, ui.painter());
            write!(ui.out, "{home}\n{members}")?;
        }
        org.listed(run)?;
        if !run.is_complete() {
            return Ok(Exit::Error);
        }
        let settled = run.is_settled() && !plan.is_off();
        Ok(if self.detailed_exitcode && !settled {
            Exit::Verdict
        } else {
            Exit::Fine
        })
    }
}
