//! `iamwatch status`: would an alert arrive?

use clap::Args;

use super::args::Global;
use super::exit::Exit;
use super::ui::Ui;
use crate::engine::{AccountScope, Error};
use crate::health;
use crate::render;

/// Flags of `status`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {}

impl StatusArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let session = global.open(&AccountScope::default(), ui).await?;
        let health =
            health::health(&session.cloud, session.deployment(), session.clock.now_ms()).await?;
        ui.answer(&health, |paint| {
            render::health::health(&health, &session.desired.feed, paint)
        })?;
        Ok(if health.healthy {
            Exit::Fine
        } else {
            Exit::Verdict
        })
    }
}
