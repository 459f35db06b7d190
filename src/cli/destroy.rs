//! `iamwatch destroy`: delete everything that belongs to the rules file.

use clap::Args;

use super::args::{Global, Kept, OrgArgs, kinds};
use super::exit::Exit;
use super::ui::Ui;
use crate::engine::{Deploy, Error};

/// Flags of `destroy`.
#[derive(Debug, Args)]
pub(super) struct DestroyArgs {
    /// Also delete these kinds, which hold evidence or open it
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    delete: Vec<Kept>,
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
}

impl DestroyArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let scope = OrgArgs::default().listing();
        let session = global.open_what_is_left(&scope, ui).await?;
        ui.say(&session.rules, false)?;
        let delete = kinds(&self.delete);
        let plan = session.destruction(delete.clone()).await?;
        let nothing = plan.changes.is_empty() && plan.orphans.is_empty();
        if session.org.is_none() && nothing && !ui.is_json() {
            ui.out.line(format_args!(
                "Nothing at {} belongs to `{}`.",
                plan.home, session.rules.file.name
            ))?;
            return Ok(Exit::Fine);
        }
        let deploy = Deploy::destruction(&session, &plan, delete, self.auto_approve);
        Ok(deploy.run(ui).await?.into())
    }
}
