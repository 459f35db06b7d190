//! Which accounts of an organization a run works in, and where their list comes from: the organization, a file that
//! somebody wrote, or a list that is kept.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::{Code, Error};
use super::host::{Host, Message};
use super::private;
use crate::organization::{AccountsFile, Cache, Member, Organization, Unfit};
use crate::place::AccountId;
use crate::regular_file;
use crate::rules::{self, RulesFile};

/// A list of all accounts that AWS lets an organization have would take a few megabytes.
const LARGEST_LIST: u64 = 64 * 1024 * 1024;

/// Which accounts a run works in, as whoever starts it narrows the rules file.
#[derive(Debug, Clone, Default)]
pub struct AccountScope {
    /// The caller's whole organization is watched, although the rules file does not say so.
    pub whole: bool,
    /// Only the home account.
    pub home_only: bool,
    /// Besides home only these; none: all.
    pub only: Vec<AccountId>,
    /// None of these, whatever else is said.
    pub exclude: Vec<AccountId>,
    /// Where the list of accounts comes from.
    pub source: AccountSource,
    /// Whether all accounts will be worked in: then listing begins at once.
    pub lists: bool,
    /// Whether a kept list must not serve, since what is judged is the organization: it is only made anew.
    pub anew: bool,
}

/// Where the list of accounts comes from.
#[derive(Debug, Clone, Default)]
pub enum AccountSource {
    /// The organization is asked.
    #[default]
    Organization,
    /// A file, one id a line.
    File(PathBuf),
    /// The organization is asked, and its answer kept in a file for some minutes.
    Kept {
        /// The file in which the list is kept.
        path: PathBuf,
        /// For how many minutes it serves.
        minutes: u32,
    },
}

impl AccountScope {
    /// Puts what is asked for into the rules file.
    ///
    /// # Errors
    /// Accounts of an organization, where the file watches one account.
    pub fn settle(&self, file: &mut RulesFile) -> Result<(), Error> {
        let watched = &mut file.watch.organization;
        if self.whole && watched.is_none() {
            *watched = Some(rules::Organization::whole(file.watch.span));
        }
        if watched.is_none() && self.is_narrowed() {
            return Err(no_organization());
        }
        Ok(())
    }

    fn is_narrowed(&self) -> bool {
        self.home_only
            || !self.only.is_empty()
            || !self.exclude.is_empty()
            || !matches!(self.source, AccountSource::Organization)
    }
}

/// The error of what needs an organization.
pub fn no_organization() -> Error {
    Error::new(
        Code::NotForRules,
        "the rules file watches one account, not an organization",
    )
    .help("give --org, or write `watch: { organization: {} }`")
}

/// The accounts without asking for them.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Those that are known, if any are.
    pub(super) members: Option<Vec<Member>>,
    /// Whether they are all that the organization has.
    pub(super) is_all: bool,
    /// The file that names them, where somebody wrote one.
    pub(super) file: Option<PathBuf>,
    /// Where a list is to be kept that is made now.
    keep: Option<PathBuf>,
}

impl AccountScope {
    /// The accounts of the file, or of a list that is young enough. The `caller`'s account is one of the organization.
    pub(super) fn given(
        &self,
        organization: &Organization,
        caller: &AccountId,
        host: &mut dyn Host,
    ) -> Result<Given, Error> {
        let (path, minutes) = match &self.source {
            AccountSource::Organization => return Ok(Given::default()),
            AccountSource::File(path) => {
                return Ok(Given {
                    members: Some(read(path)?),
                    file: Some(path.clone()),
                    ..Given::default()
                });
            }
            AccountSource::Kept { path, minutes } => (path, i64::from(*minutes)),
        };
        let there = [&organization.management, caller].into_iter();
        let there = there.chain(&self.only);
        let kept = match self.anew {
            true => Ok(None),
            false => kept(path, &organization.id, there, minutes),
        };
        if let Err(why) = &kept {
            host.notify(Message::AccountsRefused { path, why })?;
        }
        let Ok(Some((members, age))) = kept else {
            return Ok(Given {
                keep: Some(path.clone()),
                ..Given::default()
            });
        };
        host.notify(Message::AccountsKept {
            accounts: members.len(),
            minutes: age / 60,
            path,
        })?;
        Ok(Given {
            members: Some(members),
            is_all: true,
            ..Given::default()
        })
    }
}

/// The accounts of a kept list and their age in seconds; `None` where there is no list, or an old one.
///
/// # Errors
/// Why it is not believed, as a clause about it.
fn kept<'a>(
    path: &Path,
    organization: &str,
    there: impl Iterator<Item = &'a AccountId>,
    minutes: i64,
) -> Result<Option<(Vec<Member>, i64)>, String> {
    let Some(bytes) = private::read(path, LARGEST_LIST)? else {
        return Ok(None);
    };
    let kept: Cache = serde_json::from_slice(&bytes)
        .map_err(|error| format!("it is no list that iamwatch has kept: {error}"))?;
    match kept.fresh(organization, there, now(), minutes * 60) {
        Ok(fresh) => Ok(Some(fresh)),
        Err(Unfit::Old(_)) => Ok(None),
        Err(unfit) => Err(unfit.to_string()),
    }
}

impl Given {
    /// Whether what is listed is to be kept.
    pub(super) fn keeps(&self) -> bool {
        self.keep.is_some()
    }

    /// Keeps what was listed to the end. It takes the place of the file at once: another run never reads half
    /// a list.
    pub(super) fn keep(
        &self,
        organization: &Organization,
        listed: Vec<Member>,
    ) -> Result<(), Error> {
        let Some(path) = &self.keep else {
            return Ok(());
        };
        let cache = Cache::of(&organization.id, now(), listed);
        let text = serde_json::to_vec(&cache).map_err(Error::internal)?;
        private::write(path, &text).map_err(|error| {
            let path = path.display();
            let message = format!("cannot keep the accounts in `{path}`: {error}");
            Error::new(Code::Output, message)
        })
    }
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}

fn read(path: &Path) -> Result<Vec<Member>, Error> {
    let shown = path.display();
    let text = regular_file::check(path)
        .and_then(|()| std::fs::read_to_string(path))
        .map_err(|error| Error::new(Code::Input, format!("cannot read `{shown}`: {error}")))?;
    match AccountsFile::parse(&text) {
        Ok(file) => Ok(file.members),
        Err(problems) => {
            let mut words: Vec<String> =
                problems.iter().take(20).map(ToString::to_string).collect();
            if problems.len() > 20 {
                words.push(format!("and {} more", problems.len() - 20));
            }
            let message = format!("`{shown}`: {}", words.join("; "));
            Err(Error::new(Code::Input, message)
                .help("one account id a line; a name may follow it, and `#` begins a comment"))
        }
    }
}
