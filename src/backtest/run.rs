//! Who does the work: one thread takes what the source finds, and as many as there are cores read it, one blob
//! each. Memory is bounded by their number.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc};

use super::copies::Counted;
use super::engine::{Book, Engine, RecordLocation, Unread};
use super::open::open;
use super::records;
use super::screen::Memory;
use super::source::{Blob, Found, Loss, Skip, Source};
use super::tally::Tally;

/// How often the progress is told.
const TICK: Duration = Duration::from_millis(200);

/// What the threads tell each other, and whoever watches.
#[derive(Debug)]
pub struct Control {
    /// How many threads read.
    pub workers: usize,
    /// Whether a loss does not end the work.
    pub keep_going: bool,
    /// Bytes that were read, as they are stored.
    pub bytes: Arc<AtomicU64>,
    /// Blobs that are done with.
    pub blobs: AtomicU64,
    /// Set to end early.
    pub stop: AtomicBool,
}

impl Control {
    /// With as many threads as there are cores.
    pub fn new(keep_going: bool) -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            keep_going,
            bytes: Arc::default(),
            blobs: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }
    }

    /// Whether to end early.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Runs [`run`] to the end on a runtime of its own.
///
/// # Errors
/// Where no runtime can be made.
pub fn count(engine: &Engine<'_>, source: Source, control: &Control) -> std::io::Result<Tally> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let never = std::future::pending();
    Ok(run(engine, source, control, &runtime, never, || {}))
}

/// Reads everything that the source finds, and counts. The source runs on `runtime`, whatever reads on threads of
/// its own.
///
/// `interrupt` ends the work early when it is done; `tick` is called every now and then.
pub fn run(
    engine: &Engine<'_>,
    source: Source,
    control: &Control,
    runtime: &Runtime,
    interrupt: impl Future<Output = ()>,
    mut tick: impl FnMut(),
) -> Tally {
    let total = Mutex::new(engine.tally());
    let counted = Counted::default();
    let lost = || {
        if !control.keep_going {
            control.stop.store(true, Ordering::Relaxed);
        }
    };
    let add = |tally: Tally| {
        let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
        total.merge(tally, engine.samples());
    };
    let (sender, receiver) = mpsc::channel::<Blob>(1);
    let receiver = Mutex::new(receiver);
    let workers = control.workers.max(1);
    let working = AtomicUsize::new(workers);
    let ended = Notify::new();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut buffer = Vec::new();
                let mut memory = Memory::default();
                // One for all blobs: most are small, and a rule's tally is not.
                let mut tally = engine.tally();
                let mut book = Book {
                    tally: &mut tally,
                    counted: &counted,
                };
                loop {
                    let next = receiver
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .blocking_recv();
                    let Some(blob) = next else {
                        break;
                    };
                    if !control.stopped() {
                        let whole = one(engine, blob, control, &mut buffer, &mut memory, &mut book);
                        if !whole {
                            lost();
                        }
                    }
                    control.blobs.fetch_add(1, Ordering::Relaxed);
                }
                add(tally);
                working.fetch_sub(1, Ordering::Relaxed);
                ended.notify_one();
            });
        }
        runtime.block_on(async {
            let find = async {
                let mut feed = source.feed;
                let mut tally = engine.tally();
                while let Some(found) = feed.next().await {
                    if control.stopped() {
                        break;
                    }
                    match found {
                        Found::Blob(blob) => {
                            if sender.send(blob).await.is_err() {
                                break;
                            }
                        }
                        Found::Skipped(skip) => *tally.skipped.entry(skip).or_default() += 1,
                        Found::Lost(loss) => {
                            tally.lose(loss);
                            lost();
                        }
                    }
                }
                add(tally);
                drop(sender);
            };
            let mut find = std::pin::pin!(find);
            let mut interrupt = std::pin::pin!(interrupt);
            let mut found_all = false;
            let mut interrupted = false;
            let mut ticks = tokio::time::interval(TICK);
            loop {
                tokio::select! {
                    () = &mut find, if !found_all => found_all = true,
                    () = &mut interrupt, if !interrupted => {
                        interrupted = true;
                        control.stop.store(true, Ordering::Relaxed);
                    }
                    () = ended.notified() => {}
                    _ = ticks.tick() => tick(),
                }
                if found_all && working.load(Ordering::Relaxed) == 0 {
                    break;
                }
            }
        });
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Reads one blob. Whether nothing of it was lost.
fn one(
    engine: &Engine<'_>,
    blob: Blob,
    control: &Control,
    buffer: &mut Vec<u8>,
    memory: &mut Memory,
    book: &mut Book<'_>,
) -> bool {
    let Blob { name, body } = blob;
    let before = book.tally.records + book.tally.outside;
    let mut input = match open(body, &control.bytes) {
        Ok(input) => input,
        Err(error) => {
            book.tally.lose(Loss {
                name,
                problem: error.to_string(),
                records_read: 0,
            });
            return false;
        }
    };
    let mut unread_here = 0_u64;
    let mut record = 0;
    let mut unread: Option<(u64, Unread)> = None;
    let mut skipped: Option<Skip> = None;
    let walked = records::walk(&mut input, buffer, &mut |text, shape| {
        record += 1;
        let standing = RecordLocation {
            blob: &name,
            record,
        };
        match engine.judge(text, shape, standing, memory, book) {
            Ok(()) => {}
            Err(Unread::Skipped(skip)) => skipped = Some(skip),
            Err(problem) => {
                unread_here += 1;
                if unread.is_none() {
                    unread = Some((record, problem));
                }
            }
        }
        if control.stopped() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    let tally = &mut *book.tally;
    if let Some(skip) = skipped {
        *tally.skipped.entry(skip).or_default() += 1;
    }
    let mut problems: Vec<String> = walked.err().iter().map(ToString::to_string).collect();
    if let Some((first, problem)) = unread {
        tally.unread += unread_here;
        problems.push(match unread_here {
            1 => format!("record {first} is {problem}"),
            more => format!(
                "{more} records are not read; the first of them, number {first}, is {problem}"
            ),
        });
    }
    let whole = problems.is_empty();
    if !whole {
        tally.lose(Loss {
            name,
            problem: problems.join("; "),
            records_read: tally.records + tally.outside - before,
        });
    }
    if whole && skipped.is_none() && !control.stopped() {
        tally.blobs += 1;
    }
    whole
}
