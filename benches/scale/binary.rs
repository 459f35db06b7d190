//! The program as it is packaged.

use std::path::PathBuf;
use std::process::Command;

use crate::client::Failed;

/// The binary to measure: that of `IAMWATCH_BINARY`, or one that is built now with the packaged release's allocator.
///
/// Cargo has built one for this bench already, without that feature unless it was asked for; the other packages of
/// that build serve this one too.
pub(crate) fn packaged() -> Result<PathBuf, Failed> {
    if let Some(other) = std::env::var_os("IAMWATCH_BINARY") {
        let other = PathBuf::from(other);
        return std::fs::canonicalize(&other)
            .map_err(|error| Failed(format!("{}: {error}", other.display())));
    }
    let built = PathBuf::from(env!("CARGO_BIN_EXE_iamwatch"));
    if cfg!(feature = "jemalloc") {
        return Ok(built);
    }
    let target = built.ancestors().nth(2);
    let target = target.ok_or_else(|| Failed("the target folder is not known".to_owned()))?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--profile", "bench", "--bin", "iamwatch"])
        .args(["--features", "jemalloc", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        .status()
        .map_err(|error| Failed(format!("cargo: {error}")))?;
    if status.success() {
        Ok(built)
    } else {
        Err(Failed("the packaged binary could not be built".to_owned()))
    }
}
