//! The data beside the project: third-party verdicts, read where they lie.

use std::path::{Path, PathBuf};

/// The folder of the shared data, or `None` after saying that the calling test skips it.
pub(crate) fn data() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // A relative path begins at the root of the workspace, where `.ci/run` looks for it too.
    let folder = std::env::var_os("IAMWATCH_SHARED_DATA");
    let folder = root.join(folder.unwrap_or_else(|| "../shared/data".into()));
    if folder.is_dir() {
        Some(folder)
    } else {
        eprintln!("skipped: no shared data at {}", folder.display());
        None
    }
}
