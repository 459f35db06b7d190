//! `iamwatch demo`: the whole story on the sandbox, with a fixed clock and fixed ids.

use crate::check;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;

use super::apply::carry_out;
use super::organization::OrgArgs;
use super::session::{Rules, Session, compiled};
use super::{Exit, Failure, InProcessAws, Ui, demo_org, test_event};
use crate::aws::Access;
use crate::plan::PlanOptions;
use crate::proof::{self, Options};
use crate::render;
use crate::sandbox::{self, Clock, Sandbox};

const RULES: &str = include_str!("../../examples/demo.yaml");

/// 2026-01-05 08:30 UTC, a Monday, in Unix milliseconds.
pub(super) const START: i64 = 1_767_601_800_000;
/// Each request to the sandbox takes this many milliseconds of its clock.
pub(super) const STEP: i64 = 40;

/// The rule whose alert the story shows.
const SHOWN: &str = "root/sign-in";

/// Flags of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The story of a whole organization: twelve accounts, three Regions, and one that joins later
    #[arg(long)]
    org: bool,
}

impl DemoArgs {
    pub(super) async fn run(self, ui: &mut Ui) -> Result<Exit, Failure> {
        // The story is for people; its parts have JSON forms of their own.
        ui.json = false;
        if self.org {
            return demo_org::run(ui).await;
        }
        let paint = ui.painter();
        let account = "111122223333"
            .parse()
            .map_err(|error| Failure::new(format!("{error}")))?;
        let region = "eu-central-1"
            .parse()
            .map_err(|error| Failure::new(format!("{error}")))?;
        let aws = Sandbox::new(sandbox::Options {
            account,
            region,
            clock: Clock::Virtual {
                now: START,
                step: STEP,
            },
        });

        heading(ui, "The rules file")?;
        write!(ui.out, "{RULES}")?;
        let rules = demo_rules(ui)?;

        heading(ui, &format!("iamwatch compile --rule {SHOWN}"))?;
        for pattern in rules.patterns.iter().filter(|p| p.rule.0 == SHOWN) {
            writeln!(ui.out, "{}", pattern.pattern)?;
        }

        heading(ui, "iamwatch plan")?;
        let session = Session::with(
            rules,
            Some(InProcessAws::administered(aws.clone())),
            &Access::default(),
            &OrgArgs::default(),
            ui,
        )
        .await?;
        let plan = session.plan(&[], &PlanOptions::default()).await?;
        let text = render::plan::plan(&plan, paint);
        write!(ui.out, "{text}")?;

        heading(ui, "iamwatch apply")?;
        let report = carry_out(&session.cloud, &plan, ui).await;
        let text = render::report::report(&report, &plan, paint);
        write!(ui.out, "{text}")?;

        heading(ui, "security@example.com follows the link in AWS's message")?;
        let confirmed = aws
            .confirm(None)
            .map_err(|error| Failure::new(error.to_string()))?;
        writeln!(ui.out, "confirmed {} subscriptions", confirmed.len())?;

        heading(ui, &format!("iamwatch test-event {SHOWN} --wait"))?;
        // What is live has changed, so the next commands begin anew.
        let session = Session::with(
            demo_rules(ui)?,
            Some(InProcessAws::administered(aws.clone())),
            &Access::default(),
            &OrgArgs::default(),
            ui,
        )
        .await?;
        let plan = session.plan(&[], &PlanOptions::default()).await?;
        let patterns: Vec<_> = session
            .rules
            .patterns
            .iter()
            .filter(|p| p.rule.0 == SHOWN)
            .cloned()
            .collect();
        let clock = || aws.now();
        let new_id = numbered();
        let options = options(&clock, &new_id);
        let deployment = session.deployment(&plan);
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
        for delivery in aws.outbox().iter().filter(|d| d.body.contains("TEST")) {
            writeln!(
                ui.out,
                "{} {}",
                paint.bold(&delivery.protocol),
                delivery.endpoint
            )?;
            for line in delivery.body.lines() {
                writeln!(ui.out, "{}", format!("    {line}").trim_end())?;
            }
        }

        heading(ui, "iamwatch plan")?;
        let session = Session::with(
            demo_rules(ui)?,
            Some(InProcessAws::administered(aws.clone())),
            &Access::default(),
            &OrgArgs::default(),
            ui,
        )
        .await?;
        let plan = session.plan(&[], &PlanOptions::default()).await?;
        let text = render::plan::plan(&plan, paint);
        write!(ui.out, "{text}")?;

        let good = report.is_complete()
            && proofs.iter().all(|proof| proof.is_good())
            && plan.changes.is_empty();
        Ok(if good { Exit::Fine } else { Exit::Error })
    }
}

fn demo_rules(ui: &mut Ui) -> Result<Rules, Failure> {
    compiled(check::load_text("examples/demo.yaml", RULES), ui)
}

/// Ids that are the same in every run.
pub(super) fn numbered() -> impl Fn() -> String + Sync {
    let next = AtomicU64::new(1);
    move || {
        let n = next.fetch_add(1, Ordering::Relaxed);
        format!("00000000-0000-4000-8000-{n:012}")
    }
}

/// How a story sends its test events: waiting a minute, by its own clock.
pub(super) fn options<'a>(
    clock: &'a (dyn Fn() -> i64 + Sync),
    new_id: &'a (dyn Fn() -> String + Sync),
) -> Options<'a> {
    Options {
        wait: Some(Duration::from_secs(60)),
        from: None,
        clock,
        new_id,
    }
}

pub(super) fn heading(ui: &mut Ui, words: &str) -> Result<(), Failure> {
    let line = ui.painter().bold(&format!("── {words}"));
    writeln!(ui.out, "\n{line}\n")?;
    Ok(())
}
