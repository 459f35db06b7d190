//! What `src/README.md` names.

use std::collections::BTreeSet;
use std::path::Path;

/// The names in the map that can be checked.
pub(crate) struct Map {
    /// Paths from the root of the repository; `*` stands for one name.
    pub paths: BTreeSet<String>,
    /// Names of tests.
    pub tests: BTreeSet<String>,
}

/// Folders beside `src` that the map speaks of.
const BESIDE: &[&str] = &[
    ".ci/",
    "benches/",
    "examples/",
    "patterns/",
    "src/",
    "tests/",
];

impl Map {
    pub(crate) fn read(root: &Path) -> Self {
        let text = std::fs::read_to_string(root.join("src/README.md")).unwrap();
        let mut paths = BTreeSet::new();
        let mut tests = BTreeSet::new();
        // What stands between a pair of backticks is code.
        for span in text.split('`').skip(1).step_by(2) {
            let of = |also: &[u8]| {
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || also.contains(&byte);
                !span.is_empty() && span.bytes().all(fits)
            };
            if of(b"_/.-*") && span.contains('/') {
                let beside = BESIDE.iter().any(|folder| span.starts_with(folder));
                let below = if beside { "" } else { "src/" };
                paths.insert(format!("{below}{}", span.trim_end_matches('/')));
            } else if of(b"_") && span.matches('_').count() >= 3 {
                tests.insert(span.to_owned());
            }
        }
        Self { paths, tests }
    }

    /// Whether a folder is named, or has something named in it.
    pub(crate) fn shows(&self, folder: &str) -> bool {
        let names: Vec<&str> = folder.split('/').collect();
        self.paths.iter().any(|path| {
            let shown: Vec<&str> = path.split('/').collect();
            let fits = |(name, shown): (&&str, &&str)| name == shown || *shown == "*";
            shown.len() >= names.len() && names.iter().zip(&shown).all(fits)
        })
    }
}

/// Whether something has the path.
pub(crate) fn exists(root: &Path, path: &str) -> bool {
    let Some((before, behind)) = path.split_once('*') else {
        return root.join(path).exists();
    };
    let folder = root.join(before);
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    let mut entries = entries.map(|entry| entry.unwrap().path());
    let rest = behind.trim_start_matches('/');
    if rest.is_empty() || !behind.starts_with('/') {
        return entries.any(|path| path.to_str().is_some_and(|path| path.ends_with(behind)));
    }
    entries.any(|entry| exists(&entry, rest))
}

/// All folders below `src`, from the root of the repository.
pub(crate) fn folders(src: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![(src.to_owned(), "src".to_owned())];
    while let Some((folder, name)) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                let name = format!("{name}/{}", path.file_name().unwrap().to_str().unwrap());
                found.insert(name.clone());
                open.push((path, name));
            }
        }
    }
    found
}

/// The names of all functions in the tests, and of those in unit tests.
pub(crate) fn all_tests(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![root.join("tests"), root.join("src")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let mut before = "";
                for line in text.lines().map(str::trim_start) {
                    let name = line
                        .strip_prefix("async ")
                        .unwrap_or(line)
                        .strip_prefix("fn ");
                    if let Some(name) = name
                        && before.contains("test")
                        && before.starts_with("#[")
                    {
                        let name = name.split('(').next().unwrap_or_default();
                        found.insert(name.to_owned());
                    }
                    before = line;
                }
            }
        }
    }
    found
}
