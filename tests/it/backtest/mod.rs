//! `iamwatch backtest`: what is counted, and that nothing is lost in silence.

mod bounds;
mod broken;
pub(crate) mod command;
mod copies;
mod elsewhere;
mod interrupt;
mod kinds;
mod laws;
mod records;
mod wrapped;

use iamwatch::backtest::{Blob, Body, Control, Engine, Found, Source, Tally, run};

/// What an engine counts in some texts.
pub(crate) fn count(engine: &Engine<'_>, blobs: Vec<(String, Vec<u8>)>, workers: usize) -> Tally {
    let found = blobs.into_iter().map(|(name, bytes)| {
        Found::Blob(Blob {
            name,
            body: Body::Memory(bytes),
        })
    });
    let found: Vec<Found> = found.collect();
    let source = Source {
        totals: Vec::new(),
        feed: Box::pin(futures::stream::iter(found)),
    };
    count_all(engine, source, workers)
}

/// What an engine counts in all that a source finds.
pub(crate) fn count_all(engine: &Engine<'_>, source: Source, workers: usize) -> Tally {
    let control = Control {
        workers,
        ..Control::new(true)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    run(
        engine,
        source,
        &control,
        &runtime,
        std::future::pending(),
        || {},
    )
}
