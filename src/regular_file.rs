//! Opening what must be a file. Who reads a named pipe or a device may wait for ever, or never come to its end.

use std::fs::{self, File, FileType};
use std::io;
use std::path::Path;

/// Opens a file to be read.
///
/// # Errors
/// What the system says, or what is there instead of a file.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    check(path)?;
    File::open(path)
}

/// Whether there is a file that can be read to its end.
///
/// # Errors
/// As for [`open`].
pub(crate) fn check(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() || is_handed_over(path) {
        return Ok(());
    }
    let what = words(kind);
    Err(io::Error::other(format!("it is {what} and not a file")))
}

/// What a shell has opened already, as in `iamwatch explain <(zcat log.json.gz)`.
fn is_handed_over(path: &Path) -> bool {
    ["/dev/fd", "/proc/self/fd", "/dev/stdin"]
        .iter()
        .any(|place| path.starts_with(place))
}

#[cfg(unix)]
fn words(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn words(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a folder"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let said = |path: &Path| open(path).map(drop).map_err(|error| error.to_string());
        assert_eq!(
            said(folder.path()),
            Err("it is a folder and not a file".to_owned())
        );
        let file = folder.path().join("file");
        assert!(said(&file).is_err_and(|error| error.contains("No such file")));
        fs::write(&file, "x").unwrap();
        assert_eq!(said(&file), Ok(()));
    }

    #[cfg(unix)]
    #[test]
    fn what_may_never_end_is_named_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for (path, what) in [
            (pipe.as_path(), "a named pipe"),
            (Path::new("/dev/zero"), "a device"),
        ] {
            let error = open(path).unwrap_err();
            assert_eq!(error.to_string(), format!("it is {what} and not a file"));
        }
        // Standard input is open already, whatever it is.
        assert!(check(Path::new("/dev/fd/0")).is_ok());
    }
}
