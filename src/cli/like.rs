//! `iamwatch like`: the realistic event that `like` stands for in a test, or the whole event of a test.

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::args::Global;
use super::exit::Exit;
use super::ui::Ui;
use crate::check::{self, tests::event_of};
use crate::cloudtrail::{self, IDENTITY_WORDS, Identity, Setting, api_names, as_recorded};
use crate::diagnostic::{self, meant, printable};
use crate::engine::{Code, Error, Workspace, any_account};
use crate::place::Region;
use crate::rules::{RuleTest, RulesFile};

/// Flags of `like`.
#[derive(Debug, Args)]
pub(super) struct LikeArgs {
    /// An event such as `iam:AttachRolePolicy`
    #[arg(required_unless_present = "rule", conflicts_with = "rule")]
    event: Option<String>,
    /// Who acts
    #[arg(long = "as", value_name = "WHO", default_value = "iam-user", conflicts_with = "rule",
          value_parser = PossibleValuesParser::new(IDENTITY_WORDS))]
    identity: String,
    /// The event of a test of this rule of the rules file, with all that the test changes
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// Which test, where the rule has several
    #[arg(long, value_name = "NAME", requires = "rule")]
    test: Option<String>,
}

impl LikeArgs {
    pub(super) fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let event = match (&self.rule, &self.event) {
            (Some(rule), _) => {
                let named = std::slice::from_ref(rule);
                let rules = Workspace::load_about(&global.file, named, ui)?;
                let test = chosen(&rules.file, rule, self.test.as_deref())?;
                event_of(&rules.file, test).map_err(|problem| Error {
                    help: problem.help.clone(),
                    ..Error::new(Code::Input, problem.message)
                })?
            }
            (None, event) => {
                let event = event.as_deref().unwrap_or_default();
                let (service, name) = known(event)?;
                let identity = Identity::named(&self.identity).unwrap_or_default();
                // As a test of the file would have it, if there is one.
                let home = check::load(&global.file).file.map(|file| file.home);
                let (account, region) = match home {
                    Some(home) => (home.account, home.region),
                    None => (None, default_region()?),
                };
                let account = account.map_or_else(any_account, Ok)?;
                let setting = Setting {
                    account: &account,
                    region: &region,
                    time: "2026-01-05T08:30:00Z",
                    id: "00000000-0000-4000-8000-000000000001",
                };
                cloudtrail::like(service, name, identity, &setting)
            }
        };
        ui.out.json(&event)?;
        Ok(Exit::Fine)
    }
}

fn default_region() -> Result<Region, Error> {
    let region = "us-east-1".parse::<Region>();
    region.map_err(Error::internal)
}

/// An event that some service is known to have.
fn known(event: &str) -> Result<(&str, &str), Error> {
    let shown = printable(event);
    let Some((service, name)) = event.split_once(':') else {
        return Err(Error::new(
            Code::CommandLine,
            format!("`{shown}` does not name its service"),
        )
        .help("write `service:EventName`, such as `iam:CreateUser`"));
    };
    let services = api_names::services();
    let Some(known) = services.get(service) else {
        let failure = Error::new(
            Code::Unknown,
            format!("no service `{}` is known", printable(service)),
        );
        return Err(match meant(service, services.keys().copied()) {
            Some(near) => failure.help(format!("did you mean `{near}:{}`?", printable(name))),
            None => failure.help(
                "services are called as CloudTrail's `eventSource` is, without `.amazonaws.com`",
            ),
        });
    };
    if known.has(name) || known.has(&as_recorded(service, name)) {
        return Ok((service, name));
    }
    let all = known.names();
    let failure = Error::new(
        Code::Unknown,
        format!("`{service}` has no event `{}`", printable(name)),
    );
    Err(
        match diagnostic::nearest(name, all.iter().map(String::as_str)) {
            Some(near) => failure.help(format!("did you mean `{service}:{near}`?")),
            None => failure.help("events are called as the API operations are"),
        },
    )
}

/// A test by its rule and name.
fn chosen<'f>(file: &'f RulesFile, rule: &str, test: Option<&str>) -> Result<&'f RuleTest, Error> {
    let all = &file.rules;
    let Some(found) = all.iter().find(|other| other.id.0 == rule) else {
        let failure = Error::new(
            Code::Unknown,
            format!("there is no rule `{}`", printable(rule)),
        );
        return Err(
            match meant(rule, all.iter().map(|rule| rule.id.0.as_str())) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help("`iamwatch compile` lists the rules"),
            },
        );
    };
    let names: Vec<String> = found
        .tests
        .iter()
        .map(|test| format!("`{}`", printable(&test.name)))
        .collect();
    match (test, found.tests.as_slice()) {
        (_, []) => Err(
            Error::new(Code::Unknown, format!("the rule `{rule}` has no tests"))
                .help("`iamwatch like iam:CreateUser` shows the event of an API"),
        ),
        (None, [one]) => Ok(one),
        (None, _) => Err(Error::new(
            Code::CommandLine,
            format!("the rule `{rule}` has several tests"),
        )
        .help(format!("choose with `--test`: {}", names.join(", ")))),
        (Some(name), tests) => tests.iter().find(|test| test.name == name).ok_or_else(|| {
            Error::new(
                Code::Unknown,
                format!("the rule `{rule}` has no test `{}`", printable(name)),
            )
            .help(format!("it has {}", names.join(", ")))
        }),
    }
}
