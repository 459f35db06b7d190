//! `iamwatch plan`: what apply would change.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::args::{Global, OrgArgs, RequestArgs};
use super::exit::Exit;
use super::ui::{Ui, said};
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
    /// What is said of the rules file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Value>,
}

/// The JSON document of an organization's plan.
#[derive(Serialize)]
struct OrganizationDocument<'a> {
    #[serde(flatten)]
    plan: OrganizationPlan<'a>,
    /// What is said of the rules file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Value>,
}

impl PlanArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        if let Some(logs) = &self.with_backtest {
            engine::logs::are_there(std::slice::from_ref(logs))?;
        }
        let rules = self.request.rules(&global.file, ui)?;
        let session = global.reach(rules, &self.org.listing(), ui).await?;
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
            diagnostics: said(&session.rules),
        };
        ui.answer(&document, |paint| {
            let mut text = render::plan::plan(&plan, paint);
            if let Some(expected) = &expected {
                text.append(&render::expected::expected(expected, paint));
            }
            text
        })?;
        if let Some(path) = &self.out {
            saved::save(path, session, request, &plan)?;
            if !ui.is_json() {
                let command = saved::command(path, &plan, &session.desired);
                ui.out.line(format_args!(
                    "Saved: `{command}` does this, and nothing else."
                ))?;
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
        let document = OrganizationDocument {
            plan: OrganizationPlan::new(&plan, name, &run),
            diagnostics: said(&session.rules),
        };
        ui.answer(&document, |paint| {
            let mut text = render::plan::plan(&plan, paint);
            text.blank();
            text.append(&render::fleet::plan(&run, name, paint));
            text
        })?;
        org.listed(&run)?;
        if let Some(expected) = expected.filter(|_| !ui.is_json()) {
            let text = render::expected::expected(&expected, ui.painter());
            ui.out.text(&text)?;
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
