//! A rules file and its patterns: what every use case begins with.

use std::path::Path;

use super::error::{Code, Error};
use super::host::{Host, Message};
use crate::check::{self, BrokenRule, Gated, Loaded, Rest, Salvaged};
use crate::compile::{self, Compiled};
use crate::diagnostic::{Diagnostic, Level, Sources, Span};
use crate::permissions::Scope;
use crate::place::AccountId;
use crate::rules::{RuleId, RulesFile};

/// A rules file without errors, and its patterns; or what is left of one for those who only look, or take down.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The rules, with those of the catalogue that they use.
    pub file: RulesFile,
    /// The patterns of those that are enabled.
    pub patterns: Vec<Compiled>,
    /// What they were read from, for diagnostics that come later.
    pub sources: Sources,
    /// What is said of the file; the host has heard it.
    pub said: Vec<Diagnostic>,
    /// The rules that cannot be read, and are left out; none but in what was [salvaged](Self::salvage).
    pub broken: Vec<BrokenRule>,
}

impl Workspace {
    /// Loads and compiles a file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(path: &Path, host: &mut dyn Host) -> Result<Self, Error> {
        Self::compile(check::load(path), host)
    }

    /// Loads and compiles a file for those who ask about some of its rules, or about all where none is named: what is said
    /// of the others does not concern them. Of a rule that is not there the caller has more to say than this file.
    ///
    /// # Errors
    /// Everything that is wrong with the file.
    pub fn load_about(path: &Path, names: &[String], host: &mut dyn Host) -> Result<Self, Error> {
        let loaded = check::load(path);
        let entries = loaded.entries.clone();
        let mut rules = Self::untold(loaded)?;
        if names.is_empty() {
            return rules.told(host);
        }
        let named = |name: &String| {
            let mut rules = rules.file.rules.iter();
            rules.find(|rule| rule.id.0 == *name).map(|rule| rule.span)
        };
        let asked: Option<Vec<Span>> = names.iter().map(named).collect();
        let Some(asked) = asked else {
            return Ok(rules);
        };
        let is_asked = |entry: &Span| asked.iter().any(|rule| rule.is_inside(*entry));
        rules.said.retain(|found| {
            let around = entries.iter().filter(|entry| found.span.is_inside(**entry));
            let mut around = around.peekable();
            around.peek().is_none() || around.any(is_asked)
        });
        rules.told(host)
    }

    /// Compiles what was loaded.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn compile(loaded: Loaded, host: &mut dyn Host) -> Result<Self, Error> {
        Self::untold(loaded)?.told(host)
    }

    /// Compiles what was loaded, before anybody hears what is said of it.
    fn untold(loaded: Loaded) -> Result<Self, Error> {
        let mut found = loaded.diagnostics;
        let compiled =
            loaded.file.and_then(
                |file| match compile::compile(&file, compile::PATTERN_QUOTA) {
                    Ok(patterns) => Some((file, patterns)),
                    Err(problems) => {
                        found.extend(problems);
                        None
                    }
                },
            );
        let sources = loaded.sources;
        match compiled {
            Some((file, patterns)) if !found.iter().any(|d| d.level == Level::Error) => Ok(Self {
                file,
                patterns,
                sources,
                said: found,
                broken: Vec::new(),
            }),
            _ => Err(Error::of_rules(sources, found)),
        }
    }

    /// Loads rules that are about to be deployed, and says all that `check` says of them. `run_tests`: whether a test that
    /// fails stands in the way.
    ///
    /// # Errors
    /// Everything that is wrong with the file, and every test that fails.
    pub fn gated(
        path: &Path,
        raised_quotas: bool,
        run_tests: bool,
        host: &mut dyn Host,
    ) -> Result<Self, Error> {
        let Gated {
            sources,
            diagnostics,
            rules,
            only_tests,
        } = check::gated(path, raised_quotas, run_tests);
        match rules {
            Some((file, patterns)) => Self {
                file,
                patterns,
                sources,
                said: diagnostics,
                broken: Vec::new(),
            }
            .told(host),
            None if only_tests => Err(Error::of_tests(sources, diagnostics)),
            None => Err(Error::of_rules(sources, diagnostics)),
        }
    }

    /// Loads what is left of a file, for those who look at what is deployed, or take it down: a mistake in one rule does
    /// not keep them from the others.
    ///
    /// # Errors
    /// What is wrong with all of the file.
    pub fn salvage(path: &Path, host: &mut dyn Host) -> Result<Self, Error> {
        let Salvaged {
            sources,
            diagnostics,
            rest,
        } = check::salvage(path);
        let Some(Rest {
            file,
            patterns,
            broken,
        }) = rest
        else {
            return Err(Error::of_rules(sources, diagnostics));
        };
        let rules = Self {
            file,
            patterns,
            sources,
            said: diagnostics,
            broken,
        }
        .told(host)?;
        if !rules.broken.is_empty() {
            host.notify(Message::LeftOut(&rules.broken))?;
        }
        Ok(rules)
    }

    /// Tells the host what is said of the file.
    fn told(self, host: &mut dyn Host) -> Result<Self, Error> {
        if !self.said.is_empty() {
            host.diagnose(&self.sources, &self.said)?;
        }
        Ok(self)
    }

    /// The error that a diagnostic about this file is.
    pub(super) fn refused(&self, problem: Diagnostic) -> Error {
        Error::of_rules(self.sources.clone(), vec![problem])
    }

    /// What the file needs in an account, without asking AWS.
    ///
    /// # Errors
    /// What cannot be placed.
    pub fn scope(&self, account: &AccountId) -> Result<Scope, Error> {
        let scope = Scope::of(&self.file, &self.patterns, account);
        scope.map_err(|problem| self.refused(problem))
    }

    /// Rules by the names that a person gives.
    ///
    /// # Errors
    /// A name that no enabled rule has.
    pub fn choose(&self, names: &[String]) -> Result<Vec<RuleId>, Error> {
        names.iter().map(|name| self.rule(name)).collect()
    }

    /// A rule by the name that a person gives, with a suggestion for a slip.
    ///
    /// # Errors
    /// A name that no enabled rule has.
    pub fn rule(&self, name: &str) -> Result<RuleId, Error> {
        let enabled = || self.file.rules.iter().filter(|rule| rule.enabled);
        if let Some(rule) = enabled().find(|rule| rule.id.0 == name) {
            return Ok(rule.id.clone());
        }
        let nearest = enabled()
            .map(|rule| (strsim::jaro_winkler(&rule.id.0, name), &rule.id))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let error = Error::new(
            Code::Unknown,
            format!("there is no enabled rule `{name}` in the rules file"),
        );
        Err(match nearest {
            Some((score, id)) if score > 0.8 => error.help(format!("did you mean `{id}`?")),
            _ => error.help("`iamwatch compile` lists the rules"),
        })
    }
}
