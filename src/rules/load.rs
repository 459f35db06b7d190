//! Loading: texts to a rules file, or to everything that is wrong with them.

use std::collections::BTreeSet;
use std::path::Path;

use super::catalogue::Catalogue;
use super::file::{self, FileDraft};
use super::files;
use super::model::{RuleId, RulesFile};
use super::resolve::resolve;
use super::rule::Setting;
use super::tests;
use super::yaml;
use crate::diagnostic::Report;
use crate::diagnostic::codes;
use crate::diagnostic::{Diagnostic, SourceId, Sources};

/// What came of loading a rules file.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// Every text that was read: the rules file first, then what it includes, then the catalogue.
    pub sources: Sources,
    /// What there is to say, by position.
    pub diagnostics: Vec<Diagnostic>,
    /// The rules file; there is one exactly if no diagnostic is an error.
    pub file: Option<RulesFile>,
    /// The same where errors leave the rules whole: without the tests whose events cannot be read, and with the rules
    /// that no event can fire.
    pub in_spite_of_errors: Option<RulesFile>,
    /// Those rules.
    pub never: BTreeSet<RuleId>,
}

/// Loads a rules file and the files that it includes. Never panics; bounded in time and memory.
pub fn load(path: &Path) -> Loaded {
    let mut load = Load::default();
    let root = files::read(
        path,
        None,
        &mut load.sources,
        &mut load.total,
        &mut load.report,
    );
    load.whole(root, Some(path))
}

/// Loads what would be written to a file, such as the text of an editor. Without a path there is no folder to
/// include from.
pub fn load_unsaved(path: Option<&Path>, bytes: Vec<u8>) -> Loaded {
    let name = path.map_or_else(|| "<stdin>".to_owned(), |path| path.display().to_string());
    let mut load = Load::default();
    let Load {
        sources,
        total,
        report,
    } = &mut load;
    let root = files::keep(name, bytes, None, sources, total, report);
    load.whole(root, path)
}

/// Loads a text that is not a file, so that there is no folder to include from.
pub fn load_text(name: &str, text: &str) -> Loaded {
    let mut load = Load::default();
    let Load {
        sources,
        total,
        report,
    } = &mut load;
    let bytes = text.as_bytes().to_vec();
    let root = files::keep(name.to_owned(), bytes, None, sources, total, report);
    load.whole(root, None)
}

/// One load as it goes on.
#[derive(Default)]
struct Load {
    sources: Sources,
    /// Bytes of all files so far.
    total: usize,
    report: Report,
}

impl Load {
    /// Reads what the root and the files beside it say.
    fn whole(mut self, root: Option<SourceId>, path: Option<&Path>) -> Loaded {
        let file = root.and_then(|root| self.file(root, path));
        loaded(self.sources, self.report, file)
    }

    fn file(&mut self, root: SourceId, path: Option<&Path>) -> Option<RulesFile> {
        let Self {
            sources,
            total,
            report,
        } = self;
        let mut draft = parse(root, sources, report)?;
        tests::read_files(&mut draft.rules, path.and_then(Path::parent), total, report);
        let included = match path {
            Some(path) => files::included(path, &draft.include, report),
            None => {
                for include in &draft.include {
                    report
                        .error(codes::INCLUDE, include.span)
                        .message("a text that is not a file includes nothing")
                        .label("there is no folder to look in")
                        .help("write the rules themselves under `rules`");
                }
                Vec::new()
            }
        };
        for (path, span) in included {
            let Some(source) = files::read(&path, Some(span), sources, total, report) else {
                continue;
            };
            let text = sources.get(source).map_or("", |s| s.text.as_str());
            if let Some(node) = yaml::parse(source, text, report) {
                let setting = Setting {
                    channels: &draft.channels.known,
                    catalogue: false,
                };
                let mut rules = file::included(&node, setting, report);
                tests::read_files(&mut rules, path.parent(), total, report);
                draft.rules.extend(rules);
            }
        }
        finish(draft, sources, report)
    }
}

fn parse(root: SourceId, sources: &mut Sources, report: &mut Report) -> Option<FileDraft> {
    let text = sources.get(root).map_or("", |s| s.text.as_str());
    let node = yaml::parse(root, text, report)?;
    file::root(&node, report)
}

fn finish(mut draft: FileDraft, sources: &mut Sources, report: &mut Report) -> Option<RulesFile> {
    let catalogue = Catalogue::shared(sources, report);
    let rules = std::mem::take(&mut draft.rules);
    resolve(draft, rules, &catalogue, sources, report)
}

pub(super) fn loaded(sources: Sources, mut report: Report, file: Option<RulesFile>) -> Loaded {
    let (file, in_spite_of_errors) = match (report.errors(), report.errors_set_aside()) {
        (0, 0) => (file, None),
        (0, _) => (None, file),
        _ => (None, None),
    };
    Loaded {
        sources,
        never: std::mem::take(&mut report.never)
            .into_iter()
            .map(RuleId)
            .collect(),
        diagnostics: report.finish(),
        file,
        in_spite_of_errors,
    }
}
