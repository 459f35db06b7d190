//! Why a use case ended early: by whose fault, what to do, and a stable code for programs.

use std::fmt;
use std::io;

use crate::aws::{CallError, Cause};
use crate::diagnostic::{Diagnostic, Level, Sources, counted};

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The command line, or an input that it names.
    Usage,
    /// The rules file, or one that it includes.
    Rules,
    /// Nobody's: what was asked for would lose something, or nobody agreed to it.
    Refused,
    /// Something else stands where the work would be done, or has moved.
    Conflict,
    /// AWS, or the way to it.
    Aws,
    /// This program, or the machine it runs on.
    Internal,
}

impl Fault {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Rules => "rules",
            Self::Refused => "refused",
            Self::Conflict => "conflict",
            Self::Aws => "aws",
            Self::Internal => "internal",
        }
    }
}

/// A line is `Name Fault "word" "what it means";`.
macro_rules! codes {
    ($($name:ident $fault:ident $word:literal $meaning:literal;)*) => {
        /// What happened, as programs tell it apart. Words are added, never changed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word for it in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// What it means, one sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning),* }
            }

            /// Whose fault it is.
            pub fn fault(self) -> Fault {
                match self { $(Self::$name => Fault::$fault),* }
            }
        }
    };
}

codes! {
    CommandLine Usage "command-line" "The flags or arguments cannot be understood, or do not go together.";
    Unknown Usage "unknown-name" "A rule, account, Region, code or other thing that the command line names does not exist.";
    Input Usage "bad-input" "A file or text that the command line names cannot be read or understood.";
    Output Usage "cannot-write" "A file that the command line names cannot be written, or is there already.";
    RulesFile Rules "rules-file" "The rules file has errors; `diagnostics` lists them.";
    WrongAccount Rules "wrong-account" "The rules file is for another account than the caller's.";
    NotForRules Rules "not-for-these-rules" "The rules file does not have what the command needs, such as an organization.";
    NotApproved Refused "not-approved" "The command asks before it goes on, and nobody can answer: `--auto-approve` does.";
    DeletesMuch Refused "deletes-much" "More would be deleted than is likely to be meant: `--prune-most` allows it.";
    Silences Refused "silences-rules" "A rule that somebody hears today would be heard by nobody who has confirmed: `--leave-unheard` allows it.";
    LeavesMembers Refused "leaves-members" "The other accounts of an organization are watched today, and would be no longer: `--leave-members` allows it.";
    Stopped Refused "stopped" "Somebody answered no, or pressed Ctrl-C, before anything was changed.";
    NotReady Refused "not-ready" "Something that is not iamwatch's must be done first; `help` says what.";
    NoRoom Refused "quota-exceeded" "The changes would exceed a quota of AWS, so that none was begun.";
    NotOurs Conflict "not-ours" "A resource of somebody else has the name, or stands in the way.";
    StalePlan Conflict "stale-plan" "What a saved plan is about has moved since it was made.";
    InUse Conflict "in-use" "Another run is under way.";
    NoCredentials Aws "no-credentials" "The default chain has no credentials.";
    Expired Aws "expired-credentials" "The credentials or the session have expired.";
    UnknownCaller Aws "unknown-caller" "AWS does not know the credentials.";
    NotEnabled Aws "region-not-enabled" "A Region is not enabled in the account.";
    Denied Aws "access-denied" "The caller may not do this; `help` holds the statement that is missing.";
    NotFound Aws "not-found" "AWS does not have what was asked for.";
    Throttled Aws "throttled" "AWS refused too many requests, after all retries.";
    Concurrent Aws "concurrent-change" "Somebody else changes the same thing at the same moment.";
    Quota Aws "quota-full" "AWS refused a change because a quota is full.";
    TooSoon Aws "too-soon" "A name cannot be used again so soon after its deletion.";
    Clock Aws "wrong-clock" "The machine's clock is wrong, so that AWS refuses its signatures.";
    Network Aws "network" "There is no connection to AWS, or no answer in time.";
    OtherAnswer Aws "aws-error" "AWS refused a call for another reason; `message` has its words.";
    Sandbox Internal "sandbox" "The sandbox cannot do it, or its file cannot be read or written.";
    Io Internal "io" "The operating system refused to read or write.";
    ClosedPipe Internal "closed-pipe" "Nobody reads the output any more; the program then ends without a word.";
    Internal Internal "internal" "A defect of iamwatch.";
}

