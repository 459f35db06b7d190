//! Arguments that are JSON, a file of it, or standard input.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::diagnostic::shell_word;
use crate::engine::{Code, Error};
use crate::regular_file;

/// The largest pattern, event, file of events, or line of a file of vectors, in bytes.
pub(super) const MAX_INPUT: usize = 64 << 20;
/// How a gzip file begins (RFC 1952): CloudTrail's log files come so.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The text of an argument: inline JSON, standard input, or a file.
pub(super) fn read(argument: &str) -> Result<String, Error> {
    if argument.trim_start().starts_with(['{', '[']) {
        return Ok(argument.to_owned());
    }
    let failure =
        |error: &dyn std::fmt::Display| Error::new(Code::Input, format!("`{argument}`: {error}"));
    let mut bytes = Vec::new();
    open(argument)?
        .take(MAX_INPUT as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failure(&error))?;
    if bytes.len() > MAX_INPUT {
        return Err(failure(&format!("more than {MAX_INPUT} bytes")));
    }
    if bytes.starts_with(&GZIP) {
        return Err(failure(&"compressed").help(format!(
            "write `gunzip -c {} |` before it, and `-` for the file",
            shell_word(argument)
        )));
    }
    String::from_utf8(bytes).map_err(|_| failure(&"not UTF-8"))
}

/// A file, or standard input for `-`.
pub(super) fn open(file: &str) -> Result<Box<dyn BufRead>, Error> {
    if file == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    match regular_file::open(Path::new(file)) {
        Ok(file) => Ok(Box::new(BufReader::new(file))),
        Err(error) => Err(Error::new(Code::Input, format!("`{file}`: {error}"))),
    }
}
