//! Reading: texts to the rules of a file, or to everything that is wrong with them.

use std::path::Path;

use super::catalogue::Catalogue;
use super::parsed::{Parsed, Resolved};
use super::resolver::resolve;
use super::{files, test_files};
use crate::diagnostic::{Report, SourceId, Sources, codes};
use crate::rules::decode::draft::{FileDraft, Setting};
use crate::rules::decode::file;
use crate::rules::decode::reading::Reading;
use crate::rules::model::ChannelName;
use crate::rules::syntax::yaml;

/// Reads a rules file and the files that it includes. Never panics; bounded in time and memory.
pub fn parse_file(path: &Path) -> Parsed {
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

/// Reads what would be written to a file, such as the text of an editor. Without a path there is no folder to
/// include from.
pub fn parse_unsaved(path: Option<&Path>, bytes: Vec<u8>) -> Parsed {
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

/// Reads a text that is not a file, so that there is no folder to include from.
pub fn parse_text(name: &str, text: &str) -> Parsed {
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
    report: Reading,
}

impl Load {
    /// Reads what the root and the files beside it say.
    fn whole(mut self, root: Option<SourceId>, path: Option<&Path>) -> Parsed {
        let resolved = root.and_then(|root| self.file(root, path));
        Parsed::new(self.sources, self.report, resolved)
    }

    fn file(&mut self, root: SourceId, path: Option<&Path>) -> Option<Resolved> {
        let Self {
            sources,
            total,
            report,
        } = self;
        let mut draft = parse(root, sources, report)?;
        test_files::read(
            &mut draft.rules,
            path.and_then(Path::parent),
            total,
            &mut report.of_tests,
        );
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
                test_files::read(&mut rules, path.parent(), total, &mut report.of_tests);
                draft.rules.extend(rules);
            }
        }
        let named = report.entries.iter().flat_map(|entry| &entry.channels);
        let named = named.filter(|name| draft.channels.known.contains_key(*name));
        draft.named = named.cloned().map(ChannelName).collect();
        Some(finish(draft, sources, report))
    }
}

fn parse(root: SourceId, sources: &mut Sources, report: &mut Reading) -> Option<FileDraft> {
    let text = sources.get(root).map_or("", |s| s.text.as_str());
    let node = yaml::parse(root, text, report)?;
    file::root(&node, report)
}

fn finish(mut draft: FileDraft, sources: &mut Sources, report: &mut Report) -> Resolved {
    let catalogue = Catalogue::shared(sources, report);
    let rules = std::mem::take(&mut draft.rules);
    resolve(draft, rules, &catalogue, sources, report)
}
