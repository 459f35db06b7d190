//! What was looked at once, and is compared with since.

use std::path::Path;

/// Set to rewrite what tests compare with.
pub(crate) const BLESS: &str = "IAMWATCH_BLESS";

/// Holds that a text is what stands in a file, named from the project's folder.
pub(crate) fn is_as_kept(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    for (now, then) in text.lines().zip(kept.lines()) {
        assert_eq!(
            now, then,
            "run the tests with {BLESS}=1 and look at what changed in {file}"
        );
    }
    assert!(
        text == kept,
        "run the tests with {BLESS}=1 and look at what changed in {file}"
    );
}
