//! Files on disk: reading them within bounds, and finding those that `include` names.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::diagnostic::{Report, SourceId, Sources, Span, codes, shown};
use crate::rules::syntax::read::Spanned;
use crate::rules::syntax::yaml::{MAX_BYTES, floor_boundary};
use crate::wildcard::matches_star;

/// Most bytes of all files together.
const MAX_TOTAL: usize = 8 * MAX_BYTES;
/// Most lines of one `include`.
const MAX_INCLUDES: usize = 100;
/// Most entries of one folder that `*` looks at.
const MAX_ENTRIES: usize = 10_000;

/// Reads a file as text and keeps it. `at` is where the file is named, if in another file.
pub(crate) fn read(
    path: &Path,
    at: Option<Span>,
    sources: &mut Sources,
    total: &mut usize,
    report: &mut Report,
) -> Option<SourceId> {
    if *total > MAX_TOTAL {
        // Reported with the file that was too much.
        return None;
    }
    let name = path.display().to_string();
    let bytes = match bytes(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let span = at.unwrap_or_else(|| nothing(sources, &name));
            let entry = report.error(codes::UNREADABLE, span).message(format!(
                "cannot read {}: {}",
                shown(&name),
                reason(&error)
            ));
            if at.is_some() {
                entry
                    .label("named here")
                    .help("correct the path, which is relative to the rules file");
            } else if error.kind() == io::ErrorKind::NotFound {
                entry.help(
                    "`iamwatch init` writes a file to start from; `-f FILE` names another one",
                );
            }
            return None;
        }
    };
    keep(name, bytes, at, sources, total, report)
}

/// Keeps what a file holds, if it is text within bounds.
pub(crate) fn keep(
    name: String,
    bytes: Vec<u8>,
    at: Option<Span>,
    sources: &mut Sources,
    total: &mut usize,
    report: &mut Report,
) -> Option<SourceId> {
    *total += bytes.len();
    if bytes.len() > MAX_BYTES || *total > MAX_TOTAL {
        let span = at.unwrap_or_else(|| nothing(sources, &name));
        let message = if bytes.len() > MAX_BYTES {
            format!("{} is larger than 1 MiB", shown(&name))
        } else {
            "all files together are larger than 8 MiB".to_owned()
        };
        report
            .error(codes::TOO_LARGE, span)
            .message(message)
            .help("a rules file is text that people read: is this the right one?");
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            // The mark that some editors write is no part of the text.
            let text = text
                .strip_prefix('\u{feff}')
                .map(str::to_owned)
                .unwrap_or(text);
            Some(sources.add(name, text))
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let byte = error.as_bytes().get(at).copied().unwrap_or_default();
            // The bytes before are the same in the readable form, so the place is too.
            let start = floor_boundary(&text, at);
            let end = start
                + text
                    .get(start..)
                    .and_then(|t| t.chars().next())
                    .map_or(0, char::len_utf8);
            let source = sources.add(name, text);
            report
                .error(codes::NOT_UTF8, Span { source, start, end })
                .message(format!(
                    "the file is not UTF-8: the byte 0x{byte:02x} does not belong here"
                ))
                .label("not a character")
                .help("save the file as UTF-8");
            None
        }
    }
}

/// The text of a file that a test names, which is inside the folder of the file that holds the test.
pub(crate) fn event(
    folder: &Path,
    named: &Spanned<String>,
    total: &mut usize,
    report: &mut Report,
) -> Option<String> {
    let inside = Path::new(&named.value)
        .components()
        .all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    let path = folder.join(&named.value);
    let real = path.canonicalize();
    let leads_out = match (&real, folder.canonicalize()) {
        (Ok(real), Ok(folder)) => !real.starts_with(folder),
        _ => false,
    };
    if !inside || leads_out || named.value.contains('\0') {
        report
            .error(codes::TEST_EVENT, named.span)
            .message(format!(
                "{} is not inside the folder of this file",
                shown(&named.value)
            ))
            .label("cannot be read from here")
            .help("write a path such as `events/root-sign-in.json`, relative to this file");
        return None;
    }
    let bytes = match bytes(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            report
                .error(codes::UNREADABLE, named.span)
                .message(format!(
                    "cannot read {}: {}",
                    shown(&named.value),
                    reason(&error)
                ))
                .label("named here")
                .help("correct the path, which is relative to this file");
            return None;
        }
    };
    *total += bytes.len();
    if bytes.len() > MAX_BYTES || *total > MAX_TOTAL {
        let message = if bytes.len() > MAX_BYTES {
            format!("{} is larger than 1 MiB", shown(&named.value))
        } else {
            "all files together are larger than 8 MiB".to_owned()
        };
        report
            .error(codes::TOO_LARGE, named.span)
            .message(message)
            .label("not read")
            .help("a test is about one event, and EventBridge takes none of more than 256 KB");
        return None;
    }
    let text = String::from_utf8(bytes);
    if text.is_err() {
        report
            .error(codes::NOT_UTF8, named.span)
            .message(format!("{} is not UTF-8", shown(&named.value)))
            .label("expected a JSON file")
            .help("save the file as UTF-8");
    }
    text.ok()
}

