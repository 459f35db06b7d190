//! `iamwatch coverage`: who is watched, and who is not.

use std::borrow::Cow;
use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::args::{Global, OrgArgs};
use super::exit::Exit;
use super::ui::Ui;
use crate::engine::{AccountScope, Error, Session};
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
        // Of an account that somebody took from a kept list nobody would hear.
        let scope = AccountScope {
            anew: true,
            ..self.org.listing()
        };
        let session = global.open(&scope, ui).await?;
        judge(&session, ui).await
    }
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    organization: &'a str,
    /// The file that named the accounts, where the organization was not asked for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts_file: Option<Cow<'a, str>>,
    #[serde(flatten)]
    coverage: &'a Coverage,
}

/// Looks at every account, and says what is covered.
pub(super) async fn judge(session: &Session, ui: &mut Ui) -> Result<Exit, Error> {
    let org = session.organization()?;
    let organization = &org.organization.id;
    let file = org.accounts_file().map(Path::to_string_lossy);
    let coverage = session.coverage(ui).await?;
    let document = Document {
        format_version: 1,
        organization,
        accounts_file: file.clone(),
        coverage: &coverage,
    };
    ui.answer(&document, |paint| {
        render::fleet::coverage(&coverage, organization, file.as_deref(), paint)
    })?;
    Ok(if coverage.is_whole() {
        Exit::Fine
    } else {
        Exit::Verdict
    })
}
