//! Where the accounts come from, if not from listing: a file that somebody wrote, or a list that is kept.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::super::{Failure, Ui};
use crate::organization::{AccountsFile, Cache, Member, Organization};

/// Flags that say where the accounts come from.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct AccountsArgs {
    /// Take the accounts from FILE, one id a line, in place of listing the organization
    #[arg(long, value_name = "FILE")]
    pub(super) accounts_file: Option<PathBuf>,
    /// Keep the list of accounts in FILE, and take it from there while it is young
    #[arg(long, value_name = "FILE", conflicts_with = "accounts_file")]
    accounts_cache: Option<PathBuf>,
    /// For how many minutes the kept list serves
    #[arg(
        long,
        value_name = "MINUTES",
        default_value_t = 60,
        requires = "accounts_cache"
    )]
    cache_minutes: u32,
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

impl AccountsArgs {
    pub(super) fn is_used(&self) -> bool {
        self.accounts_file.is_some() || self.accounts_cache.is_some()
    }

    /// The accounts of the file, or of a list that is young enough.
    pub(super) fn given(&self, organization: &Organization, ui: &mut Ui) -> Result<Given, Failure> {
        if let Some(path) = &self.accounts_file {
            return Ok(Given {
                members: Some(read(path)?),
                ..Given::default()
            });
        }
        let Some(path) = &self.accounts_cache else {
            return Ok(Given::default());
        };
        let limit = i64::from(self.cache_minutes) * 60;
        // One that cannot be read is made anew.
        let kept = std::fs::read(path).ok();
        let kept = kept.and_then(|kept| serde_json::from_slice::<Cache>(&kept).ok());
        let fresh = kept.and_then(|kept| kept.fresh(&organization.id, now(), limit));
        let Some((members, age)) = fresh else {
            return Ok(Given {
                keep: Some(path.clone()),
                ..Given::default()
            });
        };
        let note = format!(
            "# {} accounts as they were listed {} minutes ago, in {}",
            members.len(),
            age / 60,
            path.display()
        );
        let note = ui.painter().dim(&note);
        writeln!(ui.err, "{note}")?;
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
    ) -> Result<(), Failure> {
        let Some(path) = &self.keep else {
            return Ok(());
        };
        let cache = Cache::of(&organization.id, now(), listed);
        let text = serde_json::to_vec(&cache).map_err(|error| Failure::new(error.to_string()))?;
        let beside = path.with_extension(format!("{}.new", std::process::id()));
        std::fs::write(&beside, text)
            .and_then(|()| std::fs::rename(&beside, path))
            .map_err(|error| {
                Failure::new(format!(
                    "cannot keep the accounts in `{}`: {error}",
                    path.display()
                ))
            })
    }
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}

fn read(path: &Path) -> Result<Vec<Member>, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read `{shown}`: {error}")))?;
    match AccountsFile::parse(&text) {
        Ok(file) => Ok(file.members),
        Err(problems) => {
            let mut words: Vec<String> =
                problems.iter().take(20).map(ToString::to_string).collect();
            if problems.len() > 20 {
                words.push(format!("and {} more", problems.len() - 20));
            }
            Err(Failure::new(format!("`{shown}`: {}", words.join("; ")))
                .help("one account id a line; a name may follow it, and `#` begins a comment"))
        }
    }
}
