//! What commands share that work in a whole organization: flags, the accounts, and the run over them.

mod accounts;
mod advice;
mod display;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clap::Args;
use futures::stream::{self, LocalBoxStream, Stream, StreamExt, TryStreamExt};
use serde::Serialize;
use tokio::sync::mpsc;

use self::accounts::{AccountsArgs, Given};
use self::advice::{listing_failure, unit_failure};
use self::display::Display;
use super::session::{Session, interrupted};
use super::{Failure, Ui};
use crate::aws::{CallError, Cloud, calls};
use crate::fleet::{
    self, ACCOUNTS_AT_ONCE, AccountError, Fleet, LeftOut, Listed, Outcome, Pass, RolesAhead, Run,
    Task,
};
use crate::organization::{
    self, Choice, Left, Listing, Member, Organization, Selection, Unmatched,
};
use crate::place::{AccountId, Region};
use crate::placement::Spokes;
use crate::plan::own_alerts::OwnCallMatcher;
use crate::plan::saved::PlanRequest;
use crate::plan::{Plan, PlanOptions};
use crate::proof::Route;
use crate::resources::rule::KnownPatterns;
use crate::rules::{self, RulesFile};

/// Flags of commands that work in a whole organization.
#[derive(Debug, Clone, Default, Args)]
pub struct OrgArgs {
    /// Watch the caller's whole organization, although the rules file does not say so
    #[arg(long)]
    org: bool,
    /// Only the home account of the organization
    #[arg(long, conflicts_with_all = ["account", "exclude_account", "accounts_file", "accounts_cache"])]
    home_only: bool,
    /// Besides home only this account; can be repeated
    #[arg(long, value_name = "ID")]
    pub(super) account: Vec<AccountId>,
    /// Not this account; can be repeated
    #[arg(long, value_name = "ID")]
    exclude_account: Vec<AccountId>,
    #[command(flatten)]
    accounts: AccountsArgs,
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
            || self.accounts.is_used()
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

/// What comes through a channel, until nobody sends any more.
fn unfolded<T>(receiver: mpsc::UnboundedReceiver<T>) -> impl Stream<Item = T> {
    stream::unfold(receiver, async |mut receiver| {
        let next = receiver.recv().await?;
        Some((next, receiver))
    })
}

/// Accounts whose tags are asked for at once.
const TAGS_AT_ONCE: usize = 8;

/// What is done with accounts that the rules file leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    /// Nothing.
    Nothing,
    /// What was left of ours there is looked for.
    Leftovers,
    /// They are worked in like the others: a destruction takes what was watched once.
    Everything,
}

impl Beyond {
    /// A run that is narrowed deletes nothing outside of what it is narrowed to.
    pub(super) fn of(order: &PlanRequest) -> Self {
        match order.rules.is_empty() && order.region.is_none() {
            true => Self::Leftovers,
            false => Self::Nothing,
        }
    }
}

/// The accounts that listing has named.
#[derive(Debug, Default)]
struct Seen {
    accounts: RefCell<BTreeSet<AccountId>>,
    /// All of each, where the list is to be kept.
    kept: RefCell<Vec<Member>>,
    /// Why home would be left out if it were another account.
    home_left: Cell<Option<Left>>,
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
    selection: Arc<Selection>,
    /// The accounts, where they need not be listed.
    given: Given,
    /// Else the list that was begun ahead, until somebody takes it.
    listing: RefCell<Option<Listing>>,
    /// The roles of those that are known, taken on ahead.
    roles: Arc<RolesAhead>,
    /// Whether the other accounts are left alone.
    pub(super) home_only: bool,
}

