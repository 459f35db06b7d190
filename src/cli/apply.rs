//! `iamwatch apply`: create and change what the rules file asks for.

use std::path::PathBuf;

use clap::Args;

use super::args::{Global, OrgArgs, RequestArgs};
use super::exit::Exit;
use super::ui::Ui;
use crate::engine::{Consent, Deploy, Error, saved};

/// Flags of `apply`.
#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    /// A plan that `iamwatch plan --out` wrote: done without a question, and only if nothing has moved
    #[arg(value_name = "PLAN", conflicts_with_all = RequestArgs::NAMES)]
    plan: Option<PathBuf>,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    org: OrgArgs,
    /// Let --prune delete more than a fifth of what is ours without a second question
    #[arg(long)]
    prune_most: bool,
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
}

impl ApplyArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let mut consent = Consent {
            approved: self.auto_approve,
            most: self.prune_most,
        };
        if let Some(path) = &self.plan {
            let saved = saved::read(path)?;
            let session = global.open(&self.org.scope(), ui).await?;
            let plan = saved::again(&saved, &session, ui).await?;
            // Whoever saved a plan has looked at it.
            consent.approved = true;
            let end = Deploy::home(&session, &plan, consent).run(ui).await?;
            return Ok(end.into());
        }
        let session = global.open(&self.org.listing(), ui).await?;
        let request = self.request.request(&session)?;
        let plan = session.plan_for(&request).await?;
        let deploy = match session.org.as_ref().filter(|org| !org.home_only) {
            Some(org) => Deploy::organization(&session, org, &plan, &request, consent),
            None => Deploy::home(&session, &plan, consent),
        };
        Ok(deploy.run(ui).await?.into())
    }
}
