//! Loading: texts to a rules file, or to everything that is wrong with them.

use std::path::Path;

use super::catalogue::Catalogue;
use super::codes;
use super::file::{self, FileDraft};
use super::files;
use super::model::RulesFile;
use super::report::Report;
use super::resolve::resolve;
use super::rule::Setting;
use super::source::{Diagnostic, SourceId, Sources};
use super::tests;
use super::yaml::{self, MAX_BYTES};

/// What came of loading a rules file.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// Every text that was read: the rules file first, then what it includes, then the catalogue.
    pub sources: Sources,
    /// What there is to say, by position.
    pub diagnostics: Vec<Diagnostic>,
    /// The rules file; there is one exactly if no diagnostic is an error.
    pub file: Option<RulesFile>,
}

/// Loads a rules file and the files that it includes. Never panics; bounded in time and memory.
pub fn load(path: &Path) -> Loaded {
    let mut sources = Sources::default();
    let mut report = Report::default();
    let mut total = 0;
    let root = files::read(path, None, &mut sources, &mut total, &mut report);
    let file = root.and_then(|root| {
        let mut draft = parse(root, &mut sources, &mut report)?;
        tests::read_files(&mut draft.rules, path.parent(), &mut total, &mut report);
        for (path, span) in files::included(path, &draft.include, &mut report) {
            let Some(source) =
                files::read(&path, Some(span), &mut sources, &mut total, &mut report)
            else {
                continue;
            };
            let text = sources.get(source).map_or("", |s| s.text.as_str());
            if let Some(node) = yaml::parse(source, text, &mut report) {
                let setting = Setting {
                    channels: &draft.channels.known,
                    catalogue: false,
                };
                let mut rules = file::included(&node, setting, &mut report);
                tests::read_files(&mut rules, path.parent(), &mut total, &mut report);
                draft.rules.extend(rules);
            }
        }
        finish(draft, &mut sources, &mut report)
    });
    loaded(sources, report, file)
}

/// Loads a text that is not a file, so that there is no folder to include from.
pub fn load_text(name: &str, text: &str) -> Loaded {
    let mut sources = Sources::default();
    let mut report = Report::default();
    let file = if text.len() > MAX_BYTES {
        let source = sources.add(name, "");
        report
            .error(
                codes::TOO_LARGE,
                super::Span {
                    source,
                    start: 0,
                    end: 0,
                },
            )
            .message("the text is larger than 1 MiB");
        None
    } else {
        let root = sources.add(name, text);
        parse(root, &mut sources, &mut report).and_then(|mut draft| {
            tests::read_files(&mut draft.rules, None, &mut 0, &mut report);
            for include in &draft.include {
                report
                    .error(codes::INCLUDE, include.span)
                    .message("a text that is not a file includes nothing")
                    .label("there is no folder to look in")
                    .help("write the rules themselves under `rules`");
            }
            finish(draft, &mut sources, &mut report)
        })
    };
    loaded(sources, report, file)
}

fn parse(root: SourceId, sources: &mut Sources, report: &mut Report) -> Option<FileDraft> {
    let text = sources.get(root).map_or("", |s| s.text.as_str());
    let node = yaml::parse(root, text, report)?;
    file::root(&node, report)
}

fn finish(mut draft: FileDraft, sources: &mut Sources, report: &mut Report) -> Option<RulesFile> {
    let catalogue = Catalogue::read(sources, report);
    let rules = std::mem::take(&mut draft.rules);
    resolve(draft, rules, &catalogue, sources, report)
}

pub(super) fn loaded(sources: Sources, report: Report, file: Option<RulesFile>) -> Loaded {
    let file = file.filter(|_| report.errors() == 0);
    Loaded {
        sources,
        diagnostics: report.finish(),
        file,
    }
}
