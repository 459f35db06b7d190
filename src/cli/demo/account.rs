//! One account: the whole story, with a fixed clock and fixed ids.

use super::{START, STEP, heading, numbered, open, options};
use crate::check;
use crate::cli::exit::Exit;
use crate::cli::test_event;
use crate::cli::ui::Ui;
use crate::diagnostic::counted;
use crate::engine::{Code, Error, Workspace, carry_out};
use crate::plan::PlanOptions;
use crate::proof;
use crate::render;
use crate::sandbox::{self, Clock, Sandbox};

const RULES: &str = include_str!("../../../examples/demo.yaml");

/// The rule whose alert the story shows.
const SHOWN: &str = "root/sign-in";

/// Runs the story of one account.
pub(super) async fn run(ui: &mut Ui) -> Result<Exit, Error> {
    let paint = ui.painter();
    let account = "111122223333".parse().map_err(Error::internal)?;
    let region = "eu-central-1".parse().map_err(Error::internal)?;
    let aws = Sandbox::new(sandbox::Options {
        account,
        region,
        clock: Clock::Virtual {
            now: START,
            step: STEP,
        },
    });

    heading(ui, "The rules file")?;
    ui.out.own(RULES)?;
    let rules = demo_rules(ui)?;

    heading(ui, &format!("iamwatch compile --rule {SHOWN}"))?;
    for pattern in rules.patterns.iter().filter(|p| p.rule.0 == SHOWN) {
        ui.out.json_text(&pattern.pattern.to_string())?;
    }

    heading(ui, "iamwatch plan")?;
    let session = open(&aws, rules, ui).await?;
    let plan = session.plan(&[], &PlanOptions::default()).await?;
    ui.out.text(&render::plan::plan(&plan, paint))?;

    heading(ui, "iamwatch apply")?;
    let report = carry_out(&session.cloud, &plan, ui).await;
    let text = render::report::report(&report, &plan, paint);
    ui.out.text(&text)?;

    heading(ui, "security@example.com follows the link in AWS's message")?;
    let confirmed = aws
        .confirm(None)
        .map_err(|error| Error::new(Code::Sandbox, error.to_string()))?;
    let subscriptions = counted(confirmed.len(), "subscription");
    ui.out.line(format_args!("confirmed {subscriptions}"))?;

    heading(ui, &format!("iamwatch test-event {SHOWN} --wait"))?;
    // What is live has changed, so the next commands begin anew.
    let session = open(&aws, demo_rules(ui)?, ui).await?;
    let patterns: Vec<_> = session
        .rules
        .patterns
        .iter()
        .filter(|p| p.rule.0 == SHOWN)
        .cloned()
        .collect();
    let clock = || session.clock.now_ms();
    let new_id = numbered();
    let options = options(&clock, &new_id);
    let deployment = session.deployment();
    let proofs = proof::prove(
        &session.cloud,
        deployment,
        &patterns,
        &options,
        std::future::pending(),
    )
    .await?;
    test_event::show(&proofs, ui)?;

    heading(ui, "The alert, as its readers get it")?;
    for delivery in aws
        .outbox()
        .iter()
        .filter(|d| d.body.contains("[iamwatch.test."))
    {
        ui.out.line(format_args!(
            "{} {}",
            paint.bold(&delivery.protocol),
            delivery.endpoint
        ))?;
        for line in delivery.body.lines() {
            ui.out.line(format!("    {line}").trim_end())?;
        }
    }

    heading(ui, "iamwatch plan")?;
    let session = open(&aws, demo_rules(ui)?, ui).await?;
    let plan = session.plan(&[], &PlanOptions::default()).await?;
    ui.out.text(&render::plan::plan(&plan, paint))?;

    let good = report.is_complete()
        && proofs.iter().all(|proof| proof.is_good())
        && plan.changes.is_empty();
    Ok(if good { Exit::Fine } else { Exit::Error })
}

fn demo_rules(ui: &mut Ui) -> Result<Workspace, Error> {
    Workspace::compile(check::load_text("examples/demo.yaml", RULES), ui)
}
