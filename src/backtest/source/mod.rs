//! Where logs come from: a source finds blobs one by one, and somebody else reads them.
//!
//! A new kind of source is a function that makes a [`Source`]. Its stream may do as much at once as suits it
//! (listing while fetching, several fetches in flight) but must not run ahead without bound: whoever takes the
//! blobs takes one for each free task.

mod arriving;
pub mod files;
pub mod lookup;
pub mod s3;

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::Stream;
use serde::Serialize;

pub use arriving::Arriving;

/// A stream of what is found.
pub type Feed = Pin<Box<dyn Stream<Item = Found> + Send>>;

/// Where blobs come from: a stream of them, and how much there is.
pub struct Source {
    /// What is found, in any order.
    pub feed: Feed,
    /// How many bytes there are to read: a total for each source that was joined.
    pub totals: Vec<Arc<Total>>,
}

/// How many bytes the blobs of a source have together as they are stored, as far as the source has looked.
#[derive(Debug, Default)]
pub struct Total {
    bytes: AtomicU64,
    whole: AtomicBool,
}

impl Total {
    /// Of a source that knows all of it beforehand.
    pub fn of(bytes: u64) -> Arc<Self> {
        let total = Self::default();
        total.add(bytes);
        total.finish();
        Arc::new(total)
    }

    /// Of more blobs, that were found to be read.
    pub fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// No more will be found.
    pub fn finish(&self) {
        self.whole.store(true, Ordering::Release);
    }

    /// What is known so far, and whether that is all.
    pub fn known(&self) -> (u64, bool) {
        // In this order, so that what is called all is all.
        let whole = self.whole.load(Ordering::Acquire);
        (self.bytes.load(Ordering::Relaxed), whole)
    }
}

/// One thing that a source comes across.
#[derive(Debug)]
pub enum Found {
    /// A blob to read.
    Blob(Blob),
    /// Something that is left out on purpose.
    Skipped(Skip),
    /// Something that could not even be opened, a folder that could not be listed.
    Lost(Loss),
}

/// A named run of bytes: a file, an object.
#[derive(Debug)]
pub struct Blob {
    /// Its name for people: a path, an URL.
    pub name: String,
    /// Where its bytes are.
    pub body: Body,
}

/// Where the bytes of a blob are.
#[derive(Debug)]
pub enum Body {
    /// In a file, which is read piece by piece.
    File(PathBuf),
    /// On standard input, likewise.
    Stdin,
    /// In memory: the bytes themselves.
    Memory(Vec<u8>),
    /// On their way, piece by piece.
    Arriving(Arriving),
}

/// Why a blob is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// CloudTrail's digest files, which prove that log files were not changed.
    Digest,
    /// CloudTrail's Insights, which are no record of a call.
    Insight,
    /// A file in a folder whose name is not that of a log.
    OtherName,
    /// The log ended before the first or began after the last moment asked for, by its name.
    OutsideWindow,
}

/// Something that should have been read and was not, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Loss {
    /// The name of the blob, or of the folder that could not be listed.
    pub name: String,
    /// What is the matter: a sentence without its end.
    pub problem: String,
    /// How many of its records were read all the same.
    pub records_read: u64,
}

impl Skip {
    /// Why the folders and the name of a log say that it is none, if they do.
    /// Source: CloudTrail user guide, "Finding your CloudTrail log files", "digest file structure".
    pub fn by_path(path: &str) -> Option<Self> {
        let holds = |mark: &str| {
            path.split(['/', '\\'])
                .any(|part| part == mark || part.contains(&format!("_{mark}_")))
        };
        if holds("CloudTrail-Digest") {
            Some(Self::Digest)
        } else if holds("CloudTrail-Insight") {
            Some(Self::Insight)
        } else {
            None
        }
    }
}
