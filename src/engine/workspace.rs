//! A rules file and its patterns: what every use case begins with.

use std::path::Path;

use super::error::{Code, Error};
use super::host::Host;
use crate::check::{self, Loaded};
use crate::compile::{self, Compiled};
use crate::diagnostic::{Diagnostic, Level, Sources};
use crate::permissions::Scope;
use crate::place::AccountId;
use crate::rules::{RuleId, RulesFile};

/// A rules file without errors, and its patterns.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The rules, with those of the catalogue that they use.
    pub file: RulesFile,
    /// The patterns of those that are enabled.
    pub patterns: Vec<Compiled>,
    /// What they were read from, for diagnostics that come later.
    pub sources: Sources,
}

impl Workspace {
    /// Loads and compiles a file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(path: &Path, host: &mut dyn Host) -> Result<Self, Error> {
        Self::compile(check::load(path), host)
    }

    /// Compiles what was loaded.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn compile(loaded: Loaded, host: &mut dyn Host) -> Result<Self, Error> {
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
            Some((file, patterns)) if !found.iter().any(|d| d.level == Level::Error) => {
                if !found.is_empty() {
                    host.diagnose(&sources, &found)?;
                }
                Ok(Self {
                    file,
                    patterns,
                    sources,
                })
            }
            _ => Err(Error::of_rules(sources, found)),
        }
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
