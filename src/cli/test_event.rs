//! `iamwatch test-event`: does the alert arrive?

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use futures::FutureExt;
use serde::Serialize;

use super::args::{Global, OrgArgs};
use super::exit::Exit;
use super::ui::Ui;
use crate::compile::Compiled;
use crate::diagnostic::{listed, shown};
use crate::engine::{Code, Error, Host, OrganizationProof, Question, Session};
use crate::place::{Place, Region};
use crate::proof::{self, Options, Proof, RealProof, RegionProof};
use crate::render;
use crate::rules::{ChannelName, RuleId};

/// Flags of `test-event`.
#[derive(Debug, Args)]
pub(super) struct TestEventArgs {
    /// The rules to test; without any, one of `--all`, `--region`, `--all-accounts` and `--real` says what to test
    #[arg(value_name = "RULE")]
    rules: Vec<String>,
    /// Test every rule, once, from a Region where its events appear
    #[arg(long, conflicts_with = "rules")]
    all: bool,
    /// Send from this Region's bus; without rules, prove its way home and alert nobody. `all`: every
    /// Region that is watched
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Let rules alert the real channels from every Region
    #[arg(long, requires = "region")]
    notify: bool,
    /// Wake nobody: prove the way to the detector, and what the dispatcher makes of the event, up to the channels
    #[arg(long, conflicts_with_all = ["real", "all_accounts", "notify"])]
    probe: bool,
    /// Prove CloudTrail's part as well: asks IAM to delete a user that does not exist
    #[arg(long, conflicts_with_all = ["rules", "all", "region", "wait"])]
    real: bool,
    /// Prove the way home of every Region of every account of the organization, and alert nobody; with
    /// --account of that one
    #[arg(long, conflicts_with_all = ["rules", "all", "region", "real"])]
    all_accounts: bool,
    #[command(flatten)]
    org: OrgArgs,
    /// Wait for the alerts, on a temporary queue beside the real channels
    #[arg(long)]
    wait: bool,
    /// How long to wait; 90 if not given, and 900 with --real
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Do not ask before many messages are sent to the real channels, or one to a channel for what is critical
    #[arg(long)]
    auto_approve: bool,
}

/// What can be asked of `test-event`.
enum Task {
    /// These patterns, from these Regions (`None`: where their events appear).
    Rules(Vec<Compiled>, Vec<Option<Region>>),
    /// The way home of these Regions.
    Ways(BTreeSet<Region>),
    /// The way home of other accounts.
    Accounts,
    /// A real call, from CloudTrail to the alert.
    Real,
}

