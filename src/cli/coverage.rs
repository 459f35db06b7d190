//! `iamwatch coverage`: who is watched, and who is not.

use std::sync::Arc;

use clap::Args;

use super::organization::{Beyond, OrgArgs};
use super::session::Session;
use super::{Exit, Failure, Global, Ui};
use crate::fleet::{self, Pass};
use crate::placement::TrailSource;
use crate::plan::PlanOptions;
use crate::render;

/// Flags of `coverage`.
#[derive(Debug, Args)]
pub struct CoverageArgs {
    #[command(flatten)]
    org: OrgArgs,
}

impl CoverageArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let session = Session::open_with(global, &self.org.listing(), ui).await?;
        judge(&session, ui).await
    }
}

/// Looks at every account, and says what is covered.
pub(super) async fn judge(session: &Session, ui: &mut Ui) -> Result<Exit, Failure> {
    let Some(org) = &session.org else {
        return Err(Failure::new("the rules file watches one account")
            .help("`iamwatch status` judges that; for an organization give --org"));
    };
    let look = Arc::new(org.fleet(session, &PlanOptions::default(), None));
    let mut run = org
        .go_through(&look, session, Beyond::Nothing, &Pass::Look, ui)
        .await;
    if run.stopped {
        return Err(Failure::new("stopped before all accounts were looked at"));
    }
    org.listed(&run)?;
    let home = session.home_outcome()?;
    let changes = home
        .result
        .as_ref()
        .map_or(&[][..], |home| &home.changes[..]);
    let breaches = fleet::breaches(changes, &session.desired, &session.rules.patterns);
    run.outcomes.push(home);
    run.outcomes.sort_by(|a, b| a.account().cmp(b.account()));
    let recorded = match &session.desired.feed {
        TrailSource::Nobody { .. } => Err("no trail records the organization".to_owned()),
        TrailSource::Ours(arn) => match session.trail_problem() {
            Some(problem) => Err(format!("the trail {arn} {problem}")),
            None => Ok(()),
        },
        TrailSource::Existing(_) => Ok(()),
    };
    let coverage = fleet::coverage(&run, &session.rules.patterns, &breaches, recorded);
    if ui.json {
        #[derive(serde::Serialize)]
        struct Document<'a> {
            format_version: u32,
            organization: &'a str,
            #[serde(flatten)]
            coverage: &'a fleet::Coverage,
        }
        ui.json(&Document {
            format_version: 1,
            organization: &org.organization.id,
            coverage: &coverage,
        })?;
    } else {
        let text = render::fleet::coverage(&coverage, &org.organization.id, ui.painter());
        write!(ui.out, "{text}")?;
    }
    Ok(if coverage.is_whole() {
        Exit::Fine
    } else {
        Exit::Verdict
    })
}
