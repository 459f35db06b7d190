//! What commands share that work in a whole organization: flags, the accounts, and the run over them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use futures::stream::{self, LocalBoxStream, StreamExt, TryStreamExt};
use serde::Serialize;

use super::session::{Session, interrupted};
use super::{Failure, Ui};
use crate::aws::{CallError, Cloud, calls};
use crate::fleet::{self, ACCOUNTS_AT_ONCE, Digest, Event, Fleet, LeftOut, Outcome, Run};
use crate::organization::{
    self, AccountsFile, Choice, Left, Listing, Member, Organization, Selection, UnitError,
    Unmatched,
};
use crate::place::{AccountId, Region};
use crate::placement::Spokes;
use crate::plan::{Plan, Wishes};
use crate::proof::Way;
use crate::render::progress::Progress;
use crate::rules::{self, RulesFile};

/// Flags of commands that work in a whole organization.
#[derive(Debug, Clone, Default, Args)]
pub struct OrgArgs {
    /// Watch the caller's whole organization, although the rules file does not say so
    #[arg(long)]
    org: bool,
    /// Only the home account of the organization
    #[arg(long, conflicts_with_all = ["account", "exclude_account", "accounts_file"])]
    home_only: bool,
    /// Besides home only this account; can be repeated
    #[arg(long, value_name = "ID")]
    pub(super) account: Vec<AccountId>,
    /// Not this account; can be repeated
    #[arg(long, value_name = "ID")]
    exclude_account: Vec<AccountId>,
    /// Take the accounts from FILE, one id a line, in place of listing the organization
    #[arg(long, value_name = "FILE")]
    accounts_file: Option<PathBuf>,
    /// Whether all accounts will be worked in: then listing begins at once.
    #[arg(skip)]
    lists: bool,
}

impl OrgArgs {
    /// The same for a command that works in every account.
    pub(super) fn listing(&self) -> Self {
        Self {
            lists: true,
            ..self.clone()
        }
    }

    /// Nothing but `--org`, if that is given.
    pub(super) fn whole(org: bool) -> Self {
        Self {
            org,
            ..Self::default()
        }
    }

    /// Whether anything of an organization is asked for here.
    fn is_used(&self) -> bool {
        self.home_only
            || !self.account.is_empty()
            || !self.exclude_account.is_empty()
            || self.accounts_file.is_some()
    }

    /// Puts what the flags say into the rules file.
    pub(super) fn settle(&self, file: &mut RulesFile) -> Result<(), Failure> {
        let watched = &mut file.watch.organization;
        if self.org && watched.is_none() {
            *watched = Some(rules::Organization::whole(file.watch.span));
        }
        if watched.is_none() && self.is_used() {
            return Err(
                Failure::new("the rules file watches one account, not an organization")
                    .help("give --org, or write `watch: { organization: {} }`"),
            );
        }
        Ok(())
    }
}

/// The plan of a whole organization as JSON: home's own, and the other accounts.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    format_version: u32,
    organization: &'a str,
    home: &'a Plan,
    accounts: &'a Run,
}

impl<'a> Document<'a> {
    pub(super) fn of(home: &'a Plan, organization: &'a str, accounts: &'a Run) -> Self {
        Self {
            format_version: home.format_version,
            organization,
            home,
            accounts,
        }
    }
}

/// The organization that a run works in.
pub(super) struct Org {
    pub(super) organization: Organization,
    /// Who lists it and takes on roles.
    pub(super) caller: Cloud,
    wanted: rules::Organization,
    selection: Selection,
    /// The accounts, where a file names them.
    given: Option<Vec<Member>>,
    /// Else the list that was begun ahead, until somebody takes it.
    listing: RefCell<Option<Listing>>,
    /// Whether the other accounts are left alone.
    pub(super) home_only: bool,
}