impl Org {
    /// Looks up what the rules file names of the caller's organization, which is `found`. `home` is entered by others.
    pub(super) async fn open(
        found: Option<Organization>,
        home: Option<&AccountId>,
        wanted: &rules::Organization,
        args: &OrgArgs,
        caller: &Cloud,
        ui: &mut Ui,
    ) -> Result<Self, Failure> {
        let clients = caller.global();
        let Some(organization) = found else {
            return Err(Failure::new(format!(
                "account {} is in no organization",
                caller.account
            ))
            .help("remove `watch.organization`, or use credentials of the organization's management account"));
        };
        let given = args.accounts.given(&organization, ui)?;
        let everywhere = args.lists && !args.home_only;
        let filters = [&wanted.include, &wanted.exclude];
        let named: Vec<&str> = filters
            .iter()
            .flat_map(|filter| &filter.units)
            .map(|(unit, _)| unit.as_str())
            .collect();
        let units = organization::units(&clients, &named).await;
        let units = units.map_err(|error| unit_failure(error, caller, &organization))?;
        let selection = Selection::new(wanted, units, &args.account, &args.exclude_account);
        let selection = Arc::new(selection);
        let (sure, known) = mpsc::unbounded_channel();
        let (home, deciding) = (home.cloned(), Arc::clone(&selection));
        let tell = move |member: &Member| {
            if deciding.is_sure(member) && Some(&member.account) != home.as_ref() {
                // Whoever takes roles on has enough some time.
                let _ = sure.send(member.account.clone());
            }
        };
        let listing = match &given.members {
            Some(members) => {
                members.iter().for_each(tell);
                None
            }
            None => everywhere.then(|| organization::list_ahead(&clients, tell)),
        };
        let roles = match everywhere {
            true => RolesAhead::begin(caller, &wanted.member_role, unfolded(known)),
            false => RolesAhead::default(),
        };
        Ok(Self {
            roles: Arc::new(roles),
            organization,
            caller: caller.clone(),
            wanted: wanted.clone(),
            selection,
            listing: RefCell::new(listing),
            given,
            home_only: args.home_only,
        })
    }

    /// The work in the other accounts.
    pub(super) fn fleet(
        &self,
        session: &Session,
        wishes: &PlanOptions,
        region: Option<&Region>,
    ) -> Fleet {
        let file = Arc::new(session.rules.file.clone());
        let (patterns, organization) = (&session.rules.patterns, self.organization.clone());
        let spokes = Spokes::new(Arc::clone(&file), patterns, organization, &session.desired);
        Fleet {
            caller: self.caller.clone(),
            role: self.wanted.member_role.clone(),
            roles: Arc::clone(&self.roles),
            file,
            known: KnownPatterns::of(spokes.patterns()),
            spokes,
            wishes: wishes.clone(),
            region: region.cloned(),
            destroy: false,
            hearing: OwnCallMatcher::of(patterns),
            deployed: patterns
                .iter()
                .map(|pattern| &pattern.rule)
                .filter(|rule| session.is_deployed(rule))
                .cloned()
                .collect(),
        }
    }

    /// The same for what the command line asks for. One that narrows to rules deletes nothing elsewhere: what
    /// forwarders pass on is made for all rules together.
    pub(super) fn fleet_for(&self, session: &Session, order: &PlanRequest) -> Fleet {
        let wishes = PlanOptions {
            prune: order.wishes.prune && order.rules.is_empty(),
            ..order.wishes.clone()
        };
        self.fleet(session, &wishes, order.region.as_ref())
    }

