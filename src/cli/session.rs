//! What plan, apply, destroy and test-event begin with: the rules, the patterns, the account, the plan.

use std::path::Path;

use super::{Exit, Failure, Global, Ui};
use crate::aws::{Access, CallError, Cause, Clients, Cloud};
use crate::compile::{self, Compiled};
use crate::place::{AccountId, Place};
use crate::placement::{self, Desired};
use crate::plan::{self, Note, Plan, notes};
use crate::resources::{self, Key, Kind, Live, sqs};
use crate::rules::{self, Level, Loaded, RuleId, RulesFile, Sources};
use crate::sandbox::{self, Sandbox};
use crate::{proof, render};

/// The account of a sandbox, unless the rules file says another.
const SANDBOX_ACCOUNT: &str = "111122223333";

/// A rules file and its patterns.
pub(super) struct Rules {
    pub(super) file: RulesFile,
    pub(super) patterns: Vec<Compiled>,
}

/// Loads and compiles; says everything that is wrong.
pub(super) fn load(path: &Path, ui: &mut Ui) -> Result<Rules, Failure> {
    compiled(rules::load(path), ui)
}

/// Compiles what was loaded; says everything that is wrong.
pub(super) fn compiled(loaded: Loaded, ui: &mut Ui) -> Result<Rules, Failure> {
    let mut found = loaded.diagnostics;
    let compiled = loaded.file.map(
        |file| match compile::compile(&file, compile::PATTERN_QUOTA) {
            Ok(patterns) => Some(Rules { file, patterns }),
            Err(problems) => {
                found.extend(problems);
                None
            }
        },
    );
    diagnose(&loaded.sources, &found, ui)?;
    match compiled.flatten() {
        Some(rules) if !found.iter().any(|d| d.level == Level::Error) => Ok(rules),
        _ => Err(Failure::said()),
    }
}

fn diagnose(sources: &Sources, found: &[rules::Diagnostic], ui: &mut Ui) -> Result<(), Failure> {
    if !found.is_empty() {
        let text = render::diagnostic::render(sources, found, ui.color);
        write!(ui.err, "{text}")?;
    }
    Ok(())
}

/// A rules file against one account.
pub(super) struct Session {
    pub(super) rules: Rules,
    pub(super) clients: Clients,
    pub(super) home: Place,
    /// The whole desired state.
    pub(super) desired: Desired,
    /// What AWS has of it, and more that is ours.
    pub(super) live: Vec<Live>,
    /// The AWS inside this program, if that is the one.
    pub(super) sandbox: Option<Sandbox>,
}

impl Session {
    /// Loads, compiles, reaches AWS and reads what is there. Writes nothing.
    pub(super) async fn open(global: &Global, ui: &mut Ui) -> Result<Self, Failure> {
        let rules = load(&global.file, ui)?;
        let sandbox = match &global.sandbox {
            None => None,
            Some(path) => Some(open_sandbox(path, &rules.file)?),
        };
        let access = Access {
            profile: global.profile.clone(),
        };
        Self::with(rules, sandbox, &access).await
    }

    /// The same for rules that are loaded already.
    pub(super) async fn with(
        rules: Rules,
        sandbox: Option<Sandbox>,
        access: &Access,
    ) -> Result<Self, Failure> {
        let region = &rules.file.home.region;
        let cloud = match &sandbox {
            None => Cloud::connect(access, region).await?,
            Some(sandbox) => {
                Cloud::with_config(sandbox.sdk_config(region, sandbox.admin())).await?
            }
        };
        if let Some(account) = &rules.file.home.account
            && *account != cloud.account
        {
            return Err(Failure::new(format!(
                "the rules file is for account {account}, but the caller {} is in {}",
                cloud.caller, cloud.account
            ))
            .help(
                "use the credentials of that account (`--profile NAME`), or correct `home.account`",
            ));
        }
        let home = Place::Regional {
            account: cloud.account.clone(),
            region: region.clone(),
        };
        let clients = cloud.at(region);
        let desired = placement::desired(&rules.file, &rules.patterns, &cloud.account);
        let live = resources::read(&clients, &rules.file.name, &home).await?;
        Ok(Self {
            rules,
            clients,
            home,
            desired,
            live,
            sandbox,
        })
    }

    /// Rules named on the command line, checked.
    pub(super) fn chosen(&self, names: &[String]) -> Result<Vec<RuleId>, Failure> {
        names.iter().map(|name| choose(&self.rules, name)).collect()
    }

    /// The plan, for all rules or for some.
    pub(super) async fn plan(&self, only: &[RuleId], prune: bool) -> Result<Plan, Failure> {
        let (desired, live) = if only.is_empty() {
            (self.desired.clone(), self.live.clone())
        } else {
            self.narrowed(only)
        };
        let mut plan = self.compare(&desired, &live, prune)?;
        for receiver in &desired.receivers {
            let note = self.receiver_note(receiver).await?;
            plan.notes
                .extend(note.filter(|note| !plan.notes.contains(note)));
        }
        plan.notes
            .extend(notes::silenced(&desired, &self.live, prune));
        plan.notes.extend(notes::unchecked_function(&plan));
        plan.notes
            .extend(notes::listening_in_one_region(&self.rules.file));
        Ok(plan)
    }

