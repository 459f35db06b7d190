//! `iamwatch test-event`: does the alert arrive?

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde::Serialize;

use super::session::{Session, interrupted};
use super::{Exit, Failure, Global, Ui};
use crate::compile::Compiled;
use crate::proof::{self, Options, Proof};
use crate::render;

/// Flags of `test-event`.
#[derive(Debug, Args)]
pub struct TestEventArgs {
    /// The rules to test
    #[arg(value_name = "RULE", required_unless_present = "all")]
    rules: Vec<String>,
    /// Test every rule
    #[arg(long, conflicts_with = "rules")]
    all: bool,
    /// Wait for the alerts, on a temporary queue beside the real channels
    #[arg(long)]
    wait: bool,
    /// How long to wait
    #[arg(long, value_name = "SECONDS", default_value_t = 90, requires = "wait")]
    timeout: u64,
    /// Do not ask before many messages are sent to the real channels
    #[arg(long)]
    auto_approve: bool,
}

impl TestEventArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let session = Session::open(global, ui).await?;
        if !session.rules.file.test_events {
            return Err(Failure::new("the rules file says `test_events: false`")
                .help("without the door for synthetic events nothing can be tested this way"));
        }
        let only = session.chosen(&self.rules)?;
        let patterns: Vec<Compiled> = session
            .rules
            .patterns
            .iter()
            .filter(|compiled| self.all || only.contains(&compiled.rule))
            .cloned()
            .collect();
        if patterns.is_empty() {
            return Err(Failure::new(
                "no rule is enabled, so that there is nothing to test",
            ));
        }
        let plan = session.plan(&[], false).await?;
        let messages: usize = patterns.iter().map(|p| readers(&session, p)).sum();
        if patterns.len() > 1 {
            let question = format!(
                "This sends {messages} messages marked TEST to the real channels. Go ahead?"
            );
            if !ui.confirm(&question, self.auto_approve)? {
                return Err(Failure::new("stopped: nothing was sent"));
            }
        }
        let clock = || match &session.sandbox {
            Some(sandbox) => sandbox.now(),
            None => unix_millis(),
        };
        let options = Options {
            wait: self.wait.then(|| Duration::from_secs(self.timeout)),
            clock: &clock,
            new_id: &new_id,
        };
        let deployment = session.deployment(&plan);
        // From here on Ctrl-C is heard, also while the temporary queue is being made.
        let stop = tokio::spawn(interrupted());
        let proofs = proof::prove(&session.clients, deployment, &patterns, &options, async {
            // The task ends only by Ctrl-C.
            let _ = stop.await;
        })
        .await?;
        show(&proofs, ui)?;
        let good = proofs.iter().all(|proof| proof.is_good());
        Ok(if good { Exit::Fine } else { Exit::Error })
    }
}

/// Prints what came of it.
pub(super) fn show(proofs: &[Proof], ui: &mut Ui) -> Result<(), Failure> {
    if ui.json {
        #[derive(Serialize)]
        struct Tests<'a> {
            format_version: u32,
            tests: &'a [Proof],
        }
        ui.json(&Tests {
            format_version: 1,
            tests: proofs,
        })?;
    } else {
        let text = render::report::proofs(proofs, ui.painter());
        write!(ui.out, "{text}")?;
    }
    Ok(())
}

/// How many people and programs hear of one alert.
fn readers(session: &Session, pattern: &Compiled) -> usize {
    let rule = session
        .rules
        .file
        .rules
        .iter()
        .find(|rule| rule.id == pattern.rule);
    rule.map_or(0, |rule| rule.channels.len())
}

fn unix_millis() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// A UUID: CloudTrail's event ids have that form, and queue names may contain it.
fn new_id() -> String {
    use std::hash::{BuildHasher, RandomState};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Each RandomState has keys of its own from the system's randomness.
    let high = RandomState::new().hash_one(count);
    let low = RandomState::new().hash_one(high);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}
