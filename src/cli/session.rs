//! What plan, apply, destroy and test-event begin with: the rules, the patterns, the account as it stands.

use crate::check;
use crate::diagnostic;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::organization::{Org, OrgArgs};
use super::{Exit, Failure, Global, InProcessAws, Ui};
use crate::aws::{Access, Clients, Cloud};
use crate::check::Loaded;
use crate::compile::{self, Compiled};
use crate::diagnostic::{Level, Sources};
use crate::fleet::{AccountState, Outcome};
use crate::organization::{self, Member};
use crate::permissions::Scope;
use crate::place::AccountId;
use crate::placement::{self, Desired, TrailSource, Unfit};
use crate::plan::Plan;
use crate::resources::{self, AccountFacts, Live};
use crate::rules::{RuleId, RulesFile};
use crate::sandbox::{self, Sandbox};
use crate::{health, proof, render};

/// The account of a sandbox, unless the rules file says another.
const SANDBOX_ACCOUNT: &str = "111122223333";

/// A rules file and its patterns.
pub(super) struct Rules {
    pub(super) file: RulesFile,
    pub(super) patterns: Vec<Compiled>,
    /// What they were read from, for diagnostics that come later.
    sources: Sources,
}

impl Rules {
    /// What the file needs in an account, without asking AWS.
    pub(super) fn scope(&self, account: &AccountId, ui: &mut Ui) -> Result<Scope, Failure> {
        match Scope::of(&self.file, &self.patterns, account) {
            Ok(scope) => Ok(scope),
            Err(problem) => {
                diagnose(&self.sources, &[problem], ui)?;
                Err(Failure::said())
            }
        }
    }
}

/// The account of the sandbox that is asked for, if one is.
pub(super) fn sandbox_account(global: &Global) -> Option<AccountId> {
    let sandbox = global.sandbox.as_ref();
    sandbox.and_then(|_| SANDBOX_ACCOUNT.parse().ok())
}

/// An account that stands for whichever.
pub(super) fn any_account() -> Result<AccountId, Failure> {
    SANDBOX_ACCOUNT
        .parse()
        .map_err(|_| Failure::new("no account stands for all"))
}

/// Loads and compiles; says everything that is wrong.
pub(super) fn load(path: &Path, ui: &mut Ui) -> Result<Rules, Failure> {
    compiled(check::load(path), ui)
}