impl TestEventArgs {
    pub(super) async fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let is_said = !self.rules.is_empty()
            || self.all
            || self.region.is_some()
            || self.real
            || self.all_accounts
            || !self.org.account.is_empty();
        // Of several that would do clap names the first alone.
        if !is_said {
            let failure = Error::new(Code::CommandLine, "it is not said what to test");
            return Err(failure.help(
                "name rules, or give `--all` for every rule, `--region R` (or `--region all`) or `--all-accounts` for the ways \
                 home, or `--real` for CloudTrail's part too",
            ));
        }
        let session = global.open(&self.org.scope(), ui).await?;
        let task = self.task(&session)?;
        let clock = || session.clock.now_ms();
        let timeout = self.timeout.unwrap_or(if self.real { 900 } else { 90 });
        let mut options = Options {
            wait: (self.wait || self.real).then(|| Duration::from_secs(timeout)),
            from: None,
            clock: &clock,
            new_id: &new_id,
        };
        self.confirm(&session, &task, &options, ui)?;
        // Where resources of others stand in the way, nothing can be proved.
        session.difference()?;
        let deployment = session.deployment();
        // From here on Ctrl-C is heard, also while the temporary queue is being made.
        let stop = tokio::spawn(ui.interrupted()).map(drop).shared();
        let cloud = &session.cloud;
        let good = match task {
            Task::Rules(patterns, regions) => {
                let mut proofs = Vec::new();
                if self.probe {
                    options.wait = Some(Duration::from_secs(timeout));
                }
                for from in regions {
                    options.from = from;
                    let stop = stop.clone();
                    let more = match self.probe {
                        true => {
                            proof::prove_quietly(cloud, deployment, &patterns, &options, stop)
                                .await?
                        }
                        false => proof::prove(cloud, deployment, &patterns, &options, stop).await?,
                    };
                    proofs.extend(more);
                }
                show(&proofs, ui)?;
                // Where nothing could be sent, nothing is proved.
                let sent = |proof: &Proof| {
                    use proof::Outcome::{Elsewhere, Judged};
                    !matches!(proof.outcome, Elsewhere { .. } | Judged)
                };
                proofs.iter().all(Proof::is_good) && proofs.iter().any(sent)
            }
            Task::Ways(regions) => {
                options.wait = Some(Duration::from_secs(timeout));
                let proofs =
                    proof::prove_regions(cloud, deployment, &regions, &options, stop).await?;
                let document = Ways {
                    format_version: 1,
                    regions: &proofs,
                };
                ui.answer(&document, |paint| render::proof::regions(&proofs, paint))?;
                proofs.iter().all(RegionProof::is_good)
            }
            Task::Accounts => {
                options.wait = Some(Duration::from_secs(timeout));
                let own = self.org.account.is_empty();
                let proof = session.prove_accounts(&options, own, stop).await?;
                show_accounts(&proof, ui)?;
                proof.is_good()
            }
            Task::Real => {
                if !ui.is_json() {
                    let limit = match timeout {
                        seconds @ 0..120 => format!("{seconds} s"),
                        seconds => format!("{} min", seconds.div_ceil(60)),
                    };
                    ui.err.line(format_args!(
                        "waiting up to {limit} for the alert: CloudTrail delivers in minutes"
                    ))?;
                }
                let proof = proof::prove_real(cloud, deployment, &options, stop).await?;
                let document = Real {
                    format_version: 1,
                    real: &proof,
                };
                ui.answer(&document, |paint| render::proof::real(&proof, paint))?;
                proof.is_good()
            }
        };
        Ok(if good { Exit::Fine } else { Exit::Error })
    }

    /// Asks before many messages go to the real channels, and before one goes to a channel that may wake somebody.
    fn confirm(
        &self,
        session: &Session,
        task: &Task,
        options: &Options<'_>,
        ui: &mut Ui,
    ) -> Result<(), Error> {
        let (alerts, times): (Vec<RuleId>, usize) = match task {
            // A probe is for the prober alone.
            Task::Rules(..) if self.probe => return Ok(()),
            Task::Rules(patterns, regions) => {
                let deployment = session.deployment();
                let from = |pattern| proof::regions(deployment, pattern, options).len();
                let rules = patterns
                    .iter()
                    .flat_map(|pattern| std::iter::repeat_n(&pattern.rule, from(pattern)));
                (rules.cloned().collect(), regions.len())
            }
            Task::Real => {
                let deployment = session.deployment();
                let rules = proof::alerted_by_real(&session.cloud, deployment, options);
                (rules, 1)
            }
            Task::Ways(_) | Task::Accounts => return Ok(()),
        };
        let channels = |rule: &RuleId| readers(session, rule);
        let all: BTreeSet<&ChannelName> = alerts.iter().flat_map(channels).collect();
        let urgent = all.into_iter().filter(|name| {
            let channel = session.rules.file.channels.get(*name);
            channel.is_some_and(|channel| channel.urgent)
        });
        let urgent: Vec<String> = urgent.map(|name| shown(&name.0)).collect();
        let is_many = matches!(task, Task::Rules(..)) && alerts.len() * times > 1;
        if !is_many && urgent.is_empty() {
            return Ok(());
        }
        if ui.is_json() && !self.auto_approve {
            let message = "with --json nobody is asked before alerts go to the real channels";
            return Err(Error::new(Code::NotApproved, message).help("give --auto-approve"));
        }
        let question = Question::SendTests {
            messages: alerts.iter().flat_map(channels).count() * times,
            critical: &listed(&urgent),
        };
        if ui.confirm(question, self.auto_approve)? {
            Ok(())
        } else {
            Err(Error::new(Code::Stopped, "stopped: nothing was sent"))
        }
    }

    fn task(&self, session: &Session) -> Result<Task, Error> {
        if self.real {
            return Ok(Task::Real);
        }
        if !session.rules.file.test_events {
            return Err(Error::new(
                Code::NotForRules,
                "the rules file says `test_events: false`",
            )
            .help("without the door for synthetic events only --real can be used"));
        }
        if self.all_accounts || !self.org.account.is_empty() {
            return Ok(Task::Accounts);
        }
        let regions = self.regions(session)?;
        if self.rules.is_empty() && !self.all {
            if !session.desired.topology.is_hub() {
                return Err(Error::new(
                    Code::NotForRules,
                    "events are watched where alerts are raised: there is no way home to prove",
                )
                .help("name the rules to test, or give --all"));
            }
            return Ok(Task::Ways(regions.into_iter().flatten().collect()));
        }
        if regions.len() > 1 && !self.notify && !self.probe {
            return Err(Error::new(Code::CommandLine,
                "rules tested from every Region send many messages to the real channels",
            )
            .help("give --notify for that, or name no rule: then each Region's way home is proved and nobody is alerted"));
        }
        let only = session.rules.choose(&self.rules)?;
        let patterns: Vec<Compiled> = session
            .rules
            .patterns
            .iter()
            .filter(|compiled| self.all || only.contains(&compiled.rule))
            .cloned()
            .collect();
        if patterns.is_empty() {
            return Err(Error::new(
                Code::NotForRules,
                "no rule is enabled, so that there is nothing to test",
            ));
        }
        Ok(Task::Rules(patterns, regions))
    }

    /// The Regions that `--region` means.
    fn regions(&self, session: &Session) -> Result<Vec<Option<Region>>, Error> {
        let topology = &session.desired.topology;
        let home = &session.rules.file.home.region;
        let mut watched: BTreeSet<&Region> = if topology.is_hub() {
            topology.forwarders.keys().collect()
        } else {
            BTreeSet::from([home])
        };
        // Rules apart stand where they listen.
        let raised_at = session.desired.raised_at();
        watched.extend(raised_at.iter().filter_map(|place| match place {
            Place::Regional { region, .. } => Some(region),
            Place::Global { .. } => None,
        }));
        match self.region.as_deref() {
            None => Ok(vec![None]),
            Some("all") => Ok(watched.into_iter().cloned().map(Some).collect()),
            Some(name) => match watched.iter().find(|region| region.as_str() == name) {
                Some(region) => Ok(vec![Some((*region).clone())]),
                None => {
                    let names: Vec<&str> = watched.iter().map(|region| region.as_str()).collect();
                    Err(
                        Error::new(Code::Unknown, format!("nothing is watched in `{name}`"))
                            .help(format!("the file watches {}", names.join(", "))),
                    )
                }
            },
        }
    }
}

