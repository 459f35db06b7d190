//! The data beside the project: third-party verdicts, read where they lie.

use std::path::PathBuf;

/// The folder of the shared data, or `None` after saying that the calling test skips it.
pub(crate) fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("IAMWATCH_SHARED_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    if folder.is_dir() {
        Some(folder)
    } else {
        eprintln!("skipped: no shared data at {}", folder.display());
        None
    }
}
