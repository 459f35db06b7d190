//! The AWS that a use case works on, and its time.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_types::SdkConfig;

use super::error::{Code, Error};
use crate::aws::profiles::{Profiles, named_by_the_environment};
use crate::aws::{Access, Cloud, Pace};
use crate::diagnostic::{nearest, shown};
use crate::place::{AccountId, Region};
use crate::rules::RulesFile;
use crate::sandbox::{self, Sandbox};

/// The account of a sandbox, unless the rules file says another. It stands for whichever, where no account is asked.
const ANY_ACCOUNT: &str = "111122223333";

/// So many profiles are named where none has a similar name.
const MOST_PROFILES: usize = 10;

/// An account that stands for whichever.
///
/// # Errors
/// None: the id is a good one.
pub fn any_account() -> Result<AccountId, Error> {
    ANY_ACCOUNT.parse().map_err(Error::internal)
}

/// An AWS that a use case can work on.
#[derive(Debug, Clone)]
pub enum Target {
    /// The real one, or what its configuration points at.
    Aws {
        /// A profile of the shared configuration files; `None`: the environment decides.
        profile: Option<String>,
    },
    /// The one inside this program, kept in a file.
    Sandbox(PathBuf),
    /// One in this process that somebody brings along: it is kept nowhere.
    InProcess(InProcessAws),
}

/// An AWS in this process, and who calls it.
#[derive(Debug, Clone)]
pub struct InProcessAws {
    /// The AWS that answers the calls.
    pub sandbox: Sandbox,
    /// The credentials of whoever calls it.
    pub caller: Credentials,
}

impl InProcessAws {
    /// As an administrator of the sandbox's own account.
    pub fn administered(sandbox: Sandbox) -> Self {
        Self {
            caller: sandbox.admin(),
            sandbox,
        }
    }
}

/// How an AWS is reached. Nobody is asked yet.
#[derive(Debug, Clone)]
pub struct Connection {
    /// What the clients are made from.
    pub config: SdkConfig,
    /// The time of that AWS.
    pub clock: Clock,
    /// How fast it takes requests.
    pub pace: Pace,
}

impl Target {
    /// How it is reached from a Region. A sandbox that is kept in a file is made for a rules file, if it is not there yet.
    ///
    /// # Errors
    /// A sandbox without a rules file, or one that cannot be read.
    pub async fn connect(
        &self,
        file: Option<&RulesFile>,
        region: &Region,
    ) -> Result<Connection, Error> {
        let within = match self {
            Self::Aws { profile } => {
                is_there(profile.as_deref())?;
                let access = Access {
                    profile: profile.clone(),
                };
                return Ok(Connection {
                    config: Cloud::config(&access, region).await,
                    clock: Clock::System,
                    pace: Pace::default(),
                });
            }
            Self::InProcess(within) => within.clone(),
            Self::Sandbox(path) => {
                let file = file.ok_or_else(|| {
                    Error::new(Code::CommandLine, "a sandbox belongs to a rules file")
                })?;
                InProcessAws::administered(open(path, file)?)
            }
        };
        let InProcessAws { sandbox, caller } = within;
        Ok(Connection {
            config: sandbox.sdk_config(region, caller),
            pace: if sandbox.is_throttled() {
                Pace::default()
            } else {
                Pace::without_rates()
            },
            clock: Clock::Sandbox(sandbox),
        })
    }
}

/// A profile that does not exist is said here: the SDK would look for credentials elsewhere, or say that there are none.
fn is_there(given: Option<&str>) -> Result<(), Error> {
    let (name, by) = match given {
        Some(name) => (name.to_owned(), ""),
        None => match named_by_the_environment() {
            Some(name) => (name, ", which AWS_PROFILE names,"),
            None => return Ok(()),
        },
    };
    let known = Profiles::of_the_environment();
    if known.has(&name) {
        return Ok(());
    }
    let [config, credentials] = known.files.map(|path| shown(&path.display().to_string()));
    let names: Vec<String> = known.names.iter().map(|name| shown(name)).collect();
    let near = nearest(&name, known.names.iter().map(String::as_str));
    let help = match (near, names.as_slice()) {
        (Some(near), _) => format!("did you mean {}?", shown(near)),
        (None, []) => format!(
            "neither {config} nor {credentials} holds a profile: `aws configure sso` makes one"
        ),
        (None, names) => {
            let first: Vec<String> = names.iter().take(MOST_PROFILES).cloned().collect();
            let more = match names.len().saturating_sub(MOST_PROFILES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{config} and {credentials} hold {}{more}", first.join(", "))
        }
    };
    let message = format!("the profile {}{by} does not exist", shown(&name));
    Err(Error::new(Code::Unknown, message).help(help))
}

/// The time of an AWS.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The time of this machine.
    System,
    /// The time of a sandbox.
    Sandbox(Sandbox),
}

impl Clock {
    /// Now, in Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::Sandbox(sandbox) => sandbox.now(),
            Self::System => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                i64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
            }
        }
    }
}

fn open(path: &Path, file: &RulesFile) -> Result<Sandbox, Error> {
    let account = match &file.home.account {
        Some(account) => account.clone(),
        None => any_account()?,
    };
    let options = sandbox::Options {
        account,
        region: file.home.region.clone(),
        clock: sandbox::Clock::Wall,
    };
    Sandbox::open(path, options).map_err(|error| Error::new(Code::Sandbox, error.to_string()))
}
