//! `iamwatch destroy`: delete everything that belongs to the rules file.

use clap::Args;

use super::apply::{Consent, show_and_apply};
use super::order::{Kept, kinds};
use super::session::Session;
use super::{Exit, Failure, Global, Ui};

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
        let session = Session::open(global, ui).await?;
        let plan = session.destruction(kinds(&self.delete)).await?;
        session.check_deletions(&plan).await?;
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