    /// The accounts to work in besides home, and those left out, while they are being listed.
    fn members<'a>(
        &'a self,
        home: &'a AccountId,
        beyond: Beyond,
        seen: &'a Seen,
    ) -> LocalBoxStream<'a, Result<Listed, CallError>> {
        let all: LocalBoxStream<'a, Result<Member, CallError>> = match &self.given.members {
            Some(members) => stream::iter(members.iter().cloned().map(Ok)).boxed_local(),
            None => match self.listing.take() {
                Some(listing) => listing.members.boxed_local(),
                None => organization::list(&self.caller.global()).boxed_local(),
            },
        };
        let decided = all.map(move |member| async move {
            let member = member?;
            seen.accounts.borrow_mut().insert(member.account.clone());
            if self.given.keeps() {
                seen.kept.borrow_mut().push(member.clone());
            }
            let choice = match self.decide(&member).await {
                Ok(choice) => choice,
                // One account's tags decide about that account alone.
                Err(error) => {
                    let stuck = Outcome::stuck(member, AccountError::Unread(error));
                    return Ok(Listed::AccountError(Box::new(stuck)));
                }
            };
            if member.account == *home {
                if let Choice::Left(why) = choice {
                    seen.home_left.set(Some(why));
                }
                return Ok(Listed::Work(Task::watch(member)));
            }
            Ok(match choice {
                Choice::Watched => Listed::Work(Task::watch(member)),
                Choice::Left(Left::Excluded | Left::NotIncluded)
                    if beyond == Beyond::Everything =>
                {
                    Listed::Work(Task::watch(member))
                }
                Choice::Left(why @ (Left::Excluded | Left::NotIncluded))
                    if beyond == Beyond::Leftovers && !self.selection.is_narrowed() =>
                {
                    let left = Some(why);
                    Listed::Work(Task { member, left })
                }
                Choice::Left(why) => Listed::Left(LeftOut {
                    member,
                    why,
                    unseen: false,
                }),
            })
        });
        // Home has a plan of its own.
        let others = decided.buffered(TAGS_AT_ONCE).filter(move |next| {
            let is_home = match next {
                Ok(Listed::Work(Task { member, .. })) => member.account == *home,
                Ok(Listed::Left(_) | Listed::AccountError(_)) | Err(_) => false,
            };
            std::future::ready(!is_home)
        });
        others.boxed_local()
    }

    /// Decides about an account, by its tags only where they matter.
    async fn decide(&self, member: &Member) -> Result<Choice, CallError> {
        let tags = if self.selection.depends_on_tags(member) {
            self.tags(&member.account).await?
        } else {
            BTreeMap::new()
        };
        Ok(self.selection.decide(member, &tags))
    }

    /// Accounts that are named in vain. A file in place of the list need not hold those of the rules file.
    fn unmatched(&self, seen: &BTreeSet<AccountId>) -> Vec<Unmatched> {
        let mut unmatched = self.selection.unmatched(seen);
        unmatched.retain(|unmatched| {
            let is_all = self.given.members.is_none() || self.given.is_all;
            is_all || unmatched.span.is_none()
        });
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
        fleet: &Fleet,
        home: &AccountId,
    ) -> Result<(Vec<Route>, Vec<Outcome>), Failure> {
        let seen = Seen::default();
        let found = self
            .members(home, Beyond::Nothing, &seen)
            .map(|next| async move {
                Ok::<_, CallError>(match next? {
                    Listed::Left(_) => (Vec::new(), None),
                    Listed::AccountError(outcome) => (Vec::new(), Some(*outcome)),
                    Listed::Work(task) => {
                        let ways = fleet.caller.one_of_many(fleet.ways(&task.member));
                        let (ways, stuck) = Box::pin(ways).await;
                        (ways, stuck.map(|why| Outcome::stuck(task.member, why)))
                    }
                })
            })
            .buffered(ACCOUNTS_AT_ONCE)
            .try_collect::<Vec<_>>()
            .await;
        let found =
            found.map_err(|error| listing_failure(&error, &self.caller, &self.organization))?;
        let (mut ways, mut stuck) = (Vec::new(), Vec::new());
        for (found, outcome) in found {
            ways.extend(found);
            stuck.extend(outcome);
        }
        if let Some(unmatched) = self.unmatched(&seen.accounts.into_inner()).first() {
            return Err(Failure::new(format!(
                "the organization has no account {}",
                unmatched.account
            )));
        }
        Ok((ways, stuck))
    }

    /// Whether the command line names accounts: a slip in those must be told before anything is changed.
    pub(super) fn is_narrowed(&self) -> bool {
        self.selection.is_narrowed()
    }

    /// Works in every account, as the organization lists them.
    pub(super) async fn go_through(
        &self,
        fleet: &Arc<Fleet>,
        session: &Session,
        beyond: Beyond,
        pass: &Pass<'_>,
        ui: &mut Ui,
    ) -> Run {
        let seen = Seen::default();
        let home = session.desired.home.account();
        let members = self.members(home, beyond, &seen);
        let mut display = Display::new(pass, None, self, ui);
        let mut run = fleet::run(fleet, members, pass, interrupted(), |event| {
            display.show(&event);
        })
        .await;
        display.end();
        run.home_left = seen.home_left.get().filter(|why| *why != Left::Narrowed);
        if run.unlisted.is_none() && !run.stopped {
            run.unmatched = self.unmatched(&seen.accounts.into_inner());
            let kept = self.given.keep(&self.organization, seen.kept.into_inner());
            if let Err(failure) = kept {
                // The accounts are known all the same.
                ui.failure(&failure);
            }
        }
        run
    }

    /// Changes the accounts that were shown and not changed yet, as they were shown.
    pub(super) async fn change(&self, fleet: &Arc<Fleet>, shown: &Run, ui: &mut Ui) -> Run {
        let digests = shown.digests();
        let pass = Pass::AsShown(&digests);
        // Only where something is to be done: where nothing was, nothing was promised either.
        let waiting = shown.waiting();
        let mut display = Display::new(&pass, Some(waiting.len()), self, ui);
        let members = stream::iter(waiting.into_iter().map(|task| Ok(Listed::Work(task))));
        let run = fleet::run(fleet, members, &pass, interrupted(), |event| {
            display.show(&event);
        })
        .await;
        display.end();
        run
    }
}