impl From<Cause> for Code {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::NoCredentials => Self::NoCredentials,
            Cause::Expired => Self::Expired,
            Cause::UnknownCaller => Self::UnknownCaller,
            Cause::NotEnabled => Self::NotEnabled,
            Cause::Denied => Self::Denied,
            Cause::NotFound => Self::NotFound,
            Cause::Throttled => Self::Throttled,
            Cause::Conflict => Self::Concurrent,
            Cause::Quota => Self::Quota,
            Cause::TooSoon => Self::TooSoon,
            Cause::Clock => Self::Clock,
            Cause::Network => Self::Network,
            Cause::Other => Self::OtherAnswer,
        }
    }
}

/// An error that ends a use case.
#[derive(Debug)]
pub struct Error {
    /// What happened, for programs.
    pub code: Code,
    /// What happened, for people: one line, no trailing period.
    pub message: String,
    /// What to do, where that is known.
    pub help: Option<String>,
    /// What is wrong with the rules file, where that is the reason.
    pub findings: Option<Box<Findings>>,
}

/// Diagnostics, and the texts that they point into.
#[derive(Debug)]
pub struct Findings {
    /// The texts that the diagnostics point into.
    pub sources: Sources,
    /// What is wrong with them, by position.
    pub diagnostics: Vec<Diagnostic>,
}

impl Error {
    /// An error without advice.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: None,
            findings: None,
        }
    }

    /// A defect of this program.
    pub fn internal(error: impl fmt::Display) -> Self {
        Self::new(Code::Internal, error.to_string())
    }

    /// A rules file that cannot be worked with.
    pub fn of_rules(sources: Sources, diagnostics: Vec<Diagnostic>) -> Self {
        let errors = diagnostics.iter();
        let errors = errors.filter(|found| found.level == Level::Error).count();
        let message = format!("the rules file has {}", counted(errors, "error"));
        Self {
            findings: Some(Box::new(Findings {
                sources,
                diagnostics,
            })),
            ..Self::new(Code::RulesFile, message)
        }
    }

    /// Rules that nothing is wrong with but that they do not do what their tests say.
    pub fn of_tests(sources: Sources, diagnostics: Vec<Diagnostic>) -> Self {
        let errors = diagnostics.iter();
        let message = match errors.filter(|found| found.level == Level::Error).count() {
            1 => "1 test of the rules does not pass: nothing was looked at or changed".to_owned(),
            tests => {
                format!("{tests} tests of the rules do not pass: nothing was looked at or changed")
            }
        };
        Self {
            message,
            ..Self::of_rules(sources, diagnostics)
        }
        .help("correct the rules or the tests; --skip-tests goes on without them")
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        let code = match error.kind() {
            io::ErrorKind::BrokenPipe => Code::ClosedPipe,
            _ => Code::Io,
        };
        Self::new(code, error.to_string())
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        Self {
            help: error.remedy(),
            ..Self::new(error.cause.into(), error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_word_stands_for_one_code() {
        let words: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
    }

    #[test]
    fn every_code_is_in_the_readme() {
        let readme = include_str!("../../README.md");
        for code in Code::ALL {
            let row = format!(
                "| `{}` | {} | {} |",
                code.as_str(),
                code.fault().as_str(),
                code.meaning()
            );
            assert!(readme.contains(&row), "README.md lacks the row\n{row}");
        }
    }
}