impl Org {
    /// Looks up the caller's organization, and what the rules file names of it.
    pub(super) async fn open(
        wanted: &rules::Organization,
        args: &OrgArgs,
        caller: &Cloud,
    ) -> Result<Self, Failure> {
        let given = args.accounts_file.as_deref().map(accounts).transpose()?;
        let clients = caller.global();
        let Some(organization) = organization::organization(&clients).await? else {
            return Err(Failure::new(format!(
                "account {} is in no organization",
                caller.account
            ))
            .help("remove `watch.organization`, or use credentials of the organization's management account"));
        };
        let ahead = args.lists && !args.home_only && given.is_none();
        let filters = [&wanted.include, &wanted.exclude];
        let named: Vec<&str> = filters
            .iter()
            .flat_map(|filter| &filter.units)
            .map(|(unit, _)| unit.as_str())
            .collect();
        let units = organization::units(&clients, &named).await;
        let units = units.map_err(|error| unit_failure(error, caller, &organization))?;
        let selection = Selection::new(wanted, units, &args.account, &args.exclude_account);
        Ok(Self {
            organization,
            caller: caller.clone(),
            wanted: wanted.clone(),
            selection,
            listing: RefCell::new(ahead.then(|| organization::list_ahead(&clients))),
            given,
            home_only: args.home_only,
        })
    }

    /// The caller in an account of the organization.
    pub(super) async fn enter(&self, account: &AccountId) -> Result<Cloud, CallError> {
        self.caller.member(account, &self.wanted.member_role).await
    }

