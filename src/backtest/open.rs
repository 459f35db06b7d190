//! Opens blobs and reads them as text, decompressed where they are compressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::source::Body;

/// How a gzip file begins (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// So many stored bytes are read at once.
const PIECE: usize = 64 * 1024;

/// The text of a blob, decompressed if it is compressed. `bytes` counts what was read of it as it is stored.
pub(crate) fn open(body: Body, bytes: &Arc<AtomicU64>) -> io::Result<Box<dyn Read>> {
    let stored: Box<dyn Read> = match body {
        Body::File(path) => Box::new(File::open(path)?),
        Body::Stdin => Box::new(io::stdin()),
        Body::Memory(bytes) => Box::new(Cursor::new(bytes)),
    };
    let counted = Counted {
        stored,
        bytes: Arc::clone(bytes),
    };
    let mut stored = BufReader::with_capacity(PIECE, counted);
    // A pipe may give its first byte alone.
    if stored.fill_buf()?.starts_with(&GZIP) {
        return Ok(Box::new(Plainly(MultiGzDecoder::new(stored))));
    }
    Ok(Box::new(stored))
}

struct Counted {
    stored: Box<dyn Read>,
    bytes: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.stored.read(into)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// What the decompressor says, for people.
struct Plainly<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Plainly<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::other("the compressed file is cut off"),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                io::Error::other(format!("the compressed file is damaged: {error}"))
            }
            _ => error,
        })
    }
}
