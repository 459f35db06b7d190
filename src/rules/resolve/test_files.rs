//! Events of tests that stand in files of their own.

use std::path::Path;

use super::files;
use crate::diagnostic::{Report, codes, shown};
use crate::rules::decode::draft::Draft;
use crate::rules::decode::tests::from_text;
use crate::rules::model::Given;

/// Reads the files that tests name. Without a folder there are none to read.
pub(crate) fn read(
    drafts: &mut [Draft],
    folder: Option<&Path>,
    total: &mut usize,
    report: &mut Report,
) {
    let folder = folder.map(|folder| {
        // The parent of a bare file name.
        if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        }
    });
    for test in drafts.iter_mut().flat_map(Draft::tests) {
        let Some(file) = test.file.take() else {
            continue;
        };
        let Some(folder) = folder else {
            report
                .error(codes::TEST_EVENT, file.span)
                .message("the test of a text that is not a file names a file")
                .label("there is no folder to look in")
                .help("write the event itself under `event`");
            continue;
        };
        test.given = files::event(folder, &file, total, report)
            .and_then(|text| from_text(&text, &shown(&file.value), file.span, report))
            .map(Given::Event);
    }
}
