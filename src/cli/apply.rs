//! `iamwatch apply`: create and change what the rules file asks for.

use std::path::PathBuf;

use clap::Args;

use super::args::{Global, OrgArgs, RequestArgs};
use super::exit::Exit;
use super::ui::Ui;
use crate::engine::{Consent, Deploy, Error, Workspace, saved};

/// Flags of `apply`.
#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    /// A plan that `iamwatch plan --out` wrote: done without a question, and only if nothing has moved. What deletes or
    /// takes over needs --prune, --delete and --adopt again
    #[arg(value_name = "PLAN", conflicts_with_all = RequestArgs::NAMES)]
    plan: Option<PathBuf>,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    org: OrgArgs,
    /// Let --prune delete more than a fifth of what is ours without a second question
    #[arg(long)]
    prune_most: bool,
    /// Leave rules without a reader who has confirmed, without a question of its own
    #[arg(long)]
    leave_unheard: bool,
    /// Leave the other accounts of an organization unwatched that are watched, without a question of its own
    #[arg(long)]
    leave_members: bool,
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
}

impl ApplyArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let mut consent = Consent {
            approved: self.auto_approve,
            most: self.prune_most,
            unheard: self.leave_unheard,
            members: self.leave_members,
        };
        if let Some(path) = &self.plan {
            let saved = saved::read(path)?;
            // Whether the tests pass was looked at, or skipped, when the plan was made: it holds for this text of the
            // file alone.
            let rules = Workspace::gated(&global.file, saved.order.raised_quotas, false, ui)?;
            ui.say(&rules, saved.order.tests_skipped)?;
            let session = global.reach(rules, &self.org.scope(), ui).await?;
            let given = self.request.wishes(&session)?;
            let plan = saved::again(&saved, &given, &session, ui).await?;
            // Whoever saved a plan has looked at it.
            consent.approved = true;
            let end = Deploy::home(&session, &plan, consent).run(ui).await?;
            return Ok(end.into());
        }
        let rules = self.request.rules(&global.file, ui)?;
        ui.say(&rules, self.request.skip_tests)?;
        let session = global.reach(rules, &self.org.listing(), ui).await?;
        let request = self.request.request(&session)?;
        let plan = session.plan_for(&request).await?;
        let deploy = match session.org.as_ref().filter(|org| !org.home_only) {
            Some(org) => Deploy::organization(&session, org, &plan, &request, consent),
            None => Deploy::home(&session, &plan, consent),
        };
        Ok(deploy.run(ui).await?.into())
    }
}