#[derive(Serialize)]
struct Ways<'a> {
    format_version: u32,
    regions: &'a [RegionProof],
}

#[derive(Serialize)]
struct Real<'a> {
    format_version: u32,
    real: &'a RealProof,
}

#[derive(Serialize)]
struct Tests<'a> {
    format_version: u32,
    tests: &'a [Proof],
}

/// Prints what came of tests of rules.
pub(super) fn show(proofs: &[Proof], ui: &mut Ui) -> Result<(), Error> {
    let document = Tests {
        format_version: 1,
        tests: proofs,
    };
    ui.answer(&document, |paint| render::report::proofs(proofs, paint))?;
    Ok(())
}

/// Prints what came of tests of an organization's accounts.
pub(super) fn show_accounts(proof: &OrganizationProof, ui: &mut Ui) -> Result<(), Error> {
    ui.answer(proof, |paint| {
        render::proof::accounts(&proof.home, &proof.accounts, &proof.stuck, paint)
    })?;
    Ok(())
}

/// Who hears of an alert.
fn readers<'a>(session: &'a Session, rule: &RuleId) -> &'a [ChannelName] {
    let mut rules = session.rules.file.rules.iter();
    let rule = rules.find(|known| known.id == *rule);
    rule.map_or(&[], |rule| rule.channels.as_slice())
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
