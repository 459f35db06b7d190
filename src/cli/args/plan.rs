//! Flags that say what a plan is made for: which part of the rules file, and what is allowed.

use std::path::Path;

use clap::Args;

use crate::cli::ui::Ui;
use crate::engine::{Code, Error, Session, Workspace};
use crate::place::Region;
use crate::plan::saved::PlanRequest;
use crate::plan::{PlanOptions, adopt};
use crate::resources::{Kind, ResourceKey};

/// Flags that say what a plan is made for.
#[derive(Debug, Args)]
pub(in crate::cli) struct RequestArgs {
    /// Only this rule and what it needs; can be repeated
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// Only what stands in this Region, and what that needs elsewhere
    #[arg(long, value_name = "REGION")]
    region: Option<Region>,
    /// Also delete what is ours and no longer wanted
    #[arg(long)]
    prune: bool,
    /// With --prune: also delete these kinds, which hold evidence or open it
    #[arg(long, value_name = "KINDS", value_delimiter = ',', requires = "prune")]
    delete: Vec<Kept>,
    /// Service Quotas has raised what it can raise in this account: do not check that
    #[arg(long)]
    raised_quotas: bool,
    /// Go on although nobody knows whether the tests of the rules pass; the plan says so
    #[arg(long)]
    pub(in crate::cli) skip_tests: bool,
    /// Take over a resource that exists under a name of ours without our tag, such as
    /// `topic:NAME@REGION`; can be repeated
    #[arg(long, value_name = "KEY")]
    adopt: Vec<String>,
}

impl RequestArgs {
    /// The names of the flags that a saved plan has of its own. What it may delete and take over is said again.
    pub(in crate::cli) const NAMES: &[&str] = &["rule", "region", "raised_quotas", "skip_tests"];

    /// The rules of a file, if they may be deployed: before AWS is asked for anything.
    pub(in crate::cli) fn rules(&self, path: &Path, ui: &mut Ui) -> Result<Workspace, Error> {
        Workspace::gated(path, self.raised_quotas, !self.skip_tests, ui)
    }

    /// What the flags mean for this rules file.
    pub(in crate::cli) fn request(&self, session: &Session) -> Result<PlanRequest, Error> {
        Ok(PlanRequest {
            rules: session.rules.choose(&self.rule)?,
            region: self
                .region
                .as_ref()
                .map(|region| known(session, region))
                .transpose()?,
            raised_quotas: self.raised_quotas,
            wishes: self.wishes(session)?,
            tests_skipped: self.skip_tests,
        })
    }

    /// What the flags allow to be deleted and taken over.
    pub(in crate::cli) fn wishes(&self, session: &Session) -> Result<PlanOptions, Error> {
        Ok(PlanOptions {
            prune: self.prune,
            delete: kinds(&self.delete),
            adopt: self.adopted(session)?,
        })
    }
}

impl RequestArgs {
    fn adopted(&self, session: &Session) -> Result<Vec<ResourceKey>, Error> {
        let named = self.adopt.iter().map(|text| {
            adopt::meant(text, &session.desired.resources)
                .map_err(|error| Error::new(Code::Unknown, error.to_string()).help(
                    "write it as the plan's refusal does: KIND:NAME@REGION, and KIND:NAME for what is global",
                ))
        });
        named.collect()
    }
}

/// What is deleted only when it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Kept {
    /// The bucket of the trail's log files; it must be empty
    LogBucket,
    /// The trail: nothing is recorded without one
    Trail,
    /// The key of the topics: scheduled, and gone after 30 days
    Key,
}

/// The kinds that are meant.
pub(in crate::cli) fn kinds(kept: &[Kept]) -> Vec<Kind> {
    let kind = |kept: &Kept| match kept {
        Kept::LogBucket => Kind::Bucket,
        Kept::Trail => Kind::Trail,
        Kept::Key => Kind::EncryptionKey,
    };
    kept.iter().map(kind).collect()
}

/// A Region in which something of the rules file stands.
fn known(session: &Session, region: &Region) -> Result<Region, Error> {
    let regions = session.desired.regions();
    if regions.contains(region) {
        return Ok(region.clone());
    }
    let names: Vec<&str> = regions.iter().map(Region::as_str).collect();
    let error = Error::new(
        Code::Unknown,
        format!("nothing of the rules file stands in `{region}`"),
    );
    Err(error.help(format!("choose one of {}", names.join(", "))))
}
