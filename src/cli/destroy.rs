//! `iamwatch destroy`: delete everything that belongs to the rules file.

use clap::Args;

use super::apply::show_and_apply;
use super::session::Session;
use super::{Exit, Failure, Global, Ui};

/// Flags of `destroy`.
#[derive(Debug, Args)]
pub struct DestroyArgs {
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
}

impl DestroyArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let session = Session::open(global, ui).await?;
        let plan = session.destruction()?;
        if plan.changes.is_empty() && !ui.json {
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
        show_and_apply(&session.clients, &plan, &question, self.auto_approve, ui).await
    }
}