/// Compiles what was loaded; says everything that is wrong.
pub(super) fn compiled(loaded: Loaded, ui: &mut Ui) -> Result<Rules, Failure> {
    let mut found = loaded.diagnostics;
    let compiled = loaded.file.map(
        |file| match compile::compile(&file, compile::PATTERN_QUOTA) {
            Ok(patterns) => Some(Rules {
                file,
                patterns,
                sources: loaded.sources.clone(),
            }),
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

fn diagnose(
    sources: &Sources,
    found: &[diagnostic::Diagnostic],
    ui: &mut Ui,
) -> Result<(), Failure> {
    if !found.is_empty() {
        let text = render::diagnostic::render(sources, found, ui.color);
        write!(ui.err, "{text}")?;
    }
    Ok(())
}

/// A rules file against one account.
pub(super) struct Session {
    pub(super) rules: Rules,
    pub(super) cloud: Cloud,
    /// The account as it stands.
    pub(super) account_facts: AccountFacts,
    /// The whole desired state.
    pub(super) desired: Desired,
    /// What AWS has of it, and more that is ours.
    pub(super) live: Vec<Live>,
    /// The AWS inside this program, if that is the one.
    pub(super) sandbox: Option<Sandbox>,
    /// The organization, if all of it is watched.
    pub(super) org: Option<Org>,
}

impl Rules {
    /// The texts that everything comes from.
    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }
}

impl Session {
    /// Loads, compiles, reaches AWS and reads what is there. Writes nothing.
    pub(super) async fn open(global: &Global, ui: &mut Ui) -> Result<Self, Failure> {
        Self::open_with(global, &OrgArgs::default(), ui).await
    }

    /// The same with what the command line says of an organization.
    pub(super) async fn open_with(
        global: &Global,
        org: &OrgArgs,
        ui: &mut Ui,
    ) -> Result<Self, Failure> {
        let mut rules = load(&global.file, ui)?;
        org.settle(&mut rules.file)?;
        let within = match (&global.within, &global.sandbox) {
            (Some(within), _) => Some(within.clone()),
            (None, None) => None,
            (None, Some(path)) => {
                Some(InProcessAws::administered(open_sandbox(path, &rules.file)?))
            }
        };
        let access = Access {
            profile: global.profile.clone(),
        };
        Self::with(rules, within, &access, org, ui).await
    }

    /// The same for rules that are loaded already.
    pub(super) async fn with(
        rules: Rules,
        within: Option<InProcessAws>,
        access: &Access,
        org: &OrgArgs,
        ui: &mut Ui,
    ) -> Result<Self, Failure> {
        let region = &rules.file.home.region;
        let config = match &within {
            None => Cloud::config(access, region).await,
            Some(InProcessAws { sandbox, caller }) => sandbox.sdk_config(region, caller.clone()),
        };
        let wanted = rules.file.watch.organization.as_ref();
        // The organization is looked up meanwhile: it need not wait.
        let (mut cloud, found) = Cloud::with_config_while(config, async |clients| match wanted {
            Some(_) => organization::organization(&clients).await,
            None => Ok(None),
        })
        .await?;
        let org = match wanted {
            None => None,
            Some(wanted) => {
                let found = found?;
                let entering = async {
                    let home = rules.file.home.account.as_ref()?;
                    Some((home, cloud.member(home, &wanted.member_role).await))
                };
                // Home's role is taken on meanwhile: it need not wait.
                let opening = Org::open(
                    found,
                    rules.file.home.account.as_ref(),
                    wanted,
                    org,
                    &cloud,
                    ui,
                );
                let (opened, entered) = futures::join!(opening, entering);
                let org = opened?;
                match entered {
                    None => {}
                    Some((_, Ok(home))) => cloud = home,
                    Some((home, Err(error))) => return Err(org.closed_home(home, error).await),
                }
                Some(org)
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
        let name = &rules.file.name;
        let around = org.as_ref().map(|org| (&org.organization, &org.caller));
        let account_facts = resources::account_facts_for(&cloud, around, name, region).await?;
        let mut desired = match placement::desired(&rules.file, &rules.patterns, &account_facts) {
            Ok(desired) => desired,
            Err(problem) => {
                diagnose(&rules.sources, &[problem], ui)?;
                return Err(Failure::said());
            }
        };
        // Everywhere, so that what a smaller file no longer wants is found.
        let regions = match &account_facts.regions {
            Ok(enabled) => enabled,
            Err(_) => &desired.topology.listening,
        };
        let wanted = desired.keys();
        let home = &desired.home;
        let live =
            resources::read_all(&cloud, name, home, regions, &wanted, &account_facts).await?;
        desired.use_named_bucket(&rules.file, &live);
        Ok(Self {
            rules,
            cloud,
            account_facts,
            desired,
            live,
            sandbox: within.map(|within| within.sandbox),
            org,
        })
    }

    /// The clients of the home place.
    pub(super) fn at_home(&self) -> Clients {
        self.cloud.at_place(&self.desired.home)
    }

    /// Rules named on the command line, checked.
    pub(super) fn chosen(&self, names: &[String]) -> Result<Vec<RuleId>, Failure> {
        names.iter().map(|name| choose(&self.rules, name)).collect()
    }

    /// How the home account of an organization stands.
    pub(super) fn home_outcome(&self) -> Result<Outcome, Failure> {
        let plan = self.difference()?;
        let listening = self.desired.topology.forwarders.keys().cloned();
        Ok(Outcome {
            member: Member::known_by_id(self.desired.home.account().clone()),
            left: None,
            result: Ok(AccountState::of(&plan, listening)),
        })
    }

    /// Why the trail of ours does not feed the rules, if so.
    pub(super) fn trail_problem(&self) -> Option<String> {
        let TrailSource::Ours(ours) = &self.desired.feed else {
            return None;
        };
        let mut trails = self.account_facts.trails.iter();
        let Some(found) = trails.find(|found| found.arn == *ours) else {
            return Some("does not exist".to_owned());
        };
        let patterns = &self.rules.patterns;
        let mut lacks = placement::unfit(found, patterns, &self.desired.topology.listening);
        if self.org.is_some() && !found.trail.organization {
            lacks.push(Unfit::Members);
        }
        let lacks: Vec<String> = lacks.iter().map(ToString::to_string).collect();
        (!lacks.is_empty()).then(|| lacks.join(", "))
    }

    /// What `status` judges.
    pub(super) fn judged(&self) -> health::Deployment<'_> {
        health::Deployment {
            stack: &self.rules.file.name,
            desired: &self.desired,
            patterns: &self.rules.patterns,
            live: &self.live,
            account_facts: &self.account_facts,
        }
    }

    /// The time, of the sandbox if that is the AWS: Unix milliseconds.
    pub(super) fn now_ms(&self) -> i64 {
        match &self.sandbox {
            Some(sandbox) => sandbox.now(),
            None => unix_millis(),
        }
    }

    /// What `test-event` needs to know.
    pub(super) fn deployment<'a>(&'a self, plan: &'a Plan) -> proof::Deployment<'a> {
        proof::Deployment {
            stack: &self.rules.file.name,
            home: &self.rules.file.home.region,
            patterns: &self.rules.patterns,
            account_facts: &self.account_facts,
            desired: &self.desired,
            live: &self.live,
            plan,
        }
    }
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

pub(super) fn open_sandbox(path: &Path, file: &RulesFile) -> Result<Sandbox, Failure> {
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

fn unix_millis() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
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
