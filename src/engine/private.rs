//! Files with what is nobody else's business, and files that are believed only if nobody else could have written them.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::path::Path;

/// Writes a file for its owner's eyes, whole or not at all: another run never reads half of it.
///
/// # Errors
/// What the operating system says, and a name under which something stands that is no regular file.
pub fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("something stands there that is no file"));
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Nobody can put something under a name that he cannot know.
    name.push(format!(".{:016x}.new", RandomState::new().hash_one(0_u8)));
    let fresh = path.with_file_name(name);
    let written = create(&fresh)
        .and_then(|mut file| {
            file.write_all(contents)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        // What cannot be removed was not made either, or says so itself.
        let _ = fs::remove_file(&fresh);
    }
    written
}

/// A new file that nobody else may read, from its first moment on.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// The contents of a file that [`write`] has written; `None` where there is none.
///
/// # Errors
/// Why the file is not believed, as a clause about it.
pub fn read(path: &Path, most_bytes: u64) -> Result<Option<Vec<u8>>, String> {
    let failed = |error: io::Error| format!("it cannot be read: {error}");
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    // Opening a pipe would wait for somebody to write into it.
    if !found.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let file = File::open(path).map_err(failed)?;
    if let Some(doubt) = doubt(&file.metadata().map_err(failed)?) {
        return Err(doubt);
    }
    let mut contents = Vec::new();
    file.take(most_bytes.saturating_add(1))
        .read_to_end(&mut contents)
        .map_err(failed)?;
    if contents.len() as u64 > most_bytes {
        return Err(format!("it has more than {most_bytes} bytes"));
    }
    Ok(Some(contents))
}

/// Why somebody else could have written an open file.
#[cfg(unix)]
fn doubt(open: &fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let mode = open.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Some(format!(
            "its mode is {mode:o} and not 600, so that others could have written or read it"
        ));
    }
    // Whom such a file does not belong to cannot open it, but for root. Where the system tells who runs this, root is
    // not taken in either.
    let caller = fs::metadata("/proc/self").ok()?.uid();
    (open.uid() != caller).then(|| "it belongs to another user".to_owned())
}

#[cfg(not(unix))]
fn doubt(_: &fs::Metadata) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        assert_eq!(read(&path, 9), Ok(None));
        for contents in [&b"one"[..], b"another"] {
            write(&path, contents).unwrap();
            assert_eq!(read(&path, 9), Ok(Some(contents.to_vec())));
        }
        assert!(read(&path, 3).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // A folder under the name is left alone.
        assert!(write(folder.path(), b"").is_err());
        assert!(read(folder.path(), 9).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn others_neither_read_nor_are_believed() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(&path, "theirs").unwrap();
        for mode in [0o644, 0o620, 0o602, 0o666, 0o640] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let doubt = read(&path, 9).unwrap_err();
            assert!(doubt.contains(&format!("{mode:o}")), "{doubt}");
        }
        write(&path, b"ours").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(read(&path, 9), Ok(Some(b"ours".to_vec())));
        // What a link points at stays as it is.
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "mine").unwrap();
        symlink(&target, &link).unwrap();
        write(&link, b"ours").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
        assert_eq!(read(&link, 9), Ok(Some(b"ours".to_vec())));
    }
}
