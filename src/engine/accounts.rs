//! Which accounts of an organization a run works in, and where their list comes from: the organization, a file that
//! somebody wrote, or a list that is kept.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::{Code, Error};
use super::host::{Host, Message};
use crate::organization::{AccountsFile, Cache, Member, Organization};
use crate::place::AccountId;
use crate::rules::{self, RulesFile};

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
    /// Where a list is to be kept that is made now.
    keep: Option<PathBuf>,
}

impl AccountSource {
    /// The accounts of the file, or of a list that is young enough.
    pub(super) fn given(
        &self,
        organization: &Organization,
        host: &mut dyn Host,
    ) -> Result<Given, Error> {
        let (path, minutes) = match self {
            Self::Organization => return Ok(Given::default()),
            Self::File(path) => {
                return Ok(Given {
                    members: Some(read(path)?),
                    ..Given::default()
                });
            }
            Self::Kept { path, minutes } => (path, i64::from(*minutes)),
        };
        // One that cannot be read is made anew.
        let kept = std::fs::read(path).ok();
        let kept = kept.and_then(|kept| serde_json::from_slice::<Cache>(&kept).ok());
        let fresh = kept.and_then(|kept| kept.fresh(&organization.id, now(), minutes * 60));
        let Some((members, age)) = fresh else {
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
            keep: None,
        })
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
        let beside = path.with_extension(format!("{}.new", std::process::id()));
        std::fs::write(&beside, text)
            .and_then(|()| std::fs::rename(&beside, path))
            .map_err(|error| {
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
    let text = std::fs::read_to_string(path)
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
