//! `iamwatch destroy`: delete everything that belongs to the rules file.

use std::sync::Arc;

use clap::Args;

use super::apply::{Consent, show_and_apply};
use super::everywhere::OrganizationDeploy;
use super::order::{Kept, kinds};
use super::organization::{Beyond, OrgArgs};
use super::session::Session;
use super::{Exit, Failure, Global, Ui};
use crate::plan::PlanOptions;

/// Flags of `destroy`.
#[derive(Debug, Args)]
pub struct DestroyArgs {
    /// Also delete these kinds, which hold evidence or open it
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    delete: Vec<Kept>,
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
}

impl DestroyArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let session = Session::open_with(global, &OrgArgs::default().listing(), ui).await?;
        let plan = session.destruction(kinds(&self.delete)).await?;
        session.check_deletions(&plan).await?;
        if let Some(org) = &session.org {
            let mut fleet = org.fleet(
                &session,
                &PlanOptions::destruction(kinds(&self.delete)),
                None,
            );
            fleet.destroy = true;
            let fleet = Arc::new(fleet);
            let name = &session.rules.file.name;
            let question = format!(
                "Delete all of this in the whole organization, and with it every alert of `{name}`?"
            );
            let consent = Consent {
                question: &question,
                approved: self.auto_approve,
                most: true,
            };
            let work = OrganizationDeploy {
                org,
                session: &session,
                fleet: &fleet,
                home: &plan,
                beyond: Beyond::Everything,
                home_last: true,
            };
            return work.show_and_apply(&consent, ui).await;
        }
        if plan.changes.is_empty() && plan.orphans.is_empty() && !ui.json {
            writeln!(
                ui.out,
                "Nothing at {} belongs to `{}`.",
                plan.home, session.rules.file.name
            )?;
            return Ok(Exit::Fine);
        }
        let question = format!(
            "Delete all of this, and with it every alert of `{}`?",
            session.rules.file.name
        );
        let consent = Consent {
            question: &question,
            approved: self.auto_approve,
            // All of it is what was asked for.
            most: true,
        };
        show_and_apply(&session.cloud, &plan, &consent, ui).await
    }
}