    /// The plan that deletes everything.
    pub(super) fn destruction(&self) -> Result<Plan, Failure> {
        let nothing = Desired {
            home: self.home.clone(),
            resources: Default::default(),
            detectors: Default::default(),
            receivers: Vec::new(),
        };
        self.compare(&nothing, &self.live, true)
    }

    fn compare(&self, desired: &Desired, live: &[Live], prune: bool) -> Result<Plan, Failure> {
        plan::plan(&self.rules.file.name, desired, live, prune).map_err(|conflicts| {
            let (messages, helps): (Vec<String>, Vec<String>) =
                conflicts.iter().map(render::plan::conflict).unzip();
            let mut failure = Failure::new(messages.join("; "));
            failure.help = helps.into_iter().next();
            failure
        })
    }

    /// Desired and live of some rules alone: a narrowed run never deletes outside of them.
    fn narrowed(&self, only: &[RuleId]) -> (Desired, Vec<Live>) {
        let desired = self.desired.narrowed_to(only);
        let theirs = |key: &Key| {
            desired.resources.contains_key(key)
                || (key.kind == Kind::Rule
                    && only.iter().any(|rule| {
                        let whole = resources::names::detector(&self.rules.file.name, rule, None);
                        key.name == whole || key.name.strip_prefix(&whole).is_some_and(is_part)
                    }))
        };
        let live = self.live.iter().filter(|live| theirs(&live.key)).cloned();
        let live = live.collect();
        (desired, live)
    }

    /// What somebody else must do so that their queue receives alerts.
    async fn receiver_note(&self, receiver: &placement::Receiver) -> Result<Option<Note>, Failure> {
        let placement::Receiver {
            channel,
            queue,
            topic,
        } = receiver;
        match sqs::missing_statement(&self.clients.sqs, queue, topic).await {
            Ok(None) => Ok(None),
            Ok(Some(statement)) => Ok(Some(Note {
                message: format!(
                    "the policy of {queue} (channel `{channel}`) does not let our topic send"
                ),
                help: "iamwatch never edits a queue of yours; add this statement to its policy:"
                    .to_owned(),
                document: Some(statement),
                loses_alerts: true,
            })),
            Err(CallError {
                cause: Cause::NotFound,
                ..
            }) => Ok(Some(Note {
                message: format!("{queue} (channel `{channel}`) does not exist"),
                help: "create the queue, or correct the channel: alerts to it are lost".to_owned(),
                document: None,
                loses_alerts: true,
            })),
            Err(
                error @ CallError {
                    cause: Cause::Denied,
                    ..
                },
            ) => Ok(Some(Note {
                message: format!(
                    "cannot tell whether {queue} (channel `{channel}`) lets our topic send: {error}"
                ),
                help: error.remedy().unwrap_or_default(),
                document: None,
                loses_alerts: false,
            })),
            Err(error) => Err(error.into()),
        }
    }

    /// What `test-event` needs to know.
    pub(super) fn deployment<'a>(&'a self, plan: &'a Plan) -> proof::Deployment<'a> {
        proof::Deployment {
            stack: &self.rules.file.name,
            desired: &self.desired,
            live: &self.live,
            plan,
        }
    }
}

/// `_2`, `_13`: a part of a split rule.
fn is_part(rest: &str) -> bool {
    rest.strip_prefix('_')
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// A rule by the name a person gives, with a suggestion for a slip.
pub(super) fn choose(rules: &Rules, name: &str) -> Result<RuleId, Failure> {
    let enabled = || rules.file.rules.iter().filter(|rule| rule.enabled);
    if let Some(rule) = enabled().find(|rule| rule.id.0 == name) {
        return Ok(rule.id.clone());
    }
    let nearest = enabled()
        .map(|rule| (strsim::jaro_winkler(&rule.id.0, name), &rule.id))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let failure = Failure::new(format!(
        "there is no enabled rule `{name}` in the rules file"
    ));
    Err(match nearest {
        Some((score, id)) if score > 0.8 => failure.help(format!("did you mean `{id}`?")),
        _ => failure.help("`iamwatch compile` lists the rules"),
    })
}

fn open_sandbox(path: &Path, file: &RulesFile) -> Result<Sandbox, Failure> {
    let account = file.home.account.clone();
    let account: Option<AccountId> = account.or_else(|| SANDBOX_ACCOUNT.parse().ok());
    let Some(account) = account else {
        return Err(Failure::new("the sandbox has no account"));
    };
    let options = sandbox::Options {
        account,
        region: file.home.region.clone(),
        clock: sandbox::Clock::Wall,
    };
    Sandbox::open(path, options).map_err(|error| Failure::new(error.to_string()))
}

/// Resolves at the first Ctrl-C; a second one ends the process at once.
pub(super) async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler Ctrl-C ends the process anyway.
        std::future::pending::<()>().await;
    }
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
}

/// What `--detailed-exitcode` says about a plan.
pub(super) fn verdict(plan: &Plan, detailed: bool) -> Exit {
    if detailed && plan.is_off() {
        Exit::Verdict
    } else {
        Exit::Fine
    }
}
