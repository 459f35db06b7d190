//! A world in a file, so that one command finds what the last one left.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::format_3;
use crate::sandbox::instance::{Inner, Options, Sandbox};
use crate::sandbox::world::{FORMAT, World};

/// Why a sandbox file cannot be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file cannot be read.
    #[error("cannot read the sandbox file `{0}`: {1}")]
    Read(PathBuf, std::io::Error),
    /// The file cannot be written.
    #[error("cannot write the sandbox file `{0}`: {1}")]
    Write(PathBuf, std::io::Error),
    /// The file is no sandbox.
    #[error("`{0}` is not a sandbox file: {1}")]
    Broken(PathBuf, String),
    /// The file was written by another version.
    #[error(
        "`{0}` is a sandbox file of format {1}, this version reads format {FORMAT}: delete it to begin anew"
    )]
    Format(PathBuf, u64),
}

impl Sandbox {
    /// The sandbox that a file holds.
    pub fn load(path: &Path) -> Result<Self, StoreError> {
        let text =
            fs::read_to_string(path).map_err(|error| StoreError::Read(path.to_owned(), error))?;
        let broken =
            |error: serde_json::Error| StoreError::Broken(path.to_owned(), error.to_string());
        let mut value: serde_json::Value = serde_json::from_str(&text).map_err(broken)?;
        match value.get("format").and_then(serde_json::Value::as_u64) {
            Some(format) if format == u64::from(FORMAT) => {}
            Some(3) => format_3::renew(&mut value),
            Some(format) => return Err(StoreError::Format(path.to_owned(), format)),
            None => {
                let reason = "it has no `format`".to_owned();
                return Err(StoreError::Broken(path.to_owned(), reason));
            }
        }
        let world = serde_json::from_value(value).map_err(broken)?;
        Ok(Self::from_world(world, None))
    }

    /// The sandbox that a file holds, or a new one where there is no file; every change is saved
    /// at once, so that a run that is cut off leaves what it did, as AWS would. What only looks left
    /// is saved with the next change, or when the last handle goes,
    /// unless the process is ended before. Two processes on
    /// one file do not see each other: the last to write wins.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        let sandbox = if path.exists() {
            Self::load(path)?
        } else {
            let sandbox = Self::new(options);
            sandbox.save(path)?;
            sandbox
        };
        sandbox.inner().file = Some(path.to_owned());
        Ok(sandbox)
    }

    /// Writes the sandbox to a file, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), StoreError> {
        write(&self.inner().world, path)
    }
}

impl Inner {
    /// Writes the world to the file that belongs to it, if one does.
    pub(in crate::sandbox) fn save(&mut self) -> Result<(), StoreError> {
        if let Some(file) = &self.file {
            write(&self.world, file)?;
        }
        self.unsaved = false;
        Ok(())
    }
}

/// A new file for its owner's eyes. What a process that was killed has left under the name goes.
fn create(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            options.open(path)
        }
        opened => opened,
    }
}

fn write(world: &World, path: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::Write(path.to_owned(), error);
    let text = serde_json::to_string(world)
        .map_err(|error| StoreError::Write(path.to_owned(), error.into()))?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = path.with_file_name(name);
    let written = create(&fresh).and_then(|mut file| file.write_all(text.as_bytes()));
    written
        .and_then(|()| fs::rename(&fresh, path))
        .map_err(|error| {
            let _ = fs::remove_file(&fresh);
            failed(error)
        })
}
