//! `iamwatch coverage`: who is watched, and who is not.

use clap::Args;
use serde::Serialize;

use super::args::{Global, OrgArgs};
use super::exit::Exit;
use super::ui::Ui;
use crate::engine::{Error, Session};
use crate::fleet::Coverage;
use crate::render;

/// Flags of `coverage`.
#[derive(Debug, Args)]
pub(super) struct CoverageArgs {
    #[command(flatten)]
    org: OrgArgs,
}

impl CoverageArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let session = global.open(&self.org.listing(), ui).await?;
        judge(&session, ui).await
    }
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    organization: &'a str,
    #[serde(flatten)]
    coverage: &'a Coverage,
}

/// Looks at every account, and says what is covered.
pub(super) async fn judge(session: &Session, ui: &mut Ui) -> Result<Exit, Error> {
    let organization = &session.organization()?.organization.id;
    let coverage = session.coverage(ui).await?;
    let document = Document {
        format_version: 1,
        organization,
        coverage: &coverage,
    };
    ui.answer(&document, |paint| {
        render::fleet::coverage(&coverage, organization, paint)
    })?;
    Ok(if coverage.is_whole() {
        Exit::Fine
    } else {
        Exit::Verdict
    })
}
