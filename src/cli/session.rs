//! What plan, apply, destroy and test-event begin with: the rules, the patterns, the account, the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use futures::{StreamExt, TryStreamExt, stream};

use super::organization::{Org, OrgArgs};
use super::{Exit, Failure, Global, Ui};
use crate::aws::{Access, CallError, Cause, Clients, Cloud};
use crate::compile::{self, Compiled};
use crate::fleet::{Outcome, Standing};
use crate::organization::Member;
use crate::permissions::Scope;
use crate::place::{AccountId, Place, Region};
use crate::placement::{self, Desired, Feed, Unfit};
use crate::plan::own_alerts::{Caller, own_alerts, own_reads};
use crate::plan::saved::Order;
use crate::plan::{self, Note, Plan, Wishes, guests, notes, quotas};
use crate::resources::{self, Key, Kind, Live, Survey, cloudtrail, kms, sqs};
use crate::rules::{self, Level, Loaded, RuleId, RulesFile, Sources, TopicKey};
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
    compiled(rules::load(path), ui)
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
    pub(super) cloud: Cloud,
    /// The account as it stands.
    pub(super) survey: Survey,
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
        let sandbox = match &global.sandbox {
            None => None,
            Some(path) => Some(open_sandbox(path, &rules.file)?),
        };
        let access = Access {
            profile: global.profile.clone(),
        };
        Self::with(rules, sandbox, &access, org, ui).await
    }

    /// The same for rules that are loaded already.
    pub(super) async fn with(
        rules: Rules,
        sandbox: Option<Sandbox>,
        access: &Access,
        org: &OrgArgs,
        ui: &mut Ui,
    ) -> Result<Self, Failure> {
        let region = &rules.file.home.region;
        let mut cloud = match &sandbox {
            None => Cloud::connect(access, region).await?,
            Some(sandbox) => {
                Cloud::with_config(sandbox.sdk_config(region, sandbox.admin())).await?
            }
        };
        let org = match &rules.file.watch.organization {
            None => None,
            Some(wanted) => Some(Org::open(wanted, org, &cloud).await?),
        };
        if let (Some(org), Some(home)) = (&org, &rules.file.home.account) {
            cloud = org.enter(home).await?;
        }
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
        let survey = resources::survey_for(&cloud, around, name, region).await?;
        let mut desired = match placement::desired(&rules.file, &rules.patterns, &survey) {
            Ok(desired) => desired,
            Err(problem) => {
                diagnose(&rules.sources, &[problem], ui)?;
                return Err(Failure::said());
            }
        };
        // Everywhere, so that what a smaller file no longer wants is found.
        let regions = match &survey.regions {
            Ok(enabled) => enabled,
            Err(_) => &desired.topology.listening,
        };
        let wanted = desired.keys();
        let home = &desired.home;
        let live = resources::read_all(&cloud, name, home, regions, &wanted, &survey).await?;
        desired.use_named_bucket(&rules.file, &live);
        Ok(Self {
            rules,
            cloud,
            survey,
            desired,
            live,
            sandbox,
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

    /// The plan, for all rules or for some.
    pub(super) async fn plan(&self, only: &[RuleId], wishes: &Wishes) -> Result<Plan, Failure> {
        let order = Order {
            rules: only.to_vec(),
            wishes: wishes.clone(),
            ..Order::default()
        };
        self.plan_for(&order).await
    }

    /// The plan for what the command line asks for.
    pub(super) async fn plan_for(&self, order: &Order) -> Result<Plan, Failure> {
        let wishes = &order.wishes;
        let (desired, live) = self.narrowed(&order.rules, order.region.as_ref());
        let mut plan = self.compare_all(&desired, &live, wishes).await?;
        for receiver in &desired.receivers {
            let note = self.receiver_note(receiver).await?;
            plan.notes
                .extend(note.filter(|note| !plan.notes.contains(note)));
        }
        plan.notes.extend(self.key_note().await?);
        plan.notes
            .extend(notes::silenced(&desired, &self.live, wishes.prune));
        plan.notes.extend(notes::unchecked_function(&plan));
        let organization = self.survey.organization.as_ref().map(|o| o.id.as_str());
        plan.notes
            .extend(notes::foreign_bucket(&desired, organization, &self.live));
        let guests = guests::guests(&self.rules.file.name, &desired, &self.live);
        plan.notes.extend(guests.iter().map(guests::Found::note));
        plan.notes.extend(notes::unfed(&desired));
        let Rules { file, patterns, .. } = &self.rules;
        let passed_over = notes::passed_over(&plan, file, patterns, &desired, &self.survey);
        plan.notes.extend(passed_over);
        plan.notes
            .extend(notes::unknown_trail(&desired, &self.survey));
        plan.notes.extend(notes::unknown_regions(&self.survey));
        plan.notes
            .extend(notes::listening_at_home_only(&self.rules.file));
        self.check_deletions(&plan).await?;
        self.check_quotas(&plan, order.raised_quotas).await?;
        plan.notes.extend(own_reads(
            &self.rules.patterns,
            &self.desired.topology.listening,
            &self.rules.file.home.region,
            &self.live,
            &Caller {
                arn: &self.cloud.caller,
                account: self.cloud.account.as_str(),
            },
        ));
        plan.own_alerts = own_alerts(
            &plan,
            &self.rules.patterns,
            &self.desired.topology.listening,
            &self.cloud.caller,
            |rule| self.is_deployed(rule),
        );
        Ok(plan)
    }

    /// Whether a detector of a rule is live, on whatever bus: one that moves hears until it is gone.
    fn is_deployed(&self, rule: &RuleId) -> bool {
        let name = |key: &Key| key.name.rsplit('/').next().map(str::to_owned);
        let wanted = self.desired.detectors.get(rule);
        let wanted: Vec<_> = wanted.into_iter().flatten().map(name).collect();
        self.live
            .iter()
            .filter(|live| live.key.kind == Kind::Rule)
            .any(|live| wanted.contains(&name(&live.key)))
    }

    /// What AWS would refuse half way for lack of room.
    async fn check_quotas(&self, plan: &Plan, raised: bool) -> Result<(), Failure> {
        let uses: BTreeMap<_, _> = stream::iter(quotas::buses(plan))
            .map(|at| async move {
                let used = resources::bus_use(&self.cloud.at_place(&at.0), &at.1).await?;
                Ok::<_, CallError>((at, used))
            })
            .buffer_unordered(resources::PLACES_AT_ONCE)
            .try_collect()
            .await?;
        let regions = match (&self.survey.regions, quotas::adds_trail(plan)) {
            (_, false) => &BTreeSet::new(),
            (Ok(enabled), true) => enabled,
            (Err(_), true) => &self.desired.topology.listening,
        };
        let trails: BTreeMap<_, _> = stream::iter(regions)
            .map(|region| async move {
                let trails = cloudtrail::recording(&self.cloud.at(region)).await?;
                Ok::<_, CallError>((region.clone(), trails))
            })
            .buffer_unordered(resources::PLACES_AT_ONCE)
            .try_collect()
            .await?;
        let mut exceeded = quotas::exceeded(plan, &uses, &trails);
        exceeded.retain(|quota| !(raised && quota.raisable));
        let Some(first) = exceeded.first() else {
            return Ok(());
        };
        let messages: Vec<String> = exceeded.iter().map(ToString::to_string).collect();
        Err(Failure::new(messages.join("; ")).help(first.help))
    }

    /// What differs, without what a plan says besides.
    pub(super) fn difference(&self) -> Result<Plan, Failure> {
        self.compare(&self.desired, &self.live, &Wishes::default())
    }

    /// The plan that deletes everything but what is kept and not named in `delete`.
    pub(super) async fn destruction(&self, delete: Vec<Kind>) -> Result<Plan, Failure> {
        let wishes = Wishes::destruction(delete);
        let desired = self.desired.nothing();
        let mut plan = self.compare_all(&desired, &self.live, &wishes).await?;
        plan.notes.extend(notes::unknown_regions(&self.survey));
        Ok(plan)
    }

    /// With what killed tests left on a bus that goes.
    async fn compare_all(
        &self,
        desired: &Desired,
        live: &[Live],
        wishes: &Wishes,
    ) -> Result<Plan, Failure> {
        let plan = self.compare(desired, live, wishes)?;
        let left = self.left_on_buses(&plan).await?;
        if left.is_empty() {
            return Ok(plan);
        }
        self.compare(desired, &[live, &left].concat(), wishes)
    }

    fn compare(&self, desired: &Desired, live: &[Live], wishes: &Wishes) -> Result<Plan, Failure> {
        plan::plan(&self.rules.file.name, desired, live, wishes).map_err(|conflicts| {
            let (message, help) = render::plan::conflicts(&conflicts);
            Failure::new(message).help(help)
        })
    }

    /// Desired and live of some rules or one Region alone: a narrowed run never deletes outside of them.
    fn narrowed(&self, only: &[RuleId], region: Option<&Region>) -> (Desired, Vec<Live>) {
        let mut desired = self.desired.clone();
        if !only.is_empty() {
            desired = desired.narrowed_to(only);
        }
        if let Some(region) = region {
            desired = desired.narrowed_to_region(region);
        }
        let is_theirs = |key: &Key| {
            only.is_empty()
                || (key.kind == Kind::Rule
                    && only.iter().any(|rule| {
                        let whole = resources::names::detector(&self.rules.file.name, rule, None);
                        // On the home bus a rule's key begins with the bus.
                        let name = key.name.rsplit('/').next().unwrap_or_default();
                        resources::names::unsplit(name) == whole
                    }))
        };
        let is_here = |key: &Key| match (&key.place, region) {
            (_, None) => true,
            (Place::Regional { region, .. }, Some(wanted)) => region == wanted,
            (Place::Global { .. }, Some(_)) => false,
        };
        let wanted =
            |key: &Key| desired.resources.contains_key(key) || (is_theirs(key) && is_here(key));
        let live = self.live.iter().filter(|live| wanted(&live.key)).cloned();
        let live = live.collect();
        (desired, live)
    }

    /// What the owner of the key must do so that EventBridge can use it.
    async fn key_note(&self) -> Result<Option<Note>, Failure> {
        let TopicKey::Existing(key) = &self.rules.file.topic_key else {
            return Ok(None);
        };
        match kms::problem(&self.at_home().kms, key).await {
            Ok(found) => Ok(found.map(|found| Note {
                message: format!("{key} cannot encrypt our topics: {}", found.problem),
                help: "iamwatch never edits a key of yours: until it can be used, every alert is a dead letter"
                    .to_owned(),
                document: found.statement,
                loses_alerts: true,
            })),
            Err(error) if error.cause == Cause::Denied => Ok(Some(Note {
                message: format!("cannot tell whether EventBridge can use {key}: {error}"),
                help: error.remedy().unwrap_or_default(),
                document: None,
                loses_alerts: false,
            })),
            Err(error) => Err(error.into()),
        }
    }

    /// What somebody else must do so that their queue receives alerts.
    async fn receiver_note(&self, receiver: &placement::Receiver) -> Result<Option<Note>, Failure> {
        let placement::Receiver {
            channel,
            queue,
            topic,
        } = receiver;
        match sqs::missing_statement(&self.at_home().sqs, queue, topic).await {
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

    /// How the home account of an organization stands.
    pub(super) fn home_outcome(&self) -> Result<Outcome, Failure> {
        let plan = self.difference()?;
        let listening = self.desired.topology.forwarders.keys().cloned();
        Ok(Outcome {
            member: Member::known_by_id(self.desired.home.account().clone()),
            result: Ok(Standing::of(&plan, listening)),
        })
    }

    /// Why the trail of ours does not feed the rules, if so.
    pub(super) fn trail_problem(&self) -> Option<String> {
        let Feed::Ours(ours) = &self.desired.feed else {
            return None;
        };
        let mut trails = self.survey.trails.iter();
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
            survey: &self.survey,
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
            survey: &self.survey,
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