/// A place in a text that could not be read.
fn nothing(sources: &mut Sources, name: &str) -> Span {
    Span {
        source: sources.add(name, ""),
        start: 0,
        end: 0,
    }
}

/// The bytes of a regular file, one more than allowed at most.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe or device could block for ever or never end.
    let meta = std::fs::metadata(path)?;
    if meta.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder",
        ));
    }
    if !meta.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Plain words for the common cases, the system's for the others.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

/// The files that `include` names, each once, in order, and where each is named.
pub(crate) fn included(
    root: &Path,
    include: &[Spanned<String>],
    report: &mut Report,
) -> Vec<(PathBuf, Span)> {
    let folder = match root.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let Ok(real_folder) = folder.canonicalize() else {
        return Vec::new();
    };
    // What an editor holds need not have been saved yet.
    let unsaved = || real_folder.join(root.file_name().unwrap_or_default());
    let real_root = root.canonicalize().unwrap_or_else(|_| unsaved());
    if let Some(pattern) = include.get(MAX_INCLUDES) {
        report
            .error(codes::INCLUDE, pattern.span)
            .message(format!("`include` names more than {MAX_INCLUDES} files"))
            .label("nothing is included from here on")
            .help("put the files into one folder, and write `rules/*.yaml`");
    }
    let mut seen = BTreeSet::from([real_root.clone()]);
    let mut files = Vec::new();
    for pattern in include.iter().take(MAX_INCLUDES) {
        let mut refuse = |message: String, help: &str| {
            report
                .error(codes::INCLUDE, pattern.span)
                .message(message)
                .label("cannot be included")
                .help(help);
        };
        let candidates = match candidates(&folder, &pattern.value) {
            Ok(candidates) => candidates,
            Err(message) => {
                refuse(
                    message,
                    "write a path such as `rules/*.yaml`, relative to this file",
                );
                continue;
            }
        };
        let star = pattern.value.contains('*');
        if star && candidates.is_empty() {
            refuse(
                format!("no file matches {}", shown(&pattern.value)),
                "correct the path, or remove it",
            );
        }
        for candidate in candidates {
            match candidate.canonicalize() {
                Ok(real) if !real.starts_with(&real_folder) => refuse(
                    format!(
                        "{} leads outside the folder of the rules file",
                        shown(&candidate.display().to_string())
                    ),
                    "move the file into the folder of the rules file",
                ),
                Ok(real) if real == real_root && !star => {
                    refuse("the file includes itself".to_owned(), "remove it")
                }
                Ok(real) => {
                    if seen.insert(real) {
                        files.push((candidate, pattern.span));
                    }
                }
                // Reading it says why.
                Err(_) => files.push((candidate, pattern.span)),
            }
        }
    }
    files
}

/// The paths that one pattern may mean, sorted.
fn candidates(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let path = Path::new(pattern);
    if pattern.contains('\0')
        || !path
            .components()
            .all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
    {
        return Err(format!(
            "{} is not inside the folder of the rules file",
            shown(pattern)
        ));
    }
    let (parent, last) = match pattern.rsplit_once('/') {
        Some((parent, last)) => (folder.join(parent), last),
        None if folder == Path::new(".") => (PathBuf::new(), pattern),
        None => (folder.to_path_buf(), pattern),
    };
    if last.is_empty()
        || pattern
            .rsplit_once('/')
            .is_some_and(|(parent, _)| parent.contains('*'))
    {
        return Err(format!(
            "{} has a `*` in a folder's name, or names a folder",
            shown(pattern)
        ));
    }
    if !last.contains('*') {
        return Ok(vec![parent.join(last)]);
    }
    let listed = if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent.as_path()
    };
    let mut found = Vec::new();
    let entries = std::fs::read_dir(listed).map_err(|error| {
        format!(
            "cannot list the folder of {}: {}",
            shown(pattern),
            reason(&error)
        )
    })?;
    for (index, entry) in entries.enumerate() {
        if index >= MAX_ENTRIES {
            return Err(format!(
                "the folder of {} holds more than {MAX_ENTRIES} files",
                shown(pattern)
            ));
        }
        let Ok(name) = entry.map(|entry| entry.file_name()) else {
            continue;
        };
        // As in a shell, `*` does not find hidden files.
        if let Some(name) = name.to_str()
            && (!name.starts_with('.') || last.starts_with('.'))
            && matches_star(last, name)
        {
            found.push(parent.join(name));
        }
    }
    found.sort();
    Ok(found)
}
