//! Flags of every command.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::cli::ui::Ui;
use crate::engine::{AccountScope, Error, InProcessAws, Session, Target, Workspace};

/// Where the sandbox is kept unless a file is named.
pub(in crate::cli) const SANDBOX_FILE: &str = ".iamwatch-sandbox.json";

/// Flags of every command.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Global {
    /// The rules file
    #[arg(
        short,
        long,
        global = true,
        default_value = "iamwatch.yaml",
        value_name = "FILE"
    )]
    pub(in crate::cli) file: PathBuf,
    /// Print JSON, with a `format_version`
    #[arg(long, global = true)]
    pub(in crate::cli) json: bool,
    /// When to use colours
    #[arg(long, global = true, default_value = "auto", value_name = "WHEN")]
    pub(in crate::cli) color: When,
    /// A profile of the shared AWS configuration files
    #[arg(long, global = true, value_name = "NAME")]
    pub(in crate::cli) profile: Option<String>,
    /// Use the AWS inside this program, kept in FILE, instead of the real one
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = SANDBOX_FILE
    )]
    pub(in crate::cli) sandbox: Option<PathBuf>,
    /// Say on standard error which requests are made of AWS, and how each ended; twice: also what was waited for
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(in crate::cli) verbose: u8,
    /// An AWS in this process that somebody brings along: it is kept nowhere.
    #[arg(skip)]
    pub(in crate::cli) within: Option<InProcessAws>,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum When {
    Auto,
    Always,
    Never,
}

impl Global {
    /// The AWS that the flags mean.
    pub(in crate::cli) fn target(&self) -> Target {
        match (&self.within, &self.sandbox) {
            (Some(within), _) => Target::InProcess(within.clone()),
            (None, Some(path)) => Target::Sandbox(path.clone()),
            (None, None) => Target::Aws {
                profile: self.profile.clone(),
            },
        }
    }

    /// Whether the AWS is in this process.
    pub(in crate::cli) fn is_in_process(&self) -> bool {
        !matches!(self.target(), Target::Aws { .. })
    }

    /// Loads the rules file, reaches AWS and reads what is there.
    pub(in crate::cli) async fn open(
        &self,
        scope: &AccountScope,
        ui: &mut Ui,
    ) -> Result<Session, Error> {
        let rules = Workspace::load(&self.file, ui)?;
        self.reach(rules, scope, ui).await
    }

    /// Loads what can be read of the rules file, reaches AWS and reads what is there.
    pub(in crate::cli) async fn open_what_is_left(
        &self,
        scope: &AccountScope,
        ui: &mut Ui,
    ) -> Result<Session, Error> {
        let rules = Workspace::salvage(&self.file, ui)?;
        self.reach(rules, scope, ui).await
    }

    /// Reaches AWS for rules that were loaded, and reads what is there.
    pub(in crate::cli) async fn reach(
        &self,
        rules: Workspace,
        scope: &AccountScope,
        ui: &mut Ui,
    ) -> Result<Session, Error> {
        Session::open(rules, &self.target(), scope, ui).await
    }
}
