//! An organization goes from empty to covered, and one that joins is not forgotten.

use super::{START, STEP, heading, numbered, options};
use crate::check;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::cli::{coverage, test_event};
use crate::engine::{Code, Consent, Deploy, Error, Session, Workspace};
use crate::place::AccountId;
use crate::plan::PlanOptions;
use crate::plan::saved::PlanRequest;
use crate::sandbox::{self, Clock, Sandbox};

const RULES: &str = include_str!("../../../examples/demo-organization.yaml");

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

/// Runs the story of an organization.
pub(super) async fn run(ui: &mut Ui) -> Result<Exit, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::new(Code::Sandbox, error.to_string());
    let aws = organization()?;
    heading(ui, "The rules file")?;
    ui.out.own(RULES)?;

    heading(ui, "iamwatch apply")?;
    apply(&aws, ui).await?;
    // The readers follow the links in AWS's messages.
    aws.confirm(None).map_err(|error| failed(&error))?;
    heading(ui, "iamwatch coverage")?;
    coverage::judge(&open_story(&aws, ui).await?, ui).await?;

    heading(ui, "A new account joins; iamwatch coverage")?;
    let known = aws.organization();
    let known = known.ok_or_else(|| Error::internal("the sandbox has no organization"))?;
    let young = account("200000000012")?;
    known
        .create_account_as(&young, &known.root(), "young")
        .map_err(|error| failed(&error))?;
    coverage::judge(&open_story(&aws, ui).await?, ui).await?;

    heading(ui, "iamwatch apply")?;
    apply(&aws, ui).await?;

    heading(ui, "iamwatch test-event --all-accounts")?;
    let session = open_story(&aws, ui).await?;
    let clock = || session.clock.now_ms();
    let new_id = numbered();
    let options = options(&clock, &new_id);
    let never = futures::FutureExt::shared(std::future::pending());
    let proof = session.prove_accounts(&options, true, never).await?;
    test_event::show_accounts(&proof, ui)?;
    Ok(if proof.is_good() {
        Exit::Fine
    } else {
        Exit::Error
    })
}

fn account(text: &str) -> Result<AccountId, Error> {
    text.parse().map_err(Error::internal)
}

/// The management account with eleven others, one of them closed.
fn organization() -> Result<Sandbox, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::new(Code::Sandbox, error.to_string());
    let region = "eu-central-1".parse();
    let aws = Sandbox::new(sandbox::Options {
        account: account("111122223333")?,
        region: region.map_err(Error::internal)?,
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

async fn open_story(aws: &Sandbox, ui: &mut Ui) -> Result<Session, Error> {
    let loaded = check::load_text("iamwatch.yaml", RULES);
    let rules = Workspace::compile(loaded, ui)?;
    super::open(aws, rules, ui).await
}

async fn apply(aws: &Sandbox, ui: &mut Ui) -> Result<(), Error> {
    let session = open_story(aws, ui).await?;
    let org = session.organization()?;
    let plan = session.plan(&[], &PlanOptions::default()).await?;
    let consent = Consent {
        approved: true,
        most: true,
        unheard: true,
        members: true,
    };
    let request = PlanRequest::default();
    let deploy = Deploy::organization(&session, org, &plan, &request, consent);
    deploy.run(ui).await.map(drop)
}
