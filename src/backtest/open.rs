//! Opens blobs and reads them as text, decompressed where they are compressed.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::source::Body;
use crate::regular_file;

/// How a gzip file begins (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// So many stored bytes are read at once.
const PIECE: usize = 64 * 1024;
/// So often may a blob be compressed: what Firehose takes from CloudWatch Logs is compressed, and it compresses again.
const MOST_LAYERS: usize = 2;
/// A blob that is larger than this, in bytes, may not grow more than so many times when it is inflated. Logs grow 7 to
/// 20 times, one record that is repeated some 200 times, and the most that the format can do is 1,032 times.
const LARGE: u64 = 64 << 20;
const MOST_TIMES: u64 = 400;

/// The text of a blob, decompressed if it is compressed. `bytes` counts what was read of it as it is stored.
pub(crate) fn open(body: Body, bytes: &Arc<AtomicU64>) -> io::Result<Box<dyn Read>> {
    within(LARGE, body, bytes)
}

/// [`open`], where a blob is large from so many bytes on.
fn within(large: u64, body: Body, bytes: &Arc<AtomicU64>) -> io::Result<Box<dyn Read>> {
    let stored: Box<dyn Read> = match body {
        Body::File(path) => Box::new(regular_file::open(&path)?),
        Body::Stdin => Box::new(io::stdin()),
        Body::Memory(bytes) => Box::new(Cursor::new(bytes)),
        Body::Arriving(arriving) => Box::new(arriving),
    };
    let read = Rc::new(Cell::new(0));
    let counted = Counted {
        stored,
        read: Rc::clone(&read),
        bytes: Arc::clone(bytes),
    };
    let mut text: Box<dyn Read> = Box::new(counted);
    for _ in 0..MOST_LAYERS {
        let mut outer = BufReader::with_capacity(PIECE, text);
        // A pipe may give its first byte alone.
        if !outer.fill_buf()?.starts_with(&GZIP) {
            return Ok(Box::new(outer));
        }
        text = Box::new(Inflated {
            decoder: MultiGzDecoder::new(outer),
            inflated: 0,
            large,
            stored: Rc::clone(&read),
        });
    }
    Ok(text)
}

struct Counted {
    stored: Box<dyn Read>,
    read: Rc<Cell<u64>>,
    bytes: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.stored.read(into)?;
        self.read.set(self.read.get() + read as u64);
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// What a decompressor makes of a blob, as far as that is a log, and what it says, for people.
struct Inflated<R> {
    decoder: MultiGzDecoder<R>,
    inflated: u64,
    /// From so many bytes on it matters how many times that is what was read.
    large: u64,
    /// What was read of the blob as it is stored.
    stored: Rc<Cell<u64>>,
}

impl<R: BufRead> Read for Inflated<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self
            .decoder
            .read(into)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => io::Error::other("the compressed file is cut off"),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                    io::Error::other(format!("the compressed file is damaged: {error}"))
                }
                _ => error,
            })?;
        self.inflated += read as u64;
        if self.inflated > self.large && self.inflated / MOST_TIMES > self.stored.get() {
            return Err(io::Error::other(format!(
                "it inflates to more than {MOST_TIMES} times its size, as no log does"
            )));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// What is large here: inflating more would take these tests long.
    const SOME: u64 = 1 << 20;

    /// How much comes of some bytes, and what ends them.
    fn read(bytes: Vec<u8>) -> (u64, Option<String>) {
        let counted = Arc::default();
        let opened = within(SOME, Body::Memory(bytes), &counted);
        let mut text = opened.unwrap();
        let mut piece = vec![0; 64 << 10];
        let mut all = 0;
        loop {
            match text.read(&mut piece) {
                Ok(0) => return (all, None),
                Ok(read) => all += read as u64,
                Err(error) => return (all, Some(error.to_string())),
            }
        }
    }

    #[test]
    fn what_is_compressed_once_or_twice_is_text() {
        let text = b"{\"Records\":[]}".to_vec();
        let once = gzipped(&text);
        let twice = gzipped(&once);
        let length = text.len() as u64;
        let two = [once.clone(), once.clone()].concat();
        for (bytes, times) in [(text, 1), (once, 1), (twice, 1), (two, 2)] {
            assert_eq!(read(bytes), (times * length, None));
        }
    }

    #[test]
    fn a_bomb_is_not_inflated_to_its_end() {
        let part = gzipped(&vec![b' '; SOME as usize]);
        let bomb = part.repeat(16);
        for bytes in [bomb.clone(), gzipped(&bomb)] {
            let (length, problem) = read(bytes);
            assert!((SOME..16 * SOME).contains(&length), "{length}");
            assert!(problem.is_some_and(|problem| problem.contains("400 times its size")));
        }
        // What is small may grow as it likes.
        assert_eq!(read(part), (SOME, None));
    }

    #[test]
    fn a_record_that_is_repeated_is_no_bomb() {
        let record: String = (0..90)
            .map(|n| format!("\"field{n}\":\"{}\",", n * n))
            .collect();
        let log = record.repeat(3 * SOME as usize / record.len());
        let (length, problem) = read(gzipped(log.as_bytes()));
        assert_eq!((length, problem), (log.len() as u64, None));
    }
}
