//! Files, folders and standard input.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::stream;

use super::{Blob, Body, Found, Loss, Skip, Source, Total};
use crate::regular_file;

/// How the names of logs end. In a folder, other files are left out and counted.
const ENDINGS: &[&str] = &[
    ".json",
    ".json.gz",
    ".jsonl",
    ".jsonl.gz",
    ".ndjson",
    ".ndjson.gz",
];

/// What is found at the paths, folders with everything below them; `-` is standard input. A file that is named
/// itself is read whatever its name.
pub fn source(paths: &[PathBuf]) -> Source {
    let mut found = Vec::new();
    let mut bytes = Some(0);
    for path in paths {
        if path.as_os_str() == "-" {
            bytes = None;
            found.push(Found::Blob(Blob {
                name: "standard input".to_owned(),
                body: Body::Stdin,
            }));
            continue;
        }
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => {
                let before = found.len();
                folder(path, &mut found, &mut bytes);
                let new = found.get(before..).unwrap_or_default();
                if new.iter().all(|found| matches!(found, Found::Skipped(_))) {
                    found.push(lost(path, "no log lies below it"));
                }
            }
            Ok(meta) => match regular_file::check(path) {
                Ok(()) => {
                    add(&mut bytes, meta.len());
                    found.push(file(path.clone()));
                }
                Err(error) => found.push(lost(path, error)),
            },
            Err(error) => found.push(lost(path, error)),
        }
    }
    Source {
        totals: vec![bytes.map_or_else(Arc::default, Total::of)],
        feed: Box::pin(stream::iter(found)),
    }
}

fn add(bytes: &mut Option<u64>, more: u64) {
    if let Some(bytes) = bytes {
        *bytes += more;
    }
}

fn file(path: PathBuf) -> Found {
    Found::Blob(Blob {
        name: path.display().to_string(),
        body: Body::File(path),
    })
}

fn lost(path: &Path, problem: impl ToString) -> Found {
    Found::Lost(Loss {
        name: path.display().to_string(),
        problem: problem.to_string(),
        records_read: 0,
    })
}

/// Everything below a folder, in the order of names. Folders are walked without recursion; links to folders are
/// not followed, so that no loop is entered.
fn folder(top: &Path, found: &mut Vec<Found>, bytes: &mut Option<u64>) {
    let mut waiting = vec![top.to_owned()];
    while let Some(here) = waiting.pop() {
        let entries = fs::read_dir(&here).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                found.push(lost(&here, error));
                continue;
            }
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut folders = Vec::new();
        for entry in entries {
            let path = entry.path();
            let kind = entry.file_type();
            if kind.is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
                continue;
            }
            match fs::metadata(&path) {
                Ok(meta) if meta.is_file() => {
                    // Below the folder that was named: what stands above it says nothing.
                    let below = path.strip_prefix(top).unwrap_or(&path);
                    match skip(&below.to_string_lossy()) {
                        Some(skip) => found.push(Found::Skipped(skip)),
                        None => {
                            add(bytes, meta.len());
                            found.push(file(path));
                        }
                    }
                }
                Ok(_) => found.push(Found::Skipped(Skip::OtherName)),
                Err(error) => found.push(lost(&path, error)),
            }
        }
        waiting.extend(folders.into_iter().rev());
    }
}

fn skip(path: &str) -> Option<Skip> {
    let lower = path.to_ascii_lowercase();
    let named = ENDINGS.iter().any(|ending| lower.ends_with(ending));
    Skip::by_path(path).or((!named).then_some(Skip::OtherName))
}