    /// The work in the other accounts.
    pub(super) fn fleet<'a>(
        &'a self,
        session: &'a Session,
        wishes: &Wishes,
        region: Option<&Region>,
    ) -> Fleet<'a> {
        let (file, patterns) = (&session.rules.file, &session.rules.patterns);
        Fleet {
            caller: &self.caller,
            role: &self.wanted.member_role,
            file,
            spokes: Spokes::new(file, patterns, &self.organization, &session.desired),
            wishes: wishes.clone(),
            region: region.cloned(),
            destroy: false,
        }
    }

    /// That the accounts could be listed, with advice where not.
    pub(super) fn listed(&self, run: &Run) -> Result<(), Failure> {
        if let Some(unmatched) = run
            .unmatched
            .iter()
            .find(|unmatched| unmatched.span.is_none())
        {
            return Err(Failure::new(format!(
                "the organization has no account {}",
                unmatched.account
            ))
            .help("correct --account or --exclude-account"));
        }
        match &run.unlisted {
            Some(error) => Err(listing_failure(error, &self.caller, &self.organization)),
            None => Ok(()),
        }
    }

    /// The accounts to work in besides home, and those left out, while they are being listed. `seen` are
    /// all that the organization has. `everything`: whatever the rules file includes and excludes.
    fn members<'a>(
        &'a self,
        home: &'a AccountId,
        everything: bool,
        seen: &'a RefCell<BTreeSet<AccountId>>,
    ) -> LocalBoxStream<'a, Result<Result<Member, LeftOut>, CallError>> {
        let all: LocalBoxStream<'a, Result<Member, CallError>> = match &self.given {
            Some(members) => stream::iter(members.iter().cloned().map(Ok)).boxed_local(),
            None => match self.listing.take() {
                Some(listing) => listing.members.boxed_local(),
                None => organization::list(&self.caller.global()).boxed_local(),
            },
        };
        let decided = all.then(move |member| async move {
            let member = member?;
            seen.borrow_mut().insert(member.account.clone());
            let tags = if self.selection.asks_for_tags() {
                self.tags(&member.account).await?
            } else {
                BTreeMap::new()
            };
            Ok(match self.selection.decide(&member, &tags) {
                Choice::Watched => Ok(member),
                // What was watched once may have something of ours still.
                Choice::Left(Left::Excluded | Left::NotIncluded)
                    if everything && member.state.is_workable() =>
                {
                    Ok(member)
                }
                Choice::Left(why) => Err(LeftOut { member, why }),
            })
        });
        // Home has a plan of its own.
        let others = decided.filter(move |next| {
            let is_home = match next {
                Ok(Ok(member) | Err(LeftOut { member, .. })) => member.account == *home,
                Err(_) => false,
            };
            std::future::ready(!is_home)
        });
        others.boxed_local()
    }

    /// Accounts that are named in vain. A file in place of the list need not hold those of the rules file.
    fn unmatched(&self, seen: &BTreeSet<AccountId>) -> Vec<Unmatched> {
        let mut unmatched = self.selection.unmatched(seen);
        unmatched.retain(|unmatched| self.given.is_none() || unmatched.span.is_none());
        unmatched
    }

    async fn tags(&self, account: &AccountId) -> Result<BTreeMap<String, String>, CallError> {
        let client = self.caller.global().organizations;
        let (mut tags, mut token) = (BTreeMap::new(), None);
        loop {
            let request = client
                .list_tags_for_resource()
                .resource_id(account.as_str())
                .set_next_token(token);
            let page = calls::LIST_ACCOUNT_TAGS.send(account.as_str(), request.send());
            let page = page.await?;
            let found = page.tags().iter();
            tags.extend(found.map(|tag| (tag.key().to_owned(), tag.value().to_owned())));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(tags);
            }
        }
    }

    /// The ways home of every account that is meant, and the accounts that could not be worked in.
    pub(super) async fn ways(
        &self,
        fleet: &Fleet<'_>,
        home: &AccountId,
    ) -> Result<(Vec<Way>, Vec<Outcome>), Failure> {
        let seen = RefCell::new(BTreeSet::new());
        let found = self
            .members(home, false, &seen)
            .filter_map(|next| async move {
                match next {
                    Ok(member) => member.ok().map(Ok),
                    Err(error) => Some(Err(error)),
                }
            })
            .map(|next| async move {
                let member = next?;
                let ways = Box::pin(fleet.ways(&member)).await;
                Ok::<_, CallError>((member, ways))
            })
            .buffered(ACCOUNTS_AT_ONCE)
            .try_collect::<Vec<_>>()
            .await;
        let found =
            found.map_err(|error| listing_failure(&error, &self.caller, &self.organization))?;
        let (mut ways, mut stuck) = (Vec::new(), Vec::new());
        for (member, result) in found {
            match result {
                Ok(found) => ways.extend(found),
                Err(why) => stuck.push(Outcome {
                    member,
                    result: Err(why),
                }),
            }
        }
        if let Some(unmatched) = self.unmatched(&seen.into_inner()).first() {
            return Err(Failure::new(format!(
                "the organization has no account {}",
                unmatched.account
            )));
        }
        Ok((ways, stuck))
    }

    /// Looks at every account, or changes those that were shown.
    pub(super) async fn run(
        &self,
        fleet: &Fleet<'_>,
        session: &Session,
        shown: Option<&Run>,
        ui: &mut Ui,
    ) -> Run {
        let digests: Option<BTreeMap<AccountId, Digest>> = shown.map(Run::digests);
        let seen = RefCell::new(BTreeSet::new());
        let home = session.desired.home.account();
        let open = shown.map(|run| run.open().len());
        let mut display = Display::new(open, self, ui);
        let members = match shown {
            None => self.members(home, fleet.destroy, &seen),
            // Only where something is to be done.
            Some(run) => stream::iter(run.open().into_iter().map(|m| Ok(Ok(m)))).boxed_local(),
        };
        let mut run = fleet::run(fleet, members, digests.as_ref(), interrupted(), |event| {
            display.show(&event);
        })
        .await;
        display.end();
        if shown.is_none() && run.unlisted.is_none() && !run.stopped {
            run.unmatched = self.unmatched(&seen.into_inner());
        }
        run
    }
}

/// One line of progress, on a terminal only.
struct Display {
    bar: indicatif::ProgressBar,
    progress: Progress,
    /// How many accounts are listed so far, while that goes on.
    listed: Option<Arc<AtomicUsize>>,
    /// Whose requests are held back.
    caller: Cloud,
    began: Instant,
}

