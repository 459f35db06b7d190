//! `iamwatch status`: would an alert arrive?

use clap::Args;

use super::session::Session;
use super::{Exit, Failure, Global, Ui};
use crate::health;
use crate::render;

/// Flags of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {}

impl StatusArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let session = Session::open(global, ui).await?;
        let health = health::health(&session.cloud, session.judged(), session.now_ms()).await?;
        if ui.json {
            ui.json(&health)?;
        } else {
            let text = render::health::health(&health, &session.desired.feed, ui.painter());
            write!(ui.out, "{text}")?;
        }
        Ok(if health.healthy {
            Exit::Fine
        } else {
            Exit::Verdict
        })
    }
}
