//! `iamwatch status`: would an alert arrive?

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::args::Global;
use super::exit::Exit;
use super::ui::{Ui, said};
use crate::engine::{AccountScope, Error};
use crate::health::Health;
use crate::render;

/// Flags of `status`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Watch the caller's whole organization, although the rules file does not say so
    #[arg(long)]
    org: bool,
}

/// The JSON document that `iamwatch status --json` prints.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    health: &'a Health,
    /// What is said of the rules file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Value>,
}

impl StatusArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let scope = AccountScope {
            whole: self.org,
            ..AccountScope::default()
        };
        let session = global.open_what_is_left(&scope, ui).await?;
        let health = session.health().await?;
        let document = Document {
            health: &health,
            diagnostics: said(&session.rules),
        };
        ui.answer(&document, |paint| {
            render::health::health(&health, &session.desired.feed, paint)
        })?;
        Ok(if health.healthy {
            Exit::Fine
        } else {
            Exit::Verdict
        })
    }
}
