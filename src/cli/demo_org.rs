//! `iamwatch demo --org`: an organization goes from empty to covered, and one that joins is not forgotten.

use crate::check;
use std::sync::Arc;

use super::apply::Consent;
use super::demo::{START, STEP, heading, numbered, options};
use super::everywhere::OrganizationDeploy;
use super::organization::{Beyond, OrgArgs};
use super::session::{Session, compiled};
use super::{Exit, Failure, InProcessAws, Ui, coverage, test_event};
use crate::aws::Access;
use crate::place::AccountId;
use crate::plan::PlanOptions;
use crate::sandbox::{self, Clock, Sandbox};

const RULES: &str = include_str!("../../examples/demo-organization.yaml");

/// The other accounts of the story, all of whose names are made up.
const ACCOUNTS: [(&str, &str); 11] = [
    ("200000000001", "security"),
    ("200000000002", "logs"),
    ("200000000003", "network"),
    ("200000000004", "payments"),
    ("200000000005", "shop"),
    ("200000000006", "mobile"),
    ("200000000007", "data"),
    ("200000000008", "staging"),
    ("200000000009", "lab"),
    ("200000000010", "sandbox"),
    ("200000000011", "closed"),
];

/// Runs the story.
pub(super) async fn run(ui: &mut Ui) -> Result<Exit, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
    let aws = organization()?;
    heading(ui, "The rules file")?;
    write!(ui.out, "{RULES}")?;

    heading(ui, "iamwatch apply")?;
    apply(&aws, ui).await?;
    heading(ui, "iamwatch coverage")?;
    coverage::judge(&session(&aws, ui).await?, ui).await?;

    heading(ui, "A new account joins; iamwatch coverage")?;
    let known = aws.organization();
    let known = known.ok_or_else(|| Failure::new("the sandbox has no organization"))?;
    let young = account("200000000012")?;
    known
        .create_account_as(&young, &known.root(), "young")
        .map_err(|error| failed(&error))?;
    coverage::judge(&session(&aws, ui).await?, ui).await?;

    heading(ui, "iamwatch apply")?;
    apply(&aws, ui).await?;

    heading(ui, "iamwatch test-event --all-accounts")?;
    let session = session(&aws, ui).await?;
    let plan = session.difference()?;
    let clock = || aws.now();
    let new_id = numbered();
    let options = options(&clock, &new_id);
    let deployment = session.deployment(&plan);
    let never = futures::FutureExt::shared(std::future::pending());
    let good =
        test_event::ways_of_accounts(&session, deployment, &options, true, never, ui).await?;
    Ok(if good { Exit::Fine } else { Exit::Error })
}

fn account(text: &str) -> Result<AccountId, Failure> {
    text.parse()
        .map_err(|error| Failure::new(format!("{error}")))
}

/// The management account with eleven others, one of them closed.
fn organization() -> Result<Sandbox, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
    let region = "eu-central-1".parse();
    let aws = Sandbox::new(sandbox::Options {
        account: account("111122223333")?,
        region: region.map_err(|error| Failure::new(format!("{error}")))?,
        clock: Clock::Virtual {
            now: START,
            step: STEP,
        },
    });
    let organization = aws.organize().map_err(|error| failed(&error))?;
    let prepared = organization.trust("cloudtrail.amazonaws.com");
    prepared.map_err(|error| failed(&error))?;
    for (id, name) in ACCOUNTS {
        let id = account(id)?;
        let made = organization.create_account_as(&id, &organization.root(), name);
        made.map_err(|error| failed(&error))?;
        if name == "closed" {
            let closed = organization.close_account(&id);
            closed.map_err(|error| failed(&error))?;
        }
    }
    Ok(aws)
}

async fn session(aws: &Sandbox, ui: &mut Ui) -> Result<Session, Failure> {
    let loaded = check::load_text("iamwatch.yaml", RULES);
    let rules = compiled(loaded, ui)?;
    let (access, org) = (Access::default(), OrgArgs::default());
    Session::with(
        rules,
        Some(InProcessAws::administered(aws.clone())),
        &access,
        &org,
        ui,
    )
    .await
}

async fn apply(aws: &Sandbox, ui: &mut Ui) -> Result<(), Failure> {
    let session = session(aws, ui).await?;
    let Some(org) = &session.org else {
        return Err(Failure::new(
            "the rules file of the story watches one account",
        ));
    };
    let plan = session.plan(&[], &PlanOptions::default()).await?;
    let fleet = Arc::new(org.fleet(&session, &PlanOptions::default(), None));
    let work = OrganizationDeploy {
        org,
        session: &session,
        fleet: &fleet,
        home: &plan,
        beyond: Beyond::Nothing,
        home_last: false,
    };
    let consent = Consent {
        question: "",
        approved: true,
        most: true,
    };
    work.show_and_apply(&consent, ui).await.map(drop)
}
