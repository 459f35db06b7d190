//! The data beside the project: third-party verdicts and records, read where they lie.

use std::path::{Path, PathBuf};

/// The folder of the shared data, or `None` after saying that the calling test skips it.
pub(crate) fn data() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A relative path begins where `.ci/run` looks for it too.
    let folder = std::env::var_os("IAMWATCH_SHARED_DATA");
    let folder = root.join(folder.unwrap_or_else(|| "../shared/data".into()));
    if folder.is_dir() {
        Some(folder)
    } else {
        eprintln!("skipped: no shared data at {}", folder.display());
        None
    }
}

/// The collections of CloudTrail records, one a line, by the names of their files and in that order.
pub(crate) fn records() -> Option<Vec<(PathBuf, String)>> {
    let files = std::fs::read_dir(data()?.join("cloudtrail")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let mut records: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    records.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    };
    Some(records.into_iter().map(read).collect())
}

#[test]
fn the_shared_data_is_found_where_the_variable_points() {
    if let Some(folder) = data() {
        assert!(folder.join("README.md").is_file());
    }
}