impl Display {
    /// `length` accounts to change, or as many to look at as are listed.
    fn new(length: Option<usize>, org: &Org, ui: &Ui) -> Self {
        let bar = if ui.progress && !ui.json {
            indicatif::ProgressBar::new_spinner()
        } else {
            indicatif::ProgressBar::hidden()
        };
        // Also while nothing ends, such as in a wait for AWS's rates.
        bar.enable_steady_tick(Duration::from_millis(120));
        let listing = org.listing.borrow();
        let listed = listing.as_ref().map(|listing| Arc::clone(&listing.so_far));
        let mut display = Self {
            bar,
            progress: Progress {
                changes: length.is_some(),
                ..Progress::default()
            },
            listed: listed.filter(|_| length.is_none()),
            caller: org.caller.clone(),
            began: Instant::now(),
        };
        match length {
            Some(length) => display.is_known(length),
            None => display.style("{spinner} {wide_msg}"),
        }
        display
    }

    fn style(&self, template: &str) {
        if let Ok(style) = indicatif::ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }

    fn is_known(&mut self, all: usize) {
        self.progress.all = Some(all);
        self.listed = None;
        self.bar.set_length(all as u64);
        self.style("{spinner} {bar:16} {wide_msg}");
    }

    fn show(&mut self, event: &Event<'_>) {
        let progress = &mut self.progress;
        match event {
            Event::Started { .. } => progress.under_way += 1,
            Event::Finished { outcome } => {
                progress.under_way = progress.under_way.saturating_sub(1);
                progress.failed += usize::from(outcome.has_failed());
                progress.done += 1;
            }
            Event::LeftOut { .. } => {}
            Event::Listed { accounts } => self.is_known(*accounts),
        }
        if self.bar.is_hidden() {
            return;
        }
        let listed = self.listed.as_ref();
        self.progress.listed = listed.map(|listed| listed.load(Ordering::Relaxed));
        self.progress.waiting = self.caller.held_back();
        self.progress.elapsed = self.began.elapsed();
        self.bar.set_position(self.progress.done as u64);
        self.bar.set_message(self.progress.line());
    }

    fn end(self) {
        self.bar.finish_and_clear();
    }
}

fn accounts(path: &Path) -> Result<Vec<Member>, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read `{shown}`: {error}")))?;
    match AccountsFile::parse(&text) {
        Ok(file) => Ok(file.members),
        Err(problems) => {
            let words: Vec<String> = problems.iter().take(20).map(ToString::to_string).collect();
            Err(Failure::new(format!("`{shown}`: {}", words.join("; ")))
                .help("one account id a line; a name may follow it, and `#` begins a comment"))
        }
    }
}

fn unit_failure(error: UnitError, caller: &Cloud, organization: &Organization) -> Failure {
    match error {
        UnitError::Unknown { unit, known } => {
            let nearest = known
                .iter()
                .map(|(id, name)| (strsim::jaro_winkler(id, &unit), id, name))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let failure = Failure::new(format!(
                "organization {} has no unit `{unit}`",
                organization.id
            ));
            match nearest {
                Some((score, id, name)) if score > 0.85 => {
                    failure.help(format!("did you mean `{id}` ({name})?"))
                }
                _ => {
                    let names: Vec<String> = known
                        .iter()
                        .take(12)
                        .map(|(id, name)| format!("{id} ({name})"))
                        .collect();
                    failure.help(format!("it has {}", names.join(", ")))
                }
            }
        }
        UnitError::Call(error) => listing_failure(&error, caller, organization),
    }
}

/// A refusal to list usually means that the caller is in a member account.
fn listing_failure(error: &CallError, caller: &Cloud, organization: &Organization) -> Failure {
    let failure = Failure::new(error.to_string());
    let remedy = error.remedy().unwrap_or_default();
    if organization::is_outsider(error) && caller.account != organization.management {
        return failure.help(format!(
            "account {} is neither the management account ({}) nor a delegated administrator of the organization: run \
             this there, or give --accounts-file; {remedy}",
            caller.account, organization.management
        ));
    }
    failure.help(remedy)
}
