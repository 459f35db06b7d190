//! `iamwatch plan`: what apply would change.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::args::{Global, OrgArgs, RequestArgs};
use super::exit::Exit;
use super::ui::Ui;
use crate::backtest::Expected;
use crate::engine::{self, Code, Error, Org, OrganizationPlan, Session, saved, whole};
use crate::fleet::Run;
use crate::plan::Plan;
use crate::plan::saved::PlanRequest;
use crate::render;

/// Flags of `plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    org: OrgArgs,
    /// Also write the plan to FILE, for `iamwatch apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also say how many alerts a day to expect of each rule that changes, by the logs in PATH
    #[arg(long, value_name = "PATH")]
    with_backtest: Option<PathBuf>,
    /// Exit with 2 if there are changes
    #[arg(long)]
    detailed_exitcode: bool,
}

/// The JSON document that `iamwatch plan --json` prints.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    /// How often the rules would have alerted, where logs were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a Expected>,
}

impl PlanArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let session = global.open(&self.org.listing(), ui).await?;
        let request = self.request.request(&session)?;
        match session.org.as_ref().filter(|org| !org.home_only) {
            Some(org) => self.organization(&session, org, &request, ui).await,
            None => self.home(&session, &request, ui).await,
        }
    }

    async fn home(
        &self,
        session: &Session,
        request: &PlanRequest,
        ui: &mut Ui,
    ) -> Result<Exit, Error> {
        let plan = session.plan_for(request).await?;
        let expected = self.expected(session, &plan)?;
        let document = Document {
            plan: &plan,
            expected: expected.as_ref(),
        };
        ui.answer(&document, |paint| {
            let mut text = render::plan::plan(&plan, paint);
            if let Some(expected) = &expected {
                text.push_str(&render::expected::expected(expected, paint));
            }
            text
        })?;
        if let Some(path) = &self.out {
            saved::save(path, session, request, &plan)?;
            if !ui.is_json() {
                let path = path.display();
                writeln!(
                    ui.out,
                    "Saved: `iamwatch apply {path}` does this, and nothing else."
                )?;
            }
        }
        Ok(self.verdict(plan.is_off()))
    }

    async fn organization(
        &self,
        session: &Session,
        org: &Org,
        request: &PlanRequest,
        ui: &mut Ui,
    ) -> Result<Exit, Error> {
        if self.out.is_some() {
            return Err(Error::new(
                Code::CommandLine,
                "a saved plan holds one account, and this is an organization",
            )
            .help("give --home-only to save the plan of the home account"));
        }
        let (plan, run) = session.plan_organization(org, request, ui).await?;
        let expected = self.expected(session, &plan)?;
        whole(&run)?;
        let name = &org.organization.id;
        ui.answer(&OrganizationPlan::new(&plan, name, &run), |paint| {
            let home = render::plan::plan(&plan, paint);
            let members = render::fleet::plan(&run, name, paint);
            format!("{home}\n{members}")
        })?;
        org.listed(&run)?;
        if let Some(expected) = expected.filter(|_| !ui.is_json()) {
            let text = render::expected::expected(&expected, ui.painter());
            write!(ui.out, "{text}")?;
        }
        Ok(self.settled(&plan, &run))
    }

    fn expected(&self, session: &Session, plan: &Plan) -> Result<Option<Expected>, Error> {
        let logs = self.with_backtest.as_deref();
        let account = &session.cloud.account;
        logs.map(|logs| engine::expected(plan, &session.rules, account, logs))
            .transpose()
    }

    fn settled(&self, plan: &Plan, run: &Run) -> Exit {
        if !run.is_complete() {
            return Exit::Error;
        }
        self.verdict(!run.is_settled() || plan.is_off())
    }

    /// The exit code: that of a verdict if something is off and `--detailed-exitcode` asks for it.
    fn verdict(&self, is_off: bool) -> Exit {
        if self.detailed_exitcode && is_off {
            Exit::Verdict
        } else {
            Exit::Fine
        }
    }
}
